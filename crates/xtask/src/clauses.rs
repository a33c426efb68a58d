//! The normative statements of both versions, as `docs/clauses` lists them.

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::root;

/// A version of MQTT that has a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V5_0,
    V3_1_1,
}

/// One normative statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    /// How a test names it.
    pub(crate) id: ClauseId,
    /// `server`, `client` or `both`.
    pub(crate) binds: String,
    /// What it demands, in our words.
    pub(crate) demand: String,
    /// Why no test holds it.
    pub(crate) not_applicable: Option<String>,
}

/// The name of a clause: `MQTT-3.1.2-4` of one version and of the other are two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClauseId {
    pub(crate) version: Version,
    pub(crate) number: String,
}

/// A chapter and its clauses, in the order of the list.
#[derive(Clone, Debug)]
pub(crate) struct Chapter {
    pub(crate) title: String,
    pub(crate) clauses: Vec<Clause>,
}

impl Version {
    pub(crate) const ALL: [Self; 2] = [Self::V5_0, Self::V3_1_1];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V5_0 => "5.0",
            Self::V3_1_1 => "3.1.1",
        }
    }
}

impl ClauseId {
    /// Every id in brackets in `text`: `[MQTT-3.1.2-4]` is of 5.0, `[3.1.1 MQTT-3.1.2-4]` of 3.1.1.
    pub(crate) fn all_in(text: &str) -> impl Iterator<Item = Self> + '_ {
        text.split('[').skip(1).filter_map(|rest| Self::read(rest.split(']').next()?))
    }

    /// An id as it stands between the brackets.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (version, number) = match text.strip_prefix("3.1.1 ") {
            Some(number) => (Version::V3_1_1, number),
            None => (Version::V5_0, text),
        };
        let rest = number.strip_prefix("MQTT-")?;
        let is_number = rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
        is_number.then(|| Self { version, number: number.to_owned() })
    }
}

impl std::fmt::Display for ClauseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.version {
            Version::V5_0 => write!(f, "[{}]", self.number),
            Version::V3_1_1 => write!(f, "[3.1.1 {}]", self.number),
        }
    }
}

/// The list of one version.
///
/// # Errors
///
/// When it cannot be read, or a line is not one of the list's.
pub(crate) fn list(version: Version) -> Result<Vec<Chapter>> {
    let file = root().join("docs").join("clauses").join(format!("mqtt-{}.txt", version.name()));
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    parse(version, &text).with_context(|| format!("{} is not what it should be", file.display()))
}

fn parse(version: Version, text: &str) -> Result<Vec<Chapter>> {
    let mut chapters: Vec<Chapter> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(title) = line.strip_prefix("# ") {
            chapters.push(Chapter { title: title.to_owned(), clauses: Vec::new() });
            continue;
        }
        let clause = clause(version, line).with_context(|| format!("`{line}`"))?;
        let known = chapters.iter().flat_map(|chapter| &chapter.clauses).any(|known| known.id == clause.id);
        ensure!(!known, "{} is there twice", clause.id);
        let Some(chapter) = chapters.last_mut() else { bail!("{} has no chapter", clause.id) };
        chapter.clauses.push(clause);
    }
    // The head of the file is a title without clauses.
    chapters.retain(|chapter| !chapter.clauses.is_empty());
    Ok(chapters)
}

fn clause(version: Version, line: &str) -> Result<Clause> {
    let (number, rest) = line.split_once(' ').context("an id, whom it binds, and what it demands")?;
    let number = ClauseId::read(number).context("it begins with no id")?.number;
    let (binds, rest) = rest.trim_start().split_once(' ').context("what does it demand?")?;
    ensure!(["server", "client", "both"].contains(&binds), "it binds server, client or both");
    let (demand, not_applicable) = match rest.split_once("| not applicable:") {
        Some((demand, why)) => (demand, Some(why.trim().to_owned())),
        None => (rest, None),
    };
    let demand = demand.trim().to_owned();
    ensure!(!demand.is_empty() && not_applicable.as_deref() != Some(""), "what does it demand, and why not?");
    Ok(Clause { id: ClauseId { version, number }, binds: binds.to_owned(), demand, not_applicable })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_are_whole() {
        let count =
            |version| list(version).unwrap().iter().map(|chapter| chapter.clauses.len()).sum::<usize>();
        // As many as the appendices of the two standards have.
        assert_eq!((count(Version::V5_0), count(Version::V3_1_1)), (251, 141));
    }

    #[test]
    fn a_line_says_what_is_demanded_and_why_it_is_not_held() {
        let text =
            "# The list.\n\n# 3.1 CONNECT\nMQTT-3.1.0-1  client  First. | not applicable: no client.\n";
        let chapters = parse(Version::V5_0, text).unwrap();
        assert_eq!((chapters.len(), chapters[0].title.as_str()), (1, "3.1 CONNECT"));
        let clause = &chapters[0].clauses[0];
        assert_eq!((clause.binds.as_str(), clause.demand.as_str()), ("client", "First."));
        assert_eq!(clause.not_applicable.as_deref(), Some("no client."));
        assert!(parse(Version::V5_0, "# Chapter\nMQTT-1 nobody Nothing.\n").is_err());
        assert!(parse(Version::V5_0, "# Chapter\nMQTT-1-1 both A.\nMQTT-1-1 both B.\n").is_err());
    }

    #[test]
    fn the_same_number_of_two_versions_is_two_clauses() {
        let found: Vec<_> =
            ClauseId::all_in("see [MQTT-3.1.2-4] and [3.1.1 MQTT-3.1.2-4], not [x] or `[u8]`").collect();
        assert_eq!(found.len(), 2);
        assert_ne!(found[0], found[1]);
        assert_eq!(found[1].to_string(), "[3.1.1 MQTT-3.1.2-4]");
    }
}
