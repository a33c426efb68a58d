//! Deadlines by key, cheap to move later.

use std::collections::BTreeSet;
use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

/// At most one deadline for each key, in whatever clock and unit the owner counts.
///
/// Moving a deadline later, which keep-alive does at every packet, writes one number: the key stays queued at its
/// earlier time, and [`pop_due`](Self::pop_due) queues it again when that time has come. Everything else costs the
/// logarithm of the number of keys. Memory follows the number of keys, however often they move.
#[derive(Debug)]
pub(crate) struct Deadlines<K> {
    deadlines: HashMap<K, Deadline, FixedState>,
    /// One entry for each key, at `Deadline::queued`.
    queue: BTreeSet<(u64, K)>,
}

#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: u64,
    /// Where the key stands in the queue: at `at`, or earlier when the deadline has been moved later.
    queued: u64,
}

impl<K: Copy + Ord + Hash> Deadlines<K> {
    pub(crate) fn new() -> Self {
        Self { deadlines: HashMap::default(), queue: BTreeSet::new() }
    }

    /// The number of keys with a deadline.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.deadlines.len()
    }

    /// Sets or moves the deadline of `key`.
    pub(crate) fn set(&mut self, key: K, at: u64) {
        match self.deadlines.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(Deadline { at, queued: at });
                self.queue.insert((at, key));
            }
            Entry::Occupied(mut occupied) => {
                let deadline = occupied.get_mut();
                deadline.at = at;
                if at < deadline.queued {
                    self.queue.remove(&(deadline.queued, key));
                    deadline.queued = at;
                    self.queue.insert((at, key));
                }
            }
        }
    }

    /// Forgets the deadline of `key`; whether there was one.
    pub(crate) fn clear(&mut self, key: K) -> bool {
        let Some(deadline) = self.deadlines.remove(&key) else { return false };
        self.queue.remove(&(deadline.queued, key))
    }

    /// The deadline of `key`.
    pub(crate) fn deadline(&self, key: K) -> Option<u64> {
        self.deadlines.get(&key).map(|deadline| deadline.at)
    }

    /// Takes the key whose deadline is earliest, if it is not later than `now`; of equal deadlines the smallest key.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<K> {
        loop {
            let &(queued, key) = self.queue.first().filter(|(queued, _)| *queued <= now)?;
            self.queue.remove(&(queued, key));
            let Entry::Occupied(mut occupied) = self.deadlines.entry(key) else { continue };
            let at = occupied.get().at;
            if at == queued {
                occupied.remove();
                return Some(key);
            }
            occupied.get_mut().queued = at;
            self.queue.insert((at, key));
        }
    }

    /// When to call [`pop_due`](Self::pop_due) next: never later than the earliest deadline, and earlier when that
    /// one has been moved. After `pop_due(now)` has returned `None` it is later than `now`.
    pub(crate) fn next(&self) -> Option<u64> {
        self.queue.first().map(|&(queued, _)| queued)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_deadlines_come_in_the_order_of_their_keys() {
        let mut deadlines = Deadlines::new();
        for key in [3, 1, 2] {
            deadlines.set(key, 10);
        }
        deadlines.set(0, 5);
        deadlines.set(0, 10);
        assert_eq!(std::iter::from_fn(|| deadlines.pop_due(10)).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn a_deadline_moved_at_every_packet_takes_no_more_memory() {
        let mut deadlines = Deadlines::new();
        for at in 0..10_000 {
            deadlines.set('k', at);
        }
        assert_eq!((deadlines.len(), deadlines.queue.len()), (1, 1));
        assert_eq!(deadlines.pop_due(9_998), None);
        assert_eq!(deadlines.next(), Some(9_999));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Set(u8, u64),
        Clear(u8),
        Pop(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..12u8, 0..40u64).prop_map(|(key, at)| Step::Set(key, at)),
            1 => (0..12u8).prop_map(Step::Clear),
            2 => (0..40u64).prop_map(Step::Pop),
        ]
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_sorted_list(steps in prop::collection::vec(step(), 0..200)) {
            let mut deadlines = Deadlines::new();
            let mut model = BTreeMap::<u8, u64>::new();
            for step in steps {
                match step {
                    Step::Set(key, at) => {
                        deadlines.set(key, at);
                        model.insert(key, at);
                    }
                    Step::Clear(key) => prop_assert_eq!(deadlines.clear(key), model.remove(&key).is_some()),
                    Step::Pop(now) => {
                        let due = model.iter().map(|(&key, &at)| (at, key)).min().filter(|(at, _)| *at <= now);
                        prop_assert_eq!(deadlines.pop_due(now), due.map(|(_, key)| key));
                        match due {
                            Some((_, key)) => drop(model.remove(&key)),
                            None => prop_assert!(deadlines.next().is_none_or(|next| next > now)),
                        }
                    }
                }
                prop_assert_eq!(deadlines.len(), model.len());
                prop_assert_eq!(deadlines.queue.len(), model.len());
                let earliest = model.values().min().copied();
                prop_assert!(deadlines.next() <= earliest && deadlines.next().is_some() == earliest.is_some());
                for key in 0..12 {
                    prop_assert_eq!(deadlines.deadline(key), model.get(&key).copied());
                }
            }
        }
    }
}
