//! One device: its program, its MQTT client, its power and its cable.

mod cable;
mod session;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use lacewing_client::{Client, Event, State};
use lacewing_protocol::QoS;

use self::cable::{Cable, Line};
use self::session::{client, filters, role};
use crate::behaviour::{Behaviour, Context, SECOND, program};
use crate::discovery;
use crate::home::{DeviceId, Output, Power};
use crate::plan::{self, Plan};
use crate::world::World;

/// How long a device that is to go tries to say goodbye.
const GOODBYE: u64 = 30 * SECOND;

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
    /// Whether it is a part of the house, or about to be none.
    removed: bool,
    /// Where its goodbye stands, while it says one.
    parting: Option<Parting>,
}

/// A device goes: it takes back what it had the broker keep, and disconnects without a will.
#[derive(Debug, Clone, Copy)]
struct Parting {
    /// When it goes without a word.
    deadline: u64,
    /// Whether it has said what there is to say, and only waits for the broker's acknowledgements.
    said: bool,
    /// Whether it has left.
    left: bool,
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
            removed: false,
            parting: None,
            plan: plan.clone(),
        }
    }

    pub(crate) fn id(&self) -> DeviceId {
        self.id
    }

    /// Whether it is a part of the house.
    pub(crate) fn is_fitted(&self) -> bool {
        !self.removed
    }

    /// Whether the home plays its part, and no real client.
    pub(crate) fn is_simulated(&self) -> bool {
        self.plan.handed_to.is_none()
    }

    /// Whether it was removed and nothing of it is left.
    pub(crate) fn is_gone(&self) -> bool {
        self.removed && self.cable.line == Line::Closed && self.parting.is_none_or(|parting| parting.left)
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
        let deadline = self.parting.filter(|parting| !parting.left).map(|parting| parting.deadline);
        self.client.poll_timeout().into_iter().chain(deadline).min()
    }

    /// Does what is due, when `second` also the device's own work.
    pub(crate) fn tick(&mut self, now: u64, second: bool, world: &mut World, outputs: &mut VecDeque<Output>) {
        self.client.tick(now);
        if self.parting.is_some_and(|parting| !parting.left && now >= parting.deadline) {
            self.vanish(outputs);
        }
        if second && self.is_running() {
            let (behaviour, mut context) = self.context(now, world);
            behaviour.tick(&mut context);
        }
    }

    fn is_running(&self) -> bool {
        let part_of_it = self.parting.is_none() && self.is_simulated();
        part_of_it && matches!(self.power, Power::On | Power::Cut)
    }

    /// Somebody uses it by hand.
    pub(crate) fn used(&mut self, now: u64, world: &mut World) {
        if self.is_running() {
            let (behaviour, mut context) = self.context(now, world);
            behaviour.used(&mut context);
        }
    }

    /// It is taken from its place: what it did to its room ends.
    pub(crate) fn take_out(&mut self, world: &mut World) {
        self.behaviour.taken_out(self.room, world);
    }

    /// It is no part of the house any more.
    pub(crate) fn remove(&mut self, now: u64, world: &mut World, outputs: &mut VecDeque<Output>) {
        self.removed = true;
        self.part(now, world, outputs);
    }

    /// The house has changed, and perhaps the device.
    pub(crate) fn replan(
        &mut self,
        now: u64,
        house: &Plan,
        plan: &plan::Device,
        room: usize,
        world: &mut World,
        outputs: &mut VecDeque<Output>,
    ) {
        let before = std::mem::replace(&mut self.plan, plan.clone());
        self.room = room;
        let introduction = discovery::payload(house, plan);
        let introduces = std::mem::replace(&mut self.discovery.1, introduction) != self.discovery.1;
        match (&before.handed_to, &plan.handed_to) {
            (None, Some(_)) => return self.part(now, world, outputs),
            (Some(_), Some(_)) => return,
            (Some(_), None) => return self.come_back(now, house, outputs),
            (None, None) => {}
        }
        self.listen(now, &before);
        if !self.is_running() {
            self.behaviour = program(house, &self.plan);
            return;
        }
        let (topic, payload) = self.discovery.clone();
        let (behaviour, mut context) = self.context(now, world);
        behaviour.replanned(house, &mut context);
        if introduces {
            context.publish(&topic, payload.into(), QoS::AtLeastOnce, true);
        }
    }

    /// Subscribes to what is new, and unsubscribes from what is no more.
    fn listen(&mut self, now: u64, before: &plan::Device) {
        let (old, new) = (filters(before), filters(&self.plan));
        let added: Vec<_> = new.iter().filter(|one| !old.contains(one)).cloned().collect();
        let gone = old.into_iter().filter(|one| !new.contains(one)).map(|(filter, _)| filter).collect();
        // Empty lists are refused as such; a house has fewer topics than a client takes.
        let _ = self.client.subscribe(now, added);
        let _ = self.client.unsubscribe(now, gone);
    }

    /// Begins to say goodbye. A device that cannot speak comes back for it.
    fn part(&mut self, now: u64, world: &mut World, outputs: &mut VecDeque<Output>) {
        self.parting = Some(Parting { deadline: now.saturating_add(GOODBYE), said: false, left: false });
        if self.power == Power::On && self.client.state() == State::Connected {
            self.say_goodbye(now, world);
        } else {
            self.power = Power::On;
            self.reconnect(now, outputs);
        }
    }

    /// Takes back what the broker keeps of it. One whose part a real client has is still known by its introduction, and
    /// what it told is the real one's to tell from now on.
    fn say_goodbye(&mut self, now: u64, world: &mut World) {
        if let Some(parting) = &mut self.parting {
            parting.said = true;
        }
        let removed = self.removed;
        let (introduced, payload) = self.discovery.clone();
        let (_, context) = self.context(now, world);
        let mut context = context;
        let introduction = if removed { Bytes::new() } else { payload.into() };
        context.publish(&introduced, introduction, QoS::AtLeastOnce, true);
        let device = context.device;
        for value in device.values.iter().filter(|value| removed && value.role.is_retained()) {
            context.publish(&value.topic, Bytes::new(), QoS::AtLeastOnce, true);
        }
        context.publish(&device.status, Bytes::new(), QoS::AtLeastOnce, true);
    }

    /// It could not say goodbye in time.
    fn vanish(&mut self, outputs: &mut VecDeque<Output>) {
        if let Some(parting) = &mut self.parting {
            parting.left = true;
        }
        self.cable.dial = false;
        self.abandon(outputs);
        self.client = client(&self.plan, self.seed);
    }

    /// The home plays its part again.
    fn come_back(&mut self, now: u64, house: &Plan, outputs: &mut VecDeque<Output>) {
        self.parting = None;
        self.power = Power::On;
        self.behaviour = program(house, &self.plan);
        self.abandon(outputs);
        self.client = client(&self.plan, self.seed);
        self.client.start(now);
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
                self.reconnect(now, outputs);
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

    fn reconnect(&mut self, now: u64, outputs: &mut VecDeque<Output>) {
        self.cable.cutting = false;
        if std::mem::take(&mut self.cable.cut) {
            // The broker may still believe in the old line: it is of no use to anyone.
            self.client.closed(now);
            self.abandon(outputs);
        }
        self.client.start(now);
        self.client.retry(now);
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
        if let Some(parting) = self.parting.as_mut().filter(|parting| parting.said && !parting.left)
            && self.client.unsent() == 0
        {
            parting.left = true;
            self.client.leave(now);
            return self.settle(now, world, outputs);
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
            Event::Connected(_) if self.parting.is_some() => self.say_goodbye(now, world),
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
