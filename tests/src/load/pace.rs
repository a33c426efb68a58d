//! When the next message of a steady load is due.
//!
//! The system's polling counts in milliseconds; where there is a timer that can be polled for, a message goes out when it is
//! due, and not with four others.

use std::time::{Duration, Instant};

use mio::Registry;

/// Keeps the pace.
#[derive(Debug)]
pub(super) struct Pace {
    rate: f64,
    began: Instant,
    given: u64,
    #[cfg(target_os = "linux")]
    timer: std::os::fd::OwnedFd,
}

/// A timer goes off no more often.
const FINEST: Duration = Duration::from_micros(100);

impl Pace {
    /// So many messages a second, from the first question on.
    #[cfg(target_os = "linux")]
    pub(super) fn start(rate: f64, registry: &Registry) -> Result<Self, String> {
        use std::os::fd::AsRawFd;

        use mio::Interest;
        use mio::unix::SourceFd;
        use rustix::time::{
            Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
            timerfd_settime,
        };

        let each = Duration::from_secs_f64(1.0 / rate).max(FINEST);
        let every = Timespec { tv_sec: each.as_secs() as i64, tv_nsec: i64::from(each.subsec_nanos()) };
        let failed = |error: std::io::Error| format!("there is no timer: {error}");
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)
            .map_err(|error| failed(error.into()))?;
        let times = Itimerspec { it_interval: every, it_value: every };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &times).map_err(|error| failed(error.into()))?;
        registry
            .register(&mut SourceFd(&timer.as_raw_fd()), super::PACE, Interest::READABLE)
            .map_err(failed)?;
        Ok(Self { rate, began: Instant::now(), given: 0, timer })
    }

    /// So many messages a second, from the first question on.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn start(rate: f64, _registry: &Registry) -> Result<Self, String> {
        Ok(Self { rate, began: Instant::now(), given: 0 })
    }

    /// How many messages are due that were not given yet.
    pub(super) fn due(&mut self) -> u64 {
        if self.given == 0 {
            self.began = Instant::now();
        }
        #[cfg(target_os = "linux")]
        // What it says is how often it went off; what counts is that it was asked, or it would stay silent.
        let _ = rustix::io::read(&self.timer, &mut [0; 8]);
        let due = self.due_after(self.began.elapsed());
        let more = due - self.given.min(due);
        self.given = due;
        more
    }

    fn due_after(&self, elapsed: Duration) -> u64 {
        (elapsed.as_secs_f64() * self.rate) as u64 + 1
    }

    /// How long to wait at most before asking again.
    pub(super) fn patience(&self) -> Duration {
        if cfg!(target_os = "linux") { Duration::from_millis(100) } else { Duration::from_millis(1) }
    }
}
