//! What the page and the client worker say to each other.
//!
//! The page says what is on screen and what was clicked; the worker pushes view models, at most ten times a
//! second each, of what is on screen only. How the two meet, and how an old copy of one of them is told
//! apart, is in [`crate::roles`]. A message is one postcard-encoded value.

mod action;
mod arrival;
mod clients;
mod house;
mod login;
mod messages;
mod notice;
mod posted;
mod status;
mod traffic;

pub use action::{Action, Draft, SubscribeOptions};
pub use arrival::{Arrival, Outcome};
pub use clients::{ClientCard, ClientRow, ClientsView, Here, SubscriptionRow};
pub use house::{
    Asked, Bead, Caption, Control, DeviceDetail, DeviceKind, DeviceView, HouseSource, HouseView, Passed,
    Passer, PhoneView, Position, Power, Presence, Reading, RoomView, Shown, TopicRow, Warmth, tenths_text,
};
pub use login::Login;
pub use messages::{Body, MessageDetail, MessageRow, MessagesView, SubscriptionState, SubscriptionView};
pub use notice::{Notice, Offer, Tone};
pub use posted::Posted;
pub use status::{Bridge, Devices, Operator, Place, Reach, Saving, Status, Trouble};
pub use traffic::{Journey, Receiver, TrafficRow};

use serde::{Deserialize, Serialize};

/// From the page to the client worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PageToWorker {
    /// What is on screen from now on.
    Watch(Screen),
    /// What was clicked.
    Action(Action),
}

/// What is on screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Screen {
    /// The house, and the device whose card is open.
    Home {
        /// A device id.
        device: Option<String>,
    },
    /// The stream of messages.
    Messages(Window),
    /// The clients, and the client whose card is open.
    Clients {
        /// A client id.
        client: Option<String>,
    },
}

/// The part of the stream that is on screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Only topics that match this filter, or contain this text when it is not a valid filter; empty for all.
    pub filter: String,
    /// How many rows above the first visible one, counted from the newest.
    pub from: u32,
    /// How many rows are visible; at most [`Window::MAXIMUM_ROWS`] are sent.
    pub rows: u32,
    /// The newest message that is shown, so that the list stands still while one reads further down; `None`
    /// to follow what comes.
    pub until: Option<u64>,
    /// The message whose properties and payload are shown.
    pub open: Option<u64>,
}

impl Window {
    /// The most rows in one view.
    pub const MAXIMUM_ROWS: u32 = 200;
}

/// From the client worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WorkerToPage {
    /// Where the broker is and how it is; on every screen.
    Status(Status),
    /// The house, while Home is on screen.
    House(Box<HouseView>),
    /// The stream, while Messages is on screen.
    Messages(MessagesView),
    /// The clients, while Clients is on screen.
    Clients(ClientsView),
    /// What became of what the composer published.
    Posted(Posted),
    /// Topics for what was typed into a topic field.
    Topics(Vec<String>),
    /// Something to be told in the corner: what was done, what was not, or a question.
    Notice(Notice),
    /// What the simulated home is made from, whenever it changes.
    Blueprint {
        /// The home's file.
        file: String,
        /// Whether it is the Lacewing house as it comes.
        standard: bool,
    },
    /// All that the broker keeps.
    Image(Vec<u8>),
    /// The home that this browser kept could not be read. Not for the screen, which has been told in words.
    HomeDamaged,
    /// The way to a broker in a tab is lost, as after a long sleep: the page is to find it again. Not for the screen.
    RoadLost,
    /// The broker of this tab does not run, why, and a person has to say how it goes on; `None` once it is started.
    NoBroker(Option<(Trouble, String)>),
    /// The worker stopped; nothing more comes.
    Stopped {
        /// What it said, to be saved and sent in.
        report: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_survives_the_port() {
        let message = PageToWorker::Action(Action::Publish(Draft {
            topic: "test/topic".into(),
            payload: b"Hello MQTT".to_vec(),
            qos: 1,
            user_properties: vec![("a".into(), "b".into())],
            ..Draft::default()
        }));
        let bytes = postcard::to_stdvec(&message).unwrap();
        assert_eq!(postcard::from_bytes::<PageToWorker>(&bytes).unwrap(), message);
    }
}
