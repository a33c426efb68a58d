//! What the host of a broker answers.

use serde::{Deserialize, Serialize};

use crate::{ClientDetail, ClientInfo, Contents, DevicePower, Event, Explanation, Metrics};

/// From the host of a broker to a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Response {
    /// The first message of every host.
    Hello {
        /// [`crate::VERSION`] of the host.
        version: u16,
        /// Where the broker runs.
        host: HostKind,
        /// Whether what the broker acknowledges outlives it.
        saving: Saving,
        /// Whether this host can run a simulated home.
        home: bool,
    },
    /// Clients by client id, here and away; the first 1 000.
    Clients(Vec<ClientInfo>),
    /// The client that is inspected; `None` when the broker no longer knows it.
    Client(Option<Box<ClientDetail>>),
    /// What happened since the last such message, oldest first.
    Events {
        /// At most [`Response::EVENTS_AT_ONCE`].
        events: Vec<Event>,
        /// How many more there were.
        missed: u64,
    },
    /// Counters and gauges of the broker.
    Metrics(Metrics),
    /// The simulated devices this host runs and how each is powered. Empty when it runs none.
    Home(Vec<(String, DevicePower)>),
    /// What the simulated home is made from: to those who watch it, when they begin to and on each change.
    Blueprint {
        /// The home's file, see [`crate::Blueprint`].
        file: String,
        /// Whether it is the Lacewing house as it comes.
        standard: bool,
    },
    /// The home that was kept could not be read; the Lacewing house is there instead.
    HomeDamaged {
        /// A sentence that says why.
        why: String,
    },
    /// Whether what the broker acknowledges outlives it has changed.
    Saving(Saving),
    /// What carries real devices to this broker.
    Bridge(BridgeState),
    /// Whether devices have to give a user name, to operators that watch metrics, and when it changes.
    Users {
        /// Whether they have to.
        required: bool,
        /// A name that is known, for an example.
        name: Option<String>,
    },
    /// The answer to [`crate::Request::Explain`].
    Explained {
        /// The client that was asked about.
        client_id: String,
        /// The topic name that was asked about.
        topic: String,
        /// How it stands.
        explanation: Explanation,
    },
    /// The answer to [`crate::Request::ReloadRules`], when the rules could be read.
    RulesReloaded {
        /// A sentence that says what has changed.
        what: String,
    },
    /// The answer to [`crate::Request::Export`].
    Exported {
        /// Where in the image the piece begins.
        from: u64,
        /// How many bytes all of it has.
        of: u64,
        /// The piece.
        bytes: Vec<u8>,
        /// What is in the image.
        contents: Contents,
    },
    /// The answer to [`crate::Request::Import`].
    Importing {
        /// How many bytes of the image are there.
        taken: u64,
    },
    /// The broker is another one now, and what keeps its state has that.
    Imported {
        /// What was in the image.
        contents: Contents,
    },
    /// The last request was not carried out.
    Refused {
        /// A sentence that says why.
        why: String,
    },
}

impl Response {
    /// The most events in one [`Response::Events`].
    pub const EVENTS_AT_ONCE: usize = 200;
}

/// Where a broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostKind {
    /// In a browser tab's worker.
    Tab,
    /// In the `lacewing` process.
    Native,
}

/// Whether what a broker acknowledges outlives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saving {
    /// It does.
    #[default]
    Everything,
    /// Nothing outlives the broker.
    Nothing {
        /// A sentence that says why.
        why: String,
    },
    /// There is no room for more: what has to be kept is not acknowledged until there is, and nothing is lost.
    NoRoom {
        /// What the storage said.
        why: String,
    },
}

/// The road by which real devices reach the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BridgeState {
    /// No bridge was ever linked.
    #[default]
    None,
    /// A link is being dialled.
    Linking,
    /// Devices can connect.
    Linked(Addresses),
    /// The link was there and is gone; it is dialled again.
    Lost {
        /// A sentence that says how it ended.
        why: String,
    },
    /// The bridge would not have this page.
    Refused {
        /// A sentence that says why: a wrong token, a foreign origin.
        why: String,
    },
    /// Another browser's page is linked and has the real devices. It can be asked to give them up.
    Elsewhere,
}

/// Where devices connect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// `HOST:PORT` of every plain MQTT listener, the one to show first in front.
    pub mqtt: Vec<String>,
    /// `ws://HOST:PORT/mqtt` of every WebSocket listener.
    pub websocket: Vec<String>,
    /// `HOST:PORT` of every listener for MQTT over TLS.
    #[serde(default)]
    pub mqtts: Vec<String>,
    /// `wss://HOST:PORT/mqtt` of every listener for WebSockets in TLS.
    #[serde(default)]
    pub wss: Vec<String>,
    /// Who listened on 1883, the usual port, when the bridge started, if it was somebody else and the system tells.
    #[serde(default)]
    pub usual_port: Option<String>,
    /// What a device on the same network needs, when a listener is open to it.
    pub lan: Option<LanInvitation>,
}

/// What a device on the same network needs to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanInvitation {
    /// The address of the dashboard as a phone can open it, with a client's credential and never the
    /// pairing token: what the QR code holds.
    pub url: String,
    /// The MQTT listener a device on the network uses, `HOST:PORT`.
    pub mqtt: String,
    /// Whether that listener, and the dashboard, are over TLS, and the certificate has to be trusted first.
    #[serde(default)]
    pub tls: bool,
    /// The user name a device must give, when one is needed.
    pub username: Option<String>,
}
