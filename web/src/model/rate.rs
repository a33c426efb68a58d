//! How many a second, over the last few seconds.

/// Counts in one-second slots and averages the last ten whole ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rate {
    slots: [u64; SLOTS],
    second: u64,
}

const SLOTS: usize = 11;

impl Rate {
    /// `count` more at `now` microseconds.
    pub(crate) fn add(&mut self, now: u64, count: u64) {
        self.advance(now);
        self.slots[slot(self.second)] += count;
    }

    /// Events a second at `now` microseconds.
    pub(crate) fn per_second(&mut self, now: u64) -> f32 {
        self.advance(now);
        let current = slot(self.second);
        let whole: u64 = (0..SLOTS).filter(|&i| i != current).map(|i| self.slots[i]).sum();
        whole as f32 / (SLOTS - 1) as f32
    }

    fn advance(&mut self, now: u64) {
        let second = now / 1_000_000;
        if second <= self.second {
            return;
        }
        for passed in (self.second + 1..=second).rev().take(SLOTS) {
            self.slots[slot(passed)] = 0;
        }
        self.second = second;
    }
}

fn slot(second: u64) -> usize {
    (second % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_mean_of_the_last_ten_seconds() {
        let mut rate = Rate::default();
        for second in 100..110u64 {
            rate.add(second * 1_000_000, 20);
        }
        assert_eq!(rate.per_second(110_000_000), 20.0);
        assert_eq!(rate.per_second(112_000_000), 16.0);
        assert_eq!(rate.per_second(200_000_000), 0.0);
    }
}
