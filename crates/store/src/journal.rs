//! What was committed lately, as it came: the tables learn of it later, all at once.
//!
//! Most of what a broker records is gone again within milliseconds: a message is put, sent, acknowledged and deleted. Changing
//! the tables for each of these changes pages of four trees; appending the changes of a commit to a journal, as one entry, changes
//! one. So a commit is an entry, numbered as the commit is, and the store *posts* the journal to the tables when it has grown
//! to its limit: what was put and deleted meanwhile has come to nothing by then.

use std::collections::BTreeMap;

use bytes::Bytes;
use lacewing_broker::{Change, Table};
use redb::{ReadTransaction, TableDefinition, TableError, WriteTransaction};

use crate::StoreError;
use crate::changes::{Parts, unpack};
use crate::schema::{self, State};
use crate::seal;

/// No broker's table, so that an entry's seal is never a record's.
const KIND: u8 = 0x80;

const TABLE: TableDefinition<u64, &[u8]> = TableDefinition::new("journal");

/// The changes in the journal, of each key the last one.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    changes: BTreeMap<(Table, Bytes), Entry>,
    /// The last key of each of the broker's tables, in their order: what comes behind it is not in the table.
    ends: [Option<Bytes>; Table::ALL.len()],
    /// How many bytes its entries have.
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    change: Change,
    /// Whether the table is known to have no such key.
    is_new: bool,
}

impl Journal {
    /// One with nothing in it, before tables that end there.
    pub(crate) fn empty(ends: [Option<Bytes>; Table::ALL.len()]) -> Self {
        Self { ends, ..Self::default() }
    }

    /// The journal in the database: all commits after the one up to which the tables are.
    pub(crate) fn read(transaction: &ReadTransaction, state: State) -> Result<Self, StoreError> {
        let mut journal = Self::empty(schema::ends(|table| transaction.open_table(table))?);
        let entries = transaction.open_table(TABLE)?;
        let mut last = state.posted;
        for entry in entries.range::<u64>(..)? {
            let (number, sealed) = entry?;
            let number = number.value();
            let follows = last.checked_add(1) == Some(number);
            let opened = seal::open(KIND, &number.to_be_bytes(), sealed.value());
            let (packed, _) = opened.filter(|_| follows).ok_or_else(damaged)?;
            journal.add(packed)?;
            last = number;
        }
        if last == state.commits { Ok(journal) } else { Err(damaged()) }
    }

    /// Makes the table of an empty database.
    pub(crate) fn create(transaction: &WriteTransaction) -> Result<(), TableError> {
        transaction.open_table(TABLE).map(drop)
    }

    /// Appends the packed changes of the commit of this number to the database's journal.
    pub(crate) fn append(
        transaction: &WriteTransaction,
        number: u64,
        packed: &[u8],
        sealed: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        seal::seal(KIND, &number.to_be_bytes(), packed, sealed);
        transaction.open_table(TABLE)?.insert(number, &sealed[..])?;
        Ok(())
    }

    /// Empties the database's journal.
    pub(crate) fn clear(transaction: &WriteTransaction) -> Result<(), StoreError> {
        transaction.delete_table(TABLE)?;
        Ok(Self::create(transaction)?)
    }

    /// Takes what was appended.
    pub(crate) fn add(&mut self, packed: &[u8]) -> Result<(), StoreError> {
        self.bytes += packed.len() as u64;
        let mut rest = Bytes::copy_from_slice(packed);
        while !rest.is_empty() {
            let record = unpack(&mut rest).map_err(|_| damaged())?;
            self.change(record.table, record.key, record.change);
        }
        Ok(())
    }

    fn change(&mut self, table: Table, key: Bytes, change: Change) {
        use std::collections::btree_map::Entry::{Occupied, Vacant};
        let is_new = self.ends[schema::place(table)].as_ref().is_none_or(|end| key > end);
        match (self.changes.entry((table, key)), change) {
            (Occupied(entry), Change::Delete) if entry.get().is_new => drop(entry.remove()),
            (Occupied(mut entry), change) => entry.get_mut().change = change,
            (Vacant(_), Change::Delete) if is_new => {}
            (Vacant(entry), change) => drop(entry.insert(Entry { change, is_new })),
        }
    }

    /// How many bytes its entries have.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The changes, in the order of tables and keys; of each key there is one.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Parts<'_>> {
        self.changes.iter().map(|((table, key), Entry { change, .. })| {
            let value = match change {
                Change::Put(value) => Some(&value[..]),
                Change::Delete => None,
            };
            Parts { table: *table, key, value }
        })
    }

    /// The changes of a table, in the order of keys.
    pub(crate) fn of(&self, table: Table) -> Vec<(Bytes, Change)> {
        let from = (table, Bytes::new());
        let range = self.changes.range(from..).take_while(|((of, _), _)| *of == table);
        range.map(|((_, key), entry)| (key.clone(), entry.change.clone())).collect()
    }
}

fn damaged() -> StoreError {
    StoreError::damaged("its journal is not what was written")
}

#[cfg(test)]
mod tests {
    use lacewing_broker::{Record, Seq};

    use super::*;
    use crate::Changes;

    /// What is left of these changes of messages, before a table that ends with `b`; without a value they delete.
    fn left(changes: &[(&'static str, Option<&'static str>)]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let mut ends = [const { None }; Table::ALL.len()];
        ends[schema::place(Table::Message)] = Some(Bytes::from_static(b"b"));
        let (mut journal, mut packed) = (Journal::empty(ends), Changes::default());
        for (key, value) in changes {
            let value = value.map(|value| Change::Put(Bytes::from_static(value.as_bytes())));
            let (key, change) = (Bytes::from_static(key.as_bytes()), value.unwrap_or(Change::Delete));
            packed.push(Seq(1), &Record { table: Table::Message, key, change });
        }
        journal.add(packed.packed()).unwrap();
        assert_eq!(journal.bytes(), packed.packed().len() as u64);
        journal.changes().map(|Parts { key, value, .. }| (key.to_vec(), value.map(<[u8]>::to_vec))).collect()
    }

    #[test]
    fn what_is_put_behind_the_end_of_its_table_and_deleted_comes_to_nothing() {
        assert_eq!(left(&[("c", Some("1")), ("c", Some("2")), ("c", None), ("d", None)]), []);
        assert_eq!(
            left(&[("c", Some("1")), ("c", None), ("c", Some("2"))]),
            [(b"c".into(), Some(b"2".into()))]
        );
    }

    #[test]
    fn what_may_be_in_its_table_is_deleted_there() {
        assert_eq!(left(&[("a", Some("1")), ("a", None)]), [(b"a".into(), None)]);
        assert_eq!(left(&[("b", None), ("b", Some("1")), ("b", None)]), [(b"b".into(), None)]);
    }

    #[test]
    fn bytes_that_are_no_records_are_damage() {
        assert!(matches!(Journal::default().add(b"?"), Err(StoreError::Damaged(_))));
    }
}
