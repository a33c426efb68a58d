//! What the sky shows at a time of day: its colour, and where sun and moon stand above the house.

use super::House;

/// A part of the day, each with a flat colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Stars.
    Night,
    /// Before the sun is up.
    Dawn,
    /// Daylight, and what is shown while no clock is known.
    #[default]
    Day,
    /// The sun goes.
    Dusk,
}

impl Phase {
    /// The part of the day at this minute after midnight.
    pub fn at(minute: u32) -> Self {
        match minute % 1_440 {
            330..480 => Self::Dawn,
            480..1_110 => Self::Day,
            1_110..1_260 => Self::Dusk,
            _ => Self::Night,
        }
    }

    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Night => "night",
            Self::Dawn => "dawn",
            Self::Day => "day",
            Self::Dusk => "dusk",
        }
    }
}

/// The minutes of the day at which the sun rises and sets.
const SUN: (u32, u32) = (330, 1_260);

/// The minute after midnight in "07:40".
pub fn minute(clock: &str) -> Option<u32> {
    let (hours, minutes) = clock.split_once(':')?;
    Some(hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?)
}

/// How far the sun has come on its way, or at night the moon: from 0 where it rises to 1.
pub fn way(minute: u32) -> f64 {
    let (minute, (rise, set)) = (minute % 1_440, SUN);
    if (rise..set).contains(&minute) {
        f64::from(minute - rise) / f64::from(set - rise)
    } else {
        f64::from((minute + 1_440 - set) % 1_440) / f64::from(1_440 - set + rise)
    }
}

/// How much of the sky at the right the panel with the house's clock takes.
const PANEL: f64 = 180.0;
/// How much room sun and moon take from their middle on, with a little air.
const DISC: f64 = 26.0;

/// Where sun or moon stands: it climbs on the left of the roof and sinks on its right, beside the panel with the house's clock.
pub fn luminary(house: &House, minute: u32) -> (f64, f64) {
    let (way, stage) = (way(minute), &house.stage);
    let (rise, set) = (stage.width * 0.04, stage.width - PANEL - DISC);
    let x = rise + (set - rise) * way;
    // A parabola is near enough to a sine.
    let height = 4.0 * way * (1.0 - way);
    let arc = 34.0 + (1.0 - height) * stage.height * 0.24;
    (x, arc.min(house.skyline(x) - 30.0).max(DISC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenes_of_the_house_are_seen_in_its_sky() {
        assert_eq!(Phase::at(minute("07:00").unwrap()), Phase::Dawn);
        assert_eq!(Phase::at(minute("12:30").unwrap()), Phase::Day);
        assert_eq!(Phase::at(minute("22:30").unwrap()), Phase::Night);
        assert_eq!(Phase::at(minute("00:00").unwrap()), Phase::Night);
        assert_eq!(minute("soon"), None);
    }

    #[test]
    fn sun_and_moon_travel_from_left_to_right_and_never_into_the_house() {
        let house = House::lay_out(&[], 988.0, 788.0);
        let mut last = 0.0;
        for minute in SUN.0..SUN.1 {
            let (x, y) = luminary(&house, minute);
            assert!(x > last && x + 18.0 < 988.0 - PANEL && y < house.ground(), "{minute}");
            assert!(y <= house.skyline(x).max(26.0), "{minute}");
            last = x;
        }
        assert!(luminary(&house, SUN.1).0 < 60.0, "the moon rises when the sun has set");
    }
}
