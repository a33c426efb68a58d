//! Puts what is queued into messages, streams in turn.

use bytes::{BufMut, Bytes, BytesMut};

use crate::config::Limits;
use crate::credit::Pool;
use crate::link::{Greeting, Phase};
use crate::stream::{Outgoing, Reset, Stream};
use crate::{Link, frame};

/// What one stream may put into a message before the next has its turn, while others wait.
const TURN: u32 = 8 << 10;
/// An empty queue keeps its memory up to this size.
const KEPT_QUEUE: usize = 4 << 10;

impl Link {
    /// The next message, with everything that is queued and fits. `None` when there is nothing to say. Call it while
    /// the channel has room: what waits here is still shared fairly, what waits there no longer.
    pub fn transmit(&mut self) -> Option<Bytes> {
        match &self.phase {
            Phase::Running => self.message(),
            Phase::Leaving(reason) => {
                let mut out = BytesMut::new();
                frame::put_goodbye(&mut out, reason);
                self.phase = Phase::Over;
                Some(out.freeze())
            }
            Phase::Over => None,
        }
    }

    /// Whether there is something to transmit.
    pub fn has_transmit(&self) -> bool {
        match self.phase {
            Phase::Running => match self.greeting {
                Greeting::Unsaid => false,
                Greeting::Queued(_) => true,
                Greeting::Sent => self.ping || self.pong || !self.ready.is_empty(),
            },
            Phase::Leaving(_) => true,
            Phase::Over => false,
        }
    }

    fn message(&mut self) -> Option<Bytes> {
        if !self.has_transmit() {
            return None;
        }
        let max = self.limits.max_message as usize;
        let mut out = BytesMut::with_capacity(self.estimate().min(max));
        if let Greeting::Queued(hello) = &self.greeting {
            // Ours as configured, not as agreed: the peer agrees by itself.
            frame::put_hello(&mut out, hello, &Limits::of(&self.config));
            self.greeting = Greeting::Sent;
        }
        if std::mem::take(&mut self.pong) {
            frame::put_pong(&mut out);
        }
        if std::mem::take(&mut self.ping) {
            frame::put_ping(&mut out);
        }
        while let Some(number) = self.ready.pop_front() {
            let alone = self.ready.is_empty();
            let mut message = Message { out: &mut out, max, turn: if alone { u32::MAX } else { TURN } };
            if self.turn(number, &mut message) == Turn::MessageFull {
                break;
            }
        }
        (!out.is_empty()).then(|| out.freeze())
    }

    /// A stream's turn; it goes to the end of the line when it has more.
    fn turn(&mut self, number: u32, message: &mut Message<'_>) -> Turn {
        let opened_here = self.streams.is_opened_here(number);
        let Some((id, stream)) = self.streams.numbered(number) else { return Turn::Over };
        if !stream.ready {
            return Turn::Over;
        }
        let unsent = stream.queue.len();
        let turn =
            message.put(number, opened_here, stream, (&mut self.sending, &mut self.receiving), &self.limits);
        self.queued -= (unsent - stream.queue.len()) as u64;
        match turn {
            Turn::MessageFull => self.ready.push_front(number),
            Turn::Over => {
                stream.ready = false;
                self.schedule(id);
            }
            Turn::Done => self.streams.free(number),
        }
        turn
    }

    /// About what the next message takes, to allocate it once.
    fn estimate(&self) -> usize {
        let heads = self.ready.len().saturating_mul(16).saturating_add(64);
        heads.saturating_add(usize::try_from(self.queued).unwrap_or(usize::MAX))
    }
}

#[derive(PartialEq, Eq)]
enum Turn {
    Over,
    MessageFull,
    /// DONE was put: the stream's number is free.
    Done,
}

struct Message<'a> {
    out: &'a mut BytesMut,
    max: usize,
    /// DATA bytes left of the turn.
    turn: u32,
}

impl Message<'_> {
    fn room(&self) -> usize {
        self.max.saturating_sub(self.out.len())
    }

    /// Puts a stream's frames: OPEN, RESET or CREDIT, DATA, CLOSE, and DONE.
    fn put(
        &mut self,
        number: u32,
        opened_here: bool,
        stream: &mut Stream,
        (sending, receiving): (&mut Pool, &mut Pool),
        limits: &Limits,
    ) -> Turn {
        let first = if stream.opening.is_some() { frame::MAX_OPEN } else { frame::MAX_SHORT };
        if self.room() < first {
            return Turn::MessageFull;
        }
        if let Some(open) = stream.opening.take() {
            frame::put_open(self.out, number, &open);
            if self.room() < frame::MAX_SHORT {
                return Turn::MessageFull;
            }
        }
        if !opened_here && stream.done_due() {
            frame::put_done(self.out, number);
            return Turn::Done;
        }
        if let Reset::Queued(reason) = &stream.reset {
            frame::put_reset(self.out, number, reason);
            stream.reset = Reset::Sent;
            sending.clear(&mut stream.unreturned, limits);
            return Turn::Over;
        }
        if !stream.alive() {
            return Turn::Over;
        }
        if stream.credit_due(limits) {
            frame::put_credit(self.out, number, stream.consumed);
            receiving.give_back(&mut stream.unused, stream.consumed, limits);
            stream.consumed = 0;
        }
        if self.data(number, stream) == Turn::MessageFull {
            return Turn::MessageFull;
        }
        if !stream.queue.is_empty() {
            return Turn::Over;
        }
        if let Outgoing::Closing(reason) = &stream.outgoing {
            if self.room() < frame::MAX_SHORT {
                return Turn::MessageFull;
            }
            frame::put_close(self.out, number, reason);
            stream.outgoing = Outgoing::Closed;
        }
        Turn::Over
    }

    /// As much of the queue as the message and the turn have room for.
    fn data(&mut self, number: u32, stream: &mut Stream) -> Turn {
        if stream.queue.is_empty() {
            return Turn::Over;
        }
        let room = self.room().saturating_sub(frame::DATA_HEAD);
        let len = stream.queue.len().min(room).min(self.turn as usize);
        if len == 0 {
            return Turn::MessageFull;
        }
        frame::put_data_head(self.out, number, len as u32);
        let (front, back) = stream.queue.as_slices();
        let from_front = len.min(front.len());
        self.out.put_slice(&front[..from_front]);
        self.out.put_slice(&back[..len - from_front]);
        stream.queue.drain(..len);
        if stream.queue.is_empty() && stream.queue.capacity() > KEPT_QUEUE {
            stream.queue = Default::default();
        }
        Turn::Over
    }
}
