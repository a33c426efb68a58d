use super::table::property_table;
use crate::{UserProperties, Utf8String};

/// The properties of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK (§3.4.2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AckProperties {
    /// Why, for a person to read.
    pub reason_string: Option<Utf8String>,
    /// User Properties.
    pub user_properties: UserProperties,
}

impl AckProperties {
    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.reason_string.is_none() && self.user_properties.is_empty()
    }
}

property_table! {
    AckProperties {
        ReasonString => reason_string: string,
    }
}
