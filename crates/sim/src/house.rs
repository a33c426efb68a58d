//! The house that this crate simulates, as a plan.

use crate::plan::{
    CLOCK_TOPIC, Control, Device, DeviceKind as Kind, Direction, Link, PLAN_TOPIC, PLAN_VERSION, Plan,
    Position, Role, Room, Value,
};

/// The plan of the simulated house: six rooms on two floors.
pub fn plan() -> Plan {
    let rooms = vec![
        room("hall", "Hall", 0, 0, 1),
        room("livingroom", "Living room", 0, 1, 2),
        room("kitchen", "Kitchen", 0, 3, 1),
        room("bathroom", "Bathroom", 1, 0, 1),
        room("bedroom", "Bedroom", 1, 1, 2),
        room("study", "Study", 1, 3, 1),
    ];
    let devices = rooms.iter().flat_map(|room| devices(&room.id)).collect();
    Plan { version: PLAN_VERSION, name: "Lacewing house".to_owned(), rooms, devices }
}

fn room(id: &str, name: &str, floor: i8, column: u8, width: u8) -> Room {
    Room { id: id.to_owned(), name: name.to_owned(), floor, column, width }
}

fn devices(room: &str) -> Vec<Device> {
    let mut devices = vec![sensor(room), light(room)];
    match room {
        "hall" => devices.extend([hub(room), door(room), motion(room)]),
        "livingroom" => {
            devices.extend([thermostat(room), radiator(room), air_conditioner(room), window(room)]);
        }
        "kitchen" => devices.extend([plug(room), smoke_alarm(room)]),
        _ => {}
    }
    devices
}

fn sensor(room: &str) -> Device {
    Blank::new(room, "sensor", "Sensor", Kind::Sensor, 12, 55)
        .tells_at(Role::Temperature, format!("home/{room}/temperature"))
        .tells_at(Role::Humidity, format!("home/{room}/humidity"))
        .0
}

fn light(room: &str) -> Device {
    Blank::new(room, "light", "Light", Kind::Light, 50, 92).tells(Role::Switch).obeys(Role::Switch).0
}

fn thermostat(room: &str) -> Device {
    Blank::new(room, "thermostat", "Thermostat", Kind::Thermostat, 30, 55)
        .tells(Role::Thermostat)
        .obeys(Role::SetPoint)
        .obeys_at(Role::Mode, format!("home/{room}/thermostat/mode/set"))
        .linked(Direction::Follows, Role::Temperature, format!("home/{room}/temperature"))
        .linked(Direction::Commands, Role::Demand, format!("home/{room}/radiator/set"))
        .linked(Direction::Commands, Role::Demand, format!("home/{room}/airconditioner/set"))
        .0
}

fn radiator(room: &str) -> Device {
    Blank::new(room, "radiator", "Radiator", Kind::Radiator, 84, 12).tells(Role::Demand).obeys(Role::Demand).0
}

fn air_conditioner(room: &str) -> Device {
    Blank::new(room, "airconditioner", "Air conditioner", Kind::AirConditioner, 16, 86)
        .tells(Role::Demand)
        .obeys(Role::Demand)
        .0
}

fn window(room: &str) -> Device {
    Blank::new(room, "window", "Window", Kind::Window, 84, 58).tells(Role::Opening).obeys(Role::Opening).0
}

fn door(room: &str) -> Device {
    Blank::new(room, "door", "Front door", Kind::Door, 10, 30).tells(Role::Contact).0
}

fn motion(room: &str) -> Device {
    Blank::new(room, "motion", "Motion sensor", Kind::Motion, 84, 84).tells(Role::Motion).0
}

fn plug(room: &str) -> Device {
    Blank::new(room, "plug", "Smart plug", Kind::Plug, 78, 24)
        .tells(Role::Switch)
        .tells_at(Role::Power, format!("home/{room}/plug/power"))
        .obeys(Role::Switch)
        .0
}

fn smoke_alarm(room: &str) -> Device {
    Blank::new(room, "smoke", "Smoke alarm", Kind::SmokeAlarm, 80, 92).tells(Role::Smoke).0
}

fn hub(room: &str) -> Device {
    Blank::new(room, "hub", "Hub", Kind::Hub, 50, 18)
        .tells_at(Role::Plan, PLAN_TOPIC.to_owned())
        .tells_at(Role::Clock, CLOCK_TOPIC.to_owned())
        .0
}

/// A device that has no topics yet but that of its status.
struct Blank(Device);

impl Blank {
    fn new(room: &str, thing: &str, name: &str, kind: Kind, x: u8, y: u8) -> Self {
        Self(Device {
            id: format!("sim-{room}-{thing}"),
            name: name.to_owned(),
            room: room.to_owned(),
            kind,
            position: Position { x, y },
            status: format!("home/{room}/{thing}/status"),
            values: Vec::new(),
            controls: Vec::new(),
            links: Vec::new(),
        })
    }

    /// `home/hall/light` of `home/hall/light/status`.
    fn base(&self) -> String {
        self.0.status.trim_end_matches("/status").to_owned()
    }

    fn tells(self, role: Role) -> Self {
        let topic = format!("{}/state", self.base());
        self.tells_at(role, topic)
    }

    fn tells_at(mut self, role: Role, topic: String) -> Self {
        self.0.values.push(Value { role, topic });
        self
    }

    fn obeys(self, role: Role) -> Self {
        let topic = format!("{}/set", self.base());
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The page's tests read the house from this file.
    const FIXTURE: &str = include_str!("../fixtures/plan.json");

    #[test]
    fn the_plan_is_the_one_in_the_fixture() {
        let plan = plan();
        let pretty = serde_json::to_string_pretty(&plan).unwrap() + "\n";
        assert!(pretty == FIXTURE, "the plan changed; put this into fixtures/plan.json:\n{pretty}");
        assert_eq!(Plan::from_json(plan.to_json().as_bytes()).unwrap(), plan);
    }

    #[test]
    fn no_two_devices_share_an_id_or_a_topic_that_they_tell() {
        let plan = plan();
        let ids: BTreeSet<_> = plan.devices.iter().map(|device| &device.id).collect();
        assert_eq!(ids.len(), plan.devices.len());
        let told = plan.devices.iter().flat_map(|device| {
            device.values.iter().map(|value| &value.topic).chain(std::iter::once(&device.status))
        });
        let told: Vec<_> = told.collect();
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
    }

    #[test]
    fn every_command_link_leads_to_a_control_and_every_followed_topic_is_told() {
        let plan = plan();
        for link in plan.devices.iter().flat_map(|device| &device.links) {
            let found = plan.devices.iter().any(|device| match link.direction {
                Direction::Follows => device.values.iter().any(|value| value.topic == link.topic),
                Direction::Commands => device.controls.iter().any(|control| control.topic == link.topic),
            });
            assert!(found, "{}", link.topic);
        }
    }
}
