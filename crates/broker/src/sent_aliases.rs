//! Topic aliases on the way to one client (§3.3.2.3.4).

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use lacewing_protocol::{PublishRef, TopicName};

use crate::connection::Connection;

/// The aliases that stand for topics towards one client, for as long as its connection lasts.
///
/// The first topics keep theirs: when all are given, the others go by their names. To give one again would cost a
/// topic, an alias and an allocation each time for a client that is sent many topics in turn.
#[derive(Debug)]
pub(crate) struct SentAliases {
    most: u16,
    bytes_left: usize,
    known: BTreeMap<TopicName, NonZeroU16>,
}

/// A shorter topic is no longer than the property that would stand for it.
const SHORTEST: usize = 4;

impl SentAliases {
    /// At most so many, for topics of at most so many bytes together; `None` if that is none.
    pub(crate) fn new(most: u16, bytes: u32) -> Option<Box<Self>> {
        (most > 0).then(|| Box::new(Self { most, bytes_left: bytes as usize, known: BTreeMap::new() }))
    }

    /// Gives an alias to a topic, if there is one left.
    fn give(&mut self, topic: &TopicName) -> Option<NonZeroU16> {
        let next = u16::try_from(self.known.len() + 1).ok().filter(|next| *next <= self.most)?;
        let alias = NonZeroU16::new(next)?;
        self.bytes_left = self.bytes_left.checked_sub(topic.len())?;
        self.known.insert(topic.compact(), alias);
        Some(alias)
    }
}

impl Connection {
    /// Lets an alias stand for the topic of a message to the client, if the client takes any and the packet with it
    /// [MQTT-3.1.2-24], [MQTT-3.1.2-26].
    pub(crate) fn alias_topic(&mut self, packet: &mut PublishRef<'_>) {
        let (version, maximum) = (self.version, self.maximum_packet_size);
        let (Some(aliases), Some(topic)) = (&mut self.sent_aliases, packet.topic) else { return };
        if let Some(alias) = aliases.known.get(topic) {
            (packet.topic, packet.topic_alias) = (None, Some(*alias));
            return;
        }
        // The property takes three bytes, and the lengths before it may take one more each.
        let fits = packet.encoded_len(version).is_ok_and(|len| len.saturating_add(5) <= maximum);
        if topic.len() >= SHORTEST && fits {
            packet.topic_alias = aliases.give(topic);
        }
    }
}
