//! How warm and how damp the rooms are.
//!
//! Each room is two heat stores: its air, light and quick, and its walls and furniture, heavy and slow. Heat flows
//! between the two, from the walls to the outside and to the next rooms, and with the air through gaps and windows.

use std::f64::consts::PI;

/// The physical house.
#[derive(Debug, Clone)]
pub(crate) struct Thermal {
    rooms: Vec<RoomHeat>,
    /// Rooms that share a wall or a floor, and the heat that goes through it in W/K.
    walls: Vec<(usize, usize, f64)>,
}

/// One room. Temperatures are in °C, powers in watts, heat capacities in J/K, conductances in W/K.
#[derive(Debug, Clone)]
pub(crate) struct RoomHeat {
    air: f64,
    mass: f64,
    /// Water in the air, g/m³.
    water: f64,
    air_capacity: f64,
    mass_capacity: f64,
    outer_walls: f64,
    /// Water that people and plants keep in the air, g/m³.
    usual_water: f64,
    /// What the house heating, which speaks no MQTT, keeps the room at; none where a thermostat rules.
    kept_at: Option<f64>,
    /// Heat from what devices do, set from outside: positive warms.
    pub(crate) power: f64,
    /// Whether the window is open.
    pub(crate) window_open: bool,
    /// Whether a fan takes air outside.
    pub(crate) fan: bool,
    /// How far a blind is closed, 0.0 to 1.0.
    pub(crate) shade: f64,
}

/// Between air and walls, in W/K: some 130 m² of surface.
const SURFACE: f64 = 1000.0;
/// Through gaps, in W/K.
const GAPS: f64 = 8.0;
/// Through an open window, in W/K.
const WINDOW: f64 = 520.0;
/// Through a fan, in W/K.
const FAN: f64 = 45.0;
/// The part of the gaps, and of what the sun gives, that a closed blind keeps out.
const SHADE: f64 = 0.25;
/// What people, sun and machines give off without being asked, in watts.
const GAINS: f64 = 260.0;

impl RoomHeat {
    /// A room of `size` (1.0: a small one), at rest at `temperature`.
    pub(crate) fn new(size: f64, temperature: f64, kept_at: Option<f64>) -> Self {
        Self {
            air: temperature,
            mass: temperature,
            water: 8.0,
            air_capacity: 80_000.0 * size,
            mass_capacity: 7_000_000.0 * size,
            outer_walls: 11.0 * size,
            usual_water: 8.0,
            kept_at,
            power: 0.0,
            window_open: false,
            fan: false,
            shade: 0.0,
        }
    }

    /// Degrees Celsius.
    pub(crate) fn temperature(&self) -> f64 {
        self.air
    }

    /// Relative humidity in percent.
    pub(crate) fn humidity(&self) -> f64 {
        (100.0 * self.water / saturation(self.air)).clamp(5.0, 100.0)
    }

    /// What the house heating keeps the room at from now on, if it does.
    pub(crate) fn keep_at(&mut self, degrees: Option<f64>) {
        self.kept_at = degrees;
    }

    fn heating(&self) -> f64 {
        self.kept_at.map_or(0.0, |target| ((target - self.air) * 1500.0).clamp(0.0, 1800.0))
    }
}

impl Thermal {
    pub(crate) fn new(rooms: Vec<RoomHeat>, walls: Vec<(usize, usize, f64)>) -> Self {
        Self { rooms, walls }
    }

    /// The rooms, to be built into another house.
    pub(crate) fn into_rooms(self) -> Vec<RoomHeat> {
        self.rooms
    }

    pub(crate) fn room(&self, room: usize) -> Option<&RoomHeat> {
        self.rooms.get(room)
    }

    pub(crate) fn room_mut(&mut self, room: usize) -> Option<&mut RoomHeat> {
        self.rooms.get_mut(room)
    }

    /// Lets `seconds` pass, few enough for the air, whose time constant is about a minute.
    pub(crate) fn step(&mut self, seconds: f64, outside: f64) {
        for &(a, b, conductance) in &self.walls {
            let flow = conductance * (self.rooms[a].mass - self.rooms[b].mass) * seconds;
            self.rooms[a].mass -= flow / self.rooms[a].mass_capacity;
            self.rooms[b].mass += flow / self.rooms[b].mass_capacity;
        }
        let outside_water = 0.8 * saturation(outside);
        for room in &mut self.rooms {
            let shaded = 1.0 - SHADE * room.shade;
            let draught = GAPS * shaded
                + if room.window_open { WINDOW } else { 0.0 }
                + if room.fan { FAN } else { 0.0 };
            let to_mass = SURFACE * (room.air - room.mass);
            let to_outside = draught * (room.air - outside);
            let through_walls = room.outer_walls * (room.mass - outside);
            let gains = GAINS * shaded * (room.mass_capacity / 7_000_000.0).min(1.0);
            let warming = room.heating() + gains + room.power;
            room.mass += (to_mass - through_walls) * seconds / room.mass_capacity;
            room.air += (warming - to_mass - to_outside) * seconds / room.air_capacity;
            // A room's volume in m³ is about a thousandth of its air's heat capacity.
            let exchange = draught / room.air_capacity * seconds;
            room.water +=
                (outside_water - room.water) * exchange + (room.usual_water - room.water) * seconds / 1800.0;
        }
    }
}

/// How much water air of this temperature can hold, g/m³, by Magnus.
fn saturation(celsius: f64) -> f64 {
    let pascal = 611.2 * libm::exp(17.62 * celsius / (243.12 + celsius));
    2.1668 * pascal / (celsius + 273.15)
}

/// The temperature outside in °C, `seconds` after a midnight: coldest before sunrise, warmest in the afternoon, with
/// spells of some days that `phase` (radians) shifts.
pub(crate) fn outside(seconds: f64, phase: f64) -> f64 {
    let day = libm::cos(2.0 * PI * (seconds / 86_400.0 - 14.5 / 24.0));
    let spell = libm::sin(2.0 * PI * seconds / (4.3 * 86_400.0) + phase);
    6.0 + 3.5 * day + 1.5 * spell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(temperature: f64) -> Thermal {
        Thermal::new(vec![RoomHeat::new(1.5, temperature, None)], Vec::new())
    }

    fn run(thermal: &mut Thermal, seconds: u32) -> f64 {
        (0..seconds).for_each(|_| thermal.step(1.0, 6.0));
        thermal.rooms[0].temperature()
    }

    #[test]
    fn an_open_window_cools_the_air_within_seconds_and_a_closed_one_lets_the_walls_warm_it_again() {
        let mut thermal = single(20.6);
        thermal.rooms[0].window_open = true;
        let after = run(&mut thermal, 10);
        assert!((19.6..20.3).contains(&after), "{after}");
        let cold = run(&mut thermal, 300);
        assert!(cold < 17.0, "{cold}");
        thermal.rooms[0].window_open = false;
        let again = run(&mut thermal, 600);
        assert!(again > 19.5, "{again}");
    }

    #[test]
    fn a_closed_room_keeps_its_temperature_for_an_hour() {
        let mut thermal = single(20.6);
        let after = run(&mut thermal, 3600);
        assert!((20.3..21.0).contains(&after), "{after}");
    }

    #[test]
    fn a_kept_room_stays_at_its_temperature() {
        let mut thermal = Thermal::new(vec![RoomHeat::new(1.0, 18.0, Some(18.0))], Vec::new());
        let after = run(&mut thermal, 24 * 3600);
        assert!((17.5..18.5).contains(&after), "{after}");
    }

    #[test]
    fn neighbours_grow_alike() {
        let rooms = vec![RoomHeat::new(1.0, 24.0, None), RoomHeat::new(1.0, 16.0, None)];
        let mut thermal = Thermal::new(rooms, vec![(0, 1, 200.0)]);
        run(&mut thermal, 24 * 3600);
        let difference = thermal.rooms[0].temperature() - thermal.rooms[1].temperature();
        assert!(difference.abs() < 1.0, "{difference}");
    }

    #[test]
    fn humidity_is_plausible_and_falls_when_cold_air_comes_in() {
        let mut thermal = single(20.6);
        run(&mut thermal, 600);
        let before = thermal.rooms[0].humidity();
        assert!((35.0..55.0).contains(&before), "{before}");
        thermal.rooms[0].window_open = true;
        run(&mut thermal, 300);
        thermal.rooms[0].window_open = false;
        run(&mut thermal, 300);
        assert!(thermal.rooms[0].humidity() < before);
    }

    #[test]
    fn afternoons_are_warmer_than_nights() {
        let hour = |hour: f64| outside(hour * 3600.0, 0.3);
        assert!(hour(14.5) > hour(2.5) + 5.0);
        assert!((-5.0..15.0).contains(&hour(2.5)));
    }
}
