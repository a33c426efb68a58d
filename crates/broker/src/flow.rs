//! Slow receivers: their publishers wait for a while, then they miss messages.

use crate::broker::AwakeTimer;
use crate::connection::{ConnKey, Connection};
use crate::outgoing::Patience;
use crate::send::outgoing;
use crate::{Broker, ConnId};

/// Answers may pile up to so many times the limit for messages before no more is read from who asks.
const FLOOD: usize = 4;

impl Broker {
    /// Whether more bytes wait for the connection than should.
    pub(crate) fn is_slow(&self, key: ConnKey) -> bool {
        let connection = self.connections.get(key.0 as usize);
        connection.is_some_and(|connection| connection.waiting() > self.config.outgoing_bytes as usize)
    }

    /// Reads no more from `publisher` until `receiver` has caught up, or for as long as
    /// [`Config::pause_maximum`](crate::Config::pause_maximum) and
    /// [`Config::stall_maximum`](crate::Config::stall_maximum) say.
    pub(crate) fn hold(&mut self, publisher: ConnKey, receiver: ConnKey) {
        let takes = |receiver: &Connection| !receiver.exhausted && receiver.ended.is_none();
        if !self.connections.get(receiver.0 as usize).is_some_and(takes) {
            return;
        }
        let Some(connection) = self.connections.get_mut(publisher.0 as usize) else { return };
        connection.holds += 1;
        if connection.holds == 1 {
            self.metrics.paused += 1;
        }
        let publisher = connection.id;
        let Some(connection) = self.connections.get_mut(receiver.0 as usize) else { return };
        let taken = connection.bytes_out;
        let outgoing = outgoing(connection, &mut self.spares);
        outgoing.waiters.push(publisher);
        if outgoing.waiters.len() == 1 {
            let ends = self.now.awake + u64::from(self.config.pause_maximum) * 1000;
            outgoing.patience = Patience { ends, taken };
            self.look_at_receiver_before(receiver, ends);
        }
    }

    /// The receiver has not caught up in time, or takes nothing at all: its publishers go on without it.
    pub(crate) fn patience_is_tried(&mut self, receiver: ConnKey) {
        let Some(connection) = self.connections.get_mut(receiver.0 as usize) else { return };
        let taken = connection.bytes_out;
        if let Some(outgoing) = &mut connection.outgoing
            && outgoing.patience.taken < taken
            && self.now.awake < outgoing.patience.ends
        {
            outgoing.patience.taken = taken;
            let ends = outgoing.patience.ends;
            return self.look_at_receiver_before(receiver, ends);
        }
        connection.exhausted = true;
        self.release_waiters(receiver);
    }

    fn look_at_receiver_before(&mut self, receiver: ConnKey, ends: u64) {
        let stall = u64::from(self.config.stall_maximum) * 1000;
        self.awake_timers.set(AwakeTimer::Patience(receiver), ends.min(self.now.awake + stall));
    }

    /// Lets the publishers that wait for `receiver` be read again.
    pub(crate) fn release_waiters(&mut self, receiver: ConnKey) {
        let Some(connection) = self.connections.get_mut(receiver.0 as usize) else { return };
        let Some(outgoing) = &mut connection.outgoing else { return };
        if outgoing.waiters.is_empty() {
            return;
        }
        self.awake_timers.clear(AwakeTimer::Patience(receiver));
        for waiter in std::mem::take(&mut outgoing.waiters) {
            self.release(waiter);
        }
    }

    /// One of the reasons for not reading a connection is gone.
    pub(crate) fn release(&mut self, conn: ConnId) {
        let Some(&key) = self.connection_keys.get(&conn) else { return };
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if connection.holds == 0 {
            return;
        }
        connection.holds -= 1;
        if connection.holds == 0 {
            self.metrics.paused -= 1;
            self.read_later(key);
        }
    }

    /// Reads no more from a client that asks faster than it takes the answers, until it has taken them.
    pub(crate) fn hold_if_flooded(&mut self, key: ConnKey) {
        let limit = (self.config.outgoing_bytes as usize).saturating_mul(FLOOD);
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        connection.flooded = connection.ended.is_none() && connection.waiting() > limit;
    }

    /// The transport has taken bytes: what waited for that goes on.
    pub(crate) fn drained(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if connection.waiting() > self.config.outgoing_bytes as usize / 2 {
            return;
        }
        let was_flooded = std::mem::take(&mut connection.flooded);
        let session = connection.session();
        if was_flooded {
            self.read_later(key);
        }
        if let Some(session) = session {
            self.refill(session);
        }
        self.relax(key);
    }

    /// Releases publishers if the receiver has caught up.
    pub(crate) fn relax(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let has_waiters = connection.outgoing.as_ref().is_some_and(|outgoing| !outgoing.waiters.is_empty());
        if !has_waiters && !connection.exhausted {
            return;
        }
        if connection.waiting() > self.config.outgoing_bytes as usize / 2 {
            return;
        }
        let session = connection.session().and_then(|session| self.sessions.get(session.0 as usize));
        let transit = session.and_then(|session| session.transit.as_ref());
        let crowded = transit.is_some_and(|transit| {
            transit.queue.len() > self.config.queue_messages as usize / 4
                || transit.queue.bytes() > u64::from(self.config.queue_bytes / 4)
        });
        if crowded {
            return;
        }
        connection.exhausted = false;
        self.release_waiters(key);
    }
}
