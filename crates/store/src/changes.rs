use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;
use lacewing_broker::{Change, Record, Seq, Table};

use crate::Lot;

/// Records that become durable together.
///
/// Of several records with one key the last counts, so what is put and deleted while a commit runs is never written.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    by_key: BTreeMap<(Table, Bytes), Change>,
    last: Seq,
    bytes: u64,
    replaces: bool,
}

impl Changes {
    /// Changes that take the place of all that was there before.
    pub fn replacing() -> Self {
        Self { replaces: true, ..Self::default() }
    }

    /// Whether what was there before goes.
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// Adds a record. Their numbers ascend.
    pub fn push(&mut self, seq: Seq, record: Record) {
        let Record { table, key, change } = record;
        self.last = self.last.max(seq);
        self.bytes += weight(&change);
        match self.by_key.entry((table, key)) {
            Entry::Vacant(place) => {
                self.bytes += place.key().1.len() as u64 + OVERHEAD;
                place.insert(change);
            }
            Entry::Occupied(mut place) => self.bytes -= weight(&place.insert(change)),
        }
    }

    /// Everything up to this number is durable once these are.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// Whether there is nothing to make durable.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty() && !self.replaces
    }

    /// How many keys it changes.
    pub fn len(&self) -> u64 {
        self.by_key.len() as u64
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The changes in the order of tables and keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Table, &Bytes, &Change)> {
        self.by_key.iter().map(|((table, key), change)| (*table, key, change))
    }
}

impl Lot for Changes {
    fn replacing() -> Self {
        Self { replaces: true, ..Self::default() }
    }

    fn push(&mut self, seq: Seq, record: Record) {
        self.push(seq, record);
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn len(&self) -> u64 {
        self.len()
    }

    fn bytes(&self) -> u64 {
        self.bytes()
    }
}

/// What an entry takes beside its key and value.
const OVERHEAD: u64 = 96;

fn weight(change: &Change) -> u64 {
    match change {
        Change::Put(value) => value.len() as u64,
        Change::Delete => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &'static str, change: Change) -> Record {
        Record { table: Table::Message, key: Bytes::from_static(key.as_bytes()), change }
    }

    #[test]
    fn of_several_changes_of_one_key_the_last_is_left() {
        let mut changes = Changes::default();
        changes.push(Seq(1), record("a", Change::Put(Bytes::from_static(b"one"))));
        let after_one = changes.bytes();
        changes.push(Seq(2), record("a", Change::Put(Bytes::from_static(b"three"))));
        assert_eq!(changes.bytes(), after_one + 2);
        changes.push(Seq(3), record("a", Change::Delete));
        assert_eq!((changes.len(), changes.last()), (1, Seq(3)));
        assert_eq!(changes.bytes(), after_one - 3);
        assert!(changes.iter().all(|(_, _, change)| *change == Change::Delete));
    }
}
