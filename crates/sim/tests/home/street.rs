//! A broker, the home and some people with clients of their own, and the wires between them.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use lacewing_broker::{Batch, Broker, CloseCause, Config, ConnId, Listener, Now, Transport};
use lacewing_client::{Client, Event, Message, Options};
use lacewing_protocol::{ProtocolVersion, QoS, SubscriptionOptions, TopicFilter, TopicName, Utf8String};
use lacewing_sim::{Blueprint, Command, DeviceId, Edit, Home, Input, Output, Power, Setup};

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
/// Ten in the morning.
pub(crate) const MORNING: u32 = 10 * 3600;

const WALL: u64 = 1_790_000_000 * SECOND;

pub(crate) struct Street {
    pub(crate) now: u64,
    pub(crate) broker: Broker,
    pub(crate) home: Home,
    /// Somebody who has subscribed to everything.
    observer: Client,
    /// What the observer received, with the time.
    seen: VecDeque<Seen>,
    /// All that the home and the broker said to each other.
    pub(crate) transcript: Vec<u8>,
    ends: BTreeMap<ConnId, End>,
    next: u64,
}

/// Who is at the end of a connection to the broker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Device(DeviceId),
    Observer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: u64,
    pub(crate) topic: String,
    pub(crate) payload: String,
}

impl Street {
    /// A street whose home was just switched on.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(seed, None)
    }

    /// A street with this home.
    pub(crate) fn with(seed: u64, blueprint: Option<Blueprint>) -> Self {
        let now = 0;
        let mut options = Options::new(ProtocolVersion::V5_0, Utf8String::from_static("observer").unwrap());
        options.keep_alive_s = 0;
        let mut observer = Client::new(options);
        let everything = [("#", SubscriptionOptions { qos: QoS::ExactlyOnce, ..Default::default() })];
        let filters = everything.map(|(filter, options)| (TopicFilter::try_from(filter).unwrap(), options));
        observer.subscribe(now, filters.to_vec()).unwrap();
        observer.start(now);
        let mut street = Self {
            now,
            broker: Broker::new(Config::default(), 7, Now { awake: now, wall: WALL }),
            home: Home::new(Setup { seed, second_of_day: MORNING, blueprint }, now),
            observer,
            seen: VecDeque::new(),
            transcript: Vec::new(),
            ends: BTreeMap::new(),
            next: 0,
        };
        street.settle();
        street
    }

    /// A street some time later, with nothing left to be looked at.
    pub(crate) fn after(seed: u64, duration: u64) -> Self {
        let mut street = Self::new(seed);
        street.pass(duration);
        street.seen.clear();
        street
    }

    pub(crate) fn pass(&mut self, duration: u64) {
        let end = self.now + duration;
        self.settle();
        loop {
            let timeouts =
                [self.home.poll_timeout(), self.broker.poll_timeout(), self.observer.poll_timeout()];
            let Some(at) = timeouts.into_iter().flatten().min().filter(|&at| at <= end) else { break };
            self.now = self.now.max(at);
            self.home.handle(self.now, Input::Tick);
            self.broker.handle(self.clock(), lacewing_broker::Input::Tick);
            self.observer.tick(self.now);
            self.settle();
        }
        self.now = end;
    }

    /// The observer publishes with QoS 1.
    pub(crate) fn publish(&mut self, topic: &str, payload: &str) {
        let topic = TopicName::try_from(topic).unwrap();
        let message = Message::new(topic, payload.to_owned()).qos(QoS::AtLeastOnce);
        self.observer.publish(self.now, message).unwrap();
        self.settle();
    }

    pub(crate) fn power(&mut self, device: &str, power: Power) {
        assert!(self.home.device(device).is_some(), "{device}");
        self.command(Command::Power { device: device.to_owned(), power });
    }

    pub(crate) fn speed(&mut self, speed: u16) {
        self.command(Command::Speed(speed));
    }

    pub(crate) fn edit(&mut self, edit: Edit) {
        self.command(Command::Edit(edit));
    }

    /// Somebody uses a device by hand.
    pub(crate) fn press(&mut self, device: &str) {
        self.command(Command::Use { device: device.to_owned() });
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.home.command(self.now, command).unwrap();
        self.settle();
    }

    /// Everything seen since the last look.
    pub(crate) fn look(&mut self) -> Vec<Seen> {
        self.seen.drain(..).collect()
    }

    /// The first message on `topic` that `wanted` likes, within `patience`; looks no further than that message.
    pub(crate) fn wait(&mut self, topic: &str, patience: u64, wanted: impl Fn(&str) -> bool) -> Seen {
        let end = self.now + patience;
        loop {
            while let Some(seen) = self.seen.pop_front() {
                if seen.topic == topic && wanted(&seen.payload) {
                    return seen;
                }
            }
            assert!(self.now < end, "nothing of the kind on {topic} within {} s", patience / SECOND);
            self.pass(SECOND / 10);
        }
    }

    /// The payload retained on `topic`.
    pub(crate) fn retained(&mut self, topic: &str) -> Option<String> {
        let filter = TopicFilter::try_from(topic).unwrap();
        let options = SubscriptionOptions::default();
        self.seen.clear();
        self.observer.subscribe(self.now, vec![(filter.clone(), options)]).unwrap();
        self.settle();
        let found = self.look().into_iter().find(|seen| seen.topic == topic);
        self.observer.unsubscribe(self.now, vec![filter]).unwrap();
        self.settle();
        found.map(|seen| seen.payload)
    }

    fn clock(&self) -> Now {
        Now { awake: self.now, wall: WALL + self.now }
    }

    /// Carries bytes until nobody has anything more to say.
    fn settle(&mut self) {
        while self.serve_home() | self.serve_broker() | self.serve_observer() {}
    }

    fn serve_home(&mut self) -> bool {
        let Some(output) = self.home.poll_output() else { return false };
        match output {
            Output::Dial { device } => {
                self.open(End::Device(device), Listener::Home);
                self.home.handle(self.now, Input::Connected { device });
            }
            Output::Ready { device } => self.carry(device),
            Output::Close { device } => {
                self.carry(device);
                self.hang_up(device, CloseCause::Peer);
            }
            Output::Crash { device } => self.hang_up(device, CloseCause::Failed),
        }
        true
    }

    fn carry(&mut self, device: DeviceId) {
        let Some(conn) = self.conn(End::Device(device)) else { return };
        let mut bytes = BytesMut::new();
        while self.home.transmit(self.now, device, 4096, &mut bytes) {}
        self.transcript.extend_from_slice(&bytes);
        let input = lacewing_broker::Input::Received { conn, bytes: bytes.freeze() };
        self.broker.handle(self.clock(), input);
    }

    fn hang_up(&mut self, device: DeviceId, cause: CloseCause) {
        if let Some(conn) = self.conn(End::Device(device)) {
            self.ends.remove(&conn);
            self.broker.handle(self.clock(), lacewing_broker::Input::Closed { conn, cause });
        }
        self.home.handle(self.now, Input::Closed { device });
    }

    fn serve_broker(&mut self) -> bool {
        let Some(output) = self.broker.poll_output() else { return false };
        match output {
            lacewing_broker::Output::Ready { conn } => self.deliver(conn),
            lacewing_broker::Output::Close { conn, .. } => {
                self.deliver(conn);
                let end = self.ends.remove(&conn);
                let cause = CloseCause::Local;
                self.broker.handle(self.clock(), lacewing_broker::Input::Closed { conn, cause });
                match end {
                    Some(End::Device(device)) => self.home.handle(self.now, Input::Closed { device }),
                    Some(End::Observer) => self.observer.closed(self.now),
                    None => {}
                }
            }
            _ => {}
        }
        true
    }

    fn deliver(&mut self, conn: ConnId) {
        let mut batch = Batch::new();
        while self.broker.transmit(self.clock(), conn, 4096, &mut batch) {}
        let bytes: Bytes = batch.to_bytes();
        match self.ends.get(&conn) {
            Some(&End::Device(device)) => {
                self.transcript.extend_from_slice(&bytes);
                self.home.handle(self.now, Input::Received { device, bytes });
            }
            Some(End::Observer) => self.observer.received(self.now, bytes),
            None => {}
        }
    }

    fn serve_observer(&mut self) -> bool {
        let mut bytes = BytesMut::new();
        while self.observer.transmit(self.now, 4096, &mut bytes) {}
        if !bytes.is_empty()
            && let Some(conn) = self.conn(End::Observer)
        {
            let input = lacewing_broker::Input::Received { conn, bytes: bytes.freeze() };
            self.broker.handle(self.clock(), input);
            return true;
        }
        match self.observer.poll_output() {
            None => return false,
            Some(lacewing_client::Output::Dial) => {
                self.open(End::Observer, Listener::Page);
                self.observer.connected(self.now);
            }
            Some(lacewing_client::Output::Event(Event::Message(publish))) => {
                let topic = publish.topic.unwrap().to_string();
                let payload = String::from_utf8(publish.payload.to_vec()).unwrap();
                self.seen.push_back(Seen { at: self.now, topic, payload });
            }
            Some(_) => {}
        }
        true
    }

    fn open(&mut self, end: End, listener: Listener) {
        assert!(self.conn(end).is_none(), "one connection for each");
        self.next += 1;
        let conn = ConnId(self.next);
        self.ends.insert(conn, end);
        let transport = Transport { listener, ..Transport::default() };
        self.broker.handle(self.clock(), lacewing_broker::Input::Opened { conn, transport });
    }

    fn conn(&self, end: End) -> Option<ConnId> {
        self.ends.iter().find(|(_, known)| **known == end).map(|(conn, _)| *conn)
    }
}
