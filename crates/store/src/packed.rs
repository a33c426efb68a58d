//! Records as bytes, for the way between two workers of a tab.
//!
//! A record is its table in one byte, the lengths of key and value in four each, the lowest first, then key and value. A length
//! of all ones says that the record is deleted.

use bytes::{Buf, Bytes};
use lacewing_broker::{Change, Record, Seq, Table};

use crate::{Changes, Lot};

/// The bytes are not packed records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these are not packed records")]
pub struct Malformed;

const HEAD: usize = 9;
const DELETED: u32 = u32::MAX;
/// The bit of a lot's number that says so.
const REPLACES: u64 = 1 << 63;

/// Appends a record to `bytes`.
///
/// A key or value of 4 GiB or more cannot be said; the broker makes none, since no packet is as long.
pub fn pack(table: Table, key: &[u8], change: &Change, bytes: &mut Vec<u8>) {
    let (length, value) = match change {
        Change::Put(value) => (value.len() as u32, &value[..]),
        Change::Delete => (DELETED, &[][..]),
    };
    bytes.reserve(HEAD + key.len() + value.len());
    bytes.push(table as u8);
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
    let Some((&[table, ref lengths @ ..], _)) = bytes.split_first_chunk::<HEAD>() else {
        return Err(Malformed);
    };
    let table = Table::ALL.into_iter().find(|known| *known as u8 == table).ok_or(Malformed)?;
    let [a, b, c, d, e, f, g, h] = *lengths;
    let (key, value) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    bytes.advance(HEAD);
    let key = part(bytes, key)?;
    let change = if value == DELETED { Change::Delete } else { Change::Put(part(bytes, value)?) };
    Ok(Record { table, key, change })
}

fn part(bytes: &mut Bytes, length: u32) -> Result<Bytes, Malformed> {
    let length = length as usize;
    if length > bytes.len() { Err(Malformed) } else { Ok(bytes.split_to(length)) }
}

/// Changes as bytes: the number of the last, in eight, whose highest bit says that what was there before goes, and the records
/// as they came.
///
/// Whoever gathers here does nothing with them; of several with one key the last counts once they are [`Changes`] again.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    bytes: Vec<u8>,
    records: u64,
    replaces: bool,
}

impl Packed {
    /// The bytes, for [`Changes::unpack`].
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Lot for Packed {
    fn push(&mut self, seq: Seq, record: Record) {
        let last = (seq.0 | if self.replaces { REPLACES } else { 0 }).to_le_bytes();
        match self.bytes.first_chunk_mut() {
            Some(place) => *place = last,
            None => self.bytes.extend_from_slice(&last),
        }
        self.records += 1;
        pack(record.table, &record.key, &record.change, &mut self.bytes);
    }

    fn replacing() -> Self {
        Self { bytes: REPLACES.to_le_bytes().to_vec(), replaces: true, ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.records == 0 && !self.replaces
    }

    fn len(&self) -> u64 {
        self.records
    }

    fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl Changes {
    /// The changes in the bytes of [`Packed`] ones.
    ///
    /// # Errors
    /// See [`Malformed`].
    pub fn unpack(mut bytes: Bytes) -> Result<Self, Malformed> {
        let head = bytes.try_get_u64_le().map_err(|_| Malformed)?;
        let last = Seq(head & !REPLACES);
        let mut changes = if head & REPLACES == 0 { Self::default() } else { Self::replacing() };
        while !bytes.is_empty() {
            changes.push(last, unpack(&mut bytes)?);
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered<L: Lot>() -> L {
        let mut changes = L::default();
        let values = [Change::Put(Bytes::from_static(b"on")), Change::Put(Bytes::new()), Change::Delete];
        for (table, change) in Table::ALL.into_iter().zip(values.into_iter().cycle()) {
            let key = Bytes::from(vec![table as u8; table as usize % 3]);
            changes.push(Seq(u64::from(table as u8)), Record { table, key, change });
        }
        changes
    }

    #[test]
    fn changes_are_the_same_after_the_way() {
        let (packed, changes): (Packed, Changes) = (gathered(), gathered());
        assert_eq!(packed.len(), changes.len());
        let there = Changes::unpack(packed.into_bytes().into()).unwrap();
        assert_eq!((there.last(), there.bytes()), (Seq(7), changes.bytes()));
        assert_eq!(there.in_order(), changes.in_order());
    }

    #[test]
    fn changes_that_replace_everything_still_do_after_the_way() {
        let mut packed = <Packed as Lot>::replacing();
        assert!(!packed.is_empty());
        let there = Changes::unpack(packed.clone().into_bytes().into()).unwrap();
        assert_eq!((there.replaces(), there.len(), there.last()), (true, 0, Seq(0)));
        let change = Change::Put(Bytes::from_static(b"on"));
        packed.push(Seq(9), Record { table: Table::Retained, key: Bytes::from_static(b"lamp"), change });
        let there = Changes::unpack(packed.into_bytes().into()).unwrap();
        assert_eq!((there.replaces(), there.len(), there.last()), (true, 1, Seq(9)));
    }

    #[test]
    fn bytes_that_were_cut_or_changed_are_an_error_or_other_records_and_never_a_panic() {
        let whole = gathered::<Packed>().into_bytes();
        for length in 0..whole.len() {
            let _ = Changes::unpack(Bytes::copy_from_slice(&whole[..length]));
        }
        for at in 8..whole.len() {
            for byte in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut other = whole.clone();
                other[at] = byte;
                let _ = Changes::unpack(other.into());
            }
        }
        assert!(Changes::unpack(Bytes::copy_from_slice(&whole[..whole.len() - 1])).is_err());
    }
}
