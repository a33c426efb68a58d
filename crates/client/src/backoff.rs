//! How long to wait before the next attempt to connect.

use crate::options::Backoff;

/// Doubles the wait with each failure and shortens it by chance, so that a crowd of clients whose broker
/// restarted does not come back in one instant.
#[derive(Debug)]
pub(crate) struct Retry {
    backoff: Backoff,
    failures: u32,
    random: SplitMix64,
}

impl Retry {
    pub(crate) fn new(backoff: Backoff, seed: u64) -> Self {
        Self { backoff, failures: 0, random: SplitMix64(seed) }
    }

    /// Microseconds to wait before the next attempt, one more having failed.
    pub(crate) fn next_delay(&mut self) -> u64 {
        let doubled =
            self.backoff.min.saturating_mul(1_u64.checked_shl(self.failures.min(63)).unwrap_or(u64::MAX));
        let longest = doubled.clamp(self.backoff.min, self.backoff.max.max(self.backoff.min));
        self.failures = self.failures.saturating_add(1);
        let percent = u64::from(self.backoff.jitter_percent.min(100));
        let range = longest / 100 * percent;
        longest - if range == 0 { 0 } else { self.random.next() % (range + 1) }
    }

    /// A connection lasted `lasted` microseconds. One that broke off sooner than the shortest wait counts as a
    /// failure: a broker that accepts and closes at once is not to be hammered.
    pub(crate) fn connection_ended(&mut self, lasted: u64) {
        if lasted >= self.backoff.min {
            self.failures = 0;
        }
    }

    /// The next wait is the shortest again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Sebastiano Vigna's SplitMix64: enough chance to spread clients, and the same on every target.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn retry(jitter_percent: u8, seed: u64) -> Retry {
        Retry::new(Backoff { min: SECOND, max: 30 * SECOND, jitter_percent }, seed)
    }

    #[test]
    fn the_wait_doubles_up_to_its_maximum() {
        let mut retry = retry(0, 1);
        let waits: Vec<u64> = (0..7).map(|_| retry.next_delay() / SECOND).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn jitter_only_shortens_and_differs_by_seed() {
        let waits = |seed| {
            let mut retry = retry(50, seed);
            (0..100).map(|_| retry.next_delay()).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
        assert!(waits(3).iter().skip(5).all(|&wait| (15 * SECOND..=30 * SECOND).contains(&wait)));
    }

    #[test]
    fn a_connection_that_held_starts_over_and_one_that_broke_at_once_does_not() {
        let mut retry = retry(0, 1);
        retry.next_delay();
        retry.connection_ended(SECOND - 1);
        assert_eq!(retry.next_delay(), 2 * SECOND);
        retry.connection_ended(SECOND);
        assert_eq!(retry.next_delay(), SECOND);
    }

    #[test]
    fn a_thousand_failures_do_not_overflow() {
        let mut retry = Retry::new(Backoff { min: 3, max: u64::MAX, jitter_percent: 100 }, 9);
        for _ in 0..1000 {
            retry.next_delay();
        }
        assert_eq!(retry.failures, 1000);
    }
}
