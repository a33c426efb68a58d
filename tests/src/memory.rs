//! How much memory a process has, as Linux tells it.

use std::fs;

/// The resident memory of all `processes` together, in bytes. One that has ended counts nothing.
pub fn resident(processes: &[u32]) -> u64 {
    processes.iter().filter_map(|&process| resident_of(process)).sum()
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
