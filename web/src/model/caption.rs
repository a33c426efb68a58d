//! The latest delivery told in a sentence, and the beads that show it.

use std::collections::VecDeque;
use std::iter;

use lacewing_control::EventKind;
use lacewing_sim::plan::{Action, Device, DeviceKind, Direction, Plan, Role, ThermostatState};

use super::{drawing, words};
use crate::wire::{Bead, Caption};

/// How many messages are remembered while their deliveries are told.
const REMEMBERED: usize = 64;
/// How long a caption stays at least, so that it can be read, in microseconds.
const READING: u64 = 1_500_000;
/// The most beads at a time.
const BEADS: usize = 12;

/// Puts published messages and their deliveries together.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    told: VecDeque<Told>,
    caption: Option<Caption>,
    captioned_at: u64,
    number: u64,
}

#[derive(Debug)]
struct Told {
    message: u64,
    from: Option<String>,
    topic: String,
    payload: String,
    to: Vec<String>,
    captioned: bool,
    beaded: bool,
}

impl Narrator {
    /// An event of the broker.
    pub(crate) fn event(&mut self, kind: &EventKind) {
        match kind {
            EventKind::Published { message, from, topic, payload, .. } => {
                if self.told.len() == REMEMBERED {
                    self.told.pop_front();
                }
                self.told.push_back(Told {
                    message: *message,
                    from: from.clone(),
                    topic: topic.clone(),
                    payload: words::preview(payload),
                    to: Vec::new(),
                    captioned: false,
                    beaded: false,
                });
            }
            EventKind::Delivered { message, to, queued: false, .. } => {
                let told = self.told.iter_mut().rev().find(|told| told.message == *message);
                if let Some(told) = told.filter(|told| told.to.len() < BEADS) {
                    told.to.push(to.clone());
                }
            }
            _ => {}
        }
    }

    /// A message that reached the phone app of a page without a control channel: whom else it reached is not
    /// known here.
    pub(crate) fn heard(&mut self, plan: &Plan, topic: &str, payload: &str, phone: &str) {
        let from = sender(plan, topic).map(|device| device.id.clone());
        if from.is_none() {
            return;
        }
        self.number += 1;
        if self.told.len() == REMEMBERED {
            self.told.pop_front();
        }
        self.told.push_back(Told {
            message: u64::MAX,
            from,
            topic: topic.into(),
            payload: payload.into(),
            to: vec![phone.into()],
            captioned: false,
            beaded: false,
        });
    }

    /// The sentence for the latest message of the house that reached someone.
    pub(crate) fn caption(&mut self, now: u64, plan: &Plan, phone: &str) -> Option<Caption> {
        let due = self.caption.is_none() || now.saturating_sub(self.captioned_at) >= READING;
        let newest =
            self.told.iter_mut().rev().find(|told| !told.to.is_empty() && role(plan, &told.topic).is_some());
        if let Some(told) = newest.filter(|told| due && !told.captioned) {
            told.captioned = true;
            self.number += 1;
            self.captioned_at = now;
            let text = sentence(plan, phone, told);
            self.caption = Some(Caption { number: self.number, text, topic: told.topic.clone() });
        }
        self.caption.clone()
    }

    /// The messages of the house that travelled since the last call.
    pub(crate) fn beads(&mut self, plan: &Plan, phone: &str) -> Vec<Bead> {
        let mut beads = Vec::new();
        for told in self.told.iter_mut().filter(|told| !told.beaded && !told.to.is_empty()) {
            told.beaded = true;
            if role(plan, &told.topic).is_none() {
                continue;
            }
            self.number += 1;
            beads.push(Bead {
                number: self.number,
                from: told.from.clone().filter(|from| plan.device(from).is_some()),
                to: told.to.iter().filter(|to| plan.device(to).is_some()).cloned().collect(),
                phone: told.to.iter().any(|to| to == phone),
            });
        }
        beads.split_off(beads.len().saturating_sub(BEADS))
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

fn sentence(plan: &Plan, phone: &str, told: &Told) -> String {
    let from = match &told.from {
        Some(client) => name(plan, phone, client),
        None => "the broker".into(),
    };
    let what = match role(plan, &told.topic) {
        Some(Meaning::Told(role)) => format!("told the broker {}", told_value(role, &told.payload)),
        Some(Meaning::Asked(role)) => format!("asked for {}", asked_value(role, &told.payload)),
        Some(Meaning::Status) => format!("said that it is {}", told.payload),
        None => format!("published on {}", told.topic),
    };
    let mut names: Vec<String> = told.to.iter().take(4).map(|client| name(plan, phone, client)).collect();
    if told.to.len() > 4 {
        names.push(format!("{} more", told.to.len() - 4));
    }
    capital(&format!("{from} {what}. The broker passed it to {}.", words::list(&names)))
}

/// "the sensor in the living room", "the phone", or the client id of someone who is not in the plan.
fn name(plan: &Plan, phone: &str, client: &str) -> String {
    if client == phone {
        return "the phone".into();
    }
    let Some(device) = plan.device(client) else { return format!("“{client}”") };
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
