use lacewing_broker::{Change, Record, Seq};

use crate::Lot;

/// Records that become durable together.
///
/// Of several records with one key the last counts, so what is put and deleted while a commit runs is never written.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// As they came: whoever gathers them has no time to look for earlier ones with their keys.
    records: Vec<Record>,
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
        self.last = self.last.max(seq);
        self.bytes += record.key.len() as u64 + weight(&record.change) + OVERHEAD;
        self.records.push(record);
    }

    /// Everything up to this number is durable once these are.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// Whether there is nothing to make durable.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && !self.replaces
    }

    /// How many records came.
    pub fn len(&self) -> u64 {
        self.records.len() as u64
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The records that count, in the order of tables and keys.
    pub(crate) fn in_order(&self) -> Vec<&Record> {
        let mut records: Vec<&Record> = self.records.iter().rev().collect();
        // It is stable: of those with one key the last to come stays first.
        records.sort_by(|one, other| (one.table, &one.key).cmp(&(other.table, &other.key)));
        records.dedup_by(|later, kept| later.table == kept.table && later.key == kept.key);
        records
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

/// What a record takes beside its key and value.
const OVERHEAD: u64 = 96;

fn weight(change: &Change) -> u64 {
    match change {
        Change::Put(value) => value.len() as u64,
        Change::Delete => 0,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use lacewing_broker::Table;

    use super::*;

    fn record(key: &'static str, change: Change) -> Record {
        Record { table: Table::Message, key: Bytes::from_static(key.as_bytes()), change }
    }

    #[test]
    fn of_several_changes_of_one_key_the_last_is_left() {
        let mut changes = Changes::default();
        let values = ["b: one", "a: one", "a: three", "b: two", "a: gone"];
        for (seq, value) in (1..).zip(values) {
            let (key, value) = value.split_once(": ").unwrap();
            let put = Change::Put(Bytes::from_static(value.as_bytes()));
            changes.push(Seq(seq), record(key, if value == "gone" { Change::Delete } else { put }));
        }
        assert_eq!((changes.len(), changes.last()), (5, Seq(5)));
        assert_eq!(changes.bytes(), 5 * OVERHEAD + 5 + 3 + 3 + 5 + 3);
        let left = [record("a", Change::Delete), record("b", Change::Put(Bytes::from_static(b"two")))];
        assert_eq!(changes.in_order(), left.iter().collect::<Vec<_>>());
    }
}
