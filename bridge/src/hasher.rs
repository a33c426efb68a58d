//! The thread that checks passwords: each takes tens of milliseconds, which no other client is to wait for.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use lacewing_auth::Work;
use lacewing_broker::Verdict;

use crate::reactor::{Order, Orders};

/// Work that the thread has or is about to take; what waits longer waits in the hub, where it can be given up.
pub(crate) const IN_HAND: usize = 2;

/// Names a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(pub(crate) u64);

/// Where to give work; what comes of it is an [`Order::Checked`].
#[derive(Debug)]
pub(crate) struct Hasher(SyncSender<(Ticket, Work)>);

impl Hasher {
    /// Starts the thread. It ends with the reactor.
    pub(crate) fn start(orders: Orders) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(IN_HAND);
        thread::Builder::new().name("passwords".to_owned()).spawn(move || check(&receiver, &orders))?;
        Ok(Self(sender))
    }

    /// Gives work. False when there are [`IN_HAND`] already, or the thread is gone.
    pub(crate) fn give(&self, ticket: Ticket, work: Work) -> bool {
        self.0.try_send((ticket, work)).is_ok()
    }

    #[cfg(test)]
    pub(crate) fn idle() -> (Self, Receiver<(Ticket, Work)>) {
        let (sender, receiver) = sync_channel(IN_HAND);
        (Self(sender), receiver)
    }
}

fn check(receiver: &Receiver<(Ticket, Work)>, orders: &Orders) {
    while let Ok((ticket, work)) = receiver.recv() {
        let verdict: Verdict = work.run();
        if !orders.give_in_time(Order::Checked(ticket, verdict)) {
            return;
        }
    }
}
