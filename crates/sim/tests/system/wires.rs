//! All wires between clients and wherever they dial.

use std::collections::BTreeMap;

use lacewing_broker::ConnId;
use lacewing_sim::wire::{Arrival, End, Fault, Quality, Told, Wire};

use crate::server::Carrier;

/// Wires by the number of the connection, which is never used again.
#[derive(Debug, Default)]
pub(crate) struct Wires {
    lines: BTreeMap<ConnId, Line>,
    last: u64,
}

#[derive(Debug)]
struct Line {
    wire: Wire,
    /// Who still holds an end of it.
    client: bool,
    broker: Far,
}

#[derive(Debug, PartialEq, Eq)]
enum Far {
    /// It has not been accepted yet.
    Waiting,
    Held {
        paused: bool,
    },
    Gone,
}

impl Wires {
    /// A client dials.
    pub(crate) fn dial(&mut self, quality: Quality) -> ConnId {
        let conn = self.fresh();
        let line = Line { wire: Wire::new(quality), client: true, broker: Far::Waiting };
        self.lines.insert(conn, line);
        conn
    }

    /// A number for a connection.
    pub(crate) fn fresh(&mut self) -> ConnId {
        self.last += 1;
        ConnId(self.last)
    }

    /// The connections that wait to be accepted, which they are now.
    pub(crate) fn accept(&mut self) -> Vec<ConnId> {
        let waiting = self.lines.iter_mut().filter(|(_, line)| line.broker == Far::Waiting);
        waiting
            .map(|(conn, line)| {
                line.broker = Far::Held { paused: false };
                *conn
            })
            .collect()
    }

    /// Whether any connection waits to be accepted.
    pub(crate) fn has_waiting(&self) -> bool {
        self.lines.values().any(|line| line.broker == Far::Waiting)
    }

    /// The connections that are held at the far end, in order.
    pub(crate) fn held(&self) -> Vec<ConnId> {
        let held = self.lines.iter().filter(|(_, line)| matches!(line.broker, Far::Held { .. }));
        held.map(|(conn, _)| *conn).collect()
    }

    /// The connections whose clients hold them.
    pub(crate) fn dialled(&self) -> Vec<ConnId> {
        self.lines.iter().filter(|(_, line)| line.client).map(|(conn, _)| *conn).collect()
    }

    pub(crate) fn receive(&mut self, now: u64, conn: ConnId, at: End, most: usize) -> Option<Arrival> {
        self.lines.get_mut(&conn)?.wire.receive(now, at, most)
    }

    pub(crate) fn client_room(&self, conn: ConnId) -> usize {
        self.lines.get(&conn).map_or(0, |line| line.wire.room(End::Client))
    }

    pub(crate) fn client_sends(&mut self, now: u64, conn: ConnId, bytes: &[u8]) {
        if let Some(line) = self.lines.get_mut(&conn) {
            line.wire.send(now, End::Client, bytes);
        }
    }

    /// The client lets go of its end.
    pub(crate) fn client_leaves(&mut self, now: u64, conn: ConnId) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        line.wire.close(now, End::Client);
        line.client = false;
        self.tidy(conn);
    }

    /// Whoever holds the far ends is gone at once, all of them; `told` says who hears of it.
    pub(crate) fn lose_far_ends(&mut self, now: u64, told: Told) {
        for line in self.lines.values_mut() {
            line.broker = Far::Gone;
            line.wire.fail(now, Fault::Break { to: End::Client, after: 0, told });
        }
        self.lines.retain(|_, line| line.client);
    }

    pub(crate) fn fail(&mut self, now: u64, conn: ConnId, fault: Fault) {
        if let Some(line) = self.lines.get_mut(&conn) {
            line.wire.fail(now, fault);
        }
    }

    pub(crate) fn heal(&mut self) {
        self.lines.values_mut().for_each(|line| line.wire.heal());
    }

    /// When something arrives at an end that somebody reads. `far` says whether the far ends are served at all.
    pub(crate) fn poll_timeout(&self, conn: ConnId, at: End) -> Option<u64> {
        let line = self.lines.get(&conn)?;
        match (at, &line.broker) {
            (End::Client, _) if !line.client => None,
            (End::Broker, Far::Waiting) => Some(0),
            (End::Broker, Far::Gone | Far::Held { paused: true }) => None,
            _ => line.wire.poll_timeout(at),
        }
    }

    /// When something arrives at a far end, or one is to be accepted.
    pub(crate) fn far_timeout(&self) -> Option<u64> {
        self.lines.keys().filter_map(|conn| self.poll_timeout(*conn, End::Broker)).min()
    }

    /// Whether nothing is on its way anywhere that anybody would hear of.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut lines = self.lines.keys();
        lines
            .all(|conn| [End::Client, End::Broker].iter().all(|end| self.poll_timeout(*conn, *end).is_none()))
    }

    /// The wires on which something is lost.
    pub(crate) fn unsound(&self) -> Vec<ConnId> {
        self.lines.iter().filter(|(_, line)| !line.wire.is_sound()).map(|(conn, _)| *conn).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    fn tidy(&mut self, conn: ConnId) {
        if self.lines.get(&conn).is_some_and(|line| !line.client && line.broker == Far::Gone) {
            self.lines.remove(&conn);
        }
    }
}

impl Carrier for Wires {
    fn room(&self, conn: ConnId) -> usize {
        self.lines.get(&conn).map_or(0, |line| line.wire.room(End::Broker))
    }

    fn send(&mut self, now: u64, conn: ConnId, bytes: &[u8]) {
        if let Some(line) = self.lines.get_mut(&conn) {
            let sent = line.wire.send(now, End::Broker, bytes);
            assert_eq!(sent, bytes.len(), "more was sent than there was room for");
        }
    }

    fn pause(&mut self, conn: ConnId, paused: bool) {
        if let Some(Line { broker: Far::Held { paused: now }, .. }) = self.lines.get_mut(&conn) {
            *now = paused;
        }
    }

    fn finish(&mut self, now: u64, conn: ConnId) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        line.wire.close(now, End::Broker);
        line.broker = Far::Gone;
        self.tidy(conn);
    }
}
