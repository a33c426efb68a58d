//! The broker in this process.

use std::io;

use bytes::Bytes;
use lacewing_broker::{
    Batch, Broker, CloseCause, CloseReason, Command, ConnId, EventMask, Input, Metrics, Now, Output, Rules,
    Transport, Verdict,
};
use lacewing_control::{Effect, Taken};
use lacewing_store::Committed;
use tracing::info;

use super::clerk::Clerk;
use super::dwelling::Dwelling;
use super::journal::Journal;
use super::operators::Operators;
use super::parting::Parting;
use super::{Action, Arrival, Asker, Doorkeeper, Farewell, Hub, Role};
use crate::hasher::Ticket;
use crate::reload::Reloads;
use crate::users;

/// A broker, and what keeps its state if anything does.
pub(crate) struct NativeHub {
    broker: Broker,
    clerk: Option<Clerk>,
    doorkeeper: Doorkeeper,
    reloads: Reloads,
    operators: Operators,
    dwelling: Option<Dwelling>,
    /// Numbers of the home's connections, which have no sockets.
    homes: u64,
    journal: Journal,
    watched: EventMask,
    batch: Batch,
    /// Connections of a broker that was replaced.
    parting: Parting,
    /// When the last input came.
    now: Now,
    rounds: u32,
}

/// Beginning of the numbers of connections that have no socket; the reactor never counts that far.
const FIRST_OF_HOME: u64 = 1 << 63;
/// How often broker and home answer each other in one turn; what is left then waits for the next one.
const ROUNDS: u32 = 32;

impl NativeHub {
    /// The broker, with the simulated home in it if one is given; without a clerk its state is in memory only.
    pub(crate) fn new(
        broker: Broker,
        clerk: Option<Clerk>,
        doorkeeper: Doorkeeper,
        reloads: Reloads,
        mut operators: Operators,
        mut dwelling: Option<Dwelling>,
        now: Now,
    ) -> Self {
        if let Some(dwelling) = &mut dwelling {
            dwelling.introduce(&mut operators);
        }
        let mut hub = Self {
            broker,
            clerk,
            doorkeeper,
            reloads,
            operators,
            dwelling,
            homes: 0,
            journal: Journal::new(),
            watched: EventMask::NONE,
            batch: Batch::new(),
            parting: Parting::default(),
            now,
            rounds: 0,
        };
        let rules = Box::new(hub.doorkeeper.rules_for_broker());
        hub.broker.handle(now, Input::Command(Command::Rules(rules)));
        hub.watch(now);
        hub
    }

    /// Answers what the broker asks of its host; what is for the reactor comes out.
    fn settle(&mut self, output: Output) -> Option<Action> {
        match output {
            Output::Ready { conn }
            | Output::PauseRead { conn }
            | Output::ResumeRead { conn }
            | Output::Close { conn, .. }
                if conn.0 >= FIRST_OF_HOME =>
            {
                self.settle_at_home(conn, &output);
                None
            }
            Output::Ready { conn } => Some(Action::Ready(conn)),
            Output::PauseRead { conn } => Some(Action::PauseRead(conn)),
            Output::ResumeRead { conn } => Some(Action::ResumeRead(conn)),
            Output::Close { conn, reason } => Some(Action::Close(conn, farewell(reason))),
            Output::Event(event) => {
                self.journal.tell(&event, &self.broker);
                self.operators.event(event);
                None
            }
            Output::Authenticate { conn, request } => {
                if let Some(verdict) = self.doorkeeper.ask(self.now, conn, &request) {
                    self.broker.handle(self.now, Input::Authenticated { conn, verdict });
                }
                None
            }
            Output::Persist { seq, record } => {
                // Without a clerk the broker makes no records.
                if let Some(clerk) = &mut self.clerk {
                    clerk.record(seq, record);
                }
                None
            }
        }
    }

    /// The same for a device of the home, whose connection ends here.
    fn settle_at_home(&mut self, conn: ConnId, output: &Output) {
        let Self { broker, dwelling: Some(Dwelling { household, .. }), batch, now, .. } = self else {
            return;
        };
        match output {
            Output::PauseRead { .. } => household.pause(*now, conn, broker, true),
            Output::ResumeRead { .. } => household.pause(*now, conn, broker, false),
            Output::Close { .. } => household.close(*now, conn, broker, batch),
            _ => household.receive(*now, conn, broker, batch),
        }
    }

    /// Lets the home's devices say what they have to say. False when that is nothing.
    fn live(&mut self) -> bool {
        let Some(Dwelling { household, .. }) = &mut self.dwelling else { return false };
        self.rounds += 1;
        let homes = &mut self.homes;
        household.drain(self.now, &mut self.broker, || {
            *homes += 1;
            ConnId(FIRST_OF_HOME + *homes)
        })
    }

    /// Asks the broker for the events that somebody wants.
    fn watch(&mut self, now: Now) {
        let wanted = self.journal.mask() | self.operators.mask();
        if wanted != self.watched {
            self.watched = wanted;
            self.broker.handle(now, Input::Command(Command::Watch { events: wanted }));
        }
    }

    /// Goes on with another broker, as after a restart.
    fn replace(&mut self, broker: Broker) {
        let now = self.now;
        let mut former = std::mem::replace(&mut self.broker, broker);
        let at_home: Vec<ConnId> = former.connections().filter(|conn| conn.0 >= FIRST_OF_HOME).collect();
        if let Some(Dwelling { household, .. }) = &mut self.dwelling {
            at_home.into_iter().for_each(|conn| household.close(now, conn, &mut former, &mut self.batch));
        }
        for conn in self.parting.part(now, &mut former) {
            self.doorkeeper.closed(conn);
        }
        match &mut self.clerk {
            Some(clerk) => clerk.replace(self.broker.image()),
            None => self.operators.replaced(),
        }
        let rules = Box::new(self.doorkeeper.rules_for_broker());
        self.broker.handle(now, Input::Command(Command::Rules(rules)));
        self.watched = EventMask::NONE;
        self.watch(now);
        let Metrics { sessions, retained, .. } = self.broker.metrics();
        info!(
            "an image took the place of the broker's state: {sessions} sessions and {retained} retained messages"
        );
    }

    fn turn(&mut self, now: Now) {
        self.now = now;
        self.rounds = 0;
    }
}

impl Hub for NativeHub {
    fn opened(&mut self, now: Now, conn: ConnId, arrival: Arrival) {
        self.turn(now);
        if arrival.role != Role::Device {
            self.operators.opened(now, conn, arrival.peer);
            return;
        }
        let transport = Transport {
            listener: arrival.listener,
            peer: arrival.peer,
            tls: users::certified(arrival.identity),
        };
        self.broker.handle(now, Input::Opened { conn, transport });
    }

    fn received(&mut self, now: Now, conn: ConnId, bytes: Bytes) {
        self.turn(now);
        if !self.operators.has(conn) {
            self.broker.handle(now, Input::Received { conn, bytes });
            return;
        }
        match self.operators.received(now, conn, &bytes, &self.broker) {
            Some(Effect::Command(command)) => self.broker.handle(now, Input::Command(command)),
            Some(Effect::Home(command)) => {
                if let Some(dwelling) = &mut self.dwelling {
                    dwelling.command(now, conn, command, &mut self.operators);
                }
            }
            Some(Effect::ReloadRules) => {
                let asked = self.reloads.ask(Asker(conn.0));
                if let Err(why) = asked {
                    self.operators.rules_reloaded(Asker(conn.0), Err(why));
                }
            }
            Some(Effect::TakeImage) => {
                // Whoever keeps everything has a clerk.
                if let Some(Err(why)) = self.clerk.as_ref().map(Clerk::take_image) {
                    self.operators.taken(Err(why));
                }
            }
            None => {}
        }
        self.watch(now);
    }

    fn closed(&mut self, now: Now, conn: ConnId, cause: CloseCause) {
        self.turn(now);
        if self.operators.closed(conn) {
            self.watch(now);
        } else {
            self.parting.closed(conn);
            self.doorkeeper.closed(conn);
            self.broker.handle(now, Input::Closed { conn, cause });
        }
    }

    fn tick(&mut self, now: Now) {
        self.turn(now);
        if self.broker.poll_timeout().is_some_and(|deadline| deadline <= now.awake) {
            self.broker.handle(now, Input::Tick);
        }
        if let Some(Dwelling { household, .. }) = &mut self.dwelling {
            household.pass_time(now);
        }
        self.operators.tick(now, &self.broker);
        if let Some(broker) = self.operators.replacement() {
            self.replace(*broker);
        }
    }

    fn deadline(&self) -> Option<u64> {
        let home = self.dwelling.as_ref().and_then(|dwelling| dwelling.household.poll_timeout());
        let left = (self.rounds >= ROUNDS).then_some(0);
        [self.broker.poll_timeout(), self.operators.deadline(), home, left].into_iter().flatten().min()
    }

    fn poll(&mut self) -> Option<Action> {
        loop {
            if let Some(action) = self.operators.poll().or_else(|| self.parting.poll()) {
                return Some(action);
            }
            if let Some(output) = self.broker.poll_output() {
                if let Some(action) = self.settle(output) {
                    return Some(action);
                }
            } else if self.rounds >= ROUNDS || !self.live() {
                if let Some(clerk) = &mut self.clerk {
                    clerk.pass_on();
                }
                return None;
            }
        }
    }

    fn transmit(&mut self, now: Now, conn: ConnId, max: usize, batch: &mut Batch) -> bool {
        if self.operators.has(conn) {
            return self.operators.transmit(conn, batch);
        }
        if let Some(last) = self.parting.last_words(conn) {
            batch.chain(last);
            return false;
        }
        self.broker.transmit(now, conn, max, batch)
    }

    fn checked(&mut self, now: Now, ticket: Ticket, verdict: Verdict) {
        self.turn(now);
        if let Some((conn, verdict)) = self.doorkeeper.checked(now, ticket, verdict) {
            self.broker.handle(now, Input::Authenticated { conn, verdict });
        }
    }

    fn rules(&mut self, now: Now, asker: Option<Asker>, rules: Result<Box<Rules>, String>) {
        self.turn(now);
        let outcome = self.doorkeeper.reload(rules);
        if outcome.is_ok() {
            let rules = Box::new(self.doorkeeper.rules_for_broker());
            self.broker.handle(now, Input::Command(Command::Rules(rules)));
        }
        if let Some(asker) = asker {
            self.operators.rules_reloaded(asker, outcome);
        }
    }

    fn committed(&mut self, now: Now, outcome: Committed) -> io::Result<()> {
        self.turn(now);
        let Some(clerk) = &mut self.clerk else { return Ok(()) };
        if let Some(seq) = clerk.settle(outcome)? {
            self.broker.handle(now, Input::Persisted { seq });
        }
        if clerk.has_replaced() {
            self.operators.replaced();
        }
        self.operators.room(clerk.full());
        Ok(())
    }

    fn taken(&mut self, now: Now, taken: Result<Taken, String>) {
        self.turn(now);
        self.operators.taken(taken);
    }

    fn shutdown(&mut self, now: Now) {
        self.turn(now);
        self.broker.handle(now, Input::Command(Command::Shutdown));
        self.operators.shutdown();
    }

    fn finish(&mut self, now: Now) {
        while self.poll().is_some() {}
        self.turn(now);
        if let Some(clerk) = &mut self.clerk {
            clerk.close();
        }
    }

    fn metrics(&self, text: &mut String) {
        super::metrics::write(text, self.broker.metrics());
        if let Some(clerk) = &self.clerk {
            clerk.metrics(text);
        }
        self.doorkeeper.metrics(text);
    }
}

/// What a device on a WebSocket is told beside its DISCONNECT.
pub(super) fn farewell(reason: CloseReason) -> Farewell {
    match reason {
        CloseReason::Disconnected => Farewell::answered(),
        CloseReason::TakenOver | CloseReason::Kicked => Farewell::normal(),
        CloseReason::Refused(code) => Farewell::new(1008, format!("{code:?}")),
        CloseReason::ConnectTimeout => Farewell::new(1008, "no CONNECT came in time"),
        CloseReason::KeepAliveTimeout => Farewell::new(1008, "nothing was heard within the keep-alive"),
        CloseReason::Shutdown => Farewell::new(1001, "the broker shuts down"),
        CloseReason::TooManyConnections => Farewell::new(1013, "too many connections"),
    }
}
