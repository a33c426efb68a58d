use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;

use super::table::property_table;
use crate::{UserProperties, Utf8String};

/// The properties of CONNECT: what the client asks for and what it can take (§3.1.2.11).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ConnectProperties {
    /// Seconds the session outlives the connection; absent: 0. 0xFFFFFFFF: it does not expire.
    pub session_expiry_interval: Option<u32>,
    /// How many QoS 1 and 2 messages the client takes at once; absent: 65 535.
    pub receive_maximum: Option<NonZeroU16>,
    /// The largest packet in bytes the client takes; absent: the protocol's limit.
    pub maximum_packet_size: Option<NonZeroU32>,
    /// The highest Topic Alias the client takes; absent: 0, none.
    pub topic_alias_maximum: Option<u16>,
    /// Whether the client would like Response Information in CONNACK; absent: no.
    pub request_response_information: Option<bool>,
    /// Whether reason strings and User Properties may come with any packet; absent: yes.
    pub request_problem_information: Option<bool>,
    /// The name of the authentication method of an enhanced authentication.
    pub authentication_method: Option<Utf8String>,
    /// What the method has to say, at most 65 535 bytes; only with a method.
    pub authentication_data: Option<Bytes>,
    /// User Properties.
    pub user_properties: UserProperties,
}

impl ConnectProperties {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

property_table! {
    ConnectProperties {
        SessionExpiryInterval => session_expiry_interval: u32,
        ReceiveMaximum => receive_maximum: non_zero_u16,
        MaximumPacketSize => maximum_packet_size: non_zero_u32,
        TopicAliasMaximum => topic_alias_maximum: u16,
        RequestResponseInformation => request_response_information: bool,
        RequestProblemInformation => request_problem_information: bool,
        AuthenticationMethod => authentication_method: string,
        AuthenticationData => authentication_data: binary,
    }
}
