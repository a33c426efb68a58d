use bytes::Bytes;

use super::table::property_table;
use crate::{UserProperties, Utf8String};

/// The properties of AUTH (§3.15.2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AuthProperties {
    /// The name of the method; every AUTH that has properties has it.
    pub authentication_method: Option<Utf8String>,
    /// What the method has to say, at most 65 535 bytes.
    pub authentication_data: Option<Bytes>,
    /// Why, for a person to read.
    pub reason_string: Option<Utf8String>,
    /// User Properties.
    pub user_properties: UserProperties,
}

impl AuthProperties {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

property_table! {
    AuthProperties {
        AuthenticationMethod => authentication_method: string,
        AuthenticationData => authentication_data: binary,
        ReasonString => reason_string: string,
    }
}
