//! The whole system on virtual time.

use lacewing_broker::{CloseCause, Command, Table};
use lacewing_client::{Options, State};
use lacewing_protocol::{ProtocolVersion, QoS, ReasonCode, SubscriptionOptions, TopicFilter, Utf8String};
use lacewing_sim::Chance;
use lacewing_sim::wire::{Arrival, End, Fault, Quality, Told};

use crate::account::Account;
use crate::party::Party;
use crate::relay::Relay;
use crate::scenario::{Deed, Habit, Scenario, Setup, Weather};
use crate::server::{Carrier, SECOND, Server};
use crate::story::Story;
use crate::wires::Wires;

pub(crate) struct World {
    now: u64,
    scenario: Scenario,
    chance: Chance,
    server: Server,
    wires: Wires,
    /// The way into the tab that the broker is in, if it is in one.
    relay: Option<Relay>,
    parties: Vec<Party>,
    account: Account,
    story: Story,
    /// When the broker's process is started again.
    starts: Option<u64>,
    /// The next line of the script, and when the script began.
    line: usize,
    began: u64,
    /// Whether anything may go wrong.
    is_foul: bool,
}

/// What is left of a run.
pub(crate) struct Outcome {
    pub(crate) hash: u64,
    pub(crate) findings: Vec<String>,
    pub(crate) published: u64,
    pub(crate) arrived: u64,
    pub(crate) dropped: u64,
}

/// Runs what `seed` stands for, from the first CONNECT to the last trace of a session.
pub(crate) fn run(seed: u64, is_told: bool) -> Outcome {
    let scenario = Scenario::of(seed);
    let mut world = World::new(scenario, is_told);
    let findings = world.live();
    let (published, arrived) = world.account.totals();
    let dropped = world.server.drops.values().sum();
    Outcome { hash: world.story.hash(), findings, published, arrived, dropped }
}

impl World {
    fn new(scenario: Scenario, is_told: bool) -> Self {
        let seed = scenario.seed;
        let parties = scenario.parties.iter().enumerate().map(|(index, setup)| Party::new(index, setup));
        Self {
            now: 0,
            chance: Chance::new(!seed),
            server: Server::new(scenario.config.clone(), seed, scenario.slowest_commit),
            wires: Wires::default(),
            relay: scenario.linked.then(|| Relay::new(&mut Chance::new(seed ^ 1))),
            parties: parties.collect(),
            account: Account::default(),
            story: Story::new(is_told),
            starts: None,
            line: 0,
            began: 0,
            is_foul: false,
            scenario,
        }
    }

    fn live(&mut self) -> Vec<String> {
        for party in &mut self.parties {
            if party.habit != Habit::Twin {
                party.client.start(0);
            }
        }
        let is_ready = |party: &Party| party.habit == Habit::Twin || party.subscribed;
        if !self.until(60 * SECOND, |world| world.parties.iter().all(is_ready) && world.is_still()) {
            return vec!["the clients do not come in".to_owned()];
        }
        let Scenario { weather, linked, config, .. } = &self.scenario;
        self.story.tell(self.now, format_args!("{weather:?}, linked {linked}: {config:?}"));
        self.began = self.now;
        self.is_foul = self.scenario.weather != Weather::Calm;
        while self.line < self.scenario.script.len() {
            self.step(u64::MAX);
        }
        self.heal();
        let rests = (0..300).any(|_| {
            self.gather();
            self.until(SECOND, Self::is_at_rest)
        });
        if !rests {
            return vec![format!("no rest: {}", self.unrest())];
        }
        let mut findings = self.account.audit(&self.scenario, &self.server.drops);
        let (counted, reported) = (self.server.counted_drops(), self.server.drops.values().sum::<u64>());
        if counted != reported {
            findings.push(format!("{counted} drops are counted and {reported} reported"));
        }
        findings.extend(self.audit_traces());
        findings.extend(self.audit_retained());
        findings.extend(self.tear_down());
        findings
    }

    /// Everything that can be mended is.
    fn heal(&mut self) {
        self.story.tell(self.now, format_args!("all is mended"));
        self.is_foul = false;
        self.wires.heal();
    }

    /// At the end the second twin goes, and an application whose client was sent away for good starts it again.
    fn gather(&mut self) {
        for index in 0..self.parties.len() {
            let now = self.clock(index);
            let party = &mut self.parties[index];
            match party.habit {
                Habit::Twin => party.client.stop(now),
                _ if party.client.state() == State::Idle => party.client.start(now),
                _ => {}
            }
        }
    }

    /// Lets time pass until something is so, or for at most so long; whether it is so.
    fn until(&mut self, most: u64, is_so: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + most;
        while self.now < end {
            let slice = self.now + SECOND / 5;
            while self.now < slice {
                self.step(slice);
            }
            if is_so(self) {
                return true;
            }
        }
        false
    }

    /// Goes to the next moment at which something happens, `latest` at the latest, and lets it happen.
    fn step(&mut self, latest: u64) {
        let turn = self.scenario.turn;
        let next = self.next_event().unwrap_or(u64::MAX).max(self.now + 1);
        self.now = next.div_ceil(turn).saturating_mul(turn).min(latest);
        assert!(self.now < u64::MAX, "nothing will ever happen again");
        self.follow_script();
        if self.starts.is_some_and(|at| at <= self.now) {
            self.starts = None;
            self.story.tell(self.now, format_args!("the broker starts"));
            self.server.start(self.now);
        }
        let is_awake = self.server.wake(self.now);
        for index in 0..self.parties.len() {
            let clock = self.clock(index);
            let party = &mut self.parties[index];
            if party.in_tab && self.server.is_asleep() {
                continue;
            }
            let reachable = self.relay.is_some() || self.server.is_up();
            let before = party.conn;
            party.turn((clock, self.now), reachable, &mut self.wires, &mut self.account, &mut self.story);
            if let Some(conn) = party.conn.filter(|conn| Some(*conn) != before && self.is_foul) {
                // Some lines are bad from the start: CONNECT and CONNACK are lost too.
                if self.chance.between(0, 4) == 0 {
                    self.wires.fail(self.now, conn, Fault::by_chance(&mut self.chance, 3 * SECOND));
                }
            }
        }
        if let Some(relay) = &mut self.relay {
            relay.serve_bridge(self.now, &mut self.wires);
        }
        if is_awake && self.relay.is_some() {
            self.serve_tab();
        } else if is_awake {
            self.serve();
        }
    }

    /// The turn of a broker in a tab.
    fn serve_tab(&mut self) {
        let Some(relay) = &mut self.relay else { return };
        let awake = self.server.now(self.now).awake;
        relay.serve_tab(self.now, awake, &mut self.server, &mut self.wires);
        self.server.turn(self.now, &mut relay.tab, &mut self.story);
        relay.transmit(self.now);
    }

    /// The turn of a broker that is dialled directly: what arrived first, then what is due.
    fn serve(&mut self) {
        for conn in self.wires.accept() {
            self.server.opened(self.now, conn);
        }
        for conn in self.wires.held() {
            while self.server.reads(conn) {
                let most =
                    1 + self.chance.between(0, 1) as usize * 4000 + self.chance.between(0, 40) as usize;
                match self.wires.receive(self.now, conn, End::Broker, most) {
                    None => break,
                    Some(Arrival::Bytes(bytes)) => self.server.received(self.now, conn, bytes),
                    Some(arrival) => {
                        let cause =
                            if arrival == Arrival::Closed { CloseCause::Peer } else { CloseCause::Failed };
                        self.server.closed(self.now, conn, cause);
                        self.wires.finish(self.now, conn);
                    }
                }
            }
        }
        self.server.turn(self.now, &mut self.wires, &mut self.story);
    }

    fn next_event(&self) -> Option<u64> {
        let script =
            self.scenario.script.get(self.line).filter(|_| self.began > 0).map(|(at, _)| self.began + at);
        let asleep = self.server.is_asleep();
        let served = self.server.is_up() && !asleep;
        let slept = self.server.slept();
        let (arrivals, server) = match &self.relay {
            Some(relay) => {
                (relay.poll_timeout(&self.wires, served, slept), self.server.poll_timeout(&relay.tab))
            }
            None => (self.wires.far_timeout().filter(|_| served), self.server.poll_timeout(&self.wires)),
        };
        let parties = self.parties.iter().filter(|party| !(party.in_tab && asleep)).flat_map(|party| {
            let slept = if party.in_tab { slept } else { 0 };
            [party.poll_timeout(&self.wires).map(|at| at + slept), party.next_arrival(&self.wires)]
        });
        [script, self.starts, arrivals, server].into_iter().chain(parties).flatten().min()
    }

    /// The time as a party has it.
    fn clock(&self, index: usize) -> u64 {
        if self.parties[index].in_tab { self.server.now(self.now).awake } else { self.now }
    }

    fn follow_script(&mut self) {
        while let Some(&(at, deed)) = self.scenario.script.get(self.line)
            && self.began > 0
            && self.began + at <= self.now
        {
            self.line += 1;
            self.story.tell(self.now, format_args!("{deed:?}"));
            self.act(deed);
        }
    }

    fn act(&mut self, deed: Deed) {
        let now = self.now;
        match deed {
            Deed::Publish { party, qos, count, size, retain } => {
                let clock = self.clock(party);
                self.parties[party].publish(clock, &mut self.account, qos, (count, size), retain);
            }
            Deed::Fault => {
                let conns = self.wires.dialled();
                if !conns.is_empty() {
                    let conn = conns[self.chance.between(0, conns.len() as u64 - 1) as usize];
                    let fault = Fault::by_chance(&mut self.chance, 5 * SECOND);
                    self.story.tell(now, format_args!("{conn}: {fault:?}"));
                    self.wires.fail(now, conn, fault);
                }
            }
            Deed::CutLink => {
                if let Some(relay) = &mut self.relay {
                    relay.cut(self.chance.between(0, 2) > 0);
                }
            }
            Deed::Crash { down } if self.server.is_up() => {
                let told = if self.chance.between(0, 3) == 0 { Told::Neither } else { Told::Both };
                self.crash(told, down);
            }
            Deed::Restart { down } if self.server.is_up() && !self.server.is_asleep() => {
                self.server.command(now, Command::Shutdown);
                match &mut self.relay {
                    Some(relay) => self.server.turn(now, &mut relay.tab, &mut self.story),
                    None => self.server.turn(now, &mut self.wires, &mut self.story),
                }
                self.crash(Told::Both, down);
            }
            Deed::Sleep { micros } if self.server.is_up() => self.server.sleep(now, now + micros),
            Deed::Kick { party } if self.server.is_up() && !self.server.is_asleep() => {
                let (client_id, reason) =
                    (self.parties[party].name().to_owned(), ReasonCode::AdministrativeAction);
                self.server.command(now, Command::Kick { client_id, reason });
            }
            Deed::Crash { .. } | Deed::Restart { .. } | Deed::Sleep { .. } | Deed::Kick { .. } => {}
            Deed::Start { party } => {
                let clock = self.clock(party);
                self.parties[party].client.start(clock);
            }
            Deed::Stop { party } => {
                let clock = self.clock(party);
                self.parties[party].client.stop(clock);
            }
        }
    }

    /// The broker is gone, and every connection to it.
    fn crash(&mut self, told: Told, down: u64) {
        self.server.crash();
        match &mut self.relay {
            Some(relay) => relay.lose_tab(self.now),
            None => self.wires.lose_far_ends(self.now, told),
        }
        self.starts = Some(self.now + down);
    }

    /// Whether nothing is on its way, neither on a wire nor to the disk nor in the broker.
    fn is_still(&self) -> bool {
        self.server.is_up()
            && !self.server.is_asleep()
            && self.server.store.poll_timeout().is_none()
            && self.wires.is_quiet()
            && self.relay.as_ref().is_none_or(Relay::is_quiet)
            && self.server.broker().metrics().queued == 0
    }

    fn is_at_rest(&self) -> bool {
        self.is_still()
            && self.wires.unsound().is_empty()
            && self.parties.iter().all(|party| match party.habit {
                Habit::Twin => party.client.state() == State::Idle,
                _ => party.is_at_rest(),
            })
            && self.parties.iter().all(|party| {
                let detail = self.server.broker().client(party.name());
                detail.is_none_or(|detail| detail.inflight.is_empty() && detail.queue.is_empty())
            })
            && self.server.broker().metrics().connections as usize == self.here()
    }

    /// How many clients are to be connected at the end.
    fn here(&self) -> usize {
        self.parties.iter().filter(|party| party.habit != Habit::Twin).count()
    }

    fn unrest(&self) -> String {
        let restless = self.parties.iter().filter(|party| !party.is_at_rest()).map(|party| {
            let (state, unsent) = (party.client.state(), party.client.unsent());
            format!("{} {state:?} unsent {unsent} ids {}", party.name(), party.client.identifiers_in_use())
        });
        let restless: Vec<_> = restless.collect();
        let metrics = if self.server.is_up() { *self.server.broker().metrics() } else { Default::default() };
        let (wires, relay) = (&self.wires, &self.relay);
        format!("{restless:?}, {wires:?}, {relay:?}, {metrics:?}")
    }

    /// What is left on the disk when nothing is on its way: sessions, and nothing in them.
    fn audit_traces(&self) -> Vec<String> {
        let tables = [Table::Outgoing, Table::Message, Table::Incoming];
        let left = tables.iter().filter(|table| self.server.store.count(**table) > 0);
        left.map(|table| format!("{} records of {table:?} are left", self.server.store.count(*table)))
            .collect()
    }

    /// Somebody new asks for all that is retained.
    fn audit_retained(&mut self) -> Vec<String> {
        let mut options = Options::new(ProtocolVersion::V5_0, Utf8String::from_static("auditor").unwrap());
        options.keep_alive_s = 0;
        let all = SubscriptionOptions { qos: QoS::ExactlyOnce, ..Default::default() };
        let filters = ["r/#", "w/#"].map(|filter| (TopicFilter::try_from(filter).unwrap(), all));
        let quality = Quality { latency: 1000, bytes_per_second: 10_000_000, window: 64_000 };
        let habit = Habit::Fleeting;
        let setup = Setup { options, habit, quality, subscriptions: filters.to_vec(), in_tab: false };
        let index = self.parties.len();
        self.parties.push(Party::new(index, &setup));
        self.parties[index].client.start(self.now);
        if !self.until(60 * SECOND, |world| world.parties[index].subscribed && world.is_at_rest()) {
            return vec![format!("the auditor is not served: {}", self.unrest())];
        }
        let kept = std::mem::take(&mut self.parties[index].retained);
        let mut findings = self.account.audit_retained(&self.scenario, &kept);
        if kept.len() != self.server.broker().metrics().retained as usize {
            findings.push(format!("{} retained messages came to the auditor", kept.len()));
        }
        for party in self.parties.iter().filter(|party| party.has_will()) {
            let topic = format!("w/{}", party.name());
            let found = kept.iter().find(|publish| publish.topic.as_deref() == Some(topic.as_str()));
            let payload = found.map(|publish| publish.payload.as_ref());
            if payload != Some(b"here") {
                findings.push(format!("{} is here, but said to be {payload:?}", party.name()));
            }
        }
        findings
    }

    /// Everybody goes, their sessions end, and nothing of them is left.
    fn tear_down(&mut self) -> Vec<String> {
        let wills = self.server.broker().metrics().wills;
        for index in 0..self.parties.len() {
            let clock = self.clock(index);
            self.parties[index].client.stop(clock);
        }
        self.until(30 * SECOND, |world| world.wires.len() == 0);
        let filter = TopicFilter::try_from("#").unwrap();
        self.server.command(self.now, Command::DropRetained { filter });
        self.until(10 * SECOND, Self::is_still);
        self.now += 25 * 3600 * SECOND;
        self.until(10 * SECOND, Self::is_still);
        let mut findings = Vec::new();
        let metrics = self.server.broker().metrics();
        if metrics.wills != wills {
            findings.push("a will was sent after DISCONNECT".to_owned());
        }
        let gauges = [
            ("connections", u64::from(metrics.connections)),
            ("clients", u64::from(metrics.clients)),
            ("sessions", u64::from(metrics.sessions)),
            ("subscriptions", u64::from(metrics.subscriptions)),
            ("retained", u64::from(metrics.retained)),
            ("retained bytes", metrics.retained_bytes),
            ("queued", metrics.queued),
            ("paused", u64::from(metrics.paused)),
            ("wires", self.wires.len() as u64),
            ("streams", self.relay.as_ref().map_or(0, |relay| relay.streams().iter().sum::<u32>().into())),
        ];
        findings
            .extend(gauges.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what} are left")));
        for table in Table::ALL {
            let count = self.server.store.count(table);
            if count > 0 {
                findings.push(format!("{count} records of {table:?} are left at the end"));
            }
        }
        findings.extend(
            self.parties
                .iter()
                .filter(|party| party.client.state() != State::Idle)
                .map(|party| format!("{} is still {:?}", party.name(), party.client.state())),
        );
        findings
    }
}
