use crate::{DisconnectProperties, ReasonCode};

/// DISCONNECT: the last packet on a connection (§3.14). Before 5.0 only a client sends it, and it says nothing more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disconnect {
    /// Why; left out before 5.0.
    pub reason: ReasonCode,
    /// The properties; left out before 5.0.
    pub properties: DisconnectProperties,
}

impl Disconnect {
    /// A good-bye for this reason, without properties.
    pub fn new(reason: ReasonCode) -> Self {
        Self { reason, properties: DisconnectProperties::default() }
    }
}
