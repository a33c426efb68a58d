//! The broker with its transports, its store and its clock.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use lacewing_broker::{
    Batch, Broker, Change, CloseCause, Command, Config, ConnId, EventMask, Input, Listener, Now, Output,
    Record, Rules, Seq, Table, Transport,
};
use lacewing_protocol::{DecodeLimits, Decoder, Packet, ProtocolVersion, Role};

use crate::dialogue::Setting;
use crate::oracle::Oracle;

pub(crate) const SECOND: u64 = 1_000_000;

/// The seed of every broker in these dialogues.
const SEED: u64 = 7;

pub(crate) struct Host {
    pub(crate) broker: Broker,
    pub(crate) config: Config,
    pub(crate) now: Now,
    ends: BTreeMap<ConnId, End>,
    last_conn: u64,
    store: BTreeMap<(Table, Bytes), Bytes>,
    uncommitted: Vec<(Seq, Record)>,
    pub(crate) last_seq: Seq,
    pub(crate) durable_seq: Seq,
    /// Whether records become durable as they are made.
    pub(crate) commits: bool,
    has_crashed: bool,
    pub(crate) oracle: Oracle,
    chance: u32,
}

/// The client's end of a transport.
struct End {
    decoder: Decoder,
    inbox: Vec<Packet>,
    closed: bool,
    stalled: bool,
}

impl Host {
    pub(crate) fn new(setting: &Setting) -> Self {
        let config = Config {
            durable: setting.durable,
            inflight: setting.inflight,
            receive_maximum: setting.receive_maximum,
            keep_alive_maximum: setting.keep_alive_maximum,
            session_expiry_maximum: setting.session_expiry_maximum,
            ..Config::default()
        };
        // Later than all the sleep of a dialogue is long, so that the reference can tell what fell due in it apart.
        let now = Now { awake: 3600 * SECOND, wall: 1_700_000_000 * SECOND };
        let mut host = Self {
            broker: Broker::new(config.clone(), SEED, now),
            config,
            now,
            ends: BTreeMap::new(),
            last_conn: 0,
            store: BTreeMap::new(),
            uncommitted: Vec::new(),
            last_seq: Seq(0),
            durable_seq: Seq(0),
            commits: true,
            has_crashed: false,
            oracle: Oracle::default(),
            chance: setting.splits,
        };
        host.watch();
        host
    }

    fn watch(&mut self) {
        let events = EventMask::PUBLISHED | EventMask::DELIVERED;
        self.broker.handle(self.now, Input::Command(Command::Watch { events }));
    }

    pub(crate) fn dial(&mut self, version: ProtocolVersion) -> ConnId {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
        decoder.set_version(version);
        self.ends.insert(conn, End { decoder, inbox: Vec::new(), closed: false, stalled: false });
        let transport =
            Transport { listener: Listener::Tcp, peer: format!("peer-{}", conn.0), ..Default::default() };
        self.handle(Input::Opened { conn, transport });
        conn
    }

    /// Hands in packets, in pieces that have nothing to do with where the packets end.
    pub(crate) fn receive(&mut self, conn: ConnId, packets: &[Packet], version: ProtocolVersion) {
        let mut bytes = BytesMut::new();
        for packet in packets {
            packet.encode(version, &mut bytes).unwrap();
        }
        while !bytes.is_empty() {
            let whole = self.draw().is_multiple_of(2);
            let at = if whole { bytes.len() } else { 1 + self.draw() as usize % bytes.len() };
            self.broker.handle(self.now, Input::Received { conn, bytes: bytes.split_to(at).freeze() });
            if self.draw().is_multiple_of(2) {
                self.settle();
            }
        }
        self.settle();
    }

    /// Hands in the beginning of a packet.
    pub(crate) fn receive_part(&mut self, conn: ConnId) {
        self.handle(Input::Received { conn, bytes: Bytes::from_static(&[0x32, 0x20, 0x00, 0x01]) });
    }

    pub(crate) fn lose(&mut self, conn: ConnId) {
        if self.ends.remove(&conn).is_some_and(|end| !end.closed) {
            self.handle(Input::Closed { conn, cause: CloseCause::Failed });
        }
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.handle(Input::Command(command));
    }

    pub(crate) fn stall(&mut self, conn: ConnId, stalled: bool) {
        let Some(end) = self.ends.get_mut(&conn) else { return };
        end.stalled = stalled;
        self.transmit(conn);
        self.settle();
    }

    pub(crate) fn is_stalled(&self, conn: ConnId) -> bool {
        self.ends.get(&conn).is_some_and(|end| end.stalled && !end.closed)
    }

    /// Whether the broker has closed it, or it was lost.
    pub(crate) fn is_closed(&self, conn: ConnId) -> bool {
        self.ends.get(&conn).is_none_or(|end| end.closed)
    }

    /// What came to the clients since this was last asked.
    pub(crate) fn received(&mut self) -> Vec<(ConnId, Vec<Packet>)> {
        let inboxes = self.ends.iter_mut().map(|(conn, end)| (*conn, std::mem::take(&mut end.inbox)));
        inboxes.filter(|(_, packets)| !packets.is_empty()).collect()
    }

    /// Both clocks go on, and the broker is called when it asked to be.
    pub(crate) fn pass(&mut self, micros: u64) {
        let end = self.now.awake + micros;
        while let Some(at) = self.broker.poll_timeout().filter(|at| *at <= end) {
            self.advance(at.max(self.now.awake) - self.now.awake);
            self.handle(Input::Tick);
        }
        self.advance(end - self.now.awake);
        self.handle(Input::Tick);
    }

    fn advance(&mut self, micros: u64) {
        self.now.awake += micros;
        self.now.wall += micros;
    }

    /// Only the wall clock goes on.
    pub(crate) fn sleep(&mut self, micros: u64) {
        self.now.wall += micros;
        self.handle(Input::Tick);
    }

    /// All records up to `seq` become durable.
    pub(crate) fn commit(&mut self, seq: Seq) {
        self.persist(seq);
        self.settle();
    }

    /// The broker is gone, and what it had said is lost unless it was durable.
    pub(crate) fn crash(&mut self, seconds: u64, rules: Rules) -> Result<(), String> {
        self.compare_image()?;
        self.has_crashed = true;
        self.now.awake += seconds * SECOND;
        self.now.wall += seconds * SECOND;
        let mut restore = Broker::restore(self.config.clone(), SEED, self.now);
        for ((table, key), value) in &self.store {
            let record = Record { table: *table, key: key.clone(), change: Change::Put(value.clone()) };
            restore.push(record).map_err(|error| error.to_string())?;
        }
        self.broker = restore.finish(self.now).map_err(|error| error.to_string())?;
        self.ends.clear();
        self.uncommitted.clear();
        (self.last_seq, self.durable_seq) = (Seq(0), Seq(0));
        self.oracle = Oracle::default();
        self.watch();
        self.handle(Input::Command(Command::Rules(Box::new(rules))));
        self.handle(Input::Tick);
        Ok(())
    }

    /// What the broker says it keeps is what it has recorded.
    fn compare_image(&self) -> Result<(), String> {
        if !self.config.durable {
            return Ok(());
        }
        let mut recorded = self.store.clone();
        for (_, record) in &self.uncommitted {
            apply(&mut recorded, record.clone());
        }
        let mut image = BTreeMap::new();
        for record in self.broker.image() {
            let Record { table, key, .. } = &record;
            if image.contains_key(&(*table, key.clone())) {
                return Err(format!("a record of {table:?} is twice in the image"));
            }
            apply(&mut image, record);
        }
        // Sessions that end with their connection are recorded for what they leave to their shares, and are not in the image.
        let sessions = image.iter().filter(|((table, _), _)| *table == Table::Session);
        let serials: BTreeSet<u64> = sessions.map(|(_, value)| numbers(value)[0]).collect();
        for ((table, key), value) in &recorded {
            let is_due = match table {
                Table::Session => numbers(value)[2] > 0,
                Table::Subscription | Table::Outgoing | Table::Incoming => {
                    serials.contains(&u64::from_be_bytes(key[..8].try_into().unwrap()))
                }
                Table::Retained | Table::Will => true,
                Table::Message => false,
            };
            if is_due && !image.contains_key(&(*table, key.clone())) {
                return Err(format!("the record {key:?} of {table:?} is not in the image"));
            }
        }
        for ((table, key), value) in image {
            let is_same = match recorded.get(&(table, key.clone())) {
                None => false,
                // After a crash the record still says that the client was here.
                Some(_) if table == Table::Session && self.has_crashed => true,
                // Of a message that was received, the number means nothing any more.
                Some(other) if table == Table::Outgoing && value[1] == 2 => other[1] == 2,
                // The share that a message came by is gone for good once its last member has left, even if others join
                // one of that name.
                Some(other) if table == Table::Outgoing && other.len() > value.len() => {
                    let share = other.strip_prefix(&value[..]);
                    share.is_some_and(|share| share[1..].starts_with(b"$share/"))
                }
                Some(other) => *other == value,
            };
            if !is_same {
                let other = recorded.get(&(table, key.clone()));
                return Err(format!(
                    "the record {key:?} of {table:?} is {value:x?} in the image and was {other:x?}"
                ));
            }
        }
        Ok(())
    }

    fn handle(&mut self, input: Input) {
        self.broker.handle(self.now, input);
        self.settle();
    }

    /// Does what the broker asks until it asks no more.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.broker.poll_output() {
                quiet = false;
                self.obey(output);
            }
            if self.commits && self.durable_seq < self.last_seq {
                quiet = false;
                self.persist(self.last_seq);
            }
            if self.broker.poll_timeout().is_some_and(|at| at <= self.now.awake) {
                quiet = false;
                self.broker.handle(self.now, Input::Tick);
            }
            if quiet {
                return;
            }
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Ready { conn } => self.transmit(conn),
            Output::Persist { seq, record } => {
                assert_eq!(seq.0, self.last_seq.0 + 1, "records are numbered in order");
                self.last_seq = seq;
                self.uncommitted.push((seq, record));
            }
            Output::Close { conn, .. } => {
                if let Some(end) = self.ends.get_mut(&conn) {
                    end.stalled = false;
                }
                self.transmit(conn);
                let Some(end) = self.ends.get_mut(&conn) else { return };
                assert!(!end.closed, "a connection is closed once");
                end.closed = true;
                self.broker.handle(self.now, Input::Closed { conn, cause: CloseCause::Local });
            }
            Output::Event(event) => self.oracle.hear(event),
            Output::Authenticate { .. } => panic!("nobody is to be asked about"),
            Output::PauseRead { .. } | Output::ResumeRead { .. } => {}
        }
    }

    fn persist(&mut self, seq: Seq) {
        let split = self.uncommitted.partition_point(|(other, _)| *other <= seq);
        for (_, record) in self.uncommitted.drain(..split) {
            apply(&mut self.store, record);
        }
        self.durable_seq = self.durable_seq.max(seq);
        self.broker.handle(self.now, Input::Persisted { seq });
    }

    fn transmit(&mut self, conn: ConnId) {
        let mut batch = Batch::new();
        loop {
            if self.ends.get(&conn).is_none_or(|end| end.stalled || end.closed) {
                return;
            }
            let most = 1 + self.draw() as usize % 200;
            let more = self.broker.transmit(self.now, conn, most, &mut batch);
            let Some(end) = self.ends.get_mut(&conn) else { return };
            end.decoder.push(batch.to_bytes());
            while let Some(packet) = end.decoder.next().expect("the broker sends valid packets") {
                end.inbox.push(packet);
            }
            if !more {
                return;
            }
        }
    }

    fn draw(&mut self) -> u32 {
        self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.chance >> 16
    }
}

/// The numbers at the beginning of a value.
fn numbers(value: &Bytes) -> [u64; 3] {
    let mut bytes = value[1..].iter();
    [(); 3].map(|()| {
        let mut number = 0;
        for (shift, byte) in (0..).step_by(7).zip(bytes.by_ref()) {
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    })
}

fn apply(store: &mut BTreeMap<(Table, Bytes), Bytes>, Record { table, key, change }: Record) {
    match change {
        Change::Put(value) => store.insert((table, key), value),
        Change::Delete => store.remove(&(table, key)),
    };
}
