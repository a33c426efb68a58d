use crate::encode::{Body, check_reason};
use crate::properties::wire::Block;
use crate::reader::Reader;
use crate::sink::Sink;
use crate::{AckProperties, DecodeError, EncodeError, PacketId, PacketType, ProtocolVersion, ReasonCode};

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

impl Ack {
    /// The reason and the properties may be missing from the end (§3.4.2.1, §3.4.2.2.1).
    pub(crate) fn read(mut reader: Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let mut ack = Self::success(reader.packet_id()?);
        if version.is_v5() && !reader.is_empty() {
            ack.reason = reader.reason()?;
            if !reader.is_empty() {
                ack.properties = AckProperties::read(&mut reader)?;
            }
        }
        reader.end()?;
        Ok(ack)
    }
}

impl Body for Ack {
    fn check(&self, packet: PacketType, _: ProtocolVersion) -> Result<(), EncodeError> {
        check_reason(packet, self.reason)
    }

    fn put<S: Sink>(&self, version: ProtocolVersion, sink: &mut S) {
        sink.u16(self.packet_id.value());
        if !version.is_v5() || self.reason == ReasonCode::Success && self.properties.is_empty() {
            return;
        }
        sink.u8(self.reason.value());
        if !self.properties.is_empty() {
            self.properties.put_block(sink);
        }
    }
}
