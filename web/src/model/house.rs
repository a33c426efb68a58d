//! The house as its messages tell it: the plan, the latest value of every topic in it, and what was asked.

use lacewing_protocol::{Publish, TopicFilter, TopicName};
use lacewing_sim::plan::{CLOCK_TOPIC, Clock, Device, DeviceKind, PLAN_TOPIC, PLAN_VERSION, Plan, Role};

use super::discovery::Discovered;
use crate::sorted::ByName;
use crate::wire::{Control, HouseSource, Power, tenths_text};

/// The filter that brings Home Assistant's device discovery.
const DISCOVERY: &str = "homeassistant/device/+/config";
/// The most topics of a house that are followed.
const TOPICS: usize = 2_000;
/// How long a control waits for the state message before it says why none came, in microseconds.
pub(crate) const PATIENCE: u64 = 3_000_000;
/// The longest value that is kept, in bytes.
const VALUE: usize = 4_096;

/// What the phone app knows of the house.
#[derive(Debug, Default)]
pub(crate) struct House {
    plan: Option<Plan>,
    discovered: Discovered,
    latest: ByName<Latest>,
    clock: Option<(Clock, u64)>,
    asked: ByName<Wish>,
    /// Whether somebody asked for something, or was answered, since that was last taken.
    awaited: bool,
    /// Why the answer to a wish does not come, by device.
    excuses: ByName<String>,
    /// What the phone app is subscribed to.
    followed: ByName<()>,
    /// Those on which the last message was published to be retained.
    kept: ByName<()>,
    /// How the simulated devices of the broker's host are powered; empty when it has none.
    power: ByName<Power>,
    /// Since when devices are known to be switched off: they said goodbye, so no will tells of it.
    off: ByName<u64>,
}

/// The last message on a topic.
#[derive(Clone, Debug)]
pub(crate) struct Latest {
    pub(crate) payload: Vec<u8>,
    pub(crate) at: u64,
    /// Whether it came because the broker had kept it.
    pub(crate) retained: bool,
}

/// A change that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) control: Control,
    /// The command topic.
    pub(crate) topic: String,
    pub(crate) at: u64,
}

impl House {
    /// The filters the phone app needs now and did not before, and those it needs no longer.
    pub(crate) fn follow(&mut self) -> (Vec<TopicFilter>, Vec<TopicFilter>) {
        let mut wanted: ByName<()> =
            [PLAN_TOPIC, CLOCK_TOPIC, DISCOVERY].map(|topic| (topic.to_owned(), ())).into_iter().collect();
        for device in &self.drawn().devices {
            let values = device.values.iter().map(|value| &value.topic);
            let controls = device.controls.iter().map(|control| &control.topic);
            for topic in std::iter::once(&device.status).chain(values).chain(controls) {
                wanted.insert(topic.clone(), ());
            }
            if wanted.len() > TOPICS {
                break;
            }
        }
        let without = |these: &ByName<()>, those: &ByName<()>| {
            let names = these.iter().map(|(name, ())| name).filter(|name| !those.contains_key(*name));
            names.filter_map(|name| TopicFilter::try_from(name.as_str()).ok()).collect()
        };
        let new = without(&wanted, &self.followed);
        let old = without(&self.followed, &wanted);
        self.latest.retain(|topic, _| wanted.contains_key(topic));
        self.kept.retain(|topic, ()| wanted.contains_key(topic));
        self.followed = wanted;
        (new, old)
    }

    /// A message of the phone app's. Says whether the plan may have changed.
    pub(crate) fn message(&mut self, now: u64, topic: &TopicName, publish: &Publish) -> bool {
        let payload = &publish.payload;
        match topic.as_str() {
            PLAN_TOPIC => {
                let plan = Plan::from_json(payload).ok().filter(|plan| plan.version <= PLAN_VERSION);
                self.plan = plan;
                return true;
            }
            CLOCK_TOPIC => {
                self.clock = serde_json::from_slice(payload).ok().map(|clock| (clock, now));
                return false;
            }
            name if name.starts_with("homeassistant/") => return self.discovered.message(name, payload),
            name if payload.len() <= VALUE && self.followed.contains_key(name) => {
                let latest = Latest { payload: payload.to_vec(), at: now, retained: publish.retain };
                self.latest.insert(name.into(), latest);
                if publish.retain {
                    self.kept.insert(name.into(), ());
                }
            }
            _ => return false,
        }
        self.granted(topic.as_str());
        false
    }

    /// A state message ends the wish for it, whatever it says: the device has answered.
    fn granted(&mut self, topic: &str) {
        let drawn = self.plan.as_ref().unwrap_or(self.discovered.plan());
        let answered = drawn.devices.iter().find(|device| {
            self.asked.get(&device.id).is_some_and(|wish| {
                device.values.iter().any(|value| value.topic == topic && answers(value.role, wish.control))
            })
        });
        if let Some(device) = answered {
            self.excuses.remove(&device.id);
            self.asked.remove(&device.id);
            self.awaited = true;
        }
    }

    /// Whether somebody asked for something, or was answered, since the last call.
    pub(crate) fn take_awaited(&mut self) -> bool {
        std::mem::take(&mut self.awaited)
    }

    /// The command topic and payload for a control, remembered as asked.
    ///
    /// # Errors
    /// A sentence that says why the device has no such control.
    pub(crate) fn ask(
        &mut self,
        now: u64,
        id: &str,
        control: Control,
    ) -> Result<(TopicName, String), String> {
        let device = self.device(id).ok_or("That device is not in the house any more.")?;
        let (role, payload) = match control {
            Control::Switch(on) => (Role::Switch, if on { "ON".into() } else { "OFF".into() }),
            Control::Open(open) => (Role::Opening, if open { "OPEN".into() } else { "CLOSE".into() }),
            Control::Target(tenths) => (Role::SetPoint, tenths_text(tenths)),
            Control::Position(percent) => (Role::Position, percent.to_string()),
            Control::Press => (Role::Press, "PRESS".into()),
        };
        let topic =
            &device.control(role).ok_or_else(|| format!("{} has no such control.", device.name))?.topic;
        let topic = TopicName::try_from(topic.as_str()).map_err(|error| format!("Its topic {error}."))?;
        self.excuses.remove(id);
        let wish = Wish { control, topic: topic.as_str().into(), at: now };
        self.asked.insert(id.into(), wish);
        self.awaited = true;
        Ok((topic, payload))
    }

    /// How the simulated devices are powered, as it is told at `now`.
    pub(crate) fn powered(&mut self, now: u64, devices: Vec<(String, Power)>) {
        self.power = devices.into_iter().collect();
        let Self { power, off, .. } = self;
        off.retain(|id, _| power.get(id) == Some(&Power::Off));
        for id in power.iter().filter(|(_, power)| **power == Power::Off).map(|(id, _)| id) {
            off.get_or_insert_with(id, || now);
        }
    }

    /// Since when a device is known to be switched off, if it is.
    pub(crate) fn off_since(&self, device: &Device) -> Option<u64> {
        self.off.get(&device.id).filter(|_| device.handed_to.is_none()).copied()
    }

    /// What the drawing is made from.
    pub(crate) fn source(&self) -> HouseSource {
        match (&self.plan, self.discovered.plan().devices.is_empty()) {
            (Some(_), _) => HouseSource::Plan,
            (None, false) => HouseSource::Discovery,
            (None, true) => HouseSource::Nothing,
        }
    }

    /// The plan that is drawn: the retained one, or else one made from discovery.
    pub(crate) fn drawn(&self) -> &Plan {
        self.plan.as_ref().unwrap_or(self.discovered.plan())
    }

    pub(crate) fn device(&self, id: &str) -> Option<&Device> {
        self.drawn().device(id)
    }

    /// The broker told of a message: whether it was to be retained.
    pub(crate) fn published(&mut self, topic: &str, retain: bool, is_empty: bool) {
        if retain && !is_empty && self.followed.contains_key(topic) {
            self.kept.insert(topic.into(), ());
        } else if retain {
            self.kept.remove(topic);
        }
    }

    /// Whether the broker keeps a message on this topic, as far as is known.
    pub(crate) fn keeps(&self, topic: &str) -> bool {
        self.kept.contains_key(topic)
    }

    pub(crate) fn latest(&self, topic: &str) -> Option<&Latest> {
        self.latest.get(topic)
    }

    /// The last payload of a device's value in this role, if it is text.
    pub(crate) fn text(&self, device: &Device, role: Role) -> Option<&str> {
        std::str::from_utf8(&self.latest.get(&device.value(role)?.topic)?.payload).ok()
    }

    /// Whether this page asks for something on `topic`, and was not answered yet.
    pub(crate) fn is_asked_on(&self, topic: &str) -> bool {
        self.asked.iter().any(|(_, wish)| wish.topic == topic)
    }

    pub(crate) fn wish(&self, id: &str) -> Option<&Wish> {
        self.asked.get(id)
    }

    /// The devices that send on `topic`, and those that are sent it.
    pub(crate) fn parties<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = (&'a str, bool)> {
        self.drawn().devices.iter().filter_map(move |device| {
            let sent = device.status == topic || device.values.iter().any(|value| value.topic == topic);
            let got = device.controls.iter().any(|control| control.topic == topic);
            (sent || got).then_some((device.id.as_str(), sent))
        })
    }

    /// Why the answer to a wish does not come, as far as it is known.
    pub(crate) fn excuse_of(&self, id: &str) -> Option<&str> {
        self.excuses.get(id).map(String::as_str)
    }

    /// The answer to a wish does not come, for this reason.
    pub(crate) fn excuse(&mut self, id: &str, why: String) {
        if self.asked.contains_key(id) {
            self.excuses.insert(id.into(), why);
        }
    }

    /// The same for the device that is this client.
    pub(crate) fn excuse_client(&mut self, client_id: &str, why: String) {
        let device = self.drawn().devices.iter().find(|device| device.client_id() == client_id);
        if let Some(id) = device.map(|device| device.id.clone()) {
            self.excuse(&id, why);
        }
    }

    /// The devices that were asked for something a while ago and have not answered, with the topic they were asked on.
    pub(crate) fn unanswered(&self, now: u64) -> Vec<(String, String)> {
        let late = self.asked.iter().filter(|(_, wish)| now.saturating_sub(wish.at) >= PATIENCE);
        let client = |id: &str| self.device(id).map_or(id, |device| device.client_id()).to_owned();
        late.map(|(id, wish)| (client(id), wish.topic.clone())).collect()
    }

    /// Whether the broker's host simulates this device, and it has power.
    pub(crate) fn is_running(&self, id: &str) -> bool {
        self.power.get(id) == Some(&Power::On)
    }

    /// Whether a simulated home plays this device: its host says so, or else the plan.
    pub(crate) fn simulates(&self, device: &Device) -> bool {
        let plays =
            if self.is_powered() { self.power.contains_key(&device.id) } else { self.drawn().simulated };
        plays && device.handed_to.is_none()
    }

    pub(crate) fn power(&self, id: &str) -> Option<Power> {
        self.power.get(id).copied()
    }

    /// Whether the broker's host runs a simulated home.
    pub(crate) fn is_powered(&self) -> bool {
        !self.power.is_empty()
    }

    /// The house seconds that pass in a second.
    pub(crate) fn speed(&self) -> Option<u16> {
        self.clock.as_ref().map(|(clock, _)| clock.speed)
    }

    /// What the hub says in this role: where the cat is, which scene it is.
    pub(crate) fn hub(&self, role: Role) -> Option<String> {
        let hub = self.drawn().devices.iter().find(|device| device.kind == DeviceKind::Hub)?;
        self.text(hub, role).map(str::to_owned)
    }

    /// The hub, and the topic by which it is told so.
    ///
    /// # Errors
    /// A sentence that says that it cannot be.
    pub(crate) fn hub_control(&self, role: Role) -> Result<(String, TopicName), String> {
        let hub = self.drawn().devices.iter().find(|device| device.kind == DeviceKind::Hub);
        let found = hub.and_then(|hub| Some((hub, hub.control(role)?)));
        let (hub, control) = found.ok_or("Nobody in this house listens to that.")?;
        let topic =
            TopicName::try_from(control.topic.as_str()).map_err(|error| format!("Its topic {error}."))?;
        Ok((hub.id.clone(), topic))
    }

    /// The house's time of day as it is `now`, in seconds since midnight, and the temperature outside.
    pub(crate) fn clock(&self, now: u64) -> Option<(u32, f64)> {
        let (clock, at) = self.clock.as_ref()?;
        let passed = now.saturating_sub(*at) / 1_000_000 * u64::from(clock.speed);
        Some((((u64::from(clock.second_of_day) + passed) % 86_400) as u32, clock.outside))
    }
}

fn answers(role: Role, control: Control) -> bool {
    matches!(
        (role, control),
        (Role::Switch, Control::Switch(_))
            | (Role::Opening, Control::Open(_))
            | (Role::SetPoint | Role::Thermostat, Control::Target(_))
            | (Role::Position, Control::Position(_) | Control::Open(_))
            | (Role::Ring, Control::Press)
    )
}
