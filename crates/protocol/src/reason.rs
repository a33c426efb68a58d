use std::fmt;

use crate::PacketType;

/// Declares [`ReasonCode`] from the specification's table: value, name in words, and the packets that may carry it.
macro_rules! reason_codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $words:literal, [$($packet:ident)*];)*) => {
        /// The outcome of an operation, as one byte; 0x80 and above are errors (§2.4).
        ///
        /// The value 0 has three names in the specification: besides [`Success`](Self::Success) there are
        /// [`NORMAL_DISCONNECTION`](Self::NORMAL_DISCONNECTION) and [`GRANTED_QOS_0`](Self::GRANTED_QOS_0).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(u8)]
        pub enum ReasonCode {
            $($(#[$doc])* $name = $value,)*
        }

        impl ReasonCode {
            /// Every reason code, in ascending order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code with this value on the wire; `None` for a value the specification does not define.
            #[inline]
            pub const fn from_value(value: u8) -> Option<Self> {
                match value {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its name in the specification, in words.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }

            /// Whether the specification lets this packet carry this code (table 2-6).
            pub const fn is_valid_in(self, packet: PacketType) -> bool {
                match self {
                    $(Self::$name => matches!(packet, $(PacketType::$packet)|*),)*
                }
            }
        }
    };
}

reason_codes! {
    /// It worked. In SUBACK: granted QoS 0; in DISCONNECT: normal disconnection.
    #[default]
    Success = 0x00, "Success",
        [ConnAck PubAck PubRec PubRel PubComp SubAck UnsubAck Disconnect Auth];
    /// The subscription is accepted, its messages arrive with QoS 1 at most.
    GrantedQoS1 = 0x01, "Granted QoS 1", [SubAck];
    /// The subscription is accepted, its messages arrive with QoS 2 at most.
    GrantedQoS2 = 0x02, "Granted QoS 2", [SubAck];
    /// The client leaves and wants its Will Message published all the same.
    DisconnectWithWillMessage = 0x04, "Disconnect with Will Message", [Disconnect];
    /// The message is accepted, but there is no subscriber.
    NoMatchingSubscribers = 0x10, "No matching subscribers", [PubAck PubRec];
    /// There was nothing to unsubscribe from.
    NoSubscriptionExisted = 0x11, "No subscription existed", [UnsubAck];
    /// The authentication goes on with another step.
    ContinueAuthentication = 0x18, "Continue authentication", [Auth];
    /// The client starts another authentication.
    ReAuthenticate = 0x19, "Re-authenticate", [Auth];
    /// The sender does not say why, or no other code fits.
    UnspecifiedError = 0x80, "Unspecified error",
        [ConnAck PubAck PubRec SubAck UnsubAck Disconnect];
    /// The packet could not be parsed.
    MalformedPacket = 0x81, "Malformed Packet", [ConnAck Disconnect];
    /// The packet could be parsed, but breaks a rule of the protocol.
    ProtocolError = 0x82, "Protocol Error", [ConnAck Disconnect];
    /// The packet is valid, but this implementation does not accept it.
    ImplementationSpecificError = 0x83, "Implementation specific error",
        [ConnAck PubAck PubRec SubAck UnsubAck Disconnect];
    /// The server does not speak the version that the client asked for.
    UnsupportedProtocolVersion = 0x84, "Unsupported Protocol Version", [ConnAck];
    /// The Client Identifier is a valid string, but not allowed.
    ClientIdentifierNotValid = 0x85, "Client Identifier not valid", [ConnAck];
    /// The server does not accept the User Name or Password.
    BadUserNameOrPassword = 0x86, "Bad User Name or Password", [ConnAck];
    /// The client may not do this.
    NotAuthorized = 0x87, "Not authorized", [ConnAck PubAck PubRec SubAck UnsubAck Disconnect];
    /// The server is not available.
    ServerUnavailable = 0x88, "Server unavailable", [ConnAck];
    /// The server is busy; try again later.
    ServerBusy = 0x89, "Server busy", [ConnAck Disconnect];
    /// The client has been banned by an operator.
    Banned = 0x8A, "Banned", [ConnAck];
    /// The server is shutting down.
    ServerShuttingDown = 0x8B, "Server shutting down", [Disconnect];
    /// The authentication method is not supported, or not the one in use.
    BadAuthenticationMethod = 0x8C, "Bad authentication method", [ConnAck Disconnect];
    /// Nothing arrived for one and a half times the Keep Alive.
    KeepAliveTimeout = 0x8D, "Keep Alive timeout", [Disconnect];
    /// Another connection uses the same Client Identifier now.
    SessionTakenOver = 0x8E, "Session taken over", [Disconnect];
    /// The Topic Filter is well formed, but not accepted.
    TopicFilterInvalid = 0x8F, "Topic Filter invalid", [SubAck UnsubAck Disconnect];
    /// The Topic Name is well formed, but not accepted.
    TopicNameInvalid = 0x90, "Topic Name invalid", [ConnAck PubAck PubRec Disconnect];
    /// The Packet Identifier is already in use.
    PacketIdentifierInUse = 0x91, "Packet Identifier in use", [PubAck PubRec SubAck UnsubAck];
    /// The Packet Identifier is not known.
    PacketIdentifierNotFound = 0x92, "Packet Identifier not found", [PubRel PubComp];
    /// More messages are unacknowledged than the Receive Maximum allows.
    ReceiveMaximumExceeded = 0x93, "Receive Maximum exceeded", [Disconnect];
    /// The Topic Alias is 0, unknown, or above the Topic Alias Maximum.
    TopicAliasInvalid = 0x94, "Topic Alias invalid", [Disconnect];
    /// The packet is larger than the receiver accepts.
    PacketTooLarge = 0x95, "Packet too large", [ConnAck Disconnect];
    /// Data arrives faster than the receiver accepts.
    MessageRateTooHigh = 0x96, "Message rate too high", [Disconnect];
    /// A limit of the implementation or of an operator has been exceeded.
    QuotaExceeded = 0x97, "Quota exceeded", [ConnAck PubAck PubRec SubAck Disconnect];
    /// An operator closed the connection.
    AdministrativeAction = 0x98, "Administrative action", [Disconnect];
    /// The payload is not what the Payload Format Indicator says.
    PayloadFormatInvalid = 0x99, "Payload format invalid", [ConnAck PubAck PubRec Disconnect];
    /// The server does not keep retained messages.
    RetainNotSupported = 0x9A, "Retain not supported", [ConnAck Disconnect];
    /// The QoS is above the server's Maximum QoS.
    QoSNotSupported = 0x9B, "QoS not supported", [ConnAck Disconnect];
    /// The client should use another server for now.
    UseAnotherServer = 0x9C, "Use another server", [ConnAck Disconnect];
    /// The client should use another server from now on.
    ServerMoved = 0x9D, "Server moved", [ConnAck Disconnect];
    /// The server has no shared subscriptions for this client.
    SharedSubscriptionsNotSupported = 0x9E, "Shared Subscriptions not supported", [SubAck Disconnect];
    /// Connections are opened faster than the server accepts.
    ConnectionRateExceeded = 0x9F, "Connection rate exceeded", [ConnAck Disconnect];
    /// The connection has lasted as long as it is allowed to.
    MaximumConnectTime = 0xA0, "Maximum connect time", [Disconnect];
    /// The server does not support Subscription Identifiers.
    SubscriptionIdentifiersNotSupported = 0xA1, "Subscription Identifiers not supported", [SubAck Disconnect];
    /// The server does not support wildcards in filters.
    WildcardSubscriptionsNotSupported = 0xA2, "Wildcard Subscriptions not supported", [SubAck Disconnect];
}

impl ReasonCode {
    /// What 0 is called in a DISCONNECT.
    pub const NORMAL_DISCONNECTION: Self = Self::Success;

    /// What 0 is called in a SUBACK.
    pub const GRANTED_QOS_0: Self = Self::Success;

    /// Its value on the wire.
    #[inline]
    pub const fn value(self) -> u8 {
        self as u8
    }

    /// Whether the operation failed (§2.4).
    #[inline]
    pub const fn is_error(self) -> bool {
        self.value() >= 0x80
    }

    /// The SUBACK code that grants this QoS.
    pub const fn granted(qos: crate::QoS) -> Self {
        match qos {
            crate::QoS::AtMostOnce => Self::GRANTED_QOS_0,
            crate::QoS::AtLeastOnce => Self::GrantedQoS1,
            crate::QoS::ExactlyOnce => Self::GrantedQoS2,
        }
    }

    /// Whether a DISCONNECT from a client may carry this code (table 3-10).
    pub const fn is_valid_in_client_disconnect(self) -> bool {
        matches!(
            self,
            Self::Success
                | Self::DisconnectWithWillMessage
                | Self::UnspecifiedError
                | Self::MalformedPacket
                | Self::ProtocolError
                | Self::ImplementationSpecificError
                | Self::TopicNameInvalid
                | Self::ReceiveMaximumExceeded
                | Self::TopicAliasInvalid
                | Self::PacketTooLarge
                | Self::MessageRateTooHigh
                | Self::QuotaExceeded
                | Self::AdministrativeAction
                | Self::PayloadFormatInvalid
        )
    }

    /// Whether a DISCONNECT from a server may carry this code (table 3-10).
    pub const fn is_valid_in_server_disconnect(self) -> bool {
        self.is_valid_in(PacketType::Disconnect) && !matches!(self, Self::DisconnectWithWillMessage)
    }
}

/// Writes the description, as in `Not authorized`.
impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.description())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_codes_are_each_others() {
        for value in 0..=u8::MAX {
            let Some(reason) = ReasonCode::from_value(value) else { continue };
            assert_eq!(reason.value(), value);
        }
        assert_eq!(ReasonCode::ALL.len(), 43);
        assert!(ReasonCode::ALL.is_sorted());
    }

    #[test]
    fn errors_start_at_0x80() {
        // §2.4
        assert!(!ReasonCode::ReAuthenticate.is_error());
        assert!(ReasonCode::UnspecifiedError.is_error());
    }

    #[test]
    fn packets_without_a_reason_code_have_no_valid_one() {
        for packet in [PacketType::Connect, PacketType::Publish, PacketType::Subscribe, PacketType::PingReq] {
            assert!(!ReasonCode::ALL.iter().any(|reason| reason.is_valid_in(packet)), "{packet}");
        }
    }

    #[test]
    fn what_a_client_may_disconnect_with_is_a_disconnect_code() {
        // Table 3-10
        for reason in ReasonCode::ALL.iter().filter(|reason| reason.is_valid_in_client_disconnect()) {
            assert!(reason.is_valid_in(PacketType::Disconnect), "{reason}");
        }
    }
}
