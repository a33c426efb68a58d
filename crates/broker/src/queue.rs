//! QoS 1 and 2 messages that wait for their turn at one client.

use std::collections::VecDeque;
use std::rc::Rc;

use lacewing_protocol::QoS;

use crate::message::Message;
use crate::routing::GroupKey;

/// A message that waits for its turn.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) order: u64,
    pub(crate) message: Rc<Message>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) group: Option<GroupKey>,
    pub(crate) ids: Option<Box<[u32]>>,
}

/// What waits for one client, in order.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: u64,
    /// No message expires earlier than this, if any does.
    expires: Option<u64>,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What the messages take on the wire.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter()
    }

    /// The last message.
    pub(crate) fn last(&self) -> Option<&Waiting> {
        self.waiting.back()
    }

    pub(crate) fn push(&mut self, waiting: Waiting) {
        self.bytes += u64::from(waiting.message.bytes());
        self.expires = self.expires.into_iter().chain(waiting.message.expires).min();
        self.waiting.push_back(waiting);
    }

    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        self.bytes -= u64::from(waiting.message.bytes());
        Some(waiting)
    }

    /// Takes those out whose time is over [MQTT-3.3.2-5]; looks at nothing as long as that can be none.
    pub(crate) fn take_expired(&mut self, wall: u64) -> VecDeque<Waiting> {
        if self.expires.is_none_or(|expires| expires > wall) {
            return VecDeque::new();
        }
        let expired = self.take(|waiting| waiting.message.is_expired(wall));
        self.expires = self.waiting.iter().filter_map(|waiting| waiting.message.expires).min();
        expired
    }

    /// Takes those out for which `is_wanted` holds.
    pub(crate) fn take(&mut self, is_wanted: impl Fn(&Waiting) -> bool) -> VecDeque<Waiting> {
        if !self.waiting.iter().any(&is_wanted) {
            return VecDeque::new();
        }
        let (taken, stays): (VecDeque<_>, _) = self.waiting.drain(..).partition(is_wanted);
        self.waiting = stays;
        self.bytes -= taken.iter().map(|waiting| u64::from(waiting.message.bytes())).sum::<u64>();
        taken
    }

    /// How many messages it has memory for.
    pub(crate) fn capacity(&self) -> usize {
        self.waiting.capacity()
    }

    /// Lets memory go that no message uses.
    pub(crate) fn shrink(&mut self) {
        self.waiting.shrink_to_fit();
    }
}
