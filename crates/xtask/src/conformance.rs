//! `cargo xtask conformance`: which test holds which normative statement, written to `docs/conformance.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::check::none_of;
use crate::claims::{self, Test};
use crate::clauses::{self, Chapter, Clause, ClauseId, Version};
use crate::workspace::root;

/// Runs the command: writes the document and says which clauses are open.
///
/// # Errors
///
/// When a list or a test cannot be read, or a test names a clause that there is not.
pub(crate) fn run() -> Result<ExitCode> {
    let ledger = Ledger::read()?;
    ledger.only_known_clauses()?;
    let file = document();
    fs::write(&file, ledger.render()).with_context(|| format!("{} cannot be written", file.display()))?;
    for (version, chapters) in &ledger.versions {
        for clause in
            chapters.iter().flat_map(|chapter| &chapter.clauses).filter(|clause| ledger.is_open(clause))
        {
            println!("  open  {} ({}) {}", clause.id, clause.binds, clause.demand);
        }
        println!("{}: {}", version.name(), ledger.count(chapters));
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks that the document says what running the command would make it say.
///
/// # Errors
///
/// When it does not, or a test names a clause that there is not.
pub(crate) fn check() -> Result<()> {
    let ledger = Ledger::read()?;
    ledger.only_known_clauses()?;
    let written = fs::read_to_string(document()).unwrap_or_default();
    if written != ledger.render() {
        bail!("docs/conformance.md is stale: run `cargo xtask conformance`");
    }
    Ok(())
}

fn document() -> PathBuf {
    root().join("docs").join("conformance.md")
}

/// The lists, and the tests that claim to hold something of them.
struct Ledger {
    versions: Vec<(Version, Vec<Chapter>)>,
    tests: Vec<Test>,
    held: BTreeMap<ClauseId, Vec<usize>>,
}

/// How many clauses there are of each kind.
#[derive(Default)]
struct Count {
    all: u32,
    held: u32,
    not_applicable: u32,
    open: u32,
}

impl Ledger {
    fn read() -> Result<Self> {
        let lists = Version::ALL.into_iter().map(|version| Ok((version, clauses::list(version)?)));
        let versions = lists.collect::<Result<_>>()?;
        let tests = claims::tests()?;
        let mut held: BTreeMap<ClauseId, Vec<usize>> = BTreeMap::new();
        for (at, test) in tests.iter().enumerate() {
            for id in &test.claims {
                let by = held.entry(id.clone()).or_default();
                if by.last() != Some(&at) {
                    by.push(at);
                }
            }
        }
        Ok(Self { versions, tests, held })
    }

    fn only_known_clauses(&self) -> Result<()> {
        let clauses =
            self.versions.iter().flat_map(|(_, chapters)| chapters).flat_map(|chapter| &chapter.clauses);
        let known: Vec<&ClauseId> = clauses.map(|clause| &clause.id).collect();
        let mut findings = Vec::new();
        for (id, by) in self.held.iter().filter(|(id, _)| !known.contains(id)) {
            let tests = by.iter().map(|at| format!("{} in {}", self.tests[*at].name, self.tests[*at].file));
            findings.extend(tests.map(|test| format!("{test} names {id}, which there is not")));
        }
        none_of(&findings)
    }

    fn held_by(&self, clause: &Clause) -> &[usize] {
        self.held.get(&clause.id).map_or(&[], Vec::as_slice)
    }

    fn is_open(&self, clause: &Clause) -> bool {
        clause.not_applicable.is_none() && self.held_by(clause).is_empty()
    }

    fn count(&self, chapters: &[Chapter]) -> Count {
        let mut count = Count::default();
        for clause in chapters.iter().flat_map(|chapter| &chapter.clauses) {
            count.all += 1;
            if !self.held_by(clause).is_empty() {
                count.held += 1;
            } else if clause.not_applicable.is_some() {
                count.not_applicable += 1;
            } else {
                count.open += 1;
            }
        }
        count
    }

    fn render(&self) -> String {
        let mut text = String::from(HEAD);
        for (version, chapters) in &self.versions {
            let count = self.count(chapters);
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                version.name(),
                count.all,
                count.held,
                count.not_applicable,
                count.open
            );
        }
        for (version, chapters) in &self.versions {
            let _ = writeln!(text, "\n## MQTT {}", version.name());
            for chapter in chapters {
                let _ = writeln!(
                    text,
                    "\n### {}\n\n| clause | binds | demands | held by |\n|---|---|---|---|",
                    chapter.title
                );
                for clause in &chapter.clauses {
                    let (id, binds, demand) = (&clause.id.number, &clause.binds, &clause.demand);
                    let _ = writeln!(text, "| {id} | {binds} | {demand} | {} |", self.how(clause));
                }
            }
        }
        text
    }

    /// What stands in the last column.
    fn how(&self, clause: &Clause) -> String {
        let by = self.held_by(clause);
        if by.is_empty() {
            return match &clause.not_applicable {
                Some(why) => format!("not applicable: {why}"),
                None => "**open**".to_owned(),
            };
        }
        let tests = by.iter().map(|at| &self.tests[*at]);
        tests.map(|test| format!("`{}` in {}", test.name, test.file)).collect::<Vec<_>>().join("<br>")
    }
}

/// What the document says before its tables.
const HEAD: &str = "\
# Conformance

Every normative statement of MQTT 5.0 and 3.1.1, what it demands in our words, and the tests that hold it.
`cargo xtask conformance` writes this file from the lists in [clauses](clauses) and from the ids that tests carry;
`cargo xtask check` fails when it is stale.

| MQTT | statements | held by a test | not applicable | open |
|---|---|---|---|---|
";

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { all, held, not_applicable, open } = self;
        write!(f, "{all} clauses, {held} held, {not_applicable} not applicable, {open} open")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_names_a_clause_there_is_not_is_found() {
        let mut ledger = Ledger::read().unwrap();
        ledger.only_known_clauses().unwrap();
        ledger.held.insert(ClauseId::read("MQTT-9.9.9-9").unwrap(), vec![0]);
        let message = ledger.only_known_clauses().unwrap_err().to_string();
        assert!(message.contains("[MQTT-9.9.9-9]") && message.contains(&ledger.tests[0].name), "{message}");
    }

    #[test]
    fn each_clause_is_in_the_document_once() {
        let text = Ledger::read().unwrap().render();
        assert_eq!(text.lines().filter(|line| line.starts_with("| MQTT-")).count(), 251 + 141);
    }
}
