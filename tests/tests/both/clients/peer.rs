//! A client by others, whichever program it is: told what to do by [`Command`]s, heard of by [`Event`]s.
//!
//! `tests/js/peers.js` and `tests/python/peers.py` read and write them as lines of JSON.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use lacewing_tests::patience::PATIENCE;
use serde::{Deserialize, Serialize};

/// A message, as it is told to a client and told by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: String,
    pub(super) qos: u8,
    pub(super) retain: bool,
    #[serde(default)]
    pub(super) properties: Properties,
}

/// The properties of a message in 5.0.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Properties {
    pub(super) user: Vec<(String, String)>,
    pub(super) response_topic: Option<String>,
    pub(super) correlation_data: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) payload_format: Option<u8>,
    /// Message Expiry Interval in seconds.
    pub(super) expiry: Option<u32>,
    pub(super) topic_alias: Option<u16>,
    pub(super) subscription_ids: Vec<u32>,
}

/// How a client connects.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Greeting {
    pub(super) url: String,
    /// The certificate of who vouches for the broker.
    pub(super) ca: Option<PathBuf>,
    pub(super) client_id: String,
    /// 4 or 5.
    pub(super) version: u8,
    /// Clean Session or Clean Start.
    pub(super) clean: bool,
    /// In seconds; 5.0 only.
    pub(super) session_expiry: Option<u32>,
    /// How many topics the broker may give an alias; for mqtt.js, in 5.0.
    pub(super) topic_alias_maximum: Option<u16>,
    pub(super) will: Option<Message>,
}

/// What a client is told.
#[derive(Debug, Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(super) enum Command {
    Connect(Greeting),
    Subscribe {
        filter: String,
        qos: u8,
        /// 5.0 only.
        subscription_id: Option<u32>,
    },
    Publish {
        message: Message,
    },
    /// End the connection with a DISCONNECT.
    Disconnect,
    /// End it without.
    Cut,
}

/// What is heard of a client.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    Connected {
        /// `None` if the client does not tell.
        session_present: Option<bool>,
    },
    Subscribed,
    /// Sent, and acknowledged as its QoS asks for.
    Published,
    Message {
        message: Message,
    },
    Closed,
    Error {
        why: String,
    },
}

/// What carries commands out.
pub(super) trait Hands {
    /// Carries one out; how it goes is heard by events.
    fn take(&mut self, command: Command);
}

/// A client.
pub(super) struct Peer {
    /// Its name, client id and place in topics: program, version and transport.
    pub(super) name: String,
    /// 4 or 5.
    pub(super) version: u8,
    /// `tcp`, `tls`, `ws` or `wss`.
    pub(super) transport: &'static str,
    pub(super) url: String,
    pub(super) ca: Option<PathBuf>,
    pub(super) hands: Box<dyn Hands>,
    pub(super) events: Receiver<Event>,
    /// What came while something else was waited for.
    pub(super) messages: VecDeque<Message>,
}

impl Peer {
    /// Whether it speaks 5.0.
    pub(super) fn is_v5(&self) -> bool {
        self.version == 5
    }

    /// How it connects if it says nothing special.
    pub(super) fn greeting(&self) -> Greeting {
        Greeting {
            url: self.url.clone(),
            ca: self.ca.clone(),
            client_id: self.name.clone(),
            version: self.version,
            clean: true,
            session_expiry: None,
            topic_alias_maximum: None,
            will: None,
        }
    }

    /// Begins to connect.
    pub(super) fn greet(&mut self, greeting: Greeting) {
        self.hands.take(Command::Connect(greeting));
    }

    /// Waits until it is connected; whether there was a session, if the client tells.
    pub(super) fn connected(&mut self) -> Option<bool> {
        self.wait_for("the connection", |event| match event {
            Event::Connected { session_present } => Some(*session_present),
            _ => None,
        })
    }

    /// Subscribes at QoS 2, in 5.0 with a Subscription Identifier, and waits until it is granted.
    pub(super) fn subscribe(&mut self, filter: &str, subscription_id: u32) {
        let subscription_id = self.is_v5().then_some(subscription_id);
        self.hands.take(Command::Subscribe { filter: filter.to_owned(), qos: 2, subscription_id });
        self.wait_for("the subscription", |event| matches!(event, Event::Subscribed).then_some(()));
    }

    /// Begins to publish.
    pub(super) fn publish(&mut self, message: Message) {
        self.hands.take(Command::Publish { message });
    }

    /// Waits until a message that it publishes is done with.
    pub(super) fn published(&mut self) {
        self.wait_for("an acknowledgement", |event| matches!(event, Event::Published).then_some(()));
    }

    /// The next message.
    pub(super) fn message(&mut self) -> Message {
        loop {
            if let Some(message) = self.messages.pop_front() {
                return message;
            }
            let event = self.event("a message");
            if let Event::Message { message } = event {
                self.messages.push_back(message);
            }
        }
    }

    /// Ends the connection with a DISCONNECT and waits until it has ended.
    pub(super) fn disconnect(&mut self) {
        self.hands.take(Command::Disconnect);
        self.closed();
    }

    /// Ends the connection without a word and waits until it has ended. What it heard is forgotten.
    pub(super) fn cut(&mut self) {
        self.hands.take(Command::Cut);
        self.closed();
        self.messages.clear();
    }

    fn closed(&mut self) {
        self.wait_for("the end", |event| matches!(event, Event::Closed).then_some(()));
    }

    fn wait_for<T>(&mut self, what: &str, mut is_it: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            let event = self.event(what);
            if let Some(found) = is_it(&event) {
                return found;
            }
            if let Event::Message { message } = event {
                self.messages.push_back(message);
            }
        }
    }

    fn event(&mut self, what: &str) -> Event {
        match self.events.recv_timeout(PATIENCE) {
            Ok(Event::Error { why }) => panic!("{}: {why}, while {what} was due", self.name),
            Ok(event) => event,
            Err(error) => panic!("{}: {what} did not come: {error}", self.name),
        }
    }
}
