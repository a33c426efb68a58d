//! Keeps a flood of connections from becoming a flood of lines in the log.

use lacewing_broker::Now;
use tracing::info;

/// Lines in one second; the rest is counted.
const LINES_PER_SECOND: u32 = 200;

/// Counts the lines of the current second.
#[derive(Debug, Default)]
pub(crate) struct LineLimit {
    second: u64,
    lines: u32,
    left_out: u64,
}

impl LineLimit {
    /// Whether one more line may be written now. Says how many were left out once a new second has begun.
    pub(crate) fn allows(&mut self, now: Now) -> bool {
        self.allows_at(now.wall)
    }

    /// The same at a Unix time in microseconds.
    pub(crate) fn allows_at(&mut self, wall: u64) -> bool {
        let second = wall / 1_000_000;
        if second != self.second {
            self.second = second;
            self.lines = 0;
            if self.left_out > 0 {
                info!("and {} more such lines, left out", std::mem::take(&mut self.left_out));
            }
        }
        self.lines += 1;
        let allowed = self.lines <= LINES_PER_SECOND;
        self.left_out += u64::from(!allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_bounded_number_of_lines_a_second() {
        let mut limit = LineLimit::default();
        let told = (0..1000).filter(|_| limit.allows_at(7_000_000)).count();
        assert_eq!(told, LINES_PER_SECOND as usize);
        assert!(limit.allows_at(8_000_000));
    }
}
