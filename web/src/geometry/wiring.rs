//! The wires: at right angles, from each device into the nearest floor or ceiling, along it, and down the
//! shaft to the broker.

use super::{Anchor, House, Place, WALL};

/// The wire of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// The device's id.
    pub device: String,
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

/// A device's wire on its way into a floor or a ceiling.
struct Run<'a> {
    place: &'a Place,
    x: f64,
    /// The upper edge of the slab it runs in.
    slab: f64,
    /// Whether it comes from the left of the shaft.
    from_left: bool,
}

/// The wires of all devices. Each has a lane of its own in its slab and in the shaft, so that no two run on
/// top of each other; in a slab, what comes from far runs below what joins later.
pub fn wires(places: &[Place], house: &House) -> Vec<Wire> {
    let middle = house.shaft.x + house.shaft.width / 2.0;
    let mut runs: Vec<Run<'_>> = places
        .iter()
        .map(|place| {
            let room = &house.rooms[place.room];
            let x = place.area.x + place.area.width / 2.0;
            let slab = if place.anchor == Anchor::Ceiling { room.y - WALL } else { room.bottom() };
            Run { place, x, slab, from_left: x < middle }
        })
        .collect();
    // Outer lanes of the shaft go to the lower floors, so that wires do not cross on their way down.
    runs.sort_by(|a, b| {
        let lane = |run: &Run<'_>| if run.from_left { -run.slab } else { run.slab };
        b.from_left.cmp(&a.from_left).then(lane(a).total_cmp(&lane(b))).then(a.x.total_cmp(&b.x))
    });
    let count = runs.len().max(1) as f64;
    let pitch = ((house.shaft.width - 12.0) / count).min(4.0);
    let start = middle - pitch * (count - 1.0) / 2.0;
    let same = |a: f64, b: f64| (a - b).abs() < 1.0;
    let mut wires: Vec<Wire> = runs
        .iter()
        .enumerate()
        .map(|(lane, run)| {
            let members = || runs.iter().filter(|other| same(other.slab, run.slab));
            let before = members().filter(|other| (other.x - middle).abs() < (run.x - middle).abs()).count();
            let ties = runs[..lane].iter().filter(|other| same(other.slab, run.slab) && other.x == run.x);
            let rank = (before + ties.count()) as f64;
            let spacing = ((WALL - 10.0) / members().count().max(1) as f64).min(3.5);
            let (foot, level) = match run.place.anchor {
                // From above the nearest joins highest; mirrored, so that drops do not cross the others.
                Anchor::Ceiling => (run.place.area.y, run.slab + WALL - 5.0 - rank * spacing),
                _ => (run.place.area.bottom(), run.slab + 5.0 + rank * spacing),
            };
            let down = start + lane as f64 * pitch;
            let corners = vec![(run.x, foot), (run.x, level), (down, level), (down, house.broker.y)];
            Wire { device: run.place.device.clone(), corners }
        })
        .collect();
    wires.sort_by_key(|wire| places.iter().position(|place| place.device == wire.device));
    wires
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Area;
    use crate::wire::{RoomView, Warmth};

    fn house() -> (Vec<Place>, House) {
        let room = |floor, column| RoomView {
            id: format!("{floor}{column}"),
            name: String::new(),
            floor,
            column,
            width: 1,
            temperature: None,
            warmth: Warmth::Unknown,
            devices: Vec::new(),
        };
        let house = House::lay_out(&[room(0, 0), room(0, 1), room(1, 0)], 900.0, 760.0);
        let place = |id: &str, room: usize, x: f64, anchor| {
            let area = &house.rooms[room];
            Place {
                device: id.into(),
                room,
                area: Area { x: area.x + x, y: area.y + 60.0, width: 60.0, height: 80.0 },
                anchor,
                named: true,
            }
        };
        let places = vec![
            place("a1", 0, 10.0, Anchor::Wall),
            place("a2", 0, 100.0, Anchor::Ceiling),
            place("b1", 1, 60.0, Anchor::Floor),
            place("c1", 2, 60.0, Anchor::Wall),
            place("c2", 2, 140.0, Anchor::Wall),
        ];
        (places, house)
    }

    #[test]
    fn every_wire_turns_at_right_angles_and_ends_at_the_broker() {
        let (places, house) = house();
        for wire in wires(&places, &house) {
            for pair in wire.corners.windows(2) {
                assert!(pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1, "{wire:?}");
            }
            assert_eq!(wire.corners.last().unwrap().1, house.broker.y);
        }
    }

    #[test]
    fn no_two_wires_share_a_lane() {
        let (places, house) = house();
        let wires = wires(&places, &house);
        for (index, wire) in wires.iter().enumerate() {
            for other in &wires[index + 1..] {
                assert_ne!(wire.corners[3].0, other.corners[3].0);
                assert_ne!(wire.corners[2].1, other.corners[2].1);
            }
        }
    }
}
