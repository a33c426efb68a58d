//! The wires: at right angles, down from each device, along the floor it stands on, and down the shaft.

use super::{House, WALL};
use crate::wire::RoomView;

/// The wire of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// The device's id.
    pub device: String,
    /// Where the device is drawn: the middle of its foot.
    pub foot: (f64, f64),
    /// From the device to the broker.
    pub corners: Vec<(f64, f64)>,
}

impl Wire {
    /// The wire as an SVG path from the device to the broker.
    pub fn up(&self) -> String {
        path(self.corners.iter())
    }

    /// The same wire from the broker to the device.
    pub fn down(&self) -> String {
        path(self.corners.iter().rev())
    }
}

fn path<'a>(corners: impl Iterator<Item = &'a (f64, f64)>) -> String {
    let mut path = String::new();
    for (index, (x, y)) in corners.enumerate() {
        let letter = if index == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{letter}{x:.1} {y:.1}"));
    }
    path
}

/// The wires of all devices. Each has a lane of its own in its floor and in the shaft, so that no two run on
/// top of each other.
pub fn wires(rooms: &[RoomView], house: &House) -> Vec<Wire> {
    let places: Vec<(usize, f64, f64, &str)> = rooms
        .iter()
        .zip(&house.rooms)
        .enumerate()
        .flat_map(|(index, (room, area))| {
            room.devices.iter().map(move |device| {
                let x = area.x + area.width * f64::from(device.position.x.min(100)) / 100.0;
                let y = area.bottom() - area.height * f64::from(device.position.y.min(100)) / 100.0;
                (index, x, y, device.id.as_str())
            })
        })
        .collect();
    let total = places.len().max(1) as f64;
    let pitch = ((house.shaft.width - 14.0) / total).min(4.0);
    let start = house.shaft.x + (house.shaft.width - pitch * (total - 1.0)) / 2.0;
    places
        .iter()
        .enumerate()
        .map(|(lane, &(room, x, y, id))| {
            let area = &house.rooms[room];
            let same_floor = |other: usize| (house.rooms[other].y - area.y).abs() < 1.0;
            let before = places[..lane].iter().filter(|place| same_floor(place.0)).count() as f64;
            let on_floor = places.iter().filter(|place| same_floor(place.0)).count().max(1) as f64;
            let spacing = ((WALL - 10.0) / on_floor).min(3.5);
            let slab = area.bottom() + 6.0 + before * spacing;
            let down = start + lane as f64 * pitch;
            let corners = vec![(x, y), (x, slab), (down, slab), (down, house.broker.y)];
            Wire { device: id.into(), foot: (x, y), corners }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{DeviceKind, DeviceView, Position, Presence, Shown, Warmth};

    fn house() -> (Vec<RoomView>, House) {
        let device = |id: &str, x: u8| DeviceView {
            id: id.into(),
            name: id.into(),
            kind: DeviceKind::Light,
            position: Position { x, y: 50 },
            simulated: true,
            presence: Presence::Online,
            shown: Shown::Nothing,
            asked: None,
        };
        let room = |id: &str, floor, column, devices| RoomView {
            id: id.into(),
            name: id.into(),
            floor,
            column,
            width: 1,
            temperature: None,
            warmth: Warmth::Unknown,
            devices,
        };
        let rooms = vec![
            room("a", 0, 0, vec![device("a1", 10), device("a2", 60)]),
            room("b", 0, 1, vec![device("b1", 50)]),
            room("c", 1, 0, vec![device("c1", 50)]),
        ];
        let house = House::lay_out(&rooms, 900.0, 760.0);
        (rooms, house)
    }

    #[test]
    fn every_wire_turns_at_right_angles_and_ends_at_the_broker() {
        let (rooms, house) = house();
        for wire in wires(&rooms, &house) {
            for pair in wire.corners.windows(2) {
                assert!(pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1, "{wire:?}");
            }
            assert_eq!(wire.corners.last().unwrap().1, house.broker.y);
        }
    }

    #[test]
    fn no_two_wires_share_a_lane() {
        let (rooms, house) = house();
        let wires = wires(&rooms, &house);
        for (index, wire) in wires.iter().enumerate() {
            for other in &wires[index + 1..] {
                assert_ne!(wire.corners[3].0, other.corners[3].0);
                assert_ne!(wire.corners[2].1, other.corners[2].1);
            }
        }
    }
}
