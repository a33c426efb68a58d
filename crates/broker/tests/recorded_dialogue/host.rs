use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use lacewing_broker::{
    Call, Change, CloseCause, Command, Config, ConnId, Head, Input, Listener, Now, Output, Reaction, Record,
    Recorder, Recording, Seq, Table, Transport, Verdict,
};
use lacewing_protocol::{
    Ack, Connect, DecodeLimits, Decoder, Packet, PacketId, ProtocolVersion, QoS, ReasonCode, Role,
};

/// 2026-01-01 in Unix microseconds.
const START: Now = Now { awake: 1_000_000, wall: 1_767_225_600_000_000 };

/// A host with clients, all on virtual time, whose broker is recorded.
pub(crate) struct Host {
    recorder: Recorder,
    now: Now,
    /// What the records made so far add up to.
    image: BTreeMap<(Table, Bytes), Record>,
    peers: BTreeMap<ConnId, Peer>,
    last_conn: u64,
    /// Records that are held back from being durable, while `commits` is false.
    uncommitted: Option<Seq>,
    commits: bool,
}

/// The client's end of a connection.
struct Peer {
    version: ProtocolVersion,
    decoder: Decoder,
    acknowledges: bool,
    inbox: VecDeque<Packet>,
}

impl Host {
    pub(crate) fn new(config: Config, seed: u64, image: Vec<Record>) -> Self {
        let head = Head { config, seed, start: START, image };
        let image =
            head.image.iter().map(|record| ((record.table, record.key.clone()), record.clone())).collect();
        Self {
            recorder: Recorder::new(head, 64 << 20).unwrap(),
            now: START,
            image,
            peers: BTreeMap::new(),
            last_conn: 0,
            uncommitted: None,
            commits: true,
        }
    }

    pub(crate) fn recording(&self) -> Recording {
        self.recorder.recording().clone()
    }

    /// The durable state.
    pub(crate) fn image(&self) -> Vec<Record> {
        self.image.values().cloned().collect()
    }

    /// A connection that has said nothing.
    pub(crate) fn open(&mut self, listener: Listener) -> ConnId {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        let transport = Transport { listener, peer: format!("192.0.2.{}:50000", self.last_conn), tls: None };
        let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
        decoder.set_version(ProtocolVersion::V3_1_1);
        let peer =
            Peer { version: ProtocolVersion::V3_1_1, decoder, acknowledges: true, inbox: VecDeque::new() };
        self.peers.insert(conn, peer);
        self.handle(Input::Opened { conn, transport });
        conn
    }

    /// A connection that has said CONNECT and has its answer.
    pub(crate) fn connect(&mut self, connect: Connect) -> ConnId {
        let conn = self.open(Listener::Tcp);
        self.say(conn, Packet::Connect(Box::new(connect)));
        self.turn();
        conn
    }

    /// Hands in a packet of a client.
    pub(crate) fn say(&mut self, conn: ConnId, packet: Packet) {
        if let Packet::Connect(connect) = &packet {
            self.expect_version(conn, connect.version);
        }
        let Some(peer) = self.peers.get(&conn) else { return };
        let mut bytes = BytesMut::new();
        packet.encode(peer.version, &mut bytes).unwrap();
        self.raw(conn, &bytes);
    }

    /// Says which version the answers to a connection's bytes are in.
    pub(crate) fn expect_version(&mut self, conn: ConnId, version: ProtocolVersion) {
        if let Some(peer) = self.peers.get_mut(&conn) {
            peer.version = version;
            peer.decoder.set_version(version);
        }
    }

    /// Hands in bytes of a client.
    pub(crate) fn raw(&mut self, conn: ConnId, bytes: &[u8]) {
        if self.peers.contains_key(&conn) {
            self.handle(Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) });
        }
    }

    /// From now on the client answers PUBLISH and PUBREL by itself, or does not.
    pub(crate) fn acknowledge(&mut self, conn: ConnId, acknowledges: bool) {
        if let Some(peer) = self.peers.get_mut(&conn) {
            peer.acknowledges = acknowledges;
        }
    }

    /// What the client has got since this was last asked.
    pub(crate) fn inbox(&mut self, conn: ConnId) -> Vec<Packet> {
        self.peers.get_mut(&conn).map(|peer| peer.inbox.drain(..).collect()).unwrap_or_default()
    }

    /// The transport breaks.
    pub(crate) fn lose(&mut self, conn: ConnId) {
        if self.peers.remove(&conn).is_some() {
            self.handle(Input::Closed { conn, cause: CloseCause::Failed });
        }
        self.turn();
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.handle(Input::Command(command));
        self.turn();
    }

    /// Records become durable only later, or at once again.
    pub(crate) fn commit(&mut self, commits: bool) {
        self.commits = commits;
        self.turn();
    }

    /// Time passes, and the broker is called when it asked to be.
    pub(crate) fn pass(&mut self, milliseconds: u64) {
        let until = self.now.awake + milliseconds * 1000;
        self.turn();
        while let Some(at) = self.recorder.broker().poll_timeout().filter(|at| *at <= until) {
            self.advance(at.max(self.now.awake));
            self.handle(Input::Tick);
            self.turn();
        }
        self.advance(until);
        self.turn();
    }

    /// Drains, commits and transmits until the broker has nothing to do.
    pub(crate) fn turn(&mut self) {
        for _ in 0..10_000 {
            let Reaction::Drained { outputs, timeout } = self.recorder.call(self.now, Call::Drain) else {
                return;
            };
            let work_is_left = timeout.is_some_and(|at| at <= self.now.awake);
            let quiet = outputs.is_empty() && !work_is_left && (self.uncommitted.is_none() || !self.commits);
            if quiet {
                return;
            }
            let (ready, closing) = self.perform(outputs);
            if self.commits
                && let Some(seq) = self.uncommitted.take()
            {
                self.handle(Input::Persisted { seq });
            }
            for conn in ready {
                self.transmit(conn);
            }
            for conn in closing {
                self.transmit(conn);
                if self.peers.remove(&conn).is_some() {
                    self.handle(Input::Closed { conn, cause: CloseCause::Local });
                }
            }
            if work_is_left {
                self.handle(Input::Tick);
            }
        }
        panic!("the broker always has more to do");
    }

    fn perform(&mut self, outputs: Vec<Output>) -> (Vec<ConnId>, Vec<ConnId>) {
        let (mut ready, mut closing) = (Vec::new(), Vec::new());
        for output in outputs {
            match output {
                Output::Persist { seq, record } => {
                    self.uncommitted = Some(seq);
                    let key = (record.table, record.key.clone());
                    match record.change {
                        Change::Put(_) => drop(self.image.insert(key, record)),
                        Change::Delete => drop(self.image.remove(&key)),
                    }
                }
                Output::Authenticate { conn, request } => {
                    let verdict = match request.password.as_deref() {
                        Some(b"wrong") => Verdict::Deny { reason: ReasonCode::BadUserNameOrPassword },
                        _ => Verdict::Allow { user: request.username, data: None },
                    };
                    self.handle(Input::Authenticated { conn, verdict });
                }
                Output::Ready { conn } => ready.push(conn),
                Output::Close { conn, .. } => closing.push(conn),
                Output::PauseRead { .. } | Output::ResumeRead { .. } | Output::Event(_) => {}
            }
        }
        (ready, closing)
    }

    /// Takes what may go in portions that packets do not fit into.
    fn transmit(&mut self, conn: ConnId) {
        loop {
            let call = Call::Transmit { conn, max_bytes: 1000 };
            let Reaction::Sent { bytes, more, .. } = self.recorder.call(self.now, call) else { return };
            self.receive(conn, bytes);
            if !more {
                return;
            }
        }
    }

    fn receive(&mut self, conn: ConnId, bytes: Bytes) {
        let Some(peer) = self.peers.get_mut(&conn) else { return };
        peer.decoder.push(bytes);
        let mut answers = Vec::new();
        while let Some(packet) = peer.decoder.next().unwrap() {
            match &packet {
                Packet::Publish(publish) if publish.qos == QoS::AtLeastOnce => {
                    answers.extend(publish.packet_id.map(|id| Packet::PubAck(Ack::success(id))));
                }
                Packet::Publish(publish) => {
                    answers.extend(publish.packet_id.map(|id| Packet::PubRec(Ack::success(id))));
                }
                Packet::PubRel(ack) => answers.push(Packet::PubComp(Ack::success(ack.packet_id))),
                Packet::PubRec(ack) if !ack.reason.is_error() => {
                    answers.push(Packet::PubRel(Ack::success(ack.packet_id)));
                }
                _ => {}
            }
            peer.inbox.push_back(packet);
        }
        if peer.acknowledges {
            for answer in answers {
                self.say(conn, answer);
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.recorder.call(self.now, Call::Handle(input));
    }

    fn advance(&mut self, awake: u64) {
        self.now.wall += awake - self.now.awake;
        self.now.awake = awake;
    }
}

/// The Packet Identifier `value`.
pub(crate) fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}
