//! Two clients and a real broker, with wires between them that break at any byte, again and again.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use bytes::{Bytes, BytesMut};
use lacewing_broker::{
    Batch, Broker, CloseCause, Config, ConnId, Input, Now, Output as BrokerOutput, Transport,
};
use lacewing_client::{Client, Event, Message, Options, Output};
use lacewing_protocol::{ProtocolVersion, QoS, SubscriptionOptions, TopicFilter, TopicName, Utf8String};

const MILLISECOND: u64 = 1000;
const MESSAGES: usize = 60;
const SEEDS: u64 = 150;

#[test]
fn qos_1_is_never_lost_and_first_arrivals_are_in_order() {
    // [MQTT-4.3.2-1], [MQTT-4.4.0-1], [MQTT-4.6.0-2]
    for seed in 0..SEEDS {
        let arrived = carry(seed, QoS::AtLeastOnce);
        let mut first = Vec::new();
        for number in arrived {
            if !first.contains(&number) {
                first.push(number);
            }
        }
        assert_eq!(first, (0..MESSAGES).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn qos_2_arrives_exactly_once_and_in_order() {
    // [MQTT-4.3.3-1], [MQTT-4.3.3-10], [MQTT-4.4.0-1], [MQTT-4.6.0-3]
    for seed in 0..SEEDS {
        assert_eq!(carry(seed, QoS::ExactlyOnce), (0..MESSAGES).collect::<Vec<_>>(), "seed {seed}");
    }
}

/// Publishes numbers from one client to another over bad wires, and says which arrived.
fn carry(seed: u64, qos: QoS) -> Vec<usize> {
    let mut place = Place::new(seed);
    let options = SubscriptionOptions { qos, ..Default::default() };
    let filter = TopicFilter::try_from("numbers").unwrap();
    place.clients[1].client.subscribe(0, vec![(filter, options)]).unwrap();
    for end in &mut place.clients {
        end.client.start(0);
    }
    place.run(|place| place.subscribed);

    let topic = TopicName::try_from("numbers").unwrap();
    place.trouble = 12;
    for number in 0..MESSAGES {
        let message = Message::new(topic.clone(), number.to_string()).qos(qos);
        place.clients[0].client.publish(place.now, message).unwrap();
        for _ in 0..place.chance.below(8) {
            place.step();
        }
    }
    for _ in 0..400 {
        place.step();
    }
    place.trouble = 0;
    place.run(|place| place.published == MESSAGES);
    place.run(|place| place.arrived.contains(&(MESSAGES - 1)) && place.is_quiet());
    place.arrived
}

/// A broker, a publisher and a subscriber.
struct Place {
    now: u64,
    broker: Broker,
    clients: [End; 2],
    chance: Chance,
    next: u64,
    /// Of a hundred steps, in how many a wire breaks.
    trouble: u64,
    subscribed: bool,
    published: usize,
    arrived: Vec<usize>,
}

/// A client and its wire.
struct End {
    client: Client,
    conn: Option<ConnId>,
    /// On the way to the broker, and to the client.
    up: BytesMut,
    down: BytesMut,
}

impl Place {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let mut end = |name: &'static str| {
            // Either version, with a session that outlives its connections.
            let version = if chance.below(2) == 0 { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5_0 };
            let mut options = Options::new(version, Utf8String::from_static(name).unwrap());
            options.clean_start = version.is_v5();
            options.session_expiry_s = 3600;
            options.backoff.min = 10 * MILLISECOND;
            options.backoff.max = 100 * MILLISECOND;
            options.in_flight_maximum = 10;
            options.receive_maximum = 5;
            options.seed = seed;
            End { client: Client::new(options), conn: None, up: BytesMut::new(), down: BytesMut::new() }
        };
        let clients = [end("publisher"), end("subscriber")];
        let broker = Broker::new(Config::default(), seed, Now::default());
        Self {
            now: 0,
            broker,
            clients,
            chance,
            next: 0,
            trouble: 0,
            subscribed: false,
            published: 0,
            arrived: Vec::new(),
        }
    }

    fn run(&mut self, until: impl Fn(&Self) -> bool) {
        for _ in 0..20_000 {
            if until(self) {
                return;
            }
            self.step();
        }
        panic!("{} published, {} arrived, and no end", self.published, self.arrived.len());
    }

    fn is_quiet(&self) -> bool {
        let wires = self.clients.iter().all(|end| end.up.is_empty() && end.down.is_empty());
        wires && self.clients.iter().all(|end| end.client.unsent() == 0)
    }

    fn clock(&self) -> Now {
        Now { awake: self.now, wall: self.now }
    }

    /// A little time passes, and some bytes get through.
    fn step(&mut self) {
        self.now += self.chance.below(5 * MILLISECOND);
        self.broker.handle(self.clock(), Input::Tick);
        for index in 0..self.clients.len() {
            self.clients[index].client.tick(self.now);
            self.serve_client(index);
            if self.clients[index].conn.is_some() && self.chance.below(100) < self.trouble {
                self.cut(index);
                self.serve_client(index);
            }
            self.carry_some(index);
        }
        self.serve_broker();
    }

    fn serve_client(&mut self, index: usize) {
        loop {
            let now = self.now;
            let end = &mut self.clients[index];
            if end.conn.is_some() {
                end.client.transmit(now, 64 * 1024, &mut end.up);
            }
            match end.client.poll_output() {
                None => return,
                Some(Output::Dial) => self.open(index),
                Some(Output::Close) => self.cut(index),
                Some(Output::Event(event)) => self.event(event),
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Subscribed { .. } => self.subscribed = true,
            Event::Published { .. } => self.published += 1,
            Event::Message(publish) => {
                self.arrived.push(std::str::from_utf8(&publish.payload).unwrap().parse().unwrap());
            }
            Event::Dropped { cause, .. } => panic!("{cause}"),
            _ => {}
        }
    }

    fn open(&mut self, index: usize) {
        self.next += 1;
        let conn = ConnId(self.next);
        self.broker.handle(self.clock(), Input::Opened { conn, transport: Transport::default() });
        self.clients[index].conn = Some(conn);
        self.clients[index].client.connected(self.now);
    }

    /// The wire breaks, and what was on it is lost.
    fn cut(&mut self, index: usize) {
        let end = &mut self.clients[index];
        end.up.clear();
        end.down.clear();
        let conn = end.conn.take();
        end.client.closed(self.now);
        if let Some(conn) = conn {
            self.broker.handle(self.clock(), Input::Closed { conn, cause: CloseCause::Failed });
        }
    }

    /// Some of the bytes on the wire arrive.
    fn carry_some(&mut self, index: usize) {
        let Some(conn) = self.clients[index].conn else { return };
        let up = self.part(index, true);
        if !up.is_empty() {
            self.broker.handle(self.clock(), Input::Received { conn, bytes: up });
        }
        let down = self.part(index, false);
        if !down.is_empty() {
            self.clients[index].client.received(self.now, down);
        }
    }

    fn part(&mut self, index: usize, up: bool) -> Bytes {
        let end = &mut self.clients[index];
        let wire = if up { &mut end.up } else { &mut end.down };
        let length = self.chance.below(wire.len() as u64 + 1) as usize;
        wire.split_to(length).freeze()
    }

    fn serve_broker(&mut self) {
        while let Some(output) = self.broker.poll_output() {
            match output {
                BrokerOutput::Ready { conn } => {
                    let Some(index) = self.clients.iter().position(|end| end.conn == Some(conn)) else {
                        continue;
                    };
                    let mut batch = Batch::new();
                    while self.broker.transmit(self.clock(), conn, 64 * 1024, &mut batch) {}
                    self.clients[index].down.extend_from_slice(&batch.to_bytes());
                }
                BrokerOutput::Close { conn, reason } => panic!("the broker closes {conn}: {reason:?}"),
                _ => {}
            }
        }
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end.max(1)
    }
}
