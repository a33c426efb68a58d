//! The host's side: a desk at which operators ask, and from which they are told.
//!
//! Sans-IO like the broker: the host says what came, and takes what is to be sent. The broker itself is only read; what changes it
//! comes back as an [`Effect`] for the host to carry out.

use std::collections::VecDeque;

use lacewing_broker::{Broker, Command, EventKind, EventMask, Now};
use lacewing_protocol::{ReasonCode, TopicFilter, TopicName};

use crate::images::{Images, Taken};
use crate::{
    Blueprint, BridgeState, DevicePower, Event, HomeCommand, HostKind, Household, Request, Response, Saving,
    VERSION, Watch,
};

/// Between two looks at the broker for those who watch clients or metrics, in microseconds.
const LOOK_EVERY: u64 = 1_000_000;
/// Between two posts of events, in microseconds.
const EVENTS_EVERY: u64 = 100_000;
/// Clients in one list.
const CLIENTS: u32 = 1_000;
/// Operators at a time; a further one replaces the oldest.
const OPERATORS: usize = 32;
/// Answers that wait for one operator; more of them and its oldest are dropped.
const WAITING: usize = 256;

/// Names an operator's channel; given by the host and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperatorId(pub u64);

/// What an operator wants the host to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Give the broker this command.
    Command(Command),
    /// Give the home this command, then say [`Desk::household`], or [`Desk::refused`].
    Home(HomeCommand),
    /// Have the rules read again, then say [`Desk::rules_reloaded`].
    ReloadRules,
    /// Take an image of what the store has, then say [`Desk::taken`].
    TakeImage,
}

/// Serves any number of operators of one broker.
#[derive(Debug)]
pub struct Desk {
    host: HostKind,
    saving: Saving,
    bridge: BridgeState,
    /// `None` when this host runs no home.
    home: Option<Vec<(String, DevicePower)>>,
    /// What the home is made from, as [`Response::Blueprint`] says it.
    blueprint: Option<Blueprint>,
    /// Why the home that was kept is not there.
    damaged: Option<String>,
    images: Images,
    /// In the order in which they came.
    operators: Vec<(OperatorId, Operator)>,
    outgoing: VecDeque<(OperatorId, Response)>,
    next_look: u64,
    next_events: u64,
}

#[derive(Debug, Default)]
struct Operator {
    watch: Watch,
    events: VecDeque<Event>,
    missed: u64,
    waiting: usize,
    /// What it was told last of who may come in.
    users: Option<(bool, Option<String>)>,
}

impl Desk {
    /// A desk for a broker that runs in `host`; `saving` says whether anything outlives it, `home` whether it runs a home.
    pub fn new(host: HostKind, saving: Saving, home: bool) -> Self {
        Self {
            host,
            saving,
            bridge: BridgeState::None,
            home: home.then(Vec::new),
            blueprint: None,
            damaged: None,
            images: Images::default(),
            operators: Vec::new(),
            outgoing: VecDeque::new(),
            next_look: 0,
            next_events: 0,
        }
    }

    /// An operator's channel opened.
    pub fn open(&mut self, operator: OperatorId) {
        if self.operators.len() >= OPERATORS {
            let (oldest, _) = self.operators.remove(0);
            self.images.leave(oldest);
        }
        self.operators.push((operator, Operator::default()));
        let hello = Response::Hello {
            version: VERSION,
            host: self.host,
            saving: self.saving.clone(),
            home: self.home.is_some(),
        };
        self.tell(operator, hello);
        self.tell(operator, Response::Bridge(self.bridge.clone()));
        if let Some(why) = self.damaged.clone() {
            self.tell(operator, Response::HomeDamaged { why });
        }
    }

    /// An operator's channel closed.
    pub fn close(&mut self, operator: OperatorId) {
        self.operators.retain(|(id, _)| *id != operator);
        self.images.leave(operator);
        self.outgoing.retain(|(to, _)| *to != operator);
    }

    /// The road to the devices changed.
    pub fn bridge(&mut self, state: &BridgeState) {
        if self.bridge != *state {
            self.bridge = state.clone();
            self.tell_all(&Response::Bridge(state.clone()));
        }
    }

    /// Whether what the broker acknowledges outlives it has changed.
    pub fn saving(&mut self, saving: Saving) {
        if self.saving != saving {
            self.saving = saving.clone();
            self.tell_all(&Response::Saving(saving));
        }
    }

    /// The home's devices, and how each is powered, changed.
    fn home(&mut self, devices: Vec<(String, DevicePower)>) {
        if self.home.as_ref() == Some(&devices) {
            return;
        }
        self.home = Some(devices);
        let all: Vec<_> = self.operators.iter().filter(|(_, o)| o.watch.home).map(|(id, _)| *id).collect();
        for operator in all {
            self.tell_home(operator);
        }
    }

    /// The home's devices or rooms may have changed; whether they have, so that a host which keeps the home does so.
    pub fn household(&mut self, household: &Household) -> bool {
        self.home(household.powers());
        if self.blueprint.as_ref() == Some(household.blueprint()) {
            return false;
        }
        let changed = self.blueprint.replace(household.blueprint().clone()).is_some();
        let all: Vec<_> = self.operators.iter().filter(|(_, o)| o.watch.home).map(|(id, _)| *id).collect();
        for operator in all {
            self.tell_blueprint(operator);
        }
        changed
    }

    /// The home that was kept could not be read, for this reason. Every operator is told when it comes.
    pub fn home_damaged(&mut self, why: String) {
        self.damaged = Some(why);
    }

    /// What an operator wanted done to the home was not done, for this reason.
    pub fn refused(&mut self, operator: OperatorId, why: String) {
        self.tell(operator, Response::Refused { why });
    }

    /// An operator asked. The answers wait in [`Desk::poll`].
    pub fn request(
        &mut self,
        now: Now,
        operator: OperatorId,
        request: Request,
        broker: &Broker,
    ) -> Option<Effect> {
        let known = |client_id: &str| broker.client(client_id).is_some();
        let refused = match request {
            Request::Watch(watch) => {
                self.watch(now, operator, watch);
                return None;
            }
            Request::Kick { client_id } if known(&client_id) => {
                let reason = ReasonCode::AdministrativeAction;
                return Some(Effect::Command(Command::Kick { client_id, reason }));
            }
            Request::EndSession { client_id } if known(&client_id) => {
                return Some(Effect::Command(Command::EndSession { client_id }));
            }
            Request::Kick { client_id } | Request::EndSession { client_id } => {
                format!("There is no client {client_id:?} any more.")
            }
            Request::DropRetained { filter } => match TopicFilter::try_from(filter.as_str()) {
                Ok(filter) => return Some(Effect::Command(Command::DropRetained { filter })),
                Err(error) => format!("{filter:?} is not a topic filter: {error}."),
            },
            Request::Explain { client_id, topic } => match TopicName::try_from(topic.as_str()) {
                Ok(name) => {
                    let explanation = broker.explain(&client_id, &name);
                    self.tell(operator, Response::Explained { client_id, topic, explanation });
                    return None;
                }
                Err(error) => format!("{topic:?} is not a topic name: {error}."),
            },
            Request::Home(_) if self.home.is_none() => {
                "This broker's host runs no simulated home.".to_owned()
            }
            Request::Home(command) => return Some(Effect::Home(command)),
            Request::ReloadRules => return Some(Effect::ReloadRules),
            Request::Export { from: 0 } => match self.images.begin(operator) {
                Ok(()) if self.saving == Saving::Everything => return Some(Effect::TakeImage),
                Ok(()) => {
                    self.taken(Taken::of(broker));
                    return None;
                }
                Err(why) => why,
            },
            Request::Export { from } => match self.images.export(operator, from) {
                Ok(piece) => {
                    self.tell(operator, piece);
                    return None;
                }
                Err(why) => why,
            },
            Request::Import { from, of, bytes } => {
                match self.images.import(now, operator, (from, of), &bytes, broker) {
                    Ok(taken) => {
                        self.tell(operator, taken);
                        return None;
                    }
                    Err(why) => why,
                }
            }
        };
        self.tell(operator, Response::Refused { why: refused });
        None
    }

    /// The image that somebody wanted was taken, or it was not, for this reason.
    pub fn taken(&mut self, taken: Result<Taken, String>) {
        if let Some((operator, outcome)) = self.images.taken(taken) {
            self.tell(operator, outcome.unwrap_or_else(|why| Response::Refused { why }));
        }
    }

    /// A broker that is to take the place of this host's, made of an image that an operator brought. The host ends all
    /// connections, goes on with this one as after a restart, makes its image durable if it keeps any, and says
    /// [`replaced`](Self::replaced).
    pub fn replacement(&mut self) -> Option<Box<Broker>> {
        self.images.built()
    }

    /// The replacement is at work, and lasts if anything does.
    pub fn replaced(&mut self) {
        if let Some((operator, contents)) = self.images.kept() {
            self.tell(operator, Response::Imported { contents });
        }
    }

    /// The rules that an operator wanted read again are in force, with this change; or they are not, for this reason.
    pub fn rules_reloaded(&mut self, operator: OperatorId, outcome: Result<String, String>) {
        let response = match outcome {
            Ok(what) => Response::RulesReloaded { what },
            Err(why) => Response::Refused { why },
        };
        self.tell(operator, response);
    }

    /// The groups of events that somebody watches; to be given to the broker when it changes.
    pub fn mask(&self) -> EventMask {
        if self.operators.iter().any(|(_, operator)| operator.watch.events) {
            EventMask::CLIENTS | EventMask::PUBLISHED | EventMask::DELIVERED | EventMask::STATE
        } else {
            EventMask::NONE
        }
    }

    /// The broker reported something.
    pub fn event(&mut self, event: Event) {
        if let EventKind::Overflow { missed } = event.kind {
            let watching = self.operators.iter_mut().filter(|(_, operator)| operator.watch.events);
            watching.for_each(|(_, operator)| operator.missed += missed);
            return;
        }
        for (_, operator) in self.operators.iter_mut().filter(|(_, operator)| operator.watch.events) {
            if operator.events.len() >= Response::EVENTS_AT_ONCE {
                operator.events.pop_front();
                operator.missed += 1;
            }
            operator.events.push_back(event.clone());
        }
    }

    /// Looks at the broker for those who watch, when it is time.
    pub fn tick(&mut self, now: Now, broker: &Broker) {
        if let Some((operator, why)) = self.images.go_on(now) {
            self.tell(operator, Response::Refused { why });
        }
        if now.awake >= self.next_events {
            self.post_events(now);
        }
        if now.awake < self.next_look {
            return;
        }
        self.next_look = now.awake + LOOK_EVERY;
        let watching =
            |want: fn(&Watch) -> bool| self.operators.iter().any(|(_, operator)| want(&operator.watch));
        let clients =
            watching(|watch| watch.clients).then(|| Response::Clients(broker.clients(None, CLIENTS)));
        let metrics = watching(|watch| watch.metrics).then(|| Response::Metrics(*broker.metrics()));
        let all: Vec<_> = self.operators.iter().map(|(id, operator)| (*id, operator.watch.clone())).collect();
        let (required, names) = broker.users(1);
        let users = (required, names.into_iter().next());
        for (id, watch) in all {
            if let Some(operator) =
                self.operator(id).filter(|one| watch.metrics && one.users.as_ref() != Some(&users))
            {
                operator.users = Some(users.clone());
                self.tell(id, Response::Users { required, name: users.1.clone() });
            }
            if let Some(clients) = clients.as_ref().filter(|_| watch.clients) {
                self.tell(id, clients.clone());
            }
            if let Some(client_id) = &watch.client {
                let detail = broker.client(client_id).map(Box::new);
                self.tell(id, Response::Client(detail));
            }
            if let Some(metrics) = metrics.as_ref().filter(|_| watch.metrics) {
                self.tell(id, metrics.clone());
            }
        }
    }

    /// When [`Desk::tick`] has something to do: awake microseconds. `None` while nobody watches.
    pub fn poll_timeout(&self) -> Option<u64> {
        let looks = |watch: &Watch| watch.clients || watch.metrics || watch.client.is_some();
        let look =
            self.operators.iter().any(|(_, operator)| looks(&operator.watch)).then_some(self.next_look);
        let events = self.operators.iter().any(|(_, o)| !o.events.is_empty() || o.missed > 0);
        let building = self.images.is_building().then_some(0);
        look.into_iter().chain(events.then_some(self.next_events)).chain(building).min()
    }

    /// The next answer, and to whom.
    pub fn poll(&mut self) -> Option<(OperatorId, Response)> {
        let (to, response) = self.outgoing.pop_front()?;
        if let Some(operator) = self.operator(to) {
            operator.waiting -= 1;
        }
        Some((to, response))
    }

    fn operator(&mut self, id: OperatorId) -> Option<&mut Operator> {
        self.operators.iter_mut().find(|(known, _)| *known == id).map(|(_, operator)| operator)
    }

    fn watch(&mut self, now: Now, operator: OperatorId, watch: Watch) {
        let home = watch.home;
        let Some(entry) = self.operator(operator) else { return };
        let home_before = std::mem::replace(&mut entry.watch, watch).home;
        // Whoever turns to look is told at once.
        self.next_look = now.awake;
        if home {
            self.tell_home(operator);
            if !home_before {
                self.tell_blueprint(operator);
            }
        }
    }

    fn tell_blueprint(&mut self, operator: OperatorId) {
        let Some(blueprint) = &self.blueprint else { return };
        let standard = *blueprint == crate::standard_home();
        self.tell(operator, Response::Blueprint { file: blueprint.to_json(), standard });
    }

    fn tell_home(&mut self, operator: OperatorId) {
        self.tell(operator, Response::Home(self.home.clone().unwrap_or_default()));
    }

    fn post_events(&mut self, now: Now) {
        let mut posts = Vec::new();
        for (id, operator) in &mut self.operators {
            if !operator.events.is_empty() || operator.missed > 0 {
                let events = operator.events.drain(..).collect();
                posts.push((*id, Response::Events { events, missed: std::mem::take(&mut operator.missed) }));
            }
        }
        if !posts.is_empty() {
            self.next_events = now.awake + EVENTS_EVERY;
        }
        for (id, response) in posts {
            self.tell(id, response);
        }
    }

    fn tell_all(&mut self, response: &Response) {
        let all: Vec<_> = self.operators.iter().map(|(id, _)| *id).collect();
        for operator in all {
            self.tell(operator, response.clone());
        }
    }

    fn tell(&mut self, to: OperatorId, response: Response) {
        let Some((_, operator)) = self.operators.iter_mut().find(|(id, _)| *id == to) else { return };
        if operator.waiting >= WAITING
            && let Some(oldest) = self.outgoing.iter().position(|(other, _)| *other == to)
        {
            self.outgoing.remove(oldest);
            operator.waiting -= 1;
        }
        operator.waiting += 1;
        self.outgoing.push_back((to, response));
    }
}
