//! The whole drawing of one plan for one size. It is made once for both, and not for each message.

use super::furnishing::{furnish, keep, store};
use super::placing::ARROW;
use super::{Anchor, Area, Direction, Furniture, House, Place, Wire, placing, wiring};
use crate::wire::{DeviceKind, RoomView, Shown};

/// A house with all that does not move.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Its walls and rooms.
    pub house: House,
    /// Its devices, those of a room together.
    pub places: Vec<Place>,
    /// Rooms with more devices than fit, by their place in the list, with those that have none, and where
    /// that is said.
    pub beyond: Vec<(usize, Vec<String>, Area)>,
    /// The furniture of each room, then of the cellar, then of the attic.
    pub furniture: Vec<Vec<Furniture>>,
    /// Where the cat is in each room: the middle of its paws.
    pub cats: Vec<(f64, f64)>,
    /// A wire for each place.
    pub wires: Vec<Wire>,
    /// Where the arrow stands that invites to open the window, and which way it points.
    pub invitation: Option<(Area, Direction)>,
}

/// The size of the label under the roof.
const ATTIC: (f64, f64) = (180.0, 46.0);

impl Drawing {
    /// Draws these rooms on a stage of this size.
    pub fn of(rooms: &[RoomView], width: f64, height: f64) -> Self {
        let house = House::lay_out(rooms, width, height);
        let placing = placing::places(rooms, &house);
        let places = placing.places;
        let labels: Vec<Area> =
            rooms.iter().zip(&house.rooms).map(|(room, area)| placing::label(room, area)).collect();
        let beyond: Vec<(usize, Vec<String>, Area)> = placing
            .beyond
            .into_iter()
            .map(|(room, left)| (room, left, placing::corner(&house.rooms[room])))
            .collect();
        let kept = placing.arrow.map(|arrow| (arrow, Direction::Right));
        let corners = beyond.iter().map(|(_, _, corner)| *corner);
        let written: Vec<Area> = labels.iter().copied().chain(corners.clone()).collect();
        let invitation = kept.or_else(|| invitation(rooms, &house, &places, &written));
        let kept: Vec<Area> =
            labels.iter().copied().chain(corners).chain(invitation.map(|(area, _)| area)).collect();
        let wires = wiring::wires(&places, &kept, &house);
        let cats = house.rooms.iter().map(|room| cat(room, &places)).collect();
        let mut furniture: Vec<Vec<Furniture>> = rooms
            .iter()
            .zip(&house.rooms)
            .enumerate()
            .map(|(index, (room, area))| {
                let devices = places.iter().filter(|place| place.room == index).map(|place| place.area);
                let taken: Vec<Area> = devices.chain(kept.iter().copied()).collect();
                furnish(&room.id, &room.name, area, &taken)
            })
            .collect();
        furniture.push(store(&house.cellar, &[house.broker, legend(&house)]));
        furniture.push(keep(&attic(&house), &[attic_label(&house)]));
        Self { house, places, beyond, furniture, cats, wires, invitation }
    }

    /// The place of a device.
    pub fn place(&self, device: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.device == device)
    }

    /// The corner of the cellar that tells what the signs of the drawing mean.
    pub fn legend(&self) -> Area {
        legend(&self.house)
    }
}

/// Whether two houses are drawn alike but for what their devices show.
pub fn alike(a: &[RoomView], b: &[RoomView]) -> bool {
    let room = |a: &RoomView, b: &RoomView| {
        (&a.id, &a.name, a.floor, a.column, a.width) == (&b.id, &b.name, b.floor, b.column, b.width)
            && a.devices.len() == b.devices.len()
            && a.devices.iter().zip(&b.devices).all(|(a, b)| {
                let climate = |shown: &Shown| matches!(shown, Shown::Climate { .. });
                (&a.id, &a.name, a.kind, a.position) == (&b.id, &b.name, b.kind, b.position)
                    && climate(&a.shown) == climate(&b.shown)
            })
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| room(a, b))
}

/// The size of the cat.
const CAT: (f64, f64) = (46.0, 32.0);

/// On the floor of the room, as far from the devices that stand there as it can be.
fn cat(room: &Area, places: &[Place]) -> (f64, f64) {
    let reach = ((room.width - CAT.0 - 12.0) / 8.0).max(0.0) as u32;
    let distance = |x: f64| {
        let cat = Area { x: x - CAT.0 / 2.0, y: room.bottom() - CAT.1, width: CAT.0, height: CAT.1 };
        let gap = |place: &Place| {
            let beside = (place.area.x - cat.right()).max(cat.x - place.area.right());
            if place.area.bottom() < cat.y { room.width } else { beside }
        };
        let devices = places.iter().filter(|place| place.area.is_near(room, 0.0));
        devices.map(gap).fold(room.width, f64::min)
    };
    let spots = (0..=reach).map(|step| room.x + 6.0 + CAT.0 / 2.0 + f64::from(step) * 8.0);
    let best = spots.max_by(|a, b| distance(*a).total_cmp(&distance(*b)));
    (best.unwrap_or(room.center().0), room.bottom())
}

/// Beside the first window, on the side that has room for it.
fn invitation(
    rooms: &[RoomView],
    house: &House,
    places: &[Place],
    labels: &[Area],
) -> Option<(Area, Direction)> {
    let devices = rooms.iter().flat_map(|room| &room.devices);
    let window = devices.filter(|device| device.kind == DeviceKind::Window).find_map(|device| {
        places.iter().find(|place| place.device == device.id && place.anchor == Anchor::Wall)
    })?;
    let room = house.rooms[window.room];
    let free = |area: &Area| {
        let beside = area.x >= room.x + 2.0 && area.right() <= room.right() - 2.0;
        let inside = beside && area.y >= room.y + 2.0 && area.bottom() <= room.bottom() - 2.0;
        let others = places.iter().map(|place| &place.area).chain(labels);
        inside && others.clone().all(|other| !area.is_near(other, 1.0))
    };
    let at = |x: f64, y: f64| Area { x, y, width: ARROW.0, height: ARROW.1 };
    let area = &window.area;
    let beside = (0..6).flat_map(|row| {
        let y = area.y + f64::from(row) * 12.0;
        [(at(area.x - ARROW.0 - 2.0, y), Direction::Right), (at(area.right() + 2.0, y), Direction::Left)]
    });
    let middle = area.center().0 - ARROW.0 / 2.0;
    let over = (-4..=4).flat_map(|step| {
        let x = middle + f64::from(step) * 8.0;
        [(at(x, area.y - ARROW.1 - 2.0), Direction::Down), (at(x, area.bottom() + 2.0), Direction::Up)]
    });
    beside.chain(over).find(|(area, _)| free(area))
}

/// The left corner of the cellar, if the broker leaves it; else the right one.
fn legend(house: &House) -> Area {
    let (cellar, broker) = (house.cellar, house.broker);
    let (width, height) = (136.0, 66.0);
    let left = broker.x - cellar.x >= cellar.right() - broker.right();
    let x = if left { cellar.x + 12.0 } else { cellar.right() - width - 8.0 };
    Area { x, y: cellar.y + 30.0, width, height }
}

/// The part of the space under the roof where a trunk can stand.
fn attic(house: &House) -> Area {
    let (height, roof) = (40.0, house.walls.y - house.ridge.1);
    let width = house.walls.width * (1.0 - (height + 14.0) / roof).max(0.0);
    Area { x: house.ridge.0 - width / 2.0, y: house.walls.y - height, width, height }
}

fn attic_label(house: &House) -> Area {
    Area {
        x: house.ridge.0 - ATTIC.0 / 2.0,
        y: house.walls.y - ATTIC.1 - 8.0,
        width: ATTIC.0,
        height: ATTIC.1,
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
pub(super) mod tests {
    use super::*;
    use crate::geometry::{Street, wiring::segment};
    use crate::wire::{DeviceView, Position, Presence, Warmth};
    use lacewing_sim::plan::Plan;
    use proptest::prelude::*;

    pub(in crate::geometry) fn device(id: &str, kind: DeviceKind, x: u8, y: u8) -> DeviceView {
        let shown = match kind {
            DeviceKind::Thermostat => {
                Shown::Climate { current: None, target: Some(200), range: (50, 300), step: 5, action: None }
            }
            _ => Shown::Nothing,
        };
        DeviceView {
            id: id.into(),
            name: id.into(),
            kind,
            position: Position { x, y },
            simulated: true,
            handed_to: None,
            presence: Presence::Online,
            shown,
            asked: None,
        }
    }

    pub(in crate::geometry) fn room(devices: Vec<DeviceView>) -> RoomView {
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

    /// The rooms of the house that is simulated.
    pub(in crate::geometry) fn default_house() -> Vec<RoomView> {
        rooms_of(&lacewing_sim::house::plan())
    }

    pub(in crate::geometry) fn drawing_of(rooms: &[RoomView], width: f64, height: f64) -> Drawing {
        Drawing::of(rooms, width, height)
    }

    fn rooms_of(plan: &Plan) -> Vec<RoomView> {
        let members = |id: &str| {
            plan.devices
                .iter()
                .filter(|device| device.room == id && device.kind != DeviceKind::Hub)
                .map(|one| DeviceView {
                    name: one.name.clone(),
                    ..device(&one.id, one.kind, one.position.x, one.position.y)
                })
                .collect()
        };
        let room = |one: &lacewing_sim::plan::Room| RoomView {
            id: one.id.clone(),
            name: one.name.clone(),
            floor: one.floor,
            column: one.column,
            width: one.width,
            devices: members(&one.id),
            ..room(Vec::new())
        };
        plan.rooms.iter().map(room).collect()
    }

    /// Everything in a drawing that is read.
    fn texts(rooms: &[RoomView], drawing: &Drawing) -> Vec<Area> {
        let labels = rooms.iter().zip(&drawing.house.rooms).map(|(room, area)| placing::label(room, area));
        let devices = drawing.places.iter().map(|place| place.area);
        let more = drawing.beyond.iter().map(|(_, _, corner)| *corner);
        let others = [drawing.house.broker, legend(&drawing.house), attic_label(&drawing.house)];
        let arrow = drawing.invitation.map(|(area, _)| area);
        labels.chain(devices).chain(more).chain(others).chain(arrow).collect()
    }

    fn no_text_is_crossed(rooms: &[RoomView], width: f64, height: f64) {
        let drawing = Drawing::of(rooms, width, height);
        let street = Street::lay_out(&drawing.house, &["one".into(), "two".into()]);
        let wires = drawing.wires.iter().chain(street.signs.iter().map(|sign| &sign.wire));
        let wires = wires.chain([&street.air, &street.cable]);
        for wire in wires {
            for pair in wire.corners.windows(2) {
                let segment = segment(pair[0], pair[1]);
                for text in texts(rooms, &drawing) {
                    // A wire may begin at the edge of its own label, and ends at that of the broker.
                    assert!(!segment.is_near(&text, -0.5), "{wire:?} crosses {text:?} at {width} × {height}");
                }
            }
        }
        for furniture in drawing.furniture.iter().flatten() {
            for text in texts(rooms, &drawing) {
                assert!(!furniture.area().is_near(&text, 0.0), "{:?} is under a text", furniture.at);
            }
        }
        let shaft = drawing.house.shaft;
        assert!(drawing.invitation.is_none_or(|(arrow, _)| !arrow.is_near(&shaft, 0.0)));
    }

    #[test]
    fn no_wire_crosses_a_label_of_the_simulated_house_at_any_width() {
        for width in (700..=1_500).step_by(80) {
            for height in [560.0, 640.0, 788.0, 968.0] {
                no_text_is_crossed(&default_house(), f64::from(width), height);
            }
        }
    }

    #[test]
    fn the_simulated_house_shows_every_device_and_invites() {
        let desks = [(988.0, 788.0), (1_468.0, 968.0)];
        // Of 1280 × 800, 1366 × 768 and 1024 × 768: there the window itself may say that it wants to be opened.
        let laptops = [(916.0, 676.0), (1_002.0, 660.0), (948.0, 660.0)];
        for (width, height) in desks.into_iter().chain(laptops) {
            let drawing = Drawing::of(&default_house(), width, height);
            assert_eq!(drawing.beyond, [], "at {width} × {height}");
            let is_desk = desks.contains(&(width, height));
            assert!(drawing.invitation.is_some() || !is_desk, "at {width} × {height}");
        }
    }

    #[test]
    fn what_devices_show_does_not_change_the_drawing() {
        let rooms = default_house();
        let mut other = rooms.clone();
        other[0].devices[0].presence = Presence::Offline;
        other[0].warmth = Warmth::Hot;
        assert!(alike(&rooms, &other));
        other[0].devices[0].name.push('s');
        assert!(!alike(&rooms, &other));
    }

    const KINDS: [DeviceKind; 15] = [
        DeviceKind::Blind,
        DeviceKind::LeakSensor,
        DeviceKind::Doorbell,
        DeviceKind::Chime,
        DeviceKind::Fan,
        DeviceKind::Sensor,
        DeviceKind::Thermostat,
        DeviceKind::Radiator,
        DeviceKind::AirConditioner,
        DeviceKind::Light,
        DeviceKind::Window,
        DeviceKind::Door,
        DeviceKind::Motion,
        DeviceKind::Plug,
        DeviceKind::SmokeAlarm,
    ];

    fn generated() -> impl Strategy<Value = Vec<RoomView>> {
        let device = (0..KINDS.len(), 0..=100u8, 0..=100u8, 1..20usize);
        let room = (prop::collection::vec(device, 0..9), 1..3u8);
        prop::collection::vec(prop::collection::vec(room, 1..5), 1..4).prop_map(|floors| {
            let mut rooms = Vec::new();
            for (floor, members) in floors.into_iter().enumerate() {
                let mut column = 0;
                for (devices, width) in members {
                    let id = format!("{floor}-{column}");
                    let devices =
                        devices.into_iter().enumerate().map(|(n, (kind, x, y, letters))| DeviceView {
                            name: "n".repeat(letters),
                            ..self::device(&format!("{id}-{n}"), KINDS[kind], x, y)
                        });
                    let devices = devices.collect();
                    rooms.push(RoomView {
                        id: id.clone(),
                        floor: floor as i8,
                        column,
                        width,
                        ..self::room(devices)
                    });
                    column += width;
                }
            }
            rooms
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

        #[test]
        fn no_wire_crosses_a_label_of_any_house(rooms in generated(), width in 700..1_500u32, height in 560..1_000u32) {
            no_text_is_crossed(&rooms, f64::from(width), f64::from(height));
        }
    }
}
