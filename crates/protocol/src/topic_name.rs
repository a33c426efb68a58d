use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

use crate::{Utf8Error, Utf8String};

/// The Topic Name a message is published to: at least one byte, no wildcards (§4.7).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Utf8String);

/// Why a text cannot be a Topic Name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicNameError {
    /// It is not an MQTT string at all.
    Utf8(Utf8Error),
    /// It has no character [MQTT-4.7.3-1].
    Empty,
    /// It contains `+` or `#` [MQTT-3.3.2-2].
    Wildcard,
}

impl TopicNameError {
    pub(crate) const fn problem(self) -> &'static str {
        match self {
            Self::Utf8(error) => error.problem(),
            Self::Empty => "is empty",
            Self::Wildcard => "contains a wildcard character",
        }
    }
}

impl fmt::Display for TopicNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem())
    }
}

impl std::error::Error for TopicNameError {}

impl From<Utf8Error> for TopicNameError {
    fn from(error: Utf8Error) -> Self {
        Self::Utf8(error)
    }
}

impl TopicName {
    /// A name of the program's own text, without allocating.
    ///
    /// # Errors
    /// See [`TopicNameError`].
    pub fn from_static(text: &'static str) -> Result<Self, TopicNameError> {
        Self::try_from(Utf8String::from_static(text)?)
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Its bytes, to be sliced or cloned without a copy.
    #[inline]
    pub fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }

    /// The name as a plain string, sharing its bytes.
    pub fn as_utf8(&self) -> &Utf8String {
        &self.0
    }

    /// What stands between its slashes; there is always at least one level, and levels may be empty (§4.7.1.1).
    #[inline]
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.0.split('/')
    }

    /// Whether it starts with `$`, so that a leading wildcard does not match it [MQTT-4.7.2-1].
    #[inline]
    pub fn is_dollar(&self) -> bool {
        self.as_bytes().first() == Some(&b'$')
    }

    /// A copy in an allocation of exactly its size.
    pub fn compact(&self) -> Self {
        Self(self.0.compact())
    }
}

impl TryFrom<Utf8String> for TopicName {
    type Error = TopicNameError;

    #[inline]
    fn try_from(text: Utf8String) -> Result<Self, TopicNameError> {
        if text.is_empty() {
            return Err(TopicNameError::Empty);
        }
        // Without an early exit the compiler turns this into vector code.
        let wildcard = |found, &byte: &u8| found | (byte == b'+') | (byte == b'#');
        if text.as_bytes().iter().fold(false, wildcard) {
            return Err(TopicNameError::Wildcard);
        }
        Ok(Self(text))
    }
}

impl TryFrom<Bytes> for TopicName {
    type Error = TopicNameError;

    #[inline]
    fn try_from(bytes: Bytes) -> Result<Self, TopicNameError> {
        Self::try_from(Utf8String::try_from(bytes)?)
    }
}

impl TryFrom<&str> for TopicName {
    type Error = TopicNameError;

    fn try_from(text: &str) -> Result<Self, TopicNameError> {
        Self::try_from(Utf8String::try_from(text)?)
    }
}

impl TryFrom<String> for TopicName {
    type Error = TopicNameError;

    fn try_from(text: String) -> Result<Self, TopicNameError> {
        Self::try_from(Utf8String::try_from(text)?)
    }
}

impl From<TopicName> for Utf8String {
    fn from(topic: TopicName) -> Self {
        topic.0
    }
}

impl Deref for TopicName {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for TopicName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for TopicName {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_name_has_a_character_and_no_wildcard() {
        // [MQTT-4.7.3-1], [MQTT-3.3.2-2]
        assert_eq!(TopicName::try_from(""), Err(TopicNameError::Empty));
        for text in ["+", "a/#", "a+", "#b"] {
            assert_eq!(TopicName::try_from(text), Err(TopicNameError::Wildcard), "{text}");
        }
        for text in ["/", "a", "//", " ", "Accounts payable", "$SYS/x", "a/b/"] {
            assert!(TopicName::try_from(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn its_length_is_that_of_a_string() {
        // [MQTT-4.7.3-3], [3.1.1 MQTT-4.7.3-3]
        let error = TopicName::try_from("a".repeat(65_536));
        assert_eq!(error, Err(TopicNameError::Utf8(Utf8Error::TooLong)));
        assert!(TopicName::try_from("a".repeat(65_535)).is_ok());
    }

    #[test]
    fn levels_may_be_empty() {
        // §4.7.1.1
        let levels =
            |text| TopicName::from_static(text).unwrap().levels().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(levels("a/b"), ["a", "b"]);
        assert_eq!(levels("/a//"), ["", "a", "", ""]);
        assert_eq!(levels("/"), ["", ""]);
    }
}
