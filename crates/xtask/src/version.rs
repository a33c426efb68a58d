//! Version numbers as tools print them, and which ones will do.

use std::fmt;

/// A version of up to three numbers; what is not said counts as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// The first word of `text` that starts with a digit, as a version: `trunk 0.21.14` is 0.21.14,
    /// `wasm-opt version 132 (version_132)` is 132.0.0.
    pub(crate) fn find(text: &str) -> Option<Self> {
        let word =
            text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
        // What follows a `-` or `+` is a pre-release or build tag.
        let numbers = word.split(['-', '+']).next()?;
        let mut numbers = numbers.split('.').map(str::parse);
        let mut next = || numbers.next().unwrap_or(Ok(0)).ok();
        Some(Self { major: next()?, minor: next()?, patch: next()? })
    }

    /// The first number.
    pub(crate) fn major(self) -> u32 {
        self.major
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Which versions of a tool do instead of the one that set-up would install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// That one only.
    Exactly,
    /// The same major and minor number.
    SameMinor,
    /// The same major number, or a later one.
    SameMajorOrLater,
}

impl Accepts {
    /// Whether `found` does where `wanted` would be installed.
    pub(crate) fn fits(self, wanted: Version, found: Version) -> bool {
        match self {
            Self::Exactly => found == wanted,
            Self::SameMinor => (found.major, found.minor) == (wanted.major, wanted.minor),
            Self::SameMajorOrLater => found.major >= wanted.major,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::find(text).unwrap()
    }

    #[test]
    fn a_version_is_found_in_what_a_tool_prints() {
        assert_eq!(version("trunk 0.21.14").to_string(), "0.21.14");
        assert_eq!(version("wasm-opt version 132 (version_132)").to_string(), "132.0.0");
        assert_eq!(version("Chromium 140.0.7339.127 built on Debian").to_string(), "140.0.7339");
        assert_eq!(version("wasm-bindgen 0.2.130 (1a2b3c)").to_string(), "0.2.130");
        assert_eq!(version("tool 1.2.3-rc.1").to_string(), "1.2.3");
        assert_eq!(Version::find("no numbers here"), None);
        assert_eq!(Version::find("tool 1.x"), None);
    }

    #[test]
    fn exactly_means_exactly() {
        assert!(Accepts::Exactly.fits(version("0.2.130"), version("0.2.130")));
        assert!(!Accepts::Exactly.fits(version("0.2.130"), version("0.2.131")));
    }

    #[test]
    fn another_patch_or_a_later_major_will_do_where_that_is_said() {
        assert!(Accepts::SameMinor.fits(version("0.21.14"), version("0.21.2")));
        assert!(!Accepts::SameMinor.fits(version("0.21.14"), version("0.22.0")));
        assert!(Accepts::SameMajorOrLater.fits(version("132"), version("140")));
        assert!(!Accepts::SameMajorOrLater.fits(version("132"), version("108")));
    }
}
