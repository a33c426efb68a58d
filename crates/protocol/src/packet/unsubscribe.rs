use super::subscribe::{check_reasons, read_reasons};
use crate::encode::Body;
use crate::properties::wire::{Block, BlockReader, PropertyId, put_user};
use crate::reader::Reader;
use crate::sink::Sink;
use crate::{
    AckProperties, DecodeError, EncodeError, PacketId, PacketType, ProtocolVersion, ReasonCode, TopicFilter,
    UserProperties,
};

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

impl Unsubscribe {
    pub(crate) fn read(mut reader: Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id()?;
        let user_properties = if version.is_v5() { read_user(&mut reader)? } else { UserProperties::new() };
        if reader.is_empty() {
            return Err(reader.protocol_error("the payload", "has no Topic Filter"));
        }
        let mut filters = Vec::new();
        while !reader.is_empty() {
            filters.push(reader.topic_filter("a Topic Filter")?);
        }
        Ok(Self { packet_id, filters, user_properties })
    }
}

/// The only properties of UNSUBSCRIBE, which are a field of the packet itself.
fn read_user(packet: &mut Reader) -> Result<UserProperties, DecodeError> {
    let mut pairs = UserProperties::new();
    let Some(mut block) = BlockReader::open(packet)? else { return Ok(pairs) };
    while let Some(id) = block.next()? {
        match id {
            PropertyId::UserProperty => block.user(id, &mut pairs)?,
            _ => return Err(block.not_allowed(id)),
        }
    }
    Ok(pairs)
}

impl Block for Unsubscribe {
    fn put<S: Sink>(&self, sink: &mut S) {
        put_user(sink, &self.user_properties);
    }
}

impl Body for Unsubscribe {
    fn check(&self, packet: PacketType, _: ProtocolVersion) -> Result<(), EncodeError> {
        if self.filters.is_empty() {
            return Err(EncodeError::invalid(packet, "the payload", "has no Topic Filter"));
        }
        Ok(())
    }

    fn put<S: Sink>(&self, version: ProtocolVersion, sink: &mut S) {
        sink.u16(self.packet_id.value());
        if version.is_v5() {
            self.put_block(sink);
        }
        for filter in &self.filters {
            sink.prefixed(filter.as_bytes());
        }
    }
}

impl UnsubAck {
    pub(crate) fn read(mut reader: Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id()?;
        if !version.is_v5() {
            reader.end()?;
            return Ok(Self { packet_id, reasons: Vec::new(), properties: AckProperties::default() });
        }
        let properties = AckProperties::read(&mut reader)?;
        let reasons = read_reasons(&mut reader)?;
        Ok(Self { packet_id, reasons, properties })
    }
}

impl Body for UnsubAck {
    fn check(&self, packet: PacketType, version: ProtocolVersion) -> Result<(), EncodeError> {
        if version.is_v5() { check_reasons(packet, &self.reasons) } else { Ok(()) }
    }

    fn put<S: Sink>(&self, version: ProtocolVersion, sink: &mut S) {
        sink.u16(self.packet_id.value());
        if !version.is_v5() {
            return;
        }
        self.properties.put_block(sink);
        for &reason in &self.reasons {
            sink.u8(reason.value());
        }
    }
}
