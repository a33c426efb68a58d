//! The retained messages, in the order of their topics.

mod cursor;

use std::collections::BTreeMap;
use std::ops::Bound;

use lacewing_protocol::{TopicFilter, TopicName};

pub(crate) use cursor::{Cursor, Place, Scan, Step};

/// How many bytes something took on the wire.
pub(crate) trait WireBytes {
    /// The bytes; always the same number for the same thing.
    fn wire_bytes(&self) -> u64;
}

/// At most one message for each topic [MQTT-3.3.1-5].
///
/// Topics are ordered level by level: a topic stands before all below it, and what is below it stands together. So a
/// filter is followed by jumps from one stretch of matching topics to the next, and the last topic seen is all that
/// a cursor has to remember. An entry takes the topic, the message and some 30 bytes.
#[derive(Debug)]
pub(crate) struct Retained<M> {
    /// By topic, with a zero byte, which no topic contains, in place of each slash.
    messages: BTreeMap<Box<[u8]>, M>,
    wire_bytes: u64,
    /// Kept for its allocation.
    key: Vec<u8>,
}

impl<M: WireBytes> Retained<M> {
    pub(crate) fn new() -> Self {
        Self { messages: BTreeMap::new(), wire_bytes: 0, key: Vec::new() }
    }

    /// The number of messages.
    pub(crate) fn len(&self) -> u64 {
        self.messages.len() as u64
    }

    /// The sum of what the messages took on the wire.
    pub(crate) fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    /// Keeps `message` for `topic`; the one that was kept before.
    pub(crate) fn set(&mut self, topic: &TopicName, message: M) -> Option<M> {
        self.wire_bytes += message.wire_bytes();
        self.key.clear();
        write_key(topic, &mut self.key);
        let Some(kept) = self.messages.get_mut(&self.key[..]) else {
            self.messages.insert(self.key.as_slice().into(), message);
            return None;
        };
        let before = std::mem::replace(kept, message);
        self.wire_bytes -= before.wire_bytes();
        Some(before)
    }

    /// Takes out what is kept for `topic` [MQTT-3.3.1-6].
    pub(crate) fn clear(&mut self, topic: &TopicName) -> Option<M> {
        self.key.clear();
        write_key(topic, &mut self.key);
        let before = self.messages.remove(&self.key[..])?;
        self.wire_bytes -= before.wire_bytes();
        Some(before)
    }

    /// What is kept for `topic`.
    pub(crate) fn message(&self, topic: &TopicName) -> Option<&M> {
        let mut key = Vec::with_capacity(topic.len());
        write_key(topic, &mut key);
        self.messages.get(&key[..])
    }

    /// The messages after the one with the key `after`, with their keys; an empty key is before all.
    pub(crate) fn after(&self, after: &[u8]) -> impl Iterator<Item = (&[u8], &M)> {
        let range = (Bound::Excluded(after), Bound::Unbounded);
        self.messages.range::<[u8], _>(range).map(|(key, message)| (&**key, message))
    }

    /// A cursor in front of all messages that `filter` matches.
    pub(crate) fn cursor(&self, filter: &TopicFilter) -> Cursor {
        Cursor::new(filter)
    }

    /// The next message at `cursor`, looking at about `budget` entries.
    ///
    /// The messages may change between two calls: one that is there all the time is found once, one that comes or goes
    /// meanwhile at most once. Many messages are had faster from one [`scan`](Self::scan).
    #[cfg(test)]
    pub(crate) fn next(&self, cursor: &mut Cursor, budget: u32) -> Step<'_, M> {
        self.scan(cursor, budget).next()
    }

    /// The next messages at `cursor`, looking at about `budget` entries in all.
    pub(crate) fn scan<'c>(&self, cursor: &'c mut Cursor, budget: u32) -> Scan<'_, 'c, M> {
        Scan::new(&self.messages, cursor, budget)
    }
}

fn write_key(topic: &str, key: &mut Vec<u8>) {
    key.extend_from_slice(topic.as_bytes());
    for byte in key {
        if *byte == b'/' {
            *byte = 0;
        }
    }
}

#[cfg(test)]
mod tests;
