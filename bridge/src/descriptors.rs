//! How many files this process may have open: each connection is one.

/// Descriptors that are not for devices: listeners, the poll, standard streams, the page's files and HTTP connections.
const RESERVED: u64 = 384;

/// Raises the limit to what the system allows this process, and says how many connections that leaves room for.
pub(crate) fn raise_limit() -> u32 {
    let room = open_files().saturating_sub(RESERVED).max(16);
    u32::try_from(room).unwrap_or(u32::MAX)
}

#[cfg(unix)]
fn open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where this fails, the limit stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(not(unix))]
fn open_files() -> u64 {
    u64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_room_for_devices() {
        assert!(super::raise_limit() >= 16);
    }
}
