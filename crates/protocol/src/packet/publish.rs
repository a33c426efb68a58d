use bytes::Bytes;

use crate::reader::Reader;
use crate::{
    DecodeError, PacketId, PacketType, PayloadFormatIndicator, ProtocolVersion, PublishProperties,
    PublishRef, QoS, TopicName,
};

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

/// The flags in the low four bits of the first byte (§3.3.1).
mod flag {
    pub(super) const RETAIN: u8 = 1;
    pub(super) const QOS_SHIFT: u32 = 1;
    pub(super) const DUP: u8 = 1 << 3;
}

impl Publish {
    /// A message with QoS 0, without properties.
    pub fn new(topic: TopicName, payload: Bytes) -> Self {
        Self {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: false,
            topic: Some(topic),
            packet_id: None,
            payload,
            properties: PublishProperties::new(),
        }
    }

    /// The first byte of a PUBLISH with these flags (§3.3.1).
    #[inline]
    pub const fn first_byte(dup: bool, qos: QoS, retain: bool) -> u8 {
        let mut byte = PacketType::Publish.first_byte() | (qos as u8) << flag::QOS_SHIFT;
        if dup {
            byte |= flag::DUP;
        }
        if retain {
            byte |= flag::RETAIN;
        }
        byte
    }

    /// Its parts, to be encoded without being cloned.
    #[inline]
    pub fn as_ref(&self) -> PublishRef<'_> {
        PublishRef {
            dup: self.dup,
            qos: self.qos,
            retain: self.retain,
            topic: self.topic.as_ref(),
            packet_id: self.packet_id,
            payload: &self.payload,
            properties: &self.properties,
            message_expiry_interval: self.properties.message_expiry_interval,
            topic_alias: self.properties.topic_alias,
            subscription_identifiers: &self.properties.subscription_identifiers,
        }
    }

    /// Whether the payload is what the Payload Format Indicator says; a receiver may refuse it with 0x99 if it is not
    /// (§3.3.2.3.2). Reads the whole payload if it is said to be text.
    pub fn payload_has_its_format(&self) -> bool {
        match self.properties.payload_format_indicator {
            Some(PayloadFormatIndicator::Utf8) => std::str::from_utf8(&self.payload).is_ok(),
            Some(PayloadFormatIndicator::Unspecified) | None => true,
        }
    }

    /// `flags` are the low four bits of the first byte.
    #[inline(always)]
    pub(crate) fn read(mut reader: Reader, flags: u8, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let dup = flags & flag::DUP != 0;
        // [MQTT-3.3.1-4]
        let qos = QoS::try_from((flags >> flag::QOS_SHIFT) & 0b11)
            .map_err(|_| reader.malformed("the QoS", "is 3, which there is not"))?;
        if dup && qos == QoS::AtMostOnce {
            // [MQTT-3.3.1-2]
            return Err(reader.malformed("DUP", "is set with QoS 0"));
        }
        let topic = read_topic(&mut reader, version)?;
        let packet_id = if qos == QoS::AtMostOnce { None } else { Some(reader.packet_id()?) };
        let properties =
            if version.is_v5() { PublishProperties::read(&mut reader)? } else { PublishProperties::new() };
        if topic.is_none() && properties.topic_alias.is_none() {
            // §3.3.2.1
            return Err(reader.protocol_error("the Topic Name", "is empty, and there is no Topic Alias"));
        }
        let retain = flags & flag::RETAIN != 0;
        Ok(Self { dup, qos, retain, topic, packet_id, payload: reader.rest(), properties })
    }
}

/// The Topic Name; `None` if it is empty, which 5.0 allows beside a Topic Alias.
#[inline]
fn read_topic(reader: &mut Reader, version: ProtocolVersion) -> Result<Option<TopicName>, DecodeError> {
    let field = "the Topic Name";
    let bytes = reader.binary(field)?;
    if bytes.is_empty() && version.is_v5() {
        return Ok(None);
    }
    match TopicName::try_from(bytes) {
        Ok(topic) => Ok(Some(topic)),
        Err(error) => Err(reader.malformed(field, error.problem())),
    }
}
