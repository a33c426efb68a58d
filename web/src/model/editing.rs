//! The home as its editor lists it, in words.

use std::iter;

use lacewing_sim::blueprint::{LIBRARY, Offer};
use lacewing_sim::plan::DeviceKind;

use crate::order::sort_few_by_key;
use crate::wire::{HouseView, Operator, RoomView, Status};

/// A floor with its rooms, from left to right.
#[derive(Debug, PartialEq)]
pub struct Floor<'a> {
    /// 0 is the ground floor.
    pub number: i8,
    /// "Ground floor".
    pub name: String,
    /// Its rooms.
    pub rooms: Vec<&'a RoomView>,
}

/// The floors of the house, the ground floor first.
pub fn floors(house: &HouseView) -> Vec<Floor<'_>> {
    let mut floors: Vec<Floor<'_>> = Vec::new();
    for room in &house.rooms {
        match floors.iter_mut().find(|floor| floor.number == room.floor) {
            Some(floor) => floor.rooms.push(room),
            None => {
                floors.push(Floor { number: room.floor, name: floor_name(room.floor), rooms: vec![room] })
            }
        }
    }
    sort_few_by_key(&mut floors, |floor| floor.number);
    floors
}

/// "Ground floor", "First floor".
pub fn floor_name(number: i8) -> String {
    match number {
        0 => "Ground floor".into(),
        1 => "First floor".into(),
        2 => "Second floor".into(),
        3 => "Third floor".into(),
        more => format!("Floor {more}"),
    }
}

/// A line of the editor: a room, or a device under its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The id of the room or the device.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Of a device: the id and the name of its room.
    pub room: Option<(String, String)>,
}

/// The lines of the editor from top to bottom.
pub fn lines(house: &HouseView) -> Vec<Line> {
    let rooms = floors(house).into_iter().flat_map(|floor| floor.rooms);
    rooms
        .flat_map(|room| {
            let devices = room.devices.iter().map(|device| Line {
                id: device.id.clone(),
                name: device.name.clone(),
                room: Some((room.id.clone(), room.name.clone())),
            });
            let line = Line { id: room.id.clone(), name: room.name.clone(), room: None };
            iter::once(line).chain(devices)
        })
        .collect()
}

/// Where one goes on in the editor after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onward {
    /// The id of the element that is to have the focus.
    pub element: String,
    /// What has come about, for those who do not see it; empty where it is told elsewhere.
    pub says: String,
}

/// Where one goes on after a change of the lines: a new device is given its name, a new room its devices, and where something was removed the next
/// line is there. `None` while the same lines are there.
pub fn onward(before: &[Line], now: &[Line]) -> Option<Onward> {
    let is_in = |lines: &[Line], one: &Line| {
        let place = |line: &Line| line.room.as_ref().map(|(id, _)| id.clone());
        lines.iter().any(|line| line.id == one.id && place(line) == place(one))
    };
    if let Some(new) = now.iter().find(|line| !is_in(before, line)) {
        return Some(match &new.room {
            Some((_, room)) => Onward {
                element: format!("name-{}", new.id),
                says: format!("{} is in {room} now.", new.name),
            },
            None => {
                Onward { element: format!("add-{}", new.id), says: format!("{} is there now.", new.name) }
            }
        });
    }
    let removed = before.iter().position(|line| !is_in(now, line))?;
    let after = before[removed..].iter().find(|line| is_in(now, line));
    let next = after.or_else(|| before[..removed].iter().rev().find(|line| is_in(now, line)));
    let element = next.map_or_else(|| "name".into(), |next| format!("name-{}", next.id));
    Some(Onward { element, says: String::new() })
}

/// Why the house cannot be changed from this page; `None` where it can.
pub fn absence(status: &Status, has_file: bool) -> Option<String> {
    match &status.operator {
        Operator::No { why } => {
            Some(format!("Only who operates the broker can change the simulated home. {why}"))
        }
        Operator::Yes if has_file => None,
        Operator::Yes => Some("This broker runs no simulated home.".into()),
        Operator::Waiting => {
            Some("The broker has not said yet whether this page may change the home.".into())
        }
    }
}

/// What the library calls a device of this kind.
pub fn kind_name(kind: DeviceKind) -> &'static str {
    Offer::of(kind).map_or("Hub", |offer| offer.name)
}

/// What can be added.
pub fn library() -> &'static [Offer] {
    LIBRARY
}

/// "Removed the kitchen and the 5 devices in it."
pub fn room_removed(room: &RoomView) -> String {
    match room.devices.len() {
        0 => format!("Removed {}.", room.name),
        1 => format!("Removed {} and the device in it.", room.name),
        more => format!("Removed {} and the {more} devices in it.", room.name),
    }
}

/// The name of the file that a home is exported as.
pub fn file_name(house: &str) -> String {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let slug: String = house.chars().map(letter).collect();
    let slug = slug.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    if slug.is_empty() { "home.json".into() } else { format!("{slug}.json") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str, floor: i8) -> RoomView {
        RoomView {
            id: name.to_ascii_lowercase(),
            name: name.into(),
            floor,
            column: 0,
            width: 1,
            temperature: None,
            warmth: Default::default(),
            devices: Vec::new(),
        }
    }

    #[test]
    fn rooms_are_listed_by_floors_from_the_ground_up() {
        let rooms = vec![room("Bath", 1), room("Hall", 0), room("Kitchen", 0)];
        let house = HouseView { rooms, ..HouseView::default() };
        let floors = floors(&house);
        let listed: Vec<_> = floors
            .iter()
            .map(|floor| {
                (floor.name.as_str(), floor.rooms.iter().map(|room| room.name.as_str()).collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(listed, [("Ground floor", vec!["Hall", "Kitchen"]), ("First floor", vec!["Bath"])]);
    }

    /// The lines of a house, "room: device device" each.
    fn house(rooms: &[&str]) -> Vec<Line> {
        let line = |name: &str, room: Option<&str>| Line {
            id: name.to_ascii_lowercase(),
            name: name.into(),
            room: room.map(|room| (room.to_ascii_lowercase(), room.into())),
        };
        let lines = rooms.iter().flat_map(|text| {
            let (room, devices) = text.split_once(':').unwrap_or((text, ""));
            iter::once(line(room, None))
                .chain(devices.split_whitespace().map(move |name| line(name, Some(room))))
        });
        lines.collect()
    }

    fn goes_on(before: &[&str], now: &[&str]) -> Option<(String, String)> {
        onward(&house(before), &house(now)).map(|onward| (onward.element, onward.says))
    }

    #[test]
    fn a_new_device_is_named_and_a_new_room_is_filled() {
        let before = ["Hall: Lamp", "Bath"];
        let on = |element: &str, says: &str| Some((element.to_owned(), says.to_owned()));
        assert_eq!(goes_on(&before, &before), None);
        assert_eq!(goes_on(&before, &["Hall: Lamp Plug", "Bath"]), on("name-plug", "Plug is in Hall now."));
        assert_eq!(goes_on(&before, &["Hall", "Bath: Lamp"]), on("name-lamp", "Lamp is in Bath now."));
        assert_eq!(
            goes_on(&before, &["Hall: Lamp", "Bath", "Attic"]),
            on("add-attic", "Attic is there now.")
        );
    }

    #[test]
    fn where_something_was_removed_the_next_line_is_there() {
        let before = ["Hall: Lamp Plug", "Bath: Fan"];
        let on = |element: &str| Some((element.to_owned(), String::new()));
        assert_eq!(goes_on(&before, &["Hall: Plug", "Bath: Fan"]), on("name-plug"));
        assert_eq!(goes_on(&before, &["Hall: Lamp", "Bath: Fan"]), on("name-bath"));
        assert_eq!(goes_on(&before, &["Hall: Lamp Plug"]), on("name-plug"));
        assert_eq!(goes_on(&before, &["Bath: Fan"]), on("name-bath"));
        assert_eq!(goes_on(&["Hall"], &[]), on("name"));
    }

    #[test]
    fn a_page_that_cannot_change_the_house_says_why() {
        let mut status =
            Status { operator: Operator::No { why: "It is elsewhere.".into() }, ..Status::default() };
        assert!(absence(&status, false).unwrap().ends_with("It is elsewhere."));
        status.operator = Operator::Yes;
        assert_eq!(absence(&status, false).unwrap(), "This broker runs no simulated home.");
        assert_eq!(absence(&status, true), None);
    }

    #[test]
    fn what_was_removed_is_said_in_a_sentence() {
        assert_eq!(room_removed(&room("Attic", 2)), "Removed Attic.");
    }

    #[test]
    fn a_file_is_named_after_the_house() {
        assert_eq!(file_name("Lacewing house"), "lacewing-house.json");
        assert_eq!(file_name("Zum goldenen Löwen!"), "zum-goldenen-l-wen.json");
        assert_eq!(file_name("家"), "home.json");
    }
}
