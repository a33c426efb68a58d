use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use lacewing_protocol::{DecodeLimits, Decoder, Role};
use slab::Slab;

use crate::access::{Compiling, Policy};
use crate::backlog::Backlog;
use crate::connection::{ConnKey, Connection, Phase};
use crate::deadlines::Deadlines;
use crate::fan_out::FanOut;
use crate::jobs::Job;
use crate::outgoing::Spares;
use crate::retain::RetainedMessage;
use crate::retained::Retained;
use crate::routing::{SessionKey, Subscriptions};
use crate::session::Session;
use crate::shapes::Shapes;
use crate::sys::Sys;
use crate::watch::Watch;
use crate::{
    Batch, CloseCause, CloseReason, Config, ConnId, EventKind, EventMask, Input, Metrics, Now, Output,
    Redirect, Restore, Rules, Seq, Transport,
};

/// What one call may do before it leaves the rest to a later [`Input::Tick`]: about so many packets read, deliveries
/// made or entries looked at.
pub(crate) const BUDGET: u32 = 4096;

/// An MQTT broker without IO.
#[derive(Debug)]
pub struct Broker {
    pub(crate) config: Config,
    pub(crate) policy: Policy,
    /// What is going to take the policy's place.
    pub(crate) compiling: Option<Box<Compiling>>,
    pub(crate) seed: u64,
    pub(crate) now: Now,
    /// What is left of [`BUDGET`] in this call.
    pub(crate) budget: u32,
    pub(crate) connections: Slab<Connection>,
    pub(crate) connection_keys: HashMap<ConnId, ConnKey, FixedState>,
    pub(crate) sessions: Slab<Session>,
    pub(crate) clients: BTreeMap<Rc<str>, SessionKey>,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) retained: Retained<RetainedMessage>,
    pub(crate) sys: Sys,
    pub(crate) awake_timers: Deadlines<AwakeTimer>,
    pub(crate) wall_timers: Deadlines<WallTimer>,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) watch: Watch,
    /// The number of the last record made.
    pub(crate) seq: Seq,
    /// All records up to this one are durable.
    pub(crate) durable: Seq,
    pub(crate) backlog: Backlog,
    /// Connections with bytes that wait for a record, in the order of the records.
    pub(crate) gated: VecDeque<(Seq, ConnId)>,
    /// Connections that are to be closed once what they wait for is durable.
    pub(crate) closing: Vec<(ConnId, CloseReason)>,
    /// Connections with bytes left to read.
    pub(crate) unread: VecDeque<ConnId>,
    pub(crate) jobs: VecDeque<Job>,
    /// The messages that are left to jobs, by the client id of who published them.
    pub(crate) unfinished: BTreeMap<Option<Rc<str>>, VecDeque<FanOut>>,
    /// Whose turn it was in the last tick.
    jobs_first: bool,
    pub(crate) last_message: u64,
    pub(crate) last_serial: u64,
    pub(crate) shutting_down: bool,
    pub(crate) redirect: Redirect,
    pub(crate) spares: Spares,
    pub(crate) shapes: Shapes,
    pub(crate) metrics: Metrics,
}

/// What happens at a time of the awake clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum AwakeTimer {
    /// CONNECT has not come, or not the client's part in an AUTH exchange.
    Connect(ConnKey),
    /// The client has not been heard of.
    KeepAlive(ConnKey),
    /// Publishers have been held for this receiver for a while.
    Patience(ConnKey),
    /// `$SYS` is to be published.
    Sys,
}

/// What happens at a time of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum WallTimer {
    /// The will is due. Before the session's end of the same moment.
    Will(SessionKey),
    /// The session ends.
    Expiry(SessionKey),
    /// Retained messages are to be looked through for those whose time is over.
    Sweep,
}

impl Broker {
    /// An empty broker. The same `seed` and inputs give the same outputs, on every target.
    pub fn new(config: Config, seed: u64, now: Now) -> Self {
        Self {
            config: config.checked(),
            policy: Policy::open(),
            compiling: None,
            seed,
            now,
            budget: BUDGET,
            connections: Slab::new(),
            connection_keys: HashMap::with_hasher(FixedState::with_seed(seed)),
            sessions: Slab::new(),
            clients: BTreeMap::new(),
            subscriptions: Subscriptions::new(seed),
            retained: Retained::new(),
            sys: Sys::new(now.awake, now.wall),
            awake_timers: Deadlines::new(),
            wall_timers: Deadlines::new(),
            outputs: VecDeque::new(),
            watch: Watch::default(),
            seq: Seq(0),
            durable: Seq(0),
            backlog: Backlog::default(),
            gated: VecDeque::new(),
            closing: Vec::new(),
            unread: VecDeque::new(),
            jobs: VecDeque::new(),
            unfinished: BTreeMap::new(),
            jobs_first: false,
            last_message: 0,
            last_serial: 0,
            shutting_down: false,
            redirect: Redirect::Off,
            spares: Spares::default(),
            shapes: Shapes::default(),
            metrics: Metrics::default(),
        }
    }

    /// Starts to rebuild the broker that wrote a set of records.
    pub fn restore(config: Config, seed: u64, now: Now) -> Restore {
        Restore::new(config, seed, now)
    }

    /// The users and rules in force: what a host checks a password against.
    pub fn rules(&self) -> &Rules {
        &self.policy.rules
    }

    /// Takes one input. `now` must not go backwards.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.at(now);
        match input {
            Input::Received { conn, bytes } => self.received(conn, bytes),
            Input::Opened { conn, transport } => self.opened(conn, transport),
            Input::Closed { conn, cause } => self.closed(conn, cause),
            Input::Authenticated { conn, verdict } => self.authenticated(conn, verdict),
            Input::Persisted { seq } => self.persisted(seq),
            Input::Command(command) => self.command(command),
            Input::Tick => self.tick(),
        }
    }

    /// The next thing the host is asked to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if let Some(Output::Event(_)) = output {
            self.watch.drained();
        }
        output
    }

    /// Moves at most `max_bytes` of what `conn` may send now to `batch`; returns whether more may go now.
    ///
    /// Call it after [`Output::Ready`], and again while it returns true and the transport takes bytes.
    pub fn transmit(&mut self, now: Now, conn: ConnId, max_bytes: usize, batch: &mut Batch) -> bool {
        self.at(now);
        let Some(&key) = self.connection_keys.get(&conn) else { return false };
        let durable = self.durable;
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return false };
        if let Some(outgoing) = &mut connection.outgoing {
            let taken = outgoing.take(durable, max_bytes, batch) as u64;
            connection.bytes_out += taken;
            connection.unanswered -= outgoing.answers_gone();
            self.metrics.bytes_out += taken;
        }
        self.drained(key);
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return false };
        let more = connection.outgoing.as_ref().is_some_and(|outgoing| outgoing.has_free(durable));
        connection.ready = more;
        if connection.outgoing.as_ref().is_some_and(|outgoing| outgoing.is_idle()) {
            self.recycle(key);
        }
        more
    }

    /// When to say [`Input::Tick`] next, in awake microseconds; not after the last `now` if work or outputs are left.
    pub fn poll_timeout(&self) -> Option<u64> {
        if !(self.outputs.is_empty() && self.unread.is_empty() && self.jobs.is_empty()) {
            return Some(self.now.awake);
        }
        let wall = self.wall_timers.next();
        let wall = wall.map(|at| self.now.awake.saturating_add(at.saturating_sub(self.now.wall)));
        [self.awake_timers.next(), wall].into_iter().flatten().min()
    }

    /// What has been counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn at(&mut self, now: Now) {
        self.now.awake = self.now.awake.max(now.awake);
        self.now.wall = self.now.wall.max(now.wall);
        self.budget = BUDGET;
        self.sample_load();
    }

    fn opened(&mut self, conn: ConnId, transport: Transport) {
        self.metrics.opened += 1;
        if self.watch.wants(EventMask::CLIENTS) {
            let (listener, peer) = (transport.listener, transport.peer.clone());
            self.event(EventKind::Opened { conn, listener, peer });
        }
        let refusal = if self.shutting_down {
            Some(CloseReason::Shutdown)
        } else if self.connections.len() >= self.config.connections as usize {
            Some(CloseReason::TooManyConnections)
        } else {
            None
        };
        let limits = DecodeLimits { max_packet_size: self.config.maximum_packet_size };
        let decoder = Decoder::new(Role::Server, limits);
        let mut connection = Connection::new(conn, transport, decoder, self.now.awake);
        if let Some(reason) = refusal {
            connection.phase = Phase::Closing;
            self.outputs.push_back(Output::Close { conn, reason });
        }
        let key = ConnKey(self.connections.insert(connection) as u32);
        if let Some(former) = self.connection_keys.insert(conn, key) {
            // The host used a number twice; the former connection can only be forgotten.
            self.lose(former, CloseCause::Failed);
        }
        if refusal.is_none() {
            let timeout = u64::from(self.config.connect_timeout) * 1_000_000;
            self.awake_timers.set(AwakeTimer::Connect(key), self.now.awake + timeout);
        }
        self.metrics.connections = self.connections.len() as u32;
    }

    fn closed(&mut self, conn: ConnId, cause: CloseCause) {
        let Some(&key) = self.connection_keys.get(&conn) else { return };
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let is_in = connection.session().is_some() && connection.ended.is_none();
        if is_in && cause != CloseCause::Local && connection.has_unread() {
            return self.outlive(key, cause);
        }
        self.connection_keys.remove(&conn);
        self.lose(key, cause);
    }

    fn persisted(&mut self, seq: Seq) {
        self.durable = self.durable.max(seq.min(self.seq));
        while let Some(&(seq, conn)) = self.gated.front().filter(|(seq, _)| *seq <= self.durable) {
            debug_assert!(seq <= self.durable, "only what is durable is let go");
            self.gated.pop_front();
            if let Some(&key) = self.connection_keys.get(&conn) {
                self.written(key);
            }
        }
        if !self.closing.is_empty() {
            self.close_ungated();
        }
        self.shrink_backlog();
    }

    fn tick(&mut self) {
        let now = self.now;
        while self.budget > 0
            && let Some(timer) = self.awake_timers.pop_due(now.awake)
        {
            self.spend(8);
            match timer {
                AwakeTimer::Connect(key) => self.connect_timeout(key),
                AwakeTimer::KeepAlive(key) => self.keep_alive_timeout(key),
                AwakeTimer::Patience(key) => self.patience_is_tried(key),
                AwakeTimer::Sys => self.publish_sys(),
            }
        }
        while self.budget > 0
            && let Some(timer) = self.wall_timers.pop_due(now.wall)
        {
            self.spend(8);
            match timer {
                WallTimer::Will(key) => self.will_is_due(key),
                WallTimer::Expiry(key) => self.session_expires(key),
                WallTimer::Sweep => self.start_sweep(),
            }
        }
        // In turns, so that neither keeps the other waiting for ever.
        self.jobs_first = !self.jobs_first;
        if self.jobs_first {
            self.run_jobs();
            self.read_unread();
        } else {
            self.read_unread();
            self.run_jobs();
        }
    }

    /// Takes `cost` from the budget of this call.
    pub(crate) fn spend(&mut self, cost: u32) {
        self.budget = self.budget.saturating_sub(cost);
    }
}
