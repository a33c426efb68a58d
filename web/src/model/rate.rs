//! How many a second, over the last few seconds; and which clients have too many for each to be drawn.

use crate::sorted::ByName;
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

/// A wire with more messages a second shows their number instead of beads.
const BUSY: u32 = 8;
/// How many clients are counted at most.
const COUNTED: usize = 300;

/// How much each client has to carry: whole seconds, so that a number can be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loads {
    clients: ByName<Load>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Load {
    second: u64,
    /// In that second so far, and in the one before.
    now: u32,
    before: u32,
}

impl Loads {
    /// `count` more for this client at `now` microseconds.
    pub(crate) fn add(&mut self, now: u64, client: &str, count: u32) {
        let second = now / 1_000_000;
        if !self.clients.contains_key(client) {
            if self.clients.len() >= COUNTED {
                self.clients.retain(|_, load| load.second + 1 >= second);
            }
            if self.clients.len() >= COUNTED {
                return;
            }
            self.clients.insert(client.into(), Load { second, ..Load::default() });
        }
        let Some(load) = self.clients.get_mut(client) else { return };
        if load.second != second {
            let before = if load.second + 1 == second { steady(load.before, load.now) } else { 0 };
            *load = Load { second, now: 0, before };
        }
        load.now = load.now.saturating_add(count);
    }

    /// Whether this client has more than can be drawn one by one.
    pub(crate) fn is_busy(&self, now: u64, client: &str) -> bool {
        self.clients.get(client).is_some_and(|load| load.per_second(now) > BUSY)
    }

    /// The clients with more than can be drawn one by one, and how many a second.
    pub(crate) fn busy(&self, now: u64) -> Vec<(String, u32)> {
        let all = self.clients.iter().map(|(client, load)| (client, load.per_second(now)));
        all.filter(|(_, rate)| *rate > BUSY).map(|(client, rate)| (client.clone(), rate)).collect()
    }
}

/// A count that hardly differs from the one before stays as it was, so that the drawing does not change for nothing.
fn steady(before: u32, now: u32) -> u32 {
    if before.abs_diff(now).saturating_mul(5) <= before { before } else { now }
}

impl Load {
    /// The last whole second; the one that runs when it has more already.
    fn per_second(&self, now: u64) -> u32 {
        match (now / 1_000_000).saturating_sub(self.second) {
            0 if self.before > BUSY => self.before,
            0 => self.now.max(self.before),
            1 => self.now,
            _ => 0,
        }
    }
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

    #[test]
    fn a_client_is_busy_with_more_than_eight_a_second_and_no_longer_when_it_rests() {
        let mut loads = Loads::default();
        (0..8).for_each(|_| loads.add(5_200_000, "calm", 1));
        (0..24).for_each(|_| loads.add(5_300_000, "hasty", 1));
        assert!(loads.is_busy(5_400_000, "hasty") && !loads.is_busy(5_400_000, "calm"));
        (0..3).for_each(|_| loads.add(6_100_000, "hasty", 1));
        assert_eq!(loads.busy(6_200_000), [("hasty".to_owned(), 24)]);
        assert_eq!(loads.busy(8_000_000), []);
    }

    #[test]
    fn a_rate_that_hardly_changes_is_told_as_it_was() {
        let mut loads = Loads::default();
        let mut second = |second: u64, count| {
            loads.add(second * 1_000_000, "hasty", count);
            loads.busy((second + 1) * 1_000_000 - 1)[0].1
        };
        assert_eq!(
            [second(1, 20), second(2, 23), second(3, 17), second(4, 30), second(5, 0)],
            [20, 20, 20, 20, 30]
        );
    }

    #[test]
    fn what_the_host_left_out_counts() {
        let mut loads = Loads::default();
        (0..5).for_each(|_| loads.add(1, "hasty", 10));
        assert_eq!(loads.busy(1), [("hasty".to_owned(), 50)]);
    }
}
