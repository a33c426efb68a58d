//! Where the broker is and how it is: the status line.

use serde::{Deserialize, Serialize};

use super::Arrival;

/// Everything the status line tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Where the broker is.
    pub place: Place,
    /// What carries real devices to it.
    pub bridge: Bridge,
    /// Which tab has the simulated home and the real devices.
    pub devices: Devices,
    /// Connected clients, where the broker tells.
    pub clients: Option<u32>,
    /// Messages a second into the broker, where it tells; into this page otherwise.
    pub rate: f32,
    /// Whether what the broker acknowledges outlives it, where it tells.
    pub saving: Saving,
    /// How far a broker of this tab is that is starting, as a sentence.
    pub starting: Option<String>,
    /// Whether there is a control channel: who is connected, ends of devices. If not, why.
    pub operator: Operator,
    /// The user name that devices have to give, for an example; `None` where they need not.
    pub user: Option<String>,
    /// How far an image is that goes out of the broker or into it, as a sentence.
    pub moving: Option<String>,
    /// The time in the house, "08:31", where there is a clock.
    pub clock: Option<String>,
    /// The last attempts of real devices to connect, newest first, where the broker tells.
    pub arrivals: Vec<Arrival>,
}

/// Where the broker is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// It is not known yet.
    #[default]
    Starting,
    /// In this tab.
    ThisTab,
    /// In another tab of this browser, joined over a port.
    OtherTab,
    /// In the `lacewing` process that served this page.
    Native {
        /// Its WebSocket address.
        url: String,
        /// How the connection stands.
        reach: Reach,
    },
    /// At the address the user gave.
    Foreign {
        /// Its WebSocket address.
        url: String,
        /// How the connection stands.
        reach: Reach,
    },
    /// Nowhere: this page is not a secure context, so it can be a client only, and was given no broker.
    ClientOnly {
        /// A sentence that says why, and what to do.
        why: String,
    },
    /// It stopped.
    Stopped {
        /// What it said.
        report: String,
    },
}

/// How the connection to a broker elsewhere stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// Dialling, or waiting for CONNACK.
    #[default]
    Connecting,
    /// The broker said yes.
    Connected,
    /// The broker said no, or could not be reached; the next try is under way if there is one.
    Refused {
        /// The reason as a sentence.
        why: String,
        /// Seconds to the next try; `None` when it would be pointless.
        retry_in: Option<u32>,
        /// There if the broker may say yes to someone else with a password: the user name that it refused, empty for none.
        login: Option<String>,
    },
}

/// Whether what the broker acknowledges outlives it.
pub use lacewing_control::Saving;

/// What keeps the broker of this tab from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// What was kept cannot be used.
    Damaged,
    /// It stopped too often.
    Crashed,
}

/// What carries real devices to the broker in the tab.
pub use lacewing_control::BridgeState as Bridge;

/// Which tab has the real devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Devices {
    /// This one, or the question does not arise.
    #[default]
    Here,
    /// Another browser's tab; *Move them here* takes them over.
    OtherTab,
}

/// Whether this page has an operator's powers: to see who is connected, and to end what runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// There is no control channel yet.
    #[default]
    Waiting,
    /// There is one.
    Yes,
    /// There is none.
    No {
        /// A sentence that says why.
        why: String,
    },
}
