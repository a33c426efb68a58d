use bytes::BytesMut;

use crate::sink::{Count, Sink};
use crate::{Ack, EncodeError, Packet, PacketId, PacketType, ProtocolVersion, ReasonCode, varint};

/// What comes after a packet's fixed header.
pub(crate) trait Body {
    /// Finds what has no place on the wire of this version, so that [`put`](Self::put) cannot go wrong.
    fn check(&self, packet: PacketType, version: ProtocolVersion) -> Result<(), EncodeError>;

    /// Writes the variable header and the payload.
    fn put<S: Sink>(&self, version: ProtocolVersion, sink: &mut S);
}

impl Packet {
    /// Appends the packet to `out`, which grows once, by exactly [`encoded_len`](Self::encoded_len).
    ///
    /// What `version` has no place for is left out: properties, and reasons beyond its return codes. A CONNECT is
    /// written in its own version, whatever `version` is.
    ///
    /// # Errors
    /// The packet breaks a rule of the protocol; `out` is as it was.
    pub fn encode(&self, version: ProtocolVersion, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self {
            Self::Connect(packet) => write(self.packet_type(), &**packet, version, out),
            Self::ConnAck(packet) => write(self.packet_type(), &**packet, version, out),
            Self::Publish(packet) => packet.as_ref().encode(version, out).map(|_| ()),
            Self::PubAck(packet) | Self::PubRec(packet) | Self::PubRel(packet) | Self::PubComp(packet) => {
                write(self.packet_type(), packet, version, out)
            }
            Self::Subscribe(packet) => write(self.packet_type(), packet, version, out),
            Self::SubAck(packet) => write(self.packet_type(), packet, version, out),
            Self::Unsubscribe(packet) => write(self.packet_type(), packet, version, out),
            Self::UnsubAck(packet) => write(self.packet_type(), packet, version, out),
            Self::PingReq | Self::PingResp => write(self.packet_type(), &Empty, version, out),
            Self::Disconnect(packet) => write(self.packet_type(), &**packet, version, out),
            Self::Auth(packet) => write(self.packet_type(), &**packet, version, out),
        }
    }

    /// How many bytes [`encode`](Self::encode) appends, the fixed header included.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn encoded_len(&self, version: ProtocolVersion) -> Result<u32, EncodeError> {
        match self {
            Self::Connect(packet) => measure(self.packet_type(), &**packet, version),
            Self::ConnAck(packet) => measure(self.packet_type(), &**packet, version),
            Self::Publish(packet) => packet.as_ref().encoded_len(version),
            Self::PubAck(packet) | Self::PubRec(packet) | Self::PubRel(packet) | Self::PubComp(packet) => {
                measure(self.packet_type(), packet, version)
            }
            Self::Subscribe(packet) => measure(self.packet_type(), packet, version),
            Self::SubAck(packet) => measure(self.packet_type(), packet, version),
            Self::Unsubscribe(packet) => measure(self.packet_type(), packet, version),
            Self::UnsubAck(packet) => measure(self.packet_type(), packet, version),
            Self::PingReq | Self::PingResp => measure(self.packet_type(), &Empty, version),
            Self::Disconnect(packet) => measure(self.packet_type(), &**packet, version),
            Self::Auth(packet) => measure(self.packet_type(), &**packet, version),
        }
    }
}

/// Which of the four acknowledgements that carry a single Packet Identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckType {
    /// PUBACK.
    PubAck,
    /// PUBREC.
    PubRec,
    /// PUBREL.
    PubRel,
    /// PUBCOMP.
    PubComp,
}

impl From<AckType> for PacketType {
    #[inline]
    fn from(ack: AckType) -> Self {
        match ack {
            AckType::PubAck => Self::PubAck,
            AckType::PubRec => Self::PubRec,
            AckType::PubRel => Self::PubRel,
            AckType::PubComp => Self::PubComp,
        }
    }
}

/// Appends an acknowledgement without properties, of four bytes, or five with a reason other than success in 5.0.
///
/// The short way for the busiest packets; [`Packet::encode`] writes those with properties. `reason` must be one of the
/// packet's own, which is not checked here.
#[inline]
pub fn encode_ack(
    ack: AckType,
    packet_id: PacketId,
    reason: ReasonCode,
    version: ProtocolVersion,
    out: &mut BytesMut,
) {
    let packet = PacketType::from(ack);
    debug_assert!(reason.is_valid_in(packet), "{packet} does not carry {reason:?}");
    let [high, low] = packet_id.value().to_be_bytes();
    if version.is_v5() && reason != ReasonCode::Success {
        out.extend_from_slice(&[packet.first_byte(), 3, high, low, reason.value()]);
    } else {
        out.extend_from_slice(&[packet.first_byte(), 2, high, low]);
    }
}

impl Ack {
    /// Appends the packet to `out` as `ack` says, as [`Packet::encode`] does.
    ///
    /// # Errors
    /// As for [`Packet::encode`].
    pub fn encode(
        &self,
        ack: AckType,
        version: ProtocolVersion,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        write(ack.into(), self, version, out)
    }
}

/// The bytes of a whole packet with a Remaining Length of `remaining_length`.
pub(crate) fn packet_len(packet: PacketType, remaining_length: u64) -> Result<u32, EncodeError> {
    match u32::try_from(remaining_length) {
        Ok(len @ 0..=varint::MAX) => Ok(1 + varint::len(len) as u32 + len),
        _ => Err(EncodeError::PacketTooLarge { packet, remaining_length }),
    }
}

fn measure(packet: PacketType, body: &impl Body, version: ProtocolVersion) -> Result<u32, EncodeError> {
    packet_len(packet, remaining_length(packet, body, version)?)
}

fn remaining_length(
    packet: PacketType,
    body: &impl Body,
    version: ProtocolVersion,
) -> Result<u64, EncodeError> {
    body.check(packet, version)?;
    let mut count = Count::default();
    body.put(version, &mut count);
    Ok(count.0)
}

fn write(
    packet: PacketType,
    body: &impl Body,
    version: ProtocolVersion,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let remaining_length = remaining_length(packet, body, version)?;
    out.reserve(packet_len(packet, remaining_length)? as usize);
    out.u8(packet.first_byte());
    out.varint(remaining_length as u32);
    body.put(version, out);
    Ok(())
}

/// The body of PINGREQ and PINGRESP.
struct Empty;

impl Body for Empty {
    fn check(&self, _: PacketType, _: ProtocolVersion) -> Result<(), EncodeError> {
        Ok(())
    }

    fn put<S: Sink>(&self, _: ProtocolVersion, _: &mut S) {}
}

/// Refuses Binary Data that is longer than its length can say (§1.5.6).
pub(crate) fn check_binary(
    packet: PacketType,
    field: &'static str,
    data: Option<&bytes::Bytes>,
) -> Result<(), EncodeError> {
    match data {
        Some(data) if data.len() > usize::from(u16::MAX) => Err(EncodeError::BinaryTooLong { packet, field }),
        _ => Ok(()),
    }
}

/// Refuses a reason code that the packet does not carry.
pub(crate) fn check_reason(packet: PacketType, reason: ReasonCode) -> Result<(), EncodeError> {
    if reason.is_valid_in(packet) {
        return Ok(());
    }
    Err(EncodeError::invalid(packet, "the Reason Code", "is not one for this packet"))
}
