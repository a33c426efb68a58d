//! A checksum for each record, and one for all of them.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// Bytes that a seal takes behind a value.
pub(crate) const SEAL: usize = 8;

/// How many records there are, and the sum of their seals: a record that is lost, old or too many changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    pub(crate) digest: u64,
}

impl Tally {
    /// Counts one more record.
    pub(crate) fn add(&mut self, seal: u64) {
        self.records = self.records.wrapping_add(1);
        self.digest = self.digest.wrapping_add(seal);
    }

    /// Counts one record less.
    pub(crate) fn remove(&mut self, seal: u64) {
        self.records = self.records.wrapping_sub(1);
        self.digest = self.digest.wrapping_sub(seal);
    }
}

/// Writes a value with its seal over what `sealed` held; returns the seal.
pub(crate) fn seal(kind: u8, key: &[u8], value: &[u8], sealed: &mut Vec<u8>) -> u64 {
    let seal = checksum(kind, key, value);
    sealed.clear();
    sealed.extend_from_slice(value);
    sealed.extend_from_slice(&seal.to_le_bytes());
    seal
}

/// The value and the seal it carries, unless it is too short to have one.
pub(crate) fn split(sealed: &[u8]) -> Option<(&[u8], u64)> {
    let (value, seal) = sealed.split_last_chunk::<SEAL>()?;
    Some((value, u64::from_le_bytes(*seal)))
}

/// The value and its seal, if it is the one that the value got.
pub(crate) fn open<'a>(kind: u8, key: &[u8], sealed: &'a [u8]) -> Option<(&'a [u8], u64)> {
    split(sealed).filter(|(value, seal)| *seal == checksum(kind, key, value))
}

/// SipHash-1-3 over the parts, each with its length: the same on every target. What it is of, a table or something else, is its
/// kind.
pub(crate) fn checksum(kind: u8, key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(u64::from(kind), key.len() as u64);
    hasher.write(key);
    hasher.write(value);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use lacewing_broker::Table;

    use super::*;

    const WILL: u8 = Table::Will as u8;
    const SESSION: u8 = Table::Session as u8;

    #[test]
    fn a_seal_holds_for_its_kind_key_and_value_alone() {
        let mut sealed = Vec::new();
        let seal = seal(WILL, b"key", b"value", &mut sealed);
        assert_eq!(open(WILL, b"key", &sealed), Some((&b"value"[..], seal)));
        assert_eq!(open(SESSION, b"key", &sealed), None);
        assert_eq!(open(WILL, b"ke", &sealed), None);
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(open(WILL, b"key", &other), None);
        }
        assert_eq!(open(WILL, b"key", &sealed[..5]), None);
    }

    #[test]
    fn seals_are_the_same_on_every_target() {
        assert_eq!(checksum(3, b"key", b"value"), 5_928_988_710_860_652_418);
    }
}
