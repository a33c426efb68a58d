//! The house that a home is when nobody has changed it.

use crate::blueprint::{Blueprint, Fitting};
use crate::plan::{DeviceKind as Kind, Plan, Position, Room};

/// The Lacewing house: six rooms on two floors, and one device of each kind at least.
pub fn blueprint() -> Blueprint {
    let rooms = vec![
        room("hall", "Hall", 0, 0, 1),
        room("livingroom", "Living room", 0, 1, 2),
        room("kitchen", "Kitchen", 0, 3, 1),
        room("bathroom", "Bathroom", 1, 0, 1),
        room("bedroom", "Bedroom", 1, 1, 2),
        room("study", "Study", 1, 3, 1),
    ];
    let devices = rooms.iter().flat_map(|room| devices(&room.id)).collect();
    Blueprint { version: Blueprint::VERSION, name: "Lacewing house".to_owned(), rooms, devices }
}

/// The plan of the Lacewing house.
pub fn plan() -> Plan {
    blueprint().plan()
}

fn room(id: &str, name: &str, floor: i8, column: u8, width: u8) -> Room {
    Room { id: id.to_owned(), name: name.to_owned(), floor, column, width }
}

fn devices(room: &str) -> Vec<Fitting> {
    let fitting = |thing: &str, name: &str, kind, x, y| Fitting {
        id: format!("sim-{room}-{thing}"),
        kind,
        name: name.to_owned(),
        room: room.to_owned(),
        position: Position { x, y },
        handed_to: None,
    };
    let mut devices = vec![
        fitting("sensor", "Sensor", Kind::Sensor, 12, 55),
        fitting("light", "Light", Kind::Light, 50, 92),
    ];
    devices.extend(match room {
        "hall" => vec![
            fitting("hub", "Hub", Kind::Hub, 50, 18),
            fitting("door", "Front door", Kind::Door, 10, 30),
            fitting("doorbell", "Doorbell", Kind::Doorbell, 40, 44),
            fitting("motion", "Motion sensor", Kind::Motion, 84, 84),
        ],
        "livingroom" => vec![
            fitting("thermostat", "Thermostat", Kind::Thermostat, 30, 55),
            fitting("radiator", "Radiator", Kind::Radiator, 84, 12),
            fitting("airconditioner", "Air conditioner", Kind::AirConditioner, 16, 86),
            fitting("window", "Window", Kind::Window, 84, 58),
        ],
        "kitchen" => vec![
            fitting("plug", "Smart plug", Kind::Plug, 78, 24),
            fitting("smoke", "Smoke alarm", Kind::SmokeAlarm, 80, 92),
            fitting("chime", "Chime", Kind::Chime, 42, 60),
        ],
        "bathroom" => vec![
            fitting("fan", "Fan", Kind::Fan, 80, 80),
            fitting("leak", "Leak sensor", Kind::LeakSensor, 60, 6),
        ],
        "bedroom" => vec![fitting("blind", "Blind", Kind::Blind, 84, 58)],
        _ => Vec::new(),
    });
    devices
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::plan::Direction;

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
