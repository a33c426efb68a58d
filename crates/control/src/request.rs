//! What an operator asks.

use serde::{Deserialize, Serialize};

use crate::HomeCommand;

/// From a page to the host of a broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// From now on send what is watched, at most ten times a second; replaces the last `Watch`.
    Watch(Watch),
    /// Close this client's connection with an operator's reason (5.0: 0x98); its session stays.
    Kick {
        /// The client to disconnect.
        client_id: String,
    },
    /// Close this client's connection and forget its session.
    EndSession {
        /// The client whose session ends.
        client_id: String,
    },
    /// Forget the retained messages that match.
    DropRetained {
        /// A topic filter; one that is not valid is answered with [`crate::Response::Refused`].
        filter: String,
    },
    /// Say why a client does or does not receive messages on a topic.
    Explain {
        /// The client in question.
        client_id: String,
        /// The topic name in question.
        topic: String,
    },
    /// Do this to the simulated home. What cannot be done is answered with [`crate::Response::Refused`].
    Home(HomeCommand),
    /// Read users and access rules again where they are kept: the settings file of the bridge.
    ReloadRules,
    /// Give the piece of the broker's image that begins here, at most 256 KiB: [`crate::Response::Exported`]. At 0 an image is
    /// taken of what would be there after a crash at this moment; it is there until all of it was given.
    Export {
        /// How many bytes of it are there already.
        from: u64,
    },
    /// Take a piece of an image: [`crate::Response::Importing`]. When all of it is there and good, the broker is replaced by one
    /// that is made of it, its connections end, and [`crate::Response::Imported`] comes. Until then nothing changes.
    Import {
        /// Where in the image the piece begins; 0 begins anew.
        from: u64,
        /// How many bytes all of it has.
        of: u64,
        /// The piece, at most 256 KiB.
        bytes: Vec<u8>,
    },
}

/// What the page has on screen and so wants to hear about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// [`crate::Response::Clients`] when the list changes, at most once a second.
    pub clients: bool,
    /// [`crate::Response::Client`] for this client, at most once a second.
    pub client: Option<String>,
    /// [`crate::Response::Events`]: who sent what and who got it. A host sends the newest
    /// [`crate::Response::EVENTS_AT_ONCE`] at a time and counts the rest.
    pub events: bool,
    /// [`crate::Response::Metrics`] once a second.
    pub metrics: bool,
    /// [`crate::Response::Home`] when the power of a simulated device changes, [`crate::Response::Blueprint`] when the house does.
    pub home: bool,
}
