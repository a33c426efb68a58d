//! `$SYS`: what the broker counts, as retained messages under the names that mosquitto's users know.
//!
//! They are made with [`Config::sys_interval`](crate::Config::sys_interval), those that changed, and only while somebody is
//! subscribed to them: until then they cost one comparison a call. They have QoS 0, so nothing of them waits for anybody,
//! and they are neither recorded nor counted as retained messages, nor cleared as such.

mod load;
mod values;

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;
use lacewing_protocol::{PublishProperties, QoS, TopicFilter, TopicName};

use crate::Broker;
use crate::broker::AwakeTimer;
use crate::jobs::Job;
use crate::message::Message;
use crate::retain::RetainedMessage;
use crate::retained::Retained;
use crate::route::{Passing, Publisher};

use load::Load;

/// The state of `$SYS`.
#[derive(Debug)]
pub(crate) struct Sys {
    /// What was published last, by topic.
    pub(crate) messages: Retained<RetainedMessage>,
    load: Load,
    /// When the broker was made, Unix microseconds.
    since: u64,
}

impl Sys {
    pub(crate) fn new(awake: u64, wall: u64) -> Self {
        Self { messages: Retained::new(), load: Load::new(awake), since: wall }
    }
}

/// Whether a topic is one of those that only the broker publishes to: `$SYS/…`, and `$share/…`, which no subscription to
/// a topic of that name could ever match.
pub(crate) fn is_reserved(topic: &str) -> bool {
    // Asked at every message, and hardly any topic begins so.
    topic.starts_with('$') && matches!(topic.split('/').next(), Some("$SYS" | "$share"))
}

/// Whether a filter is about `$SYS`. One that starts with a wildcard is not [MQTT-4.7.2-1].
pub(crate) fn is_watched_by(filter: &TopicFilter) -> bool {
    filter.filter().split('/').next() == Some("$SYS")
}

impl Broker {
    /// Takes the counters into the averages if it is time to.
    #[inline]
    pub(crate) fn sample_load(&mut self) {
        if self.now.awake >= self.sys.load.due() {
            self.sys.load.sample(self.now.awake, self.config.sys_interval, &self.metrics);
        }
    }

    /// Brings `$SYS` up to date for those who are going to look, and keeps it so.
    pub(crate) fn watch_sys(&mut self) {
        if self.awake_timers.deadline(AwakeTimer::Sys).is_none() {
            self.refresh_sys();
        }
    }

    /// Publishes what has changed.
    pub(crate) fn publish_sys(&mut self) {
        let changed = self.refresh_sys();
        if !changed.is_empty() {
            self.jobs.push_back(Job::Sys(changed));
        }
    }

    /// Looks at all values, and again after the interval while anybody is subscribed; those that have changed.
    fn refresh_sys(&mut self) -> VecDeque<Rc<Message>> {
        let mut changed = VecDeque::new();
        let interval = u64::from(self.config.sys_interval) * 1_000_000;
        if interval == 0 || self.subscriptions.sys_len() == 0 {
            return changed;
        }
        self.awake_timers.set(AwakeTimer::Sys, self.now.awake + interval);
        for (name, value) in self.sys_values() {
            let Ok(topic) = TopicName::try_from(name) else { continue };
            let known = self.sys.messages.message(&topic);
            if known.is_some_and(|known| *known.message.payload == *value.as_bytes()) {
                continue;
            }
            self.last_message += 1;
            let message = Rc::new(Message {
                number: self.last_message,
                topic: topic.clone(),
                payload: Bytes::from(value),
                properties: PublishProperties::new(),
                qos: QoS::AtMostOnce,
                retain: true,
                expires: None,
                recorded: Cell::new(0),
            });
            self.sys.messages.set(&topic, RetainedMessage { message: message.clone(), from: None });
            changed.push_back(message);
        }
        changed
    }

    /// Goes on giving values to those who are subscribed; whether all are given.
    pub(crate) fn go_on_publishing_sys(&mut self, changed: &mut VecDeque<Rc<Message>>) -> bool {
        while self.budget > 0 {
            let Some(message) = changed.pop_front() else { return true };
            self.spend(1);
            self.give_out(Publisher::default(), Passing::of(&message), false);
        }
        changed.is_empty()
    }
}
