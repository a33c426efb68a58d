use crate::{AckProperties, PacketId, QoS, ReasonCode, TopicFilter, UserProperties};

/// SUBSCRIBE: a client asks for the messages of one or more filters (§3.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// What the SUBACK will carry.
    pub packet_id: PacketId,
    /// The filters with their options; at least one [MQTT-3.8.3-2].
    pub filters: Vec<(TopicFilter, SubscriptionOptions)>,
    /// A number, 1 to 268 435 455, that comes with each message of these subscriptions; 5.0 only.
    pub subscription_identifier: Option<u32>,
    /// User Properties; left out before 5.0.
    pub user_properties: UserProperties,
}

/// How messages of one subscription are to be delivered (§3.8.3.1); before 5.0 there is only the QoS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SubscriptionOptions {
    /// The highest QoS.
    pub qos: QoS,
    /// Whether the client's own messages are kept from it; not in a shared subscription [MQTT-3.8.3-4].
    pub no_local: bool,
    /// Whether a message keeps the RETAIN flag it was published with.
    pub retain_as_published: bool,
    /// Which retained messages come with the subscription.
    pub retain_handling: RetainHandling,
}

/// Which retained messages come with a subscription (§3.8.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RetainHandling {
    /// All that match, each time.
    #[default]
    SendAlways = 0,
    /// All that match, if the subscription was not there before.
    SendIfNew = 1,
    /// None.
    DoNotSend = 2,
}

/// SUBACK: the server's answer to SUBSCRIBE, one reason for each filter in order (§3.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAck {
    /// The Packet Identifier of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// The granted QoS or why not; before 5.0 every error travels as 0x80.
    pub reasons: Vec<ReasonCode>,
    /// The properties; left out before 5.0.
    pub properties: AckProperties,
}
