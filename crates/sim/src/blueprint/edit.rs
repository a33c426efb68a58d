use std::iter;

use serde::{Deserialize, Serialize};

use super::check::check_name;
use super::{Blueprint, Fitting, Flaw, Offer, topics};
use crate::house;
use crate::plan::{DeviceKind, Position, Room};

/// A change of a home. Ids and topics stay when a name or a room changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// Gives the house another name.
    Rename {
        /// The new one.
        name: String,
    },
    /// Adds a room at the right end of a floor; of a new one on top, if there is no such floor.
    AddRoom {
        /// Its name; its id is made of it.
        name: String,
        /// 0 is the ground floor.
        floor: u8,
    },
    /// Gives a room another name.
    RenameRoom {
        /// Its id.
        room: String,
        /// The new name.
        name: String,
    },
    /// Removes a room and the devices in it.
    RemoveRoom {
        /// Its id.
        room: String,
    },
    /// Adds a device to a room.
    AddDevice {
        /// The room's id.
        room: String,
        /// What it is.
        kind: DeviceKind,
        /// Its name; empty for the one in the library.
        name: String,
    },
    /// Gives a device another name.
    RenameDevice {
        /// Its id.
        device: String,
        /// The new name.
        name: String,
    },
    /// Brings a device to another room.
    MoveDevice {
        /// Its id.
        device: String,
        /// The other room's id.
        room: String,
    },
    /// Removes a device.
    RemoveDevice {
        /// Its id.
        device: String,
    },
    /// Puts another home in place of this one: an import, or an undo. What both have stays as it is.
    Replace {
        /// A home's file: [`Blueprint::to_json`].
        home: String,
    },
    /// Starts again with the Lacewing house.
    Reset,
}

/// Why a home is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The home would not be one.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// There is no such room.
    #[error("There is no room {0:?} in the house.")]
    NoRoom(String),
    /// There is no such device.
    #[error("There is no device {0:?} in the house.")]
    NoDevice(String),
    /// The hub cannot be removed, added or handed over.
    #[error("The hub stays: it keeps the plan of the house, which has one.")]
    HubStays,
    /// Too much is being removed at this moment.
    #[error("The last changes are still on their way to the broker: try again in half a minute.")]
    Busy,
    /// The hub's room cannot be removed.
    #[error("The hub is in this room: move it to another one first.")]
    HubLivesHere,
}

impl Blueprint {
    /// The home with this change.
    ///
    /// # Errors
    /// [`EditError`] says in a sentence why it cannot be.
    pub fn edited(&self, edit: &Edit) -> Result<Self, EditError> {
        let mut next = self.clone();
        match edit {
            Edit::Rename { name } => next.name = tidy(name)?,
            Edit::AddRoom { name, floor } => next.add_room(name, *floor)?,
            Edit::RenameRoom { room, name } => next.room_mut(room)?.name = tidy(name)?,
            Edit::RemoveRoom { room } => next.remove_room(room)?,
            Edit::AddDevice { room, kind, name } => next.add_device(room, *kind, name)?,
            Edit::RenameDevice { device, name } => next.device_mut(device)?.name = tidy(name)?,
            Edit::MoveDevice { device, room } => next.move_device(device, room)?,
            Edit::RemoveDevice { device } => next.remove_device(device)?,
            Edit::Replace { home } => next = Self::from_json(home)?,
            Edit::Reset => next = house::blueprint(),
        }
        next.pack();
        next.check()?;
        Ok(next)
    }

    /// The home in which a real client has taken a device's part, or nobody has any more.
    ///
    /// # Errors
    /// [`EditError`] says in a sentence why it cannot be.
    pub fn handed_over(&self, device: &str, to: Option<&str>) -> Result<Self, EditError> {
        let mut next = self.clone();
        let fitting = next.device_mut(device)?;
        if fitting.kind == DeviceKind::Hub {
            return Err(EditError::HubStays);
        }
        fitting.handed_to = to.map(str::to_owned);
        next.check()?;
        Ok(next)
    }

    fn add_room(&mut self, name: &str, floor: u8) -> Result<(), EditError> {
        let name = tidy(name)?;
        let floor = i8::try_from(floor).unwrap_or(i8::MAX);
        let column = self.rooms.iter().filter(|room| room.floor == floor).count();
        let column = u8::try_from(column).unwrap_or(u8::MAX).saturating_mul(Self::COLUMNS);
        let taken = |id: &str| {
            // An id of a former room may live on in its devices, which were moved.
            self.room(id).is_some()
                || self
                    .devices
                    .iter()
                    .any(|device| topics::parts(&device.id).is_some_and(|parts| parts.0 == id))
        };
        let id = free(&slug(&name), taken);
        self.rooms.push(Room { id, name, floor, column, width: 1 });
        Ok(())
    }

    fn remove_room(&mut self, id: &str) -> Result<(), EditError> {
        self.room_mut(id)?;
        if self.devices.iter().any(|device| device.room == id && device.kind == DeviceKind::Hub) {
            return Err(EditError::HubLivesHere);
        }
        self.rooms.retain(|room| room.id != id);
        self.devices.retain(|device| device.room != id);
        Ok(())
    }

    fn add_device(&mut self, room: &str, kind: DeviceKind, name: &str) -> Result<(), EditError> {
        self.room_mut(room)?;
        let offer = Offer::of(kind).ok_or(EditError::HubStays)?;
        let name = match name.trim() {
            "" => self.unused_name(room, offer.name),
            name => tidy(name)?,
        };
        let thing = free(offer.thing, |thing| self.device(&format!("sim-{room}-{thing}")).is_some());
        let position = self.place(room, offer.position);
        let id = format!("sim-{room}-{thing}");
        self.devices.push(Fitting { id, kind, name, room: room.to_owned(), position, handed_to: None });
        Ok(())
    }

    /// `name`, or with the first number that makes it another than those of the room.
    fn unused_name(&self, room: &str, name: &str) -> String {
        let taken = |name: &str| self.devices.iter().any(|device| device.room == room && device.name == name);
        let numbered = (2..).map(|number: u32| format!("{name} {number}"));
        iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    fn move_device(&mut self, id: &str, room: &str) -> Result<(), EditError> {
        self.room_mut(room)?;
        let position = self.device_mut(id)?.position;
        let position = self.place(room, position);
        let fitting = self.device_mut(id)?;
        room.clone_into(&mut fitting.room);
        fitting.position = position;
        Ok(())
    }

    fn remove_device(&mut self, id: &str) -> Result<(), EditError> {
        if self.device_mut(id)?.kind == DeviceKind::Hub {
            return Err(EditError::HubStays);
        }
        self.devices.retain(|device| device.id != id);
        Ok(())
    }

    /// The first place beside `wanted` where nothing else stands.
    fn place(&self, room: &str, wanted: Position) -> Position {
        let here = || self.devices.iter().filter(|device| device.room == room);
        let stands = |x: u8| {
            here()
                .any(|device| device.position.y.abs_diff(wanted.y) < 10 && device.position.x.abs_diff(x) < 10)
        };
        let places = (0..7_u8).map(|step| (wanted.x + 14 * step - 8) % 88 + 8);
        let x = std::iter::once(wanted.x).chain(places).find(|&x| !stands(x));
        Position { x: x.unwrap_or(wanted.x), ..wanted }
    }

    fn room_mut(&mut self, id: &str) -> Result<&mut Room, EditError> {
        let room = self.rooms.iter_mut().find(|room| room.id == id);
        room.ok_or_else(|| EditError::NoRoom(id.to_owned()))
    }

    fn device_mut(&mut self, id: &str) -> Result<&mut Fitting, EditError> {
        let device = self.devices.iter_mut().find(|device| device.id == id);
        device.ok_or_else(|| EditError::NoDevice(id.to_owned()))
    }
}

fn tidy(name: &str) -> Result<String, Flaw> {
    let name = name.trim();
    check_name(name)?;
    Ok(name.to_owned())
}

/// What a topic calls something of this name.
fn slug(name: &str) -> String {
    let plain = name.chars().map(|letter| letter.to_ascii_lowercase()).filter(char::is_ascii_alphanumeric);
    // Room for a number behind it.
    let slug: String = plain.take(topics::SLUG - 4).collect();
    if slug.is_empty() { "room".to_owned() } else { slug }
}

/// `word`, or the first of `word2`, `word3`, … that is not taken.
fn free(word: &str, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number: u32| format!("{word}{number}"));
    iter::once(word.to_owned()).chain(numbered).find(|word| !taken(word)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(edits: &[Edit]) -> Blueprint {
        edits.iter().fold(house::blueprint(), |home, edit| home.edited(edit).unwrap())
    }

    fn refused(edit: Edit) -> String {
        house::blueprint().edited(&edit).unwrap_err().to_string()
    }

    fn add(room: &str, kind: DeviceKind) -> Edit {
        Edit::AddDevice { room: room.into(), kind, name: String::new() }
    }

    #[test]
    fn a_room_is_added_at_the_end_of_its_floor_with_an_id_of_its_own() {
        let add = |name: &str, floor| Edit::AddRoom { name: name.into(), floor };
        let home = edited(&[add("Guest Room", 1), add("guest room", 9), add("Küche", 0), add("居間", 0)]);
        let at = |id: &str| home.room(id).map(|room| (room.floor, room.column, room.name.as_str()));
        assert_eq!(at("guestroom"), Some((1, 4, "Guest Room")));
        assert_eq!(at("guestroom2"), Some((2, 0, "guest room")), "on a new floor");
        assert_eq!(at("kche"), Some((0, 4, "Küche")));
        assert_eq!(at("room"), Some((0, 5, "居間")));
    }

    #[test]
    fn a_device_is_added_with_the_topics_of_its_kind() {
        let home = edited(&[add("study", DeviceKind::Sensor), add("study", DeviceKind::Thermostat)]);
        let plan = home.plan();
        let second = plan.device("sim-study-sensor2").unwrap();
        assert_eq!(second.values[0].topic, "home/study/sensor2/temperature");
        let thermostat = plan.device("sim-study-thermostat").unwrap();
        assert_eq!(thermostat.links[0].topic, "home/study/temperature", "it follows the first one");
    }

    #[test]
    fn a_new_name_or_another_room_changes_no_id_and_no_topic() {
        let light = "sim-kitchen-light".to_owned();
        let before = house::plan().device(&light).unwrap().clone();
        let home = edited(&[
            Edit::RenameDevice { device: light.clone(), name: " Lamp ".into() },
            Edit::RenameRoom { room: "kitchen".into(), name: "Galley".into() },
            Edit::MoveDevice { device: light.clone(), room: "study".into() },
        ]);
        let after = home.plan().device(&light).unwrap().clone();
        assert_eq!((after.name.as_str(), after.room.as_str()), ("Lamp", "study"));
        assert_eq!(
            (after.values, after.controls, after.status),
            (before.values, before.controls, before.status)
        );
        assert_eq!(home.room("kitchen").unwrap().name, "Galley");
    }

    #[test]
    fn a_room_goes_with_its_devices_and_the_others_close_up() {
        let home = edited(&[Edit::RemoveRoom { room: "livingroom".into() }]);
        assert!(!home.devices.iter().any(|device| device.room == "livingroom"));
        assert_eq!(home.room("kitchen").unwrap().column, 1);
        let bare = ["bathroom", "bedroom", "study", "livingroom", "kitchen"];
        let home = edited(&bare.map(|room| Edit::RemoveRoom { room: room.into() }));
        assert_eq!((home.rooms.len(), home.rooms[0].floor), (1, 0));
    }

    #[test]
    fn new_devices_of_a_room_stand_beside_each_other() {
        let home = edited(&[const { DeviceKind::Plug }; 4].map(|kind| add("study", kind)));
        let places: Vec<_> = home
            .devices
            .iter()
            .filter(|d| d.kind == DeviceKind::Plug && d.room == "study")
            .map(|d| d.position)
            .collect();
        let apart = |a: &Position, b: &Position| a == b || a.x.abs_diff(b.x) >= 10;
        assert!(places.iter().all(|a| places.iter().all(|b| apart(a, b))), "{places:?}");
        assert!(places.iter().all(|place| place.x <= 100));
    }

    #[test]
    fn what_cannot_be_is_refused_in_a_sentence() {
        let hub = "sim-hall-hub".to_owned();
        assert!(refused(Edit::RemoveDevice { device: hub }).starts_with("The hub stays"));
        assert!(refused(add("hall", DeviceKind::Hub)).starts_with("The hub stays"));
        assert!(refused(Edit::RemoveRoom { room: "hall".into() }).starts_with("The hub is in this room"));
        assert_eq!(
            refused(Edit::RemoveRoom { room: "attic".into() }),
            "There is no room \"attic\" in the house."
        );
        assert!(refused(Edit::Rename { name: "\u{7}".into() }).starts_with("A name has 1 to 40 characters"));
        assert!(refused(Edit::Replace { home: "{}".into() }).starts_with("This is not the file of a home"));
        let full = (0..60).try_fold(house::blueprint(), |home, n| {
            home.edited(&Edit::AddRoom { name: format!("Room {n}"), floor: 0 })
        });
        assert_eq!(full.unwrap_err(), EditError::Flaw(Flaw::TooWide));
    }

    #[test]
    fn an_undo_brings_everything_back() {
        let before = house::blueprint();
        let after = before.edited(&Edit::RemoveRoom { room: "livingroom".into() }).unwrap();
        assert_eq!(after.edited(&Edit::Replace { home: before.to_json() }), Ok(before.clone()));
        assert_eq!(after.edited(&Edit::Reset), Ok(before));
    }
}
