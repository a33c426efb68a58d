use super::{BLOCK, Contents, END, IMAGE_VERSION, MAGIC, checksum};
use crate::{Change, Record, Table};

/// Makes the bytes of an image. [`take`](Self::take) them from time to time: what is not taken is kept.
#[derive(Debug)]
pub struct ImageWriter {
    made: Vec<u8>,
    /// The beginning of the next block.
    block: Vec<u8>,
    blocks: u64,
    contents: Contents,
}

impl Default for ImageWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl ImageWriter {
    /// An image without records.
    pub fn new() -> Self {
        let made = [&MAGIC[..], &IMAGE_VERSION.to_le_bytes()].concat();
        Self { made, block: Vec::new(), blocks: 0, contents: Contents::default() }
    }

    /// Adds a record. Each table and key comes once; one that says that something is gone is no part of a state and adds nothing.
    pub fn push(&mut self, Record { table, key, change }: &Record) {
        let Change::Put(value) = change else { return };
        self.contents.count(*table);
        self.block.push(*table as u8);
        self.number(key.len() as u64);
        self.block.extend_from_slice(key);
        self.number(value.len() as u64);
        self.block.extend_from_slice(value);
        let whole = self.block.len() - self.block.len() % BLOCK;
        let rest = self.block.split_off(whole);
        self.close_blocks();
        self.block = rest;
    }

    /// What was made since this was last called.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.made)
    }

    /// The last bytes, and what is in the image.
    pub fn finish(mut self) -> (Vec<u8>, Contents) {
        self.block.push(END);
        for table in Table::ALL {
            let records = *self.contents.of(table);
            self.number(records);
        }
        self.close_blocks();
        (self.made, self.contents)
    }

    fn number(&mut self, mut number: u64) {
        while number > 0x7F {
            self.block.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.block.push(number as u8);
    }

    fn close_blocks(&mut self) {
        for block in self.block.chunks(BLOCK) {
            self.made.extend_from_slice(&(block.len() as u32).to_le_bytes());
            self.made.extend_from_slice(block);
            self.made.extend_from_slice(&checksum(self.blocks, block).to_le_bytes());
            self.blocks += 1;
        }
    }
}
