//! What the reactor moves bytes for: a broker in this process, or the relay to the broker in a tab.

mod clerk;
mod doorkeeper;
mod dwelling;
mod journal;
mod line_limit;
pub(crate) mod metrics;
mod native;
mod operators;
mod parting;
mod relay;

use std::io;

use bytes::Bytes;
use lacewing_broker::{Batch, CloseCause, ConnId, Listener, Now, Rules, Verdict};
use lacewing_control::Taken;
use lacewing_store::Committed;

use crate::hasher::Ticket;

pub(crate) use clerk::Clerk;
pub(crate) use doorkeeper::Doorkeeper;
pub(crate) use dwelling::Dwelling;
pub(crate) use line_limit::LineLimit;
pub(crate) use native::NativeHub;
pub(crate) use operators::Operators;
pub(crate) use relay::RelayHub;

/// Takes what sockets receive and gives what they are to send. The contract is that of the broker's core: many inputs,
/// then [`poll`](Hub::poll) until it is empty, then [`transmit`](Hub::transmit) for each ready connection.
pub(crate) trait Hub {
    /// A connection was accepted. [`closed`](Hub::closed) is called once for it, whoever closes it.
    fn opened(&mut self, now: Now, conn: ConnId, arrival: Arrival);

    /// The next bytes of a device's stream, or one whole message of a tab.
    fn received(&mut self, now: Now, conn: ConnId, bytes: Bytes);

    /// The connection is gone.
    fn closed(&mut self, now: Now, conn: ConnId, cause: CloseCause);

    /// The time is [`deadline`](Hub::deadline) or later.
    fn tick(&mut self, now: Now);

    /// When [`tick`](Hub::tick) is due next, on the awake clock.
    fn deadline(&self) -> Option<u64>;

    /// What the reactor is to do next.
    fn poll(&mut self) -> Option<Action>;

    /// Adds to `batch` what a ready connection may send now: about `max` bytes of a device's stream, or one whole
    /// message to a tab. True when there is more.
    fn transmit(&mut self, now: Now, conn: ConnId, max: usize, batch: &mut Batch) -> bool;

    /// A password that the [`Doorkeeper`] gave away was checked.
    fn checked(&mut self, now: Now, ticket: Ticket, verdict: Verdict);

    /// Goes on with other rules and tells who asked for them, or says why there are none.
    fn rules(&mut self, now: Now, asker: Option<Asker>, rules: Result<Box<Rules>, String>);

    /// Something became of what was to be kept.
    ///
    /// # Errors
    /// Nothing can be kept any more: it is over.
    fn committed(&mut self, _now: Now, _outcome: Committed) -> io::Result<()> {
        Ok(())
    }

    /// An image that was wanted of what is kept is there, or not.
    fn taken(&mut self, _now: Now, _taken: Result<Taken, String>) {}

    /// Says goodbye to everyone; the actions that follow close the connections.
    fn shutdown(&mut self, now: Now);

    /// Everyone is gone: keeps what is to be kept.
    fn finish(&mut self, _now: Now) {}

    /// Adds what this hub counts, in the text format of Prometheus.
    fn metrics(&self, text: &mut String);
}

/// An operator who asked for something that takes time, by the number of the desk that serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asker(pub(crate) u64);

/// Where a connection came from.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// What is at the other end.
    pub(crate) role: Role,
    /// How it came in.
    pub(crate) listener: Listener,
    /// The other end's address.
    pub(crate) peer: String,
    /// The name in its verified client certificate.
    pub(crate) identity: Option<String>,
}

/// What is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// An MQTT client: a stream of bytes.
    Device,
    /// A tab that has a broker: whole messages of the link.
    Link,
    /// A page that operates the broker in this process: whole messages of the control protocol.
    Control,
}

/// What a hub asks of the reactor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// There are bytes to send: call [`Hub::transmit`].
    Ready(ConnId),
    /// Stop reading.
    PauseRead(ConnId),
    /// Read again.
    ResumeRead(ConnId),
    /// Transmit what is left, flush, close the sending side, drain briefly unless the other end has said goodbye, close.
    Close(ConnId, Farewell),
}

/// What a WebSocket's close frame says; plain sockets have no words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Farewell {
    /// The close code of RFC 6455, §7.4.
    pub(crate) code: u16,
    /// In words, at most 123 bytes.
    pub(crate) reason: String,
    /// The other end has said goodbye itself: nothing can be lost by closing at once.
    pub(crate) answered: bool,
}

impl Farewell {
    /// A normal end.
    pub(crate) fn normal() -> Self {
        Self::new(1000, "")
    }

    /// An end with a reason.
    pub(crate) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), answered: false }
    }

    /// The end of a connection whose other end has said goodbye.
    pub(crate) fn answered() -> Self {
        Self { answered: true, ..Self::normal() }
    }
}
