//! What is known of the suite's tests that do not pass: a list in `tests/interop`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Why a test does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// It asks for something that Lacewing does not have, and does not have to.
    NotApplicable(String),
    /// It expects something else than Lacewing does on purpose.
    Deviates(String),
}

/// The tests that are known, by name; a name may end with `*`.
#[derive(Debug)]
pub(super) struct List {
    known: Vec<(String, Known)>,
}

impl List {
    /// Reads a file with lines of the form `deviates NAME: reason` and `n/a NAME: reason`; `#` begins a comment.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut known = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let parts = line.split_once(' ').and_then(|(word, rest)| Some((word, rest.split_once(": ")?)));
            let (name, why) = match parts {
                Some(("n/a", (name, why))) => (name, Known::NotApplicable(why.to_owned())),
                Some(("deviates", (name, why))) => (name, Known::Deviates(why.to_owned())),
                _ => bail!("`{line}` is not `n/a NAME: reason` or `deviates NAME: reason`"),
            };
            known.push((name.trim().to_owned(), why));
        }
        Ok(Self { known })
    }

    /// All that is known, with the reasons.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.known
            .iter()
            .map(|(name, Known::NotApplicable(why) | Known::Deviates(why))| (name.as_str(), why.as_str()))
    }

    /// What is known of `test`.
    pub(super) fn knows(&self, test: &str) -> Option<&Known> {
        let fits = |name: &str| match name.strip_suffix('*') {
            Some(beginning) => test.starts_with(beginning),
            None => test == name,
        };
        self.known.iter().find(|(name, _)| fits(name)).map(|(_, why)| why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_name_or_by_its_beginning() {
        let list =
            List::parse("# why\nn/a 06-bridge-*: no bridge\ndeviates 07-will: sent at once: §3\n").unwrap();
        assert_eq!(list.knows("06-bridge-x"), Some(&Known::NotApplicable("no bridge".to_owned())));
        assert_eq!(list.knows("07-will"), Some(&Known::Deviates("sent at once: §3".to_owned())));
        assert_eq!(list.knows("07-will-delay"), None);
    }

    #[test]
    fn a_test_without_a_reason_is_an_error() {
        assert!(List::parse("n/a 06-bridge").is_err());
        assert!(List::parse("maybe 06-bridge: no").is_err());
    }

    #[test]
    fn the_projects_own_lists_can_be_read() {
        for name in ["mosquitto.list", "gmqtt.list"] {
            List::read(&crate::workspace::root().join("tests/interop").join(name)).unwrap();
        }
    }
}
