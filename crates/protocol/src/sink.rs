use bytes::{BufMut, BytesMut};

use crate::varint;

/// Where a packet is written to: a buffer, or a counter that finds out how long it will be.
///
/// Each packet describes its bytes once, for both.
pub(crate) trait Sink {
    fn u8(&mut self, value: u8);
    fn u16(&mut self, value: u16);
    fn u32(&mut self, value: u32);
    fn bytes(&mut self, bytes: &[u8]);

    /// A Variable Byte Integer of at most [`varint::MAX`].
    #[inline]
    fn varint(&mut self, mut value: u32) {
        while value > 0x7F {
            self.u8((value & 0x7F) as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8);
    }

    /// A string or Binary Data behind its two bytes of length; callers have checked that it is at most 65 535 long.
    #[inline]
    fn prefixed(&mut self, bytes: &[u8]) {
        self.u16(bytes.len() as u16);
        self.bytes(bytes);
    }
}

impl Sink for BytesMut {
    #[inline]
    fn u8(&mut self, value: u8) {
        self.put_u8(value);
    }

    #[inline]
    fn u16(&mut self, value: u16) {
        self.put_u16(value);
    }

    #[inline]
    fn u32(&mut self, value: u32) {
        self.put_u32(value);
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Counts bytes; 64 bits wide, so that nothing overflows on a 32-bit target.
#[derive(Debug, Default)]
pub(crate) struct Count(pub(crate) u64);

impl Sink for Count {
    #[inline]
    fn u8(&mut self, _: u8) {
        self.0 += 1;
    }

    #[inline]
    fn u16(&mut self, _: u16) {
        self.0 += 2;
    }

    #[inline]
    fn u32(&mut self, _: u32) {
        self.0 += 4;
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    #[inline]
    fn varint(&mut self, value: u32) {
        self.0 += varint::len(value) as u64;
    }
}
