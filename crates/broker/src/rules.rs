//! Users, and what they and everyone may do: plain data that an operator writes and a host hands in.

use std::fmt;

use lacewing_protocol::{QoS, TopicFilter, Utf8String};
use serde::{Deserialize, Serialize};

use crate::Listener;

/// Who may come in and what they may do. The default lets everyone do everything.
///
/// Devices of the simulated home and clients in the broker's own page ([`Listener::Home`], [`Listener::Page`]) belong to
/// the operator: no rule holds for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Whether clients may come in without a user name. Default: yes. While there are no users at all, a user name that
    /// is sent all the same is ignored, as is its password.
    pub anonymous: bool,
    /// Who is known by name.
    pub users: Vec<User>,
    /// What everyone may do, read after the rules of the client's own user. The first rule that speaks of a topic
    /// decides; where none does, it is allowed.
    pub access: Vec<AccessRule>,
    /// What holds for all clients of a listener.
    pub listeners: Vec<ListenerTerms>,
}

/// One user.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// The User Name of CONNECT, or the name in a client certificate.
    pub name: String,
    /// The Argon2 hash of the password, in PHC form (`$argon2id$v=19$…`). Without one no password fits.
    pub password: Option<String>,
    /// What SCRAM-SHA-256 checks against, in the form `SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY`, the parts
    /// in base64. Without it the user cannot come in by SCRAM.
    pub scram: Option<String>,
    /// What this user may do, read before the rules for everyone.
    pub access: Vec<AccessRule>,
    /// What else holds for this user.
    pub terms: Terms,
}

/// Whether a kind of act on some topics is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRule {
    /// Allowed or denied.
    pub verdict: Access,
    /// What is allowed or denied.
    pub act: Act,
    /// Which topics it speaks of.
    pub topics: TopicPattern,
}

/// Allowed or denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Access {
    Allow,
    Deny,
}

/// What a client does with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Publish to it, wills included.
    Publish,
    /// Subscribe to it and receive from it.
    Subscribe,
    /// Both.
    Both,
}

/// A Topic Filter in which `%c` stands for the client id and `%u` for the user name, each within a level.
///
/// Unlike in a subscription, a wildcard in the first place also stands for levels that begin with `$`: a rule for `#`
/// speaks of everything. A pattern with `%u` speaks of nothing where the client has no user name, nor where the id or
/// name contains `+`, `#` or `/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicPattern {
    text: String,
    /// Counted once: the levels of many patterns are added up while others wait.
    levels: u16,
}

/// A text that is no [`TopicPattern`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a topic filter that a rule can use: {why}")]
pub struct TopicPatternError {
    text: String,
    why: String,
}

/// Rules that are more than a broker takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Too many users.
    #[error("{0} users are more than {max}", max = Rules::USERS)]
    Users(usize),
    /// Too many access rules.
    #[error("{0} access rules are more than {max}", max = Rules::ACCESS_RULES)]
    AccessRules(usize),
    /// Too many levels in the rules' patterns.
    #[error("{0} levels in access rules are more than {max}", max = Rules::LEVELS)]
    Levels(usize),
    /// Too much text.
    #[error("{0} bytes of names, passwords and patterns are more than {max}", max = Rules::BYTES)]
    Bytes(usize),
}

/// What holds beside the access rules; `None` leaves it as [`Config`](crate::Config) has it, and of two that are set,
/// the user's and the listener's, the tighter one counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// The highest QoS in a PUBLISH or will: 0, 1 or 2. More ends the connection with 0x9B; a subscription is granted
    /// no more (§3.2.2.3.4).
    pub maximum_qos: Option<u8>,
    /// Whether a message or will may be retained. If not, one that is ends the connection with 0x9A (§3.2.2.3.5).
    pub retain_available: Option<bool>,
    /// The longest keep-alive in seconds, as [`Config::keep_alive_maximum`](crate::Config::keep_alive_maximum).
    pub keep_alive_maximum: Option<u16>,
}

/// What holds for the clients of one listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerTerms {
    /// Which.
    pub listener: Listener,
    /// Whether clients may come in there without a user name; `None` leaves it as [`Rules::anonymous`] has it.
    #[serde(default)]
    pub anonymous: Option<bool>,
    /// What else.
    #[serde(default)]
    pub terms: Terms,
}

impl Default for Rules {
    fn default() -> Self {
        Self { anonymous: true, users: Vec::new(), access: Vec::new(), listeners: Vec::new() }
    }
}

impl Rules {
    /// The most users.
    pub const USERS: usize = 10_000;

    /// The most access rules, those of users and those for everyone together.
    pub const ACCESS_RULES: usize = 10_000;

    /// The most levels of all their patterns together: 20 for each rule, if there are as many as there can be.
    pub const LEVELS: usize = 200_000;

    /// The most bytes of all names, passwords, SCRAM verifiers and patterns together, 8 MiB.
    pub const BYTES: usize = 8 << 20;

    /// The user of that name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// Whether they are within their bounds, which keep the time and memory for them small. A host asks before it hands them in:
    /// a broker refuses what is beyond, says so in an event, and goes on with the former ones.
    ///
    /// # Errors
    /// There are more than [`USERS`](Self::USERS), or more than [`ACCESS_RULES`](Self::ACCESS_RULES) altogether, with more
    /// than [`LEVELS`](Self::LEVELS) or more than [`BYTES`](Self::BYTES).
    pub fn check(&self) -> Result<(), RulesError> {
        if self.users.len() > Self::USERS {
            return Err(RulesError::Users(self.users.len()));
        }
        let rules = self.access_len();
        if rules > Self::ACCESS_RULES {
            return Err(RulesError::AccessRules(rules));
        }
        let patterns: usize = self.access().map(|rule| rule.topics.as_str().len()).sum();
        let bytes = patterns + self.users.iter().map(User::bytes).sum::<usize>();
        if bytes > Self::BYTES {
            return Err(RulesError::Bytes(bytes));
        }
        let levels: usize = self.access().map(|rule| usize::from(rule.topics.levels)).sum();
        if levels > Self::LEVELS { Err(RulesError::Levels(levels)) } else { Ok(()) }
    }

    /// All access rules, those of users and those for everyone.
    pub(crate) fn access(&self) -> impl Iterator<Item = &AccessRule> {
        self.users.iter().flat_map(|user| &user.access).chain(&self.access)
    }

    /// How many access rules there are, those of users and those for everyone.
    pub(crate) fn access_len(&self) -> usize {
        self.users.iter().map(|user| user.access.len()).sum::<usize>() + self.access.len()
    }

    /// Whether clients may come in at a listener without a user name.
    pub fn anonymous_at(&self, listener: Listener) -> bool {
        let terms = self.listeners.iter().find(|terms| terms.listener == listener);
        terms.and_then(|terms| terms.anonymous).unwrap_or(self.anonymous)
    }
}

impl User {
    /// The bytes of its name and of what it proves itself by.
    pub(crate) fn bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.name.len() + text(&self.password) + text(&self.scram)
    }
}

impl Terms {
    /// The highest QoS as such; a number above 2 is 2.
    pub fn maximum_qos(&self) -> Option<QoS> {
        self.maximum_qos.map(|level| match level {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        })
    }
}

impl Act {
    /// Whether it is `other`, or both with `other` among them.
    #[inline]
    pub fn includes(self, other: Self) -> bool {
        self == other || self == Self::Both
    }
}

/// As in `deny publish home/#`.
impl fmt::Display for AccessRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Access::Allow => "allow",
            Access::Deny => "deny",
        };
        let act = match self.act {
            Act::Publish => "publish",
            Act::Subscribe => "subscribe",
            Act::Both => "both",
        };
        write!(f, "{verdict} {act} {}", self.topics.as_str())
    }
}

impl TopicPattern {
    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for TopicPattern {
    type Error = TopicPatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = |why: &str| TopicPatternError { text: text.clone(), why: why.to_owned() };
        let utf8 = Utf8String::try_from(text.clone()).map_err(|error| wrong(&error.to_string()))?;
        let filter = TopicFilter::try_from(utf8).map_err(|error| wrong(&error.to_string()))?;
        if filter.share_name().is_some() {
            return Err(wrong("it names a share; write the filter after it, rules hold for shared ones too"));
        }
        // A filter has at most as many levels as bytes and one more, and no more than 65 535 of either.
        let levels = text.bytes().filter(|byte| *byte == b'/').count() + 1;
        Ok(Self { text, levels: u16::try_from(levels).unwrap_or(u16::MAX) })
    }
}

impl From<TopicPattern> for String {
    fn from(pattern: TopicPattern) -> Self {
        pattern.text
    }
}

impl fmt::Debug for User {
    /// Says of the secrets only whether there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("password", &self.password.is_some())
            .field("scram", &self.scram.is_some())
            .field("access", &self.access)
            .field("terms", &self.terms)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_topic_filter_without_a_share() {
        for good in ["#", "home/+/set", "users/%u/#", "%c", "$SYS/#"] {
            assert!(TopicPattern::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a/#/b", "a+", "$share/g/a", "a\0"] {
            assert!(TopicPattern::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_and_levels_have_a_bound_of_their_own() {
        let rule = |pattern: String| AccessRule {
            verdict: Access::Allow,
            act: Act::Both,
            topics: pattern.try_into().unwrap(),
        };
        let deep =
            |rules: usize| Rules { access: vec![rule("a/".repeat(99) + "a"); rules], ..Rules::default() };
        assert_eq!(deep(2000).check(), Ok(()));
        assert_eq!(deep(2001).check(), Err(RulesError::Levels(200_100)));
        let user =
            |bytes: usize| User { name: "x".into(), password: Some("y".repeat(bytes)), ..User::default() };
        let long = |bytes: usize| Rules {
            users: vec![user(bytes)],
            access: vec![rule("b".repeat(9))],
            ..Rules::default()
        };
        assert_eq!(long(Rules::BYTES - 10).check(), Ok(()));
        assert_eq!(long(Rules::BYTES - 9).check(), Err(RulesError::Bytes(Rules::BYTES + 1)));
    }

    #[test]
    fn a_user_is_shown_without_secrets() {
        let user = User { name: "ada".into(), password: Some("$argon2id$secret".into()), ..User::default() };
        assert!(!format!("{user:?}").contains("secret"));
    }
}
