//! The house as the page draws it.

use serde::{Deserialize, Serialize};

use super::TrafficRow;

/// The house: its rooms and what is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseView {
    /// What the drawing was made from.
    pub source: HouseSource,
    /// The home's name.
    pub name: String,
    /// House seconds that pass in a second, when its clock tells; 0 while it stands still.
    pub speed: Option<u16>,
    /// The temperature outside, when a device tells.
    pub outside: Option<Reading>,
    /// The id of the room where the cat is; `None` in a house without one.
    pub cat: Option<String>,
    /// What the house was made ready for last, "morning" or "night"; `None` where it cannot be.
    pub scene: Option<String>,
    /// Its rooms, from the ground floor up and from left to right.
    pub rooms: Vec<RoomView>,
    /// The phone app's screen.
    pub phone: PhoneView,
    /// The latest delivery in one sentence, and before it the last ones, newest first: at most [`HouseView::CAPTIONS`].
    pub captions: Vec<Caption>,
    /// Messages since the last view, at most twelve: the beads to send on their way.
    pub beads: Vec<Bead>,
    /// How many messages a second clients send and get that have too many for beads, by client id.
    pub busy: Vec<(String, u32)>,
    /// What the broker passed on last, newest first, at most five.
    pub passed: Vec<Passed>,
    /// Real clients that are no device of the house, where the broker tells, at most [`HouseView::PASSERS`].
    pub pavement: Vec<Passer>,
    /// How many more there are.
    pub more_passers: u32,
    /// The card that is open.
    pub detail: Option<DeviceDetail>,
}

impl HouseView {
    /// The most clients on the pavement.
    pub const PASSERS: usize = 6;
    /// The most sentences.
    pub const CAPTIONS: usize = 21;

    /// Whether somebody waits for an answer of a device in it.
    pub fn is_asked(&self) -> bool {
        self.rooms.iter().any(RoomView::is_asked)
    }
}

/// What a drawing is made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HouseSource {
    /// No message that describes a house has come yet.
    #[default]
    Nothing,
    /// Areas suggested by discovery; no plan.
    Discovery,
    /// The retained plan.
    Plan,
}

/// One room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomView {
    /// Its id, as in topics.
    pub id: String,
    /// Its name.
    pub name: String,
    /// 0 is the ground floor, 1 the floor above.
    pub floor: i8,
    /// Its place on the floor, 0 the leftmost.
    pub column: u8,
    /// How many columns it spans, at least 1.
    pub width: u8,
    /// What its temperature sensor says.
    pub temperature: Option<Reading>,
    /// The colour that goes with it.
    pub warmth: Warmth,
    /// Its devices, as the plan lists them.
    pub devices: Vec<DeviceView>,
}

impl RoomView {
    /// Whether somebody waits for an answer of a device in it.
    pub fn is_asked(&self) -> bool {
        self.devices.iter().any(|device| device.asked.is_some())
    }
}

/// How warm a room is, in the five steps of the drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warmth {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Up to 17 °C.
    Cold,
    /// Up to 19 °C.
    Cool,
    /// Up to 21 °C.
    Mild,
    /// Up to 23 °C.
    Warm,
    /// Above 23 °C.
    Hot,
}

/// A value as a device published it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The value as text, "20.4".
    pub value: String,
    /// Its unit, "°C"; empty when it has none.
    pub unit: String,
    /// Whether the device that said it is offline or overdue.
    pub stale: bool,
}

/// One device in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is drawn.
    pub kind: DeviceKind,
    /// Where in its room.
    pub position: Position,
    /// Whether it belongs to the simulated home.
    pub simulated: bool,
    /// The client id of the real client that has taken its part.
    pub handed_to: Option<String>,
    /// Whether it is connected.
    pub presence: Presence,
    /// What it shows.
    pub shown: Shown,
    /// A change that was asked for and not yet confirmed by the state message.
    pub asked: Option<Asked>,
}

/// What a device is drawn as, and where in its room.
pub use lacewing_sim::plan::{DeviceKind, Position};

/// A change that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What was asked.
    pub control: Control,
    /// After three seconds without an answer: why none came, as far as it can be known.
    pub why: Option<String>,
}

/// Whether a device is connected, by its own status topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// It has said nothing of it.
    #[default]
    Unknown,
    /// It said online.
    Online,
    /// It, or its will, said offline.
    Offline,
}

/// What a device shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// Nothing has come from it.
    Nothing,
    /// A value.
    Value(Reading),
    /// On or off.
    Switch {
        /// Its state, when it has said it.
        on: Option<bool>,
        /// A value beside it, such as a plug's power.
        reading: Option<Reading>,
        /// Whether it can be switched over MQTT.
        settable: bool,
    },
    /// Open or closed, or any other yes and no.
    Contact {
        /// Its state, when it has said it.
        active: Option<bool>,
        /// The word for it: "open", "clear", "smoke".
        word: String,
        /// Whether it can be set over MQTT, as a window with a motor can.
        settable: bool,
    },
    /// A blind.
    Cover {
        /// How far it is open, 0 to 100, when it has said it.
        position: Option<u8>,
        /// Whether it can be set over MQTT.
        settable: bool,
    },
    /// A doorbell.
    Bell {
        /// When it rang last, as this page heard it: "4 s ago".
        rang: Option<String>,
        /// Whether it can be pressed over MQTT.
        settable: bool,
    },
    /// A thermostat.
    Climate {
        /// What it measures or was told.
        current: Option<Reading>,
        /// The set-point in tenths of a degree.
        target: Option<i32>,
        /// Lowest and highest set-point in tenths of a degree.
        range: (i32, i32),
        /// The smallest change in tenths of a degree.
        step: i32,
        /// "heating", "cooling", "idle".
        action: Option<String>,
    },
}

/// What a control asks of its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    /// Be on or off.
    Switch(bool),
    /// Be open or closed.
    Open(bool),
    /// Hold this temperature, in tenths of a degree.
    Target(i32),
    /// Be open so far, 0 to 100.
    Position(u8),
    /// Ring.
    Press,
}

impl Control {
    /// What is asked for: "on", "closed", "21.5 °C".
    pub fn wanted(self) -> String {
        match self {
            Self::Switch(true) => "on".into(),
            Self::Switch(false) => "off".into(),
            Self::Open(true) => "open".into(),
            Self::Open(false) => "closed".into(),
            Self::Target(tenths) => format!("{} °C", tenths_text(tenths)),
            Self::Position(percent) => format!("{percent} %"),
            Self::Press => "ring".into(),
        }
    }
}

/// Tenths as a decimal number: "21", "21.5".
pub fn tenths_text(tenths: i32) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, part) = (tenths.abs() / 10, tenths.abs() % 10);
    if part == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// How a simulated device stands.
pub use lacewing_control::DevicePower as Power;

/// The phone app: an MQTT client like any other, drawn as a phone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneView {
    /// Its client id at the broker.
    pub client_id: String,
    /// Whether it is connected.
    pub connected: bool,
    /// The room it reads: the first with a thermostat.
    pub room: Option<String>,
    /// The devices whose controls it shows, by id: the thermostat first, then lights and plugs.
    pub devices: Vec<String>,
}

/// A delivery, told in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// Changes with every caption.
    pub number: u64,
    /// When the message came: milliseconds since 1970.
    pub at: u64,
    /// The sentence, or two.
    pub text: String,
    /// The topic it is about.
    pub topic: String,
}

/// A message to be drawn on its way through the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bead {
    /// Changes with every bead.
    pub number: u64,
    /// The client it comes from; `None` for the broker itself.
    pub from: Option<String>,
    /// The clients it goes to, as far as they are drawn.
    pub to: Vec<String>,
}

/// A topic on which the broker passed a message on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The topic name.
    pub topic: String,
    /// How many clients got it, where the broker tells.
    pub receivers: Option<u32>,
}

/// A real client, on the pavement before the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passer {
    /// Its client id.
    pub client_id: String,
    /// How it went, while it is shown as just left.
    pub left: Option<String>,
    /// Whether it belongs to a page, in another browser.
    pub page: bool,
}

/// A device's card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceDetail {
    /// The device.
    pub device: DeviceView,
    /// The name of its room.
    pub room: String,
    /// Its presence in words: "connected, heard 4 s ago, keep-alive 30 s".
    pub presence: String,
    /// What it publishes.
    pub publishes: Vec<TopicRow>,
    /// What it listens to.
    pub listens: Vec<TopicRow>,
    /// Its will as a sentence.
    pub will: Option<String>,
    /// The last messages from it and to it, newest first.
    pub last: Vec<TrafficRow>,
    /// Its session as the broker sees it, a line each; `Err` says why that is not known.
    pub session: Result<Vec<String>, String>,
    /// How it is powered; `Err` says why that cannot be changed from here.
    pub power: Result<Power, String>,
    /// Seconds until the broker publishes its will, while its cable is cut.
    pub will_in: Option<u32>,
    /// The real client that publishes what it publishes, and the topic they share.
    pub rival: Option<(String, String)>,
}

/// A topic with the last value seen on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicRow {
    /// The topic name or filter.
    pub topic: String,
    /// The last payload in one line.
    pub value: Option<String>,
    /// "4 s ago".
    pub age: String,
    /// Whether the broker keeps it.
    pub retained: bool,
}
