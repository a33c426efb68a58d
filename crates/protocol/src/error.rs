use crate::{PacketType, ReasonCode};

/// Why bytes are not a packet that may be received here. Any of these ends the connection (§4.13).
///
/// It prints as a sentence that names the packet, the field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The type in the first byte is 0, or 15 before 5.0, which no packet has (§2.1.2).
    #[error("packet type {0} is reserved")]
    ReservedPacketType(u8),
    /// The Remaining Length goes on after its fourth byte (§2.1.4).
    #[error("{packet}: the Remaining Length is longer than four bytes")]
    RemainingLengthTooLong {
        /// The kind of the packet.
        packet: PacketType,
    },
    /// The packet is larger than the receiver accepts.
    #[error("{packet} of {size} bytes is larger than the {limit} bytes accepted")]
    PacketTooLarge {
        /// The kind of the packet.
        packet: PacketType,
        /// Its size in bytes, the fixed header included.
        size: u32,
        /// The largest size accepted.
        limit: u32,
    },
    /// A CONNECT names a protocol that is not MQTT.
    #[error("CONNECT: the protocol name is neither MQTT nor MQIsdp")]
    UnsupportedProtocolName,
    /// A CONNECT asks for a version that is not 3.1, 3.1.1 or 5.0.
    #[error("CONNECT: protocol level {level} is not one of 3 (with MQIsdp), 4 and 5 (with MQTT)")]
    UnsupportedProtocolVersion {
        /// The Protocol Level byte.
        level: u8,
    },
    /// The first packet of a client is not CONNECT [MQTT-3.1.0-1].
    #[error("the first packet is {packet}, not CONNECT")]
    ExpectedConnect {
        /// The kind of the packet.
        packet: PacketType,
    },
    /// A client sends CONNECT again [MQTT-3.1.0-2].
    #[error("a second CONNECT on the same connection")]
    SecondConnect,
    /// A packet that this side never receives.
    #[error("{packet} goes the other way")]
    WrongDirection {
        /// The kind of the packet.
        packet: PacketType,
    },
    /// The packet cannot be parsed: reason code 0x81.
    #[error("{packet}: {field} {problem}")]
    Malformed {
        /// The kind of the packet.
        packet: PacketType,
        /// Which part of it.
        field: &'static str,
        /// What is wrong with that part, as the rest of a sentence.
        problem: &'static str,
    },
    /// The packet can be parsed, but breaks a rule: reason code 0x82.
    #[error("{packet}: {field} {problem}")]
    Protocol {
        /// The kind of the packet.
        packet: PacketType,
        /// Which part of it.
        field: &'static str,
        /// What is wrong with that part, as the rest of a sentence.
        problem: &'static str,
    },
    /// A PUBLISH has the Topic Alias 0: reason code 0x94 [MQTT-3.3.2-8].
    #[error("PUBLISH: the Topic Alias is 0")]
    TopicAliasZero,
}

impl DecodeError {
    /// The reason code to answer with, in a CONNACK when the packet was CONNECT, else in a DISCONNECT (§4.13.1).
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::ReservedPacketType(_) | Self::RemainingLengthTooLong { .. } | Self::Malformed { .. } => {
                ReasonCode::MalformedPacket
            }
            Self::PacketTooLarge { .. } => ReasonCode::PacketTooLarge,
            Self::UnsupportedProtocolName | Self::UnsupportedProtocolVersion { .. } => {
                ReasonCode::UnsupportedProtocolVersion
            }
            Self::ExpectedConnect { .. }
            | Self::SecondConnect
            | Self::WrongDirection { .. }
            | Self::Protocol { .. } => ReasonCode::ProtocolError,
            Self::TopicAliasZero => ReasonCode::TopicAliasInvalid,
        }
    }
}

/// Why a packet has no place on the wire. It is the program's fault, never the peer's; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The packet does not exist in this version of the protocol.
    #[error("{packet} does not exist before MQTT 5.0")]
    NotInVersion {
        /// The kind of the packet.
        packet: PacketType,
    },
    /// The Remaining Length would be above 268 435 455 (§2.1.4).
    #[error("{packet}: {remaining_length} bytes are more than the protocol's 268435455")]
    PacketTooLarge {
        /// The kind of the packet.
        packet: PacketType,
        /// The bytes after the fixed header.
        remaining_length: u64,
    },
    /// Binary Data is longer than the two bytes of its length can say (§1.5.6).
    #[error("{packet}: {field} is longer than 65535 bytes")]
    BinaryTooLong {
        /// The kind of the packet.
        packet: PacketType,
        /// Which part of it.
        field: &'static str,
    },
    /// The packet would break a rule of the protocol.
    #[error("{packet}: {field} {problem}")]
    Invalid {
        /// The kind of the packet.
        packet: PacketType,
        /// Which part of it.
        field: &'static str,
        /// What is wrong with that part, as the rest of a sentence.
        problem: &'static str,
    },
}

impl EncodeError {
    pub(crate) const fn invalid(packet: PacketType, field: &'static str, problem: &'static str) -> Self {
        Self::Invalid { packet, field, problem }
    }
}
