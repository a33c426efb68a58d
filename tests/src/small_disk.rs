//! A folder on a disk that can be full and have room again.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// How large the disk is, where it is one of its own.
const SIZE: &str = "size=16m";
/// What takes the room on it.
const FILLER: &str = "filler";

/// A disk of its own in memory, where the system lets this process mount one. Elsewhere a folder whose programs may be
/// forbidden to make files longer than they are: for what writes to one file that is the same.
///
/// A program has to be gone before its disk is.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
    is_mounted: bool,
}

impl SmallDisk {
    /// One with room.
    ///
    /// # Panics
    /// There is no place for it.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "lacewing-test"]).arg(folder.path());
        let is_mounted = mount.output().is_ok_and(|mount| mount.status.success());
        Self { folder, is_mounted }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command that starts `program` in such a way that it is told, and not ended, when it may not make a file longer.
    pub(crate) fn start(program: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program);
        command
    }

    /// Takes all room away from a program, whose longest file on it is `file`.
    ///
    /// # Panics
    /// That cannot be done.
    pub fn fill(&self, program: u32, file: &Path) {
        if !self.is_mounted {
            let length = fs::metadata(file).expect("the file is there").len();
            return limit(program, &length.to_string());
        }
        let mut filler = OpenOptions::new().append(true).create(true).open(self.path().join(FILLER));
        let filler = filler.as_mut().expect("there is room for an empty file");
        // The last bytes go one by one.
        for piece in [vec![0; 1 << 16], vec![0; 1]] {
            let full = std::iter::repeat_with(|| filler.write_all(&piece)).find_map(Result::err);
            assert_eq!(full.map(|error| error.kind()), Some(ErrorKind::StorageFull));
        }
    }

    /// Gives it back.
    ///
    /// # Panics
    /// That cannot be done.
    pub fn make_room(&self, program: u32) {
        if self.is_mounted {
            fs::remove_file(self.path().join(FILLER)).expect("the filler is there");
        } else {
            limit(program, "unlimited");
        }
    }
}

impl Default for SmallDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_mounted {
            // Where it fails, the folder's end fails as well, and says so.
            let _ = Command::new("umount").arg(self.path()).status();
        }
    }
}

/// Forbids a program to make files longer than `length`, until it is told another one.
fn limit(program: u32, length: &str) {
    let limited = Command::new("prlimit")
        .arg(format!("--pid={program}"))
        .arg(format!("--fsize={length}:unlimited"))
        .status();
    assert!(limited.is_ok_and(|status| status.success()), "prlimit, of util-linux, sets limits");
}
