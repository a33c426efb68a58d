//! Where each device stands in its room: as near to its place in the plan as the other devices and the
//! room's label let it.

use super::{Area, House};
use crate::wire::{DeviceKind, DeviceView, RoomView, Shown};

/// A device in the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The device's id.
    pub device: String,
    /// Which room it is in, by its place in the list.
    pub room: usize,
    /// Its drawing and its label together.
    pub area: Area,
    /// What it is fixed to.
    pub anchor: Anchor,
    /// Whether there is room for its name.
    pub named: bool,
}

/// What a device is fixed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It hangs from the ceiling.
    Ceiling,
    /// It is on the wall.
    Wall,
    /// It stands on the floor.
    Floor,
}

impl Anchor {
    /// What a device of this kind is fixed to.
    pub fn of(kind: DeviceKind) -> Self {
        match kind {
            DeviceKind::Light | DeviceKind::SmokeAlarm => Self::Ceiling,
            DeviceKind::Door | DeviceKind::Radiator | DeviceKind::LeakSensor => Self::Floor,
            _ => Self::Wall,
        }
    }
}

/// The part of a drawing's grid of 48 that a device of this kind takes: its top and its height.
pub fn crop(kind: DeviceKind) -> (f64, f64) {
    match kind {
        DeviceKind::Sensor | DeviceKind::Thermostat => (6.0, 36.0),
        DeviceKind::Radiator => (10.0, 32.0),
        DeviceKind::AirConditioner => (8.0, 24.0),
        DeviceKind::Light => (0.0, 34.0),
        DeviceKind::Motion => (12.0, 24.0),
        DeviceKind::Plug => (9.0, 34.0),
        DeviceKind::SmokeAlarm => (0.0, 24.0),
        DeviceKind::LeakSensor => (26.0, 22.0),
        DeviceKind::Doorbell | DeviceKind::Chime | DeviceKind::Fan => (6.0, 36.0),
        DeviceKind::Window | DeviceKind::Blind | DeviceKind::Door | DeviceKind::Hub => (0.0, 48.0),
    }
}

/// The room's name and temperature: nothing is drawn over them.
const LABEL: (f64, f64) = (90.0, 54.0);
/// The step in which another place is looked for.
const STEP: f64 = 8.0;

/// The places of all devices, room by room.
pub fn places(rooms: &[RoomView], house: &House) -> Vec<Place> {
    rooms
        .iter()
        .zip(&house.rooms)
        .enumerate()
        .flat_map(|(index, (room, area))| within(index, room, area))
        .collect()
}

/// The devices with their names; without them where a room is too small for that.
fn within(index: usize, room: &RoomView, area: &Area) -> Vec<Place> {
    match arrange(index, room, area, true) {
        (places, true) => places,
        (_, false) => arrange(index, room, area, false).0,
    }
}

/// The places in one room, and whether each was free.
fn arrange(index: usize, room: &RoomView, area: &Area, named: bool) -> (Vec<Place>, bool) {
    let mut taken = vec![Area { x: area.x, y: area.y, width: LABEL.0, height: LABEL.1 }];
    let mut places = Vec::new();
    let mut all_free = true;
    // Lamps hang, and what is fixed to ceiling or floor has little choice; then what is large.
    let mut order: Vec<&DeviceView> = room.devices.iter().collect();
    order.sort_by(|a, b| {
        let choice = |device: &DeviceView| match device.kind {
            DeviceKind::Light => 0,
            kind if Anchor::of(kind) != Anchor::Wall => 1,
            _ => 2,
        };
        let extent = |device: &DeviceView| {
            let (width, height) = size(device, named);
            width * height
        };
        choice(a).cmp(&choice(b)).then(extent(b).total_cmp(&extent(a)))
    });
    for device in order {
        let fixed = Anchor::of(device.kind);
        let free = nearest_free(device, fixed, named, area, &taken).map(|area| (fixed, area));
        let free = free.or_else(|| {
            nearest_free(device, Anchor::Wall, named, area, &taken).map(|area| (Anchor::Wall, area))
        });
        all_free &= free.is_some();
        let (anchor, place) = free.unwrap_or_else(|| (fixed, wanted(device, fixed, named, area)));
        taken.push(place);
        places.push(Place { device: device.id.clone(), room: index, area: place, anchor, named });
    }
    places.sort_by_key(|place| room.devices.iter().position(|device| device.id == place.device));
    (places, all_free)
}

/// The place in the plan, kept inside the room.
fn wanted(device: &DeviceView, anchor: Anchor, named: bool, room: &Area) -> Area {
    let (width, height) = size(device, named);
    let (left, right, top, bottom) = bounds(room, width, height);
    let x = room.x + room.width * f64::from(device.position.x.min(100)) / 100.0 - width / 2.0;
    let middle = room.bottom() - room.height * f64::from(device.position.y.min(100)) / 100.0;
    let y = match anchor {
        Anchor::Ceiling => room.y,
        Anchor::Floor => room.bottom() - height,
        Anchor::Wall => (middle - height / 2.0).clamp(top, bottom),
    };
    Area { x: x.clamp(left, right), y, width, height }
}

/// The free place nearest to the one in the plan.
fn nearest_free(
    device: &DeviceView,
    anchor: Anchor,
    named: bool,
    room: &Area,
    taken: &[Area],
) -> Option<Area> {
    let wanted = wanted(device, anchor, named, room);
    let (left, right, top, bottom) = bounds(room, wanted.width, wanted.height);
    let rows: Vec<f64> = match anchor {
        Anchor::Wall => steps(top, bottom).chain([wanted.y]).collect(),
        Anchor::Ceiling | Anchor::Floor => vec![wanted.y],
    };
    let mut best: Option<(f64, Area)> = None;
    for &y in &rows {
        for x in steps(left, right).chain([wanted.x]) {
            let candidate = Area { x, y, ..wanted };
            let cost = (x - wanted.x).abs() + (y - wanted.y).abs();
            let better = best.is_none_or(|(known, _)| cost < known);
            if better && !taken.iter().any(|other| overlap(&candidate, other)) {
                best = Some((cost, candidate));
            }
        }
    }
    best.map(|(_, area)| area)
}

/// The leftmost, rightmost, highest and lowest corner of something of this size in a room.
fn bounds(room: &Area, width: f64, height: f64) -> (f64, f64, f64, f64) {
    let (left, top) = (room.x + 3.0, room.y + 4.0);
    (left, (room.right() - width - 3.0).max(left), top, (room.bottom() - height - 4.0).max(top))
}

/// Both ends and what lies between.
fn steps(from: f64, to: f64) -> impl Iterator<Item = f64> {
    let count = ((to - from) / STEP).max(0.0) as u32;
    (0..=count).map(move |step| from + f64::from(step) * STEP).chain([to])
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.x < b.right() + 2.0 && b.x < a.right() + 2.0 && a.y < b.bottom() + 2.0 && b.y < a.bottom() + 2.0
}

/// The room a device's drawing and label take, by the length of its words.
fn size(device: &DeviceView, named: bool) -> (f64, f64) {
    let name = if named { 16.0 } else { 0.0 };
    if matches!(device.shown, Shown::Climate { .. }) {
        return (122.0, crop(device.kind).1 + 54.0 + name);
    }
    let letters = if named { device.name.chars().count().max(6) } else { 6 };
    // The room itself says what a thermometer measures: its label is one line.
    let name = if device.kind == DeviceKind::Sensor { 0.0 } else { name };
    (letters as f64 * 6.2 + 14.0, crop(device.kind).1 + 19.0 + name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Position, Presence, Warmth};

    fn device(id: &str, kind: DeviceKind, x: u8, y: u8) -> DeviceView {
        DeviceView {
            id: id.into(),
            name: id.into(),
            kind,
            position: Position { x, y },
            simulated: true,
            handed_to: None,
            presence: Presence::Online,
            shown: Shown::Nothing,
            asked: None,
        }
    }

    fn room(devices: Vec<DeviceView>) -> RoomView {
        RoomView {
            id: "a".into(),
            name: "A".into(),
            floor: 0,
            column: 0,
            width: 1,
            temperature: None,
            warmth: Warmth::Unknown,
            devices,
        }
    }

    #[test]
    fn devices_in_one_spot_are_drawn_side_by_side() {
        let rooms = vec![room(vec![
            device("a", DeviceKind::Sensor, 50, 50),
            device("b", DeviceKind::Plug, 50, 50),
            device("c", DeviceKind::Window, 50, 50),
        ])];
        let house = House::lay_out(&rooms, 900.0, 760.0);
        let places = places(&rooms, &house);
        for (index, place) in places.iter().enumerate() {
            assert!(places[index + 1..].iter().all(|other| !overlap(&place.area, &other.area)), "{places:?}");
        }
    }

    #[test]
    fn a_lamp_hangs_from_the_ceiling_and_a_radiator_stands_on_the_floor() {
        let rooms = vec![room(vec![
            device("lamp", DeviceKind::Light, 50, 92),
            device("radiator", DeviceKind::Radiator, 50, 12),
        ])];
        let house = House::lay_out(&rooms, 900.0, 760.0);
        let places = places(&rooms, &house);
        assert_eq!(places[0].area.y, house.rooms[0].y);
        assert_eq!(places[1].area.bottom(), house.rooms[0].bottom());
    }

    #[test]
    fn a_room_with_more_devices_than_fit_still_draws_them_all() {
        let many = (0..60).map(|n| device(&n.to_string(), DeviceKind::Plug, 50, 50)).collect();
        let rooms = vec![room(many)];
        let house = House::lay_out(&rooms, 900.0, 760.0);
        assert_eq!(places(&rooms, &house).len(), 60);
    }
}
