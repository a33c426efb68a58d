//! The client worker: [`ClientHost`] wired to ports, WebSockets, timers and the page.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use bytes::Bytes;
use lacewing_control::Response;
use web_sys::wasm_bindgen::JsValue;
use web_sys::{MessagePort, WebSocket};

use super::channel::{Heard, Line};
use super::clock::Clock;
use super::turn::Turn;
use crate::host::{ClientHost, ClientOutput as Output, Moment};
use crate::model::Who;
use crate::roles::ToClient;
use crate::wire::WorkerToPage;

/// A running client worker.
pub(crate) struct ClientWorker(Rc<Inner>);

struct Inner {
    post: Box<dyn Fn(WorkerToPage)>,
    clock: Clock,
    host: RefCell<ClientHost>,
    mqtt: RefCell<Option<Line>>,
    control: RefCell<Option<Line>>,
    phone: RefCell<Option<Line>>,
    messages: RefCell<Option<Line>>,
    turn: Rc<Turn>,
    this: Weak<Inner>,
}

impl ClientWorker {
    /// Starts the page's clients; they wait to be told where the broker is. `post` hears what is for the page.
    ///
    /// # Errors
    /// When the browser lacks what a worker needs.
    pub(crate) fn start(seed: u64, post: impl Fn(WorkerToPage) + 'static) -> Result<Self, JsValue> {
        let clock = Clock::new();
        let host = RefCell::new(ClientHost::new(seed, moment(&clock)));
        let slot: Rc<RefCell<Weak<Inner>>> = Rc::default();
        let run = Rc::clone(&slot);
        let turn = Turn::new(move || {
            if let Some(inner) = run.borrow().upgrade() {
                inner.run();
            }
        })?;
        let inner = Rc::new_cyclic(|this| Inner {
            post: Box::new(post),
            clock,
            host,
            mqtt: RefCell::default(),
            control: RefCell::default(),
            phone: RefCell::default(),
            messages: RefCell::default(),
            turn,
            this: this.clone(),
        });
        *slot.borrow_mut() = Rc::downgrade(&inner);
        inner.turn.soon();
        Ok(Self(inner))
    }

    /// The page said something.
    pub(crate) fn told(&self, message: ToClient, ports: Vec<MessagePort>) {
        let inner = &self.0;
        match message {
            ToClient::Place(place) => {
                *inner.mqtt.borrow_mut() = None;
                *inner.control.borrow_mut() = None;
                if let Ok([mqtt, control]) = <[MessagePort; 2]>::try_from(ports) {
                    *inner.mqtt.borrow_mut() = Some(Line::port(mqtt, inner.link_listener()));
                    *inner.control.borrow_mut() = Some(Line::port(control, inner.control_listener()));
                }
                inner.host.borrow_mut().place(inner.now(), place);
            }
            ToClient::Starting(how) => inner.host.borrow_mut().starting(how),
            ToClient::Page(message) => inner.host.borrow_mut().page(inner.now(), message),
        }
        inner.turn.soon();
    }
}

impl Inner {
    fn now(&self) -> Moment {
        moment(&self.clock)
    }

    fn link_listener(&self) -> impl Fn(Heard) + 'static {
        let this = self.this.clone();
        move |heard| {
            let (Some(inner), Heard::Message(bytes)) = (this.upgrade(), heard) else { return };
            inner.host.borrow_mut().link_message(inner.now(), bytes);
            inner.turn.soon();
        }
    }

    fn control_listener(&self) -> impl Fn(Heard) + 'static {
        let this = self.this.clone();
        move |heard| {
            let Some(inner) = this.upgrade() else { return };
            inner.heard_control(heard);
            inner.turn.soon();
        }
    }

    fn heard_control(&self, heard: Heard) {
        match heard {
            Heard::Message(bytes) => {
                // A host of another version says so in its first message; what cannot be read is left alone.
                if let Ok(response) = lacewing_control::decode::<Response>(&bytes) {
                    self.host.borrow_mut().control(self.now(), response);
                }
            }
            Heard::Closed | Heard::Failed => {
                self.control.borrow_mut().take();
                self.host.borrow_mut().control_closed();
            }
            Heard::Opened => {}
        }
    }

    fn socket_listener(&self, who: Who) -> impl Fn(Heard) + 'static {
        let this = self.this.clone();
        move |heard| {
            let Some(inner) = this.upgrade() else { return };
            let now = inner.now();
            match heard {
                Heard::Opened => inner.host.borrow_mut().socket_opened(now, who),
                Heard::Message(bytes) => inner.host.borrow_mut().socket_message(now, who, bytes),
                Heard::Closed | Heard::Failed => {
                    inner.socket(who).borrow_mut().take();
                    inner.host.borrow_mut().socket_closed(now, who);
                }
            }
            inner.turn.soon();
        }
    }

    fn socket(&self, who: Who) -> &RefCell<Option<Line>> {
        match who {
            Who::Phone => &self.phone,
            Who::Messages => &self.messages,
        }
    }

    fn run(&self) {
        let now = self.now();
        self.host.borrow_mut().turn(now);
        loop {
            let Some(output) = self.host.borrow_mut().poll_output() else { break };
            self.carry_out(output);
        }
        if let Some(line) = &*self.mqtt.borrow() {
            loop {
                let Some(message): Option<Bytes> = self.host.borrow_mut().transmit_link() else { break };
                line.send(&message);
            }
        }
        let next = self.host.borrow().poll_timeout();
        self.turn.at(now.awake, next);
    }

    fn carry_out(&self, output: Output) {
        match output {
            Output::OpenSocket(who, url) => match WebSocket::new_with_str(&url, "mqtt") {
                Ok(socket) => {
                    *self.socket(who).borrow_mut() = Some(Line::socket(socket, self.socket_listener(who)))
                }
                Err(_) => self.host.borrow_mut().socket_closed(self.now(), who),
            },
            Output::CloseSocket(who) => drop(self.socket(who).borrow_mut().take()),
            Output::SendSocket(who, bytes) => {
                if let Some(line) = &*self.socket(who).borrow() {
                    line.send(&bytes);
                }
            }
            Output::OpenControl { url, token } => self.open_control(&url, token),
            Output::Control(request) => {
                if let (Some(line), Ok(bytes)) = (&*self.control.borrow(), lacewing_control::encode(&request))
                {
                    line.send(&bytes);
                }
            }
            Output::Page(message) => (self.post)(*message),
        }
    }

    fn open_control(&self, url: &str, token: String) {
        let this = self.this.clone();
        let hear = move |heard| {
            let Some(inner) = this.upgrade() else { return };
            if let Heard::Opened = heard
                && let Some(line) = &*inner.control.borrow()
            {
                line.send(token.as_bytes());
            }
            inner.heard_control(heard);
            inner.turn.soon();
        };
        match WebSocket::new(url) {
            Ok(socket) => *self.control.borrow_mut() = Some(Line::socket(socket, hear)),
            Err(_) => self.host.borrow_mut().control_closed(),
        }
    }
}

fn moment(clock: &Clock) -> Moment {
    let now = clock.now();
    Moment { awake: now.awake, wall: now.wall }
}
