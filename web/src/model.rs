//! From MQTT messages and control answers to what the page shows, and from clicks to what is to be done.
//!
//! [`Model`] runs in the client worker and touches nothing itself: the worker hands it what came and the wall
//! clock, carries out its [`Effect`]s, and at most ten times a second posts its [`Model::views`] to the page.
//! All times are wall clock in microseconds since 1970.

mod arrivals;
mod caption;
mod card;
pub mod checklist;
mod discovery;
mod draft;
mod drawing;
pub mod editing;
mod effect;
mod ending;
mod house;
mod images;
mod inquiry;
mod missed;
mod operator;
mod payload;
mod posting;
mod rate;
pub mod recipes;
mod rivals;
mod roster;
mod seen;
pub mod standing;
mod stream;
mod takeover;
mod traffic;
mod views;
mod words;
pub mod written;

pub use effect::{Effect, Who};
pub use posting::{Errand, Outcome};

use std::collections::VecDeque;

use lacewing_control::{HomeCommand, Request, Watch};
use lacewing_protocol::{Publish, QoS, ReasonCode, SubscriptionOptions, TopicName};
use lacewing_sim::plan::Role;

use crate::wire::{
    Action, Bridge, Devices, Notice, Operator, Place, Screen, Status, SubscribeOptions, SubscriptionState,
    WorkerToPage,
};
use arrivals::Arrivals;
use caption::{Cast, Narrator};
use house::House;
use images::Moving;
use inquiry::Inquiries;
use rate::Rate;
use rivals::Rivals;
use roster::Roster;
use seen::Seen;
use stream::Stream;
use traffic::Traffic;
use views::Last;

/// What the page knows and shows.
#[derive(Debug)]
pub struct Model {
    phone: Client,
    messages: Client,
    screen: Screen,
    status: Status,
    house: House,
    narrator: Narrator,
    stream: Stream,
    roster: Roster,
    traffic: Traffic,
    inquiries: Inquiries,
    /// The client and the topic that a person asks about.
    asked: Option<(String, String)>,
    arrivals: Arrivals,
    rivals: Rivals,
    seen: Seen,
    /// Sessions that end unless somebody undoes it: when, and whose.
    ending: VecDeque<(u64, String)>,
    refusals: posting::Refusals,
    /// Whether there are too many messages to be told of each one's way.
    overloaded: bool,
    /// Messages into the broker, where its host tells; into this page otherwise.
    rate: Rate,
    /// The host's count of messages at its last metrics.
    counted: Option<u64>,
    /// Whether the Messages client was given its first subscription.
    opened: bool,
    watch: Option<Watch>,
    effects: VecDeque<Effect>,
    notices: VecDeque<Notice>,
    /// The image that is on its way.
    moving: Moving,
    /// Answers to the composer.
    posted: VecDeque<WorkerToPage>,
    /// What the host said of the home's file since the last views: the last change, or that it was damaged before that.
    kept: Vec<WorkerToPage>,
    last: Last,
}

/// One of the page's own MQTT clients.
#[derive(Debug)]
struct Client {
    id: String,
    connected: bool,
}

/// The most notices kept for the page.
const NOTICES: usize = 16;

impl Model {
    /// A model for a page whose two MQTT clients have these client ids.
    pub fn new(phone: &str, messages: &str) -> Self {
        let client = |id: &str| Client { id: id.into(), connected: false };
        Self {
            phone: client(phone),
            messages: client(messages),
            screen: Screen::Home { device: None },
            status: Status::default(),
            house: House::default(),
            narrator: Narrator::default(),
            stream: Stream::default(),
            roster: Roster::default(),
            traffic: Traffic::default(),
            inquiries: Inquiries::default(),
            asked: None,
            arrivals: Arrivals::default(),
            rivals: Rivals::default(),
            seen: Seen::default(),
            ending: VecDeque::new(),
            refusals: posting::Refusals::default(),
            overloaded: false,
            rate: Rate::default(),
            counted: None,
            opened: false,
            watch: None,
            effects: VecDeque::new(),
            notices: VecDeque::new(),
            moving: Moving::default(),
            posted: VecDeque::new(),
            kept: Vec::new(),
            last: Last::default(),
        }
    }

    /// How far a broker of this tab is that is starting, as the end of a sentence.
    pub fn starting(&mut self, how: String) {
        self.status.starting = Some(how);
    }

    /// The next thing to do. Drain it after every other call.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// What is on screen from now on.
    pub fn watch(&mut self, screen: Screen) {
        self.screen = screen;
        self.last.screen = None;
        self.open_stream();
        self.watch_host();
    }

    /// One of the page's clients is connected, or no longer.
    pub fn connected(&mut self, who: Who, connected: bool) {
        match who {
            Who::Phone => {
                self.phone.connected = connected;
                if connected {
                    self.follow();
                }
            }
            Who::Messages => {
                self.messages.connected = connected;
                self.open_stream();
            }
        }
    }

    /// A message for one of the page's clients.
    pub fn message(&mut self, now: u64, who: Who, publish: &Publish) {
        let Some(topic) = &publish.topic else { return };
        self.seen.topic(topic.as_str());
        if self.counted.is_none() {
            self.rate.add(now, 1);
        }
        if who == Who::Messages {
            return self.stream.message(now, topic, publish);
        }
        if self.house.message(now, topic, publish) {
            self.follow();
        }
        if !publish.retain && self.status.operator != Operator::Yes {
            let text = payload::preview(&publish.payload).map(|(text, _)| text);
            for (device, sent) in self.house.parties(topic.as_str()) {
                self.traffic.heard(now, device, sent, topic.as_str(), text.clone());
            }
            let text = text.unwrap_or_default();
            let cast = Cast { plan: self.house.drawn(), phone: &self.phone.id, messages: &self.messages.id };
            self.narrator.heard(now, cast, topic.as_str(), &text, self.house.is_asked_on(topic.as_str()));
        } else if self.overloaded {
            let cast = Cast { plan: self.house.drawn(), phone: &self.phone.id, messages: &self.messages.id };
            self.narrator.carried(now, cast, topic.as_str());
        }
    }

    /// The broker's answer to a subscription of one of the page's clients.
    pub fn subscribed(&mut self, who: Who, filter: &str, reason: ReasonCode) {
        if who == Who::Phone {
            if reason.is_error() {
                self.problem(format!(
                    "The broker does not let this page read {filter}: {}.",
                    reason.description()
                ));
            }
            return;
        }
        let state = match reason.is_error() {
            true => SubscriptionState::Refused(reason.description().into()),
            false => SubscriptionState::Granted(reason.value()),
        };
        self.stream.answered(filter, state);
    }

    /// Something one of the page's clients sent was refused or dropped; `why` is a sentence for the page.
    pub fn problem(&mut self, why: String) {
        self.notify(Notice::problem(why));
    }

    /// Tells something in the page's corner.
    fn notify(&mut self, notice: Notice) {
        if self.notices.len() < NOTICES {
            self.notices.push_back(notice);
        }
    }

    /// Where the broker is.
    pub fn place(&mut self, place: Place) {
        self.status.place = place;
        self.status.starting = None;
        self.open_stream();
    }

    /// How the bridge stands, where the worker knows it better than the control channel.
    pub fn bridge(&mut self, bridge: Bridge) {
        self.status.bridge = bridge;
    }

    /// Which tab has the real devices.
    pub fn devices(&mut self, devices: Devices) {
        self.status.devices = devices;
    }

    /// Does what is due by now.
    pub fn tick(&mut self, now: u64) {
        self.end_sessions(now);
        self.tell_refusals(now);
        self.weigh();
        self.inquire(now);
    }

    /// What was clicked.
    pub fn action(&mut self, now: u64, action: Action) {
        if let Err(why) = self.act(now, action) {
            self.problem(why);
        }
    }

    fn act(&mut self, now: u64, action: Action) -> Result<(), String> {
        let effect = match action {
            Action::Subscribe { filter, options } => return self.subscribe(&filter, options),
            Action::Unsubscribe { filter } => {
                self.stream.unsubscribed(&filter);
                Effect::Unsubscribe { client: Who::Messages, filter: draft::filter(&filter)? }
            }
            Action::Publish(draft) => draft::publish(draft, Errand::Composer)?,
            Action::Suggest(typed) => {
                self.posted.push_back(WorkerToPage::Topics(self.seen.suggest(&typed)));
                return Ok(());
            }
            Action::Ask { client_id, topic } => {
                draft::topic(&topic)?;
                self.asked = Some((client_id, topic));
                self.inquire(now);
                return Ok(());
            }
            Action::ClearRetained(topic) => self.clear_retained(&topic)?,
            Action::Control { device, control } => {
                let (topic, payload) = self.house.ask(now, &device, control)?;
                command(device, topic, payload)
            }
            Action::SendCat { room } => {
                let (hub, topic) = self.house.hub_control(Role::Cat)?;
                command(hub, topic, room)
            }
            Action::Scene { scene } => {
                let (hub, topic) = self.house.hub_control(Role::Scene)?;
                command(hub, topic, scene)
            }
            Action::Home(command) => {
                self.tell_of_takeover(&command);
                Effect::Control(Request::Home(command))
            }
            Action::Power { device, power } => {
                Effect::Control(Request::Home(HomeCommand::Power { device, power }))
            }
            Action::PauseMessages(paused) => {
                self.stream.pause(paused);
                self.last.screen = None;
                return Ok(());
            }
            Action::ClearMessages => {
                self.stream.clear();
                self.last.screen = None;
                return Ok(());
            }
            Action::Kick { client_id } => self.kick(client_id),
            Action::EndSession { client_id } => return self.end_session(now, client_id),
            Action::KeepSession { client_id } => return self.keep_session(&client_id),
            Action::Export => self.export(),
            Action::Import { image } => self.import(image),
            Action::ReloadRules => Effect::Control(Request::ReloadRules),
            // The page's own affair: it tells the broker's worker, which dials the bridge.
            Action::MoveHere | Action::StartEmpty => return Ok(()),
            Action::Retry => Effect::Retry,
            Action::LogIn { login, .. } => Effect::LogIn(login),
        };
        if let (Effect::Control(_), Operator::No { why }) = (&effect, &self.status.operator) {
            return Err(why.clone());
        }
        self.effects.push_back(effect);
        Ok(())
    }

    fn subscribe(&mut self, text: &str, options: SubscribeOptions) -> Result<(), String> {
        let (filter, options) = draft::subscription(text, options)?;
        if !self.stream.has_room() {
            return Err(format!("There are {} subscriptions already.", stream::SUBSCRIPTIONS));
        }
        self.stream.subscription(text, SubscriptionState::Asked);
        self.effects.push_back(Effect::Subscribe { client: Who::Messages, filter, options });
        Ok(())
    }

    /// The first time Messages is opened on a broker of one's own it subscribes to everything. On a broker
    /// elsewhere nobody asked for `#`, and some brokers punish it.
    fn open_stream(&mut self) {
        let ours = matches!(self.status.place, Place::ThisTab | Place::OtherTab | Place::Native { .. });
        let looking = matches!(self.screen, Screen::Messages(_));
        if self.opened || !ours || !looking || !self.messages.connected {
            return;
        }
        self.opened = true;
        if self.stream.is_unsubscribed() {
            let everything = self.subscribe("#", SubscribeOptions { qos: 2, ..SubscribeOptions::default() });
            debug_assert!(everything.is_ok(), "# is a filter");
        }
    }

    fn follow(&mut self) {
        let (new, old) = self.house.follow();
        let options = SubscriptionOptions { qos: QoS::AtLeastOnce, ..SubscriptionOptions::default() };
        let client = Who::Phone;
        self.effects.extend(old.into_iter().map(|filter| Effect::Unsubscribe { client, filter }));
        self.effects.extend(new.into_iter().map(|filter| Effect::Subscribe { client, filter, options }));
    }
}

/// A command of the phone app to a device.
fn command(device: String, topic: TopicName, payload: String) -> Effect {
    Effect::Publish {
        client: Who::Phone,
        errand: Errand::Control(device),
        topic,
        payload: payload.into(),
        qos: QoS::AtLeastOnce,
        retain: false,
        properties: lacewing_protocol::PublishProperties::new(),
    }
}

#[cfg(test)]
mod tests;
