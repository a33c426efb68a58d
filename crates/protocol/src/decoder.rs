use bytes::{Buf, Bytes, BytesMut};

use crate::reader::Reader;
use crate::varint::{self, Varint};
use crate::{
    Ack, Auth, ConnAck, Connect, DecodeError, Disconnect, Packet, PacketId, PacketType, ProtocolVersion,
    Publish, ReasonCode, SubAck, Subscribe, UnsubAck, Unsubscribe,
};

/// Which end of a connection receives the bytes: packets that only the other end receives are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A server: the first packet is a CONNECT, which tells the version, and there is no second one.
    Server,
    /// A client.
    Client,
    /// Somebody who looks on, and takes every packet of either direction.
    Any,
}

/// What a decoder accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecodeLimits {
    /// The largest packet in bytes, the fixed header included.
    pub max_packet_size: u32,
}

/// No limit but the protocol's own, 268 435 460 bytes.
impl Default for DecodeLimits {
    fn default() -> Self {
        Self { max_packet_size: varint::MAX + 5 }
    }
}

/// Turns a stream of bytes, split in any way, into packets.
///
/// A packet that arrives within one `Bytes` is made of slices of it; one that spans several is copied once, into a
/// buffer of its own. Nothing is buffered of a packet that is too large or goes the wrong way: its fixed header is
/// enough to refuse it. In memory a packet of many short strings is larger than on the wire, up to about thirteen
/// times (a User Property of five bytes takes 64).
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    limits: DecodeLimits,
    version: Option<ProtocolVersion>,
    /// The start of a packet whose rest was not in the same `Bytes`.
    partial: BytesMut,
    /// What came after that and was not looked at yet.
    input: Bytes,
    /// Boxed, since it is rare and there is a decoder for each idle connection.
    failed: Option<Box<DecodeError>>,
}

impl Decoder {
    /// A decoder for one direction of one connection.
    pub fn new(role: Role, limits: DecodeLimits) -> Self {
        Self { role, limits, version: None, partial: BytesMut::new(), input: Bytes::new(), failed: None }
    }

    /// The version in use: told, or read from a CONNECT, even from one that was then refused.
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.version
    }

    /// Tells the version. A server's decoder learns it from the CONNECT; the others take 3.1.1 until they are told.
    pub fn set_version(&mut self, version: ProtocolVersion) {
        self.version = Some(version);
    }

    /// Changes the limits for packets that have not begun to be read.
    pub fn set_limits(&mut self, limits: DecodeLimits) {
        self.limits = limits;
    }

    /// Takes the next bytes of the stream. Memory is bounded if [`next`](Self::next) is then called until it has no
    /// more packets.
    pub fn push(&mut self, bytes: Bytes) {
        if self.failed.is_some() {
            return;
        }
        if !self.input.is_empty() {
            self.partial.extend_from_slice(&self.input);
        }
        self.input = bytes;
    }

    /// The next packet; `None` until more bytes have been pushed.
    ///
    /// # Errors
    /// The stream is not MQTT as this side may receive it. No packet comes after that: the same error is returned
    /// again.
    #[expect(clippy::should_implement_trait, reason = "an Iterator has no way to end and then go on")]
    pub fn next(&mut self) -> Result<Option<Packet>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        match self.take_packet() {
            Ok(packet) => Ok(packet),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// How many bytes have been pushed and are not part of a packet yet.
    pub fn buffered(&self) -> usize {
        self.partial.len() + self.input.len()
    }

    #[cold]
    fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.failed = Some(Box::new(error.clone()));
        self.partial = BytesMut::new();
        self.input = Bytes::new();
        error
    }

    // Inlined into one another, the steps from here to `Publish::read` write the packet once, where the caller wants
    // it; each move of its 96 bytes between them would cost as much as the parsing (104 ns against 85 for a PUBLISH).
    #[inline(always)]
    fn take_packet(&mut self) -> Result<Option<Packet>, DecodeError> {
        let (header, bytes) = if self.partial.is_empty() {
            let Some(header) = self.header(&self.input)? else {
                self.keep_input(usize::MAX);
                return Ok(None);
            };
            if self.input.len() < header.packet_len {
                self.keep_input(header.packet_len);
                return Ok(None);
            }
            if let Some(packet) = self.short(&header) {
                self.input.advance(header.packet_len);
                return Ok(Some(packet));
            }
            let bytes = self.input.split_to(header.packet_len);
            (header, bytes)
        } else {
            let Some(whole) = self.complete()? else { return Ok(None) };
            whole
        };
        self.decode(&header, bytes).map(Some)
    }

    /// The packet that begins in `partial`, once all of it is there.
    #[inline(never)]
    fn complete(&mut self) -> Result<Option<(FixedHeader, Bytes)>, DecodeError> {
        let Some(header) = self.complete_header()? else { return Ok(None) };
        self.keep_input(header.packet_len);
        if self.partial.len() < header.packet_len {
            return Ok(None);
        }
        let bytes = self.partial.split_to(header.packet_len).freeze();
        if self.partial.is_empty() {
            // An empty handle would keep the packet's allocation alive.
            self.partial = BytesMut::new();
        }
        Ok(Some((header, bytes)))
    }

    /// The fixed header in `partial`, to which bytes of `input` are added one by one until it is whole.
    fn complete_header(&mut self) -> Result<Option<FixedHeader>, DecodeError> {
        loop {
            if let Some(header) = self.header(&self.partial)? {
                return Ok(Some(header));
            }
            if self.input.is_empty() {
                return Ok(None);
            }
            self.keep_input(self.partial.len() + 1);
        }
    }

    /// Moves bytes from `input` to `partial` until that holds `len` or there are no more.
    fn keep_input(&mut self, len: usize) {
        let missing = len.saturating_sub(self.partial.len()).min(self.input.len());
        self.partial.extend_from_slice(&self.input[..missing]);
        self.input.advance(missing);
        if self.input.is_empty() {
            self.input = Bytes::new();
        }
    }

    /// Reads and judges the fixed header at the start of `bytes`; `None` if it is not whole yet.
    #[inline]
    fn header(&self, bytes: &[u8]) -> Result<Option<FixedHeader>, DecodeError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let packet = self.expect(first)?;
        let (value, len, minimal) = match varint::read(&bytes[1..]) {
            Varint::Value { value, len, minimal } => (value, len, minimal),
            Varint::TooLong => return Err(DecodeError::RemainingLengthTooLong { packet }),
            Varint::Incomplete => return Ok(None),
        };
        let size = 1 + len as u32 + value;
        if size > self.limits.max_packet_size {
            return Err(DecodeError::PacketTooLarge { packet, size, limit: self.limits.max_packet_size });
        }
        Ok(Some(FixedHeader {
            packet,
            flags: first & 0x0F,
            minimal,
            len: 1 + len,
            packet_len: size as usize,
        }))
    }

    /// The kind of packet that starts with this byte, if one of that kind may come now.
    #[inline]
    fn expect(&self, first: u8) -> Result<PacketType, DecodeError> {
        let number = first >> 4;
        let packet = PacketType::from_number(number).ok_or(DecodeError::ReservedPacketType(number))?;
        match self.role {
            Role::Server => match (packet, self.version) {
                (PacketType::Connect, Some(_)) => return Err(DecodeError::SecondConnect),
                (PacketType::Connect, None) => {}
                (_, None) => return Err(DecodeError::ExpectedConnect { packet }),
                _ if packet.from_client() => {}
                _ => return Err(DecodeError::WrongDirection { packet }),
            },
            Role::Client if !packet.from_server(self.version_in_use()) => {
                return Err(DecodeError::WrongDirection { packet });
            }
            Role::Client | Role::Any => {}
        }
        if packet == PacketType::Auth && !self.version_in_use().is_v5() {
            return Err(DecodeError::ReservedPacketType(number));
        }
        let Some(expected) = packet.reserved_flags() else { return Ok(packet) };
        // 3.1 sends PUBREL, SUBSCRIBE and UNSUBSCRIBE again with DUP set.
        let old_dup = self.version == Some(ProtocolVersion::V3_1) && expected != 0;
        let mask = if old_dup { 0b0111 } else { 0b1111 };
        if first & mask != expected {
            let field = "the flags of the fixed header";
            return Err(DecodeError::Malformed { packet, field, problem: "are not those of this packet" });
        }
        Ok(packet)
    }

    #[inline]
    fn version_in_use(&self) -> ProtocolVersion {
        self.version.unwrap_or(ProtocolVersion::V3_1_1)
    }

    /// The short form of an acknowledgement at the start of `input`: the most frequent packet after PUBLISH is made
    /// without touching the reference count of its bytes.
    #[inline]
    fn short(&self, header: &FixedHeader) -> Option<Packet> {
        let [_, 2, high, low, ..] = self.input[..] else { return None };
        let ack = || PacketId::new(u16::from_be_bytes([high, low])).map(Ack::success);
        match header.packet {
            PacketType::PubAck => ack().map(Packet::PubAck),
            PacketType::PubRec => ack().map(Packet::PubRec),
            PacketType::PubRel => ack().map(Packet::PubRel),
            PacketType::PubComp => ack().map(Packet::PubComp),
            _ => None,
        }
    }

    /// Decodes a whole packet.
    #[inline(always)]
    fn decode(&mut self, header: &FixedHeader, mut bytes: Bytes) -> Result<Packet, DecodeError> {
        bytes.advance(header.len);
        let mut reader = Reader::new(header.packet, bytes);
        if header.packet == PacketType::Connect {
            let version = Connect::read_version(&mut reader)?;
            self.version = Some(version);
        }
        let version = self.version_in_use();
        if !header.minimal && version.is_v5() {
            // [MQTT-1.5.5-1]; 3.1.1 does not ask for the shortest form.
            return Err(reader.malformed("the Remaining Length", "is not in its shortest form"));
        }
        let packet = read(reader, header.flags, version)?;
        check_sender(&packet, self.role)?;
        Ok(packet)
    }
}

#[derive(Debug)]
struct FixedHeader {
    packet: PacketType,
    flags: u8,
    /// Whether the Remaining Length is in its shortest form.
    minimal: bool,
    /// The bytes of the fixed header itself.
    len: usize,
    /// The bytes of the whole packet.
    packet_len: usize,
}

#[inline(always)]
fn read(reader: Reader, flags: u8, version: ProtocolVersion) -> Result<Packet, DecodeError> {
    Ok(match reader.packet() {
        PacketType::Connect => Packet::Connect(Box::new(Connect::read(reader, version)?)),
        PacketType::ConnAck => Packet::ConnAck(Box::new(ConnAck::read(reader, version)?)),
        PacketType::Publish => Packet::Publish(Publish::read(reader, flags, version)?),
        PacketType::PubAck => Packet::PubAck(Ack::read(reader, version)?),
        PacketType::PubRec => Packet::PubRec(Ack::read(reader, version)?),
        PacketType::PubRel => Packet::PubRel(Ack::read(reader, version)?),
        PacketType::PubComp => Packet::PubComp(Ack::read(reader, version)?),
        PacketType::Subscribe => Packet::Subscribe(Subscribe::read(reader, version)?),
        PacketType::SubAck => Packet::SubAck(SubAck::read(reader, version)?),
        PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe::read(reader, version)?),
        PacketType::UnsubAck => Packet::UnsubAck(UnsubAck::read(reader, version)?),
        PacketType::PingReq => reader.end().map(|()| Packet::PingReq)?,
        PacketType::PingResp => reader.end().map(|()| Packet::PingResp)?,
        PacketType::Disconnect => Packet::Disconnect(Box::new(Disconnect::read(reader, version)?)),
        PacketType::Auth => Packet::Auth(Box::new(Auth::read(reader)?)),
    })
}

/// Refuses what only the other end may say in a packet that both may send.
#[inline]
fn check_sender(packet: &Packet, role: Role) -> Result<(), DecodeError> {
    let (field, problem) = match (packet, role) {
        // [MQTT-3.3.4-6]
        (Packet::Publish(publish), Role::Server)
            if !publish.properties.subscription_identifiers.is_empty() =>
        {
            ("the Subscription Identifier", "is not for a client to send")
        }
        (Packet::Disconnect(disconnect), Role::Server)
            if !disconnect.reason.is_valid_in_client_disconnect() =>
        {
            ("the Reason Code", "is not one for a client to send")
        }
        (Packet::Disconnect(disconnect), Role::Client)
            if !disconnect.reason.is_valid_in_server_disconnect() =>
        {
            ("the Reason Code", "is not one for a server to send")
        }
        // [MQTT-3.14.2-2]
        (Packet::Disconnect(disconnect), Role::Client)
            if disconnect.properties.session_expiry_interval.is_some() =>
        {
            ("the Session Expiry Interval", "is not for a server to send")
        }
        (Packet::Auth(auth), Role::Server) if auth.reason == ReasonCode::Success => {
            ("the Reason Code", "is not one for a client to send")
        }
        (Packet::Auth(auth), Role::Client) if auth.reason == ReasonCode::ReAuthenticate => {
            ("the Reason Code", "is not one for a server to send")
        }
        _ => return Ok(()),
    };
    Err(DecodeError::Protocol { packet: packet.packet_type(), field, problem })
}

#[cfg(test)]
mod tests;
