//! The stream of messages.

use serde::{Deserialize, Serialize};

use super::{Draft, Journey};

/// What of the stream is on screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MessagesView {
    /// The subscriptions of this view's client.
    pub subscriptions: Vec<SubscriptionView>,
    /// How many kept messages match the filter: the height of the list.
    pub matching: u32,
    /// How many messages are kept.
    pub kept: u32,
    /// How many came since the list was cleared, those no longer kept included.
    pub seen: u64,
    /// Since when there is a subscription, or the list was cleared: milliseconds since 1970.
    pub since: Option<u64>,
    /// Messages a second, over the last few seconds.
    pub rate: f32,
    /// Whether so many messages come that their ways are not recorded.
    pub overloaded: bool,
    /// Whether the list stands still, and how many came meanwhile.
    pub paused: Option<u64>,
    /// The number of the newest message that is shown.
    pub newest: u64,
    /// How many came after it.
    pub newer: u64,
    /// How many matching rows lie above the first of `rows`.
    pub from: u32,
    /// The visible rows, newest first.
    pub rows: Vec<MessageRow>,
    /// The message that is open.
    pub detail: Option<Box<MessageDetail>>,
}

impl MessagesView {
    /// Messages a second from which on nobody can follow them: the list says so, and is drawn less often.
    pub const MANY: f32 = 200.0;

    /// Whether more come than anyone can follow.
    pub fn is_flood(&self) -> bool {
        self.rate > Self::MANY
    }
}

/// One subscription of the Messages client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionView {
    /// The topic filter.
    pub filter: String,
    /// How it stands.
    pub state: SubscriptionState,
}

/// How a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionState {
    /// Asked for, SUBACK awaited.
    Asked,
    /// The broker granted this QoS.
    Granted(u8),
    /// The broker said no.
    Refused(String),
}

/// One line of the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Numbers the messages of this page; stays with the message.
    pub number: u64,
    /// When it came: milliseconds since 1970.
    pub at: u64,
    /// Its topic name.
    pub topic: String,
    /// The QoS it was delivered with.
    pub qos: u8,
    /// Whether it was kept by the broker before this subscription.
    pub retain: bool,
    /// Whether it may have come before.
    pub dup: bool,
    /// The length of its payload in bytes.
    pub size: u32,
    /// The start of its payload in one line; `None` for an empty payload.
    pub preview: Option<String>,
    /// Whether the preview is text rather than hex.
    pub text: bool,
}

/// Everything about one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDetail {
    /// The message.
    pub number: u64,
    /// Its properties by their names in the specification.
    pub properties: Vec<(String, String)>,
    /// Its payload.
    pub body: Body,
    /// How many bytes of the payload are not shown.
    pub cut: u32,
    /// The same message, to be published again; `None` for one that is too long for that.
    pub draft: Option<Draft>,
    /// Who sent it and who got it; `Err` says why that is not known.
    pub journey: Result<Journey, String>,
    /// Other clients, the first [`MessageDetail::OTHERS`], where the broker can be asked why one of them is not in the journey.
    pub others: Option<Vec<String>>,
    /// The client that was asked about last, and the answer.
    pub answer: Option<(String, String)>,
}

impl MessageDetail {
    /// The most clients that are named for a question.
    pub const OTHERS: usize = 100;
}

/// A payload as it can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// No payload.
    Empty,
    /// UTF-8 text.
    Text(String),
    /// JSON, laid out.
    Json(String),
    /// Anything else: offset, hex and ASCII, sixteen bytes a line.
    Hex(String),
}
