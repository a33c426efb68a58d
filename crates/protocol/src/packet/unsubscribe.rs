use crate::{AckProperties, PacketId, ReasonCode, TopicFilter, UserProperties};

/// UNSUBSCRIBE: a client no longer wants the messages of one or more filters (§3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// What the UNSUBACK will carry.
    pub packet_id: PacketId,
    /// The filters; at least one [MQTT-3.10.3-2].
    pub filters: Vec<TopicFilter>,
    /// User Properties; left out before 5.0.
    pub user_properties: UserProperties,
}

/// UNSUBACK: the server's answer to UNSUBSCRIBE, in 5.0 with one reason for each filter in order (§3.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsubAck {
    /// The Packet Identifier of the UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// How each went; left out, and empty when decoded, before 5.0.
    pub reasons: Vec<ReasonCode>,
    /// The properties; left out before 5.0.
    pub properties: AckProperties,
}
