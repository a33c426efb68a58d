use bytes::Bytes;

use crate::{CloseReason, Hello, Open, StreamId};

/// What the peer did, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer's HELLO, always first. An acceptor answers with its own or with a goodbye.
    Hello(Hello),
    /// The peer opened a stream.
    Opened {
        /// Its id from now on.
        stream: StreamId,
        /// What it is.
        open: Open,
    },
    /// Bytes of a stream, never empty. A slice of the channel's message: copy what is kept longer than the turn.
    Data {
        /// The stream.
        stream: StreamId,
        /// To be given back by [`Link::consume`](crate::Link::consume) when used.
        bytes: Bytes,
    },
    /// Credit came back, so [`Link::writable`](crate::Link::writable) may have grown.
    Writable {
        /// The stream.
        stream: StreamId,
    },
    /// The peer ended its direction, after all its bytes. Ours stays open until [`Link::close`](crate::Link::close).
    Closed {
        /// The stream.
        stream: StreamId,
        /// Why.
        reason: CloseReason,
    },
    /// The peer dropped the stream, both directions. Its id means nothing any more, and bytes of it that are still
    /// held need no [`Link::consume`](crate::Link::consume).
    Reset {
        /// The stream.
        stream: StreamId,
        /// Why.
        reason: CloseReason,
    },
    /// The peer ended the link; all streams are gone. Close the channel.
    Goodbye {
        /// Why.
        reason: CloseReason,
    },
}

impl Event {
    pub(crate) fn stream(&self) -> Option<StreamId> {
        match self {
            Self::Opened { stream, .. }
            | Self::Data { stream, .. }
            | Self::Writable { stream }
            | Self::Closed { stream, .. }
            | Self::Reset { stream, .. } => Some(*stream),
            Self::Hello(_) | Self::Goodbye { .. } => None,
        }
    }
}
