//! The stream by which the bridge and the linked tab's host speak of users and rules.

use bytes::{Buf, BytesMut};
use lacewing_control::ControlError;
use lacewing_control::service::{FromBridge, FromHost, Inbox, framed};
use lacewing_link::{Link, Listener, Open, OpenError, StreamId};

use crate::hub::Asker;

/// Bytes that may wait for a host that takes nothing; more than that many rules and verdicts mean that it is stuck.
const WAITING: usize = 8 << 20;

/// One link's.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) stream: StreamId,
    inbox: Inbox,
    outbox: BytesMut,
    /// The rules are in force there: devices may be carried.
    pub(crate) ready: bool,
    /// Operators who wait for the rules to be read again.
    askers: Vec<u64>,
}

impl Service {
    /// Opens the stream on a link that is ready.
    pub(crate) fn open(link: &mut Link) -> Result<Self, OpenError> {
        let stream = link.open(Open::new(Listener::Service, "the bridge"))?;
        let (inbox, outbox) = (Inbox::default(), BytesMut::new());
        Ok(Self { stream, inbox, outbox, ready: false, askers: Vec::new() })
    }

    /// Says something, as far as the link takes it now.
    pub(crate) fn say(&mut self, link: &mut Link, message: &FromBridge) -> Result<(), ControlError> {
        let bytes = framed(message)?;
        if self.outbox.len() + bytes.len() > WAITING {
            return Err(ControlError::TooLong(self.outbox.len() + bytes.len()));
        }
        self.outbox.extend_from_slice(&bytes);
        self.flush(link);
        Ok(())
    }

    /// Sends what waits, as far as the link takes it.
    pub(crate) fn flush(&mut self, link: &mut Link) {
        let fits = (link.writable(self.stream) as usize).min(self.outbox.len());
        if fits > 0 && link.send(self.stream, &self.outbox[..fits]).is_ok() {
            self.outbox.advance(fits);
        }
    }

    /// Takes bytes of the host.
    pub(crate) fn receive(&mut self, link: &mut Link, bytes: &[u8]) {
        link.consume(self.stream, bytes.len() as u32);
        self.inbox.receive(bytes);
    }

    /// The next thing that the host said.
    pub(crate) fn take(&mut self) -> Result<Option<FromHost>, ControlError> {
        self.inbox.take()
    }

    /// An operator waits for the rules to be read.
    pub(crate) fn wait_for_rules(&mut self, operator: u64) {
        self.askers.push(operator);
    }

    /// Whether the one who asked is an operator of this link, who waits no more.
    pub(crate) fn waited(&mut self, asker: Asker) -> bool {
        let place = self.askers.iter().position(|operator| *operator == asker.0);
        place.map(|place| self.askers.swap_remove(place)).is_some()
    }
}
