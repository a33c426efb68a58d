//! When each message sets off in the drawing. What follows from a message waits until that has landed, so that
//! one sees cause and effect; but nothing is ever told more than a second late, and never out of order.
//!
//! All times are milliseconds on any one clock.

use crate::sorted::ByName;
use crate::wire::Bead;

/// How long a message takes up to the broker, and from there down to its receivers.
pub const LEG: f64 = 280.0;
/// How long it stays with the broker.
pub const STAY: f64 = 80.0;
/// The latest that a message sets off after it came.
const LATEST: f64 = 1_000.0;

/// What is on its way.
#[derive(Debug, Default)]
pub struct Replay {
    /// When the last message lands at each client.
    landing: ByName<f64>,
    last: f64,
}

impl Replay {
    /// When each of these beads, which came `now`, sets off.
    pub fn schedule(&mut self, now: f64, beads: &[Bead]) -> Vec<f64> {
        self.landing.retain(|_, landing| *landing > now);
        beads.iter().map(|bead| self.next(now, bead)).collect()
    }

    fn next(&mut self, now: f64, bead: &Bead) -> f64 {
        let cause = bead.from.as_ref().and_then(|from| self.landing.get(from)).copied().unwrap_or(now);
        let start = now.max(cause).max(self.last).min(now + LATEST);
        self.last = start;
        let landing = start + LEG + STAY + LEG;
        for to in &bead.to {
            self.landing.insert(to.clone(), landing);
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bead(number: u64, from: &str, to: &[&str]) -> Bead {
        Bead { number, from: Some(from.into()), to: to.iter().map(|to| (*to).to_owned()).collect() }
    }

    #[test]
    fn a_message_sets_off_at_once_where_nothing_is_on_its_way() {
        let mut replay = Replay::default();
        assert_eq!(replay.schedule(5.0, &[bead(1, "sensor", &["phone"])]), [5.0]);
    }

    #[test]
    fn an_answer_waits_until_the_command_has_landed() {
        let mut replay = Replay::default();
        let beads = [bead(1, "phone", &["lamp"]), bead(2, "lamp", &["phone"])];
        assert_eq!(replay.schedule(0.0, &beads), [0.0, 640.0]);
    }

    #[test]
    fn nothing_is_told_out_of_order_or_more_than_a_second_late() {
        let mut replay = Replay::default();
        let beads: Vec<Bead> = (0..10)
            .map(|n| bead(n, if n % 2 == 0 { "a" } else { "b" }, if n % 2 == 0 { &["b"] } else { &["a"] }))
            .collect();
        let starts = replay.schedule(0.0, &beads);
        assert!(starts.is_sorted());
        assert_eq!(starts.last(), Some(&1_000.0));
        assert_eq!(replay.schedule(3_000.0, &beads[..1]), [3_000.0]);
    }
}
