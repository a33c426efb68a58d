use std::fmt;

/// Quality of Service: how often a message may arrive (§4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: once or not at all; no acknowledgement.
    #[default]
    AtMostOnce = 0,
    /// QoS 1: acknowledged with PUBACK; may arrive twice.
    AtLeastOnce = 1,
    /// QoS 2: acknowledged in two steps with PUBREC, PUBREL and PUBCOMP.
    ExactlyOnce = 2,
}

/// There is no QoS 3 and none above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a QoS: 0, 1 and 2 are")]
pub struct InvalidQoS(
    /// The number that was to be a QoS.
    pub u8,
);

impl TryFrom<u8> for QoS {
    type Error = InvalidQoS;

    #[inline]
    fn try_from(value: u8) -> Result<Self, InvalidQoS> {
        match value {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            other => Err(InvalidQoS(other)),
        }
    }
}

impl From<QoS> for u8 {
    #[inline]
    fn from(qos: QoS) -> u8 {
        qos as u8
    }
}

/// Writes `0`, `1` or `2`.
impl fmt::Display for QoS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", *self as u8)
    }
}
