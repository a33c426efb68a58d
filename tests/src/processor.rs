//! How long a process was at work, as Linux tells it.

use std::fs;

/// Processor seconds of all `processes` so far. Linux counts in hundredths of a second; one that has ended counts nothing.
pub fn seconds(processes: &[u32]) -> f64 {
    processes.iter().filter_map(|&process| ticks_of(process)).sum::<u64>() as f64 / 100.0
}

fn ticks_of(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the name, in brackets, and may hold anything.
    let (_, after) = stat.rsplit_once(')')?;
    let fields = after.split_whitespace().skip(11).take(2);
    fields.map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn work_takes_processor_time() {
        let (began, before) = (Instant::now(), seconds(&[std::process::id()]));
        while began.elapsed() < Duration::from_secs(5) && seconds(&[std::process::id()]) < before + 0.02 {
            black_box((0..10_000_u64).sum::<u64>());
        }
        assert!(seconds(&[std::process::id()]) >= before + 0.02);
    }
}
