//! How much memory a process has, as Linux tells it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The resident memory of all `processes` together, in bytes. One that has ended counts nothing.
pub fn resident(processes: &[u32]) -> u64 {
    processes.iter().filter_map(|&process| resident_of(process)).sum()
}

/// Watches processes for the most memory that they have together at any moment.
#[derive(Debug)]
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Watch {
    /// Watches from now on.
    pub fn start(processes: Vec<u32>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut most = resident(&processes);
            while !told.load(Ordering::Relaxed) {
                thread::sleep(LOOK_EVERY);
                most = most.max(resident(&processes));
            }
            most
        });
        Self { stop, thread }
    }

    /// The most there was, in bytes.
    pub fn most(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(u64::MAX)
    }
}

fn resident_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory() {
        assert!(resident(&[std::process::id()]) > 100 << 10);
    }
}
