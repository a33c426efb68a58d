use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::rc::Rc;

use lacewing_protocol::TopicName;

use super::SessionKey;
use super::matches::{Match, Matches};
use super::subscribers::Leaf;
use super::trie::{Trie, Walk};

/// So many entries of a leaf are copied in one step.
const COPIED: u32 = 16;

/// What it takes to put an entry in its place among those of all leaves, in steps.
const MERGED: u32 = 8;

/// A lookup that takes more than one call: first a walk through the trie, then what it came to is put in order.
#[derive(Debug)]
pub(super) struct Search {
    /// The number of the message whose receivers are sought.
    pub(super) message: u64,
    pub(super) topic: TopicName,
    /// The generation of the subscriptions when it began.
    pub(super) generation: u64,
    /// Whether a subscription to just this topic came or went since.
    pub(super) is_outdated: bool,
    walk: Walk,
    found: Found,
}

#[derive(Debug, Default)]
struct Found {
    /// The entries of one leaf after the other, each in the order of their sessions.
    entries: Vec<Match>,
    /// What is left of each leaf: the next session, the index of its entry, and the leaf's end.
    leaves: BinaryHeap<Reverse<(SessionKey, u32, u32)>>,
    /// The entries of the session that comes next.
    overlapping: Vec<Match>,
    matches: Matches,
}

impl Search {
    /// A search in which `exact` is found already: what is subscribed to the topic itself.
    pub(super) fn new(
        message: u64,
        topic: &TopicName,
        generation: u64,
        walk: Walk,
        exact: Option<&Leaf>,
    ) -> Self {
        let mut found = Found::default();
        exact.map(|leaf| found.add(leaf));
        Self { message, topic: topic.compact(), generation, is_outdated: false, walk, found }
    }

    /// Goes on while there are `steps`; what was found once it is done.
    pub(super) fn go_on(&mut self, trie: &Trie, steps: &mut u32) -> Option<Rc<Matches>> {
        let Self { walk, topic, found, .. } = self;
        let is_done = trie.go_on(walk, topic, steps, |leaf| found.add(leaf)) && found.merge(steps);
        is_done.then(|| Rc::new(std::mem::take(&mut found.matches)))
    }
}

impl Found {
    /// Adds all that is subscribed to a filter; the steps that takes.
    fn add(&mut self, leaf: &Leaf) -> u32 {
        let start = self.entries.len();
        leaf.subscribers.extend_into(&mut self.entries);
        let first = self.entries.get(start).map(|entry| entry.session);
        self.leaves.extend(first.map(|first| Reverse((first, start as u32, self.entries.len() as u32))));
        self.matches.shared.extend_from_slice(&leaf.groups);
        (self.entries.len() - start + leaf.groups.len()) as u32 / COPIED
    }

    /// Goes on putting the entries in the order of their sessions; whether all are.
    fn merge(&mut self, steps: &mut u32) -> bool {
        while let Some(mut leaf) = self.leaves.peek_mut() {
            if *steps == 0 {
                return false;
            }
            *steps = steps.saturating_sub(MERGED);
            let Reverse((session, index, end)) = *leaf;
            match self.entries.get(index as usize + 1).filter(|_| index + 1 < end) {
                Some(next) => *leaf = Reverse((next.session, index + 1, end)),
                None => drop(PeekMut::pop(leaf)),
            }
            if self.overlapping.first().is_some_and(|one| one.session != session) {
                self.matches.merge(&self.overlapping);
                self.overlapping.clear();
            }
            self.overlapping.push(self.entries[index as usize]);
        }
        self.matches.merge(&self.overlapping);
        self.overlapping.clear();
        true
    }
}
