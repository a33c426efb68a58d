use bytes::Bytes;
use lacewing_protocol::{ProtocolVersion, Utf8String, Will};

const SECOND: u64 = 1_000_000;

/// How a [`Client`](crate::Client) connects and what it keeps. Times are microseconds unless a field says otherwise.
#[derive(Debug, Clone)]
pub struct Options {
    /// The version of the protocol to speak.
    pub version: ProtocolVersion,
    /// The Client Identifier; empty asks the server to assign one, which 5.0 reports and the client then keeps
    /// for its next connections [MQTT-3.1.3-6].
    pub client_id: Utf8String,
    /// Clean Start (5.0) or Clean Session (3.1.1). In 5.0 it holds for the first connection after
    /// [`start`](crate::Client::start); reconnections continue the session. In 3.1.1 it holds for each connection,
    /// since there it also says when the session ends (§3.1.2.4).
    pub clean_start: bool,
    /// Keep Alive in seconds, 0 for none. A 5.0 server may choose another.
    pub keep_alive_s: u16,
    /// How long PINGRESP may take before the connection counts as lost.
    pub ping_timeout: u64,
    /// How long opening the transport and the wait for CONNACK may take, each.
    pub connect_timeout: u64,
    /// The Will Message, published by the server when this client goes without DISCONNECT.
    pub will: Option<Will>,
    /// User Name.
    pub username: Option<Utf8String>,
    /// Password. 3.1.1 allows it only with a user name [MQTT-3.1.2-22].
    pub password: Option<Bytes>,
    /// 5.0: how many seconds the session outlives its connection; `u32::MAX` for ever.
    pub session_expiry_s: u32,
    /// 5.0: QoS 1 and 2 messages that the server may have on the way to this client at a time, at least 1.
    pub receive_maximum: u16,
    /// The longest packet accepted, in bytes on the wire, at least 2.
    pub maximum_packet_size: u32,
    /// 5.0: topic aliases that the server may use.
    pub topic_alias_maximum: u16,
    /// QoS 1 and 2 messages on their way to the server at a time, at least 1. A 5.0 server may allow fewer.
    pub in_flight_maximum: u16,
    /// What may wait to be sent.
    pub queue: QueueLimits,
    /// The most filters remembered at a time; [`subscribe`](crate::Client::subscribe) refuses more.
    pub subscriptions_maximum: u16,
    /// The waits between attempts to connect.
    pub backoff: Backoff,
    /// Seeds the chance in [`Backoff`]. Clients of one broker should differ in it.
    pub seed: u64,
}

impl Options {
    /// The defaults: a session that lasts as long as its connection.
    pub fn new(version: ProtocolVersion, client_id: Utf8String) -> Self {
        Self {
            version,
            client_id,
            clean_start: true,
            keep_alive_s: 30,
            ping_timeout: 10 * SECOND,
            connect_timeout: 10 * SECOND,
            will: None,
            username: None,
            password: None,
            session_expiry_s: 0,
            receive_maximum: 1024,
            maximum_packet_size: 1024 * 1024,
            topic_alias_maximum: 32,
            in_flight_maximum: 64,
            queue: QueueLimits::default(),
            subscriptions_maximum: 1024,
            backoff: Backoff::default(),
            seed: 0,
        }
    }
}

/// What may wait in a client until the server takes it: offline, or behind the window of unacknowledged messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// The most messages, 1000 by default.
    pub messages: u32,
    /// The most bytes of topics and payloads together, 1 MiB by default.
    pub bytes: u32,
    /// Whether QoS 0 messages are kept while there is no connection. Otherwise they are dropped then, and
    /// [`Event::Dropped`](crate::Event::Dropped) says so. True by default.
    pub qos0_offline: bool,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { messages: 1000, bytes: 1024 * 1024, qos0_offline: true }
    }
}

/// Exponential back-off between attempts to connect: `min`, twice that, and so on up to `max`, each shortened by up
/// to `jitter_percent` of it by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait in microseconds, half a second by default.
    pub min: u64,
    /// The longest wait in microseconds, 30 seconds by default.
    pub max: u64,
    /// How much of a wait chance may take away, 0 to 100; 50 by default.
    pub jitter_percent: u8,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { min: SECOND / 2, max: 30 * SECOND, jitter_percent: 50 }
    }
}
