use crate::{AckProperties, PacketId, ReasonCode};

/// PUBACK, PUBREC, PUBREL or PUBCOMP: one step of a QoS 1 or 2 delivery (§3.4 to §3.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The Packet Identifier of the PUBLISH.
    pub packet_id: PacketId,
    /// How it went; always success before 5.0.
    pub reason: ReasonCode,
    /// The properties; left out before 5.0.
    pub properties: AckProperties,
}

impl Ack {
    /// A step that went well.
    pub fn success(packet_id: PacketId) -> Self {
        Self::new(packet_id, ReasonCode::Success)
    }

    /// A step that went as `reason` says, without properties.
    pub fn new(packet_id: PacketId, reason: ReasonCode) -> Self {
        Self { packet_id, reason, properties: AckProperties::default() }
    }
}
