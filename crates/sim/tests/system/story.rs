//! What happened in a run, line by line: one number for all of it, and the lines themselves when somebody wants to read.

use std::fmt::{Arguments, Write};

pub(crate) struct Story {
    hash: Fnv,
    is_told: bool,
}

impl Story {
    /// A story that is printed as it happens if it `is_told`.
    pub(crate) fn new(is_told: bool) -> Self {
        Self { hash: Fnv(0xcbf2_9ce4_8422_2325), is_told }
    }

    pub(crate) fn tell(&mut self, now: u64, line: Arguments<'_>) {
        if self.is_told {
            eprintln!("{:>10.3} ms  {line}", now as f64 / 1000.0);
        }
        self.number(now);
        self.hash.write_fmt(line).unwrap();
    }

    /// Bytes that went over a wire: part of the story, and too many to print.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.number(u64::from_le_bytes(word));
        }
    }

    /// The same for the same story.
    pub(crate) fn hash(&self) -> u64 {
        self.hash.0
    }

    fn number(&mut self, number: u64) {
        self.hash.0 = (self.hash.0 ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
}

struct Fnv(u64);

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }
}
