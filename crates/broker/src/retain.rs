//! Keeping and clearing retained messages (§3.3.1.3).

use std::rc::Rc;

use lacewing_protocol::{QoS, TopicName};

use crate::message::Message;
use crate::retained::WireBytes;
use crate::route::{Passing, Publisher};
use crate::{Broker, EventKind, EventMask, NotDelivered};

/// A topic's retained message.
#[derive(Debug, Clone)]
pub(crate) struct RetainedMessage {
    pub(crate) message: Rc<Message>,
    /// The client it is from, for those who want none of their own.
    pub(crate) from: Option<Rc<str>>,
}

impl WireBytes for RetainedMessage {
    fn wire_bytes(&self) -> u64 {
        u64::from(self.message.bytes())
    }
}

impl Broker {
    /// Keeps the message as its topic's retained one, or clears that (§3.3.1.3); whether the answer waits for it.
    pub(crate) fn retain(&mut self, publisher: Publisher, passing: &mut Passing) -> bool {
        if passing.payload.is_empty() {
            // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
            return self.clear_retained(&passing.topic.clone()) && passing.qos != QoS::AtMostOnce;
        }
        if !self.has_room_to_retain(passing) {
            self.metrics.dropped_retained += 1;
            let recorded = self.clear_retained(&passing.topic.clone());
            if self.watch.wants(EventMask::DROPS) {
                let (topic, cause) = (passing.topic.to_string(), NotDelivered::RetainedFull);
                self.event(EventKind::Dropped { client_id: String::new(), topic, cause, count: 1 });
            }
            return recorded && passing.qos != QoS::AtMostOnce;
        }
        let message = passing.keep();
        let from = publisher.session.and_then(|session| self.sessions.get(session.0 as usize));
        let retained = RetainedMessage { message, from: from.map(|session| session.client_id.clone()) };
        self.record_retained(&retained);
        if let Some(at) = retained.message.expires {
            self.sweep_after(at);
        }
        self.retained.set(&passing.topic, retained);
        self.count_retained();
        if self.watch.wants(EventMask::STATE) {
            let bytes = u32::try_from(passing.payload.len()).unwrap_or(u32::MAX);
            self.event(EventKind::RetainedSet { topic: passing.topic.to_string(), bytes });
        }
        self.config.durable && passing.qos != QoS::AtMostOnce
    }

    fn has_room_to_retain(&self, passing: &Passing) -> bool {
        let former = self.retained.message(&passing.topic).map(WireBytes::wire_bytes);
        let bytes = self.retained.wire_bytes() - former.unwrap_or(0) + u64::from(passing.bytes());
        let is_one_more = former.is_none() && self.retained.len() >= u64::from(self.config.retained_messages);
        !is_one_more && bytes <= u64::from(self.config.retained_bytes)
    }

    /// Clears a topic's retained message; whether a record was made of it.
    pub(crate) fn clear_retained(&mut self, topic: &TopicName) -> bool {
        if self.retained.clear(topic).is_none() {
            return false;
        }
        self.count_retained();
        self.forget_retained(topic);
        if self.watch.wants(EventMask::STATE) {
            self.event(EventKind::RetainedCleared { topic: topic.to_string() });
        }
        self.config.durable
    }

    pub(crate) fn count_retained(&mut self) {
        self.metrics.retained = u32::try_from(self.retained.len()).unwrap_or(u32::MAX);
        self.metrics.retained_bytes = self.retained.wire_bytes();
    }
}
