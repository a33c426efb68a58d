//! What is true in the house, whether or not a device tells it.

use crate::chance::Chance;
use crate::clock::HouseClock;
use crate::plan::Plan;
use crate::thermal::{RoomHeat, Thermal, outside};

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;

/// The most house time that one call works off; what a fast clock leaves over waits for the next.
const MOST_AT_ONCE: u64 = 2 * 3600 * SECOND;

/// Heat of a radiator that is fully open, in watts.
const RADIATOR: f64 = 2200.0;
/// Cold of an air conditioner at full power, in watts.
const COOLER: f64 = -2500.0;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: HouseClock,
    thermal: Thermal,
    rooms: Vec<String>,
    heating: Vec<u8>,
    cooling: Vec<u8>,
    phase: f64,
    /// House time up to which the physics has been worked out.
    done: u64,
    resident: Resident,
}

/// Somebody who walks through the hall now and then, and sometimes leaves or comes home.
#[derive(Debug)]
struct Resident {
    chance: Chance,
    next: u64,
    moving_until: u64,
    door_until: u64,
}

impl World {
    pub(crate) fn new(plan: &Plan, second_of_day: u32, mut chance: Chance, now: u64) -> Self {
        let rooms: Vec<String> = plan.rooms.iter().map(|room| room.id.clone()).collect();
        let heats = rooms.iter().map(|room| heat(room, &mut chance)).collect();
        let index = |id: &str| rooms.iter().position(|room| room == id);
        let walls = WALLS.iter().filter_map(|&(a, b, conductance)| Some((index(a)?, index(b)?, conductance)));
        let thermal = Thermal::new(heats, walls.collect());
        let clock = HouseClock::new(second_of_day, now);
        let phase = chance.around_zero() * std::f64::consts::PI;
        let done = clock.elapsed();
        let mut chance = chance.fork();
        let next = done + chance.between(2 * MINUTE, 5 * MINUTE);
        let resident = Resident { chance, next, moving_until: 0, door_until: 0 };
        let none = vec![0; rooms.len()];
        Self { clock, thermal, heating: none.clone(), cooling: none, rooms, phase, done, resident }
    }

    /// Works out what happened up to `now`; whether that is all of it.
    pub(crate) fn advance(&mut self, now: u64) -> bool {
        self.clock.advance(now);
        let end = self.clock.elapsed().min(self.done + MOST_AT_ONCE);
        // Whole seconds: the physics does not depend on how often it is asked.
        while self.done + SECOND <= end {
            self.done += SECOND;
            let outside = self.outside();
            self.thermal.step(1.0, outside);
            self.resident.live(self.done);
        }
        self.done + SECOND > self.clock.elapsed()
    }

    /// The number of a room, for what follows.
    pub(crate) fn room(&self, id: &str) -> Option<usize> {
        self.rooms.iter().position(|room| room == id)
    }

    /// Degrees Celsius.
    pub(crate) fn temperature(&self, room: usize) -> f64 {
        self.thermal.room(room).map_or(20.0, RoomHeat::temperature)
    }

    /// Relative humidity, percent.
    pub(crate) fn humidity(&self, room: usize) -> f64 {
        self.thermal.room(room).map_or(50.0, RoomHeat::humidity)
    }

    /// Degrees Celsius.
    pub(crate) fn outside(&self) -> f64 {
        outside(self.done as f64 / SECOND as f64, self.phase)
    }

    pub(crate) fn window(&self, room: usize) -> bool {
        self.thermal.room(room).is_some_and(|room| room.window_open)
    }

    pub(crate) fn set_window(&mut self, room: usize, open: bool) {
        if let Some(room) = self.thermal.room_mut(room) {
            room.window_open = open;
        }
    }

    /// How far a radiator is open, 0 to 100.
    pub(crate) fn set_heating(&mut self, room: usize, percent: u8) {
        self.heating[room] = percent.min(100);
        self.power(room);
    }

    /// How hard an air conditioner works, 0 to 100.
    pub(crate) fn set_cooling(&mut self, room: usize, percent: u8) {
        self.cooling[room] = percent.min(100);
        self.power(room);
    }

    fn power(&mut self, index: usize) {
        let heat = RADIATOR * f64::from(self.heating[index]) + COOLER * f64::from(self.cooling[index]);
        if let Some(room) = self.thermal.room_mut(index) {
            room.power = heat / 100.0;
        }
    }

    /// Whether somebody moves in the hall.
    pub(crate) fn motion(&self) -> bool {
        self.done < self.resident.moving_until
    }

    /// Whether the front door is open.
    pub(crate) fn door(&self) -> bool {
        self.done < self.resident.door_until
    }

    /// What runs on the kitchen's plug, in watts: a refrigerator, 14 minutes of every 40.
    pub(crate) fn refrigerator(&self) -> f64 {
        let minute = self.done / MINUTE % 40;
        if minute < 14 { 86.5 - minute as f64 } else { 1.5 }
    }
}

impl Resident {
    fn live(&mut self, house: u64) {
        if house < self.next {
            return;
        }
        self.moving_until = house + self.chance.between(20, 45) * SECOND;
        if self.chance.between(0, 3) == 0 {
            self.door_until = house + self.chance.between(8, 15) * SECOND;
        }
        self.next = house + self.chance.between(6 * MINUTE, 15 * MINUTE);
    }
}

/// A room as it is when the house is made. The living room starts a little above its set-point, at rest.
fn heat(room: &str, chance: &mut Chance) -> RoomHeat {
    let (size, temperature) = match room {
        "livingroom" => return RoomHeat::new(1.6, LIVING_ROOM, None),
        "hall" => (0.8, 18.0),
        "kitchen" => (1.0, 20.0),
        "bathroom" => (0.7, 22.0),
        "bedroom" => (1.4, 18.2),
        _ => (1.0, 20.8),
    };
    let temperature = temperature + chance.around_zero() * 0.4;
    RoomHeat::new(size, temperature, Some(temperature))
}

/// Where the living room starts, in °C.
const LIVING_ROOM: f64 = 20.64;

/// Which rooms are neighbours, and how much heat goes from one to the other in W/K.
const WALLS: &[(&str, &str, f64)] = &[
    ("hall", "livingroom", 12.0),
    ("livingroom", "kitchen", 12.0),
    ("bathroom", "bedroom", 12.0),
    ("bedroom", "study", 12.0),
    ("hall", "bathroom", 8.0),
    ("livingroom", "bedroom", 14.0),
    ("kitchen", "study", 8.0),
];
