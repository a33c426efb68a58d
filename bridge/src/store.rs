//! The broker's state in a folder: who has the folder, opening what is there, and committing what comes.

mod keeper;
mod lock;

use std::any::Any;
use std::fs::{File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lacewing_broker::{Broker, Config, Progress, Record, RestoreError, RestoreStep};
use lacewing_store::{Changes, Sizes, Store, StoreError};
use redb::backends::FileBackend;
use thiserror::Error;
use tracing::info;

use crate::clock::Clock;

pub(crate) use self::keeper::Keeper;
pub(crate) use self::lock::{Lock, LockError};

/// The store's file in its folder.
const FILE: &str = "broker.store";
const SIZES: Sizes = Sizes { cache: 64 << 20, journal: Sizes::JOURNAL };
/// How long opening may take without a word, and between two.
const WORD_EVERY: Duration = Duration::from_secs(1);
/// Records between two looks at the clock.
const LOOK_EVERY: u64 = 4096;
/// A file of so many bytes is announced before it is checked.
const LARGE: u64 = 64 << 20;

/// A folder that this process has for itself.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    lock: Lock,
}

/// Why the broker's state cannot be had.
#[derive(Debug, Error)]
pub(crate) enum OpenError {
    /// The file cannot be opened or made.
    #[error("the broker's state cannot be kept in {}: {source} (choose another folder with --data DIR)", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What is in it cannot be used.
    #[error("the broker's state in {} cannot be used: {source}. {}", path.display(), source.advice())]
    Store {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
}

impl Folder {
    /// Takes the folder, which is made if it is not there.
    pub(crate) fn take(path: &Path) -> Result<Self, LockError> {
        Ok(Self { path: path.to_owned(), lock: Lock::take(path)? })
    }

    /// Tells whoever else wants the folder where this process can be found.
    pub(crate) fn tell(&self, address: &str) {
        self.lock.tell(address);
    }

    /// Whether a broker's state is kept in `folder`.
    pub(crate) fn has_store(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// Restores the broker from what is in the folder. Takes as long as it takes, and says how far it is.
    pub(crate) fn open(
        &self,
        config: Config,
        seed: u64,
        clock: &mut Clock,
    ) -> Result<(Broker, Store<FileBackend>), OpenError> {
        let store = self.store()?;
        let unrestorable = |error: RestoreError| self.unusable(StoreError::Damaged(error.to_string()));
        let mut restore = Broker::restore(config, seed, clock.now());
        self.read(&store, |record| restore.push(record).map_err(unrestorable))?;
        let mut words = Words::new();
        loop {
            match restore.step(clock.now(), LOOK_EVERY as u32).map_err(unrestorable)? {
                RestoreStep::More(more) => restore = more,
                RestoreStep::Done(broker) => return Ok((*broker, store)),
            }
            let Progress { done, of } = restore.progress();
            words.say("putting together", &self.path_of_store(), done, of);
        }
    }

    /// Opens the store, which is made if it is not there.
    pub(crate) fn store(&self) -> Result<Store<FileBackend>, OpenError> {
        let path = self.path_of_store();
        let file = self.file(&path).map_err(|source| OpenError::File { path: path.clone(), source })?;
        catch(|| {
            let size = file.metadata()?.len();
            if size >= LARGE {
                info!("checking {} ({} MB)", path.display(), size >> 20);
            }
            let backend = FileBackend::new(file).map_err(|error| StoreError::Damaged(error.to_string()))?;
            Store::open(backend, SIZES)
        })
        .map_err(|source| self.unusable(source))
    }

    /// Whether there is nothing in the store.
    pub(crate) fn is_empty(&self, store: &Store<FileBackend>) -> Result<bool, OpenError> {
        catch(|| store.is_empty()).map_err(|source| self.unusable(source))
    }

    /// Gives all that is in the store, and says how far it is. It may be used only if it came to the end.
    pub(crate) fn read<E: From<OpenError>>(
        &self,
        store: &Store<FileBackend>,
        mut each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let unusable = |source| self.unusable(source);
        let mut reading = catch(|| store.read()).map_err(unusable)?;
        let mut words = Words::new();
        while let Some(record) = catch(|| reading.next()).map_err(unusable)? {
            each(record)?;
            let (all, done) = reading.progress();
            if done.is_multiple_of(LOOK_EVERY) {
                words.say("reading", &self.path_of_store(), done, all);
            }
        }
        Ok(())
    }

    /// Makes changes durable and closes the store.
    pub(crate) fn finish(&self, mut store: Store<FileBackend>, changes: &Changes) -> Result<(), OpenError> {
        catch(|| {
            store.commit(changes)?;
            store.close()
        })
        .map_err(|source| self.unusable(source))
    }

    fn path_of_store(&self) -> PathBuf {
        self.path.join(FILE)
    }

    fn unusable(&self, source: StoreError) -> OpenError {
        OpenError::Store { path: self.path_of_store(), source }
    }

    fn file(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        // That there is a file is durable only once its folder is.
        #[cfg(unix)]
        File::open(&self.path)?.sync_all()?;
        Ok(file)
    }
}

/// Says how far it is, and not too often.
pub(crate) struct Words(Instant);

impl Words {
    /// Nothing is said in the first second.
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// Says what is done with `path`, and how much of it.
    pub(crate) fn say(&mut self, what: &str, path: &Path, done: u64, of: u64) {
        if self.0.elapsed() >= WORD_EVERY {
            info!("{what} {}: {done} of {of}", path.display());
            self.0 = Instant::now();
        }
    }
}

/// Makes an error of a panic: the database may panic on what is damaged.
fn catch<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(StoreError::Damaged(format!("the database gave up ({})", message(&*panic))))
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_the_database_is_damage() {
        let error = catch::<()>(|| panic!("page {} is none", 7)).unwrap_err();
        assert_eq!(error.to_string(), "it is damaged: the database gave up (page 7 is none)");
        assert_eq!(catch(|| Ok(7)).unwrap(), 7);
    }

    #[test]
    fn what_is_no_store_is_named_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("broker.store"), "shopping list").unwrap();
        let folder = Folder::take(dir.path()).unwrap();
        let config = Config { durable: true, ..Config::default() };
        let error = folder.open(config, 1, &mut Clock::start()).unwrap_err().to_string();
        assert!(
            error.contains("broker.store") && error.contains("it is not a store of Lacewing's"),
            "{error}"
        );
        assert!(error.contains("move it away to start empty"), "{error}");
        let left = std::fs::read(dir.path().join("broker.store")).unwrap();
        assert_eq!(left, b"shopping list");
    }
}
