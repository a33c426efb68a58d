use crate::encode::{Body, check_reason};
use crate::properties::wire::{
    Block, BlockReader, PropertyId, check_subscription_identifiers, put_subscription_identifiers, put_user,
};
use crate::reader::Reader;
use crate::sink::Sink;
use crate::{
    AckProperties, DecodeError, EncodeError, PacketId, PacketType, ProtocolVersion, QoS, ReasonCode,
    TopicFilter, UserProperties,
};

/// SUBSCRIBE: a client asks for the messages of one or more filters (§3.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// What the SUBACK will carry.
    pub packet_id: PacketId,
    /// The filters with their options; at least one [MQTT-3.8.3-2].
    pub filters: Vec<(TopicFilter, SubscriptionOptions)>,
    /// A number, 1 to 268 435 455, that comes with each message of these subscriptions; 5.0 only.
    pub subscription_identifier: Option<u32>,
    /// User Properties; left out before 5.0.
    pub user_properties: UserProperties,
}

/// How messages of one subscription are to be delivered (§3.8.3.1); before 5.0 there is only the QoS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SubscriptionOptions {
    /// The highest QoS.
    pub qos: QoS,
    /// Whether the client's own messages are kept from it; not in a shared subscription [MQTT-3.8.3-4].
    pub no_local: bool,
    /// Whether a message keeps the RETAIN flag it was published with.
    pub retain_as_published: bool,
    /// Which retained messages come with the subscription.
    pub retain_handling: RetainHandling,
}

/// Which retained messages come with a subscription (§3.8.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RetainHandling {
    /// All that match, each time.
    #[default]
    SendAlways = 0,
    /// All that match, if the subscription was not there before.
    SendIfNew = 1,
    /// None.
    DoNotSend = 2,
}

/// SUBACK: the server's answer to SUBSCRIBE, one reason for each filter in order (§3.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAck {
    /// The Packet Identifier of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// The granted QoS or why not; before 5.0 every error travels as 0x80.
    pub reasons: Vec<ReasonCode>,
    /// The properties; left out before 5.0.
    pub properties: AckProperties,
}

impl Subscribe {
    pub(crate) fn read(mut reader: Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id()?;
        let properties =
            if version.is_v5() { SubscribeProperties::read(&mut reader)? } else { Default::default() };
        if reader.is_empty() {
            return Err(reader.protocol_error("the payload", "has no Topic Filter"));
        }
        let mut filters = Vec::new();
        while !reader.is_empty() {
            let filter = reader.topic_filter("a Topic Filter")?;
            let options = SubscriptionOptions::read(&mut reader, version)?;
            if options.no_local && filter.share_name().is_some() {
                // [MQTT-3.8.3-4]
                return Err(reader.protocol_error("No Local", "is set on a shared subscription"));
            }
            filters.push((filter, options));
        }
        let SubscribeProperties { subscription_identifier, user_properties } = properties;
        Ok(Self { packet_id, filters, subscription_identifier, user_properties })
    }
}

impl Body for Subscribe {
    fn check(&self, packet: PacketType, version: ProtocolVersion) -> Result<(), EncodeError> {
        if self.filters.is_empty() {
            return Err(EncodeError::invalid(packet, "the payload", "has no Topic Filter"));
        }
        if !version.is_v5() {
            return Ok(());
        }
        check_subscription_identifiers(packet, self.subscription_identifier.as_slice())?;
        if self.filters.iter().any(|(filter, options)| options.no_local && filter.share_name().is_some()) {
            return Err(EncodeError::invalid(packet, "No Local", "is set on a shared subscription"));
        }
        Ok(())
    }

    fn put<S: Sink>(&self, version: ProtocolVersion, sink: &mut S) {
        sink.u16(self.packet_id.value());
        if version.is_v5() {
            self.put_block(sink);
        }
        for (filter, options) in &self.filters {
            sink.prefixed(filter.as_bytes());
            sink.u8(options.byte(version));
        }
    }
}

impl SubscriptionOptions {
    /// A subscription with this QoS and every other option at its default.
    pub const fn new(qos: QoS) -> Self {
        Self { qos, no_local: false, retain_as_published: false, retain_handling: RetainHandling::SendAlways }
    }

    fn read(reader: &mut Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let field = "the Subscription Options";
        let byte = reader.u8(field)?;
        let reserved = if version.is_v5() { 0b1100_0000 } else { 0b1111_1100 };
        if byte & reserved != 0 {
            // [MQTT-3.8.3-5], [3.1.1 MQTT-3.8.3-4]
            return Err(reader.malformed(field, "have a reserved bit set"));
        }
        let qos = QoS::try_from(byte & 0b11)
            .map_err(|_| reader.protocol_error(field, "ask for QoS 3, which there is not"))?;
        let retain_handling = match byte >> 4 {
            0 => RetainHandling::SendAlways,
            1 => RetainHandling::SendIfNew,
            2 => RetainHandling::DoNotSend,
            _ => return Err(reader.protocol_error(field, "have the Retain Handling 3, which there is not")),
        };
        Ok(Self {
            qos,
            no_local: byte & 0b0100 != 0,
            retain_as_published: byte & 0b1000 != 0,
            retain_handling,
        })
    }

    fn byte(self, version: ProtocolVersion) -> u8 {
        let qos = u8::from(self.qos);
        if !version.is_v5() {
            return qos;
        }
        qos | u8::from(self.no_local) << 2
            | u8::from(self.retain_as_published) << 3
            | (self.retain_handling as u8) << 4
    }
}

impl SubAck {
    pub(crate) fn read(mut reader: Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id()?;
        let properties = if version.is_v5() { AckProperties::read(&mut reader)? } else { Default::default() };
        let reasons = read_reasons(&mut reader)?;
        let of_3 = |reason: &ReasonCode| !reason.is_error() || *reason == ReasonCode::UnspecifiedError;
        if !version.is_v5() && !reasons.iter().all(of_3) {
            // [3.1.1 MQTT-3.9.3-2]
            return Err(reader.malformed("a return code", "is not 0, 1, 2 or 0x80"));
        }
        Ok(Self { packet_id, reasons, properties })
    }
}

/// The reason codes that fill the rest of a SUBACK or UNSUBACK; there is at least one.
pub(super) fn read_reasons(reader: &mut Reader) -> Result<Vec<ReasonCode>, DecodeError> {
    if reader.is_empty() {
        return Err(reader.protocol_error("the payload", "has no Reason Code"));
    }
    let mut reasons = Vec::with_capacity(reader.len());
    while !reader.is_empty() {
        reasons.push(reader.reason()?);
    }
    Ok(reasons)
}

pub(super) fn check_reasons(packet: PacketType, reasons: &[ReasonCode]) -> Result<(), EncodeError> {
    if reasons.is_empty() {
        return Err(EncodeError::invalid(packet, "the payload", "has no Reason Code"));
    }
    reasons.iter().try_for_each(|&reason| check_reason(packet, reason))
}

impl Body for SubAck {
    fn check(&self, packet: PacketType, _: ProtocolVersion) -> Result<(), EncodeError> {
        check_reasons(packet, &self.reasons)
    }

    fn put<S: Sink>(&self, version: ProtocolVersion, sink: &mut S) {
        sink.u16(self.packet_id.value());
        if version.is_v5() {
            self.properties.put_block(sink);
        }
        for &reason in &self.reasons {
            let failure_of_3 = reason.is_error() && !version.is_v5();
            sink.u8(if failure_of_3 { 0x80 } else { reason.value() });
        }
    }
}

/// The properties of SUBSCRIBE, which are fields of the packet itself.
#[derive(Default)]
struct SubscribeProperties {
    subscription_identifier: Option<u32>,
    user_properties: UserProperties,
}

impl SubscribeProperties {
    fn read(packet: &mut Reader) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let Some(mut block) = BlockReader::open(packet)? else { return Ok(properties) };
        while let Some(id) = block.next()? {
            match id {
                PropertyId::SubscriptionIdentifier => {
                    let slot = &mut properties.subscription_identifier;
                    block.once(id, slot, BlockReader::subscription_identifier)?;
                }
                PropertyId::UserProperty => block.user(id, &mut properties.user_properties)?,
                _ => return Err(block.not_allowed(id)),
            }
        }
        Ok(properties)
    }
}

impl Block for Subscribe {
    fn put<S: Sink>(&self, sink: &mut S) {
        put_subscription_identifiers(sink, self.subscription_identifier.as_slice());
        put_user(sink, &self.user_properties);
    }
}
