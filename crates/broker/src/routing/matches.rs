use std::rc::Rc;

use lacewing_protocol::QoS;

use super::subscribers::{Leaf, Subscription};
use super::{GroupKey, SessionKey};

/// All that a message to some topic goes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches {
    /// One entry for each session with a subscription of its own, in the order of their keys.
    pub(crate) normal: Vec<Match>,
    /// The shared subscriptions, each of which takes the message once.
    pub(crate) shared: Vec<GroupKey>,
    /// What counts for a session's own messages, if only some of its subscriptions have No Local.
    own: Vec<Match>,
}

/// How one session gets a message: its matching subscriptions taken together [MQTT-3.3.4-2].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) session: SessionKey,
    /// The highest QoS of them.
    pub(crate) qos: QoS,
    /// Whether all of them have No Local, so that the session does not get its own messages [MQTT-3.8.3-3].
    pub(crate) no_local: bool,
    /// Whether one of them has Retain As Published.
    pub(crate) retain_as_published: bool,
    ids: Ids,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ids {
    None,
    One([u32; 1]),
    More(Box<[u32]>),
}

impl Matches {
    /// Whether no subscription matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.normal.is_empty() && self.shared.is_empty()
    }

    /// How the session of `entry`, one of `normal`, gets a message of `publisher`, minding No Local.
    pub(crate) fn from<'a>(&'a self, publisher: Option<SessionKey>, entry: &'a Match) -> Option<&'a Match> {
        if publisher != Some(entry.session) {
            return Some(entry);
        }
        if entry.no_local {
            return None;
        }
        Some(self.own.iter().find(|own| own.session == entry.session).unwrap_or(entry))
    }

    /// What the entries take of memory, about.
    pub(super) fn weight(&self) -> u64 {
        (self.normal.len() + self.shared.len() + self.own.len()) as u64 * 32
    }
}

impl Match {
    /// The match of a single subscription.
    pub(super) fn of_one(session: SessionKey, subscription: Subscription) -> Self {
        Self {
            session,
            qos: subscription.qos,
            no_local: subscription.no_local,
            retain_as_published: subscription.retain_as_published,
            ids: subscription.id().map_or(Ids::None, |id| Ids::One([id])),
        }
    }

    /// The match of all of them.
    fn of_all<'a>(
        session: SessionKey,
        subscriptions: impl Iterator<Item = &'a Subscription> + Clone,
    ) -> Self {
        let mut ids: Vec<u32> = subscriptions.clone().filter_map(|subscription| subscription.id()).collect();
        ids.sort_unstable();
        Self {
            session,
            qos: subscriptions.clone().map(|subscription| subscription.qos).max().unwrap_or_default(),
            no_local: subscriptions.clone().all(|subscription| subscription.no_local),
            retain_as_published: subscriptions.clone().any(|subscription| subscription.retain_as_published),
            ids: match ids[..] {
                [] => Ids::None,
                [id] => Ids::One([id]),
                _ => Ids::More(ids.into_boxed_slice()),
            },
        }
    }

    /// The Subscription Identifiers of all the subscriptions that have one, in ascending order; one that several of
    /// them have is there as often [MQTT-3.3.4-3], [MQTT-3.3.4-4].
    pub(crate) fn ids(&self) -> &[u32] {
        match &self.ids {
            Ids::None => &[],
            Ids::One(id) => id,
            Ids::More(ids) => ids,
        }
    }
}

/// Gathers what matches a topic.
#[derive(Debug, Default)]
pub(super) struct Collector {
    subscriptions: Vec<(SessionKey, Subscription)>,
    groups: Vec<GroupKey>,
    leaves: u32,
    nothing: Rc<Matches>,
}

impl Collector {
    pub(super) fn add(&mut self, leaf: &Leaf) {
        leaf.subscribers.extend_into(&mut self.subscriptions);
        self.groups.extend_from_slice(&leaf.groups);
        self.leaves += 1;
    }

    /// What was gathered; the collector is empty again.
    pub(super) fn finish(&mut self) -> Rc<Matches> {
        let leaves = std::mem::take(&mut self.leaves);
        if leaves == 0 {
            return self.nothing.clone();
        }
        let mut matches = Matches { shared: self.groups.drain(..).collect(), ..Matches::default() };
        if leaves == 1 {
            let single = |&(session, subscription): &_| Match::of_one(session, subscription);
            matches.normal = self.subscriptions.iter().map(single).collect();
        } else {
            self.subscriptions.sort_by_key(|(session, _)| *session);
            matches.merge(&self.subscriptions);
        }
        self.subscriptions.clear();
        Rc::new(matches)
    }
}

impl Matches {
    fn merge(&mut self, subscriptions: &[(SessionKey, Subscription)]) {
        for overlapping in subscriptions.chunk_by(|(one, _), (other, _)| one == other) {
            let (session, first) = overlapping[0];
            if overlapping.len() == 1 {
                self.normal.push(Match::of_one(session, first));
                continue;
            }
            let all = overlapping.iter().map(|(_, subscription)| subscription);
            let entry = Match::of_all(session, all.clone());
            if !entry.no_local && all.clone().any(|subscription| subscription.no_local) {
                self.own.push(Match::of_all(session, all.filter(|subscription| !subscription.no_local)));
            }
            self.normal.push(entry);
        }
    }
}
