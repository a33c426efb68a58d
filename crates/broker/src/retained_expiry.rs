//! Retained messages whose time is over make room, whether or not anybody asks for them (§3.3.2.3.3).

use crate::Broker;
use crate::broker::WallTimer;
use crate::jobs::{ENTRIES, Job};
use crate::retain::RetainedMessage;

/// Microseconds from the first message that may expire to the sweep that clears it away, at least.
const PAUSE: u64 = 60 * 1_000_000;

/// A walk through all retained messages that clears away those whose time is over.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// The key of the last message looked at.
    after: Vec<u8>,
    /// When the first of those that are left expires.
    next: Option<u64>,
}

impl Broker {
    /// Notes that a retained message expires at `at`.
    pub(crate) fn sweep_after(&mut self, at: u64) {
        let at = at.max(self.now.wall.saturating_add(PAUSE));
        if self.wall_timers.deadline(WallTimer::Sweep).is_none_or(|known| at < known) {
            self.wall_timers.set(WallTimer::Sweep, at);
        }
    }

    /// Starts a sweep.
    pub(crate) fn start_sweep(&mut self) {
        self.jobs.push_back(Job::Sweep(Box::default()));
    }

    /// Goes on with a sweep; whether it is done.
    pub(crate) fn go_on_sweeping(&mut self, sweep: &mut Sweep) -> bool {
        let wall = self.now.wall;
        let (mut topics, mut last, mut looked_at) = (Vec::new(), None, 0);
        for (key, RetainedMessage { message, .. }) in self.retained.after(&sweep.after).take(ENTRIES as usize)
        {
            looked_at += 1;
            last = Some(key);
            if message.is_expired(wall) {
                topics.push(message.topic.clone());
            } else {
                sweep.next = sweep.next.into_iter().chain(message.expires).min();
            }
        }
        if let Some(last) = last {
            sweep.after = last.to_vec();
        }
        self.spend(ENTRIES / 4);
        for topic in topics {
            self.spend(1);
            self.clear_retained(&topic);
        }
        if looked_at == ENTRIES {
            return false;
        }
        if let Some(at) = sweep.next {
            self.sweep_after(at);
        }
        true
    }
}
