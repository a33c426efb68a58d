//! The Variable Byte Integer: seven bits a byte, least significant first, four bytes at most (§1.5.5).

/// The largest value that four bytes can say.
pub(crate) const MAX: u32 = 268_435_455;

/// What stands at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Varint {
    /// It may go on in bytes not seen yet.
    Incomplete,
    /// It goes on after its fourth byte.
    TooLong,
    /// A whole one.
    Value {
        value: u32,
        /// The bytes it takes.
        len: usize,
        /// Whether it takes the fewest bytes possible, which 5.0 demands [MQTT-1.5.5-1].
        minimal: bool,
    },
}

/// Reads the integer at the start of `bytes`.
#[inline]
pub(crate) fn read(bytes: &[u8]) -> Varint {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Varint::Value { value, len: index + 1, minimal: byte != 0 || index == 0 };
        }
    }
    if bytes.len() < 4 { Varint::Incomplete } else { Varint::TooLong }
}

/// The bytes that `value`, at most [`MAX`], takes.
#[inline]
pub(crate) const fn len(value: u32) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Sink;
    use bytes::BytesMut;
    use proptest::prelude::*;

    fn written(value: u32) -> BytesMut {
        let mut out = BytesMut::new();
        out.varint(value);
        out
    }

    #[test]
    fn the_borders_between_lengths_are_those_of_table_1_1() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (127, &[0x7F]),
            (128, &[0x80, 0x01]),
            (16_383, &[0xFF, 0x7F]),
            (16_384, &[0x80, 0x80, 0x01]),
            (2_097_151, &[0xFF, 0xFF, 0x7F]),
            (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
            (MAX, &[0xFF, 0xFF, 0xFF, 0x7F]),
        ] {
            assert_eq!(written(value), bytes);
            assert_eq!(len(value), bytes.len());
            assert_eq!(read(bytes), Varint::Value { value, len: bytes.len(), minimal: true });
        }
    }

    #[test]
    fn a_longer_form_than_needed_is_noticed() {
        // [MQTT-1.5.5-1]
        assert_eq!(read(&[0x80, 0x00]), Varint::Value { value: 0, len: 2, minimal: false });
        assert_eq!(read(&[0xFF, 0x80, 0x00]), Varint::Value { value: 127, len: 3, minimal: false });
    }

    #[test]
    fn a_fifth_byte_is_too_long_and_a_missing_one_incomplete() {
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80]), Varint::TooLong);
        assert_eq!(read(&[0x80, 0x80, 0x80]), Varint::Incomplete);
        assert_eq!(read(&[]), Varint::Incomplete);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in 0..=MAX) {
            let bytes = written(value);
            prop_assert_eq!(read(&bytes), Varint::Value { value, len: len(value), minimal: true });
        }
    }
}
