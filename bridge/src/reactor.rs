//! One thread that owns every device's socket and the hub behind them: no lock, no task, no buffer per connection.
//!
//! A turn: wait for readiness, accept, read each readable socket once, hand everything to the hub, do what the hub
//! asks, and write each ready connection once. What did not fit into a turn waits for the next one, after everyone
//! else. Where many connections are to be written, which takes long, the turn first takes in what came meanwhile: it goes
//! out in the same writes.

mod acceptor;
mod arriving;
mod connection;
mod connections;
mod handshakes;
mod leaving;
mod moving;
mod orders;
mod read_buffer;
mod websocket;

use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use lacewing_broker::{Batch, CloseCause, ConnId, Now};
use mio::{Events, Poll};

use self::acceptor::Acceptor;
use self::connections::Connections;
use self::handshakes::Doors;
use self::read_buffer::ReadBuffer;
use crate::clock::Clock;
use crate::hub::{Action, Hub, LineLimit, metrics};
use crate::tls::Certificates;

pub(crate) use self::orders::{Adopted, Order, OrderQueue, Orders};

/// How long everyone has to say goodbye when the program stops, in microseconds.
const STOP_WITHIN: u64 = 2_000_000;

/// With so many connections to be written, a look for more to send in the same writes costs little beside them.
const MANY_WRITES: usize = 64;
/// So often a turn looks again at most: whoever sends on and on does not keep the others waiting.
const LOOKS: usize = 3;

/// The loop and all it owns.
pub(crate) struct Reactor {
    poll: Poll,
    clock: Clock,
    hub: Box<dyn Hub>,
    orders: OrderQueue,
    acceptor: Acceptor,
    connections: Connections,
    max_connections: usize,
    buffer: ReadBuffer,
    batch: Batch,
    to_read: VecDeque<ConnId>,
    to_write: VecDeque<ConnId>,
    ended: Vec<(ConnId, CloseCause)>,
    /// Closing connections, and when they are given up: two queues, since each wait is always the same.
    flushing: VecDeque<(u64, ConnId)>,
    draining: VecDeque<(u64, ConnId)>,
    /// TLS handshakes, and when they are given up; those that are done stay until then.
    handshakes: VecDeque<(u64, ConnId)>,
    doors: Doors,
    /// Connections that came to no client for reasons of TLS.
    turned_away: u64,
    lines: LineLimit,
    refused: u64,
    refusals_told: Option<u64>,
    stop_by: Option<u64>,
}

/// Where devices come in; bound and non-blocking.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    /// Without TLS.
    pub(crate) plain: Vec<TcpListener>,
    /// With TLS.
    pub(crate) secure: Vec<TcpListener>,
    /// What those with TLS show.
    pub(crate) certificates: Option<Arc<Certificates>>,
}

impl Reactor {
    /// A reactor that takes devices from `listeners` and sockets from the HTTP side through the returned [`Orders`].
    pub(crate) fn new(
        listeners: Listeners,
        max_connections: u32,
        mut clock: Clock,
        hub: impl FnOnce(&mut Clock, &Orders) -> io::Result<Box<dyn Hub>>,
    ) -> io::Result<(Self, Orders)> {
        let poll = Poll::new()?;
        let (orders, queue) = orders::channel(poll.registry())?;
        let Listeners { plain, secure, certificates } = listeners;
        let port = |listeners: &[TcpListener]| {
            listeners.first().and_then(|listener| listener.local_addr().ok()).map(|address| address.port())
        };
        let doors = Doors { plain: port(&plain), secure: port(&secure), certificates };
        let acceptor = Acceptor::new(plain, secure, poll.registry())?;
        let hub = hub(&mut clock, &orders)?;
        let reactor = Self {
            poll,
            clock,
            hub,
            orders: queue,
            acceptor,
            connections: Connections::default(),
            max_connections: max_connections.min(Connections::MAX) as usize,
            buffer: ReadBuffer::new(),
            batch: Batch::new(),
            to_read: VecDeque::new(),
            to_write: VecDeque::new(),
            ended: Vec::new(),
            flushing: VecDeque::new(),
            draining: VecDeque::new(),
            handshakes: VecDeque::new(),
            doors,
            turned_away: 0,
            lines: LineLimit::default(),
            refused: 0,
            refusals_told: None,
            stop_by: None,
        };
        Ok((reactor, orders))
    }

    /// Turns until it is told to stop and everyone is gone.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut now = self.clock.now();
        loop {
            let timeout = self.timeout(now);
            now = self.take_in(&mut events, timeout)?;
            for _ in 0..LOOKS {
                if self.to_write.len() < MANY_WRITES {
                    break;
                }
                now = self.take_in(&mut events, Some(Duration::ZERO))?;
                if events.is_empty() {
                    break;
                }
            }
            self.write(now);
            self.act(now);
            self.finish(now);
            if self.stop_by.is_some_and(|by| self.connections.len() == 0 || by <= now.awake) {
                self.hub.finish(now);
                return Ok(());
            }
        }
    }

    /// Waits for readiness at most so long, and takes in what has come; the time then.
    fn take_in(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<Now> {
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
            result => result?,
        }
        let now = self.clock.now();
        self.note(events);
        self.obey(now)?;
        self.accept(now);
        self.read(now);
        self.keep_time(now);
        self.act(now);
        Ok(now)
    }

    fn timeout(&self, now: Now) -> Option<Duration> {
        if !self.to_read.is_empty() || !self.to_write.is_empty() {
            return Some(Duration::ZERO);
        }
        let first = |queue: &VecDeque<(u64, ConnId)>| queue.front().map(|(by, _)| *by);
        let deadlines = [
            self.hub.deadline(),
            self.acceptor.deadline(),
            first(&self.flushing),
            first(&self.draining),
            first(&self.handshakes),
            self.stop_by,
        ];
        let next = deadlines.into_iter().flatten().min()?;
        Some(Duration::from_micros(next.saturating_sub(now.awake)))
    }

    fn note(&mut self, events: &Events) {
        for event in events {
            if event.token() == orders::TOKEN || self.acceptor.note(event.token()) {
                continue;
            }
            let Some(connection) = self.connections.at(event.token().0) else { continue };
            let conn = connection.id;
            if event.is_writable() && connection.is_blocked() && !connection.queued_to_write {
                connection.queued_to_write = true;
                self.to_write.push_back(conn);
            }
            let ended = event.is_read_closed() || event.is_error();
            if event.is_readable() || ended {
                connection.readable = true;
                connection.hung_up |= ended;
                self.queue_read(conn);
            }
        }
    }

    fn obey(&mut self, now: Now) -> io::Result<()> {
        while let Some(order) = self.orders.take() {
            match order {
                Order::Adopt(adopted) => self.adopt(now, adopted),
                Order::Metrics(answer) => {
                    // The request may have gone away while it waited.
                    let _ = answer.send(self.metrics());
                }
                Order::Checked(ticket, verdict) => self.hub.checked(now, ticket, verdict),
                Order::Rules(asker, rules) => self.hub.rules(now, asker, rules),
                Order::Committed(outcome) => self.hub.committed(now, outcome)?,
                Order::Taken(taken) => self.hub.taken(now, taken),
                Order::Stop if self.stop_by.is_none() => {
                    self.acceptor.stop();
                    self.stop_by = Some(now.awake + STOP_WITHIN);
                    self.hub.shutdown(now);
                    self.end_handshakes(now, true);
                }
                Order::Stop => {}
            }
        }
        Ok(())
    }

    /// Lets the hub's clock and our own run, after everything that has come was handed over.
    fn keep_time(&mut self, now: Now) {
        if self.hub.deadline().is_some_and(|deadline| deadline <= now.awake) {
            self.hub.tick(now);
        }
        self.end_handshakes(now, false);
        let due = |queue: &VecDeque<(u64, ConnId)>| queue.front().copied().filter(|(by, _)| *by <= now.awake);
        while let Some((_, conn)) = due(&self.flushing) {
            self.flushing.pop_front();
            if self.connections.find(conn).is_some_and(|connection| connection.is_flushing()) {
                self.ended.push((conn, CloseCause::Local));
            }
        }
        while let Some((_, conn)) = due(&self.draining) {
            self.draining.pop_front();
            self.ended.push((conn, CloseCause::Local));
        }
    }

    /// Does what the hub asks.
    fn act(&mut self, now: Now) {
        while let Some(action) = self.hub.poll() {
            match action {
                Action::Ready(conn) => self.queue_write(conn),
                Action::PauseRead(conn) => {
                    if let Some(connection) = self.connections.find(conn) {
                        connection.paused = true;
                    }
                }
                Action::ResumeRead(conn) => {
                    if let Some(connection) = self.connections.find(conn) {
                        connection.paused = false;
                        self.queue_read(conn);
                    }
                }
                Action::Close(conn, farewell) => self.begin_close(now, conn, &farewell),
            }
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        let open = self.connections.len() as u64;
        metrics::one(&mut text, "connections", "Sockets that are open.", "gauge", open);
        let accepted = self.connections.accepted();
        metrics::one(&mut text, "accepted_total", "Sockets that were ever accepted.", "counter", accepted);
        let turned_away = self.turned_away;
        metrics::one(
            &mut text,
            "tls_refused_total",
            "Connections that failed at TLS, or did without it where it is spoken.",
            "counter",
            turned_away,
        );
        self.hub.metrics(&mut text);
        text
    }
}
