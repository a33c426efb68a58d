use std::fmt;
use std::num::NonZeroU16;

/// A Packet Identifier, 1 to 65 535 (§2.2.1).
///
/// An `Option<PacketId>` takes two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The smallest Packet Identifier, 1.
    pub const MIN: Self = Self(NonZeroU16::MIN);

    /// The largest Packet Identifier, 65 535.
    pub const MAX: Self = Self(NonZeroU16::MAX);

    /// The Packet Identifier with this value; `None` for 0, which is not one [MQTT-2.2.1-3].
    #[inline]
    pub const fn new(value: u16) -> Option<Self> {
        match NonZeroU16::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// Its number on the wire.
    #[inline]
    pub const fn value(self) -> u16 {
        self.0.get()
    }

    /// The next one in turn; 1 comes after 65 535.
    #[inline]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(value) => Self(value),
            None => Self::MIN,
        }
    }
}

impl From<NonZeroU16> for PacketId {
    fn from(value: NonZeroU16) -> Self {
        Self(value)
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
