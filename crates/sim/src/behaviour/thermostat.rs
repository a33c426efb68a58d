use crate::behaviour::{Behaviour, Context, SECOND, tenths};
use crate::plan::{Action, Device, DeviceKind, Direction, Mode, Plan, Role, ThermostatState};

/// Without a reading for this long it does nothing rather than the wrong thing.
const STALE: u64 = 15 * 60 * SECOND;
/// Percent of demand per degree that is missing.
const GAIN: f64 = 50.0;
/// In `auto` the room may be so many degrees too warm before it is cooled.
const COMFORT: f64 = 1.5;
/// Demand changes in steps of ten, and only when it is off by more than this: a reading that wavers between two tenths
/// (five percent) changes nothing, wherever rounding left the demand (five more).
const DEAD_BAND: f64 = 10.5;

/// Holds its room at a set-point by what a sensor says, through a radiator and an air conditioner.
#[derive(Debug)]
pub(super) struct Thermostat {
    mode: Mode,
    setpoint: f64,
    reading: Option<f64>,
    read_at: u64,
    heat: u8,
    cold: u8,
    /// The topics by which radiators and air conditioners are commanded.
    radiators: Vec<String>,
    coolers: Vec<String>,
}

impl Thermostat {
    pub(super) fn new(plan: &Plan, device: &Device) -> Self {
        let mut thermostat = Self {
            mode: Mode::Auto,
            setpoint: 20.5,
            reading: None,
            read_at: 0,
            heat: 0,
            cold: 0,
            radiators: Vec::new(),
            coolers: Vec::new(),
        };
        thermostat.wire(plan, device);
        thermostat
    }

    fn wire(&mut self, plan: &Plan, device: &Device) {
        self.radiators = commanded(plan, device, DeviceKind::Radiator);
        self.coolers = commanded(plan, device, DeviceKind::AirConditioner);
    }

    fn command_heat(&self, context: &mut Context<'_>) {
        self.radiators.iter().for_each(|topic| context.command(topic, self.heat.to_string()));
    }

    fn command_cold(&self, context: &mut Context<'_>) {
        self.coolers.iter().for_each(|topic| context.command(topic, self.cold.to_string()));
    }

    /// Decides anew, and tells the radiator, the air conditioner and the house what changed.
    fn decide(&mut self, context: &mut Context<'_>) {
        let before = (self.heat, self.cold);
        let (heat, cold) = self.wanted();
        self.heat = step(self.heat, heat);
        self.cold = step(self.cold, cold);
        if self.heat != before.0 {
            self.command_heat(context);
        }
        if self.cold != before.1 {
            self.command_cold(context);
        }
        if (self.heat, self.cold) != before {
            self.tell(context);
        }
    }

    /// Percent of heat and of cold.
    fn wanted(&self) -> (f64, f64) {
        let Some(reading) = self.reading else { return (0.0, 0.0) };
        let missing = (self.setpoint - reading) * GAIN;
        match self.mode {
            Mode::Off => (0.0, 0.0),
            Mode::Heat => (missing, 0.0),
            Mode::Cool => (0.0, -missing),
            Mode::Auto => (missing, -missing - COMFORT * GAIN),
        }
    }

    fn state(&self) -> ThermostatState {
        let action = match self.mode {
            Mode::Off => Action::Off,
            _ if self.heat > 0 => Action::Heating,
            _ if self.cold > 0 => Action::Cooling,
            _ => Action::Idle,
        };
        let demand = self.heat.max(self.cold);
        ThermostatState { mode: self.mode, setpoint: self.setpoint, action, demand }
    }

    fn tell(&self, context: &mut Context<'_>) {
        context.tell(Role::Thermostat, serde_json::to_string(&self.state()).unwrap_or_default());
    }
}

impl Behaviour for Thermostat {
    fn connected(&mut self, context: &mut Context<'_>) {
        self.tell(context);
        self.command_heat(context);
        self.command_cold(context);
    }

    fn heard(&mut self, role: Role, payload: &str, context: &mut Context<'_>) {
        match role {
            Role::Temperature => {
                let Some(reading) = number(payload, -50.0, 100.0) else { return };
                self.reading = Some(reading);
                self.read_at = context.now;
                self.decide(context);
            }
            Role::SetPoint => {
                let Some(setpoint) = number(payload, 5.0, 30.0) else { return };
                self.setpoint = tenths(setpoint);
                self.tell(context);
                self.decide(context);
            }
            Role::Mode => {
                let Ok(mode) = serde_json::from_value(payload.trim().into()) else { return };
                self.mode = mode;
                self.tell(context);
                self.decide(context);
            }
            _ => {}
        }
    }

    fn replanned(&mut self, plan: &Plan, context: &mut Context<'_>) {
        let before = (self.radiators.clone(), self.coolers.clone());
        self.wire(plan, context.device);
        if before.0 != self.radiators {
            self.command_heat(context);
        }
        if before.1 != self.coolers {
            self.command_cold(context);
        }
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        if self.reading.is_some() && context.now.saturating_sub(self.read_at) > STALE {
            self.reading = None;
            self.decide(context);
        }
    }
}

/// The next demand, from the one in force and the one wanted, both in percent.
fn step(current: u8, wanted: f64) -> u8 {
    if wanted <= 0.0 {
        return 0;
    }
    // What is wanted beyond 100 counts here: who asks for far more gets all there is.
    if (wanted - f64::from(current)).abs() <= DEAD_BAND {
        return current;
    }
    // From 0 to 100 in tens.
    (libm::round(wanted.min(100.0) / 10.0) * 10.0) as u8
}

fn number(payload: &str, low: f64, high: f64) -> Option<f64> {
    crate::number(payload).map(|number| number.clamp(low, high))
}

/// The controls of this kind of device that are among those the thermostat commands.
fn commanded(plan: &Plan, device: &Device, kind: DeviceKind) -> Vec<String> {
    let is_commanded = |topic: &str| {
        device.links.iter().any(|link| link.direction == Direction::Commands && link.topic == topic)
    };
    let controls = plan.devices.iter().filter(|other| other.kind == kind).flat_map(|other| &other.controls);
    controls.map(|control| control.topic.clone()).filter(|topic| is_commanded(topic)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(mode: Mode, reading: f64, current: (u8, u8)) -> (u8, u8) {
        let plan = crate::house::plan();
        let one = Thermostat::new(&plan, plan.device("sim-livingroom-thermostat").unwrap());
        let thermostat = Thermostat { mode, reading: Some(reading), ..one };
        let (heat, cold) = thermostat.wanted();
        (step(current.0, heat), step(current.1, cold))
    }

    #[test]
    fn a_cold_room_is_heated_as_much_as_it_is_cold() {
        assert_eq!(demand(Mode::Auto, 20.5, (0, 0)), (0, 0));
        assert_eq!(demand(Mode::Auto, 20.3, (0, 0)), (0, 0));
        assert_eq!(demand(Mode::Auto, 20.2, (0, 0)), (20, 0));
        assert_eq!(demand(Mode::Auto, 20.4, (20, 0)), (10, 0));
        assert_eq!(demand(Mode::Auto, 20.5, (10, 0)), (0, 0));
        assert_eq!(demand(Mode::Auto, 19.5, (0, 0)), (50, 0));
        assert_eq!(demand(Mode::Heat, 15.5, (0, 0)), (100, 0));
    }

    #[test]
    fn a_hot_room_is_cooled_when_that_is_allowed() {
        assert_eq!(demand(Mode::Auto, 21.9, (0, 0)), (0, 0));
        assert_eq!(demand(Mode::Auto, 22.5, (0, 0)), (0, 30));
        assert_eq!(demand(Mode::Cool, 21.5, (0, 0)), (0, 50));
        assert_eq!(demand(Mode::Heat, 30.0, (0, 0)), (0, 0));
        assert_eq!(demand(Mode::Off, 10.0, (100, 0)), (0, 0));
    }

    #[test]
    fn a_reading_that_wavers_by_a_tenth_changes_nothing() {
        let first = demand(Mode::Auto, 20.0, (0, 0));
        for reading in [20.1, 20.0, 19.9, 20.0, 20.1] {
            assert_eq!(demand(Mode::Auto, reading, first), first, "{reading}");
        }
    }

    #[test]
    fn numbers_that_are_none_are_left_alone_and_wild_ones_tamed() {
        assert_eq!(number("21.5", 5.0, 30.0), Some(21.5));
        assert_eq!(number(" 99 ", 5.0, 30.0), Some(30.0));
        assert_eq!(number("NaN", 5.0, 30.0), None);
        assert_eq!(number("inf", 5.0, 30.0), None);
        assert_eq!(number("warm", 5.0, 30.0), None);
    }
}
