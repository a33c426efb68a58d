use std::rc::Rc;

use lacewing_protocol::{QoS, SubscriptionOptions};

use super::subscribers::Leaf;
use super::{GroupKey, SessionKey};

/// Larger than any Subscription Identifier.
const SEVERAL: u32 = 1 << 31;

/// All that a message to some topic goes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches {
    /// One entry for each session with a subscription of its own, in the order of their keys.
    pub(crate) normal: Vec<Match>,
    /// The shared subscriptions, each of which takes the message once.
    pub(crate) shared: Vec<GroupKey>,
    /// What counts for a session's own messages, if only some of its subscriptions have No Local; in the order of the
    /// sessions' keys.
    own: Vec<Match>,
    /// The Subscription Identifiers of the entries that have several.
    ids: Vec<Box<[u32]>>,
}

/// How one session gets a message: a subscription, or several taken together [MQTT-3.3.4-2].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) session: SessionKey,
    /// The highest QoS of them.
    pub(crate) qos: QoS,
    /// Whether all of them have No Local, so that the session does not get its own messages [MQTT-3.8.3-3].
    pub(crate) no_local: bool,
    /// Whether one of them has Retain As Published.
    pub(crate) retain_as_published: bool,
    /// 0 without a Subscription Identifier, the only one, or `SEVERAL` and the index of the list of them.
    ids: u32,
}

impl Matches {
    /// Whether no subscription matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.normal.is_empty() && self.shared.is_empty()
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> u64 {
        (self.normal.len() + self.shared.len()) as u64
    }

    /// How the session of `entry`, one of `normal`, gets a message of `publisher`, minding No Local.
    #[inline]
    pub(crate) fn from<'a>(&'a self, publisher: Option<SessionKey>, entry: &'a Match) -> Option<&'a Match> {
        if publisher != Some(entry.session) {
            return Some(entry);
        }
        if entry.no_local {
            return None;
        }
        let own = self.own.binary_search_by_key(&entry.session, |own| own.session);
        Some(own.map_or(entry, |index| &self.own[index]))
    }

    /// The Subscription Identifiers of the subscriptions behind `entry`, in ascending order; one that several of them
    /// have is there as often [MQTT-3.3.4-3], [MQTT-3.3.4-4].
    ///
    /// `entry` is one of `normal`, or was [chosen](super::Subscriptions::choose) for one of `shared`.
    #[inline]
    pub(crate) fn ids<'a>(&'a self, entry: &'a Match) -> &'a [u32] {
        match entry.ids {
            0 => &[],
            SEVERAL.. => self.ids.get((entry.ids - SEVERAL) as usize).map_or(&[], |ids| ids),
            _ => std::slice::from_ref(&entry.ids),
        }
    }

    /// What the entries take of memory, about.
    pub(super) fn weight(&self) -> u64 {
        let entries = self.normal.len() + self.shared.len() + self.own.len();
        let ids: usize = self.ids.iter().map(|ids| ids.len()).sum();
        entries as u64 * 12 + ids as u64 * 4 + self.ids.len() as u64 * 32
    }

    /// Takes together what belongs to the same session; `subscribers` are in the order of their sessions.
    pub(super) fn merge(&mut self, subscribers: &[Match]) {
        for overlapping in subscribers.chunk_by(|one, other| one.session == other.session) {
            let [first, more @ ..] = overlapping else { continue };
            if more.is_empty() {
                self.normal.push(*first);
                continue;
            }
            let entry = self.taken_together(*first, overlapping.iter());
            self.normal.push(entry);
            if entry.no_local || !overlapping.iter().any(|one| one.no_local) {
                continue;
            }
            let own = self.taken_together(*first, overlapping.iter().filter(|one| !one.no_local));
            self.own.push(own);
        }
    }

    fn taken_together<'a>(&mut self, first: Match, all: impl Iterator<Item = &'a Match> + Clone) -> Match {
        let mut ids: Vec<u32> = all.clone().map(|one| one.ids).filter(|id| *id != 0).collect();
        ids.sort_unstable();
        Match {
            session: first.session,
            qos: all.clone().map(|one| one.qos).max().unwrap_or(first.qos),
            no_local: all.clone().all(|one| one.no_local),
            retain_as_published: all.clone().any(|one| one.retain_as_published),
            ids: match ids[..] {
                [] => 0,
                [id] => id,
                _ => {
                    self.ids.push(ids.into_boxed_slice());
                    SEVERAL + (self.ids.len() - 1) as u32
                }
            },
        }
    }
}

impl Match {
    /// The match of a single subscription.
    pub(super) fn new(session: SessionKey, options: SubscriptionOptions, id: Option<u32>) -> Self {
        Self {
            session,
            qos: options.qos,
            no_local: options.no_local,
            retain_as_published: options.retain_as_published,
            ids: id.unwrap_or(0),
        }
    }
}

/// So many matches are copied to where they stay, so that the collector keeps its memory; more are moved.
const KEPT: usize = 1024;

/// So many of several leaves are put in order at once; it takes some 20 ns each at worst.
const AT_ONCE: usize = 1 << 17;

/// Gathers what matches a topic.
#[derive(Debug, Default)]
pub(super) struct Collector {
    subscribers: Vec<Match>,
    groups: Vec<GroupKey>,
    leaves: u32,
    nothing: Rc<Matches>,
}

impl Collector {
    pub(super) fn add(&mut self, leaf: &Leaf) {
        leaf.subscribers.extend_into(&mut self.subscribers);
        self.groups.extend_from_slice(&leaf.groups);
        self.leaves += 1;
    }

    /// What was gathered, unless it is too much to be put in order at once; the collector is empty again.
    pub(super) fn finish(&mut self) -> Option<Rc<Matches>> {
        if self.leaves == 0 {
            return Some(self.nothing.clone());
        }
        if self.leaves > 1 && self.subscribers.len() > AT_ONCE {
            self.clear();
            return None;
        }
        let mut matches = Matches { shared: self.groups.as_slice().into(), ..Matches::default() };
        if self.leaves == 1 {
            // The next collection is most likely a small one.
            let moves = self.subscribers.len() > KEPT;
            let all = &mut self.subscribers;
            matches.normal = if moves { std::mem::take(all) } else { all.as_slice().into() };
        } else {
            self.subscribers.sort_by_key(|entry| entry.session);
            matches.merge(&self.subscribers);
        }
        self.clear();
        Some(Rc::new(matches))
    }

    /// Forgets what was gathered.
    pub(super) fn clear(&mut self) {
        self.leaves = 0;
        self.groups.clear();
        self.subscribers.clear();
    }
}
