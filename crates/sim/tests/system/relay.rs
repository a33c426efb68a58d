//! The way of a device into a tab: its wire ends at a bridge, which carries its bytes over a link to the broker. The link
//! itself is cut and dialled again.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use lacewing_broker::{CloseCause, ConnId};
use lacewing_link::{BrokerId, CloseCode, Config, Event, Hello, Link, Listener, Open, Side, StreamId};
use lacewing_sim::Chance;
use lacewing_sim::wire::{Arrival, End};

use crate::server::{Carrier, SECOND, Server};
use crate::wires::Wires;

/// How long a message is on its way between bridge and tab, and how many bytes may be.
const LATENCY: u64 = 1000;
const CHANNEL: usize = 128 * 1024;

#[derive(Debug)]
pub(crate) struct Relay {
    config: Config,
    bridge: Bridge,
    pub(crate) tab: Tab,
    to_tab: Channel,
    to_bridge: Channel,
    /// When the tab dials next.
    dials: Option<u64>,
}

#[derive(Debug, Default)]
struct Bridge {
    link: Option<Link>,
    devices: BTreeMap<ConnId, Device>,
    conns: BTreeMap<StreamId, ConnId>,
}

#[derive(Debug)]
struct Device {
    stream: StreamId,
    /// What the broker said and the device has not taken.
    heard: VecDeque<Bytes>,
    /// The broker is done with it; until when the rest may take.
    ended: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Tab {
    link: Option<Link>,
    streams: BTreeMap<ConnId, Carried>,
    conns: BTreeMap<StreamId, ConnId>,
}

#[derive(Debug)]
struct Carried {
    stream: StreamId,
    paused: bool,
    /// Bytes that came while it was paused.
    owed: u32,
}

/// One direction of an ordered channel of messages.
#[derive(Debug, Default)]
struct Channel {
    messages: VecDeque<(u64, Bytes)>,
    bytes: usize,
    /// Messages get lost without anybody knowing.
    swallows: bool,
    /// The far end has yet to hear that it is closed.
    is_closed: bool,
}

impl Relay {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        let reserve = 1024 << chance.between(0, 2);
        let config = Config {
            stream_reserve: reserve,
            stream_credit: reserve + chance.between(0, 30_000) as u32,
            connection_credit: chance.between(0, 60_000) as u32,
            max_message: chance.between(4096, 65_536) as u32,
            ping_after: SECOND,
            silent_after: chance.between(3, 6) * SECOND,
            ..Config::default()
        };
        Self {
            config,
            bridge: Bridge::default(),
            tab: Tab::default(),
            to_tab: Channel::default(),
            to_bridge: Channel::default(),
            dials: Some(0),
        }
    }

    /// The channel is gone: both sides hear of it, or neither.
    pub(crate) fn cut(&mut self, is_told: bool) {
        for channel in [&mut self.to_tab, &mut self.to_bridge] {
            *channel = Channel { swallows: !is_told, is_closed: is_told, ..Channel::default() };
        }
    }

    /// The tab's worker is gone, and its end of everything.
    pub(crate) fn lose_tab(&mut self, now: u64) {
        self.tab = Tab::default();
        self.cut(true);
        self.to_tab.is_closed = false;
        self.dials = Some(now + SECOND / 10);
    }

    /// The bridge's turn. It never sleeps.
    pub(crate) fn serve_bridge(&mut self, now: u64, wires: &mut Wires) {
        if self.to_bridge.closes() {
            self.bridge.lose(now, wires);
        }
        while let Some(message) = self.to_bridge.receive(now) {
            self.bridge.receive(now, message, wires);
        }
        if self.bridge.link.as_mut().is_some_and(|link| link.tick(now).is_err()) {
            self.bridge.lose(now, wires);
        }
        self.bridge.listen(now, wires);
        self.bridge.speak(now, wires);
        if let Some(link) = &mut self.bridge.link {
            self.to_tab.fill(now, link);
            if link.is_over() {
                self.bridge.lose(now, wires);
            }
        }
    }

    /// What came to the tab, before the broker has its turn. `awake` is the tab's own clock.
    pub(crate) fn serve_tab(&mut self, now: u64, awake: u64, server: &mut Server, wires: &mut Wires) {
        if self.to_tab.closes() {
            self.lose_link(now, server);
        }
        if self.tab.link.is_none() && self.dials.is_some_and(|at| at <= now) {
            self.dials = None;
            self.dial(now, awake, wires);
        }
        while let Some(message) = self.to_tab.receive(now) {
            self.tab.receive(now, awake, message, server, wires);
        }
        let is_silent = self.tab.link.as_mut().is_some_and(|link| link.tick(awake).is_err());
        if is_silent || self.tab.link.as_ref().is_some_and(Link::is_over) {
            self.lose_link(now, server);
        }
    }

    /// After the broker's turn: what it said goes on its way.
    pub(crate) fn transmit(&mut self, now: u64) {
        if let Some(link) = &mut self.tab.link {
            self.to_bridge.fill(now, link);
        }
    }

    fn dial(&mut self, now: u64, awake: u64, wires: &mut Wires) {
        // The bridge may believe in the former link still; the new one replaces it.
        self.bridge.lose(now, wires);
        self.to_tab = Channel::default();
        self.to_bridge = Channel::default();
        let mut link = Link::new(Side::Dialler, self.config.clone(), awake);
        link.hello(Hello::new(BrokerId::default())).unwrap();
        self.tab.link = Some(link);
        self.bridge.link = Some(Link::new(Side::Acceptor, self.config.clone(), now));
    }

    fn lose_link(&mut self, now: u64, server: &mut Server) {
        let tab = std::mem::take(&mut self.tab);
        for conn in tab.streams.into_keys() {
            server.closed(now, conn, CloseCause::Failed);
        }
        self.dials = Some(now + SECOND / 5);
    }

    /// When there is something to do, if the tab `is_awake` or not. `slept` is how far its clock is behind.
    pub(crate) fn poll_timeout(&self, wires: &Wires, is_awake: bool, slept: u64) -> Option<u64> {
        let bridge = [self.to_bridge.poll_timeout(), self.bridge.poll_timeout(wires, &self.to_tab)];
        let link = self.tab.link.as_ref();
        let tab = [
            self.to_tab.poll_timeout(),
            link.filter(|link| link.has_transmit() && self.to_bridge.has_room()).map(|_| 0),
            link.and_then(Link::poll_timeout).map(|at| at + slept),
            self.dials,
        ];
        bridge.into_iter().chain(tab.into_iter().filter(|_| is_awake)).flatten().min()
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_quiet(&self) -> bool {
        let links = [&self.bridge.link, &self.tab.link];
        links.iter().all(|link| link.as_ref().is_some_and(|link| link.is_ready() && link.queued() == 0))
            && self.bridge.devices.values().all(|device| device.heard.is_empty() && device.ended.is_none())
            && self.to_tab.is_quiet()
            && self.to_bridge.is_quiet()
    }

    /// How many streams there are, by each side's count.
    pub(crate) fn streams(&self) -> [u32; 2] {
        [&self.bridge.link, &self.tab.link].map(|link| link.as_ref().map_or(0, Link::streams))
    }
}

impl Bridge {
    fn receive(&mut self, now: u64, message: Bytes, wires: &mut Wires) {
        let Some(link) = &mut self.link else { return };
        link.receive(now, message).expect("the tab keeps to the rules");
        while let Some(event) = self.link.as_mut().and_then(Link::poll_event) {
            match event {
                Event::Hello(hello) => {
                    self.link.as_mut().unwrap().hello(Hello::new(hello.broker)).unwrap();
                }
                Event::Data { stream, bytes } => match self.device(stream) {
                    Some(device) => device.heard.push_back(bytes),
                    None => self.link.as_mut().unwrap().consume(stream, bytes.len() as u32),
                },
                Event::Closed { stream, .. } | Event::Reset { stream, .. } => {
                    self.link.as_mut().unwrap().close(stream, CloseCode::Ended);
                    if let Some(device) = self.device(stream) {
                        device.ended.get_or_insert(now + SECOND);
                    }
                }
                Event::Goodbye { .. } => self.lose(now, wires),
                Event::Writable { .. } => {}
                Event::Opened { .. } => panic!("the tab has nothing to open"),
            }
        }
    }

    fn device(&mut self, stream: StreamId) -> Option<&mut Device> {
        self.devices.get_mut(self.conns.get(&stream)?)
    }

    /// What devices say goes into their streams, as far as there is credit.
    fn listen(&mut self, now: u64, wires: &mut Wires) {
        for conn in wires.accept() {
            let open = Open::new(Listener::Mqtt, format!("wire {conn}"));
            let Some(stream) = self.link.as_mut().and_then(|link| link.open(open).ok()) else {
                wires.finish(now, conn);
                continue;
            };
            self.conns.insert(stream, conn);
            self.devices.insert(conn, Device { stream, heard: VecDeque::new(), ended: None });
        }
        let Some(link) = &mut self.link else { return };
        let mut gone = Vec::new();
        for (&conn, device) in &self.devices {
            loop {
                let most = (link.writable(device.stream) as usize).min(4096);
                if most == 0 || device.ended.is_some() {
                    break;
                }
                match wires.receive(now, conn, End::Broker, most) {
                    None => break,
                    Some(Arrival::Bytes(bytes)) => link.send(device.stream, &bytes).unwrap(),
                    Some(Arrival::Closed) => {
                        link.close(device.stream, CloseCode::Ended);
                        gone.push(conn);
                        break;
                    }
                    Some(Arrival::Reset) => {
                        link.reset(device.stream, CloseCode::Aborted);
                        gone.push(conn);
                        break;
                    }
                }
            }
        }
        gone.into_iter().for_each(|conn| self.forget(now, conn, wires));
    }

    /// What the broker said goes to the devices, as far as their wires have room.
    fn speak(&mut self, now: u64, wires: &mut Wires) {
        let mut gone = Vec::new();
        for (&conn, device) in &mut self.devices {
            while let Some(bytes) = device.heard.front_mut() {
                let piece = bytes.split_to(bytes.len().min(wires.room(conn)));
                if piece.is_empty() {
                    break;
                }
                wires.send(now, conn, &piece);
                if bytes.is_empty() {
                    device.heard.pop_front();
                }
                if let Some(link) = &mut self.link {
                    link.consume(device.stream, piece.len() as u32);
                }
            }
            if device.ended.is_some_and(|until| device.heard.is_empty() || until <= now) {
                gone.push(conn);
            }
        }
        gone.into_iter().for_each(|conn| self.forget(now, conn, wires));
    }

    fn forget(&mut self, now: u64, conn: ConnId, wires: &mut Wires) {
        let Some(device) = self.devices.remove(&conn) else { return };
        self.conns.remove(&device.stream);
        if let (Some(link), false) = (&mut self.link, device.heard.is_empty()) {
            let left: usize = device.heard.iter().map(Bytes::len).sum();
            link.consume(device.stream, left as u32);
        }
        wires.finish(now, conn);
    }

    /// The link is gone, and every device is disconnected.
    fn lose(&mut self, now: u64, wires: &mut Wires) {
        let lost = std::mem::take(self);
        lost.devices.into_keys().for_each(|conn| wires.finish(now, conn));
    }

    fn poll_timeout(&self, wires: &Wires, to_tab: &Channel) -> Option<u64> {
        let link = self.link.as_ref();
        let devices = self.devices.iter().filter_map(|(conn, device)| {
            let speaks = if device.heard.is_empty() { device.ended.is_some() } else { wires.room(*conn) > 0 };
            let listens = link.is_some_and(|link| link.writable(device.stream) > 0) && device.ended.is_none();
            let arrival = wires.poll_timeout(*conn, End::Broker).filter(|_| listens);
            if speaks { Some(0) } else { arrival.or(device.ended) }
        });
        devices
            .chain(wires.has_waiting().then_some(0))
            .chain(link.and_then(Link::poll_timeout))
            .chain(link.filter(|link| link.has_transmit() && to_tab.has_room()).map(|_| 0))
            .min()
    }
}

impl Tab {
    fn receive(&mut self, now: u64, awake: u64, message: Bytes, server: &mut Server, wires: &mut Wires) {
        let Some(link) = &mut self.link else { return };
        link.receive(awake, message).expect("the bridge keeps to the rules");
        while let Some(event) = link.poll_event() {
            match event {
                Event::Opened { stream, .. } => {
                    let conn = wires.fresh();
                    self.conns.insert(stream, conn);
                    self.streams.insert(conn, Carried { stream, paused: false, owed: 0 });
                    server.opened(now, conn);
                }
                Event::Data { stream, bytes } => {
                    let len = bytes.len() as u32;
                    match self.conns.get(&stream).and_then(|conn| Some((*conn, self.streams.get_mut(conn)?)))
                    {
                        Some((conn, carried)) => {
                            server.received(now, conn, bytes);
                            match carried.paused {
                                true => carried.owed += len,
                                false => link.consume(stream, len),
                            }
                        }
                        None => link.consume(stream, len),
                    }
                }
                Event::Closed { stream, .. } | Event::Reset { stream, .. } => {
                    link.close(stream, CloseCode::Ended);
                    if let Some(conn) = self.conns.remove(&stream) {
                        self.streams.remove(&conn);
                        server.closed(now, conn, CloseCause::Peer);
                    }
                }
                Event::Hello(_) | Event::Writable { .. } | Event::Goodbye { .. } => {}
            }
        }
    }
}

impl Carrier for Tab {
    fn room(&self, conn: ConnId) -> usize {
        let Some(carried) = self.streams.get(&conn) else { return 0 };
        self.link.as_ref().map_or(0, |link| link.writable(carried.stream) as usize)
    }

    fn send(&mut self, _: u64, conn: ConnId, bytes: &[u8]) {
        if let (Some(carried), Some(link)) = (self.streams.get(&conn), &mut self.link) {
            link.send(carried.stream, bytes).expect("no more than there is credit for");
        }
    }

    fn pause(&mut self, conn: ConnId, paused: bool) {
        let (Some(carried), Some(link)) = (self.streams.get_mut(&conn), &mut self.link) else { return };
        carried.paused = paused;
        if !paused {
            link.consume(carried.stream, std::mem::take(&mut carried.owed));
        }
    }

    fn finish(&mut self, _: u64, conn: ConnId) {
        let (Some(carried), Some(link)) = (self.streams.remove(&conn), &mut self.link) else { return };
        self.conns.remove(&carried.stream);
        link.consume(carried.stream, carried.owed);
        link.close(carried.stream, CloseCode::Ended);
    }
}

impl Channel {
    fn has_room(&self) -> bool {
        self.bytes < CHANNEL
    }

    /// Takes what a link has to say, as far as there is room.
    fn fill(&mut self, now: u64, link: &mut Link) {
        while self.has_room()
            && let Some(message) = link.transmit()
        {
            if !self.swallows && !self.is_closed {
                self.bytes += message.len();
                self.messages.push_back((now + LATENCY, message));
            }
        }
    }

    fn receive(&mut self, now: u64) -> Option<Bytes> {
        let (_, message) = self.messages.pop_front_if(|(at, _)| *at <= now)?;
        self.bytes -= message.len();
        Some(message)
    }

    /// Whether the far end hears now that the channel is closed.
    fn closes(&mut self) -> bool {
        std::mem::take(&mut self.is_closed) && {
            self.swallows = true;
            true
        }
    }

    fn poll_timeout(&self) -> Option<u64> {
        if self.is_closed { Some(0) } else { self.messages.front().map(|(at, _)| *at) }
    }

    fn is_quiet(&self) -> bool {
        self.messages.is_empty() && !self.is_closed && !self.swallows
    }
}
