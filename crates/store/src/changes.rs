//! Records as bytes: the way they are gathered, carried between two workers of a tab, and kept in the journal.
//!
//! A record is its table in one byte, the lengths of key and value in four each, the lowest first, then key and value. A length
//! of all ones says that the record is deleted.

use std::fmt;

use bytes::Bytes;
use lacewing_broker::{Change, Record, Seq, Table};

/// The bytes are not packed records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these are not packed records")]
pub struct Malformed;

/// Bytes in front of a record's key.
const HEAD: usize = 9;
const DELETED: u32 = u32::MAX;
/// Bytes in front of the first record: the number of the last one.
const NUMBER: usize = 8;
/// The bit of that number that says that what was there before goes.
const REPLACES: u64 = 1 << 63;

/// Appends a record to `bytes`.
///
/// A key or value of 4 GiB or more cannot be said; the broker makes none, since no packet is as long.
pub fn pack(Record { table, key, change }: &Record, bytes: &mut Vec<u8>) {
    let (length, value) = match change {
        Change::Put(value) => (value.len() as u32, &value[..]),
        Change::Delete => (DELETED, &[][..]),
    };
    bytes.reserve(HEAD + key.len() + value.len());
    bytes.push(*table as u8);
    bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(value);
}

/// Takes the next record off `bytes`, which must not be empty; its key and value are parts of them.
///
/// # Errors
/// See [`Malformed`]; nothing more can be taken then.
pub fn unpack(bytes: &mut Bytes) -> Result<Record, Malformed> {
    let (Parts { table, key, value }, rest) = first(bytes)?;
    let (key, value) = (bytes.slice_ref(key), value.map(|value| bytes.slice_ref(value)));
    *bytes = bytes.slice_ref(rest);
    Ok(Record { table, key, change: value.map_or(Change::Delete, Change::Put) })
}

/// What a packed record says; without a value that it is deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) table: Table,
    pub(crate) key: &'a [u8],
    pub(crate) value: Option<&'a [u8]>,
}

/// The first of packed records, and the others.
fn first(bytes: &[u8]) -> Result<(Parts<'_>, &[u8]), Malformed> {
    let (&[table, ref lengths @ ..], rest) = bytes.split_first_chunk::<HEAD>().ok_or(Malformed)?;
    let table = Table::ALL.into_iter().find(|known| *known as u8 == table).ok_or(Malformed)?;
    let [a, b, c, d, e, f, g, h] = *lengths;
    let (key, value) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    let (key, rest) = rest.split_at_checked(key as usize).ok_or(Malformed)?;
    if value == DELETED {
        return Ok((Parts { table, key, value: None }, rest));
    }
    let (value, rest) = rest.split_at_checked(value as usize).ok_or(Malformed)?;
    Ok((Parts { table, key, value: Some(value) }, rest))
}

/// Records that become durable together, packed as they come: whoever gathers them does nothing else with them.
///
/// Of several records with one key the last counts.
#[derive(Clone, Default)]
pub struct Changes {
    /// Empty, or the number of the last record and the records.
    bytes: Vec<u8>,
    records: u64,
    last: Seq,
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
    pub fn push(&mut self, seq: Seq, record: &Record) {
        if self.bytes.is_empty() {
            self.bytes.resize(NUMBER, 0);
        }
        self.last = self.last.max(seq);
        self.records += 1;
        pack(record, &mut self.bytes);
    }

    /// Everything up to this number is durable once these are.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// Whether there is nothing to make durable.
    pub fn is_empty(&self) -> bool {
        self.records == 0 && !self.replaces
    }

    /// How many records came.
    pub fn len(&self) -> u64 {
        self.records
    }

    /// How much memory they take, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The records, packed one after another.
    pub(crate) fn packed(&self) -> &[u8] {
        self.bytes.get(NUMBER..).unwrap_or_default()
    }

    /// The records that count, in the order of tables and keys.
    pub(crate) fn in_order(&self) -> Vec<Parts<'_>> {
        let (mut records, mut rest) = (Vec::new(), self.packed());
        while let Ok((record, others)) = first(rest) {
            records.push(record);
            rest = others;
        }
        // It is stable: of those with one key the last to come is first.
        records.reverse();
        records.sort_by_key(|record| (record.table, record.key));
        records.dedup_by_key(|record| (record.table, record.key));
        records
    }

    /// The changes as bytes, for [`Changes::from_bytes`].
    pub fn into_bytes(mut self) -> Vec<u8> {
        let number = self.last.0 | if self.replaces { REPLACES } else { 0 };
        self.bytes.resize(self.bytes.len().max(NUMBER), 0);
        self.bytes[..NUMBER].copy_from_slice(&number.to_le_bytes());
        self.bytes
    }

    /// The changes in such bytes.
    ///
    /// # Errors
    /// See [`Malformed`].
    pub fn from_bytes(bytes: Bytes) -> Result<Self, Malformed> {
        let (number, mut rest) = bytes.split_first_chunk::<NUMBER>().ok_or(Malformed)?;
        let (number, mut records) = (u64::from_le_bytes(*number), 0);
        while !rest.is_empty() {
            (_, rest) = first(rest)?;
            records += 1;
        }
        let (last, replaces) = (Seq(number & !REPLACES), number & REPLACES != 0);
        Ok(Self { bytes: bytes.into(), records, last, replaces })
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("records", &self.records)
            .field("last", &self.last)
            .field("replaces", &self.replaces)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered() -> Changes {
        let mut changes = Changes::default();
        let values = [Change::Put(Bytes::from_static(b"on")), Change::Put(Bytes::new()), Change::Delete];
        for (table, change) in Table::ALL.into_iter().zip(values.into_iter().cycle()) {
            let key = Bytes::from(vec![table as u8; table as usize % 3]);
            changes.push(Seq(u64::from(table as u8)), &Record { table, key, change });
        }
        changes
    }

    #[test]
    fn changes_are_the_same_after_the_way() {
        let changes = gathered();
        assert_eq!((changes.len(), changes.last(), changes.is_empty()), (7, Seq(7), false));
        let there = Changes::from_bytes(changes.clone().into_bytes().into()).unwrap();
        assert_eq!((there.len(), there.last(), there.replaces()), (7, Seq(7), false));
        assert_eq!((there.bytes(), there.packed()), (changes.bytes(), changes.packed()));
        let nothing = Changes::from_bytes(Changes::default().into_bytes().into()).unwrap();
        assert!(nothing.is_empty() && nothing.packed().is_empty());
    }

    #[test]
    fn changes_that_replace_everything_still_do_after_the_way() {
        let mut changes = Changes::replacing();
        assert!(!changes.is_empty());
        let there = Changes::from_bytes(changes.clone().into_bytes().into()).unwrap();
        assert_eq!((there.replaces(), there.len(), there.last()), (true, 0, Seq(0)));
        let change = Change::Put(Bytes::from_static(b"on"));
        changes.push(Seq(9), &Record { table: Table::Retained, key: Bytes::from_static(b"lamp"), change });
        let there = Changes::from_bytes(changes.into_bytes().into()).unwrap();
        assert_eq!((there.replaces(), there.len(), there.last()), (true, 1, Seq(9)));
    }

    #[test]
    fn of_several_changes_of_one_key_the_last_counts() {
        let mut changes = Changes::default();
        for (seq, (key, value)) in (1..).zip([("b", "1"), ("a", "1"), ("a", "3"), ("b", "2"), ("a", "")]) {
            let put = Change::Put(Bytes::from_static(value.as_bytes()));
            let change = if value.is_empty() { Change::Delete } else { put };
            let key = Bytes::from_static(key.as_bytes());
            changes.push(Seq(seq), &Record { table: Table::Message, key, change });
        }
        let left: Vec<_> = changes.in_order().iter().map(|parts| (parts.key, parts.value)).collect();
        assert_eq!((changes.len(), left), (5, vec![(&b"a"[..], None), (b"b", Some(&b"2"[..]))]));
    }

    #[test]
    fn bytes_that_were_cut_or_changed_are_an_error_or_other_records_and_never_a_panic() {
        let whole = gathered().into_bytes();
        for length in 0..whole.len() {
            let _ = Changes::from_bytes(Bytes::copy_from_slice(&whole[..length]));
        }
        for at in NUMBER..whole.len() {
            for byte in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut other = whole.clone();
                other[at] = byte;
                let _ = Changes::from_bytes(other.into());
            }
        }
        assert!(Changes::from_bytes(Bytes::copy_from_slice(&whole[..whole.len() - 1])).is_err());
    }
}
