//! Where each device stands in its room: as near to its place in the plan as the other devices and the
//! room's label let it.

use std::iter;

use super::{Area, House, between};
use crate::order::{sort_few, sort_few_by_key};
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
    /// The height of its drawing, which is at the end of the area that its anchor says.
    pub drawn: f64,
    /// How large its drawing is, 1 where there is room enough.
    pub scale: f64,
}

/// What a device is fixed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It hangs from the ceiling.
    Ceiling,
    /// It is on the wall.
    Wall,
    /// It stands on the floor, its label above it.
    Floor,
}

impl Anchor {
    /// What a device of this kind is fixed to.
    pub fn of(kind: DeviceKind) -> Self {
        match kind {
            DeviceKind::Light | DeviceKind::SmokeAlarm | DeviceKind::AirConditioner | DeviceKind::Motion => {
                Self::Ceiling
            }
            DeviceKind::Door | DeviceKind::Radiator | DeviceKind::LeakSensor => Self::Floor,
            _ => Self::Wall,
        }
    }
}

/// The width and height of the drawing of a device of this kind.
pub fn footprint(kind: DeviceKind) -> (f64, f64) {
    match kind {
        DeviceKind::Sensor => (24.0, 36.0),
        DeviceKind::Thermostat => (40.0, 40.0),
        DeviceKind::Radiator => (72.0, 36.0),
        DeviceKind::AirConditioner => (72.0, 26.0),
        DeviceKind::Light => (48.0, 40.0),
        DeviceKind::Window => (64.0, 64.0),
        DeviceKind::Door => (46.0, 92.0),
        DeviceKind::Motion => (36.0, 28.0),
        DeviceKind::Plug => (32.0, 32.0),
        DeviceKind::SmokeAlarm => (44.0, 24.0),
        DeviceKind::Blind => (64.0, 64.0),
        DeviceKind::LeakSensor => (36.0, 24.0),
        DeviceKind::Doorbell => (24.0, 34.0),
        DeviceKind::Chime => (34.0, 34.0),
        DeviceKind::Fan => (40.0, 40.0),
        DeviceKind::Hub => (40.0, 24.0),
    }
}

/// The devices of a house in their places.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Placing {
    pub(super) places: Vec<Place>,
    /// Rooms with more devices than fit, with those that have no place.
    pub(super) beyond: Vec<(usize, Vec<String>)>,
    /// What was kept free to the left of the window that invites.
    pub(super) arrow: Option<Area>,
}

/// The size of the hand-drawn arrow that invites, with its words.
pub(super) const ARROW: (f64, f64) = (78.0, 26.0);

/// The room's name and temperature: nothing is drawn over them.
pub(super) fn label(room: &RoomView, area: &Area) -> Area {
    let name = room.name.chars().count() as f64 * 7.4 + 20.0;
    let height = if area.height > 190.0 { 66.0 } else { 54.0 };
    Area { x: area.x, y: area.y, width: name.max(92.0).min(area.width), height }
}

/// Where a room says how many more devices it has: the corner across from its name.
pub(super) fn corner(area: &Area) -> Area {
    Area { x: area.right() - 48.0, y: area.y + 4.0, width: 44.0, height: 28.0 }
}

/// The step in which another place is looked for, as the plan has it and where every pixel counts.
const STEPS: (f64, f64) = (8.0, 4.0);
/// How large devices are drawn, all alike: as they are, and smaller where the house is too small for that. Their labels keep their size.
const SCALES: [f64; 3] = [1.0, 0.85, 0.72];
/// How large they are in a single room that is too small for it.
const SMALLEST: f64 = 0.6;
/// The least that a finger or a pointer is given of a drawing.
const LEAST: f64 = 24.0;
/// What furniture takes above the floor, where the room is high enough for both.
const FURNISHED: f64 = 64.0;

/// The places of all devices, room by room, as large as all of them can be drawn with an arrow at the first window.
pub(super) fn places(rooms: &[RoomView], house: &House) -> Placing {
    let mut windows =
        rooms.iter().flat_map(|room| &room.devices).filter(|one| one.kind == DeviceKind::Window);
    let inviting = windows.next().map(|window| window.id.as_str());
    let at = |scale: f64, whole: bool| {
        let mut all = Placing::default();
        for (index, (room, area)) in rooms.iter().zip(&house.rooms).enumerate() {
            let inviting = inviting.filter(|id| room.devices.iter().any(|device| device.id == *id));
            let set = within(index, room, area, inviting, scale);
            if whole && !set.left.is_empty() {
                return None;
            }
            let suits = set.left.is_empty() && (inviting.is_none() || set.arrow.is_some());
            let set = if whole || suits { set } else { partly(index, room, area, inviting, set) };
            all.places.extend(set.places);
            all.arrow = all.arrow.or(set.arrow);
            if !set.left.is_empty() {
                all.beyond.push((index, set.left));
            }
        }
        Some(all)
    };
    let whole = SCALES.into_iter().filter_map(|scale| at(scale, true));
    let invites = |all: &Placing| inviting.is_none() || all.arrow.is_some();
    let mut first = None;
    for all in whole {
        if invites(&all) {
            return all;
        }
        first = first.or(Some(all));
    }
    let [.., smallest] = SCALES;
    first.or_else(|| at(smallest, false)).unwrap_or_default()
}

/// Whose names are written, where a room is too small for all.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    All,
    /// Of those only whose drawing does not say what they are.
    Needed,
    None,
}

/// The devices of one room: those with a place, and those for which none was free.
#[derive(Default)]
struct Set {
    places: Vec<Place>,
    left: Vec<String>,
    arrow: Option<Area>,
}

/// The devices with their names, and an arrow beside the `inviting` one; with less of both where a room is too small for that.
fn within(index: usize, room: &RoomView, area: &Area, inviting: Option<&str>, scale: f64) -> Set {
    let tries = [
        (Names::All, true),
        (Names::Needed, true),
        (Names::None, true),
        (Names::All, false),
        (Names::Needed, false),
        (Names::None, false),
    ];
    let sets =
        tries.into_iter().filter(|(_, invites)| !invites || inviting.is_some()).map(|(names, invites)| {
            arrange(index, room, area, names, inviting.filter(|_| invites), scale, Manner::Planned)
        });
    let packed = iter::once_with(|| arrange(index, room, area, Names::None, None, scale, Manner::Packed));
    let mut last = Set::default();
    for set in sets.chain(packed) {
        if set.left.is_empty() {
            return set;
        }
        last = set;
    }
    last
}

/// As in [`within`], smaller still; `set`, where that brings no arrow; and only as many as fit where the room is too small for all.
fn partly(index: usize, room: &RoomView, area: &Area, inviting: Option<&str>, set: Set) -> Set {
    let smallest = within(index, room, area, inviting, SMALLEST);
    if set.left.is_empty() && smallest.arrow.is_none() {
        return set;
    }
    if smallest.left.is_empty() {
        return smallest;
    }
    let [.., small] = SCALES;
    let part = |manner| arrange(index, room, area, Names::None, None, small, manner);
    let (thinned, crowded) = (part(Manner::Thinned), part(Manner::Crowded));
    // What stands where it always does is found again.
    if crowded.left.len() < thinned.left.len() { crowded } else { thinned }
}

/// How a room is filled.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// As the plan has it.
    Planned,
    /// Row by row.
    Packed,
    /// As the plan has it, with a corner free to say how many are left.
    Thinned,
    /// Row by row, with such a corner.
    Crowded,
}

impl Manner {
    fn is_planned(self) -> bool {
        matches!(self, Self::Planned | Self::Thinned)
    }

    fn is_partial(self) -> bool {
        matches!(self, Self::Thinned | Self::Crowded)
    }
}

fn is_named(kind: DeviceKind, names: Names) -> bool {
    let plain = matches!(
        kind,
        DeviceKind::Light | DeviceKind::Window | DeviceKind::Door | DeviceKind::Radiator | DeviceKind::Sensor
    );
    names == Names::All || names == Names::Needed && !plain
}

fn arrange(
    index: usize,
    room: &RoomView,
    area: &Area,
    names: Names,
    inviting: Option<&str>,
    scale: f64,
    manner: Manner,
) -> Set {
    let mut taken = vec![label(room, area)];
    if manner.is_partial() {
        taken.push(corner(area));
    }
    let mut set = Set::default();
    // Lamps hang, and what is fixed to ceiling or floor has little choice; then what is large.
    let mut order: Vec<&DeviceView> = room.devices.iter().collect();
    sort_few(&mut order, |a, b| {
        let choice = |device: &DeviceView| match device.kind {
            // The room's own number says what a thermometer does.
            DeviceKind::Sensor if manner.is_partial() => 9,
            DeviceKind::Window | DeviceKind::Thermostat if manner.is_partial() => 0,
            DeviceKind::Light => 0,
            kind if Anchor::of(kind) != Anchor::Wall => 1,
            _ if inviting == Some(device.id.as_str()) => 2,
            _ => 3,
        };
        let extent = |device: &DeviceView| {
            let (width, height) = size(device, is_named(device.kind, names), scale);
            width * height
        };
        choice(a).cmp(&choice(b)).then(extent(b).total_cmp(&extent(a)))
    });
    for device in order {
        let (fixed, named) = (Anchor::of(device.kind), is_named(device.kind, names));
        let (width, height) = size(device, named, scale);
        let beside = if inviting == Some(device.id.as_str()) { ARROW.0 + 4.0 } else { 0.0 };
        let free = [(fixed, FURNISHED), (fixed, 4.0), (Anchor::Wall, 4.0)]
            .into_iter()
            .filter(|(_, above)| *above < area.height * 0.3 && (manner.is_planned() || *above < FURNISHED))
            .find_map(|(anchor, above)| {
                let size = (width + beside, height);
                Some((anchor, nearest_free(device, anchor, size, area, above, &taken, manner)?))
            });
        let Some((anchor, area)) = free else {
            set.left.push(device.id.clone());
            // What has no place for one is not looked at further, where all have to have one.
            if manner.is_partial() {
                continue;
            }
            return set;
        };
        taken.push(area);
        if beside > 0.0 {
            set.arrow = Some(Area { width: ARROW.0, height: ARROW.1, y: area.y + 10.0, ..area });
        }
        let area = Area { x: area.x + beside, width: area.width - beside, ..area };
        let drawn = (footprint(device.kind).1 * scale).max(LEAST);
        set.places.push(Place { device: device.id.clone(), room: index, area, anchor, named, drawn, scale });
    }
    sort_few_by_key(&mut set.places, |place| {
        room.devices.iter().position(|device| device.id == place.device)
    });
    set
}

/// The free place nearest to the one in the plan, `above` the floor at least.
fn nearest_free(
    device: &DeviceView,
    anchor: Anchor,
    (width, height): (f64, f64),
    room: &Area,
    above: f64,
    taken: &[Area],
    manner: Manner,
) -> Option<Area> {
    let (left, right) = (room.x + 4.0, room.right() - width - 4.0);
    let (top, bottom) = (room.y + 4.0, room.bottom() - height - above);
    if right < left || bottom < top && anchor == Anchor::Wall || height > room.height {
        return None;
    }
    let x = room.x + room.width * f64::from(device.position.x.min(100)) / 100.0 - width / 2.0;
    let middle = room.bottom() - room.height * f64::from(device.position.y.min(100)) / 100.0;
    let x = between(left, x, right);
    let y = match anchor {
        Anchor::Ceiling => room.y,
        Anchor::Floor => room.bottom() - height,
        Anchor::Wall => between(top, middle - height / 2.0, bottom),
    };
    let step = if manner.is_planned() { STEPS.0 } else { STEPS.1 };
    let rows: Vec<f64> = match anchor {
        Anchor::Wall => steps(top, bottom, step).chain([y]).collect(),
        Anchor::Ceiling | Anchor::Floor => vec![y],
    };
    let mut best: Option<(f64, Area)> = None;
    for &row in &rows {
        for column in steps(left, right, step).chain([x]) {
            let candidate = Area { x: column, y: row, width, height };
            let cost = match manner {
                Manner::Planned | Manner::Thinned => (column - x).abs() + (row - y).abs(),
                Manner::Packed | Manner::Crowded => row + (column - room.x) * 0.3,
            };
            let better = best.is_none_or(|(known, _)| cost < known);
            if better && !taken.iter().any(|other| candidate.is_near(other, 3.0)) {
                best = Some((cost, candidate));
            }
        }
    }
    best.map(|(_, area)| area)
}

/// Both ends and what lies between.
fn steps(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    let count = ((to - from) / step).max(0.0) as u32;
    (0..=count).map(move |n| from + f64::from(n) * step).chain([to])
}

/// The room a device's drawing and label take, by the length of its words.
fn size(device: &DeviceView, named: bool, scale: f64) -> (f64, f64) {
    let (width, height) = footprint(device.kind);
    let (width, height) = ((width * scale).max(LEAST), (height * scale).max(LEAST));
    // The room itself says what a thermometer measures: its label is one line.
    let lines = if named && device.kind != DeviceKind::Sensor { 2.0 } else { 1.0 };
    let name = if named { device.name.chars().count() as f64 * 6.4 + 20.0 } else { 0.0 };
    let value: f64 = match device.kind {
        DeviceKind::Sensor if named => 0.0,
        DeviceKind::Doorbell => 46.0,
        // "12 rings", with a dot beside it where there is no room for a name.
        DeviceKind::Chime => 62.0,
        DeviceKind::Light => 52.0,
        _ => 54.0,
    };
    let label = 3.0 + 16.5 * lines;
    match device.shown {
        Shown::Climate { .. } => (width.max(name).max(124.0), height + label + 36.0),
        _ => (width.max(name).max(value), height + label),
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::geometry::drawing::tests::{device, room};

    #[test]
    fn devices_in_one_spot_are_drawn_side_by_side() {
        let rooms = vec![room(vec![
            device("a", DeviceKind::Sensor, 50, 50),
            device("b", DeviceKind::Plug, 50, 50),
            device("c", DeviceKind::Window, 50, 50),
        ])];
        let house = House::lay_out(&rooms, 900.0, 760.0);
        let places = places(&rooms, &house).places;
        for (index, place) in places.iter().enumerate() {
            let near = |other: &Place| place.area.is_near(&other.area, 2.0);
            assert!(!places[index + 1..].iter().any(near), "{places:?}");
        }
    }

    #[test]
    fn a_lamp_hangs_from_the_ceiling_and_a_radiator_stands_on_the_floor() {
        let rooms = vec![room(vec![
            device("lamp", DeviceKind::Light, 50, 92),
            device("radiator", DeviceKind::Radiator, 50, 12),
        ])];
        let house = House::lay_out(&rooms, 900.0, 760.0);
        let places = places(&rooms, &house).places;
        assert_eq!(places[0].area.y, house.rooms[0].y);
        assert_eq!(places[1].area.bottom(), house.rooms[0].bottom());
    }

    #[test]
    fn a_room_with_more_devices_than_fit_says_which_are_left() {
        let many = (0..200).map(|n| device(&n.to_string(), DeviceKind::Plug, 50, 50)).collect();
        let rooms = vec![room(many)];
        let house = House::lay_out(&rooms, 900.0, 760.0);
        let placing = places(&rooms, &house);
        let (index, left) = &placing.beyond[0];
        assert_eq!((*index, placing.places.len() + left.len()), (0, 200));
        assert!(placing.places.len() > 20);
    }
}
