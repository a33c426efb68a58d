//! What the page tells a worker first, and what travels with it.
//!
//! The broker worker and the client worker run the same wasm, the store worker one of its own. A worker speaks first, with [`Greeting`]; the
//! page answers with a [`Role`], or [`StoreSetup`], and from then on with [`ToBroker`] or [`ToClient`]. Each message is an array: the postcard bytes, then the ports that go with them.

use serde::{Deserialize, Serialize};

use crate::wire::{Login, PageToWorker};

/// The version of the messages between the page and its workers. Worker file names are not hashed, so after an update a
/// stale worker may answer a fresh page; it is told apart by this number.
pub const VERSION: u16 = 5;

/// The first message of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// [`VERSION`] of the worker.
    pub version: u16,
}

/// What a worker is to be; the page's first message to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Run the broker, the home and the link to the bridge. A port to the store worker follows.
    Broker(BrokerSetup),
    /// Run the page's MQTT client and its view models.
    Client {
        /// What the client takes its id and its back-off from.
        seed: u64,
    },
}

/// What a broker worker starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerSetup {
    /// What the broker's and the home's choices are drawn from.
    pub seed: u64,
    /// The name of this origin's broker, kept over reloads.
    pub broker: [u8; 16],
    /// Minutes that the home's local time is ahead of UTC.
    pub local_minutes: i32,
    /// The file of the home as this browser kept it; `None` for the Lacewing house.
    pub home: Option<String>,
    /// The bridge to dial, if the page was served or paired by one.
    pub bridge: Option<BridgeSetup>,
}

/// What a store worker is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreSetup {
    /// Serve the store to a broker worker; a port to it follows.
    Serve {
        /// Set aside what is kept and begin with nothing.
        fresh: bool,
    },
    /// Give the page the store's file, which nobody has open; or the sentence that says why not.
    Fetch,
}

/// A bridge that a broker worker dials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeSetup {
    /// `ws://HOST:PORT/link`.
    pub url: String,
    /// The pairing token.
    pub token: String,
}

/// From the page to its broker worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToBroker {
    /// A client worker joins: two ports follow, one for MQTT in link frames and one for the control protocol.
    Guest,
    /// Take the devices over from another tab that carries them.
    TakeOver,
}

/// From a broker worker to its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromBroker {
    /// How far the start is, as the end of a sentence.
    Starting(String),
    /// The broker runs.
    Started,
    /// What was kept cannot be used, for this reason. The broker does not run, and what was kept is as it was.
    Refused(String),
    /// Real devices depend on it, or do not any more.
    CarriesDevices(bool),
    /// Nothing can be kept any more, for this reason: it is to be started again.
    Failed(String),
}

/// From the page to its client worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ToClient {
    /// Where the broker is; for [`Place::Here`] and [`Place::OtherTab`] two ports follow, MQTT and control.
    Place(Place),
    /// How far a broker of this tab is that is starting, as the end of a sentence.
    Starting(String),
    /// What a person did.
    Page(PageToWorker),
}

/// Where this page's broker is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In a worker of this page.
    Here,
    /// In another tab of this origin.
    OtherTab,
    /// In the `lacewing` process that served the page.
    Native {
        /// `ws://HOST:PORT/mqtt`.
        mqtt: String,
        /// `ws://HOST:PORT/control`, with the pairing token.
        control: Option<(String, String)>,
        /// The login that is remembered for it; with the token none is needed.
        login: Option<Login>,
    },
    /// Any broker with a WebSocket listener.
    Foreign {
        /// What the person named: `ws://` or `wss://`.
        url: String,
        /// Why this page did not start a broker of its own, when that was not the person's wish.
        because: Option<String>,
        /// The login that is remembered for it.
        login: Option<Login>,
    },
    /// Not known yet: another tab has the broker and has not answered.
    Searching,
    /// Nowhere: the broker stopped and is not started again.
    Stopped {
        /// What happened, in words.
        report: String,
    },
}
