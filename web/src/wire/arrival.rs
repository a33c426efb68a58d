//! Attempts of real devices to connect.

use serde::{Deserialize, Serialize};

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The client id, once it said one.
    pub client_id: Option<String>,
    /// "TCP 127.0.0.1:5000".
    pub from: String,
    /// Whether it comes from this computer.
    pub local: bool,
    /// What came of it.
    pub outcome: Outcome,
    /// "4 s ago".
    pub age: String,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Its socket is open; no CONNECT has come.
    Waiting,
    /// The broker said yes.
    LetIn,
    /// The broker said no.
    TurnedAway {
        /// Why, as the end of a sentence.
        why: String,
    },
    /// It closed without a CONNECT.
    Silent,
}
