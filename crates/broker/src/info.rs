use serde::{Deserialize, Serialize};

use crate::{Ending, Listener, NotDelivered, Preview};

/// A client that is here, or that is away and has a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// Its client id.
    pub client_id: String,
    /// Whether it is here.
    pub connected: bool,
    /// Since when it is here, or away: Unix time in microseconds.
    pub since: u64,
    /// Where it came in, the last time.
    pub listener: Listener,
    /// Its address or name, the last time.
    pub peer: String,
    /// The MQTT version it speaks: `3.1`, `3.1.1` or `5.0`.
    pub version: String,
    /// Who it is, if it was asked.
    pub user: Option<String>,
    /// The keep-alive in force, seconds; 0 is none.
    pub keep_alive: u16,
    /// Whether its session was there already when it came, the last time.
    pub session_present: bool,
    /// Seconds its session outlives its connection; `u32::MAX` is for ever.
    pub session_expiry: u32,
    /// How many subscriptions it has.
    pub subscriptions: u32,
    /// How many messages wait for it.
    pub queued: u32,
    /// How many messages to it are sent and not yet acknowledged.
    pub inflight: u32,
    /// Its will.
    pub will: Option<WillInfo>,
    /// Messages received from it on this connection.
    pub messages_in: u64,
    /// Messages sent to it on this connection.
    pub messages_out: u64,
    /// Bytes received from it on this connection.
    pub bytes_in: u64,
    /// Bytes sent to it on this connection.
    pub bytes_out: u64,
    /// When it was last heard: Unix time in microseconds.
    pub last_heard: u64,
    /// How it left, if it is away.
    pub ended: Option<Ending>,
}

/// A will that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WillInfo {
    /// Where it would be published.
    pub topic: String,
    /// What would be published.
    pub payload: Preview,
    /// With which QoS.
    pub qos: u8,
    /// Whether it would be retained.
    pub retain: bool,
    /// Seconds between the loss of the client and its publication.
    pub delay: u32,
}

/// Everything about one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientDetail {
    /// What a list shows of it.
    pub info: ClientInfo,
    /// Its subscriptions by filter, the first 1000.
    pub subscriptions: Vec<SubscriptionInfo>,
    /// What is sent and not yet acknowledged, in order, the first 100.
    pub inflight: Vec<WaitingInfo>,
    /// What waits, in order, the first 100.
    pub queue: Vec<WaitingInfo>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionInfo {
    /// Its filter, with `$share/…/` if it is a shared one.
    pub filter: String,
    /// Its maximum QoS.
    pub qos: u8,
    /// Whether the client's own messages are kept from it.
    pub no_local: bool,
    /// Whether messages keep the RETAIN flag they were published with.
    pub retain_as_published: bool,
    /// The number the client gave it.
    pub subscription_identifier: Option<u32>,
}

/// A message on its way to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingInfo {
    /// Its Packet Identifier, if it was sent.
    pub packet_id: Option<u16>,
    /// Its topic; `None` when only the acknowledgement is awaited and the message is no longer kept.
    pub topic: Option<String>,
    /// Its QoS.
    pub qos: u8,
    /// Whether PUBREC came and PUBCOMP is awaited.
    pub released: bool,
}

/// A retained message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainedInfo {
    /// Its topic.
    pub topic: String,
    /// Its payload, the first bytes.
    pub payload: Preview,
    /// Its QoS.
    pub qos: u8,
    /// When it expires, Unix time in microseconds.
    pub expires: Option<u64>,
}

/// Whether and why a client gets what is published to a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Whether there is such a client, here or away with a session.
    pub known: bool,
    /// Whether it is here.
    pub connected: bool,
    /// Its subscriptions that match the topic; none means that this is why.
    pub matching: Vec<SubscriptionInfo>,
    /// If none matches: the filter of the one that has most levels in common with the topic, counted from either end; `None` if none
    /// has any.
    pub nearest: Option<String>,
    /// How many of its subscriptions were not looked at, since it has so many; any of them may match too.
    pub unseen: u32,
    /// The highest QoS at which it would get a QoS 2 message; `None` if it would not get it now.
    pub granted: Option<u8>,
    /// What stands in the way now.
    pub obstacles: Vec<NotDelivered>,
    /// How many messages to it were dropped since it is known.
    pub dropped: u64,
    /// Shared groups it is in that match: each message goes to one of their members in turn.
    pub shared: Vec<String>,
    /// The access rule that keeps the topic from it, as in `deny subscribe home/#`.
    pub denied_by: Option<String>,
}
