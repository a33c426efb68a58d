//! The Packet Identifiers a session has in use towards its client.

use std::collections::VecDeque;

use lacewing_protocol::PacketId;

/// The identifiers are 1024 words of 64, in a ring.
const WORDS: u16 = 1024;

/// Which Packet Identifiers are in use, and which one is next (§2.2.1).
///
/// Identifiers are given in turn, so that one is not used again until all others have been [MQTT-2.2.1-4]. It holds
/// one bit for each identifier between the oldest and the newest in use, at most 8 KiB, and next to nothing when
/// none is.
#[derive(Debug, Clone, Default)]
pub(crate) struct PacketIds {
    /// The words from `first` on, those that come after word 1023 being 0, 1, …; no zero word at either end.
    words: VecDeque<u64>,
    first: u16,
    used: u16,
    /// The identifier given last; 0 before the first.
    last: u16,
}

impl PacketIds {
    /// The number of identifiers in use.
    pub(crate) fn len(&self) -> u16 {
        self.used
    }

    /// Takes the next free identifier; `None` when all 65 535 are in use.
    pub(crate) fn allocate(&mut self) -> Option<PacketId> {
        if self.used == u16::MAX {
            return None;
        }
        let mut at = self.last.wrapping_add(1);
        loop {
            let word = at / 64;
            let mut free = !self.word(word) & (u64::MAX << (at % 64));
            if word == 0 {
                free &= !1;
            }
            if free != 0 {
                self.last = word * 64 + free.trailing_zeros() as u16;
                break;
            }
            at = (word * 64).wrapping_add(64);
        }
        let id = PacketId::new(self.last)?;
        self.insert(id);
        Some(id)
    }

    /// Marks `id` as in use, for a session that is restored; whether it was free.
    pub(crate) fn insert(&mut self, id: PacketId) -> bool {
        let word = id.value() / 64;
        self.reach(word);
        let offset = self.offset(word);
        let Some(bits) = self.words.get_mut(offset) else { return false };
        let bit = 1 << (id.value() % 64);
        if *bits & bit != 0 {
            return false;
        }
        *bits |= bit;
        self.used += 1;
        true
    }

    /// Makes `id` free again; whether it was in use.
    pub(crate) fn release(&mut self, id: PacketId) -> bool {
        let offset = self.offset(id.value() / 64);
        let Some(bits) = self.words.get_mut(offset) else { return false };
        let bit = 1 << (id.value() % 64);
        if *bits & bit == 0 {
            return false;
        }
        *bits &= !bit;
        self.used -= 1;
        self.trim();
        true
    }

    /// Whether `id` is in use.
    pub(crate) fn contains(&self, id: PacketId) -> bool {
        self.word(id.value() / 64) & (1 << (id.value() % 64)) != 0
    }

    fn word(&self, word: u16) -> u64 {
        self.words.get(self.offset(word)).copied().unwrap_or(0)
    }

    fn offset(&self, word: u16) -> usize {
        usize::from((word + WORDS - self.first) % WORDS)
    }

    /// Adds words at the nearer end until `word` is among them.
    fn reach(&mut self, word: u16) {
        if self.words.is_empty() {
            self.first = word;
        }
        let offset = self.offset(word);
        if offset < self.words.len() {
            return;
        }
        let behind = offset + 1 - self.words.len();
        let ahead = usize::from(WORDS) - offset;
        if behind <= ahead {
            self.words.resize(offset + 1, 0);
        } else {
            for _ in 0..ahead {
                self.words.push_front(0);
            }
            self.first = word;
        }
    }

    fn trim(&mut self) {
        while self.words.front() == Some(&0) {
            self.words.pop_front();
            self.first = (self.first + 1) % WORDS;
        }
        while self.words.back() == Some(&0) {
            self.words.pop_back();
        }
        if self.words.is_empty() && self.words.capacity() > 4 {
            self.words = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn id(value: u16) -> PacketId {
        PacketId::new(value).unwrap()
    }

    #[test]
    fn every_identifier_but_zero_is_given_once() {
        // [MQTT-2.2.1-4]: non-zero and unused.
        let mut ids = PacketIds::default();
        for value in 1..=u16::MAX {
            assert_eq!(ids.allocate(), Some(id(value)));
        }
        assert_eq!(ids.allocate(), None);
        ids.release(id(777));
        assert_eq!(ids.allocate(), Some(id(777)));
    }

    #[test]
    fn a_released_identifier_is_not_the_next_one() {
        let mut ids = PacketIds::default();
        for value in 1..=200 {
            assert_eq!(ids.allocate(), Some(id(value)));
            assert!(ids.release(id(value)));
            assert!(!ids.release(id(value)));
        }
        assert_eq!(ids.words.len(), 0);
    }

    #[test]
    fn after_the_last_identifier_comes_the_first_free_one() {
        let mut ids = PacketIds { last: 65_534, ..PacketIds::default() };
        ids.insert(id(1));
        assert_eq!([ids.allocate(), ids.allocate()], [Some(id(65_535)), Some(id(2))]);
        assert_eq!(ids.words.len(), 2);
    }

    #[test]
    fn a_window_of_identifiers_takes_as_many_bits() {
        let mut ids = PacketIds::default();
        let mut oldest = id(1);
        for _ in 0..200 {
            ids.allocate();
        }
        for _ in 0..200_000 {
            assert!(ids.release(oldest));
            ids.allocate();
            oldest = oldest.next();
            assert!(ids.words.len() <= 5);
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set(steps in prop::collection::vec((0..3u8, prop_oneof![1..200u16, 65_300..=65_535u16, 1..=65_535u16]), 0..300)) {
            let mut ids = PacketIds::default();
            let mut model = BTreeSet::new();
            for (step, value) in steps {
                match step {
                    0 => prop_assert_eq!(ids.insert(id(value)), model.insert(value)),
                    1 => prop_assert_eq!(ids.release(id(value)), model.remove(&value)),
                    _ => {
                        let given = ids.allocate().unwrap();
                        prop_assert!(model.insert(given.value()));
                    }
                }
                prop_assert_eq!(usize::from(ids.len()), model.len());
                prop_assert!(model.iter().all(|&value| ids.contains(id(value))));
                prop_assert!(!ids.contains(id(value)) || model.contains(&value));
            }
        }
    }
}
