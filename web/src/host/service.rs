//! The stream by which the bridge says who may come in.

use bytes::{Buf, BytesMut};
use lacewing_broker::{AuthRequest, ConnId, Verdict};
use lacewing_control::ControlError;
use lacewing_control::service::{Decision, FromBridge, FromHost, Inbox, Question, framed};
use lacewing_link::{Link, StreamId};

use crate::sorted::Sorted;

/// Questions that may be out at a time; whoever comes beyond them is told that the server is busy.
const QUESTIONS: usize = 10_000;

/// The stream of the link that is up.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) stream: StreamId,
    inbox: Inbox,
    outbox: BytesMut,
    /// Devices that the bridge was asked about and may have to forget.
    asked: Sorted<ConnId, ()>,
}

impl Service {
    /// The bridge opened `stream` for it.
    pub(crate) fn new(stream: StreamId) -> Self {
        Self { stream, inbox: Inbox::default(), outbox: BytesMut::new(), asked: Sorted::new() }
    }

    /// Takes bytes of the bridge.
    pub(crate) fn receive(&mut self, link: &mut Link, bytes: &[u8]) {
        link.consume(self.stream, bytes.len() as u32);
        self.inbox.receive(bytes);
    }

    /// The next thing that the bridge said.
    pub(crate) fn take(&mut self) -> Result<Option<FromBridge>, ControlError> {
        self.inbox.take()
    }

    /// Asks who may come in. False when too many questions are out.
    pub(crate) fn ask(&mut self, link: &mut Link, conn: ConnId, request: AuthRequest) -> bool {
        if self.asked.len() >= QUESTIONS && !self.asked.contains_key(&conn) {
            return false;
        }
        let question = FromHost::Question(Box::new(Question::new(conn, request)));
        let said = self.say(link, &question);
        if said {
            self.asked.insert(conn, ());
        }
        said
    }

    /// The bridge has answered about `conn`.
    pub(crate) fn answered(&mut self, conn: ConnId, decision: Decision) -> Verdict {
        if !matches!(decision, Decision::Continue { .. }) {
            self.asked.remove(&conn);
        }
        decision.into()
    }

    /// A connection is gone: the bridge forgets it too.
    pub(crate) fn closed(&mut self, link: &mut Link, conn: ConnId) {
        if self.asked.remove(&conn).is_some() {
            self.say(link, &FromHost::Gone { conn: conn.0 });
        }
    }

    /// Says something to the bridge. False when it is too long to be said.
    pub(crate) fn say(&mut self, link: &mut Link, message: &FromHost) -> bool {
        let Ok(bytes) = framed(message) else { return false };
        self.outbox.extend_from_slice(&bytes);
        self.flush(link);
        true
    }

    /// Sends what waits, as far as the link takes it.
    pub(crate) fn flush(&mut self, link: &mut Link) {
        let fits = (link.writable(self.stream) as usize).min(self.outbox.len());
        if fits > 0 && link.send(self.stream, &self.outbox[..fits]).is_ok() {
            self.outbox.advance(fits);
        }
    }
}
