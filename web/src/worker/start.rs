//! The broker worker from its first moment: it reads what was kept, then becomes the broker.

use std::cell::RefCell;
use std::mem::take;
use std::rc::{Rc, Weak};

use bytes::Bytes;
use lacewing_broker::Config;
use web_sys::MessagePort;
use web_sys::wasm_bindgen::JsValue;

use super::broker::RunningBroker;
use super::channel::{Heard, Line};
use super::clock::Clock;
use super::turn::Turn;
use crate::host::{Setup, Start, StartOutput};
use crate::roles::{BrokerSetup, FromBroker, ToBroker};

/// Hears what is for the page.
pub(super) type Tell = Rc<dyn Fn(FromBroker)>;

/// A broker worker.
pub(crate) struct BrokerWorker(Rc<Inner>);

struct Inner {
    clock: Clock,
    store: Rc<Line>,
    stage: RefCell<Stage>,
    /// What the page said before there was a broker.
    early: RefCell<Vec<(ToBroker, Vec<MessagePort>)>>,
    tell: Tell,
    turn: Rc<Turn>,
}

enum Stage {
    Starting(Box<Start>),
    Running(RunningBroker),
    Refused,
}

impl BrokerWorker {
    /// Starts the broker from what the store worker at the other end of `store` gives; `tell` hears what the page is to know.
    ///
    /// # Errors
    /// When the browser lacks what a worker needs.
    pub(crate) fn start(
        setup: BrokerSetup,
        store: MessagePort,
        tell: impl Fn(FromBroker) + 'static,
    ) -> Result<Self, JsValue> {
        let clock = Clock::new();
        let setup = Setup {
            config: Config::default(),
            seed: setup.seed,
            broker: setup.broker,
            bridge: setup.bridge.map(|bridge| (bridge.url, bridge.token)),
            local_minutes: setup.local_minutes,
            home: setup.home,
        };
        let start = Start::new(setup, clock.now());
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
                    inner.hear_store(bytes);
                }
            };
            Inner {
                clock,
                store: Rc::new(Line::port(store, hear)),
                stage: RefCell::new(Stage::Starting(Box::new(start))),
                early: RefCell::default(),
                tell: Rc::new(tell),
                turn,
            }
        });
        *slot.borrow_mut() = Rc::downgrade(&inner);
        inner.turn.soon();
        Ok(Self(inner))
    }

    /// The page said something.
    pub(crate) fn told(&self, message: ToBroker, ports: Vec<MessagePort>) {
        match &*self.0.stage.borrow() {
            Stage::Running(broker) => broker.told(message, ports),
            _ => self.0.early.borrow_mut().push((message, ports)),
        }
    }
}

impl Inner {
    fn hear_store(&self, message: Bytes) {
        match &mut *self.stage.borrow_mut() {
            Stage::Starting(start) => {
                start.store_message(self.clock.now(), message);
                self.turn.soon();
            }
            Stage::Running(broker) => broker.store_message(message),
            Stage::Refused => {}
        }
    }

    /// One step of the start; the broker has turns of its own.
    fn run(&self) {
        let mut stage = self.stage.borrow_mut();
        let Stage::Starting(start) = &mut *stage else { return };
        start.turn(self.clock.now());
        if start.is_stepping() {
            self.turn.soon();
        }
        while let Stage::Starting(start) = &mut *stage
            && let Some(output) = start.poll_output()
        {
            match output {
                StartOutput::Store(message) => self.store.send(&message),
                StartOutput::Word(word) => (self.tell)(FromBroker::Starting(word)),
                StartOutput::Refused(why) => {
                    *stage = Stage::Refused;
                    (self.tell)(FromBroker::Refused(why));
                }
                StartOutput::Started(host) => {
                    match RunningBroker::start(*host, Rc::clone(&self.store), Rc::clone(&self.tell)) {
                        Ok(broker) => {
                            (self.tell)(FromBroker::Started);
                            take(&mut *self.early.borrow_mut())
                                .into_iter()
                                .for_each(|(message, ports)| broker.told(message, ports));
                            *stage = Stage::Running(broker);
                        }
                        Err(error) => (self.tell)(FromBroker::Failed(crate::opfs::words(&error))),
                    }
                }
            }
        }
    }
}
