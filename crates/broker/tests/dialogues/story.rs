//! A broker and its clients on virtual time, so that a test reads as a dialogue.

mod client;
mod packets;

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use lacewing_broker::{
    AuthRequest, Batch, Broker, Change, CloseCause, CloseReason, Command, Config, ConnId, Event, EventMask,
    Input, Listener, Now, Output, Record, Table, Transport, Verdict,
};
use lacewing_protocol::{
    Ack, ConnAck, Connect, ConnectProperties, DecodeLimits, Decoder, Packet, PacketId, ProtocolVersion,
    Publish, QoS, ReasonCode, Role, Subscribe, SubscriptionOptions, TopicFilter, TopicName, Unsubscribe,
    UserProperties, Utf8String, Will, WillProperties,
};

pub(crate) use client::Client;
pub(crate) use packets::*;

pub(crate) const SECOND: u64 = 1_000_000;

/// A broker with everything around it; clones are the same one.
#[derive(Clone)]
pub(crate) struct Story(Rc<RefCell<World>>);

pub(crate) struct World {
    pub(crate) broker: Broker,
    pub(crate) config: Config,
    pub(crate) now: Now,
    last_conn: u64,
    transports: BTreeMap<ConnId, End>,
    /// What is durable.
    pub(crate) store: BTreeMap<(Table, Bytes), Bytes>,
    /// What was to be made durable and is not yet.
    pub(crate) uncommitted: Vec<Record>,
    last_seq: lacewing_broker::Seq,
    /// Whether records become durable as soon as they are made.
    pub(crate) commits: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) questions: Vec<(ConnId, AuthRequest)>,
    pub(crate) outputs: u64,
}

/// The client's end of a transport.
struct End {
    decoder: Decoder,
    inbox: VecDeque<Packet>,
    closed: Option<CloseReason>,
    paused: bool,
    reads: bool,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn durable() -> Self {
        Self::with(Config { durable: true, ..Config::default() })
    }

    pub(crate) fn with(config: Config) -> Self {
        let now = Now { awake: 5 * SECOND, wall: 1_700_000_000 * SECOND };
        let mut broker = Broker::new(config.clone(), 7, now);
        broker.handle(now, Input::Command(Command::Watch { events: EventMask::ALL }));
        Self::around(broker, config, now)
    }

    fn around(broker: Broker, config: Config, now: Now) -> Self {
        Self(Rc::new(RefCell::new(World {
            broker,
            config,
            now,
            last_conn: 0,
            transports: BTreeMap::new(),
            store: BTreeMap::new(),
            uncommitted: Vec::new(),
            last_seq: lacewing_broker::Seq(0),
            commits: true,
            events: Vec::new(),
            questions: Vec::new(),
            outputs: 0,
        })))
    }

    pub(crate) fn world(&self) -> RefMut<'_, World> {
        self.0.borrow_mut()
    }

    /// Opens a transport.
    pub(crate) fn dial(&self, version: ProtocolVersion) -> Client {
        let conn = self.world().dial(version);
        Client { story: self.clone(), conn, version }
    }

    /// Opens a transport at a listener, with the name in a certificate.
    pub(crate) fn dial_at(
        &self,
        version: ProtocolVersion,
        listener: Listener,
        certificate: Option<&str>,
    ) -> Client {
        let conn = self.world().dial_from(version, listener, certificate.map(str::to_owned));
        self.world().settle();
        Client { story: self.clone(), conn, version }
    }

    /// A 5.0 client with Clean Start and no session expiry, let in.
    pub(crate) fn client(&self, client_id: &str) -> Client {
        self.enter(v5(client_id)).0
    }

    /// A 3.1.1 client with a clean session, let in.
    pub(crate) fn old_client(&self, client_id: &str) -> Client {
        self.enter(v3(client_id)).0
    }

    /// A 5.0 client with a session that does not expire, let in.
    pub(crate) fn lasting(&self, client_id: &str) -> (Client, ConnAck) {
        self.enter(Connect { clean_start: false, ..expiring(client_id, u32::MAX) })
    }

    /// Connects and expects to be let in.
    pub(crate) fn enter(&self, connect: Connect) -> (Client, ConnAck) {
        let client = self.dial(connect.version);
        client.send(Packet::Connect(Box::new(connect)));
        match client.receive() {
            Packet::ConnAck(ack) if ack.reason == ReasonCode::Success => (client, *ack),
            other => panic!("expected to be let in, got {other}"),
        }
    }

    /// Connects and expects to be turned away with this reason.
    pub(crate) fn is_refused(&self, connect: Connect, reason: ReasonCode) {
        let client = self.dial(connect.version);
        client.send(Packet::Connect(Box::new(connect)));
        match client.receive() {
            Packet::ConnAck(ack) => assert_eq!((ack.reason, ack.session_present), (reason, false)),
            other => panic!("expected CONNACK, got {other}"),
        }
        assert!(client.is_closed());
    }

    pub(crate) fn command(&self, command: Command) {
        self.world().handle(Input::Command(command));
    }

    pub(crate) fn answer(&self, conn: ConnId, verdict: Verdict) {
        self.world().handle(Input::Authenticated { conn, verdict });
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn pass(&self, micros: u64) {
        self.world().pass(micros);
    }

    pub(crate) fn pass_seconds(&self, seconds: u64) {
        self.pass(seconds * SECOND);
    }

    /// The kinds of events since the last call, as text.
    pub(crate) fn events(&self) -> Vec<String> {
        let events = std::mem::take(&mut self.world().events);
        events.into_iter().map(|event| format!("{:?}", event.kind)).collect()
    }

    /// The broker is gone and comes back from what is durable; all transports are gone with it.
    pub(crate) fn crash(&self) -> Story {
        let world = self.world();
        let (config, now) = (world.config.clone(), world.now);
        let restored = restore(&world.store, config.clone(), now);
        let store = world.store.clone();
        drop(world);
        self.goes_on_with(restored, config, store)
    }

    /// Another broker takes the place of this one; all transports are gone with it.
    pub(crate) fn goes_on_with(
        &self,
        broker: Broker,
        config: Config,
        store: BTreeMap<(Table, Bytes), Bytes>,
    ) -> Story {
        let world = self.world();
        let story = Self::around(broker, config, world.now);
        story.world().store = store;
        story.world().last_conn = world.last_conn;
        story.world().handle(Input::Command(Command::Watch { events: EventMask::ALL }));
        story
    }
}

/// A broker from a store.
pub(crate) fn restore(store: &BTreeMap<(Table, Bytes), Bytes>, config: Config, now: Now) -> Broker {
    let mut restore = Broker::restore(config, 7, now);
    for ((table, key), value) in store {
        let change = Change::Put(value.clone());
        restore
            .push(Record { table: *table, key: key.clone(), change })
            .expect("the broker reads what it wrote");
    }
    restore.finish(now).expect("the broker reads what it wrote")
}

impl End {
    fn take(&mut self, bytes: Bytes) {
        self.decoder.push(bytes);
        while let Some(packet) = self.decoder.next().expect("the broker sends valid packets") {
            self.inbox.push_back(packet);
        }
    }
}

impl World {
    fn dial(&mut self, version: ProtocolVersion) -> ConnId {
        let conn = self.dial_only(version);
        self.settle();
        conn
    }

    /// Opens a transport and does nothing that the broker asks.
    pub(crate) fn dial_only(&mut self, version: ProtocolVersion) -> ConnId {
        self.dial_from(version, Listener::Tcp, None)
    }

    /// The same at any listener, with the name in a certificate.
    fn dial_from(&mut self, version: ProtocolVersion, listener: Listener, tls: Option<String>) -> ConnId {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
        decoder.set_version(version);
        let end = End { decoder, inbox: VecDeque::new(), closed: None, paused: false, reads: true };
        self.transports.insert(conn, end);
        let transport = Transport { listener, peer: format!("peer-{}", conn.0), tls };
        self.broker.handle(self.now, Input::Opened { conn, transport });
        conn
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.broker.handle(self.now, input);
        self.settle();
    }

    /// Does what the broker asks until it asks no more.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut quiet = !self.obey_all();
            if self.commits && !self.uncommitted.is_empty() {
                quiet = false;
                self.commit();
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

    /// Does what the broker asks after a call; whether it asked anything.
    pub(crate) fn obey_all(&mut self) -> bool {
        let before = self.outputs;
        while let Some(output) = self.broker.poll_output() {
            self.outputs += 1;
            self.obey(output);
        }
        self.outputs > before
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Ready { conn } => self.transmit(conn),
            Output::Persist { seq, record } => {
                assert!(self.config.durable, "no record is made when nothing is durable");
                assert_eq!(seq.0, self.last_seq.0 + 1, "records are numbered in order");
                self.last_seq = seq;
                self.uncommitted.push(record);
            }
            Output::Authenticate { conn, request } => self.questions.push((conn, *request)),
            Output::PauseRead { conn } => self.end(conn).paused = true,
            Output::ResumeRead { conn } => self.end(conn).paused = false,
            Output::Close { conn, reason } => {
                self.transmit(conn);
                let end = self.end(conn);
                assert_eq!(end.closed, None, "a connection is closed once");
                end.closed = Some(reason);
                self.broker.handle(self.now, Input::Closed { conn, cause: CloseCause::Local });
            }
            Output::Event(event) => self.events.push(event),
        }
    }

    /// Makes durable what waits to be.
    pub(crate) fn commit(&mut self) {
        for Record { table, key, change } in self.uncommitted.drain(..) {
            match change {
                Change::Put(value) => self.store.insert((table, key), value),
                Change::Delete => self.store.remove(&(table, key)),
            };
        }
        self.broker.handle(self.now, Input::Persisted { seq: self.last_seq });
    }

    fn end(&mut self, conn: ConnId) -> &mut End {
        self.transports.get_mut(&conn).expect("the broker knows only connections that were opened")
    }

    fn transmit(&mut self, conn: ConnId) {
        if !self.end(conn).reads {
            return;
        }
        let mut batch = Batch::new();
        loop {
            let more = self.broker.transmit(self.now, conn, 1000, &mut batch);
            let bytes = batch.to_bytes();
            self.end(conn).take(bytes);
            if !more {
                return;
            }
        }
    }

    fn pass(&mut self, micros: u64) {
        let end = self.now.awake + micros;
        while let Some(at) = self.broker.poll_timeout().filter(|at| *at <= end) {
            let step = at.max(self.now.awake) - self.now.awake;
            self.now.awake += step;
            self.now.wall += step;
            self.broker.handle(self.now, Input::Tick);
            self.settle();
        }
        let step = end - self.now.awake;
        self.now.awake += step;
        self.now.wall += step;
        self.handle(Input::Tick);
    }
}
