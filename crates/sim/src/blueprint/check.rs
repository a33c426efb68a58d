use std::collections::BTreeSet;

use super::{Blueprint, topics};
use crate::plan::DeviceKind;

/// What is wrong with a description of a home.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is longer than [`Blueprint::FILE`].
    #[error("This is not the file of a home: it has more than {} KiB.", Blueprint::FILE / 1024)]
    TooLong,
    /// It is not the JSON of a home.
    #[error("This is not the file of a home: {0}.")]
    NotAHome(String),
    /// A newer Lacewing has written it.
    #[error("A newer Lacewing has written this file: it has form {0}.")]
    Newer(u16),
    /// It has no room.
    #[error("A house needs a room.")]
    NoRoom,
    /// It has more than [`Blueprint::ROOMS`].
    #[error("A house has at most {} rooms.", Blueprint::ROOMS)]
    TooManyRooms,
    /// It has more than [`Blueprint::DEVICES`].
    #[error("A house has at most {} devices.", Blueprint::DEVICES)]
    TooManyDevices,
    /// It has more than [`Blueprint::FLOORS`].
    #[error("A house has at most {} floors.", Blueprint::FLOORS)]
    TooHigh,
    /// A floor has more than [`Blueprint::COLUMNS`].
    #[error("A floor is at most {} columns wide.", Blueprint::COLUMNS)]
    TooWide,
    /// A name that is empty, too long or not to be shown.
    #[error("A name has 1 to {most} characters, and {0:?} does not do.", most = Blueprint::NAME)]
    Name(String),
    /// A room's id that is not a level of a topic in small letters.
    #[error("{0:?} is not the id of a room: 1 to {most} small letters and digits.", most = topics::SLUG)]
    RoomId(String),
    /// A device's id that no topics follow from.
    #[error("{0:?} is not the id of a device: it reads like sim-hall-light.")]
    DeviceId(String),
    /// An id that is there twice.
    #[error("{0:?} is there twice.")]
    Twice(String),
    /// A device in a room that is not there.
    #[error("{device:?} is in a room {room:?} that is not there.")]
    Nowhere {
        /// The device.
        device: String,
        /// The room it says.
        room: String,
    },
    /// A position outside of its room.
    #[error("{0:?} stands outside of its room: a position is 0 to 100 in both directions.")]
    Outside(String),
    /// No hub, or several.
    #[error("A house has one hub, which keeps its plan; this one has {0}.")]
    Hubs(usize),
}

impl Blueprint {
    /// Whether a home can be made from it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Flaw> {
        if self.version > Self::VERSION {
            return Err(Flaw::Newer(self.version));
        }
        check_name(&self.name)?;
        self.check_rooms()?;
        self.check_devices()
    }

    fn check_rooms(&self) -> Result<(), Flaw> {
        match self.rooms.len() {
            0 => return Err(Flaw::NoRoom),
            1..=Self::ROOMS => {}
            _ => return Err(Flaw::TooManyRooms),
        }
        let mut ids = BTreeSet::new();
        for room in &self.rooms {
            check_name(&room.name)?;
            if !topics::is_slug(&room.id) {
                return Err(Flaw::RoomId(room.id.clone()));
            }
            if !ids.insert(&room.id) {
                return Err(Flaw::Twice(room.id.clone()));
            }
            if !(0..Self::FLOORS as i8).contains(&room.floor) {
                return Err(Flaw::TooHigh);
            }
            let end = room.column.saturating_add(room.width);
            if room.width == 0 || end > Self::COLUMNS {
                return Err(Flaw::TooWide);
            }
        }
        Ok(())
    }

    fn check_devices(&self) -> Result<(), Flaw> {
        if self.devices.len() > Self::DEVICES {
            return Err(Flaw::TooManyDevices);
        }
        let mut ids = BTreeSet::new();
        for fitting in &self.devices {
            check_name(&fitting.name)?;
            if topics::parts(&fitting.id).is_none() {
                return Err(Flaw::DeviceId(fitting.id.clone()));
            }
            if !ids.insert(&fitting.id) {
                return Err(Flaw::Twice(fitting.id.clone()));
            }
            if self.room(&fitting.room).is_none() {
                return Err(Flaw::Nowhere { device: fitting.id.clone(), room: fitting.room.clone() });
            }
            if fitting.position.x > 100 || fitting.position.y > 100 {
                return Err(Flaw::Outside(fitting.id.clone()));
            }
            if let Some(client_id) = &fitting.handed_to {
                check_client_id(client_id)?;
            }
        }
        match self.devices.iter().filter(|fitting| fitting.kind == DeviceKind::Hub).count() {
            1 => Ok(()),
            hubs => Err(Flaw::Hubs(hubs)),
        }
    }
}

pub(super) fn check_name(name: &str) -> Result<(), Flaw> {
    let fits = (1..=Blueprint::NAME).contains(&name.chars().count());
    let shows = name.trim() == name && !name.chars().any(char::is_control);
    if fits && shows { Ok(()) } else { Err(Flaw::Name(name.chars().take(Blueprint::NAME).collect())) }
}

/// A real client may be called anything that the plan has room for.
fn check_client_id(client_id: &str) -> Result<(), Flaw> {
    let fits = (1..=256).contains(&client_id.len()) && !client_id.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Flaw::Name(client_id.chars().take(Blueprint::NAME).collect())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house;

    fn flaw(change: impl FnOnce(&mut Blueprint)) -> Flaw {
        let mut blueprint = house::blueprint();
        change(&mut blueprint);
        Blueprint::from_json(&blueprint.to_json()).unwrap_err()
    }

    #[test]
    fn the_file_of_a_home_gives_the_same_home() {
        let blueprint = house::blueprint();
        assert_eq!(Blueprint::from_json(&blueprint.to_json()), Ok(blueprint));
    }

    #[test]
    fn what_is_not_a_home_is_refused_in_words() {
        let not_a_home = Blueprint::from_json("[1, 2").unwrap_err().to_string();
        assert!(not_a_home.starts_with("This is not the file of a home: "), "{not_a_home}");
        assert_eq!(Blueprint::from_json(&" ".repeat(Blueprint::FILE + 1)), Err(Flaw::TooLong));
        assert_eq!(flaw(|home| home.version = 9), Flaw::Newer(9));
        assert_eq!(flaw(|home| home.rooms.clear()), Flaw::NoRoom);
        assert_eq!(flaw(|home| home.name = " ".into()), Flaw::Name(" ".into()));
        assert_eq!(flaw(|home| home.rooms[0].id = "a/b".into()), Flaw::RoomId("a/b".into()));
        assert_eq!(flaw(|home| home.rooms[1].id = "hall".into()), Flaw::Twice("hall".into()));
        assert_eq!(flaw(|home| home.rooms[0].width = 9), Flaw::TooWide);
        assert_eq!(flaw(|home| home.devices[0].id = "lamp".into()), Flaw::DeviceId("lamp".into()));
        assert_eq!(flaw(|home| home.devices[0].position.x = 101), Flaw::Outside("sim-hall-sensor".into()));
        assert_eq!(flaw(|home| home.devices.retain(|device| device.kind != DeviceKind::Hub)), Flaw::Hubs(0));
        let nowhere = flaw(|home| home.devices[0].room = "attic".into());
        assert_eq!(nowhere.to_string(), "\"sim-hall-sensor\" is in a room \"attic\" that is not there.");
    }

    #[test]
    fn a_house_has_its_limits() {
        let many = |home: &mut Blueprint| {
            let one = home.devices[0].clone();
            home.devices
                .extend((0..200).map(|n| super::super::Fitting { id: format!("sim-x-{n}"), ..one.clone() }));
        };
        assert_eq!(flaw(many), Flaw::TooManyDevices);
        let rooms = |home: &mut Blueprint| {
            let one = home.rooms[0].clone();
            home.rooms.extend((0..40).map(|n| crate::plan::Room { id: format!("x{n}"), ..one.clone() }));
        };
        assert_eq!(flaw(rooms), Flaw::TooManyRooms);
        let floors = |home: &mut Blueprint| {
            home.rooms.iter_mut().zip(0..).for_each(|(room, floor)| room.floor = floor);
        };
        assert_eq!(flaw(floors), Flaw::TooHigh);
    }

    #[test]
    fn rooms_that_are_apart_are_moved_together() {
        let mut blueprint = house::blueprint();
        for room in blueprint.rooms.iter_mut().filter(|room| room.floor == 1) {
            room.floor = 7;
            room.column += 3;
        }
        assert_eq!(Blueprint::from_json(&blueprint.to_json()), Ok(house::blueprint()));
    }
}
