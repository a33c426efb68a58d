//! What is true in the house, whether or not a device tells it.

mod cat;
mod rooms;

use crate::chance::Chance;
use crate::clock::HouseClock;
use crate::plan::{DeviceKind, Plan};
use crate::thermal::{RoomHeat, Thermal, outside};
use cat::Cat;
use rooms::Rooms;

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;

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
    rooms: Rooms,
    phase: f64,
    /// House time up to which the physics has been worked out.
    done: u64,
    /// What chance is drawn from when a room is built.
    builder: Chance,
    visitor: Visitor,
    cat: Cat,
}

/// Somebody who comes home now and then, by the first door of the house.
#[derive(Debug)]
struct Visitor {
    chance: Chance,
    next: u64,
    /// The room with that door.
    front: Option<usize>,
}

impl World {
    pub(crate) fn new(plan: &Plan, second_of_day: u32, mut chance: Chance, now: u64) -> Self {
        let clock = HouseClock::new(second_of_day, now);
        let phase = chance.around_zero() * std::f64::consts::PI;
        let done = clock.elapsed();
        let mut outdoors = chance.fork();
        let next = done + outdoors.between(20 * MINUTE, 40 * MINUTE);
        let visitor = Visitor { chance: outdoors, next, front: None };
        let cat = Cat::new(chance.fork(), done);
        let thermal = Thermal::new(Vec::new(), Vec::new());
        let rooms = Rooms::default();
        let mut world = Self { clock, thermal, rooms, phase, done, builder: chance, visitor, cat };
        world.rebuild(plan);
        world
    }

    /// The house is another one from now on; rooms that both have stay as they are.
    pub(crate) fn rebuild(&mut self, plan: &Plan) {
        let cat_was = self.rooms.id(self.cat.room()).map(str::to_owned);
        let nothing = Thermal::new(Vec::new(), Vec::new());
        let mut heats: Vec<_> =
            std::mem::replace(&mut self.thermal, nothing).into_rooms().into_iter().map(Some).collect();
        let former = self.rooms.rebuild(plan);
        let mut built = Vec::new();
        for (room, former) in plan.rooms.iter().zip(former) {
            let kept = former.and_then(|index| heats.get_mut(index)?.take());
            let usual = usual(&room.id, room.width, &mut self.builder);
            let mut heat = kept.unwrap_or_else(|| RoomHeat::new(usual.size, usual.temperature, None));
            heat.keep_at((!has_heating(plan, &room.id)).then_some(usual.temperature));
            built.push(heat);
        }
        let walls = self.rooms.walls().iter().map(|wall| (wall.a, wall.b, wall.conductance)).collect();
        self.thermal = Thermal::new(built, walls);
        let door = plan.devices.iter().find(|device| device.kind == DeviceKind::Door);
        self.visitor.front = door.and_then(|door| self.rooms.index(&door.room));
        let home = cat_was.and_then(|room| self.rooms.index(&room));
        let basket = self.rooms.index("livingroom").unwrap_or_default();
        self.cat.moved(home.unwrap_or(basket));
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
            self.visitor.live(self.done, &mut self.rooms);
            self.cat.live(self.done, &mut self.rooms, self.visitor.front);
        }
        self.done + SECOND > self.clock.elapsed()
    }

    /// Sets the clock forward to the next such time of the day. Nothing happens meanwhile: the rooms are as warm as before.
    pub(crate) fn skip_to(&mut self, second_of_day: u32) {
        let skipped = self.clock.skip_to(second_of_day);
        self.done = self.done.saturating_add(skipped);
        self.visitor.next = self.visitor.next.saturating_add(skipped);
        self.cat.skip(skipped);
        self.rooms.skip(skipped);
    }

    /// The number of a room, for what follows.
    pub(crate) fn room(&self, id: &str) -> Option<usize> {
        self.rooms.index(id)
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

    pub(crate) fn set_fan(&mut self, room: usize, on: bool) {
        if let Some(room) = self.thermal.room_mut(room) {
            room.fan = on;
        }
    }

    /// How far a blind is open, 0 to 100.
    pub(crate) fn set_blind(&mut self, room: usize, percent: u8) {
        if let Some(room) = self.thermal.room_mut(room) {
            room.shade = 1.0 - f64::from(percent.min(100)) / 100.0;
        }
    }

    /// How far a radiator is open, 0 to 100.
    pub(crate) fn set_heating(&mut self, room: usize, percent: u8) {
        self.set_power(room, |state| state.heating = percent.min(100));
    }

    /// How hard an air conditioner works, 0 to 100.
    pub(crate) fn set_cooling(&mut self, room: usize, percent: u8) {
        self.set_power(room, |state| state.cooling = percent.min(100));
    }

    fn set_power(&mut self, index: usize, change: impl FnOnce(&mut rooms::Room)) {
        let (Some(state), Some(heat)) = (self.rooms.at_mut(index), self.thermal.room_mut(index)) else {
            return;
        };
        change(state);
        let watts = RADIATOR * f64::from(state.heating) + COOLER * f64::from(state.cooling);
        heat.power = watts / 100.0;
    }

    /// Whether something moves in the room.
    pub(crate) fn motion(&self, room: usize) -> bool {
        self.rooms.at(room).is_some_and(|room| self.done < room.moving_until)
    }

    /// Whether the door of the room is open.
    pub(crate) fn door(&self, room: usize) -> bool {
        self.rooms.at(room).is_some_and(|room| self.done < room.door_until)
    }

    /// Somebody opens the door of the room, or closes it.
    pub(crate) fn use_door(&mut self, room: usize) {
        let open = self.door(room);
        if let Some(room) = self.rooms.at_mut(room) {
            room.door_until = if open { 0 } else { u64::MAX };
        }
    }

    /// Whether there is smoke in the room. Nothing burns in this house: it is a test of the alarm.
    pub(crate) fn smoke(&self, room: usize) -> bool {
        self.rooms.at(room).is_some_and(|room| self.done < room.smoke_until)
    }

    /// Somebody holds the alarm's test button.
    pub(crate) fn test_smoke(&mut self, room: usize) {
        let until = self.done + 10 * SECOND;
        if let Some(room) = self.rooms.at_mut(room) {
            room.smoke_until = until;
        }
    }

    /// Whether there is water on the floor of the room.
    pub(crate) fn leak(&self, room: usize) -> bool {
        self.rooms.at(room).is_some_and(|room| room.wet)
    }

    /// Somebody spills water, or wipes it up.
    pub(crate) fn spill(&mut self, room: usize) {
        if let Some(room) = self.rooms.at_mut(room) {
            room.wet = !room.wet;
        }
    }

    /// The room where the cat is.
    pub(crate) fn cat(&self) -> Option<&str> {
        self.rooms.id(self.cat.room())
    }

    /// Sends the cat to a room; whether there is one of this name.
    pub(crate) fn send_cat(&mut self, room: &str) -> bool {
        let Some(room) = self.rooms.index(room) else { return false };
        self.cat.send(room, self.done, &self.rooms);
        true
    }

    /// What runs on a plug, in watts: a refrigerator, 14 minutes of every 40.
    pub(crate) fn refrigerator(&self) -> f64 {
        let minute = self.done / MINUTE % 40;
        if minute < 14 { 86.5 - minute as f64 } else { 1.5 }
    }
}

impl Visitor {
    fn live(&mut self, house: u64, rooms: &mut Rooms) {
        if house < self.next {
            return;
        }
        self.next = house + self.chance.between(40 * MINUTE, 90 * MINUTE);
        let (open, moves) = (self.chance.between(8, 15), self.chance.between(20, 45));
        if let Some(room) = self.front.and_then(|front| rooms.at_mut(front)) {
            room.door_until = house + open * SECOND;
            room.moving_until = house + moves * SECOND;
        }
    }
}

/// A room as it usually is.
struct Usual {
    /// 1.0: a small one.
    size: f64,
    /// Degrees Celsius.
    temperature: f64,
}

fn usual(room: &str, width: u8, chance: &mut Chance) -> Usual {
    let (size, temperature) = match room {
        // It starts a little above its set-point, at rest.
        "livingroom" => return Usual { size: 1.6, temperature: 20.64 },
        "hall" => (0.8, 18.0),
        "kitchen" => (1.0, 20.0),
        "bathroom" => (0.7, 22.0),
        "bedroom" => (1.4, 18.2),
        "study" => (1.0, 20.8),
        _ => (0.4 + 0.6 * f64::from(width), 20.0),
    };
    Usual { size, temperature: temperature + chance.around_zero() * 0.4 }
}

/// Whether devices rule how warm the room is; the house heating, which speaks no MQTT, keeps the others.
fn has_heating(plan: &Plan, room: &str) -> bool {
    let has = |kind| plan.devices.iter().any(|device| device.room == room && device.kind == kind);
    has(DeviceKind::Thermostat) && has(DeviceKind::Radiator)
}
