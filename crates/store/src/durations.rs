use std::time::Duration;

/// How long things took: how many of them at most so long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durations {
    /// One more than there are bounds: the last is for what took longer.
    counts: [u64; Self::BOUNDS + 1],
    sum: Duration,
}

impl Durations {
    /// Two for each time that a duration doubles, from 64 µs to 6 s.
    const BOUNDS: usize = 34;

    /// Notes that `how_many` took `duration` each.
    pub fn add(&mut self, duration: Duration, how_many: u64) {
        let at = (0..Self::BOUNDS).find(|at| duration <= bound(*at)).unwrap_or(Self::BOUNDS);
        self.counts[at] += how_many;
        let all = duration.as_nanos().saturating_mul(u128::from(how_many));
        self.sum += Duration::from_nanos(u64::try_from(all).unwrap_or(u64::MAX));
    }

    /// How many took at most so long, for each bound, in ascending order.
    pub fn at_most(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut sum = 0;
        self.counts[..Self::BOUNDS].iter().enumerate().map(move |(at, count)| {
            sum += count;
            (bound(at), sum)
        })
    }

    /// How long all of them took together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Default for Durations {
    fn default() -> Self {
        Self { counts: [0; Self::BOUNDS + 1], sum: Duration::ZERO }
    }
}

/// The square root of 2 is 181 / 128.
fn bound(at: usize) -> Duration {
    let micros = 64_u64 << (at / 2);
    Duration::from_micros(if at.is_multiple_of(2) { micros } else { micros * 181 / 128 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counts_from_the_first_bound_on_that_it_does_not_exceed() {
        let mut durations = Durations::default();
        durations.add(Duration::ZERO, 1);
        durations.add(Duration::from_micros(90), 2);
        durations.add(Duration::from_micros(91), 4);
        durations.add(Duration::from_secs(3600), 8);
        let bounds: Vec<_> = durations.at_most().collect();
        let micros = |micros, count| (Duration::from_micros(micros), count);
        assert_eq!(bounds[..4], [micros(64, 1), micros(90, 3), micros(128, 7), micros(181, 7)]);
        assert_eq!((bounds.last(), durations.count()), (Some(&micros(5_931_008, 7)), 15));
        assert_eq!(durations.sum(), Duration::from_micros(2 * 90 + 4 * 91) + 8 * Duration::from_secs(3600));
        assert!(bounds.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
