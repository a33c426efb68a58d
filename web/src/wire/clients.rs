//! Who is here and who is away.

use serde::{Deserialize, Serialize};

use super::TrafficRow;

/// The list of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientsView {
    /// Whether the broker has told yet.
    pub known: bool,
    /// Clients here, then just left, then away; by client id within each.
    pub rows: Vec<ClientRow>,
    /// The client whose card is open.
    pub card: Option<ClientCard>,
}

/// One client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRow {
    /// Its client id.
    pub client_id: String,
    /// Here, just left, or away.
    pub here: Here,
    /// Whether it is one of the simulated home's devices.
    pub simulated: bool,
    /// Whether it is a page like this one.
    pub page: bool,
    /// Whether it is this page's own.
    pub own: bool,
    /// How it reaches the broker: "TCP", "WebSocket", "this page".
    pub listener: String,
    /// The peer's address.
    pub peer: String,
    /// "3.1.1", "5.0".
    pub version: String,
    /// The user it was let in as.
    pub user: Option<String>,
    /// Keep alive in seconds; 0 for none.
    pub keep_alive: u16,
    /// How many subscriptions.
    pub subscriptions: u32,
    /// Messages waiting for it, in flight included.
    pub queued: u32,
    /// Messages received from it.
    pub received: u64,
    /// Messages sent to it.
    pub sent: u64,
    /// "for 3 min", "4 s ago": since when it is here or away.
    pub since: String,
}

/// Whether a client is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Here {
    /// Connected.
    Yes,
    /// Gone for less than ten seconds.
    JustLeft {
        /// How: "said goodbye", "vanished".
        how: String,
    },
    /// Away, with a session that waits for it.
    Away {
        /// How it went.
        how: String,
    },
}

/// What is known of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCard {
    /// What the list says of it.
    pub row: ClientRow,
    /// "heard 4 s ago".
    pub heard: String,
    /// How long its session outlives its connection, as a sentence.
    pub session: String,
    /// Its will as a sentence.
    pub will: Option<String>,
    /// Its subscriptions.
    pub subscriptions: Vec<SubscriptionRow>,
    /// What is sent and not acknowledged, then what waits: a line each, the first [`ClientCard::WAITING`].
    pub waiting: Vec<String>,
    /// The last messages from it and to it, newest first.
    pub last: Vec<TrafficRow>,
    /// The topic that was asked about last, and whether the client gets what is published there, and why.
    pub answer: Option<(String, String)>,
    /// Whether its session is about to end, unless somebody undoes it.
    pub ending: bool,
}

impl ClientCard {
    /// The most lines of waiting messages.
    pub const WAITING: usize = 10;
}

/// One subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRow {
    /// The topic filter.
    pub filter: String,
    /// The maximum QoS granted.
    pub qos: u8,
}
