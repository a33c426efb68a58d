//! A broker with everything around it: peers, a store, an operator, and the witness.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use lacewing_broker::{
    Batch, Broker, Change, CloseCause, Command, Config, ConnId, EventMask, Input, Listener, Now, Output,
    Record, Seq, Table, Transport, Verdict,
};
use lacewing_protocol::{
    Ack, Connect, ConnectProperties, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode, Subscribe,
    SubscriptionOptions, UserProperties, Utf8String,
};

use super::grammar;
use super::peer::Peer;
use crate::choices::Choices;

/// How many peers there are beside the witness.
pub(super) const PEERS: usize = 4;

/// The client id of the client that behaves.
const WITNESS: &str = "witness";
/// One level: a limit may allow no more.
const WITNESS_TOPIC: &str = "own";

/// After so many rounds without rest, the broker will never rest.
const ROUNDS: u32 = 100_000;

pub(super) struct World {
    broker: Broker,
    config: Config,
    now: Now,
    last_conn: u64,
    peers: [Option<Peer>; PEERS],
    witness: Peer,
    /// What the witness heard since it was last looked at.
    testimony: Vec<Packet>,
    /// Somebody took the witness's name, or its broker was shut down: it cannot be served any more.
    spoiled: bool,
    store: BTreeMap<(Table, Bytes), Bytes>,
    uncommitted: Vec<(Seq, Record)>,
    questions: Vec<ConnId>,
    /// How many peers have hung up.
    ended: u32,
}

impl World {
    pub(super) fn new(config: Config) -> Self {
        let now = Now { awake: 1_000_000, wall: 1_700_000_000_000_000 };
        let mut broker = Broker::new(config.clone(), 7, now);
        broker.handle(now, Input::Command(Command::Watch { events: EventMask::ALL }));
        let mut world = Self {
            broker,
            config,
            now,
            last_conn: 0,
            peers: [const { None }; PEERS],
            witness: Peer::new(ConnId(0), usize::MAX),
            testimony: Vec::new(),
            spoiled: false,
            store: BTreeMap::new(),
            uncommitted: Vec::new(),
            questions: Vec::new(),
            ended: 0,
        };
        world.witness_enters();
        world
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn version(&self, slot: usize) -> ProtocolVersion {
        self.peers[slot].as_ref().map_or(ProtocolVersion::V5_0, Peer::version)
    }

    /// A new transport in place of the one the peer may have had.
    pub(super) fn open(&mut self, slot: usize) {
        self.hang_up(slot);
        let listener = [Listener::Tcp, Listener::WebSocket, Listener::Tls, Listener::Link][slot % 4];
        let conn = self.accept(listener);
        self.peers[slot] = Some(Peer::new(conn, [1, 7, 100, 5000][slot % 4]));
    }

    pub(super) fn hang_up(&mut self, slot: usize) {
        let Some(peer) = self.peers[slot].take() else { return };
        let cause = if peer.closing { CloseCause::Local } else { CloseCause::Failed };
        self.ended += 1;
        self.broker.handle(self.now, Input::Closed { conn: peer.conn, cause });
    }

    /// The peer says something well-formed, in one piece or two.
    pub(super) fn say(&mut self, slot: usize, packet: &[u8], choices: &mut Choices<'_>) {
        let cut = usize::from(choices.byte());
        if cut >= packet.len() {
            return self.receive(slot, packet);
        }
        self.receive(slot, &packet[..cut]);
        self.receive(slot, &packet[cut..]);
    }

    pub(super) fn receive(&mut self, slot: usize, bytes: &[u8]) {
        let Some(peer) = &mut self.peers[slot] else { return };
        peer.says(bytes, WITNESS);
        self.spoiled |= peer.is_impostor;
        let bytes = Bytes::copy_from_slice(bytes);
        self.broker.handle(self.now, Input::Received { conn: peer.conn, bytes });
    }

    /// Time passes: the top bit says whether the host sleeps meanwhile.
    pub(super) fn sleep(&mut self, choice: u8) {
        const MILLIS: [u64; 8] = [1, 50, 500, 1500, 11_000, 61_000, 3_700_000, 400_000_000_000];
        let micros = MILLIS[usize::from(choice & 7)] * 1000;
        self.now.wall += micros;
        if choice & 0x80 == 0 {
            self.now.awake += micros;
        }
        self.broker.handle(self.now, Input::Tick);
    }

    /// The host comes to a verdict about one of those it was asked about.
    pub(super) fn answer(&mut self, choice: u8) {
        if self.questions.is_empty() {
            return;
        }
        let conn = self.questions.remove(usize::from(choice >> 3) % self.questions.len());
        let data = (choice & 4 != 0).then(|| Bytes::from_static(b"last"));
        let verdict = match choice & 3 {
            0 => Verdict::Deny { reason: ReasonCode::BadUserNameOrPassword },
            1 => Verdict::Continue { data: Bytes::from_static(b"challenge") },
            _ => Verdict::Allow { user: Some("u".to_owned()), data },
        };
        self.broker.handle(self.now, Input::Authenticated { conn, verdict });
    }

    pub(super) fn command(&mut self, command: Command) {
        match &command {
            Command::Shutdown | Command::Redirect(_) => self.spoiled = true,
            Command::Reconfigure(config) => self.config = (**config).clone(),
            _ => {}
        }
        self.broker.handle(self.now, Input::Command(command));
    }

    /// The store takes some of what waits, or all; never a part of what one call gave.
    pub(super) fn commit(&mut self, choice: u8) {
        self.collect();
        if choice & 1 == 0 {
            self.commit_all();
        }
    }

    /// The peer takes some bytes, whether it was told of any or not.
    pub(super) fn take(&mut self, slot: usize, choice: u8) {
        let Some(peer) = &mut self.peers[slot] else { return };
        let mut batch = Batch::new();
        let most = usize::from(choice);
        self.broker.transmit(self.now, peer.conn, most, &mut batch);
        assert!(batch.len() <= most, "{} bytes were given and {most} asked for", batch.len());
        peer.hears(batch.to_bytes());
    }

    pub(super) fn toggle_reading(&mut self, slot: usize) {
        let Some(peer) = &mut self.peers[slot] else { return };
        peer.reads = !peer.reads;
    }

    /// What a host does in a turn: everything that it is asked to, but commits.
    pub(super) fn drain(&mut self) {
        for _ in 0..ROUNDS {
            let mut quiet = !self.collect();
            for slot in 0..PEERS {
                quiet &= !self.transmit(slot);
            }
            quiet &= !self.serve_witness();
            if self.broker.poll_timeout().is_some_and(|at| at <= self.now.awake) {
                self.broker.handle(self.now, Input::Tick);
                quiet = false;
            }
            if quiet {
                return;
            }
        }
        panic!("the broker never rests");
    }

    /// The host dies and is started again: what was not committed is gone, and so are all transports.
    pub(super) fn crash(&mut self) {
        let mut restore = Broker::restore(self.config.clone(), 7, self.now);
        for ((table, key), value) in &self.store {
            let record = Record { table: *table, key: key.clone(), change: Change::Put(value.clone()) };
            restore.push(record).expect("the broker reads what it wrote");
        }
        self.broker = restore.finish(self.now).expect("the broker reads what it wrote");
        self.peers = [const { None }; PEERS];
        self.uncommitted.clear();
        self.questions.clear();
        self.testimony.clear();
        self.witness_enters();
    }

    /// Questions change nothing and always have an answer.
    pub(super) fn ask(&mut self, choices: &mut Choices<'_>) {
        let client = choices.one_of(&grammar::CLIENTS);
        let topic = grammar::topic(choices.one_of(&grammar::TOPICS));
        let before = *self.broker.metrics();
        let explanation = self.broker.explain(client, &topic);
        let detail = self.broker.client(client);
        assert_eq!(explanation.known, detail.is_some());
        self.broker.retained(&grammar::filter("#"), 10);
        assert_eq!(before, *self.broker.metrics());
    }

    pub(super) fn check_limits(&mut self) {
        let (metrics, config) = (self.broker.metrics(), &self.config);
        // One whose transport has ended may still be read.
        let most = self.transports() + self.ended;
        assert!(metrics.connections <= most, "{} connections of {most}", metrics.connections);
        assert!(metrics.clients <= metrics.connections && metrics.clients <= metrics.sessions);
        assert!(metrics.sessions <= config.sessions, "{} sessions", metrics.sessions);
        assert!(metrics.retained <= config.retained_messages, "{} retained", metrics.retained);
        assert!(metrics.retained_bytes <= config.retained_bytes.into());
    }

    /// How many transports are open: the peers' and the witness's.
    fn transports(&self) -> u32 {
        self.peers.iter().flatten().count() as u32 + 1
    }

    /// At the end: the witness is there, and what it publishes comes to it, soon and once.
    pub(super) fn check_witness(&mut self) {
        self.settle();
        // Slow receivers may hold it for a while, and no longer.
        for _ in 0..10 {
            self.sleep(3);
            self.settle();
        }
        // Sessions that have ended are cleared away by now.
        let metrics = self.broker.metrics();
        assert!(metrics.connections <= self.transports(), "{} connections are left", metrics.connections);
        assert!(metrics.subscriptions <= metrics.sessions * self.config.subscriptions, "{metrics:?}");
        if self.spoiled {
            return;
        }
        self.testimony.clear();
        let mut publish = Publish::new(grammar::topic(WITNESS_TOPIC), Bytes::from_static(b"mine"));
        publish.qos = QoS::AtLeastOnce;
        publish.packet_id = Some(PacketId::MIN);
        self.witness_says(&Packet::Publish(publish));
        self.witness_says(&Packet::PingReq);
        self.settle();
        for _ in 0..10 {
            self.sleep(3);
            self.settle();
        }
        assert!(!self.witness.closing, "the witness was sent away");
        let heard =
            |wanted: &dyn Fn(&Packet) -> bool| self.testimony.iter().filter(|one| wanted(one)).count();
        let own = heard(&|packet| matches!(packet, Packet::Publish(publish) if publish.payload == "mine"));
        let answers = heard(&|packet| *packet == Packet::PubAck(Ack::success(PacketId::MIN)));
        let pongs = heard(&|packet| *packet == Packet::PingResp);
        assert_eq!((own, answers, pongs), (1, 1, 1), "the witness heard {:?}", self.testimony);
    }

    fn settle(&mut self) {
        loop {
            self.drain();
            if self.uncommitted.is_empty() {
                return;
            }
            self.commit_all();
        }
    }

    fn accept(&mut self, listener: Listener) -> ConnId {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        let transport = Transport { listener, peer: "somewhere".to_owned(), tls: None };
        self.broker.handle(self.now, Input::Opened { conn, transport });
        conn
    }

    /// Takes the outputs; returns whether there were any.
    fn collect(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.broker.poll_output() {
            any = true;
            match output {
                Output::Persist { seq, record } => {
                    assert!(self.config.durable, "a record without a store");
                    self.uncommitted.push((seq, record));
                }
                Output::Ready { conn } => self.end(conn, |peer| peer.ready = true),
                Output::Close { conn, .. } => self.end(conn, |peer| {
                    assert!(!peer.closing, "{conn} is closed twice");
                    peer.closing = true;
                    peer.ready = true;
                }),
                Output::Authenticate { conn, .. } if conn == self.witness.conn => {
                    let verdict = Verdict::Allow { user: None, data: None };
                    self.broker.handle(self.now, Input::Authenticated { conn, verdict });
                }
                Output::Authenticate { conn, .. } => self.questions.push(conn),
                Output::PauseRead { .. } | Output::ResumeRead { .. } | Output::Event(_) => {}
            }
        }
        any
    }

    fn end(&mut self, conn: ConnId, act: impl FnOnce(&mut Peer)) {
        let mut everyone = self.peers.iter_mut().flatten().chain([&mut self.witness]);
        if let Some(peer) = everyone.find(|peer| peer.conn == conn) {
            act(peer);
        }
    }

    /// Gives a peer what there is for it; returns whether it took any.
    fn transmit(&mut self, slot: usize) -> bool {
        let Some(peer) = &mut self.peers[slot] else { return false };
        if !peer.ready || !peer.reads {
            return false;
        }
        peer.ready = false;
        let mut batch = Batch::new();
        loop {
            let more = self.broker.transmit(self.now, peer.conn, peer.piece, &mut batch);
            assert!(batch.len() <= peer.piece);
            peer.hears(batch.to_bytes());
            if !more {
                break;
            }
        }
        if peer.closing {
            self.hang_up(slot);
        }
        true
    }

    fn commit_all(&mut self) {
        let Some((last, _)) = self.uncommitted.last() else { return };
        let seq = *last;
        for (_, Record { table, key, change }) in self.uncommitted.drain(..) {
            match change {
                Change::Put(value) => self.store.insert((table, key), value),
                Change::Delete => self.store.remove(&(table, key)),
            };
        }
        self.broker.handle(self.now, Input::Persisted { seq });
    }

    /// The witness comes in, through a door that no rule holds for, with a session that stays.
    fn witness_enters(&mut self) {
        let conn = self.accept(Listener::Home);
        self.witness = Peer::new(conn, usize::MAX);
        let connect = Connect {
            version: ProtocolVersion::V3_1_1,
            client_id: Utf8String::try_from(WITNESS).expect("a string"),
            clean_start: false,
            keep_alive: 0,
            will: None,
            username: None,
            password: None,
            properties: ConnectProperties::default(),
        };
        self.witness_says(&Packet::Connect(Box::new(connect)));
        self.witness_says(&Packet::Subscribe(Subscribe {
            packet_id: PacketId::MAX,
            filters: vec![(grammar::filter(WITNESS_TOPIC), SubscriptionOptions::new(QoS::AtLeastOnce))],
            subscription_identifier: None,
            user_properties: UserProperties::new(),
        }));
        self.settle();
    }

    fn witness_says(&mut self, packet: &Packet) {
        let mut bytes = BytesMut::new();
        packet.encode(ProtocolVersion::V3_1_1, &mut bytes).expect("the witness is well-behaved");
        self.witness.says(&bytes, "");
        let conn = self.witness.conn;
        self.broker.handle(self.now, Input::Received { conn, bytes: bytes.freeze() });
    }

    /// The witness takes what there is for it and acknowledges; returns whether there was any.
    fn serve_witness(&mut self) -> bool {
        if !self.witness.ready {
            return false;
        }
        self.witness.ready = false;
        let mut batch = Batch::new();
        while self.broker.transmit(self.now, self.witness.conn, usize::MAX, &mut batch) {}
        for packet in self.witness.hears(batch.to_bytes()) {
            if let Packet::Publish(Publish { qos: QoS::AtLeastOnce, packet_id: Some(id), .. }) = &packet {
                self.witness_says(&Packet::PubAck(Ack::success(*id)));
            }
            self.testimony.push(packet);
        }
        true
    }
}
