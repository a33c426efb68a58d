//! A load with checks: clients on one thread, every message numbered and timed, everything that arrives ticked off.
//!
//! It costs as little as it can, since it runs on the machine whose broker it measures: messages are written once and
//! patched, and what arrives is looked at no further than its number.

mod arrivals;

mod client;
mod frame;
mod outcome;
mod pace;
mod packets;
mod plan;
mod retained;
mod stream;
mod tls;
mod visits;
mod websocket;
mod wire;

use std::time::{Duration, Instant};

use lacewing_protocol::{ProtocolVersion, QoS};
use mio::{Events, Poll, Token};

use self::arrivals::Tally;
use self::client::Client;
use self::pace::Pace;
use self::plan::Plan;

pub use self::outcome::Outcome;
pub use self::plan::Shape;
pub use self::retained::{Retained, retained};
pub use self::stream::Transport;
pub use self::tls::Trust;
pub use self::visits::{Visits, visits};

/// Without any progress for as long, what is missing is lost.
const STALLED: Duration = Duration::from_secs(5);
/// How long there is nothing to be looked at at most.
const PATIENCE: Duration = Duration::from_millis(100);
/// Bytes of one read.
const PIECE: usize = 256 << 10;
/// The pace keeper's token; no client's number is that high.
const PACE: Token = Token(usize::MAX - 1);

/// What is to be sent, and how.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where the broker listens, on 127.0.0.1.
    pub port: u16,
    /// How its clients reach it.
    pub transport: Transport,
    /// The protocol of all clients.
    pub version: ProtocolVersion,
    /// Who publishes to whom.
    pub shape: Shape,
    /// The QoS of messages and subscriptions.
    pub qos: QoS,
    /// How much.
    pub amount: Amount,
    /// Bytes of each payload, at least 16.
    pub payload: usize,
    /// The most messages of a publisher under way: sent, and not yet delivered or not yet acknowledged.
    pub window: u64,
    /// Messages a second of all publishers together, whatever is under way; as fast as the window allows without it.
    pub rate: Option<f64>,
    /// Whether subscribers have sessions that outlive their connections, so that a broker has to keep their messages.
    pub lasting: bool,
}

/// When a load ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// After so many messages of each publisher.
    Messages(u64),
    /// After this time; what is under way then is waited for.
    Time(Duration),
}

/// Everyone is connected and subscribed, and nothing was sent.
#[derive(Debug)]
pub struct Ready {
    load: Load,
    plan: Plan,
    poll: Poll,
    pace: Option<Pace>,
    clients: Vec<Client>,
    /// The clients that publish, by the numbers of publishers.
    publishers: Vec<usize>,
    tally: Tally,
    began: Instant,
    /// Messages that all of them have sent.
    sent: u64,
    /// Whose turn it is when all of them keep one pace.
    next: usize,
}

impl Load {
    /// 64-byte messages with QoS 0 of MQTT 3.1.1 over TCP in ten pairs with a window of 200 each, 10 000 of each publisher.
    pub fn new(port: u16) -> Self {
        Self {
            port,
            transport: Transport::Tcp,
            version: ProtocolVersion::V3_1_1,
            shape: Shape::Pairs(10),
            qos: QoS::AtMostOnce,
            amount: Amount::Messages(10_000),
            payload: 64,
            window: 200,
            rate: None,
            lasting: false,
        }
    }

    /// Connects everyone.
    ///
    /// # Errors
    /// Someone is refused or disconnected.
    pub fn connect(&self) -> Result<Ready, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        let plan = Plan::new(&self.shape, self);
        let mut clients = Vec::with_capacity(plan.clients.len());
        for (number, role) in plan.clients.iter().enumerate() {
            let client = Client::connect(self, &plan, number, role, poll.registry())
                .map_err(|error| format!("client {number}: {error}"))?;
            clients.push(client);
        }
        let publishers = (0..clients.len()).filter(|&client| clients[client].publishes()).collect();
        let pace = self.rate.map(|rate| Pace::start(rate, poll.registry())).transpose()?;
        let tally = Tally::new(&plan);
        let load = self.clone();
        Ok(Ready {
            load,
            plan,
            poll,
            pace,
            clients,
            publishers,
            tally,
            began: Instant::now(),
            sent: 0,
            next: 0,
        })
    }

    /// Connects everyone, sends everything, and waits until it has arrived or nothing comes any more.
    pub fn run(&self) -> Outcome {
        match self.connect() {
            Ok(ready) => ready.run(),
            Err(trouble) => Outcome { trouble: Some(trouble), ..Outcome::default() },
        }
    }
}

impl Ready {
    /// Sends everything, and waits until it has arrived or nothing comes any more.
    pub fn run(mut self) -> Outcome {
        let mut events = Events::with_capacity(1024);
        let mut piece = vec![0; PIECE];
        self.began = Instant::now();
        let busy = outcome::thread_time();
        let mut progress = self.began;
        let mut trouble = None;
        loop {
            let now = Instant::now();
            self.publish(now);
            if self.is_done(now) {
                break;
            }
            if now - progress > STALLED {
                break;
            }
            let wait = self.pace.as_ref().map_or(PATIENCE, Pace::patience);
            if let Err(error) = self.poll.poll(&mut events, Some(wait)) {
                trouble = Some(error.to_string());
                break;
            }
            for event in &events {
                match self.serve(event.token(), &mut piece) {
                    Ok(true) => progress = Instant::now(),
                    Ok(false) => {}
                    Err(error) => trouble = trouble.or(Some(error)),
                }
            }
            if trouble.is_some() {
                break;
            }
        }
        let elapsed = progress - self.began;
        let busy = outcome::thread_time().saturating_sub(busy);
        let unacknowledged = self.clients.iter().map(Client::unacknowledged).sum();
        let outcome =
            Outcome { sent: self.sent, elapsed, busy, unacknowledged, trouble, ..Outcome::default() };
        self.tally.close(&self.plan, outcome)
    }

    /// Sends what is due.
    fn publish(&mut self, now: Instant) {
        let time = (now - self.began).as_nanos() as u64;
        let over = matches!(self.load.amount, Amount::Time(most) if now - self.began >= most);
        if over {
            return;
        }
        let Some(pace) = &mut self.pace else {
            for number in 0..self.publishers.len() {
                let credit = self.credit(number);
                self.send(number, credit, time);
            }
            return;
        };
        for _ in 0..pace.due() {
            let Some(number) = self.next_in_line() else { return };
            self.send(number, 1, time);
        }
    }

    /// The publisher that is next to send when all keep one pace.
    fn next_in_line(&mut self) -> Option<usize> {
        for _ in 0..self.publishers.len() {
            let number = self.next;
            self.next = (self.next + 1) % self.publishers.len();
            if self.left(number) > 0 {
                return Some(number);
            }
        }
        None
    }

    /// How many messages a publisher may send now; none rather than a few, since a message each turn costs a write each.
    fn credit(&self, number: usize) -> u64 {
        let client = &self.clients[self.publishers[number]];
        if client.is_writing() {
            return 0;
        }
        let undelivered = self.tally.undelivered(number, self.plan.reach);
        let credit = self.load.window.saturating_sub(undelivered.max(client.unacknowledged()));
        let left = self.left(number);
        if credit < self.load.window / 4 && credit < left { 0 } else { credit.min(left).min(self.plan.burst) }
    }

    /// How many messages a publisher has still to send.
    fn left(&self, number: usize) -> u64 {
        match self.load.amount {
            Amount::Messages(count) => count.saturating_sub(self.clients[self.publishers[number]].sent()),
            Amount::Time(_) => u64::MAX,
        }
    }

    fn send(&mut self, number: usize, count: u64, time: u64) {
        if count == 0 {
            return;
        }
        let client = &mut self.clients[self.publishers[number]];
        for _ in 0..count {
            let topic = self.plan.topic(number, client.sent());
            self.tally.sent(number, topic, &self.plan);
            client.push(&mut self.plan.frames[topic], number as u32, time);
        }
        client.flush();
        self.sent += count;
    }

    /// Reads and answers; says whether anything came.
    fn serve(&mut self, token: Token, piece: &mut [u8]) -> Result<bool, String> {
        if token == PACE {
            return Ok(false);
        }
        let Some(client) = self.clients.get_mut(token.0) else { return Ok(false) };
        let time = self.began.elapsed().as_nanos() as u64;
        client.read(piece, time, &mut self.tally)
    }

    fn is_done(&self, now: Instant) -> bool {
        let all_sent = match self.load.amount {
            Amount::Messages(count) => self.sent == count * self.publishers.len() as u64,
            Amount::Time(most) => now - self.began >= most,
        };
        let all_acknowledged = self.load.qos == QoS::AtMostOnce || self.tally.acknowledged == self.sent;
        all_sent && self.tally.all_arrived() && all_acknowledged
    }
}
