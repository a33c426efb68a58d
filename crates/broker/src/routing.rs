//! Which sessions a message goes to.
//!
//! A filter without wildcards is found by the hash of the topic, one with wildcards by a walk through a
//! [trie](trie::Trie) of levels. What a topic matched is kept in a bounded [cache](cache::MatchCache): a subscription
//! without wildcards that comes or goes takes the one topic it concerns out of it, one with wildcards makes the
//! others be looked up anew. Shared subscriptions are kept apart in [groups](groups::Groups); their choice among the
//! members is made for each message and never cached.

mod cache;
mod chunks;
mod exact;
mod groups;
mod levels;
mod matches;
mod subscribers;
mod trie;

use std::rc::Rc;

use foldhash::fast::FixedState;
use lacewing_protocol::{SubscriptionOptions, TopicFilter, TopicName};

pub(crate) use groups::{GroupKey, Readiness};
pub(crate) use matches::{Match, Matches};

use crate::sys::is_watched_by;

use cache::MatchCache;
use exact::ExactTopics;
use groups::Groups;
use matches::Collector;
use subscribers::Leaf;
use trie::Trie;

/// A session of the broker, by the number its owner gave it.
///
/// A number may be given again once no [`Matches`] that names it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionKey(pub(crate) u32);

/// Whether [`Subscriptions::insert`] made a subscription or changed one [MQTT-3.8.4-3].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// The session was not subscribed to that filter before.
    New,
    /// The session was, with other or the same options.
    Replaced,
}

/// All subscriptions of all sessions.
///
/// Nothing here recurses, so a filter may have as many levels as fit into it. It takes about 50 bytes of memory for
/// each level of a filter with wildcards that it does not share with another one; a limit on levels bounds that
/// better than a limit on bytes does.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    hasher: FixedState,
    exact: ExactTopics,
    trie: Trie,
    groups: Groups,
    cache: MatchCache,
    collector: Collector,
    /// Counts the changes that may concern any topic.
    generation: u64,
    len: u64,
    /// How many of them are shared, and how many are about `$SYS`.
    shared_len: u64,
    sys_len: u64,
    wire_bytes: u64,
    /// What was looked at and not paid for.
    cost: u64,
}

/// How many entries that are only looked at cost as much as a delivery.
const ENTRIES_PER_COST: u64 = 16;

impl Subscriptions {
    /// `seed` makes the hashes of topics unpredictable to those who choose the topics.
    pub(crate) fn new(seed: u64) -> Self {
        let hasher = FixedState::with_seed(seed);
        Self {
            hasher: hasher.clone(),
            exact: ExactTopics::default(),
            trie: Trie::new(hasher.clone()),
            groups: Groups::new(hasher),
            cache: MatchCache::default(),
            collector: Collector::default(),
            generation: 0,
            len: 0,
            shared_len: 0,
            sys_len: 0,
            wire_bytes: 0,
            cost: 0,
        }
    }

    /// The number of subscriptions: pairs of a session and a filter.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// How many of them are parts of shared subscriptions.
    pub(crate) fn shared_len(&self) -> u64 {
        self.shared_len
    }

    /// How many of them are about `$SYS`.
    pub(crate) fn sys_len(&self) -> u64 {
        self.sys_len
    }

    /// What the subscriptions took on the wire: for each the filter with its length, and the options.
    #[cfg(test)]
    pub(crate) fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    /// Subscribes `session` to `filter`, or gives its subscription other options and another Subscription
    /// Identifier [MQTT-3.8.4-3].
    pub(crate) fn insert(
        &mut self,
        filter: &TopicFilter,
        session: SessionKey,
        options: SubscriptionOptions,
        id: Option<u32>,
    ) -> Inserted {
        let entry = Match::new(session, options, id);
        let (inserted, concerns_matches) = match self.groups.find(filter) {
            Some(group) => (self.groups.join(group, entry), false),
            None => {
                let hash = levels::hash(&self.hasher, filter.filter());
                let leaf = match filter.is_wildcard() {
                    true => self.trie.leaf_or_insert(filter),
                    false => self.exact.leaf_or_insert(hash, filter.filter()),
                };
                match filter.share_name() {
                    Some(_) => {
                        let group = self.groups.create(filter);
                        leaf.groups.push(group);
                        (self.groups.join(group, entry), true)
                    }
                    None => (leaf.subscribers.insert(entry), true),
                }
            }
        };
        if concerns_matches {
            self.forget_matches(filter);
        }
        if inserted == Inserted::New {
            self.len += 1;
            self.shared_len += u64::from(filter.share_name().is_some());
            self.sys_len += u64::from(is_watched_by(filter));
            self.wire_bytes += wire_bytes(filter);
        }
        inserted
    }

    /// Ends the subscription of `session` to `filter`; whether there was one [MQTT-3.10.4-1].
    pub(crate) fn remove(&mut self, filter: &TopicFilter, session: SessionKey) -> bool {
        let removed = match filter.share_name() {
            Some(_) => self.leave_group(filter, session),
            None => self.change_leaf(filter, |leaf| leaf.subscribers.remove(session)),
        };
        if removed {
            self.len -= 1;
            self.shared_len -= u64::from(filter.share_name().is_some());
            self.sys_len -= u64::from(is_watched_by(filter));
            self.wire_bytes -= wire_bytes(filter);
        }
        removed
    }

    /// All that a message to `topic` goes to.
    ///
    /// A lookup in the cache; else a walk through the trie, which takes time with the number of its nodes whose
    /// path matches a beginning of the topic, and with the number of subscriptions that match. This is the one thing that
    /// is never left to a later call: subscriptions made for it, such as all combinations of `+` and `a` in 16 levels,
    /// make one lookup take about 0.2 µs for each node, though it is paid for afterwards and found in the cache.
    pub(crate) fn matches(&mut self, topic: &TopicName) -> Rc<Matches> {
        let hash = levels::hash(&self.hasher, topic);
        if let Some(matches) = self.cache.find(hash, topic, self.generation) {
            return matches;
        }
        if let Some(leaf) = self.exact.leaf(hash, topic) {
            self.collector.add(leaf);
        }
        let visited = self.trie.walk(topic, |_, leaf| self.collector.add(leaf));
        let matches = self.collector.finish();
        self.cost += u64::from(visited) + matches.len();
        self.cache.insert(hash, topic, self.generation, &matches);
        matches
    }

    /// The member of `group` that gets the next message: of those that `readiness` puts first, the one whose turn it is.
    ///
    /// Turns follow the order of the keys and start after the member chosen last. `None` when `readiness` is `None` for
    /// all, or the group is no more. Of a group of more than 1000 members, the next 1000 are looked at.
    pub(crate) fn choose(
        &mut self,
        group: GroupKey,
        mut readiness: impl FnMut(&Match) -> Option<Readiness>,
    ) -> Option<Match> {
        let cost = &mut self.cost;
        self.groups.choose(group, |member| {
            *cost += 1;
            readiness(member)
        })
    }

    /// The shared subscription of a filter, if it is one and has a member.
    pub(crate) fn group(&self, filter: &TopicFilter) -> Option<GroupKey> {
        self.groups.find(filter)
    }

    /// What the lookups and choices since the last call cost beyond a lookup in the cache, in deliveries.
    pub(crate) fn take_cost(&mut self) -> u32 {
        let cost = u32::try_from(self.cost / ENTRIES_PER_COST).unwrap_or(u32::MAX);
        self.cost %= ENTRIES_PER_COST;
        cost
    }

    /// The filter of a shared subscription, `$share/{ShareName}/…`.
    pub(crate) fn shared_filter(&self, group: GroupKey) -> Option<&TopicFilter> {
        self.groups.filter(group)
    }

    /// Through which of its filters `session` would get a message to `topic`; shared ones included, whether or not
    /// it would be this session's turn.
    pub(crate) fn filters_matching(&self, session: SessionKey, topic: &TopicName) -> Vec<TopicFilter> {
        let mut filters = Vec::new();
        if let Some(leaf) = self.exact.leaf(levels::hash(&self.hasher, topic), topic) {
            if leaf.subscribers.contains(session) {
                filters.push(TopicFilter::from(topic));
            }
            filters.extend(self.groups.filters_of(leaf, session).cloned());
        }
        self.trie.walk_shared(topic, |place, leaf| {
            if leaf.subscribers.contains(session) {
                filters.extend(TopicFilter::try_from(self.trie.filter_at(place)));
            }
            filters.extend(self.groups.filters_of(leaf, session).cloned());
        });
        filters
    }

    fn leave_group(&mut self, filter: &TopicFilter, session: SessionKey) -> bool {
        let Some(group) = self.groups.find(filter) else { return false };
        if !self.groups.leave(group, session) {
            return false;
        }
        if self.groups.remove_if_empty(group) {
            self.change_leaf(filter, |leaf| {
                leaf.groups.retain(|other| *other != group);
                true
            });
        }
        true
    }

    /// Changes what is at `filter`, if there is anything, and frees it when nothing is left; `change` says whether it
    /// has.
    fn change_leaf(&mut self, filter: &TopicFilter, change: impl FnOnce(&mut Leaf) -> bool) -> bool {
        let changed = match filter.is_wildcard() {
            true => self.trie.change_leaf(filter, change),
            false => {
                let hash = levels::hash(&self.hasher, filter.filter());
                self.exact.change_leaf(hash, filter.filter(), change)
            }
        };
        if changed {
            self.forget_matches(filter);
        }
        changed
    }

    fn forget_matches(&mut self, filter: &TopicFilter) {
        if filter.is_wildcard() {
            self.generation += 1;
        } else {
            self.cache.forget(levels::hash(&self.hasher, filter.filter()), filter.filter());
        }
    }
}

fn wire_bytes(filter: &TopicFilter) -> u64 {
    filter.as_str().len() as u64 + 3
}

#[cfg(test)]
mod tests;
