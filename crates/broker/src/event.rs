use std::ops::{BitOr, BitOrAssign};

use serde::{Deserialize, Serialize};

use crate::{CloseCause, ConnId, Listener};

/// Something that happened, in plain types that outlive the broker and can be stored or sent.
///
/// QoS and reason codes are their numbers on the wire; versions are written `3.1`, `3.1.1`, `5.0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counts events from 1, missed ones included.
    pub number: u64,
    /// Unix time in microseconds.
    pub at: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum EventKind {
    /// A transport was accepted.
    Opened { conn: ConnId, listener: Listener, peer: String },
    /// A transport ended, and why.
    Closed { conn: ConnId, client_id: Option<String>, cause: CloseCause },
    /// A client is in.
    Connected {
        conn: ConnId,
        client_id: String,
        version: String,
        user: Option<String>,
        keep_alive: u16,
        clean_start: bool,
        session_present: bool,
        /// Seconds; `u32::MAX` is for ever.
        session_expiry: u32,
        will: bool,
    },
    /// A client is out. `reason` is what was said or would have been.
    Disconnected { conn: ConnId, client_id: String, how: Ending, reason: u8 },
    /// A client or a packet of it was turned away; `conn` may go on if the packet has an answer of its own.
    Refused { conn: ConnId, client_id: Option<String>, reason: u8, why: String },
    /// A packet came in, as one line of text.
    PacketIn { conn: ConnId, client_id: String, line: String },
    /// A packet was put in line to go out, as one line of text.
    PacketOut { conn: ConnId, client_id: String, line: String },
    /// A subscription was made or replaced.
    Subscribed { client_id: String, filter: String, qos: u8, replaced: bool },
    /// A subscription ended.
    Unsubscribed { client_id: String, filter: String },
    /// A message came in: from a client, from a will, or (`None`) from the operator.
    Published {
        message: u64,
        from: Option<String>,
        topic: String,
        qos: u8,
        retain: bool,
        payload: Preview,
        /// How many sessions and shared groups it goes to.
        receivers: u32,
    },
    /// A message went out to a client, or into its queue.
    Delivered {
        message: u64,
        to: String,
        topic: String,
        qos: u8,
        /// The ShareName, if it was this member's turn.
        shared: Option<String>,
        /// Whether it waits in the session's queue.
        queued: bool,
        /// The filters of the subscriptions by which it went, the first [`EventKind::FILTERS`] of them. Of a client with very many
        /// subscriptions not all are looked at.
        filters: Vec<String>,
        /// Whether it was retained when the client subscribed, and is sent for that.
        was_retained: bool,
    },
    /// A message that matched did not go out.
    NotDelivered { message: u64, to: String, topic: String, why: NotDelivered },
    /// Nobody wants this topic.
    NoSubscribers { message: u64, topic: String },
    /// A topic's retained message is a new one.
    RetainedSet { topic: String, bytes: u32 },
    /// A topic has no retained message any more.
    RetainedCleared { topic: String },
    /// A will is published.
    WillSent { client_id: String, topic: String },
    /// A will is not published after all.
    WillCancelled { client_id: String, why: WillCancelled },
    /// A session and all that waited in it is gone.
    SessionExpired { client_id: String },
    /// Messages were lost, and how many since the last such event.
    Dropped { client_id: String, topic: String, cause: NotDelivered, count: u64 },
    /// Events themselves were lost.
    Overflow { missed: u64 },
    /// Other users and access rules are in force: so many.
    RulesSet { users: u32, rules: u32 },
    /// Other users and access rules were not taken.
    RulesRefused { why: String },
}

impl EventKind {
    /// The most filters that are named as the reason of one delivery.
    pub const FILTERS: usize = 8;
}

/// The first bytes of a payload, and how long it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preview {
    /// At most [`Config::event_preview`](crate::Config::event_preview) bytes.
    pub head: Vec<u8>,
    /// The length of the whole payload.
    pub len: u32,
}

impl Preview {
    /// The first `most` bytes of `payload`.
    pub(crate) fn of(payload: &[u8], most: u32) -> Self {
        let head = payload.get(..most as usize).unwrap_or(payload).to_vec();
        Self { head, len: u32::try_from(payload.len()).unwrap_or(u32::MAX) }
    }
}

/// How a client left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It said DISCONNECT.
    Clean,
    /// It said DISCONNECT with reason 0x04: its will is to be published.
    CleanWithWill,
    /// Its transport ended without a word.
    Lost,
    /// Nothing was heard of it for one and a half times its keep-alive.
    TimedOut,
    /// Another connection took its session over.
    TakenOver,
    /// An operator sent it away.
    Kicked,
    /// It broke the protocol or a limit.
    Refused,
    /// The broker shut down.
    Shutdown,
    /// The broker crashed and was restored without it.
    Crash,
}

/// Why a message that matched did not go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotDelivered {
    /// QoS 0 to a client that is away.
    Away,
    /// The client published it itself and asked for No Local.
    NoLocal,
    /// Its time was over before it could go.
    Expired,
    /// The receiver's queue is full.
    QueueFull,
    /// The receiver's connection does not take bytes fast enough, QoS 0.
    SlowReceiver,
    /// It is larger than the receiver's Maximum Packet Size.
    TooLarge,
    /// No member of the shared group could take it.
    NoMember,
    /// There are as many retained messages as the limits allow.
    RetainedFull,
    /// The session ended before.
    SessionEnded,
    /// An access rule keeps the topic from the receiver.
    NotAllowed,
}

/// Why a will is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WillCancelled {
    /// Its client said DISCONNECT.
    Disconnected,
    /// Its client was back before the will delay was over.
    Back,
    /// An operator ended the session.
    Operator,
    /// An access rule keeps the client from publishing it by now.
    NotAllowed,
}

/// Groups of events, to be watched or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventMask(u8);

impl EventMask {
    /// Nothing: events cost nothing.
    pub const NONE: Self = Self(0);
    /// Transports and clients that come and go, refusals.
    pub const CLIENTS: Self = Self(1);
    /// Each packet, in and out.
    pub const PACKETS: Self = Self(2);
    /// Subscriptions.
    pub const SUBSCRIPTIONS: Self = Self(4);
    /// Each message that comes in.
    pub const PUBLISHED: Self = Self(8);
    /// Where each message goes, and why not.
    pub const DELIVERED: Self = Self(16);
    /// Sessions, wills and retained messages.
    pub const STATE: Self = Self(32);
    /// What is lost.
    pub const DROPS: Self = Self(64);
    /// Everything.
    pub const ALL: Self = Self(127);

    /// Whether any group of `other` is in it.
    #[inline]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for EventMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for EventMask {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
