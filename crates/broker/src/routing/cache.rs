use std::rc::Rc;

use hashbrown::HashTable;

use super::matches::Matches;

/// At most so many topics are remembered.
const TOPICS: usize = 16_384;

/// At most so many bytes of topics and matches are remembered, but always one topic.
const WEIGHT: u64 = 4 << 20;

/// What the topics used of late have matched.
///
/// When it is full it makes room by the clock rule: a hand goes round the slots and takes out the first topic that was
/// not asked for since the hand was there last.
#[derive(Debug, Default)]
pub(super) struct MatchCache {
    slots: Vec<Slot>,
    /// The indices of the slots, by the hash of their topic.
    by_topic: HashTable<u32>,
    hand: usize,
    weight: u64,
}

#[derive(Debug)]
struct Slot {
    hash: u64,
    topic: Box<str>,
    /// The generation of the subscriptions in which this matched.
    generation: u64,
    matches: Rc<Matches>,
    asked_for: bool,
}

impl MatchCache {
    pub(super) fn find(&mut self, hash: u64, topic: &str, generation: u64) -> Option<Rc<Matches>> {
        let index = self.index(hash, topic)?;
        let slot = &mut self.slots[index];
        if slot.generation != generation {
            return None;
        }
        slot.asked_for = true;
        Some(slot.matches.clone())
    }

    pub(super) fn insert(&mut self, hash: u64, topic: &str, generation: u64, matches: &Rc<Matches>) {
        if let Some(index) = self.index(hash, topic) {
            let slot = &mut self.slots[index];
            self.weight -= slot.weight();
            slot.matches = matches.clone();
            slot.generation = generation;
            self.weight += slot.weight();
            while self.weight > WEIGHT && self.slots.len() > 1 {
                self.evict();
            }
            return;
        }
        let slot = Slot { hash, topic: topic.into(), generation, matches: matches.clone(), asked_for: false };
        let weight = slot.weight();
        while !self.slots.is_empty() && (self.slots.len() >= TOPICS || self.weight + weight > WEIGHT) {
            self.evict();
        }
        let slots = &self.slots;
        self.by_topic.insert_unique(hash, slots.len() as u32, |index| slots[*index as usize].hash);
        self.slots.push(slot);
        self.weight += weight;
    }

    pub(super) fn forget(&mut self, hash: u64, topic: &str) {
        if let Some(index) = self.index(hash, topic) {
            self.remove(index);
        }
    }

    fn index(&self, hash: u64, topic: &str) -> Option<usize> {
        let same = |index: &u32| {
            let slot = &self.slots[*index as usize];
            slot.hash == hash && &*slot.topic == topic
        };
        self.by_topic.find(hash, same).map(|index| *index as usize)
    }

    fn evict(&mut self) {
        loop {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let slot = &mut self.slots[self.hand];
            if !slot.asked_for {
                return self.remove(self.hand);
            }
            slot.asked_for = false;
            self.hand += 1;
        }
    }

    /// The last slot takes the place of the removed one.
    fn remove(&mut self, index: usize) {
        let last = self.slots.len() - 1;
        let moved = self.slots[last].hash;
        let slot = self.slots.swap_remove(index);
        self.weight -= slot.weight();
        if let Ok(entry) = self.by_topic.find_entry(slot.hash, |other| *other as usize == index) {
            entry.remove();
        }
        if index != last
            && let Some(entry) = self.by_topic.find_mut(moved, |other| *other as usize == last)
        {
            *entry = index as u32;
        }
    }
}

impl Slot {
    fn weight(&self) -> u64 {
        self.topic.len() as u64 + self.matches.weight() + 64
    }
}
