use std::collections::BTreeMap;
use std::ops::Bound;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use lacewing_protocol::TopicFilter;
use slab::Slab;

use super::levels::hash;
use super::matches::Match;
use super::{Inserted, SessionKey};

/// A shared subscription that has or had a member: a ShareName with a filter (§4.8.2). Not used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupKey {
    index: u32,
    stamp: u32,
}

/// The shared subscriptions and their members.
#[derive(Debug)]
pub(super) struct Groups {
    hasher: FixedState,
    groups: Slab<Group>,
    /// The indices of the groups, by their filter with its ShareName.
    by_filter: HashTable<u32>,
    created: u32,
}

/// How well a member can take a message, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Readiness {
    /// It is here, and the message goes out at once.
    Now,
    /// It is here, and the message has to wait.
    Behind,
    /// It is away.
    Away,
}

/// So many members are looked at for one message, so that a huge group of which nobody is ready costs no more.
const LOOKED_AT: usize = 1000;

#[derive(Debug)]
struct Group {
    stamp: u32,
    filter: TopicFilter,
    members: BTreeMap<SessionKey, Match>,
    /// The member that got the last message; it may have left since.
    last: Option<SessionKey>,
}

impl Groups {
    pub(super) fn new(hasher: FixedState) -> Self {
        Self { hasher, groups: Slab::new(), by_filter: HashTable::new(), created: 0 }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> u32 {
        self.groups.len() as u32
    }

    /// The group of `filter`; `None` also when it is not a shared one.
    pub(super) fn find(&self, filter: &TopicFilter) -> Option<GroupKey> {
        filter.share_name()?;
        let same = |index: &u32| self.groups[*index as usize].filter == *filter;
        let index = *self.by_filter.find(hash(&self.hasher, filter), same)?;
        Some(GroupKey { index, stamp: self.groups[index as usize].stamp })
    }

    pub(super) fn create(&mut self, filter: &TopicFilter) -> GroupKey {
        self.created = self.created.wrapping_add(1);
        let stamp = self.created;
        let group = Group { stamp, filter: filter.compact(), members: BTreeMap::new(), last: None };
        let index = self.groups.insert(group) as u32;
        let (hasher, groups) = (&self.hasher, &self.groups);
        let rehash = |index: &u32| hash(hasher, &groups[*index as usize].filter);
        self.by_filter.insert_unique(hash(hasher, filter), index, rehash);
        GroupKey { index, stamp }
    }

    pub(super) fn join(&mut self, group: GroupKey, member: Match) -> Inserted {
        match self.group_mut(group).and_then(|group| group.members.insert(member.session, member)) {
            None => Inserted::New,
            Some(_) => Inserted::Replaced,
        }
    }

    pub(super) fn leave(&mut self, group: GroupKey, session: SessionKey) -> bool {
        self.group_mut(group).is_some_and(|group| group.members.remove(&session).is_some())
    }

    pub(super) fn remove_if_empty(&mut self, key: GroupKey) -> bool {
        if self.group(key).is_none_or(|group| !group.members.is_empty()) {
            return false;
        }
        let group = self.groups.remove(key.index as usize);
        let hash = hash(&self.hasher, &group.filter);
        if let Ok(entry) = self.by_filter.find_entry(hash, |index| *index == key.index) {
            entry.remove();
        }
        true
    }

    /// The first in turn of those members that `readiness` puts first; it is asked about [`LOOKED_AT`] at most.
    pub(super) fn choose(
        &mut self,
        key: GroupKey,
        mut readiness: impl FnMut(&Match) -> Option<Readiness>,
    ) -> Option<Match> {
        let group = self.group_mut(key)?;
        let after = group.last.map_or(Bound::Unbounded, Bound::Excluded);
        let later = group.members.range((after, Bound::Unbounded));
        let earlier = group.last.map(|last| group.members.range(..=last));
        let mut best: Option<(Readiness, Match)> = None;
        let mut last = None;
        for (session, member) in later.chain(earlier.into_iter().flatten()).take(LOOKED_AT) {
            last = Some(*session);
            let Some(ready) = readiness(member) else { continue };
            if best.is_none_or(|(best, _)| ready < best) {
                best = Some((ready, *member));
            }
            if ready == Readiness::Now {
                break;
            }
        }
        // With nobody found, the next message looks further on.
        group.last = best.map(|(_, member)| member.session).or(last);
        best.map(|(_, member)| member)
    }

    pub(super) fn filter(&self, key: GroupKey) -> Option<&TopicFilter> {
        self.group(key).map(|group| &group.filter)
    }

    fn group(&self, key: GroupKey) -> Option<&Group> {
        self.groups.get(key.index as usize).filter(|group| group.stamp == key.stamp)
    }

    fn group_mut(&mut self, key: GroupKey) -> Option<&mut Group> {
        self.groups.get_mut(key.index as usize).filter(|group| group.stamp == key.stamp)
    }
}
