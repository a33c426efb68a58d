use super::table::property_table;
use crate::{UserProperties, Utf8String};

/// The properties of DISCONNECT (§3.14.2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DisconnectProperties {
    /// Seconds; replaces the one in CONNECT. Only a client sends it [MQTT-3.14.2-2].
    pub session_expiry_interval: Option<u32>,
    /// Why, for a person to read.
    pub reason_string: Option<Utf8String>,
    /// Another server to use; only a server sends it.
    pub server_reference: Option<Utf8String>,
    /// User Properties.
    pub user_properties: UserProperties,
}

impl DisconnectProperties {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

property_table! {
    DisconnectProperties {
        SessionExpiryInterval => session_expiry_interval: u32,
        ReasonString => reason_string: string,
        ServerReference => server_reference: string,
    }
}
