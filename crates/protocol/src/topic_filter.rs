use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::Bytes;

use crate::{TopicName, Utf8Error, Utf8String};

const SHARE: &str = "$share/";

/// A Topic Filter as subscribed to: wildcards in their places, a `$share` prefix well formed (§4.7, §4.8.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicFilter {
    text: Utf8String,
    /// Where the part after `$share/{ShareName}/` starts; 0 without that prefix.
    filter_at: u16,
}

/// Why a text cannot be a Topic Filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicFilterError {
    /// It is not an MQTT string at all.
    Utf8(Utf8Error),
    /// It, or what comes after its ShareName, has no character [MQTT-4.7.3-1].
    Empty,
    /// A `#` is not a whole last level [MQTT-4.7.1-1].
    MultiLevelWildcard,
    /// A `+` is not a whole level [MQTT-4.7.1-2].
    SingleLevelWildcard,
    /// A shared subscription without a ShareName, or with a wildcard in it, or without a filter after it
    /// [MQTT-4.8.2-1], [MQTT-4.8.2-2].
    Share,
}

impl TopicFilterError {
    pub(crate) const fn problem(self) -> &'static str {
        match self {
            Self::Utf8(error) => error.problem(),
            Self::Empty => "is empty",
            Self::MultiLevelWildcard => "has a # that does not stand alone at its end",
            Self::SingleLevelWildcard => "has a + that does not stand alone between its slashes",
            Self::Share => "is not of the form $share/ShareName/filter",
        }
    }
}

impl fmt::Display for TopicFilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem())
    }
}

impl std::error::Error for TopicFilterError {}

impl From<Utf8Error> for TopicFilterError {
    fn from(error: Utf8Error) -> Self {
        Self::Utf8(error)
    }
}

impl TopicFilter {
    /// A filter of the program's own text, without allocating.
    ///
    /// # Errors
    /// See [`TopicFilterError`].
    pub fn from_static(text: &'static str) -> Result<Self, TopicFilterError> {
        Self::try_from(Utf8String::from_static(text)?)
    }

    /// The whole text, a `$share` prefix included.
    #[inline]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// The bytes of the whole text, to be sliced or cloned without a copy.
    #[inline]
    pub fn as_bytes(&self) -> &Bytes {
        self.text.as_bytes()
    }

    /// The ShareName of a shared subscription; `None` for any other (§4.8.2).
    pub fn share_name(&self) -> Option<&str> {
        if self.filter_at == 0 {
            return None;
        }
        self.text.get(SHARE.len()..usize::from(self.filter_at) - 1)
    }

    /// What topics are matched against: the text without `$share/{ShareName}/`.
    #[inline]
    pub fn filter(&self) -> &str {
        self.text.get(usize::from(self.filter_at)..).unwrap_or_default()
    }

    /// What stands between the slashes of [`filter`](Self::filter); a wildcard is a level of its own.
    #[inline]
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.filter().split('/')
    }

    /// Whether it contains `+` or `#`, so that it may match more than one topic.
    pub fn is_wildcard(&self) -> bool {
        self.filter().bytes().any(|byte| byte == b'+' || byte == b'#')
    }

    /// Whether messages to `topic` belong to this subscription (§4.7).
    ///
    /// A filter that starts with a wildcard does not match a topic that starts with `$` [MQTT-4.7.2-1].
    pub fn matches(&self, topic: &TopicName) -> bool {
        if topic.is_dollar() && self.filter().starts_with(['+', '#']) {
            return false;
        }
        let mut topic_levels = topic.levels();
        for level in self.levels() {
            if level == "#" {
                return true;
            }
            let Some(topic_level) = topic_levels.next() else { return false };
            if level != "+" && level != topic_level {
                return false;
            }
        }
        topic_levels.next().is_none()
    }

    /// A copy in an allocation of exactly its size.
    pub fn compact(&self) -> Self {
        Self { text: self.text.compact(), filter_at: self.filter_at }
    }
}

impl TryFrom<Utf8String> for TopicFilter {
    type Error = TopicFilterError;

    fn try_from(text: Utf8String) -> Result<Self, TopicFilterError> {
        if text.is_empty() {
            return Err(TopicFilterError::Empty);
        }
        let filter_at = filter_start(&text)?;
        check_wildcards(&text[usize::from(filter_at)..])?;
        Ok(Self { text, filter_at })
    }
}

/// Where the filter proper starts in `text`.
fn filter_start(text: &str) -> Result<u16, TopicFilterError> {
    let Some(shared) = text.strip_prefix(SHARE) else { return Ok(0) };
    let Some((name, filter)) = shared.split_once('/') else { return Err(TopicFilterError::Share) };
    if name.is_empty() || name.contains(['+', '#']) || filter.is_empty() {
        return Err(TopicFilterError::Share);
    }
    u16::try_from(text.len() - filter.len()).map_err(|_| TopicFilterError::Utf8(Utf8Error::TooLong))
}

fn check_wildcards(filter: &str) -> Result<(), TopicFilterError> {
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.contains('#') && (level.len() > 1 || levels.peek().is_some()) {
            return Err(TopicFilterError::MultiLevelWildcard);
        }
        if level.contains('+') && level.len() > 1 {
            return Err(TopicFilterError::SingleLevelWildcard);
        }
    }
    Ok(())
}

impl TryFrom<Bytes> for TopicFilter {
    type Error = TopicFilterError;

    fn try_from(bytes: Bytes) -> Result<Self, TopicFilterError> {
        Self::try_from(Utf8String::try_from(bytes)?)
    }
}

impl TryFrom<&str> for TopicFilter {
    type Error = TopicFilterError;

    fn try_from(text: &str) -> Result<Self, TopicFilterError> {
        Self::try_from(Utf8String::try_from(text)?)
    }
}

impl TryFrom<String> for TopicFilter {
    type Error = TopicFilterError;

    fn try_from(text: String) -> Result<Self, TopicFilterError> {
        Self::try_from(Utf8String::try_from(text)?)
    }
}

/// The filter that matches exactly this topic.
impl From<&TopicName> for TopicFilter {
    fn from(topic: &TopicName) -> Self {
        Self { text: topic.as_utf8().clone(), filter_at: 0 }
    }
}

/// As the text alone, which [`Borrow`] asks for.
impl Hash for TopicFilter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Deref for TopicFilter {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for TopicFilter {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for TopicFilter {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for TopicFilter {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for TopicFilter {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(filter: &str, topic: &str) -> bool {
        let filter = TopicFilter::try_from(filter).unwrap();
        filter.matches(&TopicName::try_from(topic).unwrap())
    }

    #[test]
    fn a_multi_level_wildcard_is_the_whole_last_level() {
        // [MQTT-4.7.1-1]
        assert!(TopicFilter::try_from("#").is_ok());
        assert!(TopicFilter::try_from("sport/tennis/#").is_ok());
        for text in ["sport/tennis#", "sport/tennis/#/ranking", "##", "#/"] {
            assert_eq!(TopicFilter::try_from(text), Err(TopicFilterError::MultiLevelWildcard), "{text}");
        }
    }

    #[test]
    fn a_single_level_wildcard_is_a_whole_level() {
        // [MQTT-4.7.1-2]
        for text in ["+", "+/tennis/#", "sport/+/player1", "/+", "+/+"] {
            assert!(TopicFilter::try_from(text).is_ok(), "{text}");
        }
        for text in ["sport+", "++", "a/+b"] {
            assert_eq!(TopicFilter::try_from(text), Err(TopicFilterError::SingleLevelWildcard), "{text}");
        }
    }

    #[test]
    fn a_shared_subscription_has_a_name_and_a_filter() {
        // [MQTT-4.8.2-1], [MQTT-4.8.2-2]
        let filter = TopicFilter::from_static("$share/consumer1/sport/tennis/+").unwrap();
        assert_eq!(filter.share_name(), Some("consumer1"));
        assert_eq!(filter.filter(), "sport/tennis/+");
        assert_eq!(filter.levels().collect::<Vec<_>>(), ["sport", "tennis", "+"]);
        let filter = TopicFilter::from_static("$share/consumer1//finance").unwrap();
        assert_eq!(filter.filter(), "/finance");
        for text in ["$share/", "$share//a", "$share/g", "$share/g/", "$share/+/a", "$share/a#/b"] {
            assert_eq!(TopicFilter::try_from(text), Err(TopicFilterError::Share), "{text}");
        }
    }

    #[test]
    fn other_dollar_topics_are_not_shared() {
        for text in ["$share", "$shared/g/a", "$SYS/#", "a/$share/g/b"] {
            let filter = TopicFilter::try_from(text).unwrap();
            assert_eq!((filter.share_name(), filter.filter()), (None, text));
        }
    }

    #[test]
    fn filters_match_as_in_the_specification() {
        // §4.7.1.2, §4.7.1.3
        for topic in
            ["sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"]
        {
            assert!(matches("sport/tennis/player1/#", topic), "{topic}");
        }
        assert!(matches("sport/#", "sport"));
        assert!(matches("#", "sport/tennis"));
        assert!(matches("sport/tennis/+", "sport/tennis/player2"));
        assert!(!matches("sport/tennis/+", "sport/tennis/player1/ranking"));
        assert!(!matches("sport/+", "sport"));
        assert!(matches("sport/+", "sport/"));
        assert!(matches("+/+", "/finance") && matches("/+", "/finance") && !matches("+", "/finance"));
        assert!(!matches("sport/tennis", "sport/tennis/player1"));
    }

    #[test]
    fn topics_are_compared_byte_by_byte() {
        // [MQTT-4.7.3-4], §4.7.3
        assert!(!matches("ACCOUNTS", "Accounts"));
        assert!(!matches("/finance", "finance"));
        assert!(matches("Accounts payable", "Accounts payable"));
        assert!(!matches("\u{e9}", "e\u{301}"));
    }

    #[test]
    fn a_leading_wildcard_does_not_match_a_dollar_topic() {
        // [MQTT-4.7.2-1]
        for filter in ["#", "+/monitor/Clients", "+/#", "$share/g/#"] {
            assert!(!matches(filter, "$SYS/monitor/Clients"), "{filter}");
        }
        assert!(matches("$SYS/#", "$SYS/monitor/Clients"));
        assert!(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
        assert!(matches("a/+", "a/$b"));
    }

    #[test]
    fn a_shared_filter_matches_by_its_filter() {
        assert!(matches("$share/g/a/+", "a/b"));
        assert!(!matches("$share/g/a/+", "$share/g/a/b"));
    }

    #[test]
    fn only_the_filter_is_looked_at_for_wildcards() {
        assert!(!TopicFilter::from_static("$share/g/a").unwrap().is_wildcard());
        assert!(TopicFilter::from_static("$share/g/a/#").unwrap().is_wildcard());
    }
}
