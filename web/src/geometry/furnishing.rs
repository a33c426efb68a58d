//! What stands about in a room, so that one sees what it is for: decoration, and never under a label.

use super::Area;
use super::pieces::*;

/// A piece in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Furniture {
    /// What.
    pub piece: &'static Piece,
    /// Where: the upper left corner.
    pub at: (f64, f64),
}

impl Furniture {
    /// What it covers.
    pub fn area(&self) -> Area {
        Area { x: self.at.0, y: self.at.1, width: self.piece.width, height: self.piece.height }
    }
}

/// What goes into rooms with one of these words in their id or name, the most telling piece first; the first
/// line that fits counts.
static ROOMS: [(&[&str], &[&Piece]); 10] = [
    (&["bath", "shower", "toilet", "wc"], &[&BATH, &BASIN, &TOILET]),
    (&["kitchen", "cook"], &[&STOVE, &FRIDGE, &TABLE, &PICTURE]),
    (&["dining"], &[&TABLE, &PICTURE, &SHELF, &PLANT]),
    (&["bed", "guest", "child", "kid", "nursery"], &[&BED, &WARDROBE, &NIGHTSTAND, &PICTURE, &PLANT]),
    (&["study", "office", "work", "library"], &[&DESK, &CHAIR, &SHELF, &PLANT]),
    (&["hall", "entr", "corridor", "landing", "stair"], &[&STAIRS, &COATS, &BENCH]),
    (&["garage", "carport"], &[&CAR, &BICYCLE, &CRATES]),
    (&["laundry", "utility", "wash"], &[&WASHER, &JARS, &CRATES]),
    (&["cellar", "basement", "store", "storage", "attic"], &[&JARS, &CRATES, &BICYCLE, &BARRELS]),
    (&["living", "lounge", "sitting", "family"], &[&SOFA, &TELEVISION, &PICTURE, &PLANT, &SHELF]),
];
/// What goes into any other.
static OTHER: [&Piece; 4] = [&PLANT, &PICTURE, &CHAIR, &SHELF];
/// What stands in the cellar beside the broker.
static CELLAR: [&Piece; 5] = [&BOILER, &JARS, &BICYCLE, &CRATES, &BARRELS];
/// What stands under the roof.
static ATTIC: [&Piece; 2] = [&TRUNK, &CRATES];

/// The piece that tells most of what a room is for.
pub fn emblem(id: &str, name: &str) -> &'static Piece {
    pieces(id, name)[0]
}

/// Furniture for a room, past what is taken.
pub(super) fn furnish(id: &str, name: &str, room: &Area, taken: &[Area]) -> Vec<Furniture> {
    set(pieces(id, name), room, taken)
}

/// The cellar's, past the broker.
pub(super) fn store(cellar: &Area, taken: &[Area]) -> Vec<Furniture> {
    set(&CELLAR, cellar, taken)
}

/// What is kept on the floor of the attic, past its label.
pub(super) fn keep(attic: &Area, taken: &[Area]) -> Vec<Furniture> {
    set(&ATTIC, attic, taken)
}

/// Each piece where it fits, if it does: pictures in the middle, the others from the left and the right wall in turn.
fn set(pieces: &[&'static Piece], room: &Area, taken: &[Area]) -> Vec<Furniture> {
    let mut furniture: Vec<Furniture> = Vec::new();
    for &piece in pieces {
        let y = room.bottom() - piece.height - piece.above;
        let reach = room.width - piece.width - 12.0;
        if y < room.y + 4.0 || reach < 0.0 {
            continue;
        }
        let free = |x: f64| {
            let area = Area { x, y, width: piece.width, height: piece.height };
            let clear = taken.iter().all(|other| !area.is_near(other, 3.0));
            clear && furniture.iter().all(|other| !area.is_near(&other.area(), 10.0))
        };
        let places = (0..=(reach / 4.0) as u32).map(|step| room.x + 6.0 + f64::from(step) * 4.0);
        let spots: Vec<f64> = places.filter(|&x| free(x)).collect();
        let spot = match (piece.above > 0.0, furniture.len() % 2) {
            (true, _) => spots.get(spots.len() / 2),
            (false, 0) => spots.first(),
            (false, _) => spots.last(),
        };
        let Some(&x) = spot else { continue };
        furniture.push(Furniture { piece, at: (x, y) });
    }
    furniture
}

fn pieces(id: &str, name: &str) -> &'static [&'static Piece] {
    let name = name.to_ascii_lowercase();
    let fits = |words: &&[&str]| words.iter().any(|word| id.contains(word) || name.contains(word));
    ROOMS.iter().find(|(words, _)| fits(words)).map_or(&OTHER[..], |(_, pieces)| pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Area = Area { x: 10.0, y: 20.0, width: 320.0, height: 220.0 };

    #[test]
    fn a_bedroom_gets_a_bed_on_its_floor() {
        let furniture = furnish("bedroom", "Bedroom", &ROOM, &[]);
        assert!(std::ptr::eq(furniture[0].piece, &BED));
        assert_eq!(furniture[0].area().bottom(), ROOM.bottom());
    }

    #[test]
    fn nothing_stands_under_a_label_or_in_another_piece() {
        let taken = [Area { x: 100.0, y: 150.0, width: 90.0, height: 60.0 }];
        for name in ["living", "bed", "bath", "kitchen", "study", "hall", "garage", "other"] {
            let furniture = furnish(name, name, &ROOM, &taken);
            assert!(!furniture.is_empty(), "{name}");
            for (index, one) in furniture.iter().enumerate() {
                assert!(!one.area().is_near(&taken[0], 0.0), "{name}");
                assert!(furniture[index + 1..].iter().all(|two| !one.area().is_near(&two.area(), 0.0)));
            }
        }
    }

    #[test]
    fn a_room_that_is_full_gets_none() {
        assert_eq!(furnish("living", "Living room", &ROOM, &[ROOM]), []);
    }
}
