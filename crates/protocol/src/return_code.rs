use std::fmt;

use crate::ReasonCode;

/// What a CONNACK of MQTT 3.1 and 3.1.1 says (3.1.1 §3.2.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ConnectReturnCode {
    /// 0: connected.
    Accepted = 0,
    /// 1: the server does not speak the version that the client asked for.
    UnacceptableProtocolVersion = 1,
    /// 2: the Client Identifier is a valid string, but not allowed.
    IdentifierRejected = 2,
    /// 3: the MQTT service is not available.
    ServerUnavailable = 3,
    /// 4: the server does not accept the user name or password.
    BadUserNameOrPassword = 4,
    /// 5: the client may not connect.
    NotAuthorized = 5,
}

impl ConnectReturnCode {
    /// The code with this value; `None` above 5, which is reserved.
    pub const fn from_value(value: u8) -> Option<Self> {
        Some(match value {
            0 => Self::Accepted,
            1 => Self::UnacceptableProtocolVersion,
            2 => Self::IdentifierRejected,
            3 => Self::ServerUnavailable,
            4 => Self::BadUserNameOrPassword,
            5 => Self::NotAuthorized,
            _ => return None,
        })
    }

    /// Its value on the wire.
    pub const fn value(self) -> u8 {
        self as u8
    }

    /// Its meaning in words.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Accepted => "Connection accepted",
            Self::UnacceptableProtocolVersion => "Unacceptable protocol version",
            Self::IdentifierRejected => "Identifier rejected",
            Self::ServerUnavailable => "Server unavailable",
            Self::BadUserNameOrPassword => "Bad user name or password",
            Self::NotAuthorized => "Not authorized",
        }
    }
}

/// The return code that comes nearest to a reason code of 5.0.
impl From<ReasonCode> for ConnectReturnCode {
    fn from(reason: ReasonCode) -> Self {
        match reason {
            ReasonCode::UnsupportedProtocolVersion => Self::UnacceptableProtocolVersion,
            ReasonCode::ClientIdentifierNotValid => Self::IdentifierRejected,
            ReasonCode::BadUserNameOrPassword => Self::BadUserNameOrPassword,
            ReasonCode::NotAuthorized | ReasonCode::Banned | ReasonCode::BadAuthenticationMethod => {
                Self::NotAuthorized
            }
            reason if reason.is_error() => Self::ServerUnavailable,
            _ => Self::Accepted,
        }
    }
}

impl From<ConnectReturnCode> for ReasonCode {
    fn from(code: ConnectReturnCode) -> Self {
        match code {
            ConnectReturnCode::Accepted => Self::Success,
            ConnectReturnCode::UnacceptableProtocolVersion => Self::UnsupportedProtocolVersion,
            ConnectReturnCode::IdentifierRejected => Self::ClientIdentifierNotValid,
            ConnectReturnCode::ServerUnavailable => Self::ServerUnavailable,
            ConnectReturnCode::BadUserNameOrPassword => Self::BadUserNameOrPassword,
            ConnectReturnCode::NotAuthorized => Self::NotAuthorized,
        }
    }
}

impl fmt::Display for ConnectReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.description())
    }
}
