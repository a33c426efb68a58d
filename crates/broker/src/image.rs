//! Images: the durable state of a broker with all connections closed, as one stream of bytes that can be kept or carried
//! elsewhere.
//!
//! [`Broker::image`](crate::Broker::image) gives the records, an [`ImageWriter`] makes bytes of them, an [`ImageReader`] records
//! again, and a [`Restore`](crate::Restore) the broker. All go a part at a time, in bounded memory.
//!
//! ```text
//! image  = "Lacewing image\r\n", version (4 bytes), block *
//! block  = length (4 bytes, 1 to 65536), so many bytes, checksum (8 bytes)
//! ```
//!
//! The bytes of all blocks together are records, and the end of them:
//!
//! ```text
//! record = table (1 byte, 1 to 7), length of the key, key, length of the value, value
//! end    = 0 (1 byte), how many records each of the tables 1 to 7 has
//! ```
//!
//! Whole numbers of a fixed size have their low byte first, others seven bits a byte. The checksum is SipHash-1-3 with the
//! block's number, counted from 0, and its length for a key, so that a block which is changed, missing or in another's place is
//! seen. A checksum is no signature: who wants to can write an image of their own.

mod reader;
mod taking;
mod writer;

use std::fmt;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

pub use reader::ImageReader;
pub use writer::ImageWriter;

use crate::{RestoreError, Table};

/// The version of the form that this one writes.
pub const IMAGE_VERSION: u32 = 1;

const MAGIC: [u8; 16] = *b"Lacewing image\r\n";
const HEAD: usize = MAGIC.len() + 4;
/// The most bytes of a block.
const BLOCK: usize = 1 << 16;
const CHECKSUM: usize = 8;
/// In place of a table: there are no more records.
const END: u8 = 0;
/// The longest key: a serial number and a topic filter.
const KEY_MAXIMUM: u64 = 8 + 65_535;
/// More than any packet has room for.
const VALUE_MAXIMUM: u64 = 1 << 29;

/// What is in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contents {
    /// Sessions.
    pub sessions: u64,
    /// Subscriptions of theirs.
    pub subscriptions: u64,
    /// Messages on their way to them, each counted for each session.
    pub queued: u64,
    /// Retained messages.
    pub retained: u64,
    /// Wills of clients that were there, or are still to be sent.
    pub wills: u64,
    /// Bodies of messages on their way.
    pub messages: u64,
    /// QoS 2 messages that came and were not released.
    pub incoming: u64,
}

/// About how much memory a broker made of an image of so many bytes may take, for [`Restore::within`](crate::Restore::within):
/// more than one that an export has made ever takes, and not much more than there is to carry.
pub fn image_memory(bytes: u64) -> u64 {
    (64 << 20) + bytes.saturating_mul(32)
}

/// Why bytes are not an image that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// It begins in another way.
    #[error("it is not an image of Lacewing's")]
    Foreign,
    /// A later version wrote it.
    #[error(
        "it was written by a later Lacewing (image version {0}; this one reads versions up to {IMAGE_VERSION})"
    )]
    Later(u32),
    /// What was written is not what is there.
    #[error("it is damaged: what is written at byte {0} is not what should be there")]
    Damaged(u64),
    /// Its end is missing.
    #[error("it breaks off after {0} bytes")]
    Short(u64),
    /// It is whole, but no broker is made of what is in it.
    #[error("what is in it does not fit together: {0}")]
    Unusable(#[from] RestoreError),
}

impl ImageError {
    /// What a person can do about it, as a sentence.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Foreign => "Choose a file that an export has made.",
            Self::Later(_) => "Use that version to read it.",
            Self::Damaged(_) | Self::Short(_) => {
                "Nothing of it was taken over. Fetch the file again, or export it anew."
            }
            Self::Unusable(RestoreError::TooLarge(_)) => {
                "Nothing of it was taken over. An export has no such contents; ask whoever gave you the file."
            }
            Self::Unusable(_) => "Nothing of it was taken over. Export it anew.",
        }
    }
}

impl Contents {
    /// Counts one more record.
    pub(crate) fn count(&mut self, table: Table) {
        *self.of(table) += 1;
    }

    fn of(&mut self, table: Table) -> &mut u64 {
        match table {
            Table::Session => &mut self.sessions,
            Table::Subscription => &mut self.subscriptions,
            Table::Message => &mut self.messages,
            Table::Outgoing => &mut self.queued,
            Table::Incoming => &mut self.incoming,
            Table::Retained => &mut self.retained,
            Table::Will => &mut self.wills,
        }
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sessions, subscriptions, retained, queued, .. } = *self;
        let s = |count| if count == 1 { "" } else { "s" };
        write!(f, "{sessions} session{}, {subscriptions} subscription{}, ", s(sessions), s(subscriptions))?;
        let way = if queued == 1 { " on its way" } else { "s on their way" };
        write!(f, "{retained} retained message{} and {queued} message{way}", s(retained))
    }
}

fn checksum(number: u64, block: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(number, block.len() as u64);
    hasher.write(block);
    hasher.finish()
}
