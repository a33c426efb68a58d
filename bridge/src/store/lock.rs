//! One process for one folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

const FILE: &str = "in-use";
/// What is read of a note by another process.
const NOTE_MAX: u64 = 256;

/// Held for as long as it lives. The system lets go of it when the process ends, in whatever way.
#[derive(Debug)]
pub(crate) struct Lock(File);

/// Why a folder cannot be had.
#[derive(Debug, Error)]
pub(crate) enum LockError {
    /// Someone else has it.
    #[error("{} is in use by {who}: stop it, or name another folder with --data DIR", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// What is known of the other process.
        who: String,
    },
    /// It cannot be made or written to.
    #[error("cannot keep the broker's state in {}: {source} (choose another folder with --data DIR)", path.display())]
    File {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Lock {
    /// Takes the lock of a folder, which is made if it is not there.
    pub(crate) fn take(folder: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::File { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(folder.join(FILE)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                let lock = Self(file);
                lock.tell("");
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let mut note = String::new();
                // It says less then.
                let _ = Read::by_ref(&mut file).take(NOTE_MAX).read_to_string(&mut note);
                let note = note.trim();
                let who = if note.is_empty() { "another process" } else { note }.to_owned();
                Err(LockError::InUse { path: folder.to_owned(), who })
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Notes for others which process this is and where it can be found.
    pub(crate) fn tell(&self, address: &str) {
        let place = if address.is_empty() { String::new() } else { format!(" at {address}") };
        let note = format!("process {}{place}\n", std::process::id());
        let mut file = &self.0;
        // The note is a courtesy: the lock holds without it.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(note.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_who_has_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("made/for/this");
        let lock = Lock::take(&folder).unwrap();
        lock.tell("http://localhost:8830");
        let error = Lock::take(&folder).unwrap_err().to_string();
        let who = format!("in use by process {} at http://localhost:8830", std::process::id());
        assert!(error.contains(&who) && error.contains("--data DIR"), "{error}");
        drop(lock);
        assert!(Lock::take(&folder).is_ok());
    }
}
