use std::fmt;

/// A version of the MQTT protocol, in the order in which they appeared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtocolVersion {
    /// MQTT 3.1: protocol name `MQIsdp`, protocol level 3.
    V3_1,
    /// MQTT 3.1.1: protocol name `MQTT`, protocol level 4.
    V3_1_1,
    /// MQTT 5.0: protocol name `MQTT`, protocol version 5.
    V5_0,
}

impl ProtocolVersion {
    /// Whether packets of this version carry properties and reason codes.
    #[inline]
    pub const fn is_v5(self) -> bool {
        matches!(self, Self::V5_0)
    }

    /// The Protocol Name that a CONNECT of this version starts with (§3.1.2.1).
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::V3_1 => "MQIsdp",
            Self::V3_1_1 | Self::V5_0 => "MQTT",
        }
    }

    /// The Protocol Level (3.1.1) or Protocol Version (5.0) byte of a CONNECT (§3.1.2.2).
    pub const fn level(self) -> u8 {
        match self {
            Self::V3_1 => 3,
            Self::V3_1_1 => 4,
            Self::V5_0 => 5,
        }
    }
}

/// Writes `3.1`, `3.1.1` or `5.0`.
impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V3_1 => "3.1",
            Self::V3_1_1 => "3.1.1",
            Self::V5_0 => "5.0",
        })
    }
}
