//! The plan of the house: what the retained message on [`PLAN_TOPIC`] says, and all that a page needs to draw it.

use serde::{Deserialize, Serialize};

/// Where the plan is kept as a retained message, as JSON.
pub const PLAN_TOPIC: &str = "lacewing/home/plan";

/// Where the house clock is kept as a retained message, as the JSON of a [`Clock`].
pub const CLOCK_TOPIC: &str = "lacewing/home/clock";

/// Where the cat is, as a retained message: a [`Room::id`].
pub const CAT_TOPIC: &str = "lacewing/home/cat";

/// Where the scene is kept as a retained message: [`Scene::word`].
pub const SCENE_TOPIC: &str = "home/scene/state";

/// The version of the plan's form that this crate writes.
pub const PLAN_VERSION: u16 = 2;

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
    /// Whether who published it simulates the devices, but for those that were handed over.
    #[serde(default)]
    pub simulated: bool,
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
    /// What it tells: topics that it publishes.
    #[serde(default)]
    pub values: Vec<Value>,
    /// What it can be told: topics that it subscribes to for its own control.
    #[serde(default)]
    pub controls: Vec<Control>,
    /// What else it does with MQTT, such as a thermostat that follows a sensor and commands a radiator.
    #[serde(default)]
    pub links: Vec<Link>,
    /// The Client Identifier of the real client that has taken this device's part; `None` while the home simulates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<String>,
}

impl Device {
    /// The Client Identifier of who is this device at the broker.
    pub fn client_id(&self) -> &str {
        self.handed_to.as_deref().unwrap_or(&self.id)
    }

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
    /// Tells that somebody is at the door.
    Doorbell,
    /// Rings when a doorbell says so, and counts.
    Chime,
    /// Tells whether there is water on the floor.
    LeakSensor,
    /// A blind with a motor.
    Blind,
    /// Takes the air of a room outside.
    Fan,
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
    /// `ON` or `OFF`: a lamp, a socket, a fan.
    Switch,
    /// `ON` while open: a door.
    Contact,
    /// As a value `open` or `closed`; as a control `OPEN` or `CLOSE`, for a blind also `STOP`: a window, a blind.
    Opening,
    /// How far a blind is open, in whole percent: `0` to `100`.
    Position,
    /// `ON` while somebody moves.
    Motion,
    /// Watts with one decimal: `86.5`.
    Power,
    /// `ON` while there is smoke.
    Smoke,
    /// `ON` while there is water.
    Leak,
    /// A doorbell is pressed: [`RING`]. It happens and is over, so it is not retained.
    Ring,
    /// Presses a doorbell: `PRESS`.
    Press,
    /// How often a chime rang since it has power: `3`.
    Count,
    /// The [`Room::id`] of the room where the cat is, or is to go.
    Cat,
    /// A [`Scene`] by its [word](Scene::word).
    Scene,
    /// The JSON of a [`Plan`].
    Plan,
    /// The JSON of a [`Clock`].
    Clock,
}

impl Role {
    /// Whether the broker keeps the last value. A ring that came late would be a lie.
    pub fn is_retained(self) -> bool {
        self != Self::Ring
    }
}

/// What a doorbell says, as Home Assistant's event entity reads it.
pub const RING: &str = r#"{"event_type":"press"}"#;

/// A time of the day that the whole house is made ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Seven o'clock: the rooms are to be warm, the blinds open.
    Morning,
    /// Half past ten: lights out, the rooms may cool, the blinds close.
    Night,
}

impl Scene {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Morning, Self::Night];

    /// As it stands in payloads.
    pub fn word(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Night => "night",
        }
    }

    /// When it begins, in seconds since midnight.
    pub fn second_of_day(self) -> u32 {
        match self {
            Self::Morning => 7 * 3600,
            Self::Night => 22 * 3600 + 1800,
        }
    }
}

/// A topic that a device publishes, retained unless [the role](Role::is_retained) says otherwise.
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
