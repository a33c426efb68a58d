//! Where the parts of the house drawing lie, in CSS pixels: walls, devices, furniture and the wires between.

mod drawing;
mod furnishing;
mod nearest;
mod pieces;
mod placing;
mod px;
mod sky;
mod street;
mod wiring;

pub use drawing::{Drawing, alike};
pub use furnishing::{Furniture, emblem};
pub use nearest::{Direction, nearest};
pub use pieces::Piece;
pub use placing::{Anchor, Place, footprint};
pub use px::{Px, px};
pub use sky::{Phase, luminary, minute, way};
pub use street::{Sign, Street};
pub use wiring::Wire;

use crate::wire::RoomView;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// The right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// The lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// The point in the middle.
    pub fn center(&self) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Whether it comes nearer to `other` than `gap`.
    pub fn is_near(&self, other: &Self, gap: f64) -> bool {
        self.x < other.right() + gap
            && other.x < self.right() + gap
            && self.y < other.bottom() + gap
            && other.y < self.bottom() + gap
    }
}

/// A house laid out for a stage of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct House {
    /// The whole stage.
    pub stage: Area,
    /// The walls, from the eaves to the ground.
    pub walls: Area,
    /// The tip of the roof.
    pub ridge: (f64, f64),
    /// The cellar below the ground.
    pub cellar: Area,
    /// The broker in the cellar.
    pub broker: Area,
    /// The shaft in which the wires go down.
    pub shaft: Area,
    /// Each room in the order given.
    pub rooms: Vec<Area>,
}

/// The thickness of floors, in which the wires run.
pub const SLAB: f64 = 26.0;
/// The thickness of the outer walls.
const SIDE: f64 = 14.0;
/// How far the roof reaches beyond the walls.
pub const EAVES: f64 = 18.0;
/// The widest that the walls get: beyond that, the street gets the room.
const WIDEST: f64 = 1_120.0;

impl House {
    /// Lays a house with these rooms out on a stage of this size; on a smaller one than 480 × 480 it is cut off.
    pub fn lay_out(rooms: &[RoomView], width: f64, height: f64) -> Self {
        let (width, height) = (width.max(480.0), height.max(480.0));
        let columns = rooms.iter().map(|room| room.column + room.width.max(1)).max().unwrap_or(1).max(1);
        let lowest = rooms.iter().map(|room| room.floor).min().unwrap_or(0);
        let highest = rooms.iter().map(|room| room.floor).max().unwrap_or(0);
        let floors = f64::from(highest - lowest + 1);
        let devices = rooms.iter().map(|room| room.devices.len()).sum::<usize>() as f64;
        let stage = Area { x: 0.0, y: 0.0, width, height };

        let left = between(22.0, width * 0.025, 64.0);
        let kerb = between(190.0, width * 0.205, 210.0);
        let sky = between(14.0, height * 0.04, 48.0);
        let roof = between(52.0, height * 0.16 - 32.0, 120.0);
        let below = between(116.0, height * 0.18, 176.0);
        let walls = Area {
            x: left,
            y: sky + roof,
            width: (width - kerb - left).min(WIDEST),
            height: height - sky - roof - below,
        };
        let shaft_width = between(48.0, devices * 2.6 + 18.0, 110.0).min(walls.width * 0.15);
        let before = shaft_column(rooms, columns);
        let edges = edges(rooms, columns, walls.width - SIDE * 2.0 - shaft_width);
        let left_of = |index: u8| {
            let shaft = if index >= before { shaft_width } else { 0.0 };
            walls.x + SIDE + edges[usize::from(index)] + shaft
        };
        let shaft = Area {
            x: walls.x + SIDE + edges[usize::from(before)],
            y: walls.y + SLAB,
            width: shaft_width,
            height: walls.height - SLAB,
        };
        let storey = (walls.height - SLAB) / floors;
        let rooms = rooms
            .iter()
            .map(|room| {
                let last = room.column + room.width.max(1) - 1;
                let x = left_of(room.column);
                let top = walls.y + SLAB + f64::from(highest - room.floor) * storey;
                let gap = if last + 1 == before || last + 1 == columns { 0.0 } else { 4.0 };
                let width = edges[usize::from(last) + 1] - edges[usize::from(last)];
                Area { x, y: top, width: left_of(last) + width - x - gap, height: storey - SLAB }
            })
            .collect();
        let cellar = Area { x: walls.x, y: walls.bottom(), width: walls.width, height: below - 14.0 };
        let breadth = between(190.0, walls.width * 0.42, 300.0);
        let broker = Area {
            x: between(
                cellar.x + 12.0,
                shaft.x + (shaft.width - breadth) / 2.0,
                cellar.right() - breadth - 12.0,
            ),
            y: cellar.y + 26.0,
            width: breadth,
            height: cellar.height - 26.0,
        };
        Self { stage, walls, ridge: (walls.x + walls.width / 2.0, sky), cellar, broker, shaft, rooms }
    }

    /// The line between house and earth.
    pub fn ground(&self) -> f64 {
        self.walls.bottom()
    }

    /// How high the roof is at `x`; the ground beside the house.
    pub fn skyline(&self, x: f64) -> f64 {
        let half = self.walls.width / 2.0 + EAVES;
        let from_ridge = (x - self.ridge.0).abs();
        if from_ridge >= half {
            return self.ground();
        }
        self.ridge.1 + (self.walls.y - self.ridge.1) * from_ridge / half
    }
}

/// `length`, but at least `low` and at most `high`. The library's way to say this has a panic that shows numbers.
fn between(low: f64, length: f64, high: f64) -> f64 {
    length.max(low).min(high)
}

/// Where the columns of rooms begin and end within this width: those with more devices get more of it.
fn edges(rooms: &[RoomView], columns: u8, width: f64) -> Vec<f64> {
    let weight = |column: u8| {
        let over =
            rooms.iter().filter(|room| (room.column..room.column + room.width.max(1)).contains(&column));
        let crowd = over.map(|room| room.devices.len() as f64 / f64::from(room.width.max(1)));
        4.0 + crowd.fold(0.0, f64::max)
    };
    let weights: Vec<f64> = (0..columns).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    let mut edge = 0.0;
    let ends = weights.iter().map(|weight| {
        edge += weight / sum * width;
        edge
    });
    std::iter::once(0.0).chain(ends).collect()
}

/// The column before which the shaft stands: between two rooms on every floor, as near to the middle as
/// that goes; at the right wall where a room is as wide as the house.
fn shaft_column(rooms: &[RoomView], columns: u8) -> u8 {
    let splits = |at: u8| rooms.iter().any(|room| room.column < at && at < room.column + room.width.max(1));
    (1..columns)
        .rev()
        .filter(|&at| !splits(at))
        .min_by_key(|&at| (2 * i16::from(at) - i16::from(columns)).abs())
        .unwrap_or(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Warmth;

    fn room(floor: i8, column: u8, width: u8) -> RoomView {
        RoomView {
            id: format!("{floor}-{column}"),
            name: String::new(),
            floor,
            column,
            width,
            temperature: None,
            warmth: Warmth::Unknown,
            devices: Vec::new(),
        }
    }

    #[test]
    fn rooms_do_not_overlap_and_stay_inside_the_walls() {
        let rooms = [room(0, 0, 1), room(0, 1, 2), room(1, 0, 1), room(1, 1, 1), room(1, 2, 1)];
        let house = House::lay_out(&rooms, 900.0, 760.0);
        for (i, a) in house.rooms.iter().enumerate() {
            assert!(a.x >= house.walls.x && a.right() <= house.walls.right(), "{a:?}");
            assert!(a.bottom() <= house.walls.bottom(), "{a:?}");
            for b in &house.rooms[i + 1..] {
                assert!(!a.is_near(b, 0.0), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn the_upper_floor_is_above_the_lower_one() {
        let house = House::lay_out(&[room(0, 0, 1), room(1, 0, 1)], 900.0, 760.0);
        assert!(house.rooms[1].bottom() < house.rooms[0].y);
    }

    #[test]
    fn an_empty_house_has_walls_all_the_same() {
        let house = House::lay_out(&[], 900.0, 760.0);
        assert!(house.walls.width > 0.0 && house.rooms.is_empty());
    }

    #[test]
    fn a_stage_without_a_size_yet_is_no_reason_to_panic() {
        assert!(House::lay_out(&[room(0, 0, 1)], 0.0, 0.0).rooms[0].width > 0.0);
    }

    #[test]
    fn the_skyline_is_the_roof_and_beside_it_the_ground() {
        let house = House::lay_out(&[], 1_000.0, 800.0);
        assert_eq!(house.skyline(house.ridge.0), house.ridge.1);
        assert_eq!(house.skyline(999.0), house.ground());
    }
}
