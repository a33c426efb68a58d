//! Devices that do as they are told, and then tell what they did.

use crate::behaviour::{Behaviour, Context, SECOND, on_off, tenths};
use crate::plan::{Plan, Role};
use crate::world::World;

/// A radiator's valve, or an air conditioner's.
#[derive(Debug)]
pub(super) struct Valve {
    percent: u8,
    set: fn(&mut World, usize, u8),
}

impl Valve {
    pub(super) fn radiator() -> Self {
        Self { percent: 0, set: World::set_heating }
    }

    pub(super) fn air_conditioner() -> Self {
        Self { percent: 0, set: World::set_cooling }
    }
}

impl Behaviour for Valve {
    fn connected(&mut self, context: &mut Context<'_>) {
        context.tell(Role::Demand, self.percent.to_string());
    }

    fn heard(&mut self, role: Role, payload: &str, context: &mut Context<'_>) {
        let (Role::Demand, Ok(percent @ 0..=100)) = (role, payload.trim().parse()) else { return };
        self.percent = percent;
        (self.set)(context.world, context.room, percent);
        context.tell(Role::Demand, percent.to_string());
    }

    fn replanned(&mut self, _plan: &Plan, context: &mut Context<'_>) {
        (self.set)(context.world, context.room, self.percent);
    }

    fn powered_off(&mut self, room: usize, world: &mut World) {
        (self.set)(world, room, 0);
    }
}

/// A lamp, or a fan.
#[derive(Debug)]
pub(super) struct Switched {
    on: bool,
    /// What it does to the house.
    set: fn(&mut World, usize, bool),
}

impl Switched {
    pub(super) fn light() -> Self {
        Self { on: false, set: |_, _, _| {} }
    }

    pub(super) fn fan() -> Self {
        Self { on: false, set: World::set_fan }
    }

    fn switch(&mut self, on: bool, context: &mut Context<'_>) {
        self.on = on;
        (self.set)(context.world, context.room, on);
        context.tell(Role::Switch, on_off(on));
    }
}

impl Behaviour for Switched {
    fn connected(&mut self, context: &mut Context<'_>) {
        context.tell(Role::Switch, on_off(self.on));
    }

    fn heard(&mut self, role: Role, payload: &str, context: &mut Context<'_>) {
        let (Role::Switch, Some(on)) = (role, switched(payload, self.on)) else { return };
        self.switch(on, context);
    }

    fn used(&mut self, context: &mut Context<'_>) {
        self.switch(!self.on, context);
    }

    fn replanned(&mut self, _plan: &Plan, context: &mut Context<'_>) {
        (self.set)(context.world, context.room, self.on);
    }

    fn powered_off(&mut self, room: usize, world: &mut World) {
        (self.set)(world, room, false);
    }
}

/// A socket with a meter.
#[derive(Debug)]
pub(super) struct Plug {
    on: bool,
    told: f64,
    told_at: u64,
}

impl Plug {
    pub(super) fn new() -> Self {
        Self { on: true, told: 0.0, told_at: 0 }
    }

    fn power(&self, world: &World) -> f64 {
        if self.on { tenths(world.refrigerator()) } else { 0.0 }
    }

    fn switch(&mut self, on: bool, context: &mut Context<'_>) {
        self.on = on;
        context.tell(Role::Switch, on_off(on));
        self.tell_power(context);
    }

    fn tell_power(&mut self, context: &mut Context<'_>) {
        self.told = self.power(context.world);
        self.told_at = context.now;
        context.tell(Role::Power, format!("{:.1}", self.told));
    }
}

impl Behaviour for Plug {
    fn connected(&mut self, context: &mut Context<'_>) {
        context.tell(Role::Switch, on_off(self.on));
        self.tell_power(context);
    }

    fn heard(&mut self, role: Role, payload: &str, context: &mut Context<'_>) {
        let (Role::Switch, Some(on)) = (role, switched(payload, self.on)) else { return };
        self.switch(on, context);
    }

    fn used(&mut self, context: &mut Context<'_>) {
        self.switch(!self.on, context);
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        let rested = context.now.saturating_sub(self.told_at) >= 60 * SECOND;
        if rested && (self.power(context.world) - self.told).abs() > 1.5 {
            self.tell_power(context);
        }
    }
}

/// A window with a motor.
#[derive(Debug)]
pub(super) struct Window;

impl Window {
    fn tell(context: &mut Context<'_>) {
        let open = context.world.window(context.room);
        context.tell(Role::Opening, if open { "open" } else { "closed" });
    }
}

impl Behaviour for Window {
    fn connected(&mut self, context: &mut Context<'_>) {
        Self::tell(context);
    }

    fn heard(&mut self, role: Role, payload: &str, context: &mut Context<'_>) {
        if role != Role::Opening {
            return;
        }
        let open = match payload.trim().to_ascii_uppercase().as_str() {
            "OPEN" | "ON" => true,
            "CLOSE" | "CLOSED" | "OFF" => false,
            _ => return,
        };
        context.world.set_window(context.room, open);
        Self::tell(context);
    }

    fn used(&mut self, context: &mut Context<'_>) {
        let open = context.world.window(context.room);
        context.world.set_window(context.room, !open);
        Self::tell(context);
    }

    fn taken_out(&mut self, room: usize, world: &mut World) {
        world.set_window(room, false);
    }
}

/// A blind with a motor, which takes its time.
#[derive(Debug)]
pub(super) struct Blind {
    /// How far it is open, 0 to 100.
    position: u8,
    /// Where it is to stop.
    target: u8,
}

/// How far a blind goes in a second.
const BLIND_STEP: u8 = 25;

impl Blind {
    pub(super) fn new() -> Self {
        Self { position: 100, target: 100 }
    }

    fn tell(&self, context: &mut Context<'_>) {
        context.tell(Role::Position, self.position.to_string());
    }
}

impl Behaviour for Blind {
    fn connected(&mut self, context: &mut Context<'_>) {
        self.tell(context);
    }

    fn heard(&mut self, role: Role, payload: &str, context: &mut Context<'_>) {
        let payload = payload.trim().to_ascii_uppercase();
        self.target = match (role, payload.as_str()) {
            (Role::Opening, "OPEN") => 100,
            (Role::Opening, "CLOSE") => 0,
            (Role::Opening, "STOP") => self.position,
            (Role::Position, percent) => match percent.parse() {
                Ok(percent @ 0..=100) => percent,
                _ => return,
            },
            _ => return,
        };
        if self.target == self.position {
            self.tell(context);
        }
    }

    fn used(&mut self, _context: &mut Context<'_>) {
        self.target = if self.position > 50 { 0 } else { 100 };
    }

    fn replanned(&mut self, _plan: &Plan, context: &mut Context<'_>) {
        context.world.set_blind(context.room, self.position);
    }

    fn taken_out(&mut self, room: usize, world: &mut World) {
        world.set_blind(room, 100);
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        if self.position == self.target {
            return;
        }
        let way = self.target.abs_diff(self.position).min(BLIND_STEP);
        self.position = if self.target > self.position { self.position + way } else { self.position - way };
        context.world.set_blind(context.room, self.position);
        self.tell(context);
    }
}

/// What a switch becomes when it is told so.
fn switched(payload: &str, now: bool) -> Option<bool> {
    match payload.trim().to_ascii_uppercase().as_str() {
        "ON" => Some(true),
        "OFF" => Some(false),
        "TOGGLE" => Some(!now),
        _ => None,
    }
}
