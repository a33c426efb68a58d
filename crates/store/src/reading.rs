use std::cmp::Ordering;
use std::iter::Peekable;
use std::{fmt, slice, vec};

use bytes::Bytes;
use lacewing_broker::{Change, Record, Table};
use redb::{Range, ReadTransaction};

use crate::StoreError;
use crate::journal::Journal;
use crate::schema::{self, State};
use crate::seal::{self, Tally};
use crate::store::unsealed;

/// All records of a store, one at a time, as they were when the reading began.
///
/// What was read is to be used only after [`next`](Self::next) has said that there is no more: it then knows that all of
/// it was there.
pub struct Reading {
    transaction: ReadTransaction,
    journal: Journal,
    expected: Tally,
    found: Tally,
    left: slice::Iter<'static, Table>,
    table: Option<Merged>,
}

/// A table, and what the journal has changed in it, both in the order of keys.
struct Merged {
    table: Table,
    entries: Range<'static, &'static [u8], &'static [u8]>,
    /// The entry that is next.
    entry: Option<(Bytes, Bytes)>,
    changes: Peekable<vec::IntoIter<(Bytes, Change)>>,
}

impl Reading {
    pub(crate) fn new(transaction: ReadTransaction, state: State) -> Result<Self, StoreError> {
        let journal = Journal::read(&transaction, state)?;
        let (expected, found, left) = (state.tally, Tally::default(), Table::ALL.iter());
        Ok(Self { transaction, journal, expected, found, left, table: None })
    }

    /// How many records there should be, and how many were read; without those that the tables do not know of yet.
    pub fn progress(&self) -> (u64, u64) {
        (self.expected.records, self.found.records)
    }

    /// The next record; `None` after the last, if none is missing.
    ///
    /// # Errors
    /// A record is not what was written, or records are missing.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results hides that the end is one too")]
    pub fn next(&mut self) -> Result<Option<Record>, StoreError> {
        loop {
            if let Some(merged) = &mut self.table {
                if let Some((key, value)) = merged.next(&mut self.found)? {
                    return Ok(Some(Record { table: merged.table, key, change: Change::Put(value) }));
                }
                self.table = None;
            }
            let Some(&table) = self.left.next() else { break };
            let entries = self.transaction.open_table(schema::table(table))?.range::<&[u8]>(..)?;
            let changes = self.journal.of(table).into_iter().peekable();
            let mut merged = Merged { table, entries, entry: None, changes };
            merged.advance(&mut self.found)?;
            self.table = Some(merged);
        }
        if self.found != self.expected {
            return Err(StoreError::damaged(format!(
                "it should have {} records and has {}, or others",
                self.expected.records, self.found.records
            )));
        }
        Ok(None)
    }
}

impl Merged {
    /// Looks at the table's next entry, and counts it.
    fn advance(&mut self, found: &mut Tally) -> Result<(), StoreError> {
        self.entry = match self.entries.next() {
            Some(entry) => {
                let (key, sealed) = entry?;
                let (key, table) = (key.value(), self.table);
                let opened = seal::open(table as u8, key, sealed.value());
                let (value, seal) = opened.ok_or_else(|| unsealed(table))?;
                found.add(seal);
                Some((Bytes::copy_from_slice(key), Bytes::copy_from_slice(value)))
            }
            None => None,
        };
        Ok(())
    }

    /// What is next, as the journal says if it has a word on it.
    fn next(&mut self, found: &mut Tally) -> Result<Option<(Bytes, Bytes)>, StoreError> {
        loop {
            let order = match (self.changes.peek(), &self.entry) {
                (None, None) => return Ok(None),
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some((changed, _)), Some((key, _))) => changed.cmp(key),
            };
            let entry = self.entry.take();
            if order.is_lt() {
                self.entry = entry;
            } else {
                self.advance(found)?;
                if order.is_gt() {
                    return Ok(entry);
                }
            }
            if let Some((key, Change::Put(value))) = self.changes.next() {
                return Ok(Some((key, value)));
            }
        }
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("expected", &self.expected).field("found", &self.found).finish()
    }
}
