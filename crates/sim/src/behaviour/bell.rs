//! A doorbell and a chime. A ring is a message that is not retained: whoever hears it twice rings twice.

use crate::behaviour::{Behaviour, Context};
use crate::plan::{RING, Role};

/// Says that somebody is at the door. Without a connection it says so as soon as it has one.
#[derive(Debug)]
pub(super) struct Doorbell;

impl Behaviour for Doorbell {
    fn connected(&mut self, _context: &mut Context<'_>) {}

    fn heard(&mut self, role: Role, _payload: &str, context: &mut Context<'_>) {
        if role == Role::Press {
            self.used(context);
        }
    }

    fn used(&mut self, context: &mut Context<'_>) {
        context.happen(Role::Ring, RING);
    }
}

/// Rings for every doorbell, and counts since it has power.
#[derive(Debug, Default)]
pub(super) struct Chime {
    rung: u32,
}

impl Behaviour for Chime {
    fn connected(&mut self, context: &mut Context<'_>) {
        context.tell(Role::Count, self.rung.to_string());
    }

    fn heard(&mut self, role: Role, _payload: &str, context: &mut Context<'_>) {
        if role == Role::Ring {
            self.rung = self.rung.saturating_add(1);
            context.tell(Role::Count, self.rung.to_string());
        }
    }
}
