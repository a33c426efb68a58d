//! The thread that commits: each commit takes milliseconds, which no client is to wait for but those it is promised to.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lacewing_control::{Taken, Taking};
use lacewing_store::{Changes, Committed, Reading, StorageBackend, Store, StoreError};

use super::catch;
use crate::reactor::{Order, Orders};

/// How long to wait before trying again on a full disk: at first, and at most.
const RETRY: Duration = Duration::from_millis(250);
const RETRY_AT_MOST: Duration = Duration::from_secs(8);

/// After so long without anything to commit, the store is settled: that takes as long as a commit, and whoever came meanwhile would
/// wait for it.
const REST: Duration = Duration::from_millis(100);

/// Where to give changes. There may be one lot of them at a time; what comes of it is an [`Order::Committed`].
#[derive(Debug)]
pub(crate) struct Keeper {
    /// `None` once it is closed.
    sender: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is to do.
#[derive(Debug)]
enum Job {
    Commit(Changes),
    TakeImage,
}

/// What the thread says.
#[derive(Debug)]
enum Word {
    Committed(Committed),
    Taken(Result<Taken, String>),
}

impl Keeper {
    /// Starts the thread.
    pub(crate) fn start<B: StorageBackend>(store: Store<B>, orders: Orders) -> io::Result<Self> {
        // Changes and an image.
        let (sender, receiver) = sync_channel(2);
        let keep = move || {
            let tell = move |word| match word {
                Word::Committed(outcome) => orders.give_in_time(Order::Committed(outcome)),
                Word::Taken(taken) => orders.give_in_time(Order::Taken(taken)),
            };
            keep(store, &receiver, &tell);
        };
        let thread = thread::Builder::new().name("store".to_owned()).spawn(keep)?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Gives changes to be made durable.
    pub(crate) fn give(&self, changes: Changes) {
        if let Some(sender) = &self.sender {
            // A thread that is gone has said so before.
            let _ = sender.send(Job::Commit(changes));
        }
    }

    /// Wants an image of all that is durable: what comes of it is an [`Order::Taken`]. Commits go on meanwhile.
    ///
    /// # Errors
    /// Others wait for one, for a moment longer.
    pub(crate) fn take_image(&self) -> Result<(), String> {
        let given = self.sender.as_ref().is_some_and(|sender| sender.try_send(Job::TakeImage).is_ok());
        if given { Ok(()) } else { Err("The store is busy at this moment: try again.".to_owned()) }
    }

    /// Waits until everything is durable, as far as there is room, and closes the store.
    pub(crate) fn close(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // It catches what panics.
            let _ = thread.join();
        }
    }
}

/// Where the thread's words go, and those of one that takes an image; false when nobody hears them any more.
trait Tell: Fn(Word) -> bool + Clone + Send + 'static {}

impl<F: Fn(Word) -> bool + Clone + Send + 'static> Tell for F {}

fn keep<B: StorageBackend>(mut store: Store<B>, receiver: &Receiver<Job>, tell: &impl Tell) {
    while let Some(job) = next(&mut store, receiver) {
        match job {
            Job::Commit(changes) => {
                if !commit(&mut store, &changes, receiver, tell) {
                    return;
                }
            }
            Job::TakeImage => take_image(&store, tell),
        }
    }
    if let Err(error) = catch(|| store.close()) {
        tracing::warn!(
            "the store could not be closed in good order, and is checked when it is opened: {error}"
        );
    }
}

/// What to do next; `None` when there will be nothing. Settles the store when it has to wait for long.
fn next<B: StorageBackend>(store: &mut Store<B>, receiver: &Receiver<Job>) -> Option<Job> {
    match receiver.recv_timeout(REST) {
        Ok(job) => return Some(job),
        Err(RecvTimeoutError::Disconnected) => return None,
        Err(RecvTimeoutError::Timeout) => {}
    }
    if let Err(error) = catch(|| store.settle()) {
        // The next commit fails for it.
        tracing::warn!("the store could not be settled: {error}");
    }
    receiver.recv().ok()
}

/// Commits, again and again while there is no room. False when nothing can be kept any more.
fn commit<B: StorageBackend>(
    store: &mut Store<B>,
    changes: &Changes,
    receiver: &Receiver<Job>,
    tell: &impl Tell,
) -> bool {
    let mut wait = RETRY;
    loop {
        let begun = Instant::now();
        match catch(|| store.commit(changes)) {
            Ok(()) => {
                return tell(Word::Committed(Committed::Durable(changes.last(), begun.elapsed())));
            }
            Err(StoreError::Full(error)) => {
                if wait == RETRY && !tell(Word::Committed(Committed::Full(error.to_string()))) {
                    return false;
                }
            }
            Err(error) => {
                tell(Word::Committed(Committed::Failed(format!("{error}. {}", error.advice()))));
                return false;
            }
        }
        match receiver.recv_timeout(wait) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Job::TakeImage) => {
                let why = "There is no room to keep the broker's state: make some, then export it.";
                tell(Word::Taken(Err(why.to_owned())));
            }
            // Changes are given while a commit runs only at the end.
            Ok(Job::Commit(_)) | Err(RecvTimeoutError::Disconnected) => {
                tracing::warn!("{} records could not be kept; none of them was acknowledged", changes.len());
                return false;
            }
        }
        wait = (wait * 2).min(RETRY_AT_MOST);
    }
}

/// Has an image taken of what the store holds now, on a thread of its own: commits do not wait for it.
fn take_image<B: StorageBackend>(store: &Store<B>, tell: &impl Tell) {
    let reading = catch(|| store.read());
    let teller = tell.clone();
    let take = move || teller(Word::Taken(image(reading)));
    if let Err(error) = thread::Builder::new().name("image".to_owned()).spawn(take) {
        // Whoever waits for it hears of it: until then nobody else is given one.
        tell(Word::Taken(Err(format!("The image could not be taken: {error}. Try again."))));
    }
}

fn image(reading: Result<Reading, StoreError>) -> Result<Taken, String> {
    let unusable =
        |error: StoreError| format!("The broker's state cannot be read: {error}. {}", error.advice());
    let (mut reading, mut taking) = (reading.map_err(unusable)?, Taking::default());
    while let Some(record) = catch(|| reading.next()).map_err(unusable)? {
        taking.push(&record)?;
    }
    Ok(taking.finish())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, mpsc};

    use bytes::Bytes;
    use lacewing_broker::{Change, Record, Seq, Table};
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::store::SIZES;

    /// Memory with so much room, and who hears of its syncs.
    #[derive(Debug)]
    struct Small(InMemoryBackend, Arc<AtomicU64>, Option<mpsc::Sender<()>>);

    impl StorageBackend for Small {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            let room = self.1.load(Ordering::Relaxed);
            if len > room { Err(io::ErrorKind::StorageFull.into()) } else { self.0.set_len(len) }
        }

        fn sync_data(&self) -> io::Result<()> {
            if let Some(told) = &self.2 {
                let _ = told.send(());
            }
            self.0.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.write(offset, data)
        }
    }

    fn large() -> Changes {
        let mut changes = Changes::default();
        let change = Change::Put(Bytes::from(vec![1; 8 << 20]));
        changes.push(Seq(7), &Record { table: Table::Retained, key: Bytes::from_static(b"a"), change });
        changes
    }

    /// A thread that keeps something large in this store: where more is handed in, what it says, and the thread.
    fn given_something_large(store: Store<Small>) -> (SyncSender<Job>, Receiver<Word>, JoinHandle<()>) {
        let (sender, receiver) = sync_channel(2);
        sender.send(Job::Commit(large())).unwrap();
        let (told, words) = mpsc::channel();
        let keeper = thread::spawn(move || keep(store, &receiver, &move |word| told.send(word).is_ok()));
        (sender, words, keeper)
    }

    #[test]
    fn what_finds_no_room_is_kept_as_soon_as_there_is_some() {
        let room = Arc::new(AtomicU64::new(4 << 20));
        let store = Store::open(Small(InMemoryBackend::new(), room.clone(), None), SIZES).unwrap();
        let (sender, words, keeper) = given_something_large(store);
        assert!(matches!(words.recv().unwrap(), Word::Committed(Committed::Full(_))));
        room.store(u64::MAX, Ordering::Relaxed);
        assert!(matches!(words.recv().unwrap(), Word::Committed(Committed::Durable(Seq(7), _))));
        drop(sender);
        keeper.join().unwrap();
        assert!(words.recv().is_err(), "nothing else is said");
    }

    #[test]
    fn it_is_settled_once_nothing_more_comes() {
        let (told, syncs) = mpsc::channel();
        let room = Arc::new(AtomicU64::new(u64::MAX));
        let store = Store::open(Small(InMemoryBackend::new(), room, Some(told)), SIZES).unwrap();
        let (sender, words, keeper) = given_something_large(store);
        assert!(matches!(words.recv().unwrap(), Word::Committed(Committed::Durable(..))));
        // What comes after the commit's own, though nobody asks for anything any more.
        let of_commit = syncs.try_iter().count();
        assert!(of_commit > 0 && syncs.recv().is_ok());
        drop(sender);
        keeper.join().unwrap();
    }

    #[test]
    fn without_room_it_ends_when_it_is_told_to() {
        let room = Arc::new(AtomicU64::new(4 << 20));
        let store = Store::open(Small(InMemoryBackend::new(), room, None), SIZES).unwrap();
        let (sender, words, keeper) = given_something_large(store);
        assert!(matches!(words.recv().unwrap(), Word::Committed(Committed::Full(_))));
        drop(sender);
        keeper.join().unwrap();
    }

    #[test]
    fn an_image_is_of_what_is_durable_when_it_is_asked_for() {
        let room = Arc::new(AtomicU64::new(u64::MAX));
        let store = Store::open(Small(InMemoryBackend::new(), room, None), SIZES).unwrap();
        let (sender, words, keeper) = given_something_large(store);
        sender.send(Job::TakeImage).unwrap();
        assert!(matches!(words.recv().unwrap(), Word::Committed(Committed::Durable(..))));
        let Word::Taken(Ok(taken)) = words.recv().unwrap() else { panic!("there is no image") };
        assert!(taken.contents.retained == 1 && taken.bytes.len() > 8 << 20);
        drop(sender);
        keeper.join().unwrap();
    }

    #[test]
    fn without_room_there_is_no_image_and_it_says_so() {
        let room = Arc::new(AtomicU64::new(4 << 20));
        let store = Store::open(Small(InMemoryBackend::new(), room.clone(), None), SIZES).unwrap();
        let (sender, words, keeper) = given_something_large(store);
        assert!(matches!(words.recv().unwrap(), Word::Committed(Committed::Full(_))));
        sender.send(Job::TakeImage).unwrap();
        assert!(matches!(words.recv().unwrap(), Word::Taken(Err(why)) if why.contains("no room")));
        room.store(u64::MAX, Ordering::Relaxed);
        assert!(matches!(words.recv().unwrap(), Word::Committed(Committed::Durable(..))));
        drop(sender);
        keeper.join().unwrap();
    }
}
