//! What makes a page part of Lacewing: it starts the workers, and settles which tab of the origin runs the broker.
//!
//! One broker per origin: the tab that holds the Web Lock has it. The others get ports to it through the exchange (`switchboard.js`) and
//! wait for the lock; when the first tab goes, the next one takes over. With `?broker=` the page is a client of that broker alone.

mod exchange;
mod identity;
mod kept_home;
pub(crate) mod kept_store;
mod lock;
mod logins;
pub(crate) mod served;
mod serving;
pub(crate) mod spawn;
pub(crate) mod storage;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessagePort};

use self::exchange::{Exchange, Introduction};
use self::served::Served;
use self::spawn::{News, Spawned, WORKER};
use crate::roles::{Place, Role, ToBroker, ToClient};
use crate::wire::{Action, PageToWorker, WorkerToPage};

/// How the page was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// `?broker=`: the WebSocket address of a broker elsewhere.
    pub broker: Option<String>,
    /// The pairing token, if this page was ever given one.
    pub token: Option<String>,
}

/// The running parts of this page. They live as long as the page.
pub struct Tab {
    on_message: Box<dyn Fn(WorkerToPage)>,
    opened: Opened,
    client: RefCell<Option<Spawned>>,
    broker: RefCell<Option<Spawned>>,
    store: RefCell<Option<Spawned>>,
    /// Whether the broker of this tab has read what was kept.
    runs: Cell<bool>,
    exchange: RefCell<Option<Exchange>>,
    crashes: Cell<u32>,
    carries_devices: Cell<bool>,
    /// Whether the home is one that a tab of this browser runs, and so this browser's to keep.
    keeps_home: Cell<bool>,
}

impl Tab {
    /// Starts the client worker, and the broker where it belongs. `on_message` hears every view model.
    pub fn start(opened: Opened, on_message: impl Fn(WorkerToPage) + 'static) -> Rc<Self> {
        let tab = Rc::new(Self {
            on_message: Box::new(on_message),
            opened,
            client: RefCell::new(None),
            broker: RefCell::new(None),
            store: RefCell::new(None),
            runs: Cell::new(false),
            exchange: RefCell::new(None),
            crashes: Cell::new(0),
            carries_devices: Cell::new(false),
            keeps_home: Cell::new(false),
        });
        tab.start_client();
        spawn_local(Rc::clone(&tab).settle());
        tab
    }

    /// Tells the client worker what a person did or looks at.
    pub fn send(self: &Rc<Self>, message: PageToWorker) {
        match message {
            PageToWorker::Action(Action::MoveHere) => return self.to_broker(&ToBroker::TakeOver, &[]),
            PageToWorker::Action(Action::StartEmpty) => {
                (self.on_message)(WorkerToPage::NoBroker(None));
                return self.serve(true);
            }
            _ => {}
        }
        if let PageToWorker::Action(Action::LogIn { url, login, keep }) = &message {
            logins::remember(url, login, *keep);
        }
        self.to_client(&ToClient::Page(message), &[]);
    }

    /// Whether real devices are connected to the broker of this very tab.
    pub fn carries_devices(&self) -> bool {
        self.carries_devices.get()
    }

    fn start_client(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let started = Spawned::start(WORKER, &Role::Client { seed: identity::seed() }, &[], move |news| {
            let Some(tab) = weak.upgrade() else { return };
            match news {
                News::Message(WorkerToPage::RoadLost) => tab.introduce_again(),
                News::Message(WorkerToPage::HomeDamaged) => {
                    if tab.keeps_home.get() {
                        kept_home::set_aside();
                    }
                }
                News::Message(WorkerToPage::Blueprint { file, standard }) => {
                    if tab.keeps_home.get() {
                        kept_home::keep(&file, standard);
                    }
                    (tab.on_message)(WorkerToPage::Blueprint { file, standard });
                }
                News::Message(message) => (tab.on_message)(message),
                News::File(_) => {}
                News::Panicked(report) | News::Failed(report) => {
                    (tab.on_message)(WorkerToPage::Stopped { report })
                }
            }
        });
        match started {
            Ok(client) => *self.client.borrow_mut() = Some(client),
            Err(error) => (self.on_message)(WorkerToPage::Stopped { report: in_words(&error) }),
        }
    }

    /// Finds out where the broker is to be.
    async fn settle(self: Rc<Self>) {
        if let Some(url) = self.opened.broker.clone() {
            let login = logins::recall(&url);
            return self.place(Place::Foreign { url, because: None, login }, &[]);
        }
        let served = served::by().await;
        if let Some(Served::Native) = served {
            let control = self.opened.token.clone().map(|token| (served::address("control"), token));
            let mqtt = served::address("mqtt");
            let login = logins::recall(&mqtt);
            return self.place(Place::Native { mqtt, control, login }, &[]);
        }
        if !lock::is_supported() {
            let because =
                "This page came over plain http from another machine, where a browser allows no broker.";
            let place = match served {
                Some(_) => {
                    let url = served::address("mqtt");
                    let login = logins::recall(&url);
                    Place::Foreign { url, because: Some(because.into()), login }
                }
                None => Place::Stopped {
                    report: format!(
                        "{because} Open it on https or on localhost, or add ?broker=ws://HOST:PORT/mqtt."
                    ),
                },
            };
            return self.place(place, &[]);
        }
        self.listen_to_exchange();
        match lock::take(true).await {
            Ok(true) => self.serve(false),
            Ok(false) => {
                self.place(Place::Searching, &[]);
                self.to_exchange(Exchange::want);
                // The tab that has the broker may live for days; this one is next.
                match lock::take(false).await {
                    Ok(_) => self.serve(false),
                    Err(error) => self.place(Place::Stopped { report: in_words(&error) }, &[]),
                }
            }
            Err(error) => self.place(Place::Stopped { report: in_words(&error) }, &[]),
        }
    }

    fn listen_to_exchange(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        // A browser without shared workers still runs one broker; its other tabs wait for their turn.
        *self.exchange.borrow_mut() = Exchange::open(move |introduction, ports| {
            let Some(tab) = weak.upgrade() else { return };
            match introduction {
                Introduction::Guest => tab.to_broker(&ToBroker::Guest, &ports),
                Introduction::Host => tab.place(Place::OtherTab, &ports),
            }
        })
        .ok();
    }

    /// Gives this tab's client worker its channels to this tab's broker worker.
    fn introduce(&self) {
        match pair_of_channels() {
            Ok(([ours, ours_too], theirs)) => {
                self.to_broker(&ToBroker::Guest, &theirs);
                self.place(Place::Here, &[ours, ours_too]);
            }
            Err(error) => self.place(Place::Stopped { report: in_words(&error) }, &[]),
        }
    }

    /// The client worker lost its broker worker, as after a long sleep in which neither heard of the other.
    fn introduce_again(&self) {
        if self.broker.borrow().is_some() {
            self.introduce();
        } else {
            self.place(Place::Searching, &[]);
            self.to_exchange(Exchange::want);
        }
    }

    fn place(&self, place: Place, ports: &[MessagePort]) {
        self.keeps_home.set(matches!(place, Place::Here | Place::OtherTab));
        self.to_client(&ToClient::Place(place), ports);
    }

    fn to_client(&self, message: &ToClient, ports: &[MessagePort]) {
        if let Some(client) = &*self.client.borrow() {
            client.send(message, ports);
        }
    }

    fn to_broker(&self, message: &ToBroker, ports: &[MessagePort]) {
        if let Some(broker) = &*self.broker.borrow() {
            broker.send(message, ports);
        }
    }

    fn to_exchange(&self, say: impl FnOnce(&Exchange)) {
        if let Some(exchange) = &*self.exchange.borrow() {
            say(exchange);
        }
    }
}

/// Two channels, one for MQTT and one for control: the ends of one side, and of the other.
fn pair_of_channels() -> Result<([MessagePort; 2], [MessagePort; 2]), JsValue> {
    let (mqtt, control) = (MessageChannel::new()?, MessageChannel::new()?);
    Ok(([mqtt.port1(), control.port1()], [mqtt.port2(), control.port2()]))
}

fn in_words(error: &JsValue) -> String {
    let text = js_sys::Object::from(error.clone()).to_string();
    format!("The browser said: {}", String::from(text))
}
