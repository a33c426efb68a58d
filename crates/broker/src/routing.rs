//! Which sessions a message goes to.
//!
//! A filter without wildcards is found by the hash of the topic, one with wildcards by a walk through a
//! [trie](trie::Trie) of levels. What a topic matched is kept in a bounded [cache](cache::MatchCache): a subscription
//! without wildcards that comes or goes takes the one topic it concerns out of it, one with wildcards makes the
//! others be looked up anew. A lookup that takes long becomes a [search](search::Search), which later calls go on with. Shared subscriptions are kept apart in [groups](groups::Groups); their choice among the
//! members is made for each message and never cached.

mod cache;
mod chunks;
mod exact;
mod groups;
mod levels;
mod matches;
mod search;
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
use search::Search;
use subscribers::Leaf;
use trie::{NODE, Trie};

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
    /// The one lookup that later calls go on with.
    search: Option<Box<Search>>,
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
const ENTRIES_PER_COST: u32 = 16;

/// A lookup that comes to so many nodes of the trie is done at once, in less than half a millisecond.
const NODES_AT_ONCE: u32 = 2048;

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
            search: None,
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

    /// All that a message to `topic` goes to; `None` if it takes more than this call to find that, which
    /// [`seek`](Self::seek) then does.
    ///
    /// A lookup in the cache; else a walk through the trie, which takes time with the number of its nodes whose
    /// path matches a beginning of the topic, and with the number of subscriptions that match. Where the nodes are many, as
    /// when somebody subscribed to all combinations of `+` and `a` in 16 levels, the walk is given up, and made again as
    /// a search; that is slower, and the reason to try this first.
    pub(crate) fn matches(&mut self, message: u64, topic: &TopicName) -> Option<Rc<Matches>> {
        self.matches_within(message, topic, NODES_AT_ONCE)
    }

    fn matches_within(&mut self, message: u64, topic: &TopicName, nodes: u32) -> Option<Rc<Matches>> {
        let hash = levels::hash(&self.hasher, topic);
        if let Some(matches) = self.cache.find(hash, topic, self.generation) {
            return Some(matches);
        }
        let exact = self.exact.leaf(hash, topic);
        if let Some(leaf) = exact {
            self.collector.add(leaf);
        }
        let visited = self.trie.visit(topic, nodes, |leaf| self.collector.add(leaf));
        self.cost += u64::from(visited.unwrap_or(nodes) * NODE);
        if visited.is_some()
            && let Some(matches) = self.collector.finish()
        {
            self.cost += matches.len();
            self.cache.insert(hash, topic, self.generation, &matches);
            return Some(matches);
        }
        self.collector.clear();
        if self.search.is_none() {
            let search = Search::new(message, topic, self.generation, self.trie.walk(), exact);
            self.search = Some(Box::new(search));
        }
        None
    }

    /// Goes on finding what a message goes to that [`matches`](Self::matches) did not find, for about as much work as
    /// `budget` deliveries. To be called until it has found that.
    ///
    /// There is one search at a time, since each takes memory with what it finds; other messages wait for its end, and
    /// those to the same topic mostly find what it found in the cache. A subscription that is there from the publication
    /// until the receivers are found is among them; one that is made or ended meanwhile may be.
    pub(crate) fn seek(&mut self, message: u64, topic: &TopicName, budget: u32) -> Option<Rc<Matches>> {
        self.seek_within(message, topic, budget.saturating_mul(ENTRIES_PER_COST), NODES_AT_ONCE)
    }

    fn seek_within(
        &mut self,
        message: u64,
        topic: &TopicName,
        steps: u32,
        nodes: u32,
    ) -> Option<Rc<Matches>> {
        let Some(search) = &mut self.search else { return self.matches_within(message, topic, nodes) };
        let hash = levels::hash(&self.hasher, topic);
        if search.message != message {
            self.cost += u64::from(ENTRIES_PER_COST);
            return self.cache.find(hash, topic, self.generation);
        }
        let mut left = steps;
        let found = search.go_on(&self.trie, &mut left);
        self.cost += u64::from(steps - left);
        let matches = found?;
        if search.generation == self.generation && !search.is_outdated {
            self.cache.insert(hash, topic, self.generation, &matches);
        }
        self.search = None;
        Some(matches)
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
        let cost = u32::try_from(self.cost / u64::from(ENTRIES_PER_COST)).unwrap_or(u32::MAX);
        self.cost %= u64::from(ENTRIES_PER_COST);
        cost
    }

    /// The filter of a shared subscription, `$share/{ShareName}/…`.
    pub(crate) fn shared_filter(&self, group: GroupKey) -> Option<&TopicFilter> {
        self.groups.filter(group)
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
            return;
        }
        self.cache.forget(levels::hash(&self.hasher, filter.filter()), filter.filter());
        if let Some(search) = self.search.as_mut().filter(|search| *search.topic == *filter.filter()) {
            search.is_outdated = true;
        }
    }
}

fn wire_bytes(filter: &TopicFilter) -> u64 {
    filter.as_str().len() as u64 + 3
}

#[cfg(test)]
mod tests;
