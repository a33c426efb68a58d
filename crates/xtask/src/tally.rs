//! Counting tests from what their runners print.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, and suites that failed without naming one (they did not compile, or crashed).
    pub(crate) failed: u64,
}

impl Tally {
    /// What one line of a runner's output adds: both cargo's and wasm-bindgen's runner end each binary with
    /// `test result: ok. 3 passed; 0 failed; …`. `None` for any other line.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let plain = without_colour(line);
        let counts = plain.trim().strip_prefix("test result:")?;
        let count = |word: &str| -> Option<u64> {
            let before = counts.split(';').find_map(|part| part.trim().strip_suffix(word))?;
            before.split_whitespace().last()?.parse().ok()
        };
        Some(Self { passed: count("passed")?, failed: count("failed")? })
    }

    /// Something ran and nothing failed.
    pub(crate) fn is_good(self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// `line` without the escape sequences that colour it.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_result_line_is_counted() {
        let line =
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.05s";
        assert_eq!(Tally::read(line), Some(Tally { passed: 12, failed: 0 }));
        let line = "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Tally::read(line), Some(Tally { passed: 7, failed: 2 }));
    }

    #[test]
    fn the_browser_runners_result_line_is_counted() {
        let line = "    test result: ok. 3 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.41s";
        assert_eq!(Tally::read(line), Some(Tally { passed: 3, failed: 0 }));
    }

    #[test]
    fn colour_does_not_hide_a_result() {
        let line = "test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 4 passed; 0 failed; 0 ignored";
        assert_eq!(Tally::read(line), Some(Tally { passed: 4, failed: 0 }));
    }

    #[test]
    fn other_lines_count_for_nothing() {
        assert_eq!(Tally::read("test a_will_is_sent ... ok"), None);
        assert_eq!(Tally::read("12 passed, 0 failed"), None);
        assert_eq!(Tally::read("test result: nonsense"), None);
    }

    #[test]
    fn nothing_run_is_not_good() {
        assert!(!Tally::default().is_good());
        assert!(!Tally { passed: 5, failed: 1 }.is_good());
        assert!(Tally { passed: 5, failed: 0 }.is_good());
    }

    #[test]
    fn the_summary_is_plain() {
        assert_eq!(Tally { passed: 5, failed: 1 }.to_string(), "5 passed, 1 failed");
    }
}
