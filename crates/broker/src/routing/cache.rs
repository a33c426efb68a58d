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

#[cfg(test)]
mod tests {
    use lacewing_protocol::SubscriptionOptions;

    use super::super::SessionKey;
    use super::super::matches::Match;
    use super::*;

    /// What so many sessions with one subscription each come to.
    fn matches(sessions: u32) -> Rc<Matches> {
        let entry = |session| Match::new(SessionKey(session), SubscriptionOptions::default(), None);
        let mut matches = Matches::default();
        matches.merge(&(0..sessions).map(entry).collect::<Vec<_>>());
        Rc::new(matches)
    }

    /// Remembers what a topic matched; what it takes must be known and bounded.
    fn insert(cache: &mut MatchCache, number: u64, matches: &Rc<Matches>) {
        cache.insert(number, &number.to_string(), 0, matches);
        assert_eq!(cache.weight, cache.slots.iter().map(Slot::weight).sum::<u64>());
        assert!(cache.weight <= WEIGHT || cache.slots.len() == 1);
        assert!(cache.slots.len() <= TOPICS);
        assert!(find(cache, number).is_some());
    }

    fn find(cache: &mut MatchCache, number: u64) -> Option<Rc<Matches>> {
        cache.find(number, &number.to_string(), 0)
    }

    #[test]
    fn it_holds_as_many_bytes_as_it_may_and_always_one_topic() {
        let (mut cache, some, most) = (MatchCache::default(), matches(2000), matches(400_000));
        for number in 100..400 {
            insert(&mut cache, number, &some);
        }
        let each = some.weight() + 3 + 64;
        assert_eq!(cache.slots.len() as u64, WEIGHT / each);
        insert(&mut cache, 399, &matches(20_000));
        assert!(cache.slots.len() as u64 > WEIGHT / each - 12, "no more room was made than it took");
        insert(&mut cache, 399, &most);
        assert_eq!((cache.slots.len(), cache.by_topic.len()), (1, 1));
        insert(&mut cache, 400, &some);
        assert!(find(&mut cache, 399).is_none());
        cache.forget(400, "400");
        assert_eq!((cache.slots.len(), cache.by_topic.len(), cache.weight), (0, 0, 0));
    }

    #[test]
    fn what_is_asked_for_again_and_again_stays() {
        let (mut cache, none) = (MatchCache::default(), matches(0));
        for number in 0..3 * TOPICS as u64 {
            cache.insert(number, &number.to_string(), 0, &none);
            assert!(find(&mut cache, 7.min(number)).is_some(), "{number}");
        }
        assert_eq!((cache.slots.len(), cache.by_topic.len()), (TOPICS, TOPICS));
        assert!(find(&mut cache, 8).is_none());
    }

    #[test]
    fn topics_of_one_hash_are_two_topics_and_one_of_another_generation_is_not_known() {
        let mut cache = MatchCache::default();
        let (one, two) = (matches(1), matches(2));
        cache.insert(7, "a", 3, &one);
        cache.insert(7, "b", 3, &two);
        assert!(Rc::ptr_eq(&cache.find(7, "a", 3).unwrap(), &one));
        assert!(Rc::ptr_eq(&cache.find(7, "b", 3).unwrap(), &two));
        assert!(cache.find(7, "c", 3).is_none() && cache.find(7, "a", 4).is_none());
        cache.forget(7, "a");
        assert!(cache.find(7, "a", 3).is_none() && cache.find(7, "b", 3).is_some());
    }
}
