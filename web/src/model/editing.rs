//! The home as its editor lists it, in words.

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
