//! The latest delivery told in a sentence, and the beads that show it.

use std::collections::VecDeque;
use std::iter;

use lacewing_control::EventKind;
use lacewing_sim::plan::{Action, Device, DeviceKind, Direction, Plan, Role, ThermostatState};

use super::rate::Loads;
use super::{drawing, words};
use crate::wire::{Bead, Caption, HouseView, Passed};

/// How many messages are remembered while their deliveries are told.
const REMEMBERED: usize = 64;
/// How long a caption stays at least, so that it can be read, in microseconds.
const READING: u64 = 2_000_000;
/// How long one that tells of something new is not followed by a mere reading, in microseconds.
const STORY: u64 = 6_000_000;
/// How old what is told in its order may get, in microseconds, and how much of it waits to be told.
const FRESH: u64 = 8_000_000;
const PENDING: usize = 4;
/// How long what the broker passed on stays at least, in microseconds.
const GLANCE: u64 = 500_000;
/// The most beads at a time.
const BEADS: usize = 12;
/// A bead that was not drawn for so long is not drawn any more, in microseconds.
const STALE: u64 = 1_000_000;
/// How many topics that were passed on are shown.
const PASSED: usize = 5;

/// Puts published messages and their deliveries together.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    told: VecDeque<Told>,
    /// What was told last, oldest first.
    captions: VecDeque<Caption>,
    captioned_at: u64,
    /// Whether the caption tells of more than a reading.
    is_story: bool,
    passed: Vec<Passed>,
    passed_at: u64,
    number: u64,
    loads: Loads,
    /// The client whose will is published next, and its topic.
    will: Option<(String, String)>,
}

#[derive(Debug)]
struct Told {
    at: u64,
    message: u64,
    from: Option<String>,
    topic: String,
    payload: String,
    /// Whether the broker published it in the name of a client that vanished.
    is_will: bool,
    /// How many get it, as the broker counts; `None` where it is not known.
    receivers: Option<u32>,
    to: Vec<String>,
    /// For whom the broker keeps it, since they are away.
    kept_for: Vec<String>,
    captioned: bool,
    beaded: bool,
}

/// Who is who: the plan's devices, this page's own two clients, and everyone else.
#[derive(Clone, Copy)]
pub(crate) struct Cast<'a> {
    pub(crate) plan: &'a Plan,
    /// The client id of the phone app.
    pub(crate) phone: &'a str,
    /// The client id of the page's Messages.
    pub(crate) messages: &'a str,
}

impl Cast<'_> {
    /// The device that this client is, simulated or real.
    fn device(&self, client: &str) -> Option<&Device> {
        self.plan.devices.iter().find(|device| device.client_id() == client)
    }

    /// What stands for this client in the drawing: its device, or itself. The page's Messages and the hub are not
    /// drawn.
    fn drawn(&self, client: &str) -> Option<String> {
        match self.device(client) {
            Some(device) => (device.kind != DeviceKind::Hub).then(|| device.id.clone()),
            None => (client != self.messages).then(|| client.to_owned()),
        }
    }

    /// Whether it is neither of the house nor of this page.
    pub(crate) fn is_outside(&self, client: &str) -> bool {
        client != self.phone && client != self.messages && self.device(client).is_none()
    }
}

impl Narrator {
    /// An event of the broker at `now`, which stands for `weight` of its kind when the host left some out.
    pub(crate) fn event(&mut self, now: u64, kind: &EventKind, weight: u32) {
        match kind {
            EventKind::Published { message, from, topic, payload, receivers, .. } => {
                if let Some(from) = from {
                    self.loads.add(now, from, weight);
                }
                let will = self.will.take();
                let is_will = will.is_some_and(|(client, of)| from.as_ref() == Some(&client) && of == *topic);
                self.tell(Told {
                    at: now,
                    message: *message,
                    from: from.clone(),
                    topic: topic.clone(),
                    payload: words::preview(payload),
                    is_will,
                    receivers: Some(*receivers),
                    to: Vec::new(),
                    kept_for: Vec::new(),
                    captioned: false,
                    beaded: false,
                });
            }
            EventKind::WillSent { client_id, topic } => self.will = Some((client_id.clone(), topic.clone())),
            EventKind::Delivered { message, to, queued, was_retained, .. } => {
                // What was kept comes all at once to one who subscribes, and then no more.
                if !*queued && !*was_retained {
                    self.loads.add(now, to, weight);
                }
                let told = self.told.iter_mut().rev().find(|told| told.message == *message);
                if let Some(told) = told.filter(|told| told.to.len() < BEADS) {
                    let reached = if *queued { &mut told.kept_for } else { &mut told.to };
                    reached.push(to.clone());
                }
            }
            _ => {}
        }
    }

    /// A message that reached the phone app of a page without a control channel: whom else it reached is not
    /// known here, and who sent it only by the plan, or because this page `asked` for it.
    pub(crate) fn heard(&mut self, now: u64, cast: Cast<'_>, topic: &str, payload: &str, asked: bool) {
        let from = match (role(cast.plan, topic), sender(cast.plan, topic)) {
            (Some(Meaning::Asked(_)), _) if asked => Some(cast.phone.to_owned()),
            // The hub asks all lamps for what a person wants, and so does every page.
            (Some(Meaning::Asked(_)), sender)
                if sender.is_none_or(|device| device.kind == DeviceKind::Hub) =>
            {
                None
            }
            (_, Some(device)) => Some(device.client_id().to_owned()),
            (_, None) => return,
        };
        if let Some(from) = &from {
            self.loads.add(now, from, 1);
        }
        self.tell(Told {
            at: now,
            message: u64::MAX,
            from,
            topic: topic.into(),
            payload: payload.into(),
            is_will: false,
            receivers: None,
            to: vec![cast.phone.into()],
            kept_for: Vec::new(),
            captioned: false,
            beaded: false,
        });
    }

    /// A message that reached the phone app while nobody tells of each one's way: what it adds to what its sender and the phone carry.
    pub(crate) fn carried(&mut self, now: u64, cast: Cast<'_>, topic: &str) {
        if let Some(from) = sender(cast.plan, topic) {
            self.loads.add(now, &from.id, 1);
            self.loads.add(now, cast.phone, 1);
        }
    }

    fn tell(&mut self, told: Told) {
        if self.told.len() == REMEMBERED {
            self.told.pop_front();
        }
        self.told.push_back(told);
    }

    /// The sentence that was told last, and those before it, newest first.
    pub(crate) fn captions(&self) -> Vec<Caption> {
        self.captions.iter().rev().cloned().collect()
    }

    /// Tells what there is to tell by now: the latest message that is worth a sentence. What somebody did comes before what follows from it,
    /// and that before what a sensor says all day. Call it whatever is on screen, or what happens meanwhile is never told.
    pub(crate) fn go_on(&mut self, now: u64, cast: Cast<'_>) {
        let since = self.told.iter().rposition(|told| told.captioned).map_or(0, |last| last + 1);
        let new = || (since..self.told.len()).filter(|&at| self.told[at].is_seen(cast));
        // What follows from one thing is told in its order, the last few of it.
        let fresh =
            |at: &usize| now.saturating_sub(self.told[*at].at) < FRESH && !self.told[*at].is_reading(cast);
        let stories: Vec<usize> = new().filter(fresh).collect();
        let deed = stories.iter().find(|&&at| self.told[at].is_deed(cast));
        let story = deed.or(stories.get(stories.len().saturating_sub(PENDING))).copied();
        let newest = new().next_back();
        let stays = match (self.captions.is_empty(), self.is_story, story) {
            (true, ..) => 0,
            (_, true, None) => STORY,
            _ => READING,
        };
        if let Some(at) = story.or(newest)
            && now.saturating_sub(self.captioned_at) >= stays
        {
            let told = &mut self.told[at];
            told.captioned = true;
            self.number += 1;
            self.captioned_at = now;
            self.is_story = story.is_some();
            let text = sentence(cast, told);
            if self.captions.len() == HouseView::CAPTIONS {
                self.captions.pop_front();
            }
            let (number, at, topic) = (self.number, told.at / 1_000, told.topic.clone());
            self.captions.push_back(Caption { number, at, text, topic });
        }
    }

    /// The messages that travelled since the last call, but for those of clients that have too many.
    pub(crate) fn beads(&mut self, now: u64, cast: Cast<'_>) -> Vec<Bead> {
        let Self { told, loads, number, .. } = self;
        let mut beads = Vec::new();
        for told in told.iter_mut().filter(|told| !told.beaded && told.is_seen(cast)) {
            told.beaded = true;
            let busy = told.from.as_ref().is_some_and(|from| loads.is_busy(now, from));
            if busy || now.saturating_sub(told.at) > STALE {
                continue;
            }
            let calm = told.to.iter().filter(|to| !loads.is_busy(now, to));
            *number += 1;
            beads.push(Bead {
                number: *number,
                from: told.from.as_ref().and_then(|from| cast.drawn(from)),
                to: calm.filter_map(|to| cast.drawn(to)).collect(),
            });
        }
        beads.split_off(beads.len().saturating_sub(BEADS))
    }

    /// The clients with too many messages for beads, and how many a second.
    pub(crate) fn busy(&mut self, now: u64, cast: Cast<'_>) -> Vec<(String, u32)> {
        let busy = self.loads.busy(now).into_iter();
        busy.filter_map(|(client, rate)| Some((cast.drawn(&client)?, rate))).collect()
    }

    /// Whether there is any client with too many messages for beads.
    pub(crate) fn is_busy(&self, now: u64) -> bool {
        !self.loads.busy(now).is_empty()
    }

    /// The topics of the latest messages.
    pub(crate) fn passed(&mut self, now: u64) -> Vec<Passed> {
        if now.saturating_sub(self.passed_at) >= GLANCE {
            let mut passed: Vec<Passed> = Vec::new();
            for told in self.told.iter().rev() {
                if passed.len() == PASSED {
                    break;
                }
                if passed.iter().all(|known| known.topic != told.topic) {
                    passed.push(Passed { topic: told.topic.clone(), receivers: told.receivers });
                }
            }
            if passed != self.passed {
                self.passed_at = now;
                self.passed = passed;
            }
        }
        self.passed.clone()
    }
}

impl Told {
    /// Whether it is of the house or of someone outside, and it is known whom it reached.
    fn is_seen(&self, cast: Cast<'_>) -> bool {
        let stranger = |client: &String| cast.is_outside(client) && words::other_page(client).is_none();
        let outside = self.from.as_ref().is_some_and(stranger) || self.to.iter().any(stranger);
        let house = role(cast.plan, &self.topic).is_some();
        let own = self.from.as_deref() == Some(cast.messages);
        (house || outside || own) && (!self.to.is_empty() || self.receivers == Some(0))
    }

    /// Whether it only says how it is, as a device of the house does all day.
    fn is_reading(&self, cast: Cast<'_>) -> bool {
        let meaning = role(cast.plan, &self.topic);
        !self.is_deed(cast)
            && matches!(meaning, Some(Meaning::Told(Role::Temperature | Role::Humidity | Role::Power)))
    }

    /// Whether a person did it: at this page, or with a client of their own.
    fn is_deed(&self, cast: Cast<'_>) -> bool {
        self.from.as_ref().is_some_and(|from| !self.is_will && cast.device(from).is_none())
    }
}

/// The device that publishes on `topic` by the plan.
fn sender<'a>(plan: &'a Plan, topic: &str) -> Option<&'a Device> {
    plan.devices.iter().find(|device| {
        device.status == topic
            || device.values.iter().any(|value| value.topic == topic)
            || device.links.iter().any(|link| link.direction == Direction::Commands && link.topic == topic)
    })
}

/// What a topic means in the house.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    Status,
    Told(Role),
    Asked(Role),
}

fn role(plan: &Plan, topic: &str) -> Option<Meaning> {
    plan.devices.iter().filter(|device| device.kind != DeviceKind::Hub).find_map(|device| {
        if device.status == topic {
            return Some(Meaning::Status);
        }
        if let Some(value) = device.values.iter().find(|value| value.topic == topic) {
            return Some(Meaning::Told(value.role));
        }
        device
            .controls
            .iter()
            .find(|control| control.topic == topic)
            .map(|control| Meaning::Asked(control.role))
    })
}

fn sentence(cast: Cast<'_>, told: &Told) -> String {
    let from = match (&told.from, told.receivers) {
        (Some(client), _) => name(cast, client),
        (None, Some(_)) => "the broker".into(),
        (None, None) => "somebody".into(),
    };
    let what = match role(cast.plan, &told.topic) {
        _ if told.is_will => format!("vanished. The broker published its will, “{}”", told.payload),
        Some(Meaning::Told(role)) => format!("told the broker {}", told_value(role, &told.payload)),
        Some(Meaning::Asked(role)) => {
            let whom = asked(cast.plan, &told.topic)
                .map_or_else(String::new, |one| format!(" {}", in_room(cast.plan, one)));
            format!("asked{whom} for {}", asked_value(role, &told.payload))
        }
        // As it does when a real client takes its place.
        Some(Meaning::Status) if told.payload.is_empty() => "took back what it said of itself".into(),
        Some(Meaning::Status) => format!("said that it is {}", told.payload),
        None => format!("published on {}", told.topic),
    };
    let (shown, rest) = told.to.split_at(told.to.len().min(4));
    let mut names: Vec<String> = shown.iter().map(|client| name(cast, client)).collect();
    if !rest.is_empty() {
        names.push(format!("{} more", rest.len()));
    }
    let then = match names.is_empty() {
        true => "Nobody is subscribed to that.".into(),
        false if told.receivers.is_none() => {
            "The broker passed it to the phone, and to whoever else asked for it.".into()
        }
        false if told.is_will => format!("It passed it to {}.", words::list(&names)),
        false => format!("The broker passed it to {}.", words::list(&names)),
    };
    let away: Vec<String> = told.kept_for.iter().take(2).map(|client| name(cast, client)).collect();
    let later = match away.is_empty() {
        true => String::new(),
        false => format!(" It keeps it for {}, until that is back.", words::list(&away)),
    };
    capital(&format!("{from} {what}. {then}{later}"))
}

/// "the sensor in the living room", "the phone", or the client id of someone who is not in the plan.
fn name(cast: Cast<'_>, client: &str) -> String {
    if client == cast.phone {
        return "the phone".into();
    }
    if client == cast.messages {
        return "this page".into();
    }
    match (cast.device(client), words::other_page(client)) {
        (Some(device), _) => in_room(cast.plan, device),
        (None, Some(page)) => page.into(),
        (None, None) => format!("“{client}”"),
    }
}

/// The device that is told what to do on `topic`, by the plan.
fn asked<'a>(plan: &'a Plan, topic: &str) -> Option<&'a Device> {
    plan.devices.iter().find(|device| device.controls.iter().any(|control| control.topic == topic))
}

fn in_room(plan: &Plan, device: &Device) -> String {
    match plan.room(&device.room) {
        Some(room) => format!("the {} in the {}", lower(&device.name), lower(&room.name)),
        None => format!("the {}", lower(&device.name)),
    }
}

/// What a state message says, as it follows "told the broker".
fn told_value(role: Role, payload: &str) -> String {
    let on = payload == "ON" || payload == "open";
    let either = |yes: &str, no: &str| if on { yes.into() } else { no.into() };
    match role {
        Role::Thermostat => match serde_json::from_str::<ThermostatState>(payload) {
            Ok(state) => format!("that it is to hold {} °C and is {}", state.setpoint, doing(state.action)),
            Err(_) => "its state".into(),
        },
        Role::Demand => format!("that it runs at {payload} %"),
        Role::Switch => either("that it is on", "that it is off"),
        Role::Contact | Role::Opening => either("that it is open", "that it is closed"),
        Role::Motion => either("that someone moves", "that all is quiet"),
        Role::Smoke => either("that there is smoke", "that the air is clear"),
        Role::Leak => either("that there is water", "that the floor is dry"),
        Role::Ring => "that somebody is at the door".into(),
        Role::Count => format!("that it has rung {payload} times"),
        Role::Position => format!("that it is {payload} % open"),
        Role::Humidity => format!("{payload} % humidity"),
        Role::Cat => format!("that the cat is in {payload}"),
        Role::Scene => format!("that it is {payload}"),
        _ => with_unit(role, payload),
    }
}

/// What a command says, as it follows "asked for".
fn asked_value(role: Role, payload: &str) -> String {
    match role {
        Role::Demand => format!("{payload} % of its power"),
        Role::Switch | Role::Opening | Role::Mode | Role::Press => format!("“{payload}”"),
        _ => with_unit(role, payload),
    }
}

fn with_unit(role: Role, payload: &str) -> String {
    match drawing::unit(role) {
        "" => payload.into(),
        unit => format!("{payload} {unit}"),
    }
}

fn doing(action: Action) -> &'static str {
    match action {
        Action::Off => "off",
        Action::Idle => "idle",
        Action::Heating => "heating",
        Action::Cooling => "cooling",
    }
}

/// The first letter small, unless the word is an abbreviation.
fn lower(name: &str) -> String {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            iter::once(first.to_ascii_lowercase()).chain(name.chars().skip(1)).collect()
        }
        _ => name.into(),
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map_or_else(String::new, |first| iter::once(first.to_ascii_uppercase()).chain(letters).collect())
}
