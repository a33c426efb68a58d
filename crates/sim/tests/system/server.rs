//! The broker and its host: turns, commits, crashes and sleep.

use std::collections::BTreeMap;

use bytes::Bytes;
use lacewing_broker::{
    Batch, Broker, CloseCause, Command, Config, ConnId, EventKind, EventMask, Input, Metrics, Now, Output,
    Transport,
};
use lacewing_sim::Chance;

use crate::store::Store;
use crate::story::Story;

pub(crate) const SECOND: u64 = 1_000_000;
const WALL: u64 = 1_790_000_000 * SECOND;
/// How long a connection that is closed may take to send the rest.
const FAREWELL: u64 = SECOND;
const PIECE: usize = 16 * 1024;

/// What carries the broker's connections.
pub(crate) trait Carrier {
    /// How many bytes it takes now.
    fn room(&self, conn: ConnId) -> usize;
    fn send(&mut self, now: u64, conn: ConnId, bytes: &[u8]);
    /// The broker reads no more of it, or reads again.
    fn pause(&mut self, conn: ConnId, paused: bool);
    /// The broker is done with it.
    fn finish(&mut self, now: u64, conn: ConnId);
}

pub(crate) struct Server {
    broker: Option<Broker>,
    pub(crate) store: Store,
    config: Config,
    seed: u64,
    conns: BTreeMap<ConnId, Conn>,
    /// How long the host has slept, and until when it does.
    slept: u64,
    asleep: Option<(u64, u64)>,
    /// What former lives counted as dropped.
    dropped: u64,
    /// What was reported as dropped, by client and topic.
    pub(crate) drops: BTreeMap<(String, String), u64>,
    batch: Batch,
}

#[derive(Default)]
struct Conn {
    ready: bool,
    paused: bool,
    /// It is to be closed, at this time at the latest.
    closing: Option<u64>,
}

impl Server {
    pub(crate) fn new(config: Config, seed: u64, slowest_commit: u64) -> Self {
        let mut server = Self {
            broker: None,
            store: Store::new(slowest_commit, Chance::new(seed)),
            config,
            seed,
            conns: BTreeMap::new(),
            slept: 0,
            asleep: None,
            dropped: 0,
            drops: BTreeMap::new(),
            batch: Batch::new(),
        };
        server.start(0);
        server
    }

    /// The time as the host has it.
    pub(crate) fn now(&self, now: u64) -> Now {
        Now { awake: now - self.slept, wall: WALL + now }
    }

    /// Starts the broker from what is on the disk.
    pub(crate) fn start(&mut self, now: u64) {
        self.seed = self.seed.wrapping_add(1);
        let mut restore = Broker::restore(self.config.clone(), self.seed, self.now(now));
        for record in self.store.records() {
            restore.push(record).expect("what was written can be read");
        }
        let mut broker = restore.finish(self.now(now)).expect("what was written is whole");
        let events = EventMask::DROPS | EventMask::CLIENTS;
        broker.handle(self.now(now), Input::Command(Command::Watch { events }));
        self.broker = Some(broker);
    }

    /// The process is gone, and what was not durable with it.
    pub(crate) fn crash(&mut self) {
        self.store.crash();
        self.dropped = self.counted_drops();
        self.broker = None;
        self.conns.clear();
        self.asleep = None;
    }

    /// The host sleeps: its awake clock stands still.
    pub(crate) fn sleep(&mut self, now: u64, until: u64) {
        if self.asleep.is_none() {
            self.asleep = Some((now, until));
        }
    }

    /// Wakes if it is time; whether it is awake and a broker runs.
    pub(crate) fn wake(&mut self, now: u64) -> bool {
        if let Some((since, until)) = self.asleep {
            if now < until {
                return false;
            }
            self.asleep = None;
            self.slept += now - since;
        }
        self.broker.is_some()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.broker.is_some()
    }

    /// How long the host has slept in all.
    pub(crate) fn slept(&self) -> u64 {
        self.slept
    }

    pub(crate) fn is_asleep(&self) -> bool {
        self.asleep.is_some()
    }

    pub(crate) fn broker(&self) -> &Broker {
        self.broker.as_ref().expect("the broker runs")
    }

    /// Whether bytes of this connection are wanted now.
    pub(crate) fn reads(&self, conn: ConnId) -> bool {
        self.conns.get(&conn).is_some_and(|conn| !conn.paused && conn.closing.is_none())
    }

    pub(crate) fn opened(&mut self, now: u64, conn: ConnId) {
        self.conns.insert(conn, Conn::default());
        self.handle(now, Input::Opened { conn, transport: Transport::default() });
    }

    pub(crate) fn received(&mut self, now: u64, conn: ConnId, bytes: Bytes) {
        self.handle(now, Input::Received { conn, bytes });
    }

    pub(crate) fn closed(&mut self, now: u64, conn: ConnId, cause: CloseCause) {
        if self.conns.remove(&conn).is_some() {
            self.handle(now, Input::Closed { conn, cause });
        }
    }

    pub(crate) fn command(&mut self, now: u64, command: Command) {
        self.handle(now, Input::Command(command));
    }

    fn handle(&mut self, now: u64, input: Input) {
        let now = self.now(now);
        if let Some(broker) = &mut self.broker {
            broker.handle(now, input);
        }
    }

    /// When there is something to do, if nothing arrives before.
    pub(crate) fn poll_timeout(&self, carrier: &dyn Carrier) -> Option<u64> {
        if let Some((_, until)) = self.asleep {
            return Some(until);
        }
        let broker = self.broker.as_ref()?;
        let can_go = |(id, conn): (&ConnId, &Conn)| conn.ready && carrier.room(*id) > 0;
        let work = self.conns.iter().any(can_go).then_some(0);
        let farewells = self.conns.values().filter_map(|conn| conn.closing).min();
        let deadline = broker.poll_timeout().map(|at| at + self.slept);
        [work, farewells, deadline, self.store.poll_timeout()].into_iter().flatten().min()
    }

    /// Does what is due, after everything that arrived was handed in.
    pub(crate) fn turn(&mut self, now: u64, carrier: &mut dyn Carrier, story: &mut Story) {
        if let Some(seq) = self.store.persisted(now) {
            self.handle(now, Input::Persisted { seq });
        }
        let due = self.broker.as_ref().and_then(Broker::poll_timeout).map(|at| at + self.slept);
        if due.is_some_and(|due| due <= now) {
            self.handle(now, Input::Tick);
        }
        for _ in 0..1000 {
            let asked = self.drain(now, carrier, story);
            self.transmit(now, carrier, story);
            if !asked {
                return;
            }
        }
        panic!("the broker asks for ever");
    }

    fn drain(&mut self, now: u64, carrier: &mut dyn Carrier, story: &mut Story) -> bool {
        let Some(broker) = &mut self.broker else { return false };
        let (mut asked, mut records, mut last) = (false, Vec::new(), None);
        while let Some(output) = broker.poll_output() {
            asked = true;
            match output {
                Output::Persist { seq, record } => {
                    last = Some(seq);
                    records.push(record);
                }
                Output::Ready { conn } => {
                    if let Some(conn) = self.conns.get_mut(&conn) {
                        conn.ready = true;
                    }
                }
                Output::PauseRead { conn } => {
                    carrier.pause(conn, true);
                    self.conns.entry(conn).and_modify(|conn| conn.paused = true);
                }
                Output::ResumeRead { conn } => {
                    carrier.pause(conn, false);
                    self.conns.entry(conn).and_modify(|conn| conn.paused = false);
                }
                Output::Close { conn, reason } => {
                    story.tell(now, format_args!("broker closes {conn}: {reason:?}"));
                    self.conns.entry(conn).and_modify(|conn| conn.closing = Some(now + FAREWELL));
                }
                Output::Event(event) => match event.kind {
                    EventKind::Dropped { client_id, topic, count, cause } => {
                        story.tell(now, format_args!("{count} of {topic} to {client_id} dropped: {cause:?}"));
                        *self.drops.entry((client_id, topic)).or_default() += count;
                    }
                    EventKind::Overflow { missed } => panic!("{missed} events were missed"),
                    kind => story.tell(now, format_args!("{kind:?}")),
                },
                Output::Authenticate { .. } => panic!("nobody is to be asked"),
            }
        }
        if let Some(seq) = last {
            self.store.commit(now, seq, records);
        }
        asked
    }

    fn transmit(&mut self, now: u64, carrier: &mut dyn Carrier, story: &mut Story) {
        let time = self.now(now);
        let Some(broker) = &mut self.broker else { return };
        let mut done = Vec::new();
        for (&id, conn) in &mut self.conns {
            while conn.ready {
                let room = carrier.room(id).min(PIECE);
                if room == 0 {
                    break;
                }
                conn.ready = broker.transmit(time, id, room, &mut self.batch);
                let bytes = self.batch.to_bytes();
                story.bytes(&bytes);
                carrier.send(now, id, &bytes);
            }
            if conn.closing.is_some_and(|deadline| !conn.ready || deadline <= now) {
                done.push(id);
            }
        }
        for conn in done {
            carrier.finish(now, conn);
            self.closed(now, conn, CloseCause::Local);
        }
    }

    /// What all lives of the broker together have counted as dropped.
    pub(crate) fn counted_drops(&self) -> u64 {
        self.dropped + self.broker.as_ref().map_or(0, |broker| dropped(broker.metrics()))
    }
}

/// All counters of drops, also those to come.
fn dropped(metrics: &Metrics) -> u64 {
    let counters = serde_json::to_value(metrics).unwrap();
    let drops = counters.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("dropped_"));
    drops.map(|(_, count)| count.as_u64().unwrap()).sum()
}
