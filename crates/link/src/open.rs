pub(crate) const MAX_PEER: usize = 256;
pub(crate) const MAX_IDENTITY: usize = 256;

/// What a stream is and where it comes from: the content of OPEN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Where the stream came in.
    pub listener: Listener,
    /// Who is at its far end, for people to read: `127.0.0.1:50312`. At most 256 bytes.
    pub peer: String,
    /// Who its far end has proved to be to the side that opens the stream, by a verified client certificate: a user
    /// name. Not empty, at most 256 bytes.
    pub identity: Option<String>,
}

impl Open {
    /// A stream from `peer` through `listener`.
    pub fn new(listener: Listener, peer: impl Into<String>) -> Self {
        Self { listener, peer: peer.into(), identity: None }
    }

    /// The same with a proven name.
    pub fn with_identity(mut self, identity: Option<String>) -> Self {
        self.identity = identity;
        self
    }
}

/// Where a stream came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listener {
    /// A device over TCP.
    Mqtt,
    /// A device or page over a WebSocket.
    WebSocket,
    /// A client in the page itself.
    Page,
    /// A device of the simulated home.
    Home,
    /// The typed control protocol of the operator's views; not MQTT.
    Control,
    /// A device over TLS.
    MqttTls,
    /// A device or page over a WebSocket in TLS.
    WebSocketTls,
    /// What the two hosts of the link have to say to each other; not MQTT.
    Service,
    /// One that this version has no name for. Never a number that has one.
    Other(u8),
}

impl From<u8> for Listener {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Mqtt,
            1 => Self::WebSocket,
            2 => Self::Page,
            3 => Self::Home,
            4 => Self::Control,
            5 => Self::MqttTls,
            6 => Self::WebSocketTls,
            7 => Self::Service,
            other => Self::Other(other),
        }
    }
}

impl From<Listener> for u8 {
    fn from(listener: Listener) -> Self {
        match listener {
            Listener::Mqtt => 0,
            Listener::WebSocket => 1,
            Listener::Page => 2,
            Listener::Home => 3,
            Listener::Control => 4,
            Listener::MqttTls => 5,
            Listener::WebSocketTls => 6,
            Listener::Service => 7,
            Listener::Other(number) => number,
        }
    }
}
