use crate::behaviour::{Behaviour, Context, SECOND, tenths};
use crate::plan::Role;

/// A change that is told at once, in °C and in percent.
const JUMP: (f64, f64) = (0.3, 3.0);
/// The longest silence about a value.
const LONGEST: u64 = 300 * SECOND;
/// The shortest time between two readings.
const SHORTEST: u64 = 2 * SECOND;

/// Tells temperature and humidity.
#[derive(Debug)]
pub(super) struct Sensor {
    /// How often the temperature is told.
    every: u64,
    /// Whether a temperature that did not change is left out then.
    changes_only: bool,
    temperature: Told,
    humidity: Told,
}

/// What was told last, and when.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    value: f64,
    at: u64,
}

impl Told {
    /// Whether `value` is to be told: it jumped, or `every` is over and it differs or may be repeated.
    fn is_due(&self, value: f64, now: u64, every: u64, jump: f64, changes_only: bool) -> bool {
        let since = now.saturating_sub(self.at);
        let change = (value - self.value).abs();
        // Readings are rounded: a jump of three tenths may come out as 0.29999.
        since >= LONGEST
            || (since >= SHORTEST && change > jump - 0.01)
            || (since >= every && (!changes_only || change > 0.01))
    }
}

impl Sensor {
    pub(super) fn new(room: &str) -> Self {
        let (every, changes_only) = if room == "livingroom" { (10, false) } else { (60, true) };
        Self { every: every * SECOND, changes_only, temperature: Told::default(), humidity: Told::default() }
    }

    fn tell_temperature(&mut self, value: f64, context: &mut Context<'_>) {
        self.temperature = Told { value, at: context.now };
        context.tell(Role::Temperature, format!("{value:.1}"));
    }

    fn tell_humidity(&mut self, value: f64, context: &mut Context<'_>) {
        self.humidity = Told { value, at: context.now };
        context.tell(Role::Humidity, format!("{value:.0}"));
    }
}

impl Behaviour for Sensor {
    fn connected(&mut self, context: &mut Context<'_>) {
        self.tell_temperature(tenths(context.world.temperature(context.room)), context);
        self.tell_humidity(libm::round(context.world.humidity(context.room)), context);
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        let temperature = tenths(context.world.temperature(context.room));
        if self.temperature.is_due(temperature, context.now, self.every, JUMP.0, self.changes_only) {
            self.tell_temperature(temperature, context);
        }
        let humidity = libm::round(context.world.humidity(context.room));
        if self.humidity.is_due(humidity, context.now, LONGEST, JUMP.1, true) {
            self.tell_humidity(humidity, context);
        }
    }
}
