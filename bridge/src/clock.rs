//! The host's two clocks, as the core wants them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lacewing_broker::Now;

/// Monotonic time since the start, and Unix time that never runs backwards.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    wall: u64,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), wall: 0 }
    }

    /// The time now, in microseconds.
    pub(crate) fn now(&mut self) -> Now {
        let micros = |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros);
        self.wall = self.wall.max(wall);
        Now { awake: micros(self.start.elapsed()), wall: self.wall }
    }
}
