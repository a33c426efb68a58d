//! The store worker: [`StoreHost`] wired to a file of the origin, the port to the broker worker, and timers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use bytes::Bytes;
use gloo::timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use web_sys::js_sys::Reflect;
use web_sys::wasm_bindgen::JsValue;
use web_sys::{
    DedicatedWorkerGlobalScope, File, FileSystemFileHandle, FileSystemSyncAccessHandle, MessagePort,
};

use super::channel::{Heard, Line};
use super::clock::Clock;
use super::disk::Disk;
use super::turn::Turn;
use crate::host::{FromStore, StoreHost, say};
use crate::opfs;
use crate::tab::spawn::envelope;

/// The file of a tab that is gone may be held a moment longer: how often it is tried, and every how many milliseconds.
const TRIES: u32 = 100;
const TRY_EVERY_MS: u32 = 100;

/// A running store worker.
pub(crate) struct StoreWorker {
    _inner: Rc<Inner>,
}

struct Inner {
    clock: Clock,
    line: Line,
    /// What came before the store was open.
    inbox: RefCell<VecDeque<Bytes>>,
    host: RefCell<Option<StoreHost<Disk>>>,
    turn: Rc<Turn>,
}

/// Why there is no store.
enum Lack {
    /// The browser keeps nothing for this page.
    Unavailable(JsValue),
    /// It keeps something that cannot be had.
    Refused(String),
}

impl StoreWorker {
    /// Opens the store, or a fresh one, and serves it to the broker worker at the other end of `port`.
    ///
    /// # Errors
    /// When the browser lacks what a worker needs.
    pub(crate) fn start(fresh: bool, port: MessagePort) -> Result<Self, JsValue> {
        let slot: Rc<RefCell<Weak<Inner>>> = Rc::default();
        let run = Rc::clone(&slot);
        let turn = Turn::new(move || {
            if let Some(inner) = run.borrow().upgrade() {
                inner.run();
            }
        })?;
        let inner = Rc::new_cyclic(|this: &Weak<Inner>| {
            let this = this.clone();
            let hear = move |heard| {
                if let (Some(inner), Heard::Message(bytes)) = (this.upgrade(), heard) {
                    inner.inbox.borrow_mut().push_back(bytes);
                    inner.turn.soon();
                }
            };
            Inner {
                clock: Clock::new(),
                line: Line::port(port, hear),
                inbox: RefCell::default(),
                host: RefCell::new(None),
                turn,
            }
        });
        *slot.borrow_mut() = Rc::downgrade(&inner);
        spawn_local(open(Rc::clone(&inner), fresh));
        Ok(Self { _inner: inner })
    }
}

impl Inner {
    fn run(&self) {
        let mut host = self.host.borrow_mut();
        let Some(host) = &mut *host else { return };
        let clock = || self.clock.now().awake;
        host.tick(&clock);
        self.post(host);
        loop {
            let Some(message) = self.inbox.borrow_mut().pop_front() else { break };
            host.message(&clock, message);
            self.post(host);
        }
        self.turn.at(clock(), host.poll_timeout());
    }

    fn post(&self, host: &mut StoreHost<Disk>) {
        while let Some(message) = host.poll_output() {
            self.line.send(&message);
        }
    }

    fn say(&self, word: &FromStore) {
        self.line.send(&say(word, &[]));
    }
}

/// Gives the page the file of the store in use.
pub(super) async fn fetch(page: DedicatedWorkerGlobalScope) {
    // The page outlives its worker, so posting to it cannot fail.
    let _ = match file().await {
        Ok(file) => page.post_message(&file),
        Err(error) => page.post_message(&envelope(&opfs::words(&error), &[])),
    };
}

async fn file() -> Result<File, JsValue> {
    let folder = opfs::folder().await?;
    match opfs::newest(&folder).await? {
        (_, Some(file)) => opfs::settled(file.get_file()).await,
        (_, None) => Err(JsValue::from_str("nothing is kept")),
    }
}

async fn open(inner: Rc<Inner>, fresh: bool) {
    match disk(&inner, fresh).await {
        Ok(disk) => {
            inner.say(&FromStore::Checking(disk.length()));
            *inner.host.borrow_mut() = Some(StoreHost::open(disk));
            inner.turn.soon();
        }
        Err(Lack::Refused(why)) => inner.say(&FromStore::Refused(why)),
        Err(Lack::Unavailable(error)) => inner.say(&FromStore::Unavailable(format!(
            "This browser keeps nothing for this page ({}), as in some private windows: the broker's state is in memory, and a \
             reload starts it anew.",
            opfs::words(&error)
        ))),
    }
}

/// The file of the store in use, or of a fresh one behind it.
async fn disk(inner: &Inner, fresh: bool) -> Result<Disk, Lack> {
    let folder = opfs::folder().await.map_err(Lack::Unavailable)?;
    let file = match opfs::newest(&folder).await.map_err(Lack::Unavailable)? {
        (_, Some(file)) if !fresh => file,
        (newest, _) => opfs::make(&folder, newest + 1).await.map_err(Lack::Unavailable)?,
    };
    if !Reflect::has(&file, &"createSyncAccessHandle".into()).is_ok_and(|has| has) {
        return Err(Lack::Unavailable(JsValue::from_str("it does not let a worker write files")));
    }
    let handle = handle(inner, &file).await?;
    Disk::new(handle).map_err(|error| Lack::Refused(format!("it cannot be read: {error}")))
}

async fn handle(inner: &Inner, file: &FileSystemFileHandle) -> Result<FileSystemSyncAccessHandle, Lack> {
    for _ in 0..TRIES {
        match opfs::settled(file.create_sync_access_handle()).await {
            Ok(handle) => return Ok(handle),
            Err(error) if opfs::is(&error, "NoModificationAllowedError") => {
                inner.say(&FromStore::Waiting);
                TimeoutFuture::new(TRY_EVERY_MS).await;
            }
            Err(error) => return Err(Lack::Refused(format!("it cannot be opened: {}", opfs::words(&error)))),
        }
    }
    Err(Lack::Refused("something else in this browser has it open and does not let go".to_owned()))
}
