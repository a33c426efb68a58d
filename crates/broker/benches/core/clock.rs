//! How long the broker was at work.

use std::time::Duration;

/// What reading the clock twice takes.
pub(crate) fn reading() -> Duration {
    let once = || {
        let start = now();
        now().saturating_sub(start)
    };
    (0..1000).map(|_| once()).min().unwrap_or_default()
}

/// The time this thread has run, so that whatever else the machine does is left out.
#[cfg(unix)]
pub(crate) fn now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Where there is no such clock, the time that has passed.
#[cfg(not(unix))]
pub(crate) fn now() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    #[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
