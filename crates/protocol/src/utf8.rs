use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use bytestring::ByteString;

/// An MQTT UTF-8 Encoded String: at most 65 535 bytes of well-formed UTF-8 without U+0000 (§1.5.4).
///
/// Cloning one costs a reference count, not a copy: the text is a slice of the buffer it was read from and keeps that
/// buffer alive. What is kept for long is better [`compact`](Self::compact)ed.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf8String(ByteString);

/// Why a text cannot be an MQTT UTF-8 Encoded String.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Utf8Error {
    /// It has surrogates, overlong forms, code points above U+10FFFF or broken sequences [MQTT-1.5.4-1].
    IllFormed,
    /// It contains U+0000 [MQTT-1.5.4-2].
    ContainsNull,
    /// Its length does not fit the two bytes it has on the wire.
    TooLong,
}

impl Utf8Error {
    pub(crate) const fn problem(self) -> &'static str {
        match self {
            Self::IllFormed => "is not well-formed UTF-8",
            Self::ContainsNull => "contains the null character U+0000",
            Self::TooLong => "is longer than 65535 bytes",
        }
    }
}

impl fmt::Display for Utf8Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem())
    }
}

impl std::error::Error for Utf8Error {}

impl Utf8String {
    /// The longest string in bytes that has a place on the wire.
    pub const MAX_LEN: usize = u16::MAX as usize;

    /// The empty string.
    #[inline]
    pub const fn new() -> Self {
        Self(ByteString::new())
    }

    /// A string of the program's own text, without allocating.
    ///
    /// # Errors
    /// See [`Utf8Error`].
    pub fn from_static(text: &'static str) -> Result<Self, Utf8Error> {
        check(text.as_bytes())?;
        Ok(Self(ByteString::from_static(text)))
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its bytes, to be sliced or cloned without a copy.
    #[inline]
    pub fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }

    /// A copy in an allocation of exactly its size, so that 20 bytes do not keep a 64 KiB read buffer alive.
    pub fn compact(&self) -> Self {
        Self(ByteString::from(self.as_str()))
    }
}

fn check(bytes: &[u8]) -> Result<(), Utf8Error> {
    if bytes.len() > Utf8String::MAX_LEN {
        return Err(Utf8Error::TooLong);
    }
    // Without an early exit the compiler turns this into vector code.
    if bytes.iter().fold(false, |found, &byte| found | (byte == 0)) {
        return Err(Utf8Error::ContainsNull);
    }
    Ok(())
}

impl TryFrom<Bytes> for Utf8String {
    type Error = Utf8Error;

    #[inline]
    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        check(&bytes)?;
        ByteString::try_from(bytes).map(Self).map_err(|_| Utf8Error::IllFormed)
    }
}

impl TryFrom<&str> for Utf8String {
    type Error = Utf8Error;

    fn try_from(text: &str) -> Result<Self, Utf8Error> {
        check(text.as_bytes())?;
        Ok(Self(ByteString::from(text)))
    }
}

impl TryFrom<String> for Utf8String {
    type Error = Utf8Error;

    fn try_from(text: String) -> Result<Self, Utf8Error> {
        check(text.as_bytes())?;
        Ok(Self(ByteString::from(text)))
    }
}

impl Deref for Utf8String {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Utf8String {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Utf8String {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Utf8String {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Utf8String {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Utf8String {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Utf8String {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> Result<Utf8String, Utf8Error> {
        Utf8String::try_from(Bytes::from_static(bytes))
    }

    #[test]
    fn surrogates_overlong_forms_and_broken_sequences_are_ill_formed() {
        // [MQTT-1.5.4-1]
        for bytes in [
            &b"\xed\xa0\x80"[..], // U+D800
            b"\xed\xbf\xbf",      // U+DFFF
            b"\xc0\x80",          // U+0000 in two bytes
            b"\xe0\x80\xaf",      // an overlong slash
            b"\xf4\x90\x80\x80",  // above U+10FFFF
            b"a\xff",
            b"\xe2\x82", // cut off
        ] {
            assert_eq!(read(bytes), Err(Utf8Error::IllFormed), "{bytes:x?}");
        }
    }

    #[test]
    fn the_null_character_is_refused_and_no_other() {
        // [MQTT-1.5.4-2]; other control characters may be refused, and are not.
        assert_eq!(read(b"a\0b"), Err(Utf8Error::ContainsNull));
        assert!(read(b"\x01\x1f\x7f\xc2\x80\xef\xbf\xbf").is_ok());
    }

    #[test]
    fn a_byte_order_mark_is_text() {
        // [MQTT-1.5.4-3]
        assert_eq!(read(b"\xef\xbb\xbfa").unwrap(), "\u{feff}a");
    }

    #[test]
    fn the_longest_string_has_65535_bytes() {
        assert!(Utf8String::try_from("a".repeat(65_535)).is_ok());
        assert_eq!(Utf8String::try_from("a".repeat(65_536)), Err(Utf8Error::TooLong));
    }

    #[test]
    fn a_compact_copy_does_not_share_the_buffer() {
        let buffer = Bytes::from(vec![b'a'; 1000]);
        let slice = Utf8String::try_from(buffer.slice(10..20)).unwrap();
        let copy = slice.compact();
        assert_eq!(slice, copy);
        drop(slice);
        assert!(buffer.is_unique());
    }
}
