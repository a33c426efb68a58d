use bytes::Bytes;

use crate::{PacketId, PublishProperties, QoS, TopicName};

/// PUBLISH: a message, in either direction (§3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Whether this may be a second attempt; never with QoS 0 [MQTT-3.3.1-2].
    pub dup: bool,
    /// How often it may arrive.
    pub qos: QoS,
    /// To a server: keep it as the topic's retained message. To a client: it was kept (§3.3.1.3).
    pub retain: bool,
    /// The topic; `None` only with a topic alias that stands for it (5.0).
    pub topic: Option<TopicName>,
    /// The Packet Identifier; present exactly with QoS 1 and 2.
    pub packet_id: Option<PacketId>,
    /// The message.
    pub payload: Bytes,
    /// The properties; left out before 5.0.
    pub properties: PublishProperties,
}
