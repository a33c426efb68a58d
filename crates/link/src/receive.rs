//! What the peer's frames do.

use bytes::Bytes;

use crate::config::Limits;
use crate::frame::{Frame, Reader};
use crate::link::{Greeting, Phase};
use crate::stream::Reset;
use crate::{CloseReason, Event, Hello, Link, LinkError, Open};

impl Link {
    /// Takes one whole message of the channel, then has events for it. After an error the link is over: send what
    /// [`transmit`](Self::transmit) still has, then close the channel. Messages after the end are ignored.
    pub fn receive(&mut self, now: u64, message: Bytes) -> Result<(), LinkError> {
        if !self.is_running() {
            return Ok(());
        }
        self.liveness.heard(now);
        self.frames(message).inspect_err(|error| self.goodbye(error.reason()))
    }

    fn frames(&mut self, message: Bytes) -> Result<(), LinkError> {
        if message.len() > self.limits.max_message as usize {
            return Err(LinkError::MessageTooLong {
                len: message.len() as u64,
                max: self.limits.max_message,
            });
        }
        let mut reader = Reader::new(message);
        while self.is_running()
            && let Some(frame) = reader.frame()?
        {
            self.frame(frame)?;
        }
        Ok(())
    }

    fn frame(&mut self, frame: Frame) -> Result<(), LinkError> {
        match frame {
            Frame::Hello { hello, limits } => return self.on_hello(hello, limits),
            Frame::Goodbye { reason } => {
                self.phase = Phase::Over;
                self.events.push_back(Event::Goodbye { reason });
                return Ok(());
            }
            _ if !self.greeted || !matches!(self.greeting, Greeting::Sent) => {
                return Err(LinkError::TooEarly);
            }
            _ => {}
        }
        match frame {
            Frame::Open { stream, open } => self.on_open(stream, open),
            Frame::Data { stream, bytes } => self.on_data(stream, bytes),
            Frame::Credit { stream, bytes } => self.on_credit(stream, bytes),
            Frame::Close { stream, reason } => self.on_close(stream, reason),
            Frame::Reset { stream, reason } => self.on_reset(stream, reason),
            Frame::Done { stream } => self.on_done(stream),
            Frame::Ping => {
                self.pong = true;
                Ok(())
            }
            Frame::Pong | Frame::Hello { .. } | Frame::Goodbye { .. } => Ok(()),
        }
    }

    fn on_hello(&mut self, hello: Hello, limits: Limits) -> Result<(), LinkError> {
        if self.greeted {
            return Err(LinkError::Hello("it was said before"));
        }
        self.greeted = true;
        self.limits = self.limits.agree(limits);
        self.events.push_back(Event::Hello(hello));
        Ok(())
    }

    fn on_open(&mut self, number: u32, open: Open) -> Result<(), LinkError> {
        let stream = self.streams.open_there(number, self.limits.max_streams)?;
        self.events.push_back(Event::Opened { stream, open });
        Ok(())
    }

    fn on_data(&mut self, number: u32, bytes: Bytes) -> Result<(), LinkError> {
        let (id, stream) = self.streams.known(number)?;
        if stream.ended || stream.peer_reset {
            return Err(LinkError::OutOfOrder { stream: number });
        }
        if bytes.is_empty() {
            return Err(LinkError::Empty { stream: number });
        }
        // On the way when we dropped the stream.
        if !stream.alive() {
            return Ok(());
        }
        let len = bytes.len() as u32;
        let credit = self.receiving.room(&stream.unused, &self.limits);
        if len > credit {
            return Err(LinkError::CreditExceeded { stream: number, len, credit });
        }
        self.receiving.take(&mut stream.unused, len, &self.limits);
        self.events.push_back(Event::Data { stream: id, bytes });
        Ok(())
    }

    fn on_credit(&mut self, number: u32, bytes: u32) -> Result<(), LinkError> {
        let (id, stream) = self.streams.known(number)?;
        if stream.peer_reset {
            return Err(LinkError::OutOfOrder { stream: number });
        }
        if bytes == 0 {
            return Err(LinkError::Empty { stream: number });
        }
        if matches!(stream.reset, Reset::Sent) {
            return Ok(());
        }
        let sent = stream.unreturned.held() - stream.queue.len() as u32;
        if bytes > sent {
            return Err(LinkError::CreditUnearned { stream: number, bytes, sent });
        }
        self.sending.give_back(&mut stream.unreturned, bytes, &self.limits);
        if stream.can_send() {
            self.events.push_back(Event::Writable { stream: id });
        }
        self.schedule(id);
        Ok(())
    }

    fn on_close(&mut self, number: u32, reason: CloseReason) -> Result<(), LinkError> {
        let (id, stream) = self.streams.known(number)?;
        if stream.ended || stream.peer_reset {
            return Err(LinkError::OutOfOrder { stream: number });
        }
        stream.ended = true;
        if stream.alive() {
            self.events.push_back(Event::Closed { stream: id, reason });
        }
        self.schedule(id);
        Ok(())
    }

    /// The stream's opener answers with a RESET of its own, the other side with DONE. From here on neither account
    /// has the stream: the peer took it off before it sent this.
    fn on_reset(&mut self, number: u32, reason: CloseReason) -> Result<(), LinkError> {
        let opened_here = self.streams.is_opened_here(number);
        if self.streams.was_opened_there(number) && self.streams.numbered(number).is_none() {
            // Our DONE and the opener's RESET have crossed.
            return Ok(());
        }
        let (id, stream) = self.streams.known(number)?;
        if stream.peer_reset {
            return Err(LinkError::OutOfOrder { stream: number });
        }
        let alive = stream.alive();
        stream.peer_reset = true;
        self.queued -= stream.queue.len() as u64;
        stream.queue = Default::default();
        stream.consumed = 0;
        self.sending.clear(&mut stream.unreturned, &self.limits);
        self.receiving.clear(&mut stream.unused, &self.limits);
        if alive {
            if opened_here {
                stream.reset = Reset::Queued(reason.code.into());
            }
            self.events.push_back(Event::Reset { stream: id, reason });
        }
        self.schedule(id);
        Ok(())
    }

    fn on_done(&mut self, number: u32) -> Result<(), LinkError> {
        let opened_here = self.streams.is_opened_here(number);
        let (_, stream) = self.streams.known(number)?;
        if !opened_here || !(matches!(stream.reset, Reset::Sent) || stream.complete()) {
            return Err(LinkError::OutOfOrder { stream: number });
        }
        self.streams.free(number);
        Ok(())
    }
}
