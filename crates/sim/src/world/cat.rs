use std::collections::VecDeque;

use super::rooms::Rooms;
use super::{MINUTE, SECOND};
use crate::chance::Chance;

/// How long the cat is in a room that it walks through, in house time.
const STEP: u64 = 3 * SECOND;

/// The one who lives in the house. It walks where it is sent, and now and then where it likes.
#[derive(Debug)]
pub(super) struct Cat {
    chance: Chance,
    room: usize,
    way: VecDeque<usize>,
    next_step: u64,
    /// When it gets up by itself.
    up_at: u64,
}

impl Cat {
    pub(super) fn new(mut chance: Chance, house: u64) -> Self {
        let up_at = house + chance.between(2 * MINUTE, 5 * MINUTE);
        Self { chance, room: 0, way: VecDeque::new(), next_step: 0, up_at }
    }

    /// The number of the room where it is.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// The house was rebuilt, and its room has another number, or is another one.
    pub(super) fn moved(&mut self, room: usize) {
        self.room = room;
        self.way.clear();
    }

    /// Sets out for a room.
    pub(super) fn send(&mut self, room: usize, house: u64, rooms: &Rooms) {
        self.way = rooms.way(self.room, room);
        self.next_step = house + SECOND;
    }

    /// A second of house time passed.
    pub(super) fn live(&mut self, house: u64, rooms: &mut Rooms, front: Option<usize>) {
        if house >= self.up_at {
            self.up_at = house + self.chance.between(6 * MINUTE, 15 * MINUTE);
            let anywhere = self.chance.between(0, (rooms.len() as u64).saturating_sub(1)) as usize;
            // Who comes by the front door may have brought something.
            let wish = front.filter(|&front| front != self.room).unwrap_or(anywhere);
            if self.way.is_empty() {
                self.send(wish, house, rooms);
            }
        }
        if house < self.next_step {
            return;
        }
        let Some(room) = self.way.pop_front() else { return };
        self.next_step = house + STEP;
        self.room = room;
        let still_at = house + self.chance.between(20, 45) * SECOND;
        if let Some(room) = rooms.at_mut(room) {
            room.moving_until = room.moving_until.max(still_at);
        }
    }

    /// The clock was set forward.
    pub(super) fn skip(&mut self, skipped: u64) {
        self.next_step = self.next_step.saturating_add(skipped);
        self.up_at = self.up_at.saturating_add(skipped);
    }
}
