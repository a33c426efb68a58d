//! What is recorded, so that a crash breaks no promise.
//!
//! Sessions that end with their connection leave no record but their will. A message body is recorded once, before the
//! first record that refers to it, and goes after the last.

use std::rc::Rc;

use bytes::Bytes;
use lacewing_protocol::{PacketId, TopicFilter, TopicName};

use crate::broker::WallTimer;
use crate::connection::ConnKey;
use crate::message::Message;
use crate::records::{self, Stage, key};
use crate::retain::RetainedMessage;
use crate::retained_delivery::Owed;
use crate::routing::SessionKey;
use crate::subscription_list::Subscription;
use crate::{Broker, Change, Output, Record, Seq, Table};

impl Broker {
    pub(crate) fn record(&mut self, record: Record) {
        self.seq = Seq(self.seq.0 + 1);
        self.metrics.records += 1;
        self.backlog.add(self.seq, &record);
        self.outputs.push_back(Output::Persist { seq: self.seq, record });
    }

    /// Notes that what a key stands for is gone.
    pub(crate) fn forget(&mut self, table: Table, key: Bytes) {
        self.record(Record { table, key, change: Change::Delete });
    }

    /// Notes that a session is there, here or away since when, and how long it lives.
    pub(crate) fn record_session(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get(session_key.0 as usize).filter(|session| session.durable)
        else {
            return;
        };
        let record = records::session(session);
        self.record(record);
    }

    /// Notes that a session has ended; what else is recorded of it means nothing without this.
    pub(crate) fn forget_session(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get(session_key.0 as usize).filter(|session| session.durable)
        else {
            return;
        };
        let key = Bytes::copy_from_slice(session.client_id.as_bytes());
        self.forget(Table::Session, key);
    }

    /// Says that what is sent from now on depends on the session's records, if there are any.
    pub(crate) fn promise_if_durable(&mut self, key: ConnKey, session_key: SessionKey) {
        if self.sessions.get(session_key.0 as usize).is_some_and(|session| session.durable) {
            self.promise(key);
        }
    }

    /// Notes the will of a client that is here, or that is away until it is due.
    pub(crate) fn record_will(&mut self, session_key: SessionKey) {
        if !self.config.durable {
            return;
        }
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return };
        let due = self.wall_timers.deadline(WallTimer::Will(session_key));
        if let Some(record) = records::will(session, due) {
            self.record(record);
        }
    }

    pub(crate) fn forget_will(&mut self, client_id: &str) {
        if self.config.durable {
            self.forget(Table::Will, Bytes::copy_from_slice(client_id.as_bytes()));
        }
    }

    pub(crate) fn record_subscription(
        &mut self,
        to: SessionKey,
        filter: &TopicFilter,
        subscription: Subscription,
        owed: Option<Owed>,
    ) {
        let Some(session) = self.sessions.get(to.0 as usize).filter(|session| session.durable) else {
            return;
        };
        let record = records::subscription(session.serial, filter, subscription, owed);
        self.record(record);
    }

    /// Notes which retained messages a subscription is still to bring; `None` when that is over.
    pub(crate) fn record_owed(&mut self, to: SessionKey, filter: &TopicFilter, owed: Option<Owed>) {
        let session = self.sessions.get(to.0 as usize).filter(|session| session.durable);
        if let Some(&subscription) = session.and_then(|session| session.subscriptions.find(filter)) {
            self.record_subscription(to, filter, subscription, owed);
        }
    }

    pub(crate) fn forget_subscription(&mut self, of: SessionKey, filter: &TopicFilter) {
        let Some(session) = self.sessions.get(of.0 as usize).filter(|session| session.durable) else {
            return;
        };
        let key = key(session.serial, filter.as_bytes());
        self.forget(Table::Subscription, key);
    }

    pub(crate) fn record_incoming(&mut self, from: SessionKey, id: PacketId) {
        let Some(session) = self.sessions.get(from.0 as usize).filter(|session| session.durable) else {
            return;
        };
        let record = records::incoming(session.serial, id.value());
        self.record(record);
    }

    pub(crate) fn forget_incoming(&mut self, durable: bool, serial: u64, id: u16) {
        if durable {
            self.forget(Table::Incoming, key(serial, &id.to_be_bytes()));
        }
    }

    /// Notes the message last put in a session's queue.
    pub(crate) fn record_waiting(&mut self, to: SessionKey) {
        let Some(session) = self.sessions.get(to.0 as usize) else { return };
        let Some(waiting) = session.transit.as_ref().and_then(|transit| transit.queue.last()) else { return };
        let message = waiting.message.clone();
        let share = waiting.group.and_then(|group| self.subscriptions.shared_filter(group));
        let record = records::waiting(session.serial, waiting, share);
        self.refer_to(&message);
        self.record(record);
    }

    /// Notes a message sent without having waited.
    pub(crate) fn record_sent(&mut self, to: SessionKey, id: PacketId) {
        let sent = self.sessions.get_mut(to.0 as usize).and_then(|session| session.transit.as_mut());
        let message = sent.and_then(|transit| transit.window.find(id)).and_then(|sent| sent.message.clone());
        if let Some(message) = message {
            self.refer_to(&message);
            self.record_stage(to, Stage::Sent(id), &message);
        }
    }

    /// Notes that a message that waited was sent.
    pub(crate) fn record_unqueued(&mut self, to: SessionKey, id: PacketId, message: &Rc<Message>) {
        self.record_stage(to, Stage::Sent(id), message);
    }

    /// Notes that the client has a QoS 2 message, whose body is needed no longer.
    pub(crate) fn record_released(&mut self, to: SessionKey, id: PacketId, message: Option<Rc<Message>>) {
        let Some(message) = message else { return };
        self.record_stage(to, Stage::Released(id), &message);
        self.refer_no_more(&message);
    }

    fn record_stage(&mut self, to: SessionKey, stage: Stage, message: &Message) {
        let (Stage::Sent(id) | Stage::Released(id)) = stage else { return };
        let Some(session) = self.sessions.get_mut(to.0 as usize) else { return };
        let serial = session.serial;
        let Some(sent) = session.transit.as_mut().and_then(|transit| transit.window.find(id)) else { return };
        let share = sent.group.and_then(|group| self.subscriptions.shared_filter(group));
        let record = records::sent(serial, stage, sent, message.number, share);
        self.record(record);
    }

    /// A message to a client is done with.
    pub(crate) fn forget_outgoing(
        &mut self,
        durable: bool,
        serial: u64,
        order: u64,
        message: Option<&Message>,
    ) {
        if !durable {
            return;
        }
        self.forget(Table::Outgoing, key(serial, &order.to_be_bytes()));
        if let Some(message) = message {
            self.refer_no_more(message);
        }
    }

    fn refer_to(&mut self, message: &Message) {
        message.recorded.set(message.recorded.get() + 1);
        if message.recorded.get() == 1 {
            self.record(records::message(message));
        }
    }

    fn refer_no_more(&mut self, message: &Message) {
        match message.recorded.get() {
            0 => {}
            1 => {
                message.recorded.set(0);
                self.forget(Table::Message, key(message.number, &[]));
            }
            more => message.recorded.set(more - 1),
        }
    }

    /// Notes a retained message; at its end the client it is from, if it is from one.
    pub(crate) fn record_retained(&mut self, retained: &RetainedMessage) {
        if self.config.durable {
            self.record(records::retained(retained));
        }
    }

    pub(crate) fn forget_retained(&mut self, topic: &TopicName) {
        if self.config.durable {
            self.forget(Table::Retained, Bytes::copy_from_slice(topic.as_bytes()));
        }
    }
}
