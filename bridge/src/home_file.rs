//! Where the simulated home is kept: a file that is read at the start and written whenever somebody changes the home.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, bail};
use lacewing_control::Blueprint;
use tracing::warn;

/// The name of the file in the data folder.
pub(crate) const NAME: &str = "home.json";

/// A home as it was kept.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// What it is made from; `None` for the Lacewing house.
    pub(crate) blueprint: Option<Blueprint>,
    /// Why the home that was kept is not this one: its file could not be read, and is set aside.
    pub(crate) damaged: Option<String>,
    /// Where changes are kept; `None` for nowhere.
    pub(crate) path: Option<PathBuf>,
}

impl Kept {
    /// The home in the file that a person named. If there is none yet, the first change makes it.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no home: it is the person's, and nothing is done to it.
    pub(crate) fn named(path: PathBuf) -> anyhow::Result<Self> {
        let blueprint = match read(&path) {
            Ok(text) => {
                let read = Blueprint::from_json(&text);
                Some(read.with_context(|| format!("the home in {} (--home FILE)", path.display()))?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => bail!("the home in {} cannot be read: {error} (--home FILE)", path.display()),
        };
        Ok(Self { blueprint, damaged: None, path: Some(path) })
    }

    /// The home in the data folder. A damaged one is set aside.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let path = folder.join(NAME);
        let home = match read(&path) {
            Ok(text) => Blueprint::from_json(&text).map(Some).map_err(|flaw| flaw.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("It cannot be read: {error}.")),
        };
        let mut kept = Self { blueprint: None, damaged: None, path: Some(path.clone()) };
        match home {
            Ok(blueprint) => kept.blueprint = blueprint,
            Err(why) => {
                let aside = path.with_extension("json.damaged");
                warn!("the home in {} is set aside as {}: {why}", path.display(), aside.display());
                if let Err(error) = fs::rename(&path, &aside) {
                    // What cannot be set aside is not written over either.
                    warn!("it cannot be set aside, so no change of the home is kept: {error}");
                    kept.path = None;
                }
                kept.damaged = Some(why);
            }
        }
        kept
    }
}

/// Writes the home, on a thread of its own: the broker does not wait for a disk.
pub(crate) struct HomeFile {
    changes: Option<Sender<String>>,
    writer: Option<JoinHandle<()>>,
}

impl HomeFile {
    /// A writer for this file.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn at(path: PathBuf) -> io::Result<Self> {
        let (changes, changed) = channel();
        let writer =
            thread::Builder::new().name("home file".to_owned()).spawn(move || write_all(&path, &changed))?;
        Ok(Self { changes: Some(changes), writer: Some(writer) })
    }

    /// Has this kept in place of what was kept before.
    pub(crate) fn keep(&self, text: String) {
        if let Some(changes) = &self.changes {
            // The writer ends after this one only.
            let _ = changes.send(text);
        }
    }
}

impl Drop for HomeFile {
    /// Waits until the last change is written.
    fn drop(&mut self) {
        drop(self.changes.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn write_all(path: &Path, changed: &Receiver<String>) {
    while let Ok(text) = changed.recv() {
        let newest = changed.try_iter().last().unwrap_or(text);
        if let Err(error) = write(path, &newest) {
            warn!("the home cannot be kept in {}: {error}", path.display());
        }
    }
}

/// Under another name first, so that whatever happens there is a whole file.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut fresh = path.to_owned().into_os_string();
    fresh.push(".new");
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    // One byte more than a home has, so that a longer file is found to be one.
    File::open(path)?.take(Blueprint::FILE as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use lacewing_control::Edit;

    use super::*;

    fn other_home() -> Blueprint {
        lacewing_control::standard_home().edited(&Edit::Rename { name: "Other".to_owned() }).unwrap()
    }

    #[test]
    fn what_is_kept_is_there_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::in_folder(folder.path());
        assert_eq!((kept.blueprint, kept.damaged), (None, None));
        let file = HomeFile::at(kept.path.unwrap()).unwrap();
        file.keep("half of it".to_owned());
        file.keep(other_home().to_json());
        drop(file);
        assert_eq!(Kept::in_folder(folder.path()).blueprint, Some(other_home()));
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [NAME]);
    }

    #[test]
    fn a_damaged_home_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "{\"version\": 1,").unwrap();
        let kept = Kept::in_folder(folder.path());
        assert_eq!(kept.blueprint, None);
        assert!(kept.damaged.unwrap().starts_with("This is not the file of a home"));
        assert_eq!(fs::read_to_string(folder.path().join("home.json.damaged")).unwrap(), "{\"version\": 1,");
        assert!(!folder.path().join(NAME).exists());
    }

    #[test]
    fn a_file_that_a_person_named_is_not_touched_when_it_holds_no_home() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.json");
        assert_eq!(Kept::named(path.clone()).unwrap().blueprint, None);
        fs::write(&path, "notes").unwrap();
        assert!(Kept::named(path.clone()).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes");
    }
}
