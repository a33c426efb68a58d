//! The one buffer that every socket is read into: idle connections have none.

use std::io::{self, Read};

use bytes::BytesMut;

const SIZE: usize = 64 << 10;
/// A read gets at least this much room.
const ROOM: usize = 16 << 10;

/// 64 KiB that are shared by all reads of a turn.
#[derive(Debug)]
pub(crate) struct ReadBuffer {
    /// Initialised all through, because a safe read needs that.
    free: BytesMut,
}

/// What one read gave.
#[derive(Debug)]
pub(crate) struct ReadBytes {
    /// The bytes; none at the end of the stream.
    pub(crate) bytes: BytesMut,
    /// The read had room for more.
    pub(crate) short: bool,
}

impl ReadBuffer {
    /// An empty buffer.
    pub(crate) fn new() -> Self {
        Self { free: BytesMut::zeroed(SIZE) }
    }

    /// Reads once.
    pub(crate) fn read(&mut self, from: &mut impl Read) -> io::Result<ReadBytes> {
        if self.free.len() < ROOM {
            // Takes the old memory back when nothing of it is in use any more, as is usual after a turn.
            self.free.clear();
            self.free.reserve(SIZE);
            self.free.resize(SIZE, 0);
        }
        let room = self.free.len();
        loop {
            match from.read(&mut self.free) {
                Ok(len) => return Ok(ReadBytes { bytes: self.free.split_to(len), short: len < room }),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_follow_each_other_without_a_gap() {
        let data: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
        let mut from = &data[..];
        let mut buffer = ReadBuffer::new();
        let mut got = Vec::new();
        loop {
            let read = buffer.read(&mut (&mut from).take(10_000)).unwrap();
            if read.bytes.is_empty() {
                break;
            }
            assert!(read.short);
            got.extend_from_slice(&read.bytes);
        }
        assert_eq!(got, data);
    }

    #[test]
    fn a_read_that_fills_the_buffer_is_not_short() {
        let mut buffer = ReadBuffer::new();
        assert!(!buffer.read(&mut io::repeat(1)).unwrap().short);
    }
}
