//! The users and rules in force, in the form in which they are asked at every message.

mod compiling;
mod topics;
mod tree;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::session::Session;
use crate::{Access, AccessRule, Act, Listener, Rules, User};
pub(crate) use compiling::Compiling;
pub(crate) use topics::Who;
use tree::Tree;

/// Users and rules in force.
///
/// They are kept once for all clients, and nothing is kept for each: `%c` and `%u` are put in while a rule is read.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) rules: Rules,
    /// Counts how often they were set.
    pub(crate) edition: u32,
    common: Tree,
    /// Where each user is in the list of them, and where the tree of the user's own rules is, if there are any.
    users: HashMap<Box<str>, (u32, Option<u32>), FixedState>,
    trees: Vec<Tree>,
    /// Whether any rule denies publishing.
    pub(crate) guards_publishing: bool,
    /// Whether any rule denies subscribing.
    guards_reading: bool,
}

impl Policy {
    /// Everyone may do everything, and nobody is known by name.
    pub(crate) fn open() -> Self {
        Self::empty(Rules::default())
    }

    /// No rule of these is in it.
    fn empty(rules: Rules) -> Self {
        let users = HashMap::with_capacity_and_hasher(rules.users.len(), FixedState::default());
        Self {
            rules,
            edition: 0,
            common: Tree::new(),
            users,
            trees: Vec::new(),
            guards_publishing: false,
            guards_reading: false,
        }
    }

    /// The user of that name.
    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        let (place, _) = self.users.get(name)?;
        self.rules.users.get(*place as usize)
    }

    /// Whether the client of a session may publish to a topic.
    #[inline]
    pub(crate) fn may_publish(&self, session: &Session, topic: &str) -> bool {
        !self.guards_publishing || self.forbids(session, Act::Publish, topic).is_none()
    }

    /// Whether a session may be given a message to a topic.
    #[inline]
    pub(crate) fn may_read(&self, session: &Session, topic: &str) -> bool {
        !self.guards_reading || self.forbids(session, Act::Subscribe, topic).is_none()
    }

    /// The rule that keeps the client of a session from doing this with a topic.
    pub(crate) fn forbids(&self, session: &Session, act: Act, topic: &str) -> Option<&AccessRule> {
        if is_own(session.origin.listener) {
            return None;
        }
        self.forbids_to(&who(session), act, topic)
    }

    /// The rule that keeps somebody from doing this with a topic.
    pub(crate) fn forbids_to(&self, who: &Who<'_>, act: Act, topic: &str) -> Option<&AccessRule> {
        let own = who.user.and_then(|user| self.users.get(user));
        let own = own.and_then(|(place, tree)| {
            let rules = &self.rules.users.get(*place as usize)?.access;
            let number = self.trees.get((*tree)? as usize)?.first(rules, act, topic, who)?;
            rules.get(number as usize)
        });
        let common = || {
            let rules = &self.rules.access;
            let number = self.common.first(rules, act, topic, who)?;
            rules.get(number as usize)
        };
        own.or_else(common).filter(|rule| rule.verdict == Access::Deny)
    }

    /// The rule that keeps a session from subscribing, because nothing that `filter` matches could be allowed.
    ///
    /// A rule that allows some of it is taken to leave something, even if earlier ones deny that same part: each
    /// delivery is asked about anyway.
    pub(crate) fn forbids_subscribing(&self, session: &Session, filter: &str) -> Option<&AccessRule> {
        if !self.guards_reading || is_own(session.origin.listener) {
            return None;
        }
        let who = who(session);
        if !filter.contains(['+', '#']) {
            return self.forbids_to(&who, Act::Subscribe, filter);
        }
        let own = who.user.and_then(|user| self.user(user)).map_or(&[][..], |user| &user.access);
        let speaking = own.iter().chain(&self.rules.access).filter(|rule| rule.act.includes(Act::Subscribe));
        for rule in speaking {
            let pattern = rule.topics.as_str();
            match rule.verdict {
                Access::Allow if topics::touches(pattern, filter, &who) => return None,
                Access::Deny if topics::covers(pattern, filter, &who) => return Some(rule),
                _ => {}
            }
        }
        None
    }

    /// What it costs to ask about a subscription, in the budget of a call.
    pub(crate) fn subscription_cost(&self, session: &Session, filter: &str) -> u32 {
        if !self.guards_reading || !filter.contains(['+', '#']) {
            return 0;
        }
        let own = session.origin.user.as_deref().and_then(|user| self.user(user));
        let rules = own.map_or(0, |user| user.access.len()) + self.rules.access.len();
        u32::try_from(rules / RULES_PER_COST).unwrap_or(u32::MAX)
    }
}

/// How many rules can be read for one unit of a call's budget.
const RULES_PER_COST: usize = 16;

/// Whether the clients there belong to the operator: no rule holds for them.
pub(crate) fn is_own(listener: Listener) -> bool {
    matches!(listener, Listener::Home | Listener::Page)
}

fn who(session: &Session) -> Who<'_> {
    Who { client_id: &session.client_id, user: session.origin.user.as_deref() }
}
