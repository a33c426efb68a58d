//! Devices that do as they are told, and then tell what they did.

use crate::behaviour::{Behaviour, Context, SECOND, on_off, tenths};
use crate::plan::Role;
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

    fn powered_off(&mut self, room: usize, world: &mut World) {
        (self.set)(world, room, 0);
    }
}

/// A lamp.
#[derive(Debug, Default)]
pub(super) struct Light {
    on: bool,
}

impl Behaviour for Light {
    fn connected(&mut self, context: &mut Context<'_>) {
        context.tell(Role::Switch, on_off(self.on));
    }

    fn heard(&mut self, role: Role, payload: &str, context: &mut Context<'_>) {
        let (Role::Switch, Some(on)) = (role, switched(payload, self.on)) else { return };
        self.on = on;
        context.tell(Role::Switch, on_off(on));
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
        self.on = on;
        context.tell(Role::Switch, on_off(on));
        self.tell_power(context);
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
