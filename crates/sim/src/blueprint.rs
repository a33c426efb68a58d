//! What a home is made from: its rooms and its devices, and nothing that follows from them.

mod check;
mod edit;
mod library;
mod topics;

use serde::{Deserialize, Serialize};

pub use check::Flaw;
pub use edit::{Edit, EditError};
pub use library::{LIBRARY, Offer};

use crate::plan::{DeviceKind, PLAN_VERSION, Plan, Position, Room};

/// A home as it is kept, exported and imported. Everything else about it (topics, discovery, physics) follows from this.
///
/// Ids are made once and stay: neither a new name nor another room changes an id or a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blueprint {
    /// The version of this form, [`Blueprint::VERSION`].
    pub version: u16,
    /// The name of the house, for people.
    pub name: String,
    /// The rooms, from the ground floor up and from left to right.
    pub rooms: Vec<Room>,
    /// The devices, one of them the hub.
    pub devices: Vec<Fitting>,
}

/// A device as it is built into a home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fitting {
    /// Its Client Identifier, `sim-hall-light`; its topics begin with `home/hall/light/`.
    pub id: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Its name for people, without the room.
    pub name: String,
    /// The [`Room::id`] it is in.
    pub room: String,
    /// Where it is drawn.
    pub position: Position,
    /// The Client Identifier of the real client that has taken its part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<String>,
}

impl Blueprint {
    /// The version of the form that this crate writes, and the newest it reads.
    pub const VERSION: u16 = 1;
    /// The most rooms.
    pub const ROOMS: usize = 40;
    /// The most devices.
    pub const DEVICES: usize = 200;
    /// The most characters of a name.
    pub const NAME: usize = 40;
    /// The most floors.
    pub const FLOORS: usize = 5;
    /// The most columns of a floor.
    pub const COLUMNS: u8 = 8;
    /// The longest file of a home, in bytes.
    pub const FILE: usize = 256 * 1024;

    /// Reads a home's file. Its rooms are moved together where there are gaps between them.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, Flaw> {
        if text.len() > Self::FILE {
            return Err(Flaw::TooLong);
        }
        let mut blueprint: Self =
            serde_json::from_str(text).map_err(|error| Flaw::NotAHome(error.to_string()))?;
        blueprint.pack();
        blueprint.check()?;
        Ok(blueprint)
    }

    /// The home's file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The plan that follows: the same rooms, and every device with its topics.
    pub fn plan(&self) -> Plan {
        let in_room = |room| self.devices.iter().filter(move |fitting| fitting.room == room);
        let fittings = self.rooms.iter().flat_map(|room| in_room(room.id.clone()));
        Plan {
            version: PLAN_VERSION,
            name: self.name.clone(),
            rooms: self.rooms.clone(),
            devices: fittings.map(|fitting| topics::device(self, fitting)).collect(),
            simulated: true,
        }
    }

    /// The device with this id.
    pub fn device(&self, id: &str) -> Option<&Fitting> {
        self.devices.iter().find(|fitting| fitting.id == id)
    }

    /// The room with this id.
    pub fn room(&self, id: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| room.id == id)
    }

    /// Closes the gaps between floors, and between the rooms of each floor, and puts the rooms in order.
    fn pack(&mut self) {
        self.rooms.sort_by_key(|room| (room.floor, room.column));
        let (mut floor, mut column, mut last) = (-1, 0_u8, None);
        for room in &mut self.rooms {
            if last != Some(room.floor) {
                last = Some(room.floor);
                floor += 1;
                column = 0;
            }
            room.floor = i8::try_from(floor).unwrap_or(i8::MAX);
            room.column = column;
            column = column.saturating_add(room.width);
        }
    }
}
