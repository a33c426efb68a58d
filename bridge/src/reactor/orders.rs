//! What the HTTP side asks of the reactor: a bounded queue, and a waker that ends the reactor's wait.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use bytes::Bytes;
use lacewing_broker::{Rules, Verdict};
use lacewing_control::Taken;
use lacewing_store::Committed;
use mio::{Registry, Token, Waker};
use tokio::sync::oneshot;

use crate::hasher::Ticket;
use crate::hub::{Arrival, Asker};
use crate::tls::Session;

/// Orders that may wait; further ones are refused, and their requests with them.
const WAITING: usize = 256;

/// The waker's token.
pub(crate) const TOKEN: Token = Token(usize::MAX);

/// One order.
pub(crate) enum Order {
    /// Take a WebSocket that HTTP has handed over.
    Adopt(Adopted),
    /// Say what there is to count.
    Metrics(oneshot::Sender<String>),
    /// A password was checked.
    Checked(Ticket, Verdict),
    /// The settings file was read again, for someone or since the system said so; go on with its rules, or say why not.
    Rules(Option<Asker>, Result<Box<Rules>, String>),
    /// Something became of what was to be kept.
    Committed(Committed),
    /// An image that was wanted is there, or not.
    Taken(Result<Taken, String>),
    /// Say goodbye to everyone and end.
    Stop,
}

/// A socket whose HTTP upgrade is answered.
pub(crate) struct Adopted {
    /// The socket, non-blocking.
    pub(crate) socket: TcpStream,
    /// Its TLS, with the handshake done.
    pub(crate) tls: Option<Box<Session>>,
    /// What HTTP has read beyond the request.
    pub(crate) read: Bytes,
    /// Where it comes from.
    pub(crate) arrival: Arrival,
}

/// The sending end, for any thread.
#[derive(Clone)]
pub(crate) struct Orders {
    sender: SyncSender<Order>,
    waker: Arc<Waker>,
}

/// The reactor's end.
pub(crate) struct OrderQueue(Receiver<Order>);

/// A queue whose waker is registered.
pub(crate) fn channel(registry: &Registry) -> io::Result<(Orders, OrderQueue)> {
    let (sender, receiver) = sync_channel(WAITING);
    let waker = Arc::new(Waker::new(registry, TOKEN)?);
    Ok((Orders { sender, waker }, OrderQueue(receiver)))
}

impl Orders {
    /// Gives an order. False when too many wait, or the reactor is gone.
    pub(crate) fn give(&self, order: Order) -> bool {
        match self.sender.try_send(order) {
            Ok(()) => self.waker.wake().is_ok(),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Gives an order, and waits until there is room for it. False when the reactor is gone.
    pub(crate) fn give_in_time(&self, order: Order) -> bool {
        self.sender.send(order).is_ok() && self.waker.wake().is_ok()
    }
}

impl OrderQueue {
    /// The next order, if one waits.
    pub(crate) fn take(&self) -> Option<Order> {
        self.0.try_recv().ok()
    }
}
