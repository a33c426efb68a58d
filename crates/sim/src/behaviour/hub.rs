use crate::behaviour::{Behaviour, Context, SECOND, tenths};
use crate::plan::{Clock, Direction, Link, Plan, Role, Scene};

const EVERY: u64 = 60 * SECOND;

/// Keeps the plan and the clock of the house where all can read them, knows where the cat is, and makes the house ready for
/// the morning and the night.
#[derive(Debug)]
pub(super) struct Hub {
    plan: String,
    told_at: u64,
    told_speed: u16,
    cat: String,
    /// The one that was begun last, since the hub has power.
    scene: Option<Scene>,
}

impl Hub {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { plan: plan.to_json(), told_at: 0, told_speed: 1, cat: String::new(), scene: None }
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

    fn tell_cat(&mut self, context: &mut Context<'_>) {
        context.world.cat().unwrap_or_default().clone_into(&mut self.cat);
        context.tell(Role::Cat, self.cat.clone());
    }

    fn tell_scene(&self, context: &mut Context<'_>) {
        let now = context.world.clock.second_of_day();
        let day = Scene::Morning.second_of_day()..Scene::Night.second_of_day();
        let by_the_clock = if day.contains(&now) { Scene::Morning } else { Scene::Night };
        context.tell(Role::Scene, self.scene.unwrap_or(by_the_clock).word());
    }

    fn begin(&mut self, scene: Scene, context: &mut Context<'_>) {
        self.scene = Some(scene);
        context.world.skip_to(scene.second_of_day());
        self.tell_scene(context);
        self.tell_clock(context);
        let links = &context.device.links;
        let commands: Vec<_> = commands(scene)
            .iter()
            .flat_map(|(role, payload)| {
                let told = move |link: &&Link| link.direction == Direction::Commands && link.role == *role;
                links.iter().filter(told).map(|link| (link.topic.clone(), *payload))
            })
            .collect();
        for (topic, payload) in commands {
            context.command(&topic, payload);
        }
    }
}

/// What a scene asks of every control in a role, in this order: at night a thermostat only heats, so that nobody is cooled
/// down to the night's set-point, and in the morning it may cool once it has the day's.
fn commands(scene: Scene) -> &'static [(Role, &'static str)] {
    match scene {
        Scene::Morning => &[(Role::Opening, "OPEN"), (Role::SetPoint, "21"), (Role::Mode, "auto")],
        Scene::Night => {
            &[(Role::Switch, "OFF"), (Role::Opening, "CLOSE"), (Role::Mode, "heat"), (Role::SetPoint, "17")]
        }
    }
}

impl Behaviour for Hub {
    fn connected(&mut self, context: &mut Context<'_>) {
        context.tell(Role::Plan, self.plan.clone());
        self.tell_clock(context);
        self.tell_cat(context);
        self.tell_scene(context);
    }

    fn heard(&mut self, role: Role, payload: &str, context: &mut Context<'_>) {
        let word = payload.trim();
        match role {
            // Where the cat is already, it is told once more.
            Role::Cat if context.world.cat() == Some(word) => self.tell_cat(context),
            Role::Cat => drop(context.world.send_cat(word)),
            Role::Scene => {
                if let Some(scene) = Scene::ALL.into_iter().find(|scene| scene.word() == word) {
                    self.begin(scene, context);
                }
            }
            _ => {}
        }
    }

    fn replanned(&mut self, plan: &Plan, context: &mut Context<'_>) {
        self.plan = plan.to_json();
        context.tell(Role::Plan, self.plan.clone());
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        let rested = context.now.saturating_sub(self.told_at) >= EVERY;
        if rested || context.world.clock.speed() != self.told_speed {
            self.tell_clock(context);
        }
        if context.world.cat().is_some_and(|cat| cat != self.cat) {
            self.tell_cat(context);
        }
    }
}
