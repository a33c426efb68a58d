//! What is known about clients, devices and the broker as a whole.

use serde::{Deserialize, Serialize};

/// Where a connection came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listener {
    /// Plain TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// A WebSocket.
    WebSocket,
    /// A page of this origin.
    Page,
    /// The simulated home.
    Home,
    /// A bridge's link.
    Link,
}

/// The version of MQTT a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProtocolVersion {
    /// MQTT 3.1 (`MQIsdp`).
    V3_1,
    /// MQTT 3.1.1.
    V3_1_1,
    /// MQTT 5.0.
    V5,
}

/// One client, here or away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// Its client id.
    pub client_id: String,
    /// Whether it has a connection now.
    pub connected: bool,
    /// Since when it is connected or away: wall clock, microseconds since 1970.
    pub since: u64,
    /// The listener of its connection, or of its last one.
    pub listener: Listener,
    /// The peer as the listener names it.
    pub peer: String,
    /// The version it speaks.
    pub version: ProtocolVersion,
    /// The user it was let in as.
    pub user: Option<String>,
    /// Keep alive in seconds; 0 for none.
    pub keep_alive: u16,
    /// Session expiry interval in seconds; `u32::MAX` for never.
    pub session_expiry: u32,
    /// How many subscriptions it has.
    pub subscriptions: u32,
    /// Messages that wait for it.
    pub queued: u32,
    /// Messages sent to it and not yet acknowledged.
    pub inflight: u32,
    /// The will it left with the broker.
    pub will: Option<WillInfo>,
    /// Messages received from it.
    pub received: u64,
    /// Messages sent to it.
    pub sent: u64,
    /// When its last packet came: wall clock, microseconds since 1970.
    pub last_heard: u64,
    /// How its last connection ended, when it is away.
    pub ended: Option<Ended>,
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub how: End,
    /// Wall clock, microseconds since 1970.
    pub at: u64,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The client said DISCONNECT.
    Clean,
    /// The connection closed without it, or fell silent.
    Lost,
    /// An operator ended it.
    Kicked,
    /// Another connection took the client id over.
    TakenOver,
    /// The broker ended it for an error.
    Refused,
}

/// A will as the broker keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WillInfo {
    /// Where it would be published.
    pub topic: String,
    /// The first bytes of its payload as text.
    pub preview: String,
    /// Its QoS.
    pub qos: u8,
    /// Whether it would be retained.
    pub retain: bool,
    /// Will delay interval in seconds.
    pub delay: u32,
}

/// One client and its subscriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientDetail {
    /// What the list says of it.
    pub info: ClientInfo,
    /// Its subscriptions, the first 200 by filter.
    pub subscriptions: Vec<SubscriptionInfo>,
}

/// One subscription of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionInfo {
    /// Its topic filter, `$share/GROUP/` included.
    pub filter: String,
    /// The maximum QoS granted.
    pub qos: u8,
}

/// Counters and gauges of a broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// Clients with a connection.
    pub connected: u32,
    /// Sessions, connected or not.
    pub sessions: u32,
    /// Messages received since the start.
    pub messages_received: u64,
    /// Messages sent since the start.
    pub messages_sent: u64,
    /// Messages dropped since the start, for whatever reason.
    pub messages_dropped: u64,
    /// Retained messages.
    pub retained: u32,
}

/// How a simulated device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DevicePower {
    /// It runs.
    On,
    /// It said DISCONNECT and is off: no will.
    Off,
    /// Its program ended and its socket closed with it: the will is published at once.
    Crashed,
    /// Its cable is cut: silence, and the will after one and a half keep-alive intervals.
    Cut,
}

/// What can be done to a simulated device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceOrder {
    /// The device's id.
    pub device: String,
    /// How it shall stand from now on.
    pub power: DevicePower,
}
