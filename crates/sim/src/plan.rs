//! The plan of the house: what the retained message on [`PLAN_TOPIC`] says, and all that a page needs to draw it.

use serde::{Deserialize, Serialize};

/// Where the plan is kept as a retained message, as JSON.
pub const PLAN_TOPIC: &str = "lacewing/home/plan";

/// Where the house clock is kept as a retained message, as the JSON of a [`Clock`].
pub const CLOCK_TOPIC: &str = "lacewing/home/clock";

/// The version of the plan's form that this crate writes.
pub const PLAN_VERSION: u16 = 1;

/// A house: its rooms, and the devices in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this form, [`PLAN_VERSION`]. A reader leaves a plan with a higher one alone.
    pub version: u16,
    /// The name of the house, for people.
    pub name: String,
    /// The rooms, from the ground floor up and from left to right.
    pub rooms: Vec<Room>,
    /// The devices, those of a room together.
    pub devices: Vec<Device>,
}

impl Plan {
    /// Reads a plan as it is published.
    ///
    /// # Errors
    /// The payload is not the JSON of a plan.
    pub fn from_json(payload: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(payload)
    }

    /// The plan as it is published.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The device with this id.
    pub fn device(&self, id: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == id)
    }

    /// The room with this id.
    pub fn room(&self, id: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| room.id == id)
    }
}

/// One room of the section drawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its level in topics: `livingroom` in `home/livingroom/temperature`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// 0 is the ground floor, 1 the floor above.
    pub floor: i8,
    /// Its place on the floor, 0 the leftmost.
    pub column: u8,
    /// How many columns it spans.
    pub width: u8,
}

/// One device, which is one MQTT client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its Client Identifier, and its id in Home Assistant's discovery.
    pub id: String,
    /// Its name for people, without the room.
    pub name: String,
    /// The [`Room::id`] it is in.
    pub room: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Where it is drawn.
    pub position: Position,
    /// The topic of its will: `online` or `offline`, retained.
    pub status: String,
    /// What it tells: retained topics that it publishes.
    #[serde(default)]
    pub values: Vec<Value>,
    /// What it can be told: topics that it subscribes to for its own control.
    #[serde(default)]
    pub controls: Vec<Control>,
    /// What else it does with MQTT, such as a thermostat that follows a sensor and commands a radiator.
    #[serde(default)]
    pub links: Vec<Link>,
}

impl Device {
    /// The value in this role.
    pub fn value(&self, role: Role) -> Option<&Value> {
        self.values.iter().find(|value| value.role == role)
    }

    /// The control in this role.
    pub fn control(&self, role: Role) -> Option<&Control> {
        self.controls.iter().find(|control| control.role == role)
    }
}

/// What a device is, and so how it is drawn and handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// Measures temperature and humidity.
    Sensor,
    /// Holds a room at its set-point.
    Thermostat,
    /// Heats on demand.
    Radiator,
    /// Cools on demand.
    AirConditioner,
    /// A lamp.
    Light,
    /// A window that can be opened and closed.
    Window,
    /// Tells whether a door is open.
    Door,
    /// Tells whether somebody moves.
    Motion,
    /// A socket that can be switched and measures power.
    Plug,
    /// Tells whether there is smoke.
    SmokeAlarm,
    /// Keeps the plan and the clock of the house.
    Hub,
}

/// Where a device is drawn in its room, in hundredths of the room's width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// From the left wall, 0 to 100.
    pub x: u8,
    /// Above the floor, 0 to 100.
    pub y: u8,
}

/// What a topic of a device means, and so how its payload reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Degrees Celsius with one decimal: `20.4`.
    Temperature,
    /// Relative humidity in whole percent: `47`.
    Humidity,
    /// A set-point in degrees Celsius: `21` or `21.5`.
    SetPoint,
    /// `off`, `heat`, `cool` or `auto`.
    Mode,
    /// The JSON of a [`ThermostatState`].
    Thermostat,
    /// How much heat or cold is asked for or given, in whole percent: `0` to `100`.
    Demand,
    /// `ON` or `OFF`: a lamp, a socket.
    Switch,
    /// `ON` while open: a door.
    Contact,
    /// As a value `open` or `closed`; as a control `OPEN` or `CLOSE`: a window.
    Opening,
    /// `ON` while somebody moves.
    Motion,
    /// Watts with one decimal: `86.5`.
    Power,
    /// `ON` while there is smoke.
    Smoke,
    /// The JSON of a [`Plan`].
    Plan,
    /// The JSON of a [`Clock`].
    Clock,
}

/// A retained topic that a device publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// How the payload reads.
    pub role: Role,
    /// The topic.
    pub topic: String,
}

/// A topic by which a device is told what to do. Commands are not retained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// How the payload reads.
    pub role: Role,
    /// The topic.
    pub topic: String,
}

/// A topic that ties a device to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Which way messages go.
    pub direction: Direction,
    /// How the payload reads.
    pub role: Role,
    /// The topic.
    pub topic: String,
}

/// Which way messages of a [`Link`] go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The device subscribes to the topic.
    Follows,
    /// The device publishes to the topic, which is another's control.
    Commands,
}

/// What a thermostat tells, in the terms of Home Assistant's climate entity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ThermostatState {
    /// What it may do.
    pub mode: Mode,
    /// The temperature that it holds, in degrees Celsius.
    pub setpoint: f64,
    /// What it is doing.
    pub action: Action,
    /// How much heat or cold it asks for, 0 to 100.
    pub demand: u8,
}

/// What a thermostat may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing.
    Off,
    /// Heat.
    Heat,
    /// Cool.
    Cool,
    /// Heat or cool as needed.
    Auto,
}

/// What a thermostat is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is switched off.
    Off,
    /// The room is as it should be, or there is no reading to go by.
    Idle,
    /// It calls for heat.
    Heating,
    /// It calls for cold.
    Cooling,
}

/// The house clock as last published; a reader lets it run on at `speed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Seconds since midnight, local time of the house.
    pub second_of_day: u32,
    /// House seconds that pass in one second of everybody else's; 0 when it stands still.
    pub speed: u16,
    /// The outside temperature in degrees Celsius.
    pub outside: f64,
}
