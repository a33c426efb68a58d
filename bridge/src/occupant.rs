//! Who listens on a port, as far as the system tells: on Linux `/proc` knows, elsewhere nobody is asked.

use std::fmt;
use std::fs;

/// A program that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occupant {
    /// Its process number.
    pub(crate) pid: u32,
    /// Its name.
    pub(crate) name: String,
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// The program that listens on TCP `port`. `None` also for one that this user may not look into.
pub(crate) fn of_port(port: u16) -> Option<Occupant> {
    let inodes: Vec<u64> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let holds = fs::read_dir(entry.path().join("fd")).ok()?.flatten().any(|descriptor| {
            fs::read_link(descriptor.path())
                .ok()
                .and_then(|target| socket_inode(target.to_str()?))
                .is_some_and(|inode| inodes.contains(&inode))
        });
        let name = fs::read_to_string(entry.path().join("comm")).ok()?.trim().to_owned();
        holds.then_some(Occupant { pid, name })
    })
}

/// The socket numbers in a `/proc/net/tcp` table that listen on `port`.
fn listening_inodes(table: &str, port: u16) -> Vec<u64> {
    const LISTEN: &str = "0A";
    let inode = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (_, local_port) = fields.next()?.rsplit_once(':')?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?.parse().ok()?;
        (state == LISTEN && u16::from_str_radix(local_port, 16) == Ok(port)).then_some(inode)
    };
    table.lines().skip(1).filter_map(inode).collect()
}

fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000   104        0 22222 1 0000 100 0
   1: 0100007F:075B 0100007F:C350 01 00000000:00000000 00:00000000 00000000   104        0 33333 1 0000 20 4
   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 44444 1 0000 100 0
";

    #[test]
    fn only_the_listening_socket_of_the_port_counts() {
        assert_eq!(listening_inodes(TABLE, 1883), [22222]);
        assert!(listening_inodes(TABLE, 8830).is_empty());
        assert_eq!(socket_inode("socket:[22222]"), Some(22222));
        assert_eq!(socket_inode("/dev/null"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_finds_itself() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let found = of_port(listener.local_addr().unwrap().port()).unwrap();
        assert_eq!(found.pid, std::process::id());
    }
}
