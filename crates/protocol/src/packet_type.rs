use std::fmt;

/// The kind of an MQTT Control Packet, by its number on the wire (§2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PacketType {
    /// A client asks for a connection.
    Connect = 1,
    /// The server's answer to CONNECT.
    ConnAck = 2,
    /// A message, in either direction.
    Publish = 3,
    /// Acknowledges a QoS 1 message.
    PubAck = 4,
    /// QoS 2: received, part 1.
    PubRec = 5,
    /// QoS 2: release, part 2.
    PubRel = 6,
    /// QoS 2: complete, part 3.
    PubComp = 7,
    /// A client asks for messages.
    Subscribe = 8,
    /// The server's answer to SUBSCRIBE.
    SubAck = 9,
    /// A client no longer wants messages.
    Unsubscribe = 10,
    /// The server's answer to UNSUBSCRIBE.
    UnsubAck = 11,
    /// A client shows that it is alive.
    PingReq = 12,
    /// The server's answer to PINGREQ.
    PingResp = 13,
    /// Says good-bye, with the reason in 5.0.
    Disconnect = 14,
    /// One step of an enhanced authentication; 5.0 only.
    Auth = 15,
}

impl PacketType {
    /// The type with this number, 1 to 15; 0 is forbidden.
    #[inline]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Connect,
            2 => Self::ConnAck,
            3 => Self::Publish,
            4 => Self::PubAck,
            5 => Self::PubRec,
            6 => Self::PubRel,
            7 => Self::PubComp,
            8 => Self::Subscribe,
            9 => Self::SubAck,
            10 => Self::Unsubscribe,
            11 => Self::UnsubAck,
            12 => Self::PingReq,
            13 => Self::PingResp,
            14 => Self::Disconnect,
            15 => Self::Auth,
            _ => return None,
        })
    }

    /// The packet's name in the specification, in capitals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::ConnAck => "CONNACK",
            Self::Publish => "PUBLISH",
            Self::PubAck => "PUBACK",
            Self::PubRec => "PUBREC",
            Self::PubRel => "PUBREL",
            Self::PubComp => "PUBCOMP",
            Self::Subscribe => "SUBSCRIBE",
            Self::SubAck => "SUBACK",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::UnsubAck => "UNSUBACK",
            Self::PingReq => "PINGREQ",
            Self::PingResp => "PINGRESP",
            Self::Disconnect => "DISCONNECT",
            Self::Auth => "AUTH",
        }
    }

    /// The flags that the low four bits of the first byte must hold; `None` for PUBLISH, whose flags mean something
    /// [MQTT-2.1.3-1].
    #[inline]
    pub const fn reserved_flags(self) -> Option<u8> {
        match self {
            Self::Publish => None,
            Self::PubRel | Self::Subscribe | Self::Unsubscribe => Some(0b0010),
            _ => Some(0),
        }
    }

    /// Whether a client may send it (§2.1.2).
    pub const fn from_client(self) -> bool {
        !matches!(self, Self::ConnAck | Self::SubAck | Self::UnsubAck | Self::PingResp)
    }

    /// Whether a server of this version's family may send it (§2.1.2): DISCONNECT in 5.0 only.
    pub const fn from_server(self, version: crate::ProtocolVersion) -> bool {
        match self {
            Self::Connect | Self::Subscribe | Self::Unsubscribe | Self::PingReq => false,
            Self::Disconnect | Self::Auth => version.is_v5(),
            _ => true,
        }
    }

    /// The first byte of such a packet; for PUBLISH with DUP, QoS and RETAIN all zero.
    #[inline]
    pub(crate) const fn first_byte(self) -> u8 {
        let flags = match self.reserved_flags() {
            Some(flags) => flags,
            None => 0,
        };
        (self as u8) << 4 | flags
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
