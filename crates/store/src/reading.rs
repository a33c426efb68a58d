use std::fmt;
use std::slice;

use bytes::Bytes;
use lacewing_broker::{Change, Record, Table};
use redb::{Range, ReadTransaction};

use crate::StoreError;
use crate::schema;
use crate::seal::{self, Tally};
use crate::store::unsealed;

type Entries = Range<'static, &'static [u8], &'static [u8]>;

/// All records of a store, one at a time, as they were when the reading began.
///
/// What was read is to be used only after [`next`](Self::next) has said that there is no more: it then knows that all of
/// it was there.
pub struct Reading {
    transaction: ReadTransaction,
    expected: Tally,
    found: Tally,
    left: slice::Iter<'static, Table>,
    table: Option<(Table, Entries)>,
}

impl Reading {
    pub(crate) fn new(transaction: ReadTransaction) -> Result<Self, StoreError> {
        let expected = schema::read(&transaction)?.tally;
        Ok(Self { transaction, expected, found: Tally::default(), left: Table::ALL.iter(), table: None })
    }

    /// How many records there should be, and how many were read.
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
            if let Some((table, range)) = &mut self.table {
                if let Some(entry) = range.next() {
                    let (key, sealed) = entry?;
                    let (key, table) = (key.value(), *table);
                    let (value, seal) =
                        seal::open(table, key, sealed.value()).ok_or_else(|| unsealed(table))?;
                    self.found.add(seal);
                    let change = Change::Put(Bytes::copy_from_slice(value));
                    return Ok(Some(Record { table, key: Bytes::copy_from_slice(key), change }));
                }
                self.table = None;
            }
            let Some(&table) = self.left.next() else { break };
            let opened = self.transaction.open_table(schema::table(table))?;
            self.table = Some((table, opened.range::<&[u8]>(..)?));
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

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("expected", &self.expected).field("found", &self.found).finish()
    }
}
