use bytes::Bytes;
use lacewing_protocol::{Publish, PublishProperties, QoS, ReasonCode, TopicFilter, TopicName, Utf8String};

/// What the host is to do, and what it is to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Open a transport. Answer with [`connected`](crate::Client::connected), or with
    /// [`closed`](crate::Client::closed) if it cannot be had.
    Dial,
    /// Transmit what is left, then close the transport (or give up opening it) and answer with
    /// [`closed`](crate::Client::closed).
    Close,
    /// Something happened.
    Event(Event),
}

/// Something happened that the application may want to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The server accepted the connection.
    Connected(Connected),
    /// An attempt to connect, or a connection, is over. There is exactly one for each [`Output::Dial`].
    Disconnected {
        /// Why.
        cause: Cause,
        /// When the next [`Output::Dial`] comes; `None` if there will be none until
        /// [`start`](crate::Client::start).
        retry_at: Option<u64>,
    },
    /// A message arrived. Its topic is always present: an alias has been resolved. A QoS 2 message comes once.
    Message(Publish),
    /// A QoS 1 or 2 message has reached the server. QoS 0 messages are not acknowledged.
    Published {
        /// What [`publish`](crate::Client::publish) returned.
        token: Token,
        /// Success, no matching subscribers, or why the server refused it.
        reason: ReasonCode,
    },
    /// The server answered a SUBSCRIBE.
    Subscribed {
        /// What [`subscribe`](crate::Client::subscribe) returned. `None` for subscriptions that the client renewed
        /// by itself because the server had lost the session.
        token: Option<Token>,
        /// Each filter with the QoS granted or the reason it was refused.
        results: Vec<(TopicFilter, ReasonCode)>,
    },
    /// The server answered an UNSUBSCRIBE.
    Unsubscribed {
        /// What [`unsubscribe`](crate::Client::unsubscribe) returned.
        token: Token,
        /// Each filter with its outcome; always success before 5.0.
        results: Vec<(TopicFilter, ReasonCode)>,
    },
    /// A message will not be sent.
    Dropped {
        /// What [`publish`](crate::Client::publish) returned.
        token: Token,
        /// Why.
        cause: DropCause,
    },
}

/// What the server granted with its CONNACK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// Whether the server still had the session.
    pub session_present: bool,
    /// The Client Identifier in use, assigned by the server if it was empty.
    pub client_id: Utf8String,
    /// The Keep Alive in use, in seconds.
    pub keep_alive_s: u16,
    /// How many seconds the session outlives the connection.
    pub session_expiry_s: u32,
    /// The highest QoS the server takes.
    pub maximum_qos: QoS,
    /// Whether the server keeps retained messages.
    pub retain_available: bool,
}

/// Why a connection, or the attempt to make one, ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// [`stop`](crate::Client::stop) was called.
    #[error("stopped")]
    Stopped,
    /// The transport closed, or could not be opened.
    #[error("the transport closed")]
    TransportClosed,
    /// The transport took too long to open, or CONNACK to arrive.
    #[error("no connection in time")]
    ConnectTimeout,
    /// Nothing came back in time after PINGREQ.
    #[error("no answer to a ping")]
    PingTimeout,
    /// The server refused the connection with its CONNACK.
    #[error("refused by the server: {reason}")]
    Refused {
        /// Why; before 5.0 the reason code nearest to the return code.
        reason: ReasonCode,
        /// Why, in the server's words.
        reason_string: Option<Utf8String>,
        /// Another server to use.
        server_reference: Option<Utf8String>,
    },
    /// The server sent DISCONNECT (5.0).
    #[error("disconnected by the server: {reason}")]
    Server {
        /// Why.
        reason: ReasonCode,
        /// Why, in the server's words.
        reason_string: Option<Utf8String>,
        /// Another server to use.
        server_reference: Option<Utf8String>,
    },
    /// The server broke the protocol; a 5.0 server was told so with this reason in DISCONNECT.
    #[error("the server broke the protocol: {problem}")]
    Protocol {
        /// The reason, in DISCONNECT too where a client may send it.
        reason: ReasonCode,
        /// What was wrong.
        problem: String,
    },
    /// The [`Options`](crate::Options) do not make a CONNECT: a password without a user name before 5.0, or a
    /// password or will of more than 65 535 bytes.
    #[error("the options do not make a CONNECT")]
    InvalidOptions,
}

/// Why a message will not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DropCause {
    /// It is QoS 0, there is no connection, and [`QueueLimits::qos0_offline`](crate::QueueLimits::qos0_offline) is
    /// off.
    #[error("there is no connection")]
    Offline,
    /// It waited for longer than its Message Expiry Interval.
    #[error("it expired")]
    Expired,
    /// It was QoS 2, its PUBLISH was on the way, and the server has lost the session. Sent again it might arrive
    /// twice; the application may know whether that matters.
    #[error("the server lost the session")]
    SessionLost,
    /// It is larger than the server accepts [MQTT-3.2.2-15].
    #[error("it is larger than the server accepts")]
    TooLarge,
    /// Its QoS is above the server's maximum [MQTT-3.2.2-11].
    #[error("its QoS is above the server's maximum")]
    QoSNotSupported,
    /// It is to be retained and the server does not do that [MQTT-3.2.2-14].
    #[error("the server does not retain messages")]
    RetainNotSupported,
    /// Its properties do not make a PUBLISH.
    #[error("its properties do not make a packet")]
    Invalid,
}

/// Names a request until its outcome is told. Never used twice by a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// A message to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where to.
    pub topic: TopicName,
    /// What.
    pub payload: Bytes,
    /// How often it may arrive.
    pub qos: QoS,
    /// Whether the server keeps it for later subscribers.
    pub retain: bool,
    /// 5.0 properties; left out before 5.0, though a message expires while it waits all the same. A topic alias or subscription identifiers in them are ignored.
    pub properties: PublishProperties,
}

impl Message {
    /// A message at QoS 0 that is not retained.
    pub fn new(topic: TopicName, payload: impl Into<Bytes>) -> Self {
        Self {
            topic,
            payload: payload.into(),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: PublishProperties::new(),
        }
    }

    /// The same message at this QoS.
    #[must_use]
    pub fn qos(mut self, qos: QoS) -> Self {
        self.qos = qos;
        self
    }

    /// The same message, to be kept by the server.
    #[must_use]
    pub fn retained(mut self) -> Self {
        self.retain = true;
        self
    }
}

/// Too much is waiting already; see [`QueueLimits`](crate::QueueLimits) and
/// [`Options::subscriptions_maximum`](crate::Options::subscriptions_maximum).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// As many messages wait as may.
    #[error("too many messages are waiting")]
    Messages,
    /// The waiting messages and this one are larger than may wait.
    #[error("the messages that are waiting are too large together")]
    Bytes,
    /// More filters than are remembered, or none at all.
    #[error("too many subscriptions, or an empty request")]
    Subscriptions,
}

/// Where a client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not started, or stopped and closed.
    Idle,
    /// Between attempts to connect.
    Waiting,
    /// A transport was asked for.
    Dialing,
    /// CONNECT went out, CONNACK has not come.
    Connecting,
    /// Connected.
    Connected,
    /// The transport is being closed.
    Closing,
}
