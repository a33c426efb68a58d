//! The broker that runs in the broker worker: [`BrokerHost`] wired to ports, the bridge's WebSocket and timers.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use bytes::Bytes;
use lacewing_control::OperatorId;
use web_sys::wasm_bindgen::JsValue;
use web_sys::{MessagePort, WebSocket};

use super::channel::{Heard, Line};
use super::clock::Clock;
use super::start::Tell;
use super::turn::Turn;
use crate::host::{BrokerHost, ChannelId, Output};
use crate::roles::{FromBroker, ToBroker};
use crate::sorted::Sorted;

/// How soon a WebSocket that is full is asked again, in microseconds.
const ROOM_EVERY: u64 = 4_000;

/// A running broker.
pub(super) struct RunningBroker(Rc<Inner>);

struct Inner {
    clock: Clock,
    host: RefCell<BrokerHost>,
    lines: RefCell<Sorted<ChannelId, Line>>,
    operators: RefCell<Sorted<OperatorId, Line>>,
    named: Cell<u64>,
    /// What the page was told last: whether real devices depend on it.
    carries_devices: Cell<bool>,
    store: Rc<Line>,
    tell: Tell,
    turn: Rc<Turn>,
    this: Weak<Inner>,
}

impl RunningBroker {
    /// Lets the broker run; `store` leads to the store worker.
    ///
    /// # Errors
    /// When the browser lacks what a worker needs.
    pub(super) fn start(host: BrokerHost, store: Rc<Line>, tell: Tell) -> Result<Self, JsValue> {
        let inner = Inner::new(Clock::new(), host, store, tell)?;
        inner.turn.soon();
        Ok(Self(inner))
    }

    /// The store worker said something.
    pub(super) fn store_message(&self, message: Bytes) {
        let inner = &self.0;
        inner.host.borrow_mut().store_message(inner.clock.now(), message);
        inner.turn.soon();
    }

    /// The page said something.
    pub(super) fn told(&self, message: ToBroker, ports: Vec<MessagePort>) {
        let inner = &self.0;
        match message {
            ToBroker::Guest => {
                let Ok([mqtt, control]) = <[MessagePort; 2]>::try_from(ports) else { return };
                let name = inner.name();
                inner.guest(ChannelId(name), mqtt);
                inner.operator(OperatorId(name), control);
            }
            ToBroker::TakeOver => inner.host.borrow_mut().take_over(inner.clock.now()),
        }
        inner.turn.soon();
    }
}

impl Inner {
    fn new(clock: Clock, host: BrokerHost, store: Rc<Line>, tell: Tell) -> Result<Rc<Self>, JsValue> {
        let slot: Rc<RefCell<Weak<Self>>> = Rc::default();
        let run = Rc::clone(&slot);
        let turn = Turn::new(move || {
            if let Some(inner) = run.borrow().upgrade() {
                inner.run();
            }
        })?;
        let inner = Rc::new_cyclic(|this| Self {
            clock,
            host: RefCell::new(host),
            lines: RefCell::default(),
            operators: RefCell::default(),
            named: Cell::new(0),
            carries_devices: Cell::new(false),
            store,
            tell,
            turn,
            this: this.clone(),
        });
        *slot.borrow_mut() = Rc::downgrade(&inner);
        Ok(inner)
    }

    fn name(&self) -> u64 {
        self.named.set(self.named.get() + 1);
        self.named.get()
    }

    fn guest(&self, id: ChannelId, port: MessagePort) {
        self.host.borrow_mut().guest(self.clock.now(), id);
        let line = Line::port(port, self.listener(id));
        self.lines.borrow_mut().insert(id, line);
    }

    fn operator(&self, id: OperatorId, port: MessagePort) {
        self.host.borrow_mut().operator(id);
        let this = self.this.clone();
        let line = Line::port(port, move |heard| {
            let (Some(inner), Heard::Message(bytes)) = (this.upgrade(), heard) else { return };
            // A page of another version is told apart by its greeting; what cannot be read is left alone.
            if let Ok(request) = lacewing_control::decode(&bytes) {
                inner.host.borrow_mut().request(inner.clock.now(), id, request);
                inner.turn.soon();
            }
        });
        self.operators.borrow_mut().insert(id, line);
    }

    /// What is done with what comes on channel `id`.
    fn listener(&self, id: ChannelId) -> impl Fn(Heard) + 'static {
        let this = self.this.clone();
        move |heard| {
            let Some(inner) = this.upgrade() else { return };
            let now = inner.clock.now();
            match heard {
                Heard::Message(bytes) => inner.host.borrow_mut().message(now, id, bytes),
                Heard::Opened => inner.host.borrow_mut().bridge_opened(now, id),
                Heard::Closed => {
                    inner.lines.borrow_mut().remove(&id);
                    inner.host.borrow_mut().closed(now, id);
                }
                Heard::Failed => {
                    inner.lines.borrow_mut().remove(&id);
                    inner.host.borrow_mut().bridge_failed(now);
                }
            }
            inner.turn.soon();
        }
    }

    fn run(&self) {
        let now = self.clock.now();
        self.host.borrow_mut().turn(now);
        loop {
            let Some(output) = self.host.borrow_mut().poll_output() else { break };
            self.carry_out(output);
        }
        let carries_devices = self.host.borrow().carries_devices();
        if self.carries_devices.replace(carries_devices) != carries_devices {
            (self.tell)(FromBroker::CarriesDevices(carries_devices));
        }
        let full = self.transmit();
        let next = self.host.borrow().poll_timeout();
        let next = if full { Some(next.unwrap_or(u64::MAX).min(now.awake + ROOM_EVERY)) } else { next };
        self.turn.at(now.awake, next);
    }

    fn carry_out(&self, output: Output) {
        match output {
            Output::Dial(dial) => {
                let id = ChannelId(self.name());
                match WebSocket::new(&dial.url) {
                    Ok(socket) => {
                        drop(self.lines.borrow_mut().insert(id, Line::socket(socket, self.listener(id))))
                    }
                    Err(_) => self.host.borrow_mut().bridge_failed(self.clock.now()),
                }
            }
            Output::Close(id) => {
                if let Some(line) = self.lines.borrow_mut().remove(&id) {
                    while let Some(message) = self.host.borrow_mut().transmit(id) {
                        line.send(&message);
                    }
                }
                self.operators.borrow_mut().remove(&OperatorId(id.0));
                self.host.borrow_mut().closed(self.clock.now(), id);
            }
            Output::Store(message) => self.store.send(&message),
            Output::Failed(why) => (self.tell)(FromBroker::Failed(why)),
            Output::Tell(id, response) => {
                // A response that is too long for a message is one that nobody could show.
                if let (Some(line), Ok(bytes)) =
                    (self.operators.borrow().get(&id), lacewing_control::encode(&*response))
                {
                    line.send(&bytes);
                }
            }
        }
    }

    /// Sends all that the channels have room for; says whether one of them was full.
    fn transmit(&self) -> bool {
        let mut full = false;
        let lines = self.lines.borrow();
        let mut host = self.host.borrow_mut();
        for id in host.talking() {
            let Some(line) = lines.get(&id) else { continue };
            while line.has_room() {
                let Some(message): Option<Bytes> = host.transmit(id) else { break };
                line.send(&message);
            }
            if !line.has_room() {
                host.still_talking(id);
                full = true;
            }
        }
        full
    }
}
