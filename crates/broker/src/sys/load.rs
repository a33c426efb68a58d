//! Averages over the last 1, 5 and 15 minutes, as mosquitto has them.

use crate::Metrics;

/// What is averaged.
pub(super) const NAMES: [&str; 9] = [
    "messages/received",
    "messages/sent",
    "publish/dropped",
    "publish/received",
    "publish/sent",
    "bytes/received",
    "bytes/sent",
    "sockets",
    "connections",
];

/// The windows, and what is left of an old value after one second: e to the power of -1/60, -1/300 and -1/900.
pub(super) const WINDOWS: [&str; 3] = ["1min", "5min", "15min"];
const LEFT_AFTER_A_SECOND: [f64; 3] =
    [0.983_471_453_821_617_4, 0.996_672_216_054_440_6, 0.998_889_506_018_525_6];

/// Without `$SYS`, so many seconds lie between two samples, which nobody looks at.
const IDLE: u32 = 60;

/// Moving averages of counters, in counts a minute, that forget exponentially.
#[derive(Debug)]
pub(super) struct Load {
    due: u64,
    last: u64,
    counters: [u64; NAMES.len()],
    averages: [[f64; WINDOWS.len()]; NAMES.len()],
}

impl Load {
    pub(super) fn new(awake: u64) -> Self {
        let averages = [[0.0; WINDOWS.len()]; NAMES.len()];
        Self { due: awake, last: awake, counters: [0; NAMES.len()], averages }
    }

    /// When to take the next sample.
    pub(super) fn due(&self) -> u64 {
        self.due
    }

    pub(super) fn averages(&self) -> impl Iterator<Item = (&'static str, [f64; WINDOWS.len()])> {
        NAMES.into_iter().zip(self.averages)
    }

    /// Takes in what was counted since the last sample.
    pub(super) fn sample(&mut self, awake: u64, interval: u32, metrics: &Metrics) {
        let interval = if interval == 0 { IDLE } else { interval };
        self.due = awake + u64::from(interval) * 1_000_000;
        let seconds = (awake - self.last) / 1_000_000;
        if seconds == 0 {
            return;
        }
        self.last += seconds * 1_000_000;
        let now = counters(metrics);
        let left = LEFT_AFTER_A_SECOND.map(|left| power(left, seconds));
        for ((average, now), before) in self.averages.iter_mut().zip(now).zip(self.counters) {
            let a_minute = now.saturating_sub(before) as f64 * 60.0 / seconds as f64;
            for (average, left) in average.iter_mut().zip(left) {
                *average = a_minute + left * (*average - a_minute);
            }
        }
        self.counters = now;
    }
}

fn counters(metrics: &Metrics) -> [u64; NAMES.len()] {
    [
        metrics.packets_in,
        metrics.packets_out,
        metrics.dropped(),
        metrics.published.iter().sum(),
        metrics.delivered.iter().sum(),
        metrics.bytes_in,
        metrics.bytes_out,
        metrics.opened,
        metrics.connects,
    ]
}

/// `base` to the power of `exponent` by multiplications alone, which are the same on every target.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_is_approached_by_each_window_at_its_pace() {
        let mut load = Load::new(0);
        let mut metrics = Metrics::default();
        for minute in 1..=60u64 {
            metrics.packets_in = minute * 120;
            load.sample(minute * 60_000_000, 10, &metrics);
            if minute == 1 {
                let [one, five, fifteen] = load.averages[0];
                // 1 - 1/e, 1 - e^(-1/5) and 1 - e^(-1/15) of 120.
                assert!((one - 75.85).abs() < 0.01 && (five - 21.75).abs() < 0.01, "{one} {five}");
                assert!((fifteen - 7.74).abs() < 0.01, "{fifteen}");
            }
        }
        let [one, five, fifteen] = load.averages[0];
        assert!((one - 120.0).abs() < 0.001 && (five - 120.0).abs() < 0.001 && fifteen > 117.0);
        load.sample(90 * 60_000_000, 10, &metrics);
        assert!(load.averages[0][0] < 0.001, "half an hour later nothing is left of it");
    }

    #[test]
    fn many_samples_and_one_come_to_the_same() {
        let (mut often, mut once, mut metrics) = (Load::new(0), Load::new(0), Metrics::default());
        for second in 1..=100u64 {
            metrics.bytes_in = second * 7;
            often.sample(second * 1_000_000, 1, &metrics);
        }
        once.sample(100_000_000, 1, &metrics);
        for (often, once) in often.averages[5].iter().zip(once.averages[5]) {
            assert!((often - once).abs() < 1e-9);
        }
    }
}
