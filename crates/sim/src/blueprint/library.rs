use crate::plan::{DeviceKind as Kind, Position};

/// A kind of device that can be added to a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// What it is.
    pub kind: Kind,
    /// The name a new one has.
    pub name: &'static str,
    /// What it does, in a line.
    pub does: &'static str,
    /// What its id and topics call it.
    pub(super) thing: &'static str,
    /// Where a new one is drawn.
    pub(super) position: Position,
}

/// Every kind of device that can be added: all but the hub, of which each house has one.
pub const LIBRARY: &[Offer] = &[
    offer(Kind::Light, "Light", "light", (50, 92), "A lamp that can be switched."),
    offer(Kind::Sensor, "Sensor", "sensor", (12, 55), "Measures temperature and humidity."),
    offer(
        Kind::Thermostat,
        "Thermostat",
        "thermostat",
        (30, 55),
        "Holds its room at a set-point: follows the room's sensor, commands what heats and cools there.",
    ),
    offer(Kind::Radiator, "Radiator", "radiator", (84, 12), "Heats as much as it is told."),
    offer(
        Kind::AirConditioner,
        "Air conditioner",
        "airconditioner",
        (16, 86),
        "Cools as much as it is told.",
    ),
    offer(Kind::Window, "Window", "window", (84, 58), "Opens and closes; an open one lets the heat out."),
    offer(Kind::Blind, "Blind", "blind", (58, 58), "Goes up and down, and tells how far it is open."),
    offer(Kind::Fan, "Fan", "fan", (66, 86), "Takes damp air outside."),
    offer(Kind::Plug, "Smart plug", "plug", (78, 24), "A socket that can be switched and measures power."),
    offer(Kind::Doorbell, "Doorbell", "doorbell", (28, 44), "Publishes a message when somebody presses it."),
    offer(Kind::Chime, "Chime", "chime", (42, 72), "Rings for every doorbell of the house, and counts."),
    offer(Kind::Door, "Door", "door", (10, 30), "Tells whether it is open."),
    offer(Kind::Motion, "Motion sensor", "motion", (84, 84), "Sees the cat."),
    offer(Kind::SmokeAlarm, "Smoke alarm", "smoke", (80, 92), "Tells whether there is smoke."),
    offer(Kind::LeakSensor, "Leak sensor", "leak", (40, 6), "Tells whether there is water on the floor."),
];

const fn offer(
    kind: Kind,
    name: &'static str,
    thing: &'static str,
    (x, y): (u8, u8),
    does: &'static str,
) -> Offer {
    Offer { kind, name, does, thing, position: Position { x, y } }
}

impl Offer {
    /// The offer of this kind; none of the hub.
    pub fn of(kind: Kind) -> Option<&'static Self> {
        LIBRARY.iter().find(|offer| offer.kind == kind)
    }
}
