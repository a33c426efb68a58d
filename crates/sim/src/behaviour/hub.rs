use crate::behaviour::{Behaviour, Context, SECOND, tenths};
use crate::plan::{Clock, Role};

const EVERY: u64 = 60 * SECOND;

/// Keeps the plan and the clock of the house where all can read them.
#[derive(Debug)]
pub(super) struct Hub {
    plan: String,
    told_at: u64,
    told_speed: u16,
}

impl Hub {
    pub(super) fn new(plan: String) -> Self {
        Self { plan, told_at: 0, told_speed: 1 }
    }

    fn tell_clock(&mut self, context: &mut Context<'_>) {
        let clock = &context.world.clock;
        self.told_at = context.now;
        self.told_speed = clock.speed();
        let clock = Clock {
            second_of_day: clock.second_of_day(),
            speed: clock.speed(),
            outside: tenths(context.world.outside()),
        };
        context.tell(Role::Clock, serde_json::to_string(&clock).unwrap_or_default());
    }
}

impl Behaviour for Hub {
    fn connected(&mut self, context: &mut Context<'_>) {
        context.tell(Role::Plan, self.plan.clone());
        self.tell_clock(context);
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        let rested = context.now.saturating_sub(self.told_at) >= EVERY;
        if rested || context.world.clock.speed() != self.told_speed {
            self.tell_clock(context);
        }
    }
}
