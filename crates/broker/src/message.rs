//! Messages that outlive the turn they came in.

use std::cell::Cell;

use bytes::Bytes;
use lacewing_protocol::{PublishProperties, QoS, TopicName};

/// From this length on a payload is shared with the buffer it was read into; shorter ones are copied to their exact
/// size, so that a few bytes do not keep a whole read buffer alive. Hosts read no more than this at once, so the packet
/// of a longer one was put together in a buffer of its own, which is at most twice as large.
const SHARED_FROM: usize = 64 << 10;

/// A message that waits: retained, queued, in flight, or to be sent as a will.
#[derive(Debug)]
pub(crate) struct Message {
    /// Counts the broker's messages from 1.
    pub(crate) number: u64,
    pub(crate) topic: TopicName,
    pub(crate) payload: Bytes,
    /// What is forwarded unaltered: without expiry, alias and Subscription Identifiers.
    pub(crate) properties: PublishProperties,
    /// The QoS it was published with.
    pub(crate) qos: QoS,
    /// The RETAIN flag it was published with.
    pub(crate) retain: bool,
    /// When it expires, in Unix microseconds.
    pub(crate) expires: Option<u64>,
    /// How many records refer to its body record; 0: there is none.
    pub(crate) recorded: Cell<u32>,
}

impl Message {
    /// About what it takes on the wire.
    pub(crate) fn bytes(&self) -> u32 {
        wire_bytes(&self.topic, &self.payload, &self.properties)
    }

    /// Whether its time is over.
    pub(crate) fn is_expired(&self, wall: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= wall)
    }
}

/// About what a message takes on the wire.
pub(crate) fn wire_bytes(topic: &TopicName, payload: &Bytes, properties: &PublishProperties) -> u32 {
    let properties = if properties.is_empty() { 0 } else { properties_bytes(properties) };
    u32::try_from(topic.len() + payload.len() + properties + 5).unwrap_or(u32::MAX)
}

/// A payload in an allocation that is not much larger than itself.
pub(crate) fn compact(payload: &Bytes) -> Bytes {
    if payload.len() < SHARED_FROM { Bytes::copy_from_slice(payload) } else { payload.clone() }
}

/// The Message Expiry Interval to send at `wall`: what is left, in whole seconds begun [MQTT-3.3.2-6].
pub(crate) fn seconds_left(expires: u64, wall: u64) -> u32 {
    u32::try_from(expires.saturating_sub(wall).div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

fn properties_bytes(properties: &PublishProperties) -> usize {
    let text = |text: Option<usize>| text.map_or(0, |len| len + 3);
    let user =
        properties.user_properties.iter().map(|(name, value)| name.len() + value.len() + 5).sum::<usize>();
    user + text(properties.content_type.as_ref().map(|text| text.len()))
        + text(properties.response_topic.as_ref().map(|topic| topic.len()))
        + text(properties.correlation_data.as_ref().map(Bytes::len))
        + 2
}
