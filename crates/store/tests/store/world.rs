//! A broker over a store over a disk, and clients that keep count, on virtual time.

use std::collections::BTreeMap;

use lacewing_broker::{
    Batch, Broker, CloseCause, Config, ConnId, Input, Now, Output, RestoreError, Transport,
};
use lacewing_protocol::QoS;
use lacewing_sim::Chance;
use lacewing_store::{Changes, Sizes, Store, StoreError};

use crate::SIZES;
use crate::disk::Disk;
use crate::peer::Peer;

const WALL: u64 = 1_790_000_000_000_000;
const TURN: u64 = 1000;
/// No dialogue takes so many turns.
const TURNS: u64 = 4000;
/// It is over when nothing has happened in so many.
const QUIET: u32 = 8;
/// Journals that hold nothing, some commits, and everything.
const JOURNALS: [u32; 3] = [0, 700, Sizes::JOURNAL];

pub(crate) struct World {
    pub(crate) disk: Disk,
    chance: Chance,
    /// Decides what a crash leaves, so that dialogues with and without are equal until it comes.
    fate: Chance,
    host: Option<Host>,
    now: u64,
    conns: u64,
    peers: Vec<Peer>,
    /// Everything published, by topic and number.
    published: BTreeMap<(String, u64), QoS>,
    to_publish: u32,
    /// How often the broker crashed.
    pub(crate) crashes: u32,
    sizes: Sizes,
}

struct Host {
    broker: Broker,
    store: Store<Disk>,
    changes: Changes,
}

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

impl Host {
    fn start(disk: &Disk, sizes: Sizes, seed: u64, now: Now) -> Result<Self, Failure> {
        let store = Store::open(disk.clone(), sizes)?;
        let broker = restore(&store, seed, now)?;
        Ok(Self { broker, store, changes: Changes::default() })
    }
}

pub(crate) fn restore(store: &Store<Disk>, seed: u64, now: Now) -> Result<Broker, Failure> {
    let config = Config { durable: true, inflight: 6, ..Config::default() };
    let mut restore = Broker::restore(config, seed, now);
    let mut reading = store.read()?;
    while let Some(record) = reading.next()? {
        restore.push(record)?;
    }
    Ok(restore.finish(now)?)
}

pub(crate) fn time(now: u64) -> Now {
    Now { awake: now, wall: WALL + now }
}

impl World {
    pub(crate) fn new(seed: u64, fate: u64) -> Self {
        let mut chance = Chance::new(seed);
        let to_publish = chance.between(12, 30) as u32;
        let mut peers = vec![
            Peer::new("p", &[], true),
            Peer::new("q", &["t/p/+"], true),
            Peer::new("s", &["t/#", "r/#"], true),
        ];
        if chance.between(0, 2) == 0 {
            peers.push(Peer::new("u", &["t/+/2"], true));
        }
        Self {
            disk: Disk::new(),
            chance,
            fate: Chance::new(fate),
            host: None,
            now: 0,
            conns: 0,
            peers,
            published: BTreeMap::new(),
            to_publish,
            crashes: 0,
            sizes: Sizes { journal: JOURNALS[(seed % 3) as usize], ..SIZES },
        }
    }

    /// Lets everything happen until all is quiet; what was lost or doubled comes out.
    pub(crate) fn run(&mut self) -> Vec<String> {
        for peer in &mut self.peers {
            peer.client.start(0);
        }
        let mut quiet = 0;
        for _ in 0..TURNS {
            self.turn();
            quiet = if self.to_publish == 0 && self.is_quiet() { quiet + 1 } else { 0 };
            if quiet == QUIET {
                return self.account();
            }
        }
        panic!("it never ends");
    }

    fn turn(&mut self) {
        self.now += TURN;
        if self.host.is_none() {
            match Host::start(&self.disk, self.sizes, self.now, time(self.now)) {
                Ok(host) => self.host = Some(host),
                Err(_) if self.disk.is_off() => return self.crash(),
                Err(failure) => panic!("what a crash left cannot be opened: {failure}"),
            }
        }
        self.something_happens();
        self.converse();
        let Some(host) = &mut self.host else { return };
        if host.changes.is_empty() {
            if self.chance.between(0, 3) == 0 && host.store.settle().is_err() {
                self.crash();
            }
            return;
        }
        if self.chance.between(0, 2) == 0 {
            return;
        }
        match host.store.commit(&host.changes) {
            Ok(()) => {
                let seq = host.changes.last();
                host.changes = Changes::default();
                host.broker.handle(time(self.now), Input::Persisted { seq });
                self.converse();
            }
            Err(_) if self.disk.is_off() => self.crash(),
            Err(error) => panic!("a commit failed: {error}"),
        }
    }

    fn something_happens(&mut self) {
        if !self.peers.iter().all(|peer| peer.is_subscribed) {
            return;
        }
        for _ in 0..self.chance.between(0, 2) {
            if self.to_publish == 0 {
                break;
            }
            self.to_publish -= 1;
            let who = self.chance.between(0, 1) as usize;
            let qos = if self.chance.between(0, 1) == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
            let retain = self.chance.between(0, 4) == 0;
            let name = self.peers[who].publish(self.now, qos, retain);
            self.published.insert(name, qos);
        }
        if self.to_publish > 0 && self.chance.between(0, 7) == 0 {
            let who = self.chance.between(0, self.peers.len() as u64 - 1) as usize;
            self.cut(who);
        }
    }

    /// Somebody's connection breaks.
    fn cut(&mut self, who: usize) {
        let peer = &mut self.peers[who];
        let Some(conn) = peer.conn.take() else { return };
        peer.client.closed(self.now);
        if let Some(host) = &mut self.host {
            host.broker.handle(time(self.now), Input::Closed { conn, cause: CloseCause::Failed });
        }
    }

    /// Clients and broker talk until neither has more to say.
    fn converse(&mut self) {
        let now = self.now;
        let Some(host) = &mut self.host else { return };
        loop {
            let mut said = false;
            for peer in &mut self.peers {
                if peer.client.poll_timeout().is_some_and(|at| at <= now) {
                    peer.client.tick(now);
                }
                peer.settle();
                if std::mem::take(&mut peer.dials) {
                    self.conns += 1;
                    let conn = ConnId(self.conns);
                    peer.conn = Some(conn);
                    let transport = Transport::default();
                    host.broker.handle(time(now), Input::Opened { conn, transport });
                    peer.client.connected(now);
                }
                let bytes = peer.transmit(now);
                if let (Some(conn), false) = (peer.conn, bytes.is_empty()) {
                    said = true;
                    host.broker.handle(time(now), Input::Received { conn, bytes: bytes.freeze() });
                }
                if std::mem::take(&mut peer.leaves)
                    && let Some(conn) = peer.conn.take()
                {
                    host.broker.handle(time(now), Input::Closed { conn, cause: CloseCause::Peer });
                    peer.client.closed(now);
                }
            }
            if host.broker.poll_timeout().is_some_and(|at| at <= now) {
                host.broker.handle(time(now), Input::Tick);
            }
            while let Some(output) = host.broker.poll_output() {
                match output {
                    Output::Persist { seq, record } => host.changes.push(seq, &record),
                    Output::Ready { conn } => {
                        said = true;
                        let mut batch = Batch::new();
                        while host.broker.transmit(time(now), conn, 1 << 16, &mut batch) {}
                        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.conn == Some(conn)) {
                            peer.client.received(now, batch.to_bytes());
                        }
                    }
                    Output::Close { conn, reason } => panic!("{conn} is closed: {reason:?}"),
                    _ => {}
                }
            }
            if !said {
                return;
            }
        }
    }

    /// The power is gone, and comes back.
    fn crash(&mut self) {
        self.crashes += 1;
        self.disk.switch_off();
        self.host = None;
        self.disk = self.disk.recover(&mut self.fate);
        if self.fate.between(0, 2) == 0 && self.crashes < 4 {
            self.disk.crash_after(self.fate.between(1, 60));
        }
        for peer in &mut self.peers {
            if peer.conn.take().is_some() {
                peer.client.closed(self.now);
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let Some(host) = &self.host else { return false };
        host.changes.is_empty()
            && host.broker.metrics().queued == 0
            && self.peers.iter().all(Peer::is_at_rest)
    }

    fn account(&mut self) -> Vec<String> {
        let mut findings = Vec::new();
        for peer in &self.peers[2..3] {
            for ((topic, number), qos) in &self.published {
                let times = peer.heard.get(&(topic.clone(), *number)).copied().unwrap_or_default();
                match qos {
                    _ if times == 0 => findings.push(format!("{topic} {number} is lost")),
                    QoS::ExactlyOnce if times > 1 => {
                        findings.push(format!("{topic} {number} came {times} times"))
                    }
                    _ => {}
                }
            }
        }
        findings.extend(self.retained());
        findings
    }

    /// What a new subscriber is told that it should not be, or is not told.
    fn retained(&mut self) -> Vec<String> {
        let mut visitor = Peer::new("v", &["r/#"], false);
        visitor.client.start(self.now);
        self.peers.push(visitor);
        for _ in 0..20 {
            self.now += TURN;
            self.converse();
        }
        let mut expected = BTreeMap::new();
        for (topic, number) in self.published.keys().filter(|(topic, _)| topic.starts_with('r')) {
            expected.insert(topic.clone(), *number);
        }
        let latest = self.peers.pop().map(|visitor| visitor.latest).unwrap_or_default();
        if latest == expected {
            return Vec::new();
        }
        vec![format!("retained is {latest:?} and should be {expected:?}")]
    }

    /// Stops in the middle, with messages in every stage, closes the store or not, and gives the disk.
    pub(crate) fn stop_after(mut self, turns: u64, in_order: bool) -> Disk {
        for peer in &mut self.peers {
            peer.client.start(0);
        }
        for _ in 0..turns {
            self.turn();
        }
        self.cut(2);
        for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce] {
            self.peers[0].publish(self.now, qos, false);
        }
        self.converse();
        let mut host = self.host.unwrap();
        host.store.commit(&host.changes).unwrap();
        if in_order {
            host.store.close().unwrap();
        } else {
            self.disk.switch_off();
            drop(host);
            // A process that was killed: what it wrote is there.
            return Disk::holding(&self.disk.content());
        }
        self.disk
    }
}
