//! The store worker's part: it opens the store, gives what is kept piece by piece, and commits what comes.
//!
//! It has a worker of its own so that a commit holds nobody up, and so that a panic of the database, which it may have over a
//! damaged file, ends this worker alone: the page then knows that the store cannot be opened.

use std::collections::VecDeque;

use bytes::Bytes;
use lacewing_control::{Taken, Taking};
use lacewing_store::{Changes, Reading, Sizes, StorageBackend, Store, StoreError, pack};

use super::store_port::{FromStore, ToStore, hear, say};

const SIZES: Sizes = Sizes { cache: 32 << 20, journal: Sizes::JOURNAL };
/// A piece of what is kept is complete with so many bytes.
const PIECE: usize = 256 << 10;
/// Records of an image that are taken before it looks whether there is something to commit.
const RECORDS_AT_ONCE: u32 = 1024;
/// How long to wait before trying again without room: at first, and at most, in microseconds.
const RETRY: u64 = 250_000;
const RETRY_AT_MOST: u64 = 8_000_000;
/// With nothing to commit for so long, in microseconds, the store is settled.
const SETTLE_AFTER: u64 = 50_000;

/// Serves a store to the host of its broker.
pub struct StoreHost<B> {
    stage: Stage<B>,
    /// When there is something to do by itself.
    due: Option<u64>,
    /// An image that is being taken.
    image: Option<(Box<Reading>, Taking)>,
    outputs: VecDeque<Vec<u8>>,
}

enum Stage<B> {
    Reading(Store<B>, Box<Reading>),
    /// Open, with the changes for which there was no room and how long to wait for some.
    Open(Store<B>, Option<(Changes, u64)>),
    Over,
}

impl<B: StorageBackend> StoreHost<B> {
    /// Opens what is in `storage`, or makes a new store there.
    pub fn open(storage: B) -> Self {
        let opened = Store::open(storage, SIZES).and_then(|store| {
            let reading = store.read()?;
            Ok(Stage::Reading(store, Box::new(reading)))
        });
        let mut host = Self { stage: Stage::Over, due: None, image: None, outputs: VecDeque::new() };
        match opened {
            Ok(stage) => host.stage = stage,
            Err(error) => host.refuse(&error),
        }
        host
    }

    /// The broker's host said something. `clock` tells microseconds that never run backwards.
    pub fn message(&mut self, clock: &dyn Fn() -> u64, message: Bytes) {
        match hear(message) {
            Some((ToStore::Read, _)) => {
                if let Err(error) = self.read() {
                    self.refuse(&error);
                }
            }
            Some((ToStore::Commit, packed)) => match Changes::from_bytes(packed) {
                Ok(changes) => self.commit(clock, changes, RETRY),
                Err(error) => self.fail(error.to_string()),
            },
            Some((ToStore::TakeImage, _)) => self.begin_image(),
            None => self.fail("the broker and its store are of different versions".to_owned()),
        }
    }

    /// Does what is due: tries again where there was no room, or settles the store.
    pub fn tick(&mut self, clock: &dyn Fn() -> u64) {
        self.go_on_with_image();
        if self.due.is_none_or(|due| due > clock()) {
            return;
        }
        self.due = None;
        let Stage::Open(store, waiting) = &mut self.stage else { return };
        match waiting.take() {
            Some((changes, wait)) => self.commit(clock, changes, (wait * 2).min(RETRY_AT_MOST)),
            None => {
                if let Err(error) = store.settle() {
                    self.fail(error.to_string());
                }
            }
        }
    }

    /// When [`tick`](Self::tick) has something to do: microseconds of the same clock.
    pub fn poll_timeout(&self) -> Option<u64> {
        if self.image.is_some() { Some(0) } else { self.due }
    }

    /// The next message for the broker's host.
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        self.outputs.pop_front()
    }

    /// Reads the next piece.
    fn read(&mut self) -> Result<(), StoreError> {
        let Stage::Reading(_, reading) = &mut self.stage else { return Ok(()) };
        let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
        let mut is_whole = false;
        while piece.len() < PIECE && !is_whole {
            match reading.next()? {
                Some(record) => pack(&record, &mut piece),
                None => is_whole = true,
            }
        }
        let (of, done) = reading.progress();
        self.outputs.push_back(say(&FromStore::Records { done, of }, &piece));
        if is_whole {
            self.outputs.push_back(say(&FromStore::Whole, &[]));
            if let Stage::Reading(store, _) = std::mem::replace(&mut self.stage, Stage::Over) {
                self.stage = Stage::Open(store, None);
            }
        }
        Ok(())
    }

    fn begin_image(&mut self) {
        let Stage::Open(store, waiting) = &self.stage else { return };
        if waiting.is_some() {
            let why = "the browser has no room to keep the broker's state: make some, then export it";
            return self.say_taken(Err(why.to_owned()));
        }
        match store.read() {
            Ok(reading) => self.image = Some((Box::new(reading), Taking::default())),
            Err(error) => self.say_taken(Err(error.to_string())),
        }
    }

    /// Takes some more records of an image that is being taken, and gives it once it is whole.
    fn go_on_with_image(&mut self) {
        let Some((mut reading, mut taking)) = self.image.take() else { return };
        for _ in 0..RECORDS_AT_ONCE {
            match reading.next() {
                Ok(Some(record)) => {
                    if let Err(why) = taking.push(&record) {
                        return self.say_taken(Err(why));
                    }
                }
                Ok(None) => return self.say_taken(Ok(taking.finish())),
                Err(error) => return self.say_taken(Err(error.to_string())),
            }
        }
        self.image = Some((reading, taking));
    }

    fn say_taken(&mut self, taken: Result<Taken, String>) {
        let (head, image) = match taken {
            Ok(Taken { bytes, contents }) => (Ok(contents), bytes),
            Err(why) => (Err(why), Vec::new()),
        };
        self.outputs.push_back(say(&FromStore::Taken(head), &image));
    }

    fn commit(&mut self, clock: &dyn Fn() -> u64, changes: Changes, wait: u64) {
        let begun = clock();
        let Stage::Open(store, waiting) = &mut self.stage else { return };
        match store.commit(&changes) {
            Ok(()) => {
                let done = clock();
                self.due = Some(done + SETTLE_AFTER);
                let durable = FromStore::Durable(changes.last().0, done.saturating_sub(begun));
                self.outputs.push_back(say(&durable, &[]));
            }
            Err(StoreError::Full(error)) => {
                if wait == RETRY {
                    self.outputs.push_back(say(&FromStore::Full(error.to_string()), &[]));
                }
                *waiting = Some((changes, wait));
                self.due = Some(clock() + wait);
            }
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn refuse(&mut self, error: &StoreError) {
        self.outputs.push_back(say(&FromStore::Refused(error.to_string()), &[]));
        self.stage = Stage::Over;
    }

    fn fail(&mut self, why: String) {
        self.outputs.push_back(say(&FromStore::Failed(why), &[]));
        self.stage = Stage::Over;
    }
}
