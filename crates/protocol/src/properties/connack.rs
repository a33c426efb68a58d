use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;

use super::table::property_table;
use crate::{QoS, UserProperties, Utf8String};

/// The properties of CONNACK: what the server grants, and how it differs from what was asked (§3.2.2.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ConnAckProperties {
    /// Seconds; replaces the client's. 0xFFFFFFFF: the session does not expire.
    pub session_expiry_interval: Option<u32>,
    /// How many QoS 1 and 2 messages the server takes at once; absent: 65 535.
    pub receive_maximum: Option<NonZeroU16>,
    /// The highest QoS the server takes, 0 or 1; absent: 2.
    pub maximum_qos: Option<QoS>,
    /// Whether the server keeps retained messages; absent: yes.
    pub retain_available: Option<bool>,
    /// The largest packet in bytes the server takes; absent: the protocol's limit.
    pub maximum_packet_size: Option<NonZeroU32>,
    /// The name the server gave to a client that came without one.
    pub assigned_client_identifier: Option<Utf8String>,
    /// The highest Topic Alias the server takes; absent: 0, none.
    pub topic_alias_maximum: Option<u16>,
    /// Why, for a person to read.
    pub reason_string: Option<Utf8String>,
    /// Whether the server takes wildcards in filters; absent: yes.
    pub wildcard_subscription_available: Option<bool>,
    /// Whether the server takes Subscription Identifiers; absent: yes.
    pub subscription_identifiers_available: Option<bool>,
    /// Whether the server takes shared subscriptions; absent: yes.
    pub shared_subscription_available: Option<bool>,
    /// Seconds; the client must use it in place of its own Keep Alive [MQTT-3.2.2-21].
    pub server_keep_alive: Option<u16>,
    /// The basis for response topics.
    pub response_information: Option<Utf8String>,
    /// Another server to use.
    pub server_reference: Option<Utf8String>,
    /// The name of the authentication method.
    pub authentication_method: Option<Utf8String>,
    /// What the method has to say, at most 65 535 bytes.
    pub authentication_data: Option<Bytes>,
    /// User Properties.
    pub user_properties: UserProperties,
}

impl ConnAckProperties {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

property_table! {
    ConnAckProperties {
        SessionExpiryInterval => session_expiry_interval: u32,
        ReceiveMaximum => receive_maximum: non_zero_u16,
        MaximumQoS => maximum_qos: maximum_qos,
        RetainAvailable => retain_available: bool,
        MaximumPacketSize => maximum_packet_size: non_zero_u32,
        AssignedClientIdentifier => assigned_client_identifier: string,
        TopicAliasMaximum => topic_alias_maximum: u16,
        ReasonString => reason_string: string,
        WildcardSubscriptionAvailable => wildcard_subscription_available: bool,
        SubscriptionIdentifierAvailable => subscription_identifiers_available: bool,
        SharedSubscriptionAvailable => shared_subscription_available: bool,
        ServerKeepAlive => server_keep_alive: u16,
        ResponseInformation => response_information: string,
        ServerReference => server_reference: string,
        AuthenticationMethod => authentication_method: string,
        AuthenticationData => authentication_data: binary,
    }
}
