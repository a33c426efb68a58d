//! Waiting for something to happen, and giving up in words.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that is not about time: long enough for a busy machine, short enough to see a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked for has no event to wait for. The pause leaves the processor to those who bring the answer.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(20);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none within [`PATIENCE`].
pub fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, ask)
}

/// Asks until there is an answer, for at most `limit`.
///
/// # Panics
/// When there is none in time.
pub fn within<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < limit, "within {limit:?} it did not happen: {what}");
        thread::sleep(BETWEEN_QUESTIONS);
    }
}
