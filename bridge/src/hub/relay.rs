//! The road to the broker in a tab: each device's bytes are one stream of the tab's link.
//!
//! The relay moves bytes and reads no MQTT, with one exception: a CONNECT that comes while no tab is linked waits a
//! little, and is then answered that the server is unavailable.

mod admission;
mod counts;
mod device;
mod doors;
mod events;
mod service;
mod unavailable;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use lacewing_broker::{ConnId, Listener, Now};
use lacewing_control::Addresses;
use lacewing_link::{CloseCode, CloseReason, Event, Hello, Open, StreamId};
use tracing::{info, warn};

use self::counts::Counts;
use self::device::{Device, Road};
use self::doors::{Answer, Doors};
use self::service::Service;
use super::line_limit::LineLimit;
use super::{Action, Doorkeeper, Farewell};
use crate::reload::Reloads;
use crate::token::Token;
use crate::users;

/// How long a device's CONNECT waits for a tab, in microseconds.
const HOLD: u64 = 5_000_000;
/// Devices that wait at a time; further ones are answered at once.
const HELD_DEVICES: usize = 4096;
/// What they may have sent together, in bytes.
const HELD_BYTES: usize = 8 << 20;

/// Devices on one side, tabs on the other.
pub(crate) struct RelayHub {
    doors: Doors,
    doorkeeper: Doorkeeper,
    reloads: Reloads,
    /// Makes fingerprints of what the tab is not to know.
    noise: [u8; 32],
    /// The linked tab's.
    service: Option<Service>,
    /// What the linked tab is told: where devices connect.
    addresses: String,
    devices: BTreeMap<ConnId, Device>,
    streams: BTreeMap<StreamId, ConnId>,
    /// Devices that wait for a tab, and until when: in the order in which they came.
    held: BTreeSet<(u64, ConnId)>,
    held_bytes: usize,
    actions: VecDeque<Action>,
    lines: LineLimit,
    stopping: bool,
    counts: Counts,
}

impl RelayHub {
    /// A relay that lets in the tab that shows `token` and tells it `addresses`. `doorkeeper` lets in devices, `noise` is
    /// random.
    pub(crate) fn new(
        token: Token,
        addresses: &Addresses,
        doorkeeper: Doorkeeper,
        reloads: Reloads,
        noise: [u8; 32],
    ) -> Self {
        Self {
            doors: Doors::new(token),
            doorkeeper,
            reloads,
            noise,
            service: None,
            // Plain strings always have a JSON form.
            addresses: serde_json::to_string(addresses).unwrap_or_default(),
            devices: BTreeMap::new(),
            streams: BTreeMap::new(),
            held: BTreeSet::new(),
            held_bytes: 0,
            actions: VecDeque::new(),
            lines: LineLimit::default(),
            stopping: false,
            counts: Counts::default(),
        }
    }

    /// Gives a device a stream of the linked tab, or lets it wait for one.
    fn admit(&mut self, now: Now, conn: ConnId) {
        let Some(device) = self.devices.get_mut(&conn) else { return };
        let ready = self.service.as_ref().is_some_and(|service| service.ready);
        let Some(link) = self.doors.linked().filter(|_| ready) else {
            if self.held.len() < HELD_DEVICES {
                let until = now.awake + HOLD;
                device.road = Road::Held(until);
                self.held.insert((until, conn));
            } else {
                self.refuse(conn);
            }
            return;
        };
        let open = Open::new(origin(device.listener), device.peer.as_str());
        match link.open(open.with_identity(users::certified(device.identity.clone()))) {
            Ok(stream) => {
                device.road = Road::Stream(stream);
                self.streams.insert(stream, conn);
                self.forward(conn);
            }
            Err(error) => {
                if self.lines.allows(now) {
                    warn!("the device at {} was turned away: {error}", device.peer);
                }
                self.refuse(conn);
            }
        }
    }

    /// Sends what a device has said as far as the link takes it; the rest stops the reading of its socket.
    fn forward(&mut self, conn: ConnId) {
        let (Some(device), Some(link)) = (self.devices.get_mut(&conn), self.doors.linked()) else { return };
        let Road::Stream(stream) = device.road else { return };
        let fits = (link.writable(stream) as usize).min(device.said.len());
        if fits > 0 && link.send(stream, &device.said[..fits]).is_ok() {
            device.said_has_gone(fits);
        }
        if device.said.is_empty() {
            if std::mem::take(&mut device.paused) {
                self.actions.push_back(Action::ResumeRead(conn));
            }
            if let Some(code) = device.gone {
                link.close(stream, code);
                self.streams.remove(&stream);
                self.devices.remove(&conn);
            }
        } else if !device.paused {
            device.paused = true;
            self.actions.push_back(Action::PauseRead(conn));
        }
        self.ring();
    }

    /// Answers that the server is unavailable, if the device has asked, and closes.
    fn refuse(&mut self, conn: ConnId) {
        let Some(device) = self.devices.get_mut(&conn) else { return };
        if device.gone.is_some() {
            self.devices.remove(&conn);
            return;
        }
        if let Some(answer) = unavailable::answer(&device.said) {
            device.heard.extend_from_slice(&answer);
            self.counts.unavailable += 1;
        }
        device.leave();
        self.actions.push_back(Action::Close(conn, Farewell::new(1013, "no broker is linked")));
    }

    /// Has the linked tab's socket written.
    fn ring(&mut self) {
        if let Some(conn) = self.doors.take_ring() {
            self.actions.push_back(Action::Ready(conn));
        }
    }

    /// Takes everything that a tab's link has to say.
    fn listen(&mut self, now: Now, tab: ConnId) {
        while let Some(event) = self.doors.event(tab) {
            match event {
                Event::Hello(hello) => self.greet(tab, &hello),
                Event::Goodbye { reason } => {
                    self.part(tab, &reason.to_string());
                    self.actions.push_back(Action::Close(tab, Farewell::normal()));
                }
                // The bridge has nothing to offer to a tab's own streams.
                Event::Opened { stream, .. } => self.doors.reset(tab, stream, CloseCode::Refused),
                // Only the linked tab has streams.
                Event::Data { stream, bytes } if self.is_service(stream) => {
                    self.hear_service(now, tab, &bytes);
                }
                Event::Data { stream, bytes } => self.hear(stream, &bytes),
                Event::Writable { stream } if self.is_service(stream) => {
                    if let (Some(service), Some(link)) = (&mut self.service, self.doors.linked()) {
                        service.flush(link);
                    }
                    self.ring();
                }
                Event::Writable { stream } => {
                    if let Some(conn) = self.streams.get(&stream) {
                        self.forward(*conn);
                    }
                }
                Event::Closed { stream, .. } | Event::Reset { stream, .. } if self.is_service(stream) => {
                    self.end_service(tab, "this page does not know of users and rules: reload it");
                }
                Event::Closed { stream, reason } | Event::Reset { stream, reason } => {
                    self.hang_up(stream, &reason);
                }
            }
        }
    }

    fn greet(&mut self, tab: ConnId, hello: &Hello) {
        match self.doors.answer(tab, hello) {
            Answer::Welcome => {}
            Answer::Instead(old) => {
                let reason = CloseReason::new(CloseCode::Replaced, "another tab carries the devices now");
                self.dismiss(old, reason, 4410);
            }
            Answer::Busy => {
                info!("another page wants to be the broker; one is linked already");
                let reason = CloseReason::new(CloseCode::Busy, "another tab carries the devices");
                return self.dismiss(tab, reason, 4409);
            }
            Answer::WrongToken => {
                warn!("a page showed a wrong pairing token: {}", self.doors.peer(tab));
                let words = "the pairing token is wrong: open the address that lacewing prints";
                return self.dismiss(tab, CloseReason::new(CloseCode::Unauthorized, words), 4401);
            }
        }
        let welcome = Hello::new(hello.broker).with_info(self.addresses.as_str());
        self.doors.link(tab, welcome);
        self.counts.links += 1;
        info!("the tab at {} is the broker now", self.doors.peer(tab));
        self.begin_service(tab);
        self.actions.push_back(Action::Ready(tab));
    }

    /// The linked tab takes devices from now on.
    fn admit_held(&mut self, now: Now) {
        let Some(service) = &mut self.service else { return };
        service.ready = true;
        self.held_bytes = 0;
        for (_, conn) in std::mem::take(&mut self.held) {
            self.admit(now, conn);
        }
    }

    /// Ends a tab's link from this side.
    fn dismiss(&mut self, tab: ConnId, reason: CloseReason, code: u16) {
        let farewell = Farewell::new(code, reason.text.clone());
        self.part(tab, &reason.text);
        self.doors.goodbye(tab, reason);
        self.actions.push_back(Action::Close(tab, farewell));
    }

    /// If `tab` was the linked one, its devices lose their broker.
    fn part(&mut self, tab: ConnId, why: &str) {
        if !self.doors.unlink(tab) {
            return;
        }
        self.service = None;
        self.doorkeeper.closed_all();
        warn!("the tab is the broker no more: {why}; {} devices are disconnected", self.streams.len());
        for conn in std::mem::take(&mut self.streams).into_values() {
            let Some(device) = self.devices.get_mut(&conn) else { continue };
            if device.gone.is_some() {
                self.devices.remove(&conn);
                continue;
            }
            device.leave();
            self.actions.push_back(Action::Close(conn, Farewell::new(1001, "the broker is gone")));
        }
    }

    fn hear(&mut self, stream: StreamId, bytes: &Bytes) {
        let device = self
            .streams
            .get(&stream)
            .and_then(|conn| self.devices.get_mut(conn).map(|device| (*conn, device)));
        match device {
            Some((conn, device)) if device.gone.is_none() => {
                if device.heard.is_empty() {
                    self.actions.push_back(Action::Ready(conn));
                }
                device.heard.extend_from_slice(bytes);
            }
            // Nobody is there to read it.
            _ => {
                if let Some(link) = self.doors.linked() {
                    link.consume(stream, bytes.len() as u32);
                }
                self.ring();
            }
        }
    }

    /// The broker is done with a device.
    fn hang_up(&mut self, stream: StreamId, reason: &CloseReason) {
        let Some(conn) = self.streams.remove(&stream) else { return };
        if let Some(link) = self.doors.linked() {
            link.close(stream, CloseCode::Ended);
        }
        self.ring();
        let Some(device) = self.devices.get_mut(&conn) else { return };
        if device.gone.is_some() {
            self.devices.remove(&conn);
            return;
        }
        device.leave();
        let code = if reason.code == CloseCode::Ended { 1000 } else { 1008 };
        self.actions.push_back(Action::Close(conn, Farewell::new(code, reason.text.clone())));
    }

    fn is_service(&self, stream: StreamId) -> bool {
        self.service.as_ref().is_some_and(|service| service.stream == stream)
    }

    /// Takes a device out of those that wait.
    fn release(&mut self, until: u64, conn: ConnId) {
        if self.held.remove(&(until, conn))
            && let Some(device) = self.devices.get(&conn)
        {
            self.held_bytes -= device.said.len();
        }
    }

    /// Tells the tab that a device's socket, or nobody, has taken so many bytes.
    fn consumed(&mut self, conn: ConnId, bytes: usize) {
        if let Some(Device { road: Road::Stream(stream), .. }) = self.devices.get(&conn)
            && bytes > 0
            && let Some(link) = self.doors.linked()
        {
            link.consume(*stream, bytes as u32);
            self.ring();
        }
    }
}

fn origin(listener: Listener) -> lacewing_link::Listener {
    match listener {
        Listener::WebSocket => lacewing_link::Listener::WebSocket,
        Listener::Tls => lacewing_link::Listener::MqttTls,
        Listener::WebSocketTls => lacewing_link::Listener::WebSocketTls,
        _ => lacewing_link::Listener::Mqtt,
    }
}
