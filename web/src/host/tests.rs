//! The hosts together on virtual time: page, client worker, broker worker, store worker and a bridge that is one end of a link.

mod admission;
mod disk;
mod home;
mod images;
mod keeping;
mod login;

use std::collections::VecDeque;

use bytes::BytesMut;
use lacewing_broker::{Config, Now};
use lacewing_control::{BridgeState, OperatorId, Request, Watch};
use lacewing_link::{BrokerId, CloseCode, Event, Hello, Link, Listener, Open, Side, StreamId};

use self::disk::Disk;
use super::{
    BrokerHost, ChannelId, ClientHost, ClientOutput, Moment, Output, Setup, Start, StartOutput, StoreHost,
};
use crate::roles::Place;
use crate::wire::{Action, Draft, PageToWorker, Screen, SubscriptionState, Window, WorkerToPage};

const PORT: ChannelId = ChannelId(1);
const ROAD: ChannelId = ChannelId(2);
const OPERATOR: OperatorId = OperatorId(1);

/// A tab: a broker worker and its store, a client worker, and what the page was told.
struct World {
    now: u64,
    disk: Disk,
    broker: BrokerHost,
    store: StoreHost<Disk>,
    /// Messages to the store that are held up, if any are to be.
    held: Option<VecDeque<Vec<u8>>>,
    client: ClientHost,
    told: VecDeque<WorkerToPage>,
    /// The bridge's end of the link, once it was dialled.
    bridge: Option<Link>,
    dialled: u32,
}

impl World {
    fn new(bridge: bool) -> Self {
        Self::made(Disk::default(), bridge, None)
    }

    /// The same tab after a reload: what is on the disk is all that is left.
    fn reloaded(self) -> Self {
        let mut world = Self::made(self.disk.as_left(), false, None);
        world.now = self.now;
        world
    }

    /// A tab without a bridge, in whose browser this home was kept.
    fn with_home(home: Option<String>) -> Self {
        Self::made(Disk::default(), false, home)
    }

    fn made(disk: Disk, bridge: bool, home: Option<String>) -> Self {
        let now = 1_000_000;
        let setup = Setup {
            config: Config::default(),
            seed: 7,
            broker: [9; 16],
            bridge: bridge.then(|| ("ws://localhost:8830/link".to_owned(), "token".to_owned())),
            local_minutes: 60,
            home,
        };
        let (broker, store) = started(setup, disk.clone(), Now { awake: now, wall: now }).unwrap();
        let mut world = Self {
            now,
            disk,
            broker,
            store,
            held: None,
            client: ClientHost::new(3, Moment { awake: now, wall: now }),
            told: VecDeque::new(),
            bridge: None,
            dialled: 0,
        };
        world.broker.guest(world.now(), PORT);
        world.broker.operator(OPERATOR);
        let moment = world.moment();
        world.client.place(moment, Place::Here);
        world
    }

    fn now(&self) -> Now {
        Now { awake: self.now, wall: self.now }
    }

    fn moment(&self) -> Moment {
        Moment { awake: self.now, wall: self.now }
    }

    /// Passes messages back and forth until nobody has anything to say.
    fn settle(&mut self) {
        loop {
            let (now, moment) = (self.now(), self.moment());
            self.broker.turn(now);
            self.client.turn(moment);
            let mut moved = false;
            while let Some(output) = self.broker.poll_output() {
                moved = true;
                match output {
                    Output::Dial(dial) => {
                        assert_eq!(dial.url, "ws://localhost:8830/link");
                        self.dialled += 1;
                        self.bridge =
                            Some(Link::new(Side::Acceptor, lacewing_link::Config::default(), self.now));
                        self.broker.bridge_opened(now, ROAD);
                    }
                    Output::Close(id) => self.broker.closed(now, id),
                    Output::Store(message) => match &mut self.held {
                        Some(held) => held.push_back(message),
                        None => self.store.message(&|| now.awake, message.into()),
                    },
                    Output::Failed(why) => panic!("the store failed: {why}"),
                    Output::Tell(OPERATOR, response) => self.client.control(moment, *response),
                    Output::Tell(other, _) => panic!("nobody is operator {other:?}"),
                }
            }
            self.store.tick(&|| now.awake);
            while let Some(message) = self.store.poll_output() {
                moved = true;
                self.broker.store_message(now, message.into());
            }
            while let Some(output) = self.client.poll_output() {
                moved = true;
                match output {
                    ClientOutput::Page(message) => self.told.push_back(*message),
                    ClientOutput::Control(request) => self.broker.request(now, OPERATOR, request),
                    other => panic!("no broker elsewhere: {other:?}"),
                }
            }
            while let Some(message) = self.client.transmit_link() {
                moved = true;
                self.broker.message(now, PORT, message);
            }
            for id in self.broker.talking() {
                while let Some(message) = self.broker.transmit(id) {
                    moved = true;
                    match id {
                        PORT => self.client.link_message(moment, message),
                        _ => self.bridge.as_mut().unwrap().receive(self.now, message).unwrap(),
                    }
                }
            }
            while let Some(message) = self.bridge.as_mut().and_then(Link::transmit) {
                moved = true;
                self.broker.message(now, ROAD, message);
            }
            if !moved {
                return;
            }
        }
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds * 10 {
            self.now += 100_000;
            self.settle();
        }
    }

    /// Accepts the broker worker's HELLO as the bridge does.
    fn accept(&mut self, info: &str) -> Hello {
        let bridge = self.bridge.as_mut().expect("the bridge was dialled");
        let Some(Event::Hello(hello)) = bridge.poll_event() else { panic!("a dialler greets first") };
        bridge.hello(Hello::new(BrokerId([9; 16])).with_info(info)).unwrap();
        self.settle();
        hello
    }

    /// A device connects at the bridge and sends `bytes`.
    fn device(&mut self, bytes: &[u8]) -> StreamId {
        let bridge = self.bridge.as_mut().unwrap();
        let stream = bridge.open(Open::new(Listener::Mqtt, "127.0.0.1:50312")).unwrap();
        bridge.send(stream, bytes).unwrap();
        self.settle();
        stream
    }

    /// All that came for a device since last asked.
    fn heard(&mut self, stream: StreamId) -> Vec<u8> {
        let bridge = self.bridge.as_mut().unwrap();
        let mut bytes = Vec::new();
        while let Some(event) = bridge.poll_event() {
            if let Event::Data { stream: from, bytes: data } = event
                && from == stream
            {
                bytes.extend_from_slice(&data);
                bridge.consume(stream, data.len() as u32);
            }
        }
        bytes
    }

    fn page(&mut self, message: PageToWorker) {
        let moment = self.moment();
        self.client.page(moment, message);
        self.pass(1);
    }
}

/// The broker that begins with what is on the disk; or why there is none.
fn started(setup: Setup, disk: Disk, now: Now) -> Result<(BrokerHost, StoreHost<Disk>), String> {
    let mut store = StoreHost::open(disk);
    let mut start = Start::new(setup, now);
    loop {
        while let Some(message) = store.poll_output() {
            start.store_message(now, message.into());
        }
        start.turn(now);
        while let Some(output) = start.poll_output() {
            match output {
                StartOutput::Store(message) => store.message(&|| now.awake, message.into()),
                StartOutput::Word(_) => {}
                StartOutput::Refused(why) => return Err(why),
                StartOutput::Started(broker) => return Ok((*broker, store)),
            }
        }
    }
}

const CONNECT: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04lamp";

#[test]
fn the_page_publishes_to_the_broker_in_its_tab_and_sees_its_own_message() {
    let mut world = World::new(false);
    world.page(PageToWorker::Watch(Screen::Messages(Window { rows: 10, ..Window::default() })));
    world.pass(1);
    world.page(PageToWorker::Action(Action::Publish(Draft {
        topic: "test/topic".into(),
        payload: b"Hello MQTT".to_vec(),
        qos: 2,
        ..Draft::default()
    })));
    let view = world.told.iter().rev().find_map(|message| match message {
        WorkerToPage::Messages(view) => Some(view.clone()),
        _ => None,
    });
    let view = view.expect("the messages are on screen");
    assert_eq!(view.subscriptions[0].filter, "#");
    assert_eq!(view.subscriptions[0].state, SubscriptionState::Granted(2));
    let row = view.rows.iter().find(|row| row.topic == "test/topic").expect("the message is shown");
    assert_eq!((row.qos, row.preview.as_deref()), (2, Some("Hello MQTT")));
}

#[test]
fn a_device_at_the_bridge_reaches_the_broker_and_is_answered() {
    let mut world = World::new(true);
    world.settle();
    let hello = world.accept(r#"{"mqtt":["localhost:1883"],"websocket":[],"lan":null}"#);
    assert_eq!((hello.token.as_str(), hello.takeover), ("token", false));
    let BridgeState::Linked(addresses) = world.broker.bridge_state() else { panic!("linked") };
    assert_eq!(addresses.mqtt, ["localhost:1883"]);

    let device = world.device(CONNECT);
    assert_eq!(world.heard(device), b"\x20\x02\x00\x00", "CONNACK, accepted");
    let clients = world.broker.broker().clients(None, 10);
    let lamp = clients.iter().find(|client| client.client_id == "lamp").expect("the device is a client");
    assert!(lamp.connected);
    assert_eq!(lamp.peer, "127.0.0.1:50312");
}

#[test]
fn how_a_device_came_to_the_bridge_is_known_in_the_tab() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    let bridge = world.bridge.as_mut().unwrap();
    let open = Open::new(Listener::MqttTls, "192.0.2.7:50312").with_identity(Some("hall lamp".to_owned()));
    let stream = bridge.open(open).unwrap();
    bridge.send(stream, CONNECT).unwrap();
    world.settle();
    let clients = world.broker.broker().clients(None, 10);
    let lamp = clients.iter().find(|client| client.client_id == "lamp").expect("the device is a client");
    assert_eq!(lamp.listener, lacewing_broker::Listener::Tls);
}

#[test]
fn when_the_bridge_is_lost_its_devices_are_gone_and_it_is_dialled_again() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    world.device(CONNECT);
    let now = world.now();
    world.broker.closed(now, ROAD);
    world.bridge = None;
    let connected = |world: &World| {
        world.broker.broker().clients(None, 10).iter().any(|c| c.client_id == "lamp" && c.connected)
    };
    world.settle();
    assert!(!connected(&world));
    assert!(matches!(world.broker.bridge_state(), BridgeState::Lost { .. }));
    world.pass(1);
    assert_eq!(world.dialled, 2);
}

#[test]
fn a_page_that_another_one_replaced_says_so_and_takes_over_only_when_asked() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    world.bridge.as_mut().unwrap().goodbye(CloseCode::Replaced);
    world.settle();
    assert_eq!(*world.broker.bridge_state(), BridgeState::Elsewhere);
    let now = world.now();
    world.broker.take_over(now);
    world.settle();
    assert!(world.accept("").takeover);
}

#[test]
fn a_slow_page_holds_back_only_its_own_stream() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    let slow = world.device(CONNECT);
    let subscribe = b"\x82\x06\x00\x01\x00\x01#\x00";
    world.bridge.as_mut().unwrap().send(slow, subscribe).unwrap();
    world.settle();
    world.heard(slow);
    // From here on the slow device reads nothing; a quick one publishes more than its credit.
    let quick = world.device(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05quick");
    for _ in 0..100 {
        let mut publish = BytesMut::new();
        publish.extend_from_slice(b"\x30\xe9\x07\x00\x01t");
        publish.extend_from_slice(&[b'x'; 998]);
        let room = world.bridge.as_ref().unwrap().writable(quick);
        if room as usize >= publish.len() {
            world.bridge.as_mut().unwrap().send(quick, &publish).unwrap();
        }
        world.settle();
    }
    world.bridge.as_mut().unwrap().send(quick, b"\xc0\x00").unwrap();
    world.settle();
    let (mut pong, mut bytes) = (Vec::new(), 0);
    let bridge = world.bridge.as_mut().unwrap();
    while let Some(event) = bridge.poll_event() {
        match event {
            Event::Data { stream, bytes } if stream == quick => pong.extend_from_slice(&bytes),
            Event::Data { bytes: data, .. } => bytes += data.len(),
            _ => {}
        }
    }
    assert!(pong.ends_with(b"\xd0\x00"), "PINGRESP comes although another stream is full");
    assert!(bytes <= 64 * 1024, "no more than a stream's credit was sent: {bytes}");
}

#[test]
fn an_operator_sees_clients_and_ends_one() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    let device = world.device(CONNECT);
    let now = world.now();
    world.broker.request(now, OPERATOR, Request::Watch(Watch { clients: true, ..Watch::default() }));
    world.settle();
    world.broker.request(now, OPERATOR, Request::Kick { client_id: "lamp".into() });
    world.settle();
    let bridge = world.bridge.as_mut().unwrap();
    let closed = std::iter::from_fn(|| bridge.poll_event())
        .any(|event| matches!(event, Event::Closed { stream, .. } if stream == device));
    assert!(closed, "the device's connection is closed");
}

#[test]
fn a_guest_that_is_gone_is_no_operator_any_more() {
    let mut world = World::new(false);
    world.settle();
    // A tab that was closed says nothing; its link is given up after half a minute.
    for _ in 0..310 {
        world.now += 100_000;
        let now = world.now();
        world.broker.turn(now);
    }
    let ended = std::iter::from_fn(|| world.broker.poll_output()).any(|output| output == Output::Close(PORT));
    assert!(ended, "the silent guest's channel is closed");
    let now = world.now();
    world.broker.request(now, OPERATOR, Request::Watch(Watch { metrics: true, ..Watch::default() }));
    world.broker.turn(now);
    let told = std::iter::from_fn(|| world.broker.poll_output()).any(|it| matches!(it, Output::Tell(..)));
    assert!(!told, "nobody is told anything");
}

#[test]
fn a_client_worker_that_lost_its_broker_over_a_long_sleep_says_so_and_goes_on_over_a_new_port() {
    let mut world = World::new(false);
    world.pass(1);
    world.now += 60_000_000;
    let (now, moment) = (world.now(), world.moment());
    world.client.turn(moment);
    let lost = std::iter::from_fn(|| world.client.poll_output())
        .any(|output| output == ClientOutput::Page(Box::new(WorkerToPage::RoadLost)));
    assert!(lost, "the page is asked for a new way");

    world.broker.closed(now, PORT);
    world.broker.guest(now, PORT);
    world.broker.operator(OPERATOR);
    world.client.place(moment, Place::Here);
    world.pass(2);
    let clients = world.broker.broker().clients(None, 100);
    let here = clients.iter().filter(|client| client.connected && client.peer == "this browser").count();
    assert_eq!(here, 2, "the phone and the messages client are back");
}
