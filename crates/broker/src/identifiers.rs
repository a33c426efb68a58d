//! Sets of Packet Identifiers.

/// A set of Packet Identifiers, most of which are near each other: a client counts them up.
///
/// A bit each, in words of 64 that stand in order; there are at most 1024 words, and none without a bit.
#[derive(Debug, Default)]
pub(crate) struct Identifiers {
    words: Vec<Word>,
}

#[derive(Debug, Clone, Copy)]
struct Word {
    /// The identifiers in it, divided by 64.
    number: u16,
    bits: u64,
}

/// The number of an identifier's word, and its bit in it.
fn place(id: u16) -> (u16, u64) {
    (id / 64, 1 << (id % 64))
}

impl Identifiers {
    pub(crate) fn contains(&self, id: u16) -> bool {
        let (number, bit) = place(id);
        self.find(number).is_ok_and(|index| self.words[index].bits & bit != 0)
    }

    pub(crate) fn insert(&mut self, id: u16) {
        let (number, bit) = place(id);
        match self.find(number) {
            Ok(index) => self.words[index].bits |= bit,
            Err(index) => self.words.insert(index, Word { number, bits: bit }),
        }
    }

    /// Takes one out; whether it was there.
    pub(crate) fn remove(&mut self, id: u16) -> bool {
        let (number, bit) = place(id);
        let Ok(index) = self.find(number) else { return false };
        let word = &mut self.words[index];
        let was_there = word.bits & bit != 0;
        word.bits &= !bit;
        if word.bits == 0 {
            self.words.remove(index);
        }
        was_there
    }

    /// Takes the smallest out.
    pub(crate) fn pop(&mut self) -> Option<u16> {
        let smallest = self.iter().next()?;
        self.remove(smallest);
        Some(smallest)
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> {
        self.words.iter().flat_map(|word| {
            let set = (0..64).filter(|bit| word.bits & 1 << bit != 0);
            set.map(|bit| word.number * 64 + bit)
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Where the word stands, or where it would.
    fn find(&self, number: u16) -> Result<usize, usize> {
        self.words.binary_search_by_key(&number, |word| word.number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holds_what_a_set_would(steps in vec((any::<bool>(), prop_oneof![0..200_u16, any::<u16>()]), 0..200)) {
            let (mut identifiers, mut model) = (Identifiers::default(), BTreeSet::new());
            for (add, id) in steps {
                if add {
                    identifiers.insert(id);
                    model.insert(id);
                } else {
                    prop_assert_eq!(identifiers.remove(id), model.remove(&id));
                }
                prop_assert_eq!(identifiers.contains(id), model.contains(&id));
                prop_assert!(identifiers.iter().eq(model.iter().copied()));
            }
            while let Some(id) = identifiers.pop() {
                prop_assert_eq!(Some(id), model.pop_first());
            }
            prop_assert!(identifiers.is_empty() && model.is_empty());
        }
    }
}
