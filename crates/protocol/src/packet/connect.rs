use bytes::Bytes;

use crate::{ConnectProperties, ProtocolVersion, QoS, TopicName, Utf8String, WillProperties};

/// CONNECT: a client asks for a connection (§3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The protocol that the client wants to speak.
    pub version: ProtocolVersion,
    /// The Client Identifier; empty asks the server to assign one (not in 3.1).
    pub client_id: Utf8String,
    /// Whether the server is to forget the session it has; 3.1.1 calls it Clean Session.
    pub clean_start: bool,
    /// Seconds; 0 turns the mechanism off.
    pub keep_alive: u16,
    /// What the server is to publish when the client is lost.
    pub will: Option<Will>,
    /// The user name.
    pub username: Option<Utf8String>,
    /// The password, at most 65 535 bytes; before 5.0 only with a user name [3.1.1 MQTT-3.1.2-22].
    pub password: Option<Bytes>,
    /// The properties; empty before 5.0.
    pub properties: ConnectProperties,
}

/// A Will Message: what the server publishes when the client is lost without a DISCONNECT (§3.1.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Where it is published.
    pub topic: TopicName,
    /// What is published, at most 65 535 bytes.
    pub payload: Bytes,
    /// With which QoS.
    pub qos: QoS,
    /// Whether it is retained.
    pub retain: bool,
    /// The properties; empty before 5.0.
    pub properties: WillProperties,
}
