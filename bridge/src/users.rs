//! What the settings file says of users and access, in the words that a person writes.
//!
//! ```toml
//! anonymous = false
//! access = ["deny publish $SYS/#"]
//!
//! [[user]]
//! name = "ada"
//! password = "$argon2id$…"
//! access = ["allow publish lab/%u/#", "allow subscribe lab/#", "deny #"]
//! ```

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, anyhow, bail};
use lacewing_auth::{PasswordHash, ScramVerifier};
use lacewing_broker::{Access, AccessRule, Act, Listener, ListenerTerms, Rules, Terms, TopicPattern, User};
use lacewing_control::OPERATOR;
use lacewing_protocol::Utf8String;
use serde::Deserialize;
use toml::Spanned;

/// A `[[user]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct UserEntry {
    name: Spanned<UserName>,
    password: Option<Hash>,
    scram: Option<Verifier>,
    #[serde(default)]
    access: Vec<AccessLine>,
    #[serde(alias = "maximum_qos")]
    maximum_qos: Option<MaximumQos>,
    #[serde(alias = "retain_available")]
    retain_available: Option<bool>,
    #[serde(alias = "keep_alive_maximum")]
    keep_alive_maximum: Option<u16>,
}

/// The `[listener.…]` tables.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Listeners {
    mqtt: Option<ListenerEntry>,
    mqtts: Option<ListenerEntry>,
    ws: Option<ListenerEntry>,
    wss: Option<ListenerEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ListenerEntry {
    anonymous: Option<bool>,
    #[serde(alias = "maximum_qos")]
    maximum_qos: Option<MaximumQos>,
    #[serde(alias = "retain_available")]
    retain_available: Option<bool>,
    #[serde(alias = "keep_alive_maximum")]
    keep_alive_maximum: Option<u16>,
}

/// `allow publish home/#`: a verdict, what it is about unless it is everything, and a topic filter. Read later, since an
/// array tells no places of what is wrong in it.
pub(crate) type AccessLine = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct UserName(String);

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Hash(String);

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Verifier(String);

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u8")]
struct MaximumQos(u8);

/// The rules that stand in a file with these entries. Without a word about it, clients may come in without a name as long as there
/// are no users. `line` says in which line a place in the file is.
///
/// # Errors
/// When two users have the same name, an access rule is not one, or there are more than a broker takes.
pub(crate) fn rules(
    anonymous: Option<bool>,
    access: Vec<AccessLine>,
    users: Vec<UserEntry>,
    listeners: Listeners,
    line: impl Fn(Range<usize>) -> usize,
) -> anyhow::Result<Rules> {
    let mut names = BTreeSet::new();
    for user in &users {
        let name = user.name.get_ref().0.as_str();
        if !names.insert(name) {
            bail!("line {}: there is another user {name:?} above", line(user.name.span()));
        }
    }
    let access_rules = |lines: Vec<AccessLine>| -> anyhow::Result<Vec<AccessRule>> {
        let rule = |entry: AccessLine| {
            access_rule(entry.get_ref()).map_err(|error| anyhow!("line {}: {error}", line(entry.span())))
        };
        lines.into_iter().map(rule).collect()
    };
    let user = |mut entry: UserEntry| {
        let access = access_rules(std::mem::take(&mut entry.access))?;
        Ok(User { access, ..entry.user() })
    };
    let rules = Rules {
        anonymous: anonymous.unwrap_or(users.is_empty()),
        users: users.into_iter().map(user).collect::<anyhow::Result<_>>()?,
        access: access_rules(access)?,
        listeners: listeners.terms(),
    };
    // A broker that refused them would go on with rules that let everyone in.
    with_operator(&rules).check().context("with the dashboard's own user, who has one rule")?;
    Ok(rules)
}

/// The same rules with the operator's page as a user who may do everything; rules that say nothing stay as they are, so
/// that a broker without users asks nobody for a name.
pub(crate) fn with_operator(rules: &Rules) -> Rules {
    let mut rules = rules.clone();
    if rules != Rules::default()
        && let Ok(topics) = TopicPattern::try_from("#".to_owned())
    {
        let everything = AccessRule { verdict: Access::Allow, act: Act::Both, topics };
        rules.users.push(User { name: OPERATOR.to_owned(), access: vec![everything], ..User::default() });
    }
    rules
}

/// Whether nobody comes in without a name.
pub(crate) fn are_needed(rules: &Rules) -> bool {
    !rules.anonymous && rules.listeners.iter().all(|terms| terms.anonymous != Some(true))
}

/// Whether a user can have this name; if not, why.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a user has a name".to_owned());
    }
    if name.starts_with('$') {
        return Err(format!("{name:?}: names that begin with $ are lacewing's own"));
    }
    match Utf8String::try_from(name) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("no client could send the name {name:?}: {error}")),
    }
}

/// The name in a client certificate, unless it is one of the program's own: a certificate makes nobody the operator.
pub(crate) fn certified(name: Option<String>) -> Option<String> {
    name.filter(|name| !name.starts_with('$'))
}

/// A sentence about how `new` differs from `old`.
pub(crate) fn changes(old: &Rules, new: &Rules) -> String {
    let added = new.users.iter().filter(|user| old.user(&user.name).is_none()).count();
    let gone = old.users.iter().filter(|user| new.user(&user.name).is_none()).count();
    let other = |user: &&User| old.user(&user.name).is_some_and(|old| old != *user);
    let changed = new.users.iter().filter(other).count();
    let mut parts = Vec::new();
    for (count, word) in [(added, "new"), (gone, "gone"), (changed, "changed")] {
        if count > 0 {
            parts.push(format!("{count} {} {word}", if count == 1 { "user" } else { "users" }));
        }
    }
    if old.access != new.access {
        parts.push("other access rules for everyone".to_owned());
    }
    if old.listeners != new.listeners {
        parts.push("other terms for listeners".to_owned());
    }
    match (old.anonymous, new.anonymous) {
        (true, false) => parts.push("a user name is needed now".to_owned()),
        (false, true) => parts.push("no user name is needed any more".to_owned()),
        _ => {}
    }
    if parts.is_empty() {
        return "Nothing has changed in the rules.".to_owned();
    }
    format!("The rules are in force: {}.", parts.join(", "))
}

impl UserEntry {
    /// The user without access rules.
    fn user(self) -> User {
        User {
            name: self.name.into_inner().0,
            password: self.password.map(|Hash(text)| text),
            scram: self.scram.map(|Verifier(text)| text),
            access: Vec::new(),
            terms: terms(self.maximum_qos, self.retain_available, self.keep_alive_maximum),
        }
    }
}

impl Listeners {
    fn terms(self) -> Vec<ListenerTerms> {
        let all = [
            (Listener::Tcp, self.mqtt),
            (Listener::Tls, self.mqtts),
            (Listener::WebSocket, self.ws),
            (Listener::WebSocketTls, self.wss),
        ];
        let said = all.into_iter().filter_map(|(listener, entry)| Some((listener, entry?)));
        said.map(|(listener, entry)| ListenerTerms {
            listener,
            anonymous: entry.anonymous,
            terms: terms(entry.maximum_qos, entry.retain_available, entry.keep_alive_maximum),
        })
        .collect()
    }
}

fn terms(qos: Option<MaximumQos>, retain_available: Option<bool>, keep_alive: Option<u16>) -> Terms {
    Terms { maximum_qos: qos.map(|MaximumQos(qos)| qos), retain_available, keep_alive_maximum: keep_alive }
}

fn access_rule(line: &str) -> Result<AccessRule, String> {
    let form = || format!("{line:?} is not written like \"allow publish home/#\" or \"deny home/#\"");
    let (verdict, rest) = line.split_once(' ').ok_or_else(form)?;
    let verdict = match verdict {
        "allow" => Access::Allow,
        "deny" => Access::Deny,
        _ => return Err(form()),
    };
    let rest = rest.trim_start();
    let (act, topics) = match rest.split_once(' ') {
        Some(("publish", topics)) => (Act::Publish, topics),
        Some(("subscribe", topics)) => (Act::Subscribe, topics),
        Some(("both", topics)) => (Act::Both, topics),
        _ if matches!(rest, "publish" | "subscribe" | "both") => {
            return Err(format!("{line:?} says no topics; for all of them write \"{line} #\""));
        }
        _ => (Act::Both, rest),
    };
    let topics = TopicPattern::try_from(topics.trim_start().to_owned()).map_err(|error| error.to_string())?;
    Ok(AccessRule { verdict, act, topics })
}

impl TryFrom<String> for UserName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        check_name(&name).map(|()| Self(name))
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // The text itself is not repeated: it may be a password.
        text.parse::<PasswordHash>().map_err(|error| format!("the password cannot be used: {error}"))?;
        Ok(Self(text))
    }
}

impl TryFrom<String> for Verifier {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse::<ScramVerifier>().map_err(|error| format!("the verifier cannot be used: {error}"))?;
        Ok(Self(text))
    }
}

impl TryFrom<u8> for MaximumQos {
    type Error = String;

    fn try_from(qos: u8) -> Result<Self, String> {
        if qos > 2 {
            return Err(format!("there is no QoS {qos}: it is 0, 1 or 2"));
        }
        Ok(Self(qos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_rule_is_a_line_that_reads_itself() {
        let rule = access_rule;
        let AccessRule { verdict, act, topics } = rule("allow publish home/%u/#").unwrap();
        assert_eq!((verdict, act, topics.as_str()), (Access::Allow, Act::Publish, "home/%u/#"));
        let AccessRule { verdict, act, topics } = rule("deny $SYS/#").unwrap();
        assert_eq!((verdict, act, topics.as_str()), (Access::Deny, Act::Both, "$SYS/#"));
        assert_eq!(rule("deny subscribe my room/+").unwrap().topics.as_str(), "my room/+");
        assert_eq!(rule("allow both publish").unwrap().topics.as_str(), "publish");
        for bad in ["", "allow", "permit #", "allow ", "deny publish", "allow a/#/b", "deny $share/g/a"] {
            assert!(rule(bad).is_err(), "{bad}");
        }
        assert_eq!(
            rule("deny publish").unwrap_err(),
            "\"deny publish\" says no topics; for all of them write \"deny publish #\""
        );
    }

    #[test]
    fn a_reload_says_what_has_changed() {
        let user = |name: &str| User { name: name.to_owned(), ..User::default() };
        let old = Rules { users: vec![user("ada"), user("bob"), user("eve")], ..Rules::default() };
        let bob = User { scram: Some("other".to_owned()), ..user("bob") };
        let new = Rules { users: vec![user("ada"), bob, user("joe")], anonymous: false, ..Rules::default() };
        assert_eq!(
            changes(&old, &new),
            "The rules are in force: 1 user new, 1 user gone, 1 user changed, a user name is needed now."
        );
        assert_eq!(changes(&new, &new), "Nothing has changed in the rules.");
    }

    #[test]
    fn the_operator_is_a_user_only_where_there_are_rules() {
        assert_eq!(with_operator(&Rules::default()), Rules::default());
        let strict = with_operator(&Rules { anonymous: false, ..Rules::default() });
        assert_eq!(strict.users.len(), 1);
        assert_eq!(strict.users[0].name, OPERATOR);
        assert!(UserName::try_from(OPERATOR.to_owned()).is_err(), "nobody in the file can be it");
    }
}
