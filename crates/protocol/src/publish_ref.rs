use std::num::NonZeroU16;

use bytes::{Bytes, BytesMut};

use crate::encode::{check_binary, packet_len};
use crate::properties::wire::{
    Block, PropertyId, check_subscription_identifiers, put, put_subscription_identifiers, put_user,
};
use crate::sink::{Count, Sink};
use crate::{EncodeError, PacketId, PacketType, ProtocolVersion, Publish, PublishProperties, QoS, TopicName};

/// A PUBLISH made of parts that belong to somebody else: what a server forwards, without a clone.
///
/// The three properties that change from hop to hop are fields of their own and replace those in `properties`; the
/// others go out unaltered ([MQTT-3.3.2-4], [MQTT-3.3.2-15] to [MQTT-3.3.2-20]).
#[derive(Debug, Clone, Copy)]
pub struct PublishRef<'a> {
    /// Whether this may be a second attempt; never with QoS 0 [MQTT-3.3.1-2].
    pub dup: bool,
    /// How often it may arrive.
    pub qos: QoS,
    /// The RETAIN flag.
    pub retain: bool,
    /// The topic; `None` only with a topic alias that stands for it (5.0).
    pub topic: Option<&'a TopicName>,
    /// The Packet Identifier; present exactly with QoS 1 and 2.
    pub packet_id: Option<PacketId>,
    /// The message.
    pub payload: &'a [u8],
    /// The properties that are forwarded unaltered.
    pub properties: &'a PublishProperties,
    /// Seconds that are left to the message [MQTT-3.3.2-6].
    pub message_expiry_interval: Option<u32>,
    /// The number that stands for the topic on the connection this goes out on.
    pub topic_alias: Option<NonZeroU16>,
    /// The Subscription Identifiers, 1 to 268 435 455, of the receiver's subscriptions that matched.
    pub subscription_identifiers: &'a [u32],
}

/// Where the parts of an encoded PUBLISH are, counted from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishLayout {
    /// The bytes before the payload.
    pub head_len: u32,
    /// The bytes of the payload.
    pub payload_len: u32,
    /// Where the two bytes of the Packet Identifier start; `None` with QoS 0.
    pub packet_id_at: Option<u32>,
}

impl<'a> PublishRef<'a> {
    /// A message with QoS 0 and without the properties that change from hop to hop.
    pub const fn new(topic: &'a TopicName, payload: &'a [u8], properties: &'a PublishProperties) -> Self {
        Self {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: false,
            topic: Some(topic),
            packet_id: None,
            payload,
            properties,
            message_expiry_interval: None,
            topic_alias: None,
            subscription_identifiers: &[],
        }
    }

    /// How many bytes [`encode`](Self::encode) appends.
    ///
    /// # Errors
    /// The packet breaks a rule of the protocol.
    pub fn encoded_len(&self, version: ProtocolVersion) -> Result<u32, EncodeError> {
        packet_len(PacketType::Publish, self.remaining_length(version)?)
    }

    /// Appends the whole packet to `out`, which grows once, by exactly its length.
    ///
    /// Before 5.0 the properties are left out.
    ///
    /// # Errors
    /// The packet breaks a rule of the protocol; `out` is as it was.
    pub fn encode(&self, version: ProtocolVersion, out: &mut BytesMut) -> Result<PublishLayout, EncodeError> {
        let remaining_length = self.remaining_length(version)?;
        out.reserve(packet_len(PacketType::Publish, remaining_length)? as usize);
        let layout = self.put_head(version, remaining_length as u32, out);
        out.extend_from_slice(self.payload);
        Ok(layout)
    }

    /// Appends everything but the payload, which the caller sends right after it from where it is.
    ///
    /// # Errors
    /// The packet breaks a rule of the protocol; `out` is as it was.
    pub fn encode_head(
        &self,
        version: ProtocolVersion,
        out: &mut BytesMut,
    ) -> Result<PublishLayout, EncodeError> {
        let remaining_length = self.remaining_length(version)?;
        let len = packet_len(PacketType::Publish, remaining_length)?;
        out.reserve(len as usize - self.payload.len());
        Ok(self.put_head(version, remaining_length as u32, out))
    }

    fn remaining_length(&self, version: ProtocolVersion) -> Result<u64, EncodeError> {
        self.check(version)?;
        let mut count = Count(self.payload.len() as u64);
        self.put_variable_header(version, &mut count);
        Ok(count.0)
    }

    #[inline]
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        let invalid = |field, problem| Err(EncodeError::invalid(PacketType::Publish, field, problem));
        if self.packet_id.is_some() != (self.qos != QoS::AtMostOnce) {
            return invalid("the Packet Identifier", "is there with QoS 0, or missing with QoS 1 or 2");
        }
        if self.dup && self.qos == QoS::AtMostOnce {
            return invalid("DUP", "is set with QoS 0");
        }
        if self.topic.is_none() && !(version.is_v5() && self.topic_alias.is_some()) {
            return invalid("the Topic Name", "is missing, and no Topic Alias can stand for it");
        }
        if !version.is_v5() {
            return Ok(());
        }
        check_binary(PacketType::Publish, "the Correlation Data", self.properties.correlation_data.as_ref())?;
        check_subscription_identifiers(PacketType::Publish, self.subscription_identifiers)
    }

    fn put_head(&self, version: ProtocolVersion, remaining_length: u32, out: &mut BytesMut) -> PublishLayout {
        let start = out.len();
        out.u8(Publish::first_byte(self.dup, self.qos, self.retain));
        out.varint(remaining_length);
        let topic_at = (out.len() - start) as u32;
        self.put_variable_header(version, out);
        let topic_len = self.topic.map_or(0, |topic| topic.len() as u32);
        PublishLayout {
            head_len: (out.len() - start) as u32,
            payload_len: self.payload.len() as u32,
            packet_id_at: self.packet_id.map(|_| topic_at + 2 + topic_len),
        }
    }

    #[inline]
    fn put_variable_header<S: Sink>(&self, version: ProtocolVersion, sink: &mut S) {
        sink.prefixed(self.topic.map_or(&[], |topic| topic.as_bytes()));
        if let Some(packet_id) = self.packet_id {
            sink.u16(packet_id.value());
        }
        if version.is_v5() {
            self.put_block(sink);
        }
    }
}

impl Block for PublishRef<'_> {
    fn put<S: Sink>(&self, sink: &mut S) {
        put(sink, PropertyId::MessageExpiryInterval, self.message_expiry_interval.as_ref());
        put(sink, PropertyId::TopicAlias, self.topic_alias.as_ref());
        put_subscription_identifiers(sink, self.subscription_identifiers);
        let Some(fields) = self.properties.fields() else { return };
        put(sink, PropertyId::PayloadFormatIndicator, fields.payload_format_indicator.as_ref());
        put(sink, PropertyId::ResponseTopic, fields.response_topic.as_ref());
        put(sink, PropertyId::CorrelationData, fields.correlation_data.as_ref());
        put(sink, PropertyId::ContentType, fields.content_type.as_ref());
        put_user(sink, &fields.user_properties);
    }
}

/// A PUBLISH encoded once, for many receivers that differ in Packet Identifier, DUP and RETAIN only.
///
/// Receivers that differ in version, in whether their QoS is 0, 1 or 2, in Subscription Identifiers or in topic alias
/// need a shape of their own.
#[derive(Debug, Clone)]
pub struct PublishShape {
    bytes: Bytes,
    qos: QoS,
    /// Where the Packet Identifier is; 0 with QoS 0.
    packet_id_at: usize,
}

impl PublishShape {
    /// The shape of a whole packet; the Packet Identifier, DUP and RETAIN of `publish` do not matter.
    ///
    /// # Errors
    /// The packet breaks a rule of the protocol.
    pub fn new(version: ProtocolVersion, publish: &PublishRef<'_>) -> Result<Self, EncodeError> {
        let mut bytes = BytesMut::new();
        let layout = with_placeholders(publish).encode(version, &mut bytes)?;
        Ok(Self::of(publish.qos, layout, bytes))
    }

    /// As [`new`](Self::new), but without the payload, which the caller sends right after each copy.
    ///
    /// # Errors
    /// The packet breaks a rule of the protocol.
    pub fn without_payload(version: ProtocolVersion, publish: &PublishRef<'_>) -> Result<Self, EncodeError> {
        let mut bytes = BytesMut::new();
        let layout = with_placeholders(publish).encode_head(version, &mut bytes)?;
        Ok(Self::of(publish.qos, layout, bytes))
    }

    fn of(qos: QoS, layout: PublishLayout, bytes: BytesMut) -> Self {
        Self { bytes: bytes.freeze(), qos, packet_id_at: layout.packet_id_at.map_or(0, |at| at as usize) }
    }

    /// How many bytes [`write`](Self::write) appends.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: a PUBLISH has a header at least.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The QoS of every copy.
    #[inline]
    pub fn qos(&self) -> QoS {
        self.qos
    }

    /// Appends one receiver's copy to `out`.
    ///
    /// There must be a `packet_id` exactly with QoS 1 and 2, and no `dup` with QoS 0.
    #[inline]
    pub fn write(&self, dup: bool, retain: bool, packet_id: Option<PacketId>, out: &mut BytesMut) {
        debug_assert_eq!(packet_id.is_some(), self.packet_id_at != 0);
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        out[start] = Publish::first_byte(dup, self.qos, retain);
        if let Some(packet_id) = packet_id.filter(|_| self.packet_id_at != 0) {
            let at = start + self.packet_id_at;
            out[at..at + 2].copy_from_slice(&packet_id.value().to_be_bytes());
        }
    }
}

/// With something in the places that [`PublishShape::write`] fills in.
fn with_placeholders<'a>(publish: &PublishRef<'a>) -> PublishRef<'a> {
    let packet_id = (publish.qos != QoS::AtMostOnce).then_some(PacketId::MIN);
    PublishRef { dup: false, retain: false, packet_id, ..*publish }
}
