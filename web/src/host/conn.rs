//! One connection of the broker and the stream that carries it.

use bytes::{Buf, Bytes, BytesMut};
use lacewing_broker::{Batch, Broker, ConnId, Now};
use lacewing_link::{CloseCode, Link, StreamId};

use super::ChannelId;

/// How long a connection that the broker ended may take for its last bytes, in microseconds.
const CLOSING_TIME: u64 = 5_000_000;

/// The state of a connection that a stream carries.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) channel: ChannelId,
    pub(crate) stream: StreamId,
    /// The broker asked not to be given more; credit is withheld.
    paused: bool,
    /// Bytes received while paused: credit still to be given back.
    owed: u32,
    /// What the broker gave beyond the stream's credit.
    left: Bytes,
    /// The broker has more.
    pub(crate) hungry: bool,
    /// The broker is done with it; until when its last bytes may take.
    pub(crate) closing: Option<u64>,
}

/// What came of serving a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// All that may go has gone.
    Dry,
    /// It waits for credit; the link says when.
    Full,
    /// All is said and the connection is closing.
    Done,
}

impl Conn {
    pub(crate) fn new(channel: ChannelId, stream: StreamId) -> Self {
        Self { channel, stream, paused: false, owed: 0, left: Bytes::new(), hungry: false, closing: None }
    }

    /// Accounts for bytes that were handed to the broker.
    pub(crate) fn received(&mut self, link: &mut Link, bytes: u32) {
        if self.paused {
            self.owed += bytes;
        } else {
            link.consume(self.stream, bytes);
        }
    }

    /// Withholds credit from now on.
    pub(crate) fn pause(&mut self) {
        self.paused = true;
    }

    /// Gives back all withheld credit.
    pub(crate) fn resume(&mut self, link: &mut Link) {
        self.paused = false;
        link.consume(self.stream, std::mem::take(&mut self.owed));
    }

    /// The broker ends it: what is left goes out first.
    pub(crate) fn close(&mut self, now: Now) {
        self.closing = Some(now.awake + CLOSING_TIME);
        self.hungry = true;
    }

    /// Moves what the broker has to the stream, as far as its credit goes.
    pub(crate) fn serve(
        &mut self,
        now: Now,
        id: ConnId,
        broker: &mut Broker,
        link: &mut Link,
        batch: &mut Batch,
    ) -> Served {
        loop {
            if !self.left.is_empty() {
                self.left = send(link, self.stream, std::mem::take(&mut self.left));
            }
            if !self.left.is_empty() {
                return Served::Full;
            }
            if !self.hungry {
                break;
            }
            let room = link.writable(self.stream);
            if room == 0 {
                return Served::Full;
            }
            self.hungry = broker.transmit(now, id, room as usize, batch);
            if batch.is_empty() {
                self.hungry = false;
            }
            self.take(link, batch);
        }
        if self.closing.is_none() {
            return Served::Dry;
        }
        link.close(self.stream, CloseCode::Ended);
        Served::Done
    }

    /// Sends a batch and keeps what goes beyond the credit.
    fn take(&mut self, link: &mut Link, batch: &mut Batch) {
        let mut beyond = BytesMut::new();
        for chunk in batch.chunks() {
            let room =
                if beyond.is_empty() { (link.writable(self.stream) as usize).min(chunk.len()) } else { 0 };
            // A stream that is gone takes nothing; the link has told, or is about to.
            let sent = if link.send(self.stream, &chunk[..room]).is_ok() { room } else { 0 };
            beyond.extend_from_slice(&chunk[sent..]);
        }
        batch.clear();
        self.left = beyond.freeze();
    }
}

/// Sends what fits and returns the rest.
fn send(link: &mut Link, stream: StreamId, mut bytes: Bytes) -> Bytes {
    let room = (link.writable(stream) as usize).min(bytes.len());
    if link.send(stream, &bytes[..room]).is_ok() {
        bytes.advance(room);
    }
    bytes
}
