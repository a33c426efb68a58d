use bytes::{Buf, Bytes, BytesMut};

use super::{
    BLOCK, CHECKSUM, Contents, END, HEAD, IMAGE_VERSION, ImageError, KEY_MAXIMUM, MAGIC, VALUE_MAXIMUM,
    checksum,
};
use crate::{Change, Record, Table};

/// Reads an image of which a part at a time comes.
///
/// Its records are to be used only after [`finish`](Self::finish) has said that all of it was there: an image is taken
/// as a whole or not at all. Beside the longest record it keeps one block and what was pushed and not yet read.
#[derive(Debug, Default)]
pub struct ImageReader {
    /// What came and was not checked yet.
    unchecked: BytesMut,
    /// What blocks hold of records that were not read yet.
    records: BytesMut,
    has_begun: bool,
    has_ended: bool,
    blocks: u64,
    /// Where in the image `unchecked` begins.
    at: u64,
    contents: Contents,
    failed: Option<ImageError>,
}

/// What is at the beginning of the bytes of records.
enum Item {
    /// A record, by the lengths of what is before its key, of its key, what is before its value, and its value.
    Record(Table, [usize; 4]),
    /// The end, and how long it is.
    End(Contents, usize),
    /// A part of something.
    Part,
}

/// What is wrong with bytes that no [`ImageWriter`](super::ImageWriter) wrote.
struct Wrong;

impl ImageReader {
    /// A reader to which nothing has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the image.
    pub fn push(&mut self, bytes: &[u8]) {
        self.unchecked.extend_from_slice(bytes);
    }

    /// The next record; `None` when more has to come first, or when there is no more.
    ///
    /// # Errors
    /// See [`ImageError`]. After one there are no more records.
    #[expect(clippy::should_implement_trait, reason = "it goes on after more was pushed")]
    pub fn next(&mut self) -> Result<Option<Record>, ImageError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let next = self.read();
        if let Err(error) = next {
            self.failed = Some(error);
        }
        next
    }

    /// What is in the image, if all of it was there and read.
    ///
    /// # Errors
    /// See [`ImageError`].
    pub fn finish(mut self) -> Result<Contents, ImageError> {
        while self.next()?.is_some() {}
        let read = self.at + self.unchecked.len() as u64;
        if self.has_ended { Ok(self.contents) } else { Err(ImageError::Short(read)) }
    }

    fn read(&mut self) -> Result<Option<Record>, ImageError> {
        loop {
            if self.has_ended {
                // Nothing comes after the end.
                let is_all = self.unchecked.is_empty() && self.records.is_empty();
                return if is_all { Ok(None) } else { Err(ImageError::Damaged(self.at)) };
            }
            match item(&self.records).map_err(|Wrong| ImageError::Damaged(self.at))? {
                Item::Record(table, lengths) => {
                    self.contents.count(table);
                    let [before_key, key, before_value, value] = lengths;
                    let mut take = |before, length| {
                        self.records.advance(before);
                        // A copy of its own, so that nothing keeps the rest alive.
                        Bytes::copy_from_slice(&self.records.split_to(length))
                    };
                    let (key, value) = (take(before_key, key), take(before_value, value));
                    return Ok(Some(Record { table, key, change: Change::Put(value) }));
                }
                Item::End(contents, len) => {
                    if contents != self.contents {
                        return Err(ImageError::Damaged(self.at));
                    }
                    self.records.advance(len);
                    self.has_ended = true;
                }
                Item::Part if self.read_block()? => {}
                Item::Part => return Ok(None),
            }
        }
    }

    /// Checks the next block; whether all of it has come.
    fn read_block(&mut self) -> Result<bool, ImageError> {
        if !self.has_begun && !self.begin()? {
            return Ok(false);
        }
        let Some(length) = self.unchecked.first_chunk::<4>() else { return Ok(false) };
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 || length > BLOCK {
            return Err(ImageError::Damaged(self.at));
        }
        let Some(rest) = self.unchecked.get(4..4 + length + CHECKSUM) else { return Ok(false) };
        let (block, sum) = rest.split_at(length);
        if sum != checksum(self.blocks, block).to_le_bytes() {
            return Err(ImageError::Damaged(self.at));
        }
        self.records.extend_from_slice(block);
        self.pass(4 + length + CHECKSUM);
        self.blocks += 1;
        Ok(true)
    }

    /// Checks what is in front of the blocks; whether it has come.
    fn begin(&mut self) -> Result<bool, ImageError> {
        let known = self.unchecked.len().min(MAGIC.len());
        if self.unchecked[..known] != MAGIC[..known] {
            return Err(ImageError::Foreign);
        }
        let Some(version) = self.unchecked.get(MAGIC.len()..HEAD) else { return Ok(false) };
        match version.iter().rev().fold(0, |version, byte| version << 8 | u32::from(*byte)) {
            IMAGE_VERSION => {}
            0 => return Err(ImageError::Damaged(MAGIC.len() as u64)),
            later => return Err(ImageError::Later(later)),
        }
        self.pass(HEAD);
        self.has_begun = true;
        Ok(true)
    }

    fn pass(&mut self, bytes: usize) {
        self.unchecked.advance(bytes);
        self.at += bytes as u64;
    }
}

fn item(bytes: &[u8]) -> Result<Item, Wrong> {
    let Some((kind, mut rest)) = bytes.split_first() else { return Ok(Item::Part) };
    if *kind == END {
        let mut contents = Contents::default();
        for table in Table::ALL {
            let Some(records) = number(&mut rest, u64::MAX)? else { return Ok(Item::Part) };
            *contents.of(table) = records;
        }
        return Ok(Item::End(contents, bytes.len() - rest.len()));
    }
    let table = Table::ALL.into_iter().find(|table| *table as u8 == *kind).ok_or(Wrong)?;
    let mut lengths = [0; 4];
    let mut before = bytes.len();
    for (part, maximum) in [(0, KEY_MAXIMUM), (2, VALUE_MAXIMUM)] {
        let Some(length) = number(&mut rest, maximum)? else { return Ok(Item::Part) };
        lengths[part] = before - rest.len();
        let Some(after) = rest.get(length as usize..) else { return Ok(Item::Part) };
        lengths[part + 1] = length as usize;
        (rest, before) = (after, after.len());
    }
    Ok(Item::Record(table, lengths))
}

/// Takes a number off the front; `None` when only a part of it is there.
fn number(bytes: &mut &[u8], maximum: u64) -> Result<Option<u64>, Wrong> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        let bits = u64::from(byte & 0x7F);
        if at == 9 && bits > 1 {
            return Err(Wrong);
        }
        number |= bits << (7 * at);
        if byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return if number <= maximum { Ok(Some(number)) } else { Err(Wrong) };
        }
    }
    if bytes.len() >= 10 { Err(Wrong) } else { Ok(None) }
}
