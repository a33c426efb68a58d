use std::collections::VecDeque;

use crate::plan::{self, Plan};

/// What is so in each room, and which rooms are neighbours.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    all: Vec<Room>,
    walls: Vec<Wall>,
}

/// What is so in a room. Times are house time, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Room {
    id: String,
    /// How far its radiator is open, 0 to 100.
    pub(super) heating: u8,
    /// How hard its air conditioner works, 0 to 100.
    pub(super) cooling: u8,
    pub(super) moving_until: u64,
    pub(super) door_until: u64,
    pub(super) smoke_until: u64,
    /// Whether there is water on the floor.
    pub(super) wet: bool,
}

/// A wall or a ceiling between two rooms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wall {
    pub(super) a: usize,
    pub(super) b: usize,
    /// The heat that goes through it, in W/K.
    pub(super) conductance: f64,
}

impl Rooms {
    /// Takes the rooms of a plan for those of the house; says of each which number it had before.
    pub(super) fn rebuild(&mut self, plan: &Plan) -> Vec<Option<usize>> {
        let former: Vec<_> = plan.rooms.iter().map(|room| self.index(&room.id)).collect();
        let mut before: Vec<_> = std::mem::take(&mut self.all).into_iter().map(Some).collect();
        let kept = former.iter().map(|index| index.and_then(|index| before.get_mut(index)?.take()));
        let fresh = |room: &plan::Room| Room { id: room.id.clone(), ..Room::default() };
        self.all =
            plan.rooms.iter().zip(kept).map(|(room, kept)| kept.unwrap_or_else(|| fresh(room))).collect();
        self.walls = walls(&plan.rooms);
        former
    }

    pub(super) fn index(&self, id: &str) -> Option<usize> {
        self.all.iter().position(|room| room.id == id)
    }

    pub(super) fn id(&self, room: usize) -> Option<&str> {
        self.all.get(room).map(|room| room.id.as_str())
    }

    pub(super) fn at(&self, room: usize) -> Option<&Room> {
        self.all.get(room)
    }

    pub(super) fn at_mut(&mut self, room: usize) -> Option<&mut Room> {
        self.all.get_mut(room)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn walls(&self) -> &[Wall] {
        &self.walls
    }

    /// The clock was set forward: what is to last goes on as long as before.
    pub(super) fn skip(&mut self, skipped: u64) {
        for room in &mut self.all {
            for until in [&mut room.moving_until, &mut room.door_until, &mut room.smoke_until] {
                *until = until.saturating_add(skipped);
            }
        }
    }

    /// The rooms on the shortest way, without the first and with the last; only the last where there is no way.
    pub(super) fn way(&self, from: usize, to: usize) -> VecDeque<usize> {
        // From the end back, so that the ways can be read off forwards.
        let mut towards = vec![None; self.all.len()];
        let mut reached = VecDeque::from([to]);
        while let Some(room) = reached.pop_front() {
            for next in self.neighbours(room) {
                if next != to && towards[next].is_none() {
                    towards[next] = Some(room);
                    reached.push_back(next);
                }
            }
        }
        let mut way = VecDeque::new();
        let mut at = from;
        while let Some(next) = towards.get(at).copied().flatten() {
            way.push_back(next);
            at = next;
        }
        if at != to {
            way.push_back(to);
        }
        way
    }

    fn neighbours(&self, room: usize) -> impl Iterator<Item = usize> {
        self.walls.iter().filter_map(move |wall| match (wall.a == room, wall.b == room) {
            (true, _) => Some(wall.b),
            (_, true) => Some(wall.a),
            _ => None,
        })
    }
}

/// Which rooms are neighbours in the section drawing: side by side, or one above the other.
fn walls(rooms: &[plan::Room]) -> Vec<Wall> {
    let mut walls = Vec::new();
    for (a, one) in rooms.iter().enumerate() {
        for (b, other) in rooms.iter().enumerate().skip(a + 1) {
            let (end, other_end) = (one.column + one.width, other.column + other.width);
            let shared = end.min(other_end).saturating_sub(one.column.max(other.column));
            let conductance = match one.floor.abs_diff(other.floor) {
                0 if end == other.column || other_end == one.column => 12.0,
                1 if shared > 0 => 2.0 + 6.0 * f64::from(shared),
                _ => continue,
            };
            walls.push(Wall { a, b, conductance });
        }
    }
    walls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house;

    #[test]
    fn rooms_side_by_side_or_one_above_the_other_are_neighbours() {
        let mut rooms = Rooms::default();
        rooms.rebuild(&house::plan());
        let named: Vec<_> = rooms.walls.iter().map(|wall| (rooms.id(wall.a), rooms.id(wall.b))).collect();
        assert_eq!(named.len(), 7);
        assert!(named.contains(&(Some("livingroom"), Some("bedroom"))));
        assert!(!named.contains(&(Some("hall"), Some("kitchen"))));
    }

    #[test]
    fn the_way_leads_through_the_rooms_between() {
        let mut rooms = Rooms::default();
        rooms.rebuild(&house::plan());
        let way = |from: &str, to: &str| -> Vec<_> {
            let way = rooms.way(rooms.index(from).unwrap(), rooms.index(to).unwrap());
            way.into_iter().filter_map(|room| rooms.id(room)).collect()
        };
        assert_eq!(way("hall", "kitchen"), ["livingroom", "kitchen"]);
        assert_eq!(way("bathroom", "hall"), ["hall"]);
        assert_eq!(way("study", "study"), [""; 0]);
    }
}
