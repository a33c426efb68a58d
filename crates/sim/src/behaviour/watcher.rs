use crate::behaviour::{Behaviour, Context, on_off};
use crate::plan::Role;
use crate::world::World;

/// Tells a yes or no of the house when it changes: a door contact, a motion sensor, a smoke alarm.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    told: bool,
}

impl Watcher {
    fn tell(&mut self, role: Role, seen: bool, context: &mut Context<'_>) {
        self.told = seen;
        context.tell(role, on_off(seen));
    }
}

/// What the device watches, and what it sees.
fn look(context: &Context<'_>) -> Option<(Role, bool)> {
    let role = context.device.values.first()?.role;
    let see: fn(&World) -> bool = match role {
        Role::Contact => World::door,
        Role::Motion => World::motion,
        // Nothing burns in this house.
        _ => |_| false,
    };
    Some((role, see(context.world)))
}

impl Behaviour for Watcher {
    fn connected(&mut self, context: &mut Context<'_>) {
        if let Some((role, seen)) = look(context) {
            self.tell(role, seen, context);
        }
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        if let Some((role, seen)) = look(context).filter(|&(_, seen)| seen != self.told) {
            self.tell(role, seen, context);
        }
    }
}
