//! What the broker worker and the store worker say to each other: a head in postcard, and what goes with it behind.
//!
//! The store speaks first. While it reads, the broker asks for one piece after another, so that no more of them are on the way than
//! it wants; then it gives changes, one lot at a time, and hears what became of them.

use std::time::Duration;

use bytes::{Buf, Bytes};
use lacewing_broker::{Contents, Seq};
use lacewing_store::Committed;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// From the broker's host to the store's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToStore {
    /// The next piece of what is kept, please.
    Read,
    /// Make these changes durable; they follow, packed.
    Commit,
    /// Take an image of all that is durable.
    TakeImage,
}

/// From the store's host to the broker's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromStore {
    /// Somebody else still has the file; it is tried again.
    Waiting,
    /// The file has so many bytes and is being checked.
    Checking(u64),
    /// A piece of what is kept follows, packed: so many records of so many have been read with it.
    Records {
        /// Read so far.
        done: u64,
        /// There should be.
        of: u64,
    },
    /// That was all that is kept, and all of it was there.
    Whole,
    /// This browser keeps nothing for the page, for this reason. Nothing more comes.
    Unavailable(String),
    /// What is kept cannot be used, for this reason; it is left as it is. Nothing more comes.
    Refused(String),
    /// All records up to this number are durable; the commit took so many microseconds.
    Durable(u64, u64),
    /// There is no room for what was given last; it is tried again by itself.
    Full(String),
    /// Nothing can be kept any more.
    Failed(String),
    /// An image was taken, which follows, with this in it; or not, for this reason.
    Taken(Result<Contents, String>),
}

/// The bytes of a message with this body.
pub fn say(head: &impl Serialize, body: &[u8]) -> Vec<u8> {
    // Encoding into memory fails only for types that postcard cannot say, and these derive.
    let mut bytes = postcard::to_stdvec(head).unwrap_or_default();
    bytes.extend_from_slice(body);
    bytes
}

/// The head and the body of a message; `None` if it is none.
pub fn hear<H: DeserializeOwned>(mut message: Bytes) -> Option<(H, Bytes)> {
    let (head, rest) = postcard::take_from_bytes(&message).ok()?;
    let length = message.len() - rest.len();
    message.advance(length);
    Some((head, message))
}

impl FromStore {
    /// What became of changes, if that is what it tells.
    pub fn committed(self) -> Option<Committed> {
        Some(match self {
            Self::Durable(seq, micros) => Committed::Durable(Seq(seq), Duration::from_micros(micros)),
            Self::Full(why) => Committed::Full(why),
            Self::Failed(why) => Committed::Failed(why),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_same_after_the_way() {
        let head = FromStore::Records { done: 7, of: 300 };
        let message = Bytes::from(say(&head, b"records"));
        assert_eq!(hear(message), Some((head, Bytes::from_static(b"records"))));
        assert_eq!(hear::<FromStore>(Bytes::from_static(&[200, 1])), None);
        assert_eq!(hear::<ToStore>(Bytes::new()), None);
    }
}
