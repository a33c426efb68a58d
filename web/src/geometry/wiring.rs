//! The wires: at right angles, from each device past all labels into the nearest floor or ceiling, along it in
//! a lane of its own, and down the shaft to the broker.

use super::{Anchor, Area, House, Place, SLAB, px};
use crate::order::{sort_few, sort_few_by_key};

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
}

fn path<'a>(corners: impl Iterator<Item = &'a (f64, f64)>) -> String {
    let mut path = String::new();
    for (index, (x, y)) in corners.enumerate() {
        path.push(if index == 0 { 'M' } else { 'L' });
        // Half pixels are near enough, and short.
        let half = |length: f64| px((length * 2.0).round() / 2.0);
        path.push_str(&format!("{} {}", half(*x), half(*y)));
    }
    path
}

/// How a wire leaves its room: from the device to a floor or a ceiling.
#[derive(Clone, Debug)]
struct Outlet {
    corners: Vec<(f64, f64)>,
    ceiling: bool,
}

/// A wire on its way into a slab.
struct Run {
    device: usize,
    outlet: Outlet,
    x: f64,
    /// The upper edge of the slab it runs in.
    slab: f64,
    from_left: bool,
    /// Where it runs in its slab.
    level: f64,
}

/// The smallest distance between two wires that run side by side in a room, and from a label.
const APART: f64 = 4.0;
/// The widest distance between two lanes.
const LANE: f64 = 4.0;

/// The wires of all devices past `obstacles`. Each has a lane of its own in its slab and in the shaft, so that
/// no two run on top of each other or cross on their way down.
pub(super) fn wires(places: &[Place], obstacles: &[Area], house: &House) -> Vec<Wire> {
    let middle = house.shaft.center().0;
    let mut upright: Vec<(f64, f64, f64)> = Vec::new();
    let mut runs: Vec<Run> = places
        .iter()
        .enumerate()
        .map(|(device, place)| {
            let room = &house.rooms[place.room];
            let others: Vec<&Area> = places
                .iter()
                .filter(|other| other.room == place.room && other.device != place.device)
                .map(|other| &other.area)
                .chain(obstacles.iter().filter(|obstacle| obstacle.is_near(room, 0.0)))
                .collect();
            let outlet = outlet(place, room, &others, &upright);
            for pair in outlet.corners.windows(2) {
                if pair[0].0 == pair[1].0 {
                    upright.push((pair[0].0, pair[0].1.min(pair[1].1), pair[0].1.max(pair[1].1)));
                }
            }
            let x = outlet.corners[outlet.corners.len() - 1].0;
            let slab = if outlet.ceiling { room.y - SLAB } else { room.bottom() };
            Run { device, outlet, x, slab, from_left: x < middle, level: 0.0 }
        })
        .collect();
    level(&mut runs, middle);
    let lanes = lanes(&runs, &house.shaft);
    let mut wires: Vec<(usize, Wire)> = runs
        .into_iter()
        .zip(lanes)
        .map(|(run, lane)| {
            let mut corners = run.outlet.corners;
            corners.extend([(run.x, run.level), (lane, run.level), (lane, house.broker.y)]);
            corners.dedup();
            (run.device, Wire { device: places[run.device].device.clone(), corners })
        })
        .collect();
    sort_few_by_key(&mut wires, |(device, _)| *device);
    wires.into_iter().map(|(_, wire)| wire).collect()
}

/// The shortest way out of the room that keeps clear of all labels; where there is none, the wire shows in
/// the slab only.
fn outlet(place: &Place, room: &Area, others: &[&Area], upright: &[(f64, f64, f64)]) -> Outlet {
    let area = &place.area;
    let middle = area.center().0;
    let free = |corners: &[(f64, f64)]| {
        corners.windows(2).all(|pair| {
            let segment = segment(pair[0], pair[1]);
            let apart = pair[0].0 != pair[1].0
                || !upright.iter().any(|(x, top, bottom)| {
                    (x - pair[0].0).abs() < APART && segment.y < *bottom && *top < segment.bottom()
                });
            apart && !others.iter().any(|other| segment.is_near(other, 1.0))
        })
    };
    let ways = |ceiling: bool| {
        let end = if ceiling { room.y } else { room.bottom() };
        let start = if ceiling { area.y } else { area.bottom() };
        let mut straight =
            offsets(area.width / 2.0 - 4.0).map(move |dx| vec![(middle + dx, start), (middle + dx, end)]);
        // The drawing is at the top, but for what stands on the floor.
        let height = match place.anchor {
            Anchor::Floor => area.bottom() - place.drawn / 2.0,
            Anchor::Ceiling | Anchor::Wall => area.y + place.drawn / 2.0,
        };
        let mut aside = offsets(room.width).filter_map(move |dx| {
            let x = middle + dx;
            let edge = if dx < 0.0 { area.x } else { area.right() };
            let outside = if dx < 0.0 { x < edge - 3.0 } else { x > edge + 3.0 };
            let inside = x > room.x + 3.0 && x < room.right() - 3.0;
            (outside && inside).then(|| vec![(edge, height), (x, height), (x, end)])
        });
        straight.find(|way| free(way)).or_else(|| aside.find(|way| free(way)))
    };
    let mut straight = [false, true].map(|ceiling| ways(ceiling).map(|corners| Outlet { corners, ceiling }));
    match place.anchor {
        Anchor::Ceiling => straight.reverse(),
        Anchor::Floor => {}
        Anchor::Wall => {
            sort_few(&mut straight, |a, b| length(a.as_ref()).total_cmp(&length(b.as_ref())));
        }
    }
    let below = !matches!(place.anchor, Anchor::Ceiling);
    straight.into_iter().flatten().next().unwrap_or_else(|| Outlet {
        corners: vec![(middle, if below { room.bottom() } else { room.y })],
        ceiling: !below,
    })
}

/// 0, and then steps to either side as far as `reach`.
fn offsets(reach: f64) -> impl Iterator<Item = f64> {
    let count = (reach / APART).max(0.0) as i32;
    (0..=count * 2).map(|n| f64::from(if n % 2 == 0 { n / 2 } else { -(n + 1) / 2 }) * APART)
}

fn length(outlet: Option<&Outlet>) -> f64 {
    let Some(outlet) = outlet else { return f64::MAX };
    let bends = outlet.corners.len() as f64 * 20.0;
    let ways = outlet.corners.windows(2);
    ways.map(|pair| (pair[0].0 - pair[1].0).abs() + (pair[0].1 - pair[1].1).abs()).sum::<f64>() + bends
}

/// The rectangle without width or without height between two corners.
pub(super) fn segment(a: (f64, f64), b: (f64, f64)) -> Area {
    Area { x: a.0.min(b.0), y: a.1.min(b.1), width: (a.0 - b.0).abs(), height: (a.1 - b.1).abs() }
}

/// Gives each run its level. What comes from above stays in the upper part of the slab, the nearest to the
/// shaft highest; what comes from below in the lower part, the nearest lowest: so nothing crosses.
fn level(runs: &mut [Run], middle: f64) {
    let keys: Vec<(f64, bool, bool, f64)> = runs
        .iter()
        .map(|run| (run.slab, run.outlet.ceiling, run.from_left, (run.x - middle).abs()))
        .collect();
    let same = |a: f64, b: f64| (a - b).abs() < 1.0;
    for (index, run) in runs.iter_mut().enumerate() {
        let (slab, ceiling, left, distance) = keys[index];
        let side = keys.iter().filter(|key| same(key.0, slab) && key.2 == left);
        let count = side.clone().count();
        let spacing = ((SLAB - 8.0) / count.max(1) as f64).min(LANE);
        let rank =
            side.enumerate().filter(|(_, key)| key.1 == ceiling).filter(|(_, key)| key.3 < distance).count();
        let ties = keys[..index]
            .iter()
            .filter(|key| same(key.0, slab) && key.2 == left && key.1 == ceiling && key.3 == distance);
        let rank = (rank + ties.count()) as f64;
        run.level = if ceiling { slab + SLAB - 4.0 - rank * spacing } else { slab + 4.0 + rank * spacing };
    }
}

/// The lane of each run in the shaft: what joins lowest goes outermost.
fn lanes(runs: &[Run], shaft: &Area) -> Vec<f64> {
    let pitch = ((shaft.width - 12.0) / runs.len().max(1) as f64).min(LANE);
    let start = shaft.center().0 - pitch * (runs.len().saturating_sub(1)) as f64 / 2.0;
    runs.iter()
        .enumerate()
        .map(|(index, run)| {
            let outside = |(other, its): &(usize, &Run)| {
                its.from_left == run.from_left
                    && (its.level > run.level || its.level == run.level && *other < index)
            };
            let rank = runs.iter().enumerate().filter(outside).count() as f64;
            match run.from_left {
                true => start + rank * pitch,
                false => start + (runs.len() as f64 - 1.0 - rank) * pitch,
            }
        })
        .collect()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::geometry::drawing::tests::{default_house, drawing_of};

    #[test]
    fn every_wire_turns_at_right_angles_and_ends_at_the_broker() {
        let drawing = drawing_of(&default_house(), 988.0, 788.0);
        assert!(drawing.wires.len() > 15);
        for wire in &drawing.wires {
            for pair in wire.corners.windows(2) {
                assert!(pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1, "{wire:?}");
            }
            let last = wire.corners[wire.corners.len() - 1];
            assert_eq!(last.1, drawing.house.broker.y);
            assert!(last.0 > drawing.house.broker.x && last.0 < drawing.house.broker.right());
        }
    }

    /// Outside of the rooms, where a drop may pass behind the wire of a neighbour.
    #[test]
    fn no_two_wires_share_a_lane_or_cross_on_their_way_down() {
        let drawing = drawing_of(&default_house(), 988.0, 788.0);
        let tail = |wire: &Wire| wire.corners[wire.corners.len() - 4..].to_vec();
        for (index, wire) in drawing.wires.iter().enumerate() {
            for other in &drawing.wires[index + 1..] {
                for a in tail(wire)[1..].windows(2) {
                    for b in tail(other)[1..].windows(2) {
                        let (one, two) = (segment(a[0], a[1]), segment(b[0], b[1]));
                        assert!(!one.is_near(&two, 0.1), "{wire:?} {other:?}");
                    }
                }
            }
        }
    }
}
