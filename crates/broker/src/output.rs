use bytes::Bytes;
use lacewing_protocol::{ProtocolVersion, ReasonCode};

use crate::{ConnId, Event, Record, Transport};

/// The number of a record, in the order in which they were made, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

/// Everything a broker asks of its host, drained with [`Broker::poll_output`](crate::Broker::poll_output).
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Output {
    /// Make `record` durable, then say [`Input::Persisted`](crate::Input::Persisted). Records are committed in the
    /// order of their numbers; what a turn gave may be one commit, and the last number is all that has to be said. What
    /// one call gave is never split between two commits.
    Persist { seq: Seq, record: Record },
    /// `conn` has bytes that may go: call [`Broker::transmit`](crate::Broker::transmit).
    Ready { conn: ConnId },
    /// May this client come in? Answer with [`Input::Authenticated`](crate::Input::Authenticated); until then nothing
    /// more of `conn` is read.
    Authenticate { conn: ConnId, request: Box<AuthRequest> },
    /// Stop reading from `conn`. What was read already may still be handed in.
    PauseRead { conn: ConnId },
    /// Read from `conn` again.
    ResumeRead { conn: ConnId },
    /// Transmit what is left, flush, close the sending side, drain briefly, close, then say
    /// [`Input::Closed`](crate::Input::Closed). Nothing that is received from now on is read.
    Close { conn: ConnId, reason: CloseReason },
    /// Something happened that the watcher asked to hear about.
    Event(Event),
}

/// Why the broker ends a connection, for the host's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The client said DISCONNECT.
    Disconnected,
    /// The client broke the protocol, or a limit, with this reason code.
    Refused(ReasonCode),
    /// Another connection took its session over.
    TakenOver,
    /// No CONNECT came in time.
    ConnectTimeout,
    /// Nothing was heard for one and a half times the keep-alive.
    KeepAliveTimeout,
    /// The operator asked for it.
    Kicked,
    /// The broker shuts down.
    Shutdown,
    /// There are as many connections as [`Config::connections`](crate::Config::connections) allows.
    TooManyConnections,
}

/// What is known about a client that wants to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthRequest {
    /// Its client id; one the broker assigned if it sent none.
    pub client_id: String,
    /// The MQTT version it speaks.
    pub version: ProtocolVersion,
    /// Its user name; that of a client that is in is the user it came in as.
    pub username: Option<String>,
    /// Its password, any bytes; none when a client that is in proves itself anew.
    pub password: Option<Bytes>,
    /// Where it came from; with the name in its certificate, if it showed one that was verified.
    pub transport: Transport,
    /// The Authentication Method of its CONNECT, if it asked for an AUTH exchange (§4.12).
    pub method: Option<String>,
    /// The Authentication Data of the packet at hand.
    pub data: Option<Bytes>,
    /// Where in the exchange this is; [`AuthStep::Connect`] if there is none.
    pub step: AuthStep,
}

/// Where in an authentication a question comes (§4.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthStep {
    /// CONNECT came. Whatever the host remembers of the connection's number is of no more use.
    Connect,
    /// AUTH 0x18 came, in answer to a [`Verdict::Continue`](crate::Verdict::Continue).
    Continue,
    /// AUTH 0x19 came: a client that is in proves itself anew.
    Reauthenticate,
}
