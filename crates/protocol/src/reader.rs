use bytes::{Buf, Bytes};

use crate::varint::{self, Varint};
use crate::{DecodeError, PacketId, PacketType, ReasonCode, TopicFilter, TopicName, Utf8String};

/// Takes the fields of one packet off its bytes, in order, and says which one was wrong.
#[derive(Debug)]
pub(crate) struct Reader {
    packet: PacketType,
    bytes: Bytes,
}

type Result<T> = std::result::Result<T, DecodeError>;

impl Reader {
    pub(crate) fn new(packet: PacketType, bytes: Bytes) -> Self {
        Self { packet, bytes }
    }

    pub(crate) fn packet(&self) -> PacketType {
        self.packet
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8> {
        self.bytes.try_get_u8().map_err(|_| self.truncated(field))
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16> {
        self.bytes.try_get_u16().map_err(|_| self.truncated(field))
    }

    #[inline]
    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32> {
        self.bytes.try_get_u32().map_err(|_| self.truncated(field))
    }

    /// A Variable Byte Integer in its shortest form [MQTT-1.5.5-1].
    #[inline]
    pub(crate) fn varint(&mut self, field: &'static str) -> Result<u32> {
        match varint::read(&self.bytes) {
            Varint::Value { value, len, minimal: true } => {
                self.bytes.advance(len);
                Ok(value)
            }
            Varint::Value { .. } => Err(self.malformed(field, "is not in its shortest form")),
            Varint::TooLong => Err(self.malformed(field, "is longer than four bytes")),
            Varint::Incomplete => Err(self.truncated(field)),
        }
    }

    /// Binary Data (§1.5.6).
    #[inline]
    pub(crate) fn binary(&mut self, field: &'static str) -> Result<Bytes> {
        let len = usize::from(self.u16(field)?);
        self.slice(len, field)
    }

    #[inline]
    pub(crate) fn string(&mut self, field: &'static str) -> Result<Utf8String> {
        let bytes = self.binary(field)?;
        Utf8String::try_from(bytes).map_err(|error| self.malformed(field, error.problem()))
    }

    #[inline]
    pub(crate) fn topic_name(&mut self, field: &'static str) -> Result<TopicName> {
        let bytes = self.binary(field)?;
        TopicName::try_from(bytes).map_err(|error| self.malformed(field, error.problem()))
    }

    pub(crate) fn topic_filter(&mut self, field: &'static str) -> Result<TopicFilter> {
        let bytes = self.binary(field)?;
        TopicFilter::try_from(bytes).map_err(|error| self.malformed(field, error.problem()))
    }

    /// A Packet Identifier, which is not 0 [MQTT-2.2.1-3].
    #[inline]
    pub(crate) fn packet_id(&mut self) -> Result<PacketId> {
        let field = "the Packet Identifier";
        PacketId::new(self.u16(field)?).ok_or_else(|| self.protocol_error(field, "is 0"))
    }

    /// A reason code that this kind of packet may carry.
    #[inline]
    pub(crate) fn reason(&mut self) -> Result<ReasonCode> {
        let field = "the Reason Code";
        let reason = ReasonCode::from_value(self.u8(field)?)
            .ok_or_else(|| self.malformed(field, "is not one the specification defines"))?;
        if reason.is_valid_in(self.packet) {
            return Ok(reason);
        }
        Err(self.protocol_error(field, "is not one for this packet"))
    }

    /// The next `len` bytes.
    #[inline]
    pub(crate) fn slice(&mut self, len: usize, field: &'static str) -> Result<Bytes> {
        if len > self.bytes.len() {
            return Err(self.truncated(field));
        }
        Ok(self.bytes.split_to(len))
    }

    /// All that is left.
    #[inline]
    pub(crate) fn rest(self) -> Bytes {
        self.bytes
    }

    /// Refuses bytes after the last field.
    #[inline]
    pub(crate) fn end(self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        Err(self.malformed("the packet", "has bytes after its last field"))
    }

    #[cold]
    pub(crate) fn malformed(&self, field: &'static str, problem: &'static str) -> DecodeError {
        DecodeError::Malformed { packet: self.packet, field, problem }
    }

    #[cold]
    pub(crate) fn protocol_error(&self, field: &'static str, problem: &'static str) -> DecodeError {
        DecodeError::Protocol { packet: self.packet, field, problem }
    }

    #[cold]
    fn truncated(&self, field: &'static str) -> DecodeError {
        self.malformed(field, "is cut off by the end of the packet")
    }
}
