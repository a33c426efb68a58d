//! What came of a load.

use std::time::Duration;

/// What came of a load.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Messages sent.
    pub sent: u64,
    /// Deliveries that were due: a message counts once for each subscriber.
    pub due: u64,
    /// Different messages that arrived, at each subscriber.
    pub arrived: u64,
    /// Messages that arrived again.
    pub doubled: u64,
    /// Messages that arrived after a later one of the same publisher.
    pub disordered: u64,
    /// Messages that arrived where nobody had asked for them.
    pub astray: u64,
    /// Messages whose acknowledgement never came.
    pub unacknowledged: u64,
    /// From the first message to the last delivery or acknowledgement.
    pub elapsed: Duration,
    /// How long the load's own thread was at work meanwhile; as long as `elapsed`, and it is what was measured.
    pub busy: Duration,
    /// Why it ended early.
    pub trouble: Option<String>,
    /// From sending to arriving, in tenths of a microsecond, sorted.
    pub(super) latencies: Vec<u32>,
}

impl Outcome {
    /// Messages that were due and never arrived.
    pub fn lost(&self) -> u64 {
        self.due - self.arrived
    }

    /// Whether everything arrived and was acknowledged, in order and once.
    pub fn is_perfect(&self) -> bool {
        self.trouble.is_none()
            && self.lost() + self.doubled + self.disordered + self.astray + self.unacknowledged == 0
            && self.due > 0
    }

    /// Arrived messages a second.
    pub fn rate(&self) -> f64 {
        if self.arrived == 0 { 0.0 } else { self.arrived as f64 / self.elapsed.as_secs_f64() }
    }

    /// The latency that `percent` of the messages did not exceed.
    pub fn latency(&self, percent: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * percent / 100.0).round() as usize;
        Duration::from_nanos(u64::from(self.latencies.get(at).copied().unwrap_or(0)) * 100)
    }
}

/// The processor time of this thread.
pub(super) fn thread_time() -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_read_off_the_sorted_latencies() {
        let outcome =
            Outcome { latencies: (1..=101).map(|micros| micros * 10).collect(), ..Outcome::default() };
        assert_eq!(outcome.latency(50.0), Duration::from_micros(51));
        assert_eq!(outcome.latency(99.0), Duration::from_micros(100));
        assert_eq!(Outcome::default().latency(99.0), Duration::ZERO);
    }
}
