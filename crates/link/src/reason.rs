use std::fmt;

pub(crate) const MAX_TEXT: usize = 256;

/// Why a stream or a link ends: a code for the program, and words for a person where there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseReason {
    /// What the program acts on.
    pub code: CloseCode,
    /// What a person reads; may be empty. Sent up to 256 bytes, cut at a character.
    pub text: String,
}

impl CloseReason {
    /// A reason in words.
    pub fn new(code: CloseCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The text as it is sent.
    pub(crate) fn wire_text(&self) -> &str {
        &self.text[..self.text.floor_char_boundary(MAX_TEXT)]
    }
}

impl From<CloseCode> for CloseReason {
    fn from(code: CloseCode) -> Self {
        Self { code, text: String::new() }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() { self.code.fmt(f) } else { f.write_str(&self.text) }
    }
}

/// The kinds of ends there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseCode {
    /// Nothing more to say: a socket's end of file, a broker that is done with a connection.
    Ended,
    /// The far end broke off: a reset socket, a worker that crashed.
    Aborted,
    /// Not let in: a limit is reached, or nobody is there to serve it.
    Refused,
    /// The token is not the right one.
    Unauthorized,
    /// Another one took this one's place.
    Replaced,
    /// Kept out because another one has the place; a take-over may be asked for.
    Busy,
    /// Waited too long.
    TimedOut,
    /// The host is stopping.
    ShuttingDown,
    /// The other side broke the protocol.
    ProtocolError,
    /// One that this version has no name for. Never a number that has one.
    Other(u8),
}

impl From<u8> for CloseCode {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Ended,
            1 => Self::Aborted,
            2 => Self::Refused,
            3 => Self::Unauthorized,
            4 => Self::Replaced,
            5 => Self::Busy,
            6 => Self::TimedOut,
            7 => Self::ShuttingDown,
            8 => Self::ProtocolError,
            other => Self::Other(other),
        }
    }
}

impl From<CloseCode> for u8 {
    fn from(code: CloseCode) -> Self {
        match code {
            CloseCode::Ended => 0,
            CloseCode::Aborted => 1,
            CloseCode::Refused => 2,
            CloseCode::Unauthorized => 3,
            CloseCode::Replaced => 4,
            CloseCode::Busy => 5,
            CloseCode::TimedOut => 6,
            CloseCode::ShuttingDown => 7,
            CloseCode::ProtocolError => 8,
            CloseCode::Other(number) => number,
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "ended",
            Self::Aborted => "broken off",
            Self::Refused => "refused",
            Self::Unauthorized => "the token is not the right one",
            Self::Replaced => "replaced by another",
            Self::Busy => "another one has the place",
            Self::TimedOut => "timed out",
            Self::ShuttingDown => "shutting down",
            Self::ProtocolError => "the protocol was broken",
            Self::Other(number) => return write!(f, "reason {number}"),
        })
    }
}
