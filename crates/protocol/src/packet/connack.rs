use crate::{ConnAckProperties, ReasonCode};

/// CONNACK: the server's answer to CONNECT (§3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnAck {
    /// Whether the server goes on with a session it had; only with success [MQTT-3.2.2-6]. Not said in 3.1.
    pub session_present: bool,
    /// Success or why not; before 5.0 it travels as a [`ConnectReturnCode`](crate::ConnectReturnCode).
    pub reason: ReasonCode,
    /// The properties; left out before 5.0.
    pub properties: ConnAckProperties,
}
