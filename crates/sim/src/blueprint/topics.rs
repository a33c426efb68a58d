//! What topics a device of each kind has.

use super::{Blueprint, Fitting};
use crate::plan::{
    CAT_TOPIC, CLOCK_TOPIC, Control, Device, DeviceKind as Kind, Direction, Link, PLAN_TOPIC, Role,
    SCENE_TOPIC, Value,
};

/// The most characters of a level that is made of a name.
pub(super) const SLUG: usize = 32;

/// Whether this can be a level of our topics: small letters, digits and `_`.
pub(super) fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=SLUG).contains(&text.len()) && text.bytes().all(plain)
}

/// The two levels that a device's id gives its topics: `hall` and `light` of `sim-hall-light`.
pub(super) fn parts(id: &str) -> Option<(&str, &str)> {
    let (place, thing) = id.strip_prefix("sim-")?.split_once('-')?;
    (is_slug(place) && is_slug(thing)).then_some((place, thing))
}

/// The device with its topics.
pub(super) fn device(blueprint: &Blueprint, fitting: &Fitting) -> Device {
    let wired = Wired::new(fitting);
    match fitting.kind {
        Kind::Sensor => {
            let topics = sensor(fitting);
            wired.tells_at(Role::Temperature, topics.0).tells_at(Role::Humidity, topics.1)
        }
        Kind::Thermostat => thermostat(blueprint, fitting, wired),
        Kind::Radiator | Kind::AirConditioner => wired.tells(Role::Demand).obeys(Role::Demand),
        Kind::Light | Kind::Fan => wired.tells(Role::Switch).obeys(Role::Switch),
        Kind::Window => wired.tells(Role::Opening).obeys(Role::Opening),
        Kind::Door => wired.tells(Role::Contact),
        Kind::Motion => wired.tells(Role::Motion),
        Kind::Plug => wired.tells(Role::Switch).tells_under(Role::Power, "power").obeys(Role::Switch),
        Kind::SmokeAlarm => wired.tells(Role::Smoke),
        Kind::LeakSensor => wired.tells(Role::Leak),
        Kind::Blind => {
            wired.tells(Role::Position).obeys(Role::Opening).obeys_under(Role::Position, "position/set")
        }
        Kind::Doorbell => wired.tells_under(Role::Ring, "ring").obeys_under(Role::Press, "press"),
        Kind::Chime => {
            let bells = of_kind(blueprint, Kind::Doorbell);
            bells.fold(wired.tells(Role::Count), |wired, bell| {
                wired.linked(Direction::Follows, Role::Ring, format!("{}/ring", base(bell)))
            })
        }
        Kind::Hub => hub(blueprint, wired),
    }
    .0
}

/// It goes by the first sensor of its room, and commands what heats and cools there.
fn thermostat(blueprint: &Blueprint, fitting: &Fitting, wired: Wired) -> Wired {
    let here = || blueprint.devices.iter().filter(|other| other.room == fitting.room);
    let mut wired = wired.tells(Role::Thermostat).obeys(Role::SetPoint).obeys_under(Role::Mode, "mode/set");
    if let Some(followed) = here().find(|other| other.kind == Kind::Sensor) {
        wired = wired.linked(Direction::Follows, Role::Temperature, sensor(followed).0);
    }
    here()
        .filter(|other| matches!(other.kind, Kind::Radiator | Kind::AirConditioner))
        .fold(wired, |wired, other| {
            wired.linked(Direction::Commands, Role::Demand, format!("{}/set", base(other)))
        })
}

/// It commands whatever a scene is made of.
fn hub(blueprint: &Blueprint, wired: Wired) -> Wired {
    let wired = wired
        .tells_at(Role::Plan, PLAN_TOPIC.to_owned())
        .tells_at(Role::Clock, CLOCK_TOPIC.to_owned())
        .tells_at(Role::Cat, CAT_TOPIC.to_owned())
        .tells_at(Role::Scene, SCENE_TOPIC.to_owned())
        .obeys_at(Role::Cat, format!("{CAT_TOPIC}/set"))
        .obeys_at(Role::Scene, "home/scene/set".to_owned());
    blueprint.devices.iter().fold(wired, |wired, other| {
        let set = format!("{}/set", base(other));
        match other.kind {
            Kind::Light => wired.linked(Direction::Commands, Role::Switch, set),
            Kind::Thermostat => wired.linked(Direction::Commands, Role::SetPoint, set).linked(
                Direction::Commands,
                Role::Mode,
                format!("{}/mode/set", base(other)),
            ),
            Kind::Blind => wired.linked(Direction::Commands, Role::Opening, set),
            _ => wired,
        }
    })
}

fn of_kind(blueprint: &Blueprint, kind: Kind) -> impl Iterator<Item = &Fitting> {
    blueprint.devices.iter().filter(move |fitting| fitting.kind == kind)
}

/// Temperature and humidity. Those of a place's one sensor are the place's: `home/livingroom/temperature`.
fn sensor(fitting: &Fitting) -> (String, String) {
    let base = base(fitting);
    let place = base.strip_suffix("/sensor").unwrap_or(&base);
    (format!("{place}/temperature"), format!("{place}/humidity"))
}

/// `home/hall/light` of `sim-hall-light`.
fn base(fitting: &Fitting) -> String {
    let (place, thing) = parts(&fitting.id).unwrap_or(("nowhere", &fitting.id));
    format!("home/{place}/{thing}")
}

/// A device that has no topics yet but that of its status.
struct Wired(Device);

impl Wired {
    fn new(fitting: &Fitting) -> Self {
        Self(Device {
            id: fitting.id.clone(),
            name: fitting.name.clone(),
            room: fitting.room.clone(),
            kind: fitting.kind,
            position: fitting.position,
            status: format!("{}/status", base(fitting)),
            values: Vec::new(),
            controls: Vec::new(),
            links: Vec::new(),
            handed_to: fitting.handed_to.clone(),
        })
    }

    fn under(&self, rest: &str) -> String {
        format!("{}/{rest}", self.0.status.trim_end_matches("/status"))
    }

    fn tells(self, role: Role) -> Self {
        self.tells_under(role, "state")
    }

    fn tells_under(self, role: Role, rest: &str) -> Self {
        let topic = self.under(rest);
        self.tells_at(role, topic)
    }

    fn tells_at(mut self, role: Role, topic: String) -> Self {
        self.0.values.push(Value { role, topic });
        self
    }

    fn obeys(self, role: Role) -> Self {
        self.obeys_under(role, "set")
    }

    fn obeys_under(self, role: Role, rest: &str) -> Self {
        let topic = self.under(rest);
        self.obeys_at(role, topic)
    }

    fn obeys_at(mut self, role: Role, topic: String) -> Self {
        self.0.controls.push(Control { role, topic });
        self
    }

    fn linked(mut self, direction: Direction, role: Role, topic: String) -> Self {
        self.0.links.push(Link { direction, role, topic });
        self
    }
}
