use thiserror::Error;

use crate::{CloseCode, CloseReason};

/// Why a link is over: the peer broke the protocol or fell silent. `stream` is the number on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LinkError {
    /// A message longer than both agreed on.
    #[error("the peer sent a message of {len} bytes, more than the {max} agreed")]
    MessageTooLong {
        /// Its length.
        len: u64,
        /// The agreed limit.
        max: u32,
    },
    /// A message ended inside a frame.
    #[error("the peer sent a frame that is cut short")]
    Truncated,
    /// A number that is longer than 32 bits or not in its shortest form.
    #[error("the peer sent a number that is not a 32-bit varint")]
    Varint,
    /// A frame type that this version does not have.
    #[error("the peer sent a frame of unknown type {0:#04x}")]
    UnknownFrame(u8),
    /// A text that is not UTF-8 or longer than its field allows.
    #[error("the peer sent a bad text: {0}")]
    Text(&'static str),
    /// A HELLO that cannot be kept to.
    #[error("the peer's HELLO cannot be accepted: {0}")]
    Hello(&'static str),
    /// The peer speaks another version.
    #[error(
        "the peer speaks version {theirs} of the link, this side {ours}; reload the page or update the bridge"
    )]
    Version {
        /// Ours, [`VERSION`](crate::VERSION).
        ours: u16,
        /// What the peer's HELLO says.
        theirs: u16,
    },
    /// A frame before the peer's HELLO, or before ours was sent.
    #[error("the peer sent frames before both sides had said HELLO")]
    TooEarly,
    /// A stream more than both agreed on.
    #[error("the peer opened more than the {max} streams agreed")]
    TooManyStreams {
        /// The agreed limit.
        max: u32,
    },
    /// An OPEN with an id that is in use, not the peer's to give, or not the next one.
    #[error("the peer opened stream {stream}, whose number it may not use")]
    BadStream {
        /// The id.
        stream: u32,
    },
    /// A frame for a stream that is not open.
    #[error("the peer sent a frame for stream {stream}, which is not open")]
    UnknownStream {
        /// The id.
        stream: u32,
    },
    /// A frame for a stream after the peer had ended or dropped it, or a DONE that is not due.
    #[error("the peer sent a frame for stream {stream} that its state does not allow")]
    OutOfOrder {
        /// The id.
        stream: u32,
    },
    /// DATA or CREDIT of no bytes.
    #[error("the peer sent an empty frame for stream {stream}")]
    Empty {
        /// The id.
        stream: u32,
    },
    /// More DATA than the stream or the link had credit for.
    #[error("the peer sent {len} bytes on stream {stream} and had credit for {credit}")]
    CreditExceeded {
        /// The id.
        stream: u32,
        /// What was sent.
        len: u32,
        /// What was allowed.
        credit: u32,
    },
    /// CREDIT for more bytes than were sent.
    #[error("the peer gave back {bytes} bytes on stream {stream}, of which {sent} were sent")]
    CreditUnearned {
        /// The id.
        stream: u32,
        /// What was given back.
        bytes: u32,
        /// What was on the way.
        sent: u32,
    },
    /// No HELLO in time.
    #[error("the peer said no HELLO within {seconds} s")]
    NoHello {
        /// The time it was given.
        seconds: u64,
    },
    /// Nothing heard for too long.
    #[error("the peer was silent for {seconds} s")]
    Silent {
        /// The time it was given.
        seconds: u64,
    },
}

impl LinkError {
    /// What the peer is told.
    pub fn reason(&self) -> CloseReason {
        let code = match self {
            Self::NoHello { .. } | Self::Silent { .. } => CloseCode::TimedOut,
            _ => CloseCode::ProtocolError,
        };
        CloseReason::new(code, self.to_string())
    }
}

/// Why no stream was opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// One side has not said HELLO yet.
    #[error("both sides have to say HELLO first")]
    NotReady,
    /// The agreed number of streams is open.
    #[error("all {max} streams are in use")]
    TooManyStreams {
        /// The agreed limit.
        max: u32,
    },
    /// The name of the far end does not fit.
    #[error("the peer's name is longer than 256 bytes")]
    PeerTooLong,
    /// The proven name does not fit.
    #[error("the name in the client certificate is longer than 256 bytes")]
    IdentityTooLong,
    /// The link has ended.
    #[error("the link is over")]
    Over,
}

/// Why bytes were not taken; none of them were.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// More than [`Link::writable`](crate::Link::writable) allows.
    #[error("only {writable} bytes may be sent now")]
    Full {
        /// What would have fitted.
        writable: u32,
    },
    /// The stream is closed for sending, or gone.
    #[error("the stream is closed")]
    Closed,
}

/// Why a HELLO was not queued.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HelloError {
    /// The token does not fit.
    #[error("the token is longer than 256 bytes")]
    TokenTooLong,
    /// The info does not fit.
    #[error("the info is longer than 2048 bytes")]
    InfoTooLong,
    /// It was said before, or the link is over.
    #[error("HELLO is said once")]
    Late,
}
