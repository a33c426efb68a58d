//! LEB128 numbers of at most 32 bits, each with exactly one encoding.

use bytes::BufMut;

use crate::LinkError;

/// The most bytes a number takes.
pub(crate) const MAX_LEN: usize = 5;

pub(crate) fn put(out: &mut impl BufMut, mut value: u32) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// The number at the start of `bytes`, and its length.
pub(crate) fn read(bytes: &[u8]) -> Result<(u32, usize), LinkError> {
    let mut value = 0u32;
    for (at, &byte) in bytes.iter().take(MAX_LEN).enumerate() {
        let overflows = at == MAX_LEN - 1 && byte > 0x0f;
        let overlong = at > 0 && byte == 0;
        if overflows || overlong {
            return Err(LinkError::Varint);
        }
        value |= u32::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            return Ok((value, at + 1));
        }
    }
    Err(LinkError::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_with_their_length() {
        for (value, len) in [
            (0, 1),
            (127, 1),
            (128, 2),
            (16_383, 2),
            (16_384, 3),
            (2_097_152, 4),
            (268_435_456, 5),
            (u32::MAX, 5),
        ] {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(out.len(), len);
            assert_eq!(read(&out), Ok((value, len)));
        }
    }

    #[test]
    fn a_number_has_one_encoding_and_fits_32_bits() {
        assert_eq!(read(&[0x80, 0x00]), Err(LinkError::Varint));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x10]), Err(LinkError::Varint));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Err(LinkError::Varint));
        assert_eq!(read(&[0xff, 0xff]), Err(LinkError::Truncated));
        assert_eq!(read(&[]), Err(LinkError::Truncated));
    }
}
