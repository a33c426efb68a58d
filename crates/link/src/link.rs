//! The link as its host sees it.

use std::collections::VecDeque;

use crate::config::Limits;
use crate::credit::Pool;
use crate::hello::{MAX_INFO, MAX_TOKEN};
use crate::liveness::Liveness;
use crate::open::{MAX_IDENTITY, MAX_PEER};
use crate::stream::{Outgoing, Reset};
use crate::streams::Streams;
use crate::{CloseReason, Config, Event, Hello, HelloError, LinkError, Open, OpenError, SendError, StreamId};

/// Who opened the channel. It decides whose stream numbers are even, so that both sides may open streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The side that opened the channel: the tab, the client worker.
    Dialler,
    /// The other one: the bridge, the broker worker.
    Acceptor,
}

impl Side {
    pub(crate) fn parity(self) -> u32 {
        match self {
            Self::Dialler => 0,
            Self::Acceptor => 1,
        }
    }
}

/// One end of a link. See the [crate](crate) for a host's turn.
///
/// All times are microseconds of the host's awake clock, from any start.
#[derive(Debug)]
pub struct Link {
    pub(crate) config: Config,
    /// Ours until the peer's HELLO, then what both keep to.
    pub(crate) limits: Limits,
    pub(crate) phase: Phase,
    pub(crate) greeting: Greeting,
    /// The peer's HELLO is here.
    pub(crate) greeted: bool,
    pub(crate) streams: Streams,
    /// Numbers of streams with something to send, in turn. May hold one that has been done since.
    pub(crate) ready: VecDeque<u32>,
    pub(crate) sending: Pool,
    pub(crate) receiving: Pool,
    /// Bytes in the streams' queues.
    pub(crate) queued: u64,
    pub(crate) events: VecDeque<Event>,
    pub(crate) liveness: Liveness,
    pub(crate) ping: bool,
    pub(crate) pong: bool,
}

#[derive(Debug)]
pub(crate) enum Phase {
    Running,
    /// GOODBYE is the next and last message.
    Leaving(CloseReason),
    Over,
}

#[derive(Debug)]
pub(crate) enum Greeting {
    Unsaid,
    Queued(Hello),
    Sent,
}

impl Link {
    /// A link over a channel that has just opened.
    pub fn new(side: Side, config: Config, now: u64) -> Self {
        let limits = Limits::of(&config);
        Self {
            config,
            limits,
            phase: Phase::Running,
            greeting: Greeting::Unsaid,
            greeted: false,
            streams: Streams::new(side),
            ready: VecDeque::new(),
            sending: Pool::default(),
            receiving: Pool::default(),
            queued: 0,
            events: VecDeque::new(),
            liveness: Liveness::new(now),
            ping: false,
            pong: false,
        }
    }

    /// Queues our HELLO: at once as the dialler, as the acceptor in answer to the dialler's.
    pub fn hello(&mut self, hello: Hello) -> Result<(), HelloError> {
        if hello.token.len() > MAX_TOKEN {
            return Err(HelloError::TokenTooLong);
        }
        if hello.info.len() > MAX_INFO {
            return Err(HelloError::InfoTooLong);
        }
        if !self.is_running() || !matches!(self.greeting, Greeting::Unsaid) {
            return Err(HelloError::Late);
        }
        self.greeting = Greeting::Queued(hello);
        Ok(())
    }

    /// Opens a stream. Bytes may be sent on it at once.
    pub fn open(&mut self, open: Open) -> Result<StreamId, OpenError> {
        if !self.is_running() {
            return Err(OpenError::Over);
        }
        if !self.greeted || matches!(self.greeting, Greeting::Unsaid) {
            return Err(OpenError::NotReady);
        }
        if open.peer.len() > MAX_PEER {
            return Err(OpenError::PeerTooLong);
        }
        if open.identity.as_ref().is_some_and(|identity| identity.len() > MAX_IDENTITY) {
            return Err(OpenError::IdentityTooLong);
        }
        let max = self.limits.max_streams;
        let stream = self.streams.open_here(open, max).ok_or(OpenError::TooManyStreams { max })?;
        self.schedule(stream);
        Ok(stream)
    }

    /// How many bytes [`send`](Self::send) takes now. When it is 0, [`Event::Writable`] comes once there is more; a
    /// host sends what fits and keeps the rest, and does not wait for room of a certain size.
    pub fn writable(&self, stream: StreamId) -> u32 {
        match self.streams.find(stream) {
            Some(found) if self.is_running() && found.can_send() => {
                self.sending.room(&found.unreturned, &self.limits)
            }
            _ => 0,
        }
    }

    /// Queues bytes, all or none of them. They are copied.
    pub fn send(&mut self, stream: StreamId, bytes: &[u8]) -> Result<(), SendError> {
        if !self.is_running() {
            return Err(SendError::Closed);
        }
        let Some(found) = self.streams.find_mut(stream).filter(|found| found.can_send()) else {
            return Err(SendError::Closed);
        };
        let writable = self.sending.room(&found.unreturned, &self.limits);
        if bytes.len() > writable as usize {
            return Err(SendError::Full { writable });
        }
        self.sending.take(&mut found.unreturned, bytes.len() as u32, &self.limits);
        found.queue.extend(bytes);
        self.queued += bytes.len() as u64;
        self.schedule(stream);
        Ok(())
    }

    /// Ends our direction after all bytes that were sent. The peer may still send, until it closes too. Closing a
    /// stream that is closed or gone does nothing.
    pub fn close(&mut self, stream: StreamId, reason: impl Into<CloseReason>) {
        let Some(found) = self.streams.find_mut(stream).filter(|found| found.can_send()) else { return };
        found.outgoing = Outgoing::Closing(reason.into());
        self.schedule(stream);
    }

    /// Drops a stream, both directions: bytes still queued are not sent, bytes that arrive are discarded, no event of
    /// it comes any more. Resetting a stream that is gone does nothing.
    pub fn reset(&mut self, stream: StreamId, reason: impl Into<CloseReason>) {
        self.streams.mute(stream);
        let Some(found) = self.streams.find_mut(stream).filter(|found| found.alive()) else { return };
        let unsent = std::mem::take(&mut found.queue).len() as u32;
        self.queued -= u64::from(unsent);
        // What is on the way stays on the account until RESET is sent: the peer counts it until then.
        self.sending.give_back(&mut found.unreturned, unsent, &self.limits);
        self.receiving.clear(&mut found.unused, &self.limits);
        found.consumed = 0;
        found.reset = Reset::Queued(reason.into());
        self.schedule(stream);
    }

    /// Tells that `bytes` of those that came as [`Event::Data`] are used; the peer may then send as many again.
    /// Withhold it to slow the peer down. More than were received count as all of them.
    pub fn consume(&mut self, stream: StreamId, bytes: u32) {
        let Some(found) = self.streams.find_mut(stream).filter(|found| found.alive()) else { return };
        found.consumed = found.consumed.saturating_add(bytes).min(found.unused.held());
        self.schedule(stream);
    }

    /// Ends the link: what is queued is dropped, the next message says why, and nothing follows it. Close streams
    /// first, and wait until [`streams`](Self::streams) is 0, to end without loss.
    pub fn goodbye(&mut self, reason: impl Into<CloseReason>) {
        if self.is_running() {
            self.phase = Phase::Leaving(reason.into());
        }
    }

    /// The next event, in the order the peer caused them. Take all of them after each
    /// [`receive`](Self::receive): the queue is bounded by what one message can hold.
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            let event = self.events.pop_front()?;
            if event.stream().is_none_or(|stream| !self.streams.is_muted(stream)) {
                return Some(event);
            }
        }
    }

    /// When to call [`tick`](Self::tick) next. `None` when the link is over.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.is_running().then(|| self.liveness.deadline(self.greeted, &self.config))
    }

    /// Lets time pass: asks a quiet peer for a sign of life, gives up a silent one.
    pub fn tick(&mut self, now: u64) -> Result<(), LinkError> {
        if !self.is_running() {
            return Ok(());
        }
        match self.liveness.check(now, self.greeted, &self.config) {
            Ok(ping) => {
                self.ping |= ping;
                Ok(())
            }
            Err(error) => {
                self.goodbye(error.reason());
                Err(error)
            }
        }
    }

    /// Streams that are open or being closed, of both sides.
    pub fn streams(&self) -> u32 {
        self.streams.len()
    }

    /// Bytes taken by [`send`](Self::send) that are in no message yet.
    pub fn queued(&self) -> u64 {
        self.queued
    }

    /// Whether both sides have said HELLO, so that streams can open.
    pub fn is_ready(&self) -> bool {
        self.is_running() && self.greeted && !matches!(self.greeting, Greeting::Unsaid)
    }

    /// Whether the link has ended, by goodbye or error of either side.
    pub fn is_over(&self) -> bool {
        !self.is_running()
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// Puts a stream in line if it has something to send and is not in line yet.
    pub(crate) fn schedule(&mut self, stream: StreamId) {
        let opened_here = self.streams.is_opened_here(stream.number());
        let Some(found) = self.streams.find_mut(stream) else { return };
        if found.ready || !found.has_frame(opened_here, &self.limits) {
            return;
        }
        found.ready = true;
        self.ready.push_back(stream.number());
    }
}
