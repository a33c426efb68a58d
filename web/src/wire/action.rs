//! What a click asks for.

use lacewing_control::HomeCommand;
use serde::{Deserialize, Serialize};

use super::{Control, Login, Power};

/// What the page asks the client worker to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Subscribe the Messages client.
    Subscribe {
        /// A topic filter as typed.
        filter: String,
        /// Its options.
        options: SubscribeOptions,
    },
    /// Unsubscribe the Messages client.
    Unsubscribe {
        /// The filter as it was subscribed.
        filter: String,
    },
    /// Publish what the composer holds.
    Publish(Draft),
    /// Answer with topics for what was typed into a topic field.
    Suggest(String),
    /// Have the broker say why a client does or does not get what is published to a topic; the answer stands where it was asked.
    Ask {
        /// The client.
        client_id: String,
        /// The topic name as typed.
        topic: String,
    },
    /// Have the broker keep the retained message of this topic no longer.
    ClearRetained(String),
    /// Use a control of a device: a publish on its command topic.
    Control {
        /// The device id.
        device: String,
        /// What it shall do.
        control: Control,
    },
    /// Switch off, crash, cut or bring back a simulated device: the control channel's power, not MQTT's.
    Power {
        /// The device id.
        device: String,
        /// How it shall stand.
        power: Power,
    },
    /// Send the cat to a room: a message that any browser can send.
    SendCat {
        /// The room's id.
        room: String,
    },
    /// Make the house ready for the morning or the night: a message that any browser can send.
    Scene {
        /// "morning" or "night".
        scene: String,
    },
    /// Do to the simulated home what only an operator may: change it, set its clock's speed, use a device by hand, hand one over.
    Home(HomeCommand),
    /// Hold the stream still, or let it run. What comes meanwhile is kept.
    PauseMessages(bool),
    /// Forget the messages seen so far.
    ClearMessages,
    /// Disconnect a client; its session stays.
    Kick {
        /// Who.
        client_id: String,
    },
    /// Disconnect a client and end its session, after a while in which [`Action::KeepSession`] prevents it.
    EndSession {
        /// Who.
        client_id: String,
    },
    /// Do not end the session after all.
    KeepSession {
        /// Whose.
        client_id: String,
    },
    /// Take all that the broker keeps out of it, as an image.
    Export,
    /// Put an image in the place of all that the broker keeps.
    Import {
        /// The image's bytes.
        image: Vec<u8>,
    },
    /// Have users and access rules read again where they are kept.
    ReloadRules,
    /// Take the bridge, and with it the real devices, over from the tab that has them.
    MoveHere,
    /// Set aside what was kept of the broker of this tab, which cannot be used, and begin with nothing.
    StartEmpty,
    /// Dial now what is waiting for its next try.
    Retry,
    /// Connect to the broker elsewhere as this user.
    LogIn {
        /// The broker's address.
        url: String,
        /// Who, and the password.
        login: Login,
        /// Whether this browser is to remember it when the tab is closed.
        keep: bool,
    },
}

/// The options of a subscription, §3.8.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscribeOptions {
    /// Maximum QoS, 0 to 2.
    pub qos: u8,
    /// Leave out what this client published itself.
    pub no_local: bool,
    /// Keep the retain flag as it was published.
    pub retain_as_published: bool,
    /// When retained messages are sent: 0 at once, 1 only for a new subscription, 2 never.
    pub retain_handling: u8,
}

impl Default for SubscribeOptions {
    /// QoS 0, and a list of messages that shows which were published to be retained.
    fn default() -> Self {
        Self { qos: 0, no_local: false, retain_as_published: true, retain_handling: 0 }
    }
}

/// A message to be published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its topic name as typed.
    pub topic: String,
    /// Its payload.
    pub payload: Vec<u8>,
    /// 0 to 2.
    pub qos: u8,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// Content type; empty for none.
    pub content_type: String,
    /// Response topic; empty for none.
    pub response_topic: String,
    /// Correlation data; empty for none.
    pub correlation_data: Vec<u8>,
    /// Message expiry interval in seconds.
    pub expiry: Option<u32>,
    /// Whether the payload is declared as UTF-8 text.
    pub utf8: bool,
    /// User properties in order.
    pub user_properties: Vec<(String, String)>,
}
