//! One thread that owns every device's socket and the hub behind them: no lock, no task, no buffer per connection.
//!
//! A turn: wait for readiness, accept, read each readable socket once, hand everything to the hub, do what the hub
//! asks, and write each ready connection once. What did not fit into a turn waits for the next one, after everyone
//! else.

mod acceptor;
mod connection;
mod connections;
mod orders;
mod read_buffer;
mod websocket;

use std::collections::VecDeque;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use bytes::BytesMut;
use lacewing_broker::{Batch, CloseCause, ConnId, Listener, Now};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use tracing::{debug, warn};

use self::acceptor::Acceptor;
use self::connection::{Connection, Phase};
use self::connections::Connections;
use self::read_buffer::ReadBuffer;
use self::websocket::WebSocket;
use crate::clock::Clock;
use crate::hub::{Action, Arrival, Farewell, Hub, Role, metrics};

pub(crate) use self::orders::{Adopted, Order, OrderQueue, Orders};

/// Sockets read in one turn.
const READS_PER_TURN: usize = 512;
/// Connections written in one turn.
const WRITES_PER_TURN: usize = 4096;
/// Bytes taken from the hub for one connection in one turn.
const WRITE_SIZE: usize = 128 << 10;
/// Messages of a tab's link written in one turn.
const MESSAGES_PER_TURN: usize = 16;
/// The longest message of a tab.
const MESSAGE_MAX: usize = 1 << 20;
/// How long a closing connection may take to flush, in microseconds, and then to drain.
const FLUSH_WITHIN: u64 = 1_500_000;
const DRAIN_WITHIN: u64 = 300_000;
/// How long everyone has to say goodbye when the program stops.
const STOP_WITHIN: u64 = 2_000_000;
/// At most one line about refused connections in this time.
const REFUSALS_EVERY: u64 = 10_000_000;

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
    refused: u64,
    refusals_told: Option<u64>,
    stop_by: Option<u64>,
}

impl Reactor {
    /// A reactor that takes devices from `listeners` and sockets from the HTTP side through the returned [`Orders`].
    pub(crate) fn new(
        listeners: Vec<std::net::TcpListener>,
        max_connections: u32,
        mut clock: Clock,
        hub: impl FnOnce(Now) -> Box<dyn Hub>,
    ) -> io::Result<(Self, Orders)> {
        let poll = Poll::new()?;
        let (orders, queue) = orders::channel(poll.registry())?;
        let acceptor = Acceptor::new(listeners, poll.registry())?;
        let hub = hub(clock.now());
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
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
                result => result?,
            }
            now = self.clock.now();
            self.note(&events);
            self.obey(now);
            self.accept(now);
            self.read(now);
            self.keep_time(now);
            self.act(now);
            self.write(now);
            self.act(now);
            self.finish(now);
            if self.stop_by.is_some_and(|by| self.connections.len() == 0 || by <= now.awake) {
                return Ok(());
            }
        }
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
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                connection.readable = true;
                connection.hung_up |= event.is_read_closed() || event.is_error();
                if !connection.paused && !connection.queued_to_read {
                    connection.queued_to_read = true;
                    self.to_read.push_back(connection.id);
                }
            }
            if event.is_writable() && connection.is_blocked() && !connection.queued_to_write {
                connection.queued_to_write = true;
                self.to_write.push_back(connection.id);
            }
        }
    }

    fn obey(&mut self, now: Now) {
        while let Some(order) = self.orders.take() {
            match order {
                Order::Adopt(adopted) => self.adopt(now, adopted),
                Order::Metrics(answer) => {
                    // The request may have gone away while it waited.
                    let _ = answer.send(self.metrics());
                }
                Order::Stop if self.stop_by.is_none() => {
                    self.acceptor.stop();
                    self.stop_by = Some(now.awake + STOP_WITHIN);
                    self.hub.shutdown(now);
                }
                Order::Stop => {}
            }
        }
    }

    fn accept(&mut self, now: Now) {
        let Self { acceptor, connections, poll, hub, max_connections, refused, .. } = self;
        acceptor.accept(now.awake, |socket, peer| {
            if connections.len() >= *max_connections {
                *refused += 1;
                return;
            }
            let arrival =
                Arrival { role: Role::Device, listener: Listener::Tcp, peer: canonical(peer).to_string() };
            match open(connections, poll.registry(), socket, Role::Device, None) {
                Ok(conn) => hub.opened(now, conn, arrival),
                Err(error) => debug!("{} was gone at once: {error}", arrival.peer),
            }
        });
        self.tell_refusals(now);
    }

    fn adopt(&mut self, now: Now, adopted: Adopted) {
        let Adopted { socket, read, arrival } = adopted;
        // However many devices there are, a page gets in: the hub has a limit of its own for pages.
        let full = arrival.role == Role::Device && self.connections.len() >= self.max_connections;
        if full || self.stop_by.is_some() {
            self.refused += 1;
            return;
        }
        let websocket = match arrival.role {
            Role::Device => WebSocket::stream(),
            Role::Link | Role::Control => WebSocket::messages(MESSAGE_MAX),
        };
        let socket = TcpStream::from_std(socket);
        let opened = open(&mut self.connections, self.poll.registry(), socket, arrival.role, Some(websocket));
        match opened {
            Ok(conn) => {
                self.hub.opened(now, conn, arrival);
                self.received(now, conn, BytesMut::from(&read[..]));
            }
            Err(error) => debug!("{} was gone at once: {error}", arrival.peer),
        }
    }

    fn read(&mut self, now: Now) {
        for _ in 0..self.to_read.len().min(READS_PER_TURN) {
            let Some(conn) = self.to_read.pop_front() else { return };
            let Some(connection) = self.connections.find(conn) else { continue };
            connection.queued_to_read = false;
            if connection.paused || !connection.readable {
                continue;
            }
            let read = match self.buffer.read(&mut connection.socket) {
                Ok(read) => read,
                Err(error) => {
                    connection.readable = false;
                    if error.kind() != io::ErrorKind::WouldBlock {
                        self.ended.push((conn, CloseCause::Failed));
                    }
                    continue;
                }
            };
            if read.bytes.is_empty() {
                connection.readable = false;
                self.ended.push((conn, CloseCause::Peer));
                continue;
            }
            // A short read empties the socket, and the poll tells when there is more; but not of an end that has come.
            connection.readable = !read.short || connection.hung_up;
            if connection.readable {
                connection.queued_to_read = true;
                self.to_read.push_back(conn);
            }
            if connection.phase == Phase::Open {
                self.received(now, conn, read.bytes);
            }
        }
    }

    fn received(&mut self, now: Now, conn: ConnId, bytes: BytesMut) {
        let Some(connection) = self.connections.find(conn) else { return };
        let hub = &mut self.hub;
        let Some(websocket) = &mut connection.websocket else {
            hub.received(now, conn, bytes.freeze());
            return;
        };
        let result = websocket.receive(bytes, &mut |payload| hub.received(now, conn, payload));
        if let Err(violation) = result {
            debug!(%conn, "the WebSocket ends: {violation}");
            self.leave(now, conn, CloseCause::Peer);
            self.begin_close(now, conn, &violation.farewell());
            return;
        }
        if websocket.has_replies() {
            self.queue_write(conn);
        }
    }

    /// Lets the hub's clock and our own run, after everything that has come was handed over.
    fn keep_time(&mut self, now: Now) {
        if self.hub.deadline().is_some_and(|deadline| deadline <= now.awake) {
            self.hub.tick(now);
        }
        let flush_by =
            |queue: &VecDeque<(u64, ConnId)>| queue.front().copied().filter(|(by, _)| *by <= now.awake);
        while let Some((_, conn)) = flush_by(&self.flushing) {
            self.flushing.pop_front();
            if self.connections.find(conn).is_some_and(|connection| connection.is_flushing()) {
                self.ended.push((conn, CloseCause::Local));
            }
        }
        while let Some((_, conn)) = flush_by(&self.draining) {
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
                        if connection.readable && !connection.queued_to_read {
                            connection.queued_to_read = true;
                            self.to_read.push_back(conn);
                        }
                    }
                }
                Action::Close(conn, farewell) => self.begin_close(now, conn, &farewell),
            }
        }
    }

    fn queue_write(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.find(conn) else { return };
        // A blocked one is queued when the system says that it takes more.
        if !connection.queued_to_write && !connection.is_blocked() {
            connection.queued_to_write = true;
            self.to_write.push_back(conn);
        }
    }

    fn write(&mut self, now: Now) {
        for _ in 0..self.to_write.len().min(WRITES_PER_TURN) {
            let Some(conn) = self.to_write.pop_front() else { return };
            let Some(connection) = self.connections.find(conn) else { continue };
            connection.queued_to_write = false;
            if connection.phase == Phase::Draining {
                continue;
            }
            match write_once(connection, self.hub.as_mut(), &mut self.batch, now) {
                Ok(Wrote::More) => {
                    connection.queued_to_write = true;
                    self.to_write.push_back(conn);
                }
                Ok(Wrote::Blocked) => {}
                Ok(Wrote::All) => match connection.phase {
                    Phase::Open | Phase::Draining => {}
                    Phase::Flushing { drain }
                        if drain && connection.socket.shutdown(Shutdown::Write).is_ok() =>
                    {
                        connection.phase = Phase::Draining;
                        self.draining.push_back((now.awake + DRAIN_WITHIN, conn));
                    }
                    Phase::Flushing { .. } => self.ended.push((conn, CloseCause::Local)),
                },
                Err(error) => {
                    debug!(%conn, "writing failed: {error}");
                    self.ended.push((conn, CloseCause::Failed));
                }
            }
        }
    }

    fn begin_close(&mut self, now: Now, conn: ConnId, farewell: &Farewell) {
        let Some(connection) = self.connections.find(conn) else { return };
        if connection.phase != Phase::Open {
            return;
        }
        // A WebSocket's close frame wants an answer.
        let drain = !farewell.answered || connection.websocket.is_some();
        connection.phase = Phase::Flushing { drain };
        // From here on reading only looks for the end of the stream.
        connection.paused = false;
        if connection.readable && !connection.queued_to_read {
            connection.queued_to_read = true;
            self.to_read.push_back(conn);
        }
        if let Some(websocket) = &mut connection.websocket {
            websocket.close(farewell);
        }
        self.flushing.push_back((now.awake + FLUSH_WITHIN, conn));
        self.queue_write(conn);
    }

    /// Tells the hub, once, that the connection is gone for it.
    fn leave(&mut self, now: Now, conn: ConnId, cause: CloseCause) {
        if let Some(connection) = self.connections.find(conn)
            && std::mem::replace(&mut connection.known, false)
        {
            self.hub.closed(now, conn, cause);
        }
    }

    /// Drops what has ended, after what it was still sent.
    fn finish(&mut self, now: Now) {
        if self.ended.is_empty() {
            return;
        }
        for (conn, cause) in std::mem::take(&mut self.ended) {
            self.leave(now, conn, cause);
            self.connections.remove(conn);
        }
        self.act(now);
    }

    fn tell_refusals(&mut self, now: Now) {
        let due = self.refusals_told.is_none_or(|told| told + REFUSALS_EVERY <= now.awake);
        if self.refused > 0 && due {
            warn!("closed {} new connections: all {} are in use", self.refused, self.max_connections);
            self.refused = 0;
            self.refusals_told = Some(now.awake);
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        let open = self.connections.len() as u64;
        metrics::one(&mut text, "connections", "Sockets that are open.", "gauge", open);
        let accepted = self.connections.accepted();
        metrics::one(&mut text, "accepted_total", "Sockets that were ever accepted.", "counter", accepted);
        self.hub.metrics(&mut text);
        text
    }
}

/// How far a write came.
enum Wrote {
    All,
    More,
    Blocked,
}

/// Writes what waits for one connection: what was left, then one batch of a device or a few messages of a tab.
fn write_once(
    connection: &mut Connection,
    hub: &mut dyn Hub,
    batch: &mut Batch,
    now: Now,
) -> io::Result<Wrote> {
    // A close frame is the last one, so it waits until the hub has no more to send.
    let closing = connection.is_flushing();
    let ready = if closing { connection.flush_leftover()? } else { connection.flush()? };
    if !ready {
        return Ok(Wrote::Blocked);
    }
    let rounds = if connection.role == Role::Device { 1 } else { MESSAGES_PER_TURN };
    let mut more = false;
    for _ in 0..rounds {
        if !connection.known {
            break;
        }
        batch.clear();
        more = hub.transmit(now, connection.id, WRITE_SIZE, batch);
        connection.write(batch)?;
        if connection.is_blocked() {
            return Ok(Wrote::Blocked);
        }
        if !more {
            break;
        }
    }
    if more {
        return Ok(Wrote::More);
    }
    Ok(if connection.flush()? { Wrote::All } else { Wrote::Blocked })
}

fn open(
    connections: &mut Connections,
    registry: &Registry,
    mut socket: TcpStream,
    role: Role,
    websocket: Option<WebSocket>,
) -> io::Result<ConnId> {
    connections.add(|id, place| {
        // What is there to read already is an event of the next turn.
        registry.register(&mut socket, Token(place), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Connection::new(socket, id, role, websocket))
    })
}

/// An IPv4 address as such, also on a socket that takes both families.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}
