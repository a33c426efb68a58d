//! What the broker chose where the specification leaves a choice, told from its events.

use std::collections::VecDeque;

use lacewing_broker::{Event, EventKind};

/// The events of one turn that have not been made sense of yet.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    published: VecDeque<Published>,
    delivered: Vec<Delivered>,
}

/// A message came into the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) number: u64,
    pub(crate) from: Option<String>,
    pub(crate) topic: String,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) payload: Vec<u8>,
}

/// A message went to a session, or would have if that could have taken it.
#[derive(Debug)]
struct Delivered {
    number: u64,
    to: String,
    /// The ShareName by which it went.
    shared: Option<String>,
    went: bool,
}

impl Oracle {
    pub(crate) fn hear(&mut self, event: Event) {
        match event.kind {
            EventKind::Published { message, from, topic, qos, retain, payload, .. } => {
                let payload = payload.head;
                self.published.push_back(Published { number: message, from, topic, qos, retain, payload });
            }
            EventKind::Delivered { message, to, shared, .. } => {
                self.delivered.push(Delivered { number: message, to, shared, went: true });
            }
            EventKind::NotDelivered { message, to, .. } => {
                self.delivered.push(Delivered { number: message, to, shared: None, went: false });
            }
            _ => {}
        }
    }

    /// The next message that came in.
    pub(crate) fn next_published(&mut self) -> Option<Published> {
        self.published.pop_front()
    }

    /// Whose message comes in next.
    pub(crate) fn next_publisher(&self) -> Option<&str> {
        self.published.front().and_then(|published| published.from.as_deref())
    }

    /// Puts messages in the order in which they went to a session.
    pub(crate) fn sort<T>(&mut self, messages: &mut [T], to: &str, number: impl Fn(&T) -> u64) {
        let place = |number: u64| {
            let is_it = |one: &Delivered| one.number == number && one.to == to && one.shared.is_none();
            self.delivered.iter().position(is_it).unwrap_or(usize::MAX)
        };
        messages.sort_by_key(|message| place(number(message)));
        for message in messages {
            let number = number(message);
            let is_it = |one: &Delivered| one.number == number && one.to == to && one.shared.is_none();
            if let Some(at) = self.delivered.iter().position(is_it) {
                self.delivered.remove(at);
            }
        }
    }

    /// A message that waited for a session, or was to be sent again, was dropped.
    pub(crate) fn dropped(&mut self, number: u64, to: &str) {
        let is_it = |one: &Delivered| one.number == number && one.to == to && !one.went;
        if let Some(at) = self.delivered.iter().position(is_it) {
            self.delivered.remove(at);
        }
    }

    /// When this message went to a shared subscription, compared with others.
    pub(crate) fn place_shared(&self, number: u64, share_name: &str) -> usize {
        let is_it = |one: &Delivered| one.number == number && one.shared.as_deref() == Some(share_name);
        self.delivered.iter().position(is_it).unwrap_or(usize::MAX)
    }

    /// To whom a message for a shared subscription went.
    pub(crate) fn chosen(&mut self, number: u64, share_name: &str) -> Option<String> {
        let is_it = |one: &Delivered| one.number == number && one.shared.as_deref() == Some(share_name);
        let at = self.delivered.iter().position(is_it)?;
        Some(self.delivered.remove(at).to)
    }

    /// What nobody expected.
    pub(crate) fn rest(&self) -> Option<String> {
        if let Some(published) = self.published.front() {
            return Some(format!("the broker took in {published:?}"));
        }
        let shared = self.delivered.iter().find(|one| one.shared.is_some())?;
        Some(format!("the broker chose {shared:?}"))
    }
}
