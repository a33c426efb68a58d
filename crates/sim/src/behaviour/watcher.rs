use crate::behaviour::{Behaviour, Context, on_off};
use crate::plan::{DeviceKind, Role};
use crate::world::World;

/// Tells a yes or no of the house when it changes: a door contact, a motion sensor, a smoke alarm, a leak sensor.
#[derive(Debug)]
pub(super) struct Watcher {
    role: Role,
    see: fn(&World, usize) -> bool,
    /// What somebody does who uses it by hand.
    act: fn(&mut World, usize),
    told: bool,
}

impl Watcher {
    pub(super) fn new(kind: DeviceKind) -> Self {
        match kind {
            DeviceKind::Door => Self::of(Role::Contact, World::door, World::use_door),
            DeviceKind::SmokeAlarm => Self::of(Role::Smoke, World::smoke, World::test_smoke),
            DeviceKind::LeakSensor => Self::of(Role::Leak, World::leak, World::spill),
            _ => Self::of(Role::Motion, World::motion, |_, _| {}),
        }
    }

    fn of(role: Role, see: fn(&World, usize) -> bool, act: fn(&mut World, usize)) -> Self {
        Self { role, see, act, told: false }
    }

    fn tell(&mut self, seen: bool, context: &mut Context<'_>) {
        self.told = seen;
        context.tell(self.role, on_off(seen));
    }
}

impl Behaviour for Watcher {
    fn connected(&mut self, context: &mut Context<'_>) {
        self.tell((self.see)(context.world, context.room), context);
    }

    fn used(&mut self, context: &mut Context<'_>) {
        (self.act)(context.world, context.room);
        self.tick(context);
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        let seen = (self.see)(context.world, context.room);
        if seen != self.told {
            self.tell(seen, context);
        }
    }
}
