use std::fmt;

use bytes::Bytes;
use lacewing_protocol::{QoS, ReasonCode, TopicFilter, TopicName};
use serde::{Deserialize, Serialize};

use crate::{Config, EventMask, PublishProperties, Redirect, Rules, Seq};

/// The time of an input, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Now {
    /// Monotonic time that does not count the time the host slept: keep-alive, timeouts, pauses.
    pub awake: u64,
    /// Unix time, never backwards: what sessions, messages and wills expire by.
    pub wall: u64,
}

/// A connection's number, given by the host and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnId(pub u64);

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listener {
    /// MQTT over TCP.
    #[default]
    Tcp,
    /// MQTT over TLS.
    Tls,
    /// MQTT over a WebSocket.
    WebSocket,
    /// A client in the page that the broker lives in, or in another tab.
    Page,
    /// A device of the simulated home.
    Home,
    /// A device whose bytes came over the bridge's link, where it is not known how it came to the bridge.
    Link,
    /// MQTT over a WebSocket in TLS.
    WebSocketTls,
}

/// What the host knows about a new connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Transport {
    /// Where it came in.
    pub listener: Listener,
    /// The other end in words, an address or a name.
    pub peer: String,
    /// The name in a verified client certificate.
    pub tls: Option<String>,
}

/// Why a transport ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseCause {
    /// The other end closed it in an orderly way.
    Peer,
    /// It broke: a reset, a timeout of the network.
    Failed,
    /// This side closed it, most often because of an [`Output::Close`](crate::Output::Close).
    Local,
}

/// Everything that can happen to a broker.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Input {
    /// A transport was accepted as `conn`.
    Opened { conn: ConnId, transport: Transport },
    /// The next bytes of `conn`'s stream, split anywhere.
    Received { conn: ConnId, bytes: Bytes },
    /// `conn`'s transport has ended. Comes once for each `Opened`, also after an
    /// [`Output::Close`](crate::Output::Close). What a client that is in said on it is read all the same, if need be later, unless the host
    /// closed it itself ([`CloseCause::Local`]): until then the client is connected, and nothing more is asked of the transport.
    Closed { conn: ConnId, cause: CloseCause },
    /// The answer to an [`Output::Authenticate`](crate::Output::Authenticate).
    Authenticated { conn: ConnId, verdict: Verdict },
    /// All records up to and including `seq` are durable.
    Persisted { seq: Seq },
    /// The operator wants something.
    Command(Command),
    /// A deadline passed, or [`Broker::poll_timeout`](crate::Broker::poll_timeout) said that work is left.
    Tick,
}

/// Whether a client may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Verdict {
    /// It may, as `user`. `data` is the last Authentication Data of an AUTH exchange, for the CONNACK, or for the AUTH
    /// that ends a re-authentication (§4.12).
    Allow { user: Option<String>, data: Option<Bytes> },
    /// The exchange goes on: AUTH 0x18 with this Authentication Data. The client's answer is asked about in turn.
    Continue { data: Bytes },
    /// It may not; `reason` goes into the CONNACK, mapped to what the client's version has.
    Deny { reason: ReasonCode },
}

/// What an operator can ask of a running broker.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Command {
    /// Disconnect a client, with a DISCONNECT that carries `reason` where its version has one. Its will is published
    /// and its session stays, as if it had lost its connection.
    Kick { client_id: String, reason: ReasonCode },
    /// Disconnect a client and end its session with all that waits in it.
    EndSession { client_id: String },
    /// Publish a message on the broker's own behalf.
    Publish { topic: TopicName, payload: Bytes, qos: QoS, retain: bool, properties: PublishProperties },
    /// Clear every retained message that `filter` matches.
    DropRetained { filter: TopicFilter },
    /// Report the groups of events in `events`, and no others.
    Watch { events: EventMask },
    /// Say goodbye to every client (5.0: DISCONNECT 0x8B) and close; new connections are closed at once.
    Shutdown,
    /// Send all clients elsewhere but the operator's own ([`Listener::Home`], [`Listener::Page`]): those that are here
    /// (5.0: DISCONNECT 0x9C or 0x9D with [`Config::server_reference`]; their wills are published and their sessions
    /// stay), and those that want to come in (5.0: CONNACK 0x9C or 0x9D, 3.1.1: 3), until told otherwise. A single one is
    /// sent elsewhere by [`Kick`](Self::Kick) with such a reason.
    Redirect(Redirect),
    /// Go on with other users and rules, if they pass [`Rules::check`]. Many take some ticks, in which the former ones stay in
    /// force; only before the first ones ever are complete are clients refused (5.0: CONNACK 0x89, 3.1.1: 3). Clients whose user is gone or has another password,
    /// and those without a user name where that is not allowed any more, are disconnected (5.0: DISCONNECT 0x87); their
    /// wills are published and their sessions stay. Others go on under the new access rules from their next packet on;
    /// subscriptions stay, and what waits is delivered if it is allowed. Terms hold from the next CONNECT on.
    Rules(Box<Rules>),
    /// Go on with other limits. `durable` cannot change while the broker runs; connections keep what their CONNACK said.
    Reconfigure(Box<Config>),
}
