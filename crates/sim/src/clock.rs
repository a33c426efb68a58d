//! The clock of the house, which can run faster than the host's.

const SECOND: u64 = 1_000_000;
const DAY: u64 = 24 * 3600 * SECOND;

/// House time, in microseconds since the midnight before the house was made. Only physics and the day's events live
/// by it; MQTT never does.
#[derive(Debug, Clone)]
pub(crate) struct HouseClock {
    elapsed: u64,
    /// Host time, microseconds.
    last: u64,
    speed: u16,
}

impl HouseClock {
    pub(crate) fn new(second_of_day: u32, now: u64) -> Self {
        Self { elapsed: u64::from(second_of_day) * SECOND % DAY, last: now, speed: 1 }
    }

    pub(crate) fn advance(&mut self, now: u64) {
        let passed = now.saturating_sub(self.last);
        self.elapsed = self.elapsed.saturating_add(passed.saturating_mul(u64::from(self.speed)));
        self.last = self.last.max(now);
    }

    pub(crate) fn set_speed(&mut self, speed: u16, now: u64) {
        self.advance(now);
        self.speed = speed;
    }

    /// Goes forward to the next such time of the day; says how far, in microseconds.
    pub(crate) fn skip_to(&mut self, second_of_day: u32) -> u64 {
        let wanted = u64::from(second_of_day) * SECOND % DAY;
        let skipped = (wanted + DAY - self.elapsed % DAY) % DAY;
        self.elapsed = self.elapsed.saturating_add(skipped);
        skipped
    }

    pub(crate) fn speed(&self) -> u16 {
        self.speed
    }

    pub(crate) fn elapsed(&self) -> u64 {
        self.elapsed
    }

    pub(crate) fn second_of_day(&self) -> u32 {
        // A day has 86 400 seconds.
        (self.elapsed % DAY / SECOND) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_runs_at_its_speed_and_starts_over_at_midnight() {
        let mut clock = HouseClock::new(86_390, 5 * SECOND);
        clock.advance(10 * SECOND);
        assert_eq!(clock.second_of_day(), 86_395);
        clock.set_speed(60, 10 * SECOND);
        clock.advance(11 * SECOND);
        assert_eq!(clock.second_of_day(), 55);
        clock.set_speed(0, 11 * SECOND);
        clock.advance(1_000 * SECOND);
        assert_eq!(clock.second_of_day(), 55);
    }

    #[test]
    fn the_clock_is_set_forward_and_never_back() {
        let mut clock = HouseClock::new(8 * 3600, 0);
        assert_eq!(clock.skip_to(7 * 3600), 23 * 3600 * SECOND);
        assert_eq!(clock.second_of_day(), 7 * 3600);
        assert_eq!(clock.skip_to(7 * 3600), 0);
    }
}
