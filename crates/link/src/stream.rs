//! One stream: what it has to send and where its two directions stand.

use std::collections::VecDeque;

use crate::config::Limits;
use crate::credit::Balance;
use crate::{CloseReason, Open};

#[derive(Debug)]
pub(crate) struct Stream {
    /// OPEN, until it is sent.
    pub(crate) opening: Option<Open>,
    /// Accepted from the host, not yet in a message.
    pub(crate) queue: VecDeque<u8>,
    /// Accepted from the host and not yet given back by the peer, `queue` among it.
    pub(crate) unreturned: Balance,
    /// Our direction.
    pub(crate) outgoing: Outgoing,
    /// Received and not yet given back by a CREDIT.
    pub(crate) unused: Balance,
    /// The part of `unused` that the host has consumed.
    pub(crate) consumed: u32,
    /// The peer's direction has ended.
    pub(crate) ended: bool,
    /// Where dropping the stream stands.
    pub(crate) reset: Reset,
    /// The peer has dropped the stream and sends nothing more for it, DONE apart.
    pub(crate) peer_reset: bool,
    /// Waits for its turn in a message.
    pub(crate) ready: bool,
}

/// Our direction of a stream.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Open,
    /// CLOSE is to follow the queue.
    Closing(CloseReason),
    /// CLOSE was sent.
    Closed,
}

/// Our RESET of a stream.
#[derive(Debug)]
pub(crate) enum Reset {
    None,
    Queued(CloseReason),
    Sent,
}

impl Stream {
    pub(crate) fn new(opening: Option<Open>) -> Self {
        Self {
            opening,
            queue: VecDeque::new(),
            unreturned: Balance::default(),
            outgoing: Outgoing::Open,
            unused: Balance::default(),
            consumed: 0,
            ended: false,
            reset: Reset::None,
            peer_reset: false,
            ready: false,
        }
    }

    /// Whether neither side has dropped it.
    pub(crate) fn alive(&self) -> bool {
        matches!(self.reset, Reset::None) && !self.peer_reset
    }

    pub(crate) fn can_send(&self) -> bool {
        self.alive() && matches!(self.outgoing, Outgoing::Open)
    }

    /// Whether both directions have ended and every byte was used and given back.
    pub(crate) fn complete(&self) -> bool {
        matches!(self.outgoing, Outgoing::Closed)
            && self.unreturned.held() == 0
            && self.ended
            && self.unused.held() == 0
    }

    /// Whether this side, which did not open the stream, owes its DONE.
    pub(crate) fn done_due(&self) -> bool {
        self.peer_reset || (matches!(self.reset, Reset::None) && self.complete())
    }

    pub(crate) fn credit_due(&self, limits: &Limits) -> bool {
        let last = self.ended && self.consumed > 0 && self.consumed == self.unused.held();
        self.alive() && (last || self.consumed >= limits.credit_portion())
    }

    /// Whether there is a frame to send. `opened_here` when this side opened the stream.
    pub(crate) fn has_frame(&self, opened_here: bool, limits: &Limits) -> bool {
        self.opening.is_some()
            || matches!(self.reset, Reset::Queued(_))
            || (!opened_here && self.done_due())
            || self.credit_due(limits)
            || (self.alive() && (!self.queue.is_empty() || matches!(self.outgoing, Outgoing::Closing(_))))
    }
}
