use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use lacewing_broker::{
    Batch, Broker, Change, CloseCause, Command, Config, ConnId, Input, Now, Output, RestoreStep, Transport,
};
use lacewing_protocol::{
    Connect, ConnectProperties, Packet, PacketId, ProtocolVersion, Publish, QoS, Subscribe,
    SubscriptionOptions, TopicFilter, TopicName, UserProperties, Utf8String,
};

use crate::clock;

/// So many records are put together in one step of a restore.
const RESTORE_STEP: u32 = 1000;

/// As much as a host writes at once.
const WRITE: usize = 256 << 10;

/// A broker with clients that cost next to nothing, and a stop-watch for the broker's calls.
pub(crate) struct Harness {
    broker: Broker,
    now: Now,
    batches: Vec<Batch>,
    ready: Vec<ConnId>,
    outputs: Vec<Output>,
    clients: Vec<Client>,
    measured: Measured,
    /// What reading the clock twice takes.
    reading: Duration,
    /// The cases do only every so manieth of what they would do.
    fraction: usize,
}

/// What came out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    /// How many messages left the broker, or what else the case counts.
    pub(crate) count: u64,
    /// The time of all calls together.
    pub(crate) spent: Duration,
    /// The time of the longest call; those of `transmit`, which has a limit, are not looked at one by one.
    pub(crate) longest: Duration,
}

#[derive(Default)]
struct Client {
    /// The start of a packet whose end is not there yet.
    partial: Vec<u8>,
    /// Acknowledgements to be handed in.
    answers: BytesMut,
}

impl Harness {
    pub(crate) fn new(fraction: usize) -> Self {
        let now = Now { awake: 1_000_000, wall: 1_700_000_000_000_000 };
        let config = Config { inflight: u16::MAX, topic_levels: u16::MAX, ..Config::default() };
        Self {
            broker: Broker::new(config, 1, now),
            now,
            batches: Vec::new(),
            ready: Vec::new(),
            outputs: Vec::new(),
            clients: Vec::new(),
            measured: Measured::default(),
            reading: if fraction == 1 { clock::reading() } else { Duration::ZERO },
            fraction,
        }
    }

    /// How often something is done that is done `most` times when all is measured.
    pub(crate) fn times(&self, most: usize) -> usize {
        (most / self.fraction).max(2)
    }

    pub(crate) fn measured(&self) -> Measured {
        self.measured
    }

    /// Forgets what was measured: what was done so far was preparation. `cargo xtask instructions` knows it by its name.
    #[inline(never)]
    pub(crate) fn start(&mut self) {
        self.measured = Measured::default();
    }

    pub(crate) fn count(&mut self, count: u64) {
        self.measured.count = count;
    }

    /// Puts a broker together from the records of so many sessions, each with a subscription and a message that waits.
    pub(crate) fn restore(&mut self, sessions: usize) {
        let config = Config { durable: true, ..Config::default() };
        let mut source = Broker::new(config.clone(), 1, self.now);
        for number in 0..sessions {
            let conn = ConnId(number as u64);
            source.handle(self.now, Input::Opened { conn, transport: Transport::default() });
            let mut hello = connect_with(&format!("client-{number}"), false).to_vec();
            hello.extend_from_slice(&subscribe(["bench/all".to_owned()], QoS::AtLeastOnce));
            source.handle(self.now, Input::Received { conn, bytes: hello.into() });
            source.handle(self.now, Input::Closed { conn, cause: CloseCause::Peer });
        }
        let conn = ConnId(sessions as u64);
        source.handle(self.now, Input::Opened { conn, transport: Transport::default() });
        let mut hello = connect("publisher").to_vec();
        hello.extend_from_slice(&messages(["bench/all"], QoS::AtLeastOnce, false));
        source.handle(self.now, Input::Received { conn, bytes: hello.into() });
        let mut store = BTreeMap::new();
        loop {
            while let Some(output) = source.poll_output() {
                let Output::Persist { record, .. } = output else { continue };
                match record.change {
                    Change::Put(_) => store.insert((record.table, record.key.clone()), record),
                    Change::Delete => store.remove(&(record.table, record.key)),
                };
            }
            if source.poll_timeout().is_none_or(|at| at > self.now.awake) {
                break;
            }
            source.handle(self.now, Input::Tick);
        }
        let mut restore = Broker::restore(config, 1, self.now);
        self.start();
        for record in store.into_values() {
            self.timed(|_| restore.push(record).ok());
        }
        let now = self.now;
        let mut next = Some(restore);
        while let Some(restore) = next.take() {
            match self.timed(|_| restore.step(now, RESTORE_STEP)) {
                Ok(RestoreStep::More(more)) => next = Some(more),
                Ok(RestoreStep::Done(broker)) => {
                    self.broker = *broker;
                }
                Err(_) => {}
            }
        }
        assert_eq!(self.broker.metrics().queued, sessions as u64);
    }

    /// A 3.1.1 client that has got its CONNACK.
    pub(crate) fn connect(&mut self) -> ConnId {
        let conn = self.open();
        let client_id = format!("client-{conn}");
        self.receive(conn, connect(&client_id));
        self.settle();
        conn
    }

    pub(crate) fn open(&mut self) -> ConnId {
        self.clients.push(Client::default());
        let conn = ConnId(self.clients.len() as u64 - 1);
        self.handle(Input::Opened { conn, transport: Transport::default() });
        conn
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.handle(Input::Command(command));
    }

    pub(crate) fn close(&mut self, conn: ConnId) {
        self.handle(Input::Closed { conn, cause: CloseCause::Peer });
    }

    pub(crate) fn receive(&mut self, conn: ConnId, bytes: Bytes) {
        self.handle(Input::Received { conn, bytes });
    }

    /// Drains and transmits, lets the clients answer, until nothing is left to do.
    pub(crate) fn settle(&mut self) {
        loop {
            let (now, mut outputs) = (self.now, std::mem::take(&mut self.outputs));
            let timeout = self.timed(|broker| {
                outputs.extend(std::iter::from_fn(|| broker.poll_output()));
                broker.poll_timeout()
            });
            let work_is_left = timeout.is_some_and(|at| at <= now.awake);
            if outputs.is_empty() && !work_is_left {
                self.outputs = outputs;
                return;
            }
            let mut closing = Vec::new();
            for output in outputs.drain(..) {
                match output {
                    Output::Ready { conn } => self.ready.push(conn),
                    Output::Close { conn, .. } => closing.push(conn),
                    _ => {}
                }
            }
            self.ready.extend_from_slice(&closing);
            self.transmit();
            for conn in closing {
                self.close(conn);
            }
            self.outputs = outputs;
            if work_is_left {
                self.handle(Input::Tick);
            }
        }
    }

    /// Takes what there is for the connections that are ready, and hands in what their clients answer.
    fn transmit(&mut self) {
        while !self.ready.is_empty() {
            let (now, mut ready) = (self.now, std::mem::take(&mut self.ready));
            let mut batches = std::mem::take(&mut self.batches);
            batches.resize_with(ready.len().max(batches.len()), Batch::new);
            let mut unfinished = Vec::new();
            let start = self.clock();
            under_measurement(|| {
                for (conn, batch) in ready.iter().zip(&mut batches) {
                    if self.broker.transmit(now, *conn, WRITE, batch) {
                        unfinished.push(*conn);
                    }
                }
            });
            self.measured.spent += self.clock().saturating_sub(start + self.reading);
            for (conn, batch) in ready.drain(..).zip(&mut batches) {
                let client = &mut self.clients[conn.0 as usize];
                self.measured.count += batch.chunks().map(|chunk| client.read(chunk)).sum::<u64>();
                batch.clear();
                let answers = client.answers.split().freeze();
                if !answers.is_empty() {
                    self.receive(conn, answers);
                }
            }
            self.batches = batches;
            self.ready = unfinished;
        }
    }

    /// The time, where time is measured: who counts instructions has no clock that can be asked.
    fn clock(&self) -> Duration {
        if self.fraction == 1 { clock::now() } else { Duration::ZERO }
    }

    fn handle(&mut self, input: Input) {
        let now = self.now;
        self.timed(|broker| broker.handle(now, input));
    }

    fn timed<R>(&mut self, call: impl FnOnce(&mut Broker) -> R) -> R {
        let start = self.clock();
        let result = under_measurement(|| call(&mut self.broker));
        let spent = self.clock().saturating_sub(start + self.reading);
        self.measured.spent += spent;
        self.measured.longest = self.measured.longest.max(spent);
        result
    }
}

/// Everything that counts happens in here: `cargo xtask instructions` knows it by its name.
#[inline(never)]
fn under_measurement<R>(call: impl FnOnce() -> R) -> R {
    call()
}

impl Client {
    /// Counts the messages in the next bytes of the stream and prepares the answers to them.
    fn read(&mut self, chunk: &[u8]) -> u64 {
        let whole;
        let mut rest = chunk;
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(chunk);
            whole = std::mem::take(&mut self.partial);
            rest = &whole;
        }
        let mut messages = 0;
        while let Some((packet, after)) = split_packet(rest) {
            messages += u64::from(packet[0] >> 4 == 3);
            self.answer(packet);
            rest = after;
        }
        self.partial = rest.to_vec();
        messages
    }

    fn answer(&mut self, packet: &[u8]) {
        let header = packet.iter().skip(1).take_while(|byte| **byte & 0x80 != 0).count() + 2;
        let (kind, id) = match (packet[0] >> 4, packet[0] >> 1 & 3) {
            (3, 0) => return,
            (3, qos) => {
                let id = header + 2 + usize::from(u16::from_be_bytes([packet[header], packet[header + 1]]));
                (if qos == 1 { 0x40 } else { 0x50 }, id)
            }
            (5, _) => (0x62, header),
            (6, _) => (0x70, header),
            _ => return,
        };
        self.answers.put_slice(&[kind, 2, packet[id], packet[id + 1]]);
    }
}

fn split_packet(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0;
    for (index, byte) in bytes.iter().skip(1).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.split_at_checked(2 + index + length);
        }
    }
    None
}

pub(crate) fn connect(client_id: &str) -> Bytes {
    connect_with(client_id, true)
}

fn connect_with(client_id: &str, clean_start: bool) -> Bytes {
    encode(Packet::Connect(Box::new(Connect {
        version: ProtocolVersion::V3_1_1,
        client_id: Utf8String::try_from(client_id).unwrap_or_default(),
        clean_start,
        keep_alive: 60,
        will: None,
        username: None,
        password: None,
        properties: ConnectProperties::default(),
    })))
}

pub(crate) fn subscribe(filters: impl IntoIterator<Item = String>, qos: QoS) -> Bytes {
    let options = SubscriptionOptions { qos, ..SubscriptionOptions::default() };
    let filters = filters.into_iter().flat_map(TopicFilter::try_from).map(|filter| (filter, options));
    encode(Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        filters: filters.collect(),
        subscription_identifier: None,
        user_properties: UserProperties::new(),
    }))
}

/// Messages of 64 bytes to these topics, one after the other as a host reads them at once. Packet Identifiers count
/// from 1.
pub(crate) fn messages<'a>(topics: impl IntoIterator<Item = &'a str>, qos: QoS, retain: bool) -> Bytes {
    let mut all = BytesMut::new();
    let mut id = PacketId::MIN;
    for topic in topics.into_iter().flat_map(TopicName::try_from) {
        let mut publish = Publish::new(topic, Bytes::from_static(&[b'x'; 64]));
        publish.qos = qos;
        publish.retain = retain;
        publish.packet_id = (qos != QoS::AtMostOnce).then_some(id);
        all.extend_from_slice(&encode(Packet::Publish(publish)));
        id = id.next();
    }
    all.freeze()
}

fn encode(packet: Packet) -> Bytes {
    let mut bytes = BytesMut::new();
    packet.encode(ProtocolVersion::V3_1_1, &mut bytes).ok();
    bytes.freeze()
}
