//! The broker in this process.

use std::collections::VecDeque;

use bytes::Bytes;
use lacewing_broker::{
    Batch, Broker, CloseCause, CloseReason, Command, Config, ConnId, EventMask, Input, Now, Output, Transport,
};
use lacewing_control::Effect;

use super::journal::Journal;
use super::operators::Operators;
use super::{Action, Arrival, Farewell, Hub, Role};
use crate::token::Token;

/// A broker whose state is in memory only.
pub(crate) struct NativeHub {
    broker: Broker,
    operators: Operators,
    journal: Journal,
    watched: EventMask,
    actions: VecDeque<Action>,
}

impl NativeHub {
    /// An empty broker. Whoever shows `token` may operate it.
    pub(crate) fn new(config: Config, seed: u64, token: Token, now: Now) -> Self {
        let mut hub = Self {
            broker: Broker::new(config, seed, now),
            operators: Operators::new(token),
            journal: Journal::new(),
            watched: EventMask::NONE,
            actions: VecDeque::new(),
        };
        hub.watch(now);
        hub
    }

    /// Asks the broker for the events that somebody wants.
    fn watch(&mut self, now: Now) {
        let wanted = self.journal.mask() | self.operators.mask();
        if wanted != self.watched {
            self.watched = wanted;
            self.broker.handle(now, Input::Command(Command::Watch { events: wanted }));
        }
    }

    /// Answers what the broker asks of its host; what is for the reactor comes out.
    fn settle(&mut self, output: Output) -> Option<Action> {
        match output {
            Output::Ready { conn } => Some(Action::Ready(conn)),
            Output::PauseRead { conn } => Some(Action::PauseRead(conn)),
            Output::ResumeRead { conn } => Some(Action::ResumeRead(conn)),
            Output::Close { conn, reason } => Some(Action::Close(conn, farewell(reason))),
            Output::Event(event) => {
                self.journal.tell(&event, &self.broker);
                self.operators.event(event);
                None
            }
            // The settings allow neither: nothing is durable here, and there are no users to ask for.
            Output::Persist { .. } | Output::Authenticate { .. } => None,
        }
    }
}

impl Hub for NativeHub {
    fn opened(&mut self, now: Now, conn: ConnId, arrival: Arrival) {
        if arrival.role != Role::Device {
            self.operators.opened(now, conn, arrival.peer);
            return;
        }
        let transport = Transport { listener: arrival.listener, peer: arrival.peer, tls: None };
        self.broker.handle(now, Input::Opened { conn, transport });
    }

    fn received(&mut self, now: Now, conn: ConnId, bytes: Bytes) {
        if !self.operators.has(conn) {
            self.broker.handle(now, Input::Received { conn, bytes });
            return;
        }
        match self.operators.received(now, conn, &bytes, &self.broker) {
            Some(Effect::Command(command)) => self.broker.handle(now, Input::Command(command)),
            // Only asked of a host that runs a home.
            Some(Effect::Home(_)) | None => {}
        }
        self.watch(now);
    }

    fn closed(&mut self, now: Now, conn: ConnId, cause: CloseCause) {
        if self.operators.closed(conn) {
            self.watch(now);
        } else {
            self.broker.handle(now, Input::Closed { conn, cause });
        }
    }

    fn tick(&mut self, now: Now) {
        if self.broker.poll_timeout().is_some_and(|deadline| deadline <= now.awake) {
            self.broker.handle(now, Input::Tick);
        }
        self.operators.tick(now, &self.broker);
    }

    fn deadline(&self) -> Option<u64> {
        self.broker.poll_timeout().into_iter().chain(self.operators.deadline()).min()
    }

    fn poll(&mut self) -> Option<Action> {
        loop {
            if let Some(action) = self.actions.pop_front().or_else(|| self.operators.poll()) {
                return Some(action);
            }
            let output = self.broker.poll_output()?;
            if let Some(action) = self.settle(output) {
                return Some(action);
            }
        }
    }

    fn transmit(&mut self, now: Now, conn: ConnId, max: usize, batch: &mut Batch) -> bool {
        if self.operators.has(conn) {
            return self.operators.transmit(conn, batch);
        }
        self.broker.transmit(now, conn, max, batch)
    }

    fn shutdown(&mut self, now: Now) {
        self.broker.handle(now, Input::Command(Command::Shutdown));
        self.operators.shutdown();
    }

    fn metrics(&self, text: &mut String) {
        super::metrics::write(text, self.broker.metrics());
    }
}

/// What a device on a WebSocket is told beside its DISCONNECT.
fn farewell(reason: CloseReason) -> Farewell {
    match reason {
        CloseReason::Disconnected | CloseReason::TakenOver | CloseReason::Kicked => Farewell::normal(),
        CloseReason::Refused(code) => Farewell::new(1008, format!("{code:?}")),
        CloseReason::ConnectTimeout => Farewell::new(1008, "no CONNECT came in time"),
        CloseReason::KeepAliveTimeout => Farewell::new(1008, "nothing was heard within the keep-alive"),
        CloseReason::Shutdown => Farewell::new(1001, "the broker shuts down"),
        CloseReason::TooManyConnections => Farewell::new(1013, "too many connections"),
    }
}
