//! Messages with their senders and receivers, as far as they are known.

use serde::{Deserialize, Serialize};

/// A message that a client sent, or that was meant for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficRow {
    /// Whether the client sent it, rather than being sent it.
    pub sent: bool,
    /// Its topic name.
    pub topic: String,
    /// The start of its payload in one line; `None` for an empty payload.
    pub value: Option<String>,
    /// Whom it went to or came from, or what became of it: "to 2 receivers", "waits for it".
    pub fate: String,
    /// "4 s ago".
    pub age: String,
    /// Whether it did not get where it was to go.
    pub failed: bool,
}

/// Where a message of the stream came from and went to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// Who published it; `None` for the broker's operator.
    pub from: Option<String>,
    /// Whether it is the will of that client, which the broker published when the client vanished.
    pub is_will: bool,
    /// Who got it or should have, the first [`Journey::RECEIVERS`].
    pub receivers: Vec<Receiver>,
    /// How many more there were.
    pub more: u32,
}

impl Journey {
    /// The most receivers in a journey.
    pub const RECEIVERS: usize = 40;
}

/// Someone a message was meant for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Its client id.
    pub client_id: String,
    /// "QoS 1, by its subscription to home/#", "not delivered: it is away".
    pub how: String,
    /// Whether it did not get it.
    pub failed: bool,
}
