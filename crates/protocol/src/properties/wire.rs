//! How properties stand on the wire: their identifiers, and a block of them behind its length (§2.2.2).

use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;

use crate::reader::Reader;
use crate::sink::{Count, Sink};
use crate::{
    DecodeError, EncodeError, PacketType, PayloadFormatIndicator, QoS, TopicName, UserProperties, Utf8String,
    varint,
};

/// Declares [`PropertyId`] from the specification's table: value and name in words.
macro_rules! property_ids {
    ($($name:ident = $value:literal, $words:literal;)*) => {
        /// A property's identifier (§2.2.2.2).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum PropertyId {
            $($name = $value,)*
        }

        impl PropertyId {
            fn from_value(value: u32) -> Option<Self> {
                match value {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its name as the subject of a sentence.
            pub(crate) const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("the ", $words),)*
                }
            }
        }
    };
}

property_ids! {
    PayloadFormatIndicator = 0x01, "Payload Format Indicator";
    MessageExpiryInterval = 0x02, "Message Expiry Interval";
    ContentType = 0x03, "Content Type";
    ResponseTopic = 0x08, "Response Topic";
    CorrelationData = 0x09, "Correlation Data";
    SubscriptionIdentifier = 0x0B, "Subscription Identifier";
    SessionExpiryInterval = 0x11, "Session Expiry Interval";
    AssignedClientIdentifier = 0x12, "Assigned Client Identifier";
    ServerKeepAlive = 0x13, "Server Keep Alive";
    AuthenticationMethod = 0x15, "Authentication Method";
    AuthenticationData = 0x16, "Authentication Data";
    RequestProblemInformation = 0x17, "Request Problem Information";
    WillDelayInterval = 0x18, "Will Delay Interval";
    RequestResponseInformation = 0x19, "Request Response Information";
    ResponseInformation = 0x1A, "Response Information";
    ServerReference = 0x1C, "Server Reference";
    ReasonString = 0x1F, "Reason String";
    ReceiveMaximum = 0x21, "Receive Maximum";
    TopicAliasMaximum = 0x22, "Topic Alias Maximum";
    TopicAlias = 0x23, "Topic Alias";
    MaximumQoS = 0x24, "Maximum QoS";
    RetainAvailable = 0x25, "Retain Available";
    UserProperty = 0x26, "User Property";
    MaximumPacketSize = 0x27, "Maximum Packet Size";
    WildcardSubscriptionAvailable = 0x28, "Wildcard Subscription Available";
    SubscriptionIdentifierAvailable = 0x29, "Subscription Identifier Available";
    SharedSubscriptionAvailable = 0x2A, "Shared Subscription Available";
}

/// A set of properties that can be written.
pub(crate) trait Block {
    /// Writes the properties that are there, without their length.
    fn put<S: Sink>(&self, sink: &mut S);

    /// Writes them behind their length.
    fn put_block<S: Sink>(&self, sink: &mut S) {
        let mut count = Count::default();
        self.put(&mut count);
        // A block too long for its length makes the packet too large as well, which is found before it is written.
        sink.varint(u32::try_from(count.0).unwrap_or(varint::MAX));
        self.put(sink);
    }
}

/// How a property's value is written.
pub(crate) trait Value {
    fn put<S: Sink>(&self, sink: &mut S);
}

/// Writes one property, if it is there.
#[inline]
pub(crate) fn put<S: Sink, V: Value>(sink: &mut S, id: PropertyId, value: Option<&V>) {
    if let Some(value) = value {
        sink.u8(id as u8);
        value.put(sink);
    }
}

/// Writes User Properties in their order.
pub(crate) fn put_user<S: Sink>(sink: &mut S, pairs: &UserProperties) {
    for (name, value) in pairs {
        sink.u8(PropertyId::UserProperty as u8);
        sink.prefixed(name.as_bytes());
        sink.prefixed(value.as_bytes());
    }
}

/// Writes each Subscription Identifier as a property of its own.
#[inline]
pub(crate) fn put_subscription_identifiers<S: Sink>(sink: &mut S, identifiers: &[u32]) {
    for &identifier in identifiers {
        sink.u8(PropertyId::SubscriptionIdentifier as u8);
        sink.varint(identifier);
    }
}

/// Refuses Subscription Identifiers outside 1 to 268 435 455 (§3.8.2.1.2).
#[inline]
pub(crate) fn check_subscription_identifiers(
    packet: PacketType,
    identifiers: &[u32],
) -> Result<(), EncodeError> {
    if identifiers.iter().all(|identifier| (1..=varint::MAX).contains(identifier)) {
        return Ok(());
    }
    let field = PropertyId::SubscriptionIdentifier.words();
    Err(EncodeError::invalid(packet, field, "is not in 1 to 268435455"))
}

macro_rules! values {
    ($($type:ty: |$value:ident, $sink:ident| $put:expr;)*) => {
        $(impl Value for $type {
            #[inline]
            fn put<S: Sink>(&self, $sink: &mut S) {
                let $value = self;
                $put;
            }
        })*
    };
}

values! {
    bool: |value, sink| sink.u8(u8::from(*value));
    QoS: |value, sink| sink.u8(u8::from(*value));
    PayloadFormatIndicator: |value, sink| sink.u8(*value as u8);
    u16: |value, sink| sink.u16(*value);
    u32: |value, sink| sink.u32(*value);
    NonZeroU16: |value, sink| sink.u16(value.get());
    NonZeroU32: |value, sink| sink.u32(value.get());
    Bytes: |value, sink| sink.prefixed(value);
    Utf8String: |value, sink| sink.prefixed(value.as_bytes());
    TopicName: |value, sink| sink.prefixed(value.as_bytes());
}

/// Takes the properties of one block off a packet.
pub(crate) struct BlockReader {
    reader: Reader,
}

impl BlockReader {
    /// The block that starts here; `None` when it is empty.
    #[inline]
    pub(crate) fn open(packet: &mut Reader) -> Result<Option<Self>, DecodeError> {
        let field = "the Property Length";
        let len = packet.varint(field)?;
        if len == 0 {
            return Ok(None);
        }
        let bytes = packet.slice(usize::try_from(len).unwrap_or(usize::MAX), field)?;
        Ok(Some(Self { reader: Reader::new(packet.packet(), bytes) }))
    }

    /// The next property's identifier; `None` at the end of the block.
    pub(crate) fn next(&mut self) -> Result<Option<PropertyId>, DecodeError> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let field = "a Property Identifier";
        let value = self.reader.varint(field)?;
        match PropertyId::from_value(value) {
            Some(id) => Ok(Some(id)),
            None => Err(self.reader.malformed(field, "is not one the specification defines")),
        }
    }

    /// Sets a property that may be there once only (§2.2.2.2).
    pub(crate) fn once<T>(
        &mut self,
        id: PropertyId,
        slot: &mut Option<T>,
        read: impl FnOnce(&mut Self, PropertyId) -> Result<T, DecodeError>,
    ) -> Result<(), DecodeError> {
        if slot.is_some() {
            return Err(self.reader.protocol_error(id.words(), "is there more than once"));
        }
        *slot = Some(read(self, id)?);
        Ok(())
    }

    /// The error for a property that this packet does not have (§2.2.2.2: Malformed Packet).
    pub(crate) fn not_allowed(&self, id: PropertyId) -> DecodeError {
        self.reader.malformed(id.words(), "is not a property of this packet")
    }

    pub(crate) fn protocol_error(&self, field: &'static str, problem: &'static str) -> DecodeError {
        self.reader.protocol_error(field, problem)
    }

    pub(crate) fn u8(&mut self, id: PropertyId) -> Result<u8, DecodeError> {
        self.reader.u8(id.words())
    }

    pub(crate) fn u16(&mut self, id: PropertyId) -> Result<u16, DecodeError> {
        self.reader.u16(id.words())
    }

    pub(crate) fn u32(&mut self, id: PropertyId) -> Result<u32, DecodeError> {
        self.reader.u32(id.words())
    }

    pub(crate) fn bool(&mut self, id: PropertyId) -> Result<bool, DecodeError> {
        match self.u8(id)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.protocol_error(id.words(), "is neither 0 nor 1")),
        }
    }

    /// The Maximum QoS of a server is 0 or 1; 2 is said by leaving it out (§3.2.2.3.4).
    pub(crate) fn maximum_qos(&mut self, id: PropertyId) -> Result<QoS, DecodeError> {
        Ok(if self.bool(id)? { QoS::AtLeastOnce } else { QoS::AtMostOnce })
    }

    pub(crate) fn payload_format(&mut self, id: PropertyId) -> Result<PayloadFormatIndicator, DecodeError> {
        Ok(if self.bool(id)? { PayloadFormatIndicator::Utf8 } else { PayloadFormatIndicator::Unspecified })
    }

    pub(crate) fn non_zero_u16(&mut self, id: PropertyId) -> Result<NonZeroU16, DecodeError> {
        NonZeroU16::new(self.u16(id)?).ok_or_else(|| self.protocol_error(id.words(), "is 0"))
    }

    pub(crate) fn non_zero_u32(&mut self, id: PropertyId) -> Result<NonZeroU32, DecodeError> {
        NonZeroU32::new(self.u32(id)?).ok_or_else(|| self.protocol_error(id.words(), "is 0"))
    }

    /// A Subscription Identifier, 1 to 268 435 455 (§3.8.2.1.2).
    pub(crate) fn subscription_identifier(&mut self, id: PropertyId) -> Result<u32, DecodeError> {
        match self.reader.varint(id.words())? {
            0 => Err(self.protocol_error(id.words(), "is 0")),
            value => Ok(value),
        }
    }

    pub(crate) fn binary(&mut self, id: PropertyId) -> Result<Bytes, DecodeError> {
        self.reader.binary(id.words())
    }

    pub(crate) fn string(&mut self, id: PropertyId) -> Result<Utf8String, DecodeError> {
        self.reader.string(id.words())
    }

    pub(crate) fn topic_name(&mut self, id: PropertyId) -> Result<TopicName, DecodeError> {
        self.reader.topic_name(id.words())
    }

    pub(crate) fn user(&mut self, id: PropertyId, pairs: &mut UserProperties) -> Result<(), DecodeError> {
        let name = self.reader.string(id.words())?;
        let value = self.reader.string(id.words())?;
        pairs.push(name, value);
        Ok(())
    }
}
