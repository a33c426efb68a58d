//! Where the parts of the house drawing lie, in CSS pixels: walls, devices and the wires between them.

mod placing;
mod wiring;

pub use placing::{Anchor, Place, crop, places};
pub use wiring::{Wire, wires};

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
    /// The cabinet of the bridge at the kerb.
    pub cabinet: Area,
    /// The shaft in which the wires go down.
    pub shaft: Area,
    /// Each room in the order given.
    pub rooms: Vec<Area>,
}

/// The thickness of walls and floors, in which the wires run.
pub const WALL: f64 = 26.0;
/// The width of the shaft.
pub const SHAFT: f64 = 44.0;

impl House {
    /// Lays a house with these rooms out on a stage of this size.
    pub fn lay_out(rooms: &[RoomView], width: f64, height: f64) -> Self {
        let columns = rooms.iter().map(|room| room.column + room.width).max().unwrap_or(1).max(1);
        let lowest = rooms.iter().map(|room| room.floor).min().unwrap_or(0);
        let highest = rooms.iter().map(|room| room.floor).max().unwrap_or(0);
        let floors = f64::from(highest - lowest + 1);
        let stage = Area { x: 0.0, y: 0.0, width, height };

        let kerb = (width * 0.17).clamp(120.0, 190.0);
        let roof = (height * 0.14).clamp(48.0, 110.0);
        let below = (height * 0.16).clamp(96.0, 130.0);
        let walls = Area { x: 28.0, y: roof, width: width - kerb - 28.0, height: height - roof - below };
        let before = shaft_column(rooms, columns);
        let usable = walls.width - WALL * 2.0 - SHAFT;
        let column = usable / f64::from(columns);
        let left = |index: u8| {
            let shaft = if index >= before { SHAFT } else { 0.0 };
            walls.x + WALL + f64::from(index) * column + shaft
        };
        let shaft = Area {
            x: walls.x + WALL + f64::from(before) * column,
            y: walls.y + WALL,
            width: SHAFT,
            height: walls.height - WALL,
        };
        let storey = (walls.height - WALL) / floors;
        let rooms = rooms
            .iter()
            .map(|room| {
                let last = room.column + room.width.max(1) - 1;
                let x = left(room.column);
                let top = walls.y + WALL + f64::from(highest - room.floor) * storey;
                let gap = if last + 1 == before || last + 1 == columns { 0.0 } else { 2.0 };
                Area { x, y: top, width: left(last) + column - x - gap, height: storey - WALL }
            })
            .collect();
        let cellar = Area { x: walls.x, y: walls.bottom(), width: walls.width, height: below - 12.0 };
        let broker = Area {
            x: (shaft.x + shaft.width / 2.0 - 88.0).max(cellar.x + 16.0),
            y: cellar.y + 30.0,
            width: 176.0,
            height: cellar.height - 44.0,
        };
        let cabinet = Area { x: width - 88.0, y: walls.bottom() - 74.0, width: 64.0, height: 74.0 };
        Self {
            stage,
            walls,
            ridge: (walls.x + walls.width / 2.0, 8.0),
            cellar,
            broker,
            cabinet,
            shaft,
            rooms,
        }
    }
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
            assert!(a.x >= house.walls.x && a.right() <= house.walls.right() - WALL + 0.1, "{a:?}");
            assert!(a.bottom() <= house.walls.bottom(), "{a:?}");
            for b in &house.rooms[i + 1..] {
                let apart = a.right() <= b.x || b.right() <= a.x || a.bottom() <= b.y || b.bottom() <= a.y;
                assert!(apart, "{a:?} {b:?}");
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
}
