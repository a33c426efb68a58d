//! One device: its program, its MQTT client, its power and its cable.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use lacewing_client::{Backoff, Client, Event, Options, QueueLimits};
use lacewing_protocol::{
    ProtocolVersion, QoS, SubscriptionOptions, TopicFilter, TopicName, Utf8String, Will, WillProperties,
};

use crate::behaviour::{Behaviour, Context, SECOND, program};
use crate::discovery;
use crate::home::{DeviceId, Output, Power};
use crate::plan::{self, DeviceKind, Direction, Plan, Role};
use crate::world::World;

/// Seconds. A cut cable shows after one and a half times as long.
const KEEP_ALIVE: u16 = 30;
/// How long the session of a device that takes commands waits for it, in seconds.
const SESSION: u32 = 3600;

#[derive(Debug)]
pub(crate) struct Device {
    id: DeviceId,
    plan: plan::Device,
    discovery: (String, String),
    room: usize,
    seed: u64,
    behaviour: Box<dyn Behaviour>,
    client: Client,
    power: Power,
    cable: Cable,
    /// Whether the host was told that there is something to transmit, and has not taken all of it.
    ready: bool,
}

/// What the host does for the device, which may lag behind what the device wants.
#[derive(Debug, Default)]
struct Cable {
    line: Line,
    /// Whether the line belongs to the client's current attempt, and not to one that it knows nothing of any more.
    attached: bool,
    /// Whether the cable is cut: nothing gets through in either direction.
    cut: bool,
    /// Whether it will be cut as soon as what waits is transmitted.
    cutting: bool,
    /// Whether to dial as soon as the old line is closed.
    dial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Line {
    #[default]
    Closed,
    Dialing,
    Open,
    Closing,
}

impl Cable {
    /// Cuts the cable now if it is to be cut.
    fn finish_cut(&mut self) {
        if std::mem::take(&mut self.cutting) {
            self.cut = true;
            self.dial = false;
            self.attached = false;
        }
    }
}

impl Device {
    pub(crate) fn new(id: DeviceId, house: &Plan, plan: &plan::Device, room: usize, seed: u64) -> Self {
        Self {
            id,
            discovery: (discovery::topic(plan), discovery::payload(house, plan)),
            room,
            seed,
            behaviour: program(house, plan),
            client: client(plan, seed),
            power: Power::On,
            cable: Cable::default(),
            ready: false,
            plan: plan.clone(),
        }
    }

    pub(crate) fn plan(&self) -> &plan::Device {
        &self.plan
    }

    pub(crate) fn power(&self) -> Power {
        self.power
    }

    pub(crate) fn start(&mut self, now: u64) {
        self.client.start(now);
    }

    /// The host opened the line.
    pub(crate) fn connected(&mut self, now: u64, outputs: &mut VecDeque<Output>) {
        if self.cable.line != Line::Dialing {
            return;
        }
        self.cable.line = Line::Open;
        if self.cable.attached {
            self.client.connected(now);
        } else {
            self.abandon(outputs);
        }
    }

    pub(crate) fn received(&mut self, now: u64, bytes: Bytes) {
        if self.cable.attached && self.cable.line == Line::Open {
            self.client.received(now, bytes);
        }
    }

    /// The host closed the line, or it was closed from the other end.
    pub(crate) fn closed(&mut self, now: u64, outputs: &mut VecDeque<Output>) {
        if self.cable.line == Line::Closed {
            return;
        }
        self.cable.finish_cut();
        self.cable.line = Line::Closed;
        self.ready = false;
        if std::mem::take(&mut self.cable.attached) {
            self.client.closed(now);
        }
        if std::mem::take(&mut self.cable.dial) {
            self.dial(outputs);
        }
    }

    pub(crate) fn transmit(&mut self, now: u64, max_bytes: usize, out: &mut BytesMut) -> bool {
        let carries = self.cable.attached && matches!(self.cable.line, Line::Open | Line::Closing);
        self.ready = carries && self.client.transmit(now, max_bytes, out);
        if !self.ready {
            self.cable.finish_cut();
        }
        self.ready
    }

    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        self.client.poll_timeout()
    }

    /// Does what is due, when `second` also the device's own work.
    pub(crate) fn tick(&mut self, now: u64, second: bool, world: &mut World) {
        self.client.tick(now);
        if second && self.is_running() {
            let (behaviour, mut context) = self.context(now, world);
            behaviour.tick(&mut context);
        }
    }

    fn is_running(&self) -> bool {
        matches!(self.power, Power::On | Power::Cut)
    }

    fn context<'a>(
        &'a mut self,
        now: u64,
        world: &'a mut World,
    ) -> (&'a mut Box<dyn Behaviour>, Context<'a>) {
        let context = Context { now, world, device: &self.plan, room: self.room, client: &mut self.client };
        (&mut self.behaviour, context)
    }

    /// Changes the power. What makes no sense (cutting the cable of a device that is off) changes nothing.
    pub(crate) fn set_power(
        &mut self,
        now: u64,
        power: Power,
        house: &Plan,
        world: &mut World,
        outputs: &mut VecDeque<Output>,
    ) {
        let before = self.power;
        match power {
            _ if power == before => {}
            Power::On => {
                self.power = Power::On;
                self.cable.cutting = false;
                if std::mem::take(&mut self.cable.cut) {
                    // The broker may still believe in the old line: it is of no use to anyone.
                    self.client.closed(now);
                    self.abandon(outputs);
                }
                self.client.start(now);
                self.client.retry(now);
            }
            Power::Off => {
                self.power = Power::Off;
                self.cable.finish_cut();
                self.client.stop(now);
                self.lose_power(house, world);
            }
            Power::Crashed => {
                self.power = Power::Crashed;
                self.cable.finish_cut();
                if !self.cable.cut {
                    self.cable.dial = false;
                    self.abandon(outputs);
                }
                self.cable.attached = false;
                self.client = client(&self.plan, self.seed);
                self.lose_power(house, world);
            }
            Power::Cut if before == Power::On => {
                self.power = Power::Cut;
                self.cable.cutting = true;
                // A last sign of life, so that the broker's wait starts with the cut and can be counted down.
                self.client.ping(now);
                if !self.client.has_output() {
                    self.cable.finish_cut();
                }
            }
            Power::Cut => {}
        }
    }

    fn lose_power(&mut self, house: &Plan, world: &mut World) {
        self.behaviour.powered_off(self.room, world);
        self.behaviour = program(house, &self.plan);
    }

    /// Has the host drop a line that no client uses any more.
    fn abandon(&mut self, outputs: &mut VecDeque<Output>) {
        self.cable.attached = false;
        if matches!(self.cable.line, Line::Dialing | Line::Open) {
            self.cable.line = Line::Closing;
            outputs.push_back(Output::Crash { device: self.id });
        }
    }

    fn dial(&mut self, outputs: &mut VecDeque<Output>) {
        if self.cable.cut {
            return;
        }
        if self.cable.line == Line::Closed {
            self.cable.line = Line::Dialing;
            self.cable.attached = true;
            outputs.push_back(Output::Dial { device: self.id });
        } else {
            self.cable.dial = true;
        }
    }

    /// Carries out what the client asks for, and tells the host when there is something to transmit.
    pub(crate) fn settle(&mut self, now: u64, world: &mut World, outputs: &mut VecDeque<Output>) {
        while let Some(output) = self.client.poll_output() {
            match output {
                lacewing_client::Output::Dial => self.dial(outputs),
                lacewing_client::Output::Close => self.close(now, outputs),
                lacewing_client::Output::Event(event) => self.event(now, event, world),
            }
        }
        if self.cable.cut {
            // Into the void.
            let mut lost = BytesMut::new();
            while self.client.transmit(now, 64 * 1024, &mut lost) {
                lost.clear();
            }
        }
        let carries = self.cable.attached && self.cable.line == Line::Open;
        if carries && !self.ready && self.client.has_output() {
            self.ready = true;
            outputs.push_back(Output::Ready { device: self.id });
        }
    }

    fn close(&mut self, now: u64, outputs: &mut VecDeque<Output>) {
        if !self.cable.attached {
            self.cable.dial = false;
            self.client.closed(now);
        } else if matches!(self.cable.line, Line::Dialing | Line::Open) {
            self.cable.line = Line::Closing;
            outputs.push_back(Output::Close { device: self.id });
        }
    }

    fn event(&mut self, now: u64, event: Event, world: &mut World) {
        match event {
            Event::Connected(_) if self.is_running() => {
                let (topic, payload) = self.discovery.clone();
                let status = self.plan.status.clone();
                let (behaviour, mut context) = self.context(now, world);
                context.publish(&status, Bytes::from_static(b"online"), QoS::AtLeastOnce, true);
                behaviour.connected(&mut context);
                context.publish(&topic, payload.into(), QoS::AtLeastOnce, true);
            }
            Event::Message(publish) if self.is_running() => {
                let Some(topic) = publish.topic else { return };
                let Some(role) = role(&self.plan, &topic) else { return };
                let Ok(payload) = std::str::from_utf8(&publish.payload) else { return };
                let (behaviour, mut context) = self.context(now, world);
                behaviour.heard(role, payload, &mut context);
            }
            _ => {}
        }
    }
}

/// What a topic means to a device: one of its controls, or what it follows.
fn role(device: &plan::Device, topic: &TopicName) -> Option<Role> {
    let control = device.controls.iter().find(|control| *topic == *control.topic).map(|control| control.role);
    let follows = || device.links.iter().filter(|link| link.direction == Direction::Follows);
    control.or_else(|| follows().find(|link| *topic == *link.topic).map(|link| link.role))
}

/// The MQTT client of a device that was just switched on.
fn client(device: &plan::Device, seed: u64) -> Client {
    let mut client = Client::new(options(device, seed));
    let subscribed = SubscriptionOptions { qos: QoS::AtLeastOnce, ..SubscriptionOptions::default() };
    let follows = device.links.iter().filter(|link| link.direction == Direction::Follows);
    let topics = device.controls.iter().map(|control| &control.topic).chain(follows.map(|link| &link.topic));
    let filters = topics.filter_map(|topic| Some((TopicFilter::try_from(topic.as_str()).ok()?, subscribed)));
    // Devices without topics to listen to have an empty list, which is refused as such.
    let _ = client.subscribe(0, filters.collect());
    client
}

/// Sensors speak the version that cheap devices speak. What takes commands speaks 5.0, and its session waits for it, so
/// that a command given while it is away arrives.
fn options(device: &plan::Device, seed: u64) -> Options {
    let simple = matches!(device.kind, DeviceKind::Sensor | DeviceKind::Door | DeviceKind::Motion);
    let version = if simple { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5_0 };
    let listens = !device.controls.is_empty();
    let client_id = Utf8String::try_from(device.id.as_str()).unwrap_or_default();
    Options {
        clean_start: !listens,
        session_expiry_s: if listens { SESSION } else { 0 },
        keep_alive_s: KEEP_ALIVE,
        will: TopicName::try_from(device.status.as_str()).ok().map(|topic| Will {
            topic,
            payload: Bytes::from_static(b"offline"),
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: WillProperties::default(),
        }),
        queue: QueueLimits { messages: 100, bytes: 128 * 1024, qos0_offline: false },
        backoff: Backoff { min: SECOND / 2, max: 5 * SECOND, jitter_percent: 50 },
        seed,
        ..Options::new(version, client_id)
    }
}
