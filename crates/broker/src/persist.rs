//! What is recorded, so that a crash breaks no promise.
//!
//! Sessions that end with their connection leave no record but their will. A message body is recorded once, before the
//! first record that refers to it, and goes after the last.

use std::rc::Rc;

use bytes::{BufMut, Bytes, BytesMut};
use lacewing_protocol::{PacketId, TopicFilter, TopicName};

use crate::broker::WallTimer;
use crate::connection::ConnKey;
use crate::encoding::Writer;
use crate::message::Message;
use crate::queue::Waiting;
use crate::retain::RetainedMessage;
use crate::retained_delivery::Owed;
use crate::routing::SessionKey;
use crate::subscription_list::Subscription;
use crate::{Broker, Change, Output, Record, Seq, Table};

/// How far a recorded message to a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It waits.
    Waiting,
    /// It was sent under this identifier.
    Sent(PacketId),
    /// It was received; PUBREL is sent under this identifier.
    Released(PacketId),
}

/// Key parts that sort as the numbers do.
pub(crate) fn key(serial: u64, rest: &[u8]) -> Bytes {
    let mut key = BytesMut::with_capacity(8 + rest.len());
    key.put_u64(serial);
    key.put_slice(rest);
    key.freeze()
}

impl Broker {
    pub(crate) fn record(&mut self, table: Table, key: Bytes, change: Change) {
        self.seq = Seq(self.seq.0 + 1);
        self.metrics.records += 1;
        let record = Record { table, key, change };
        self.backlog.add(self.seq, &record);
        self.outputs.push_back(Output::Persist { seq: self.seq, record });
    }

    /// Notes that a session is there, here or away since when, and how long it lives.
    pub(crate) fn record_session(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get(session_key.0 as usize).filter(|session| session.durable)
        else {
            return;
        };
        let mut value = Writer::new();
        value
            .number(session.serial)
            .number(u64::from(session.version.level()))
            .number(u64::from(session.expiry))
            .number(u64::from(session.conn.is_some()))
            .number(session.since)
            .origin(&session.origin);
        let key = Bytes::copy_from_slice(session.client_id.as_bytes());
        self.record(Table::Session, key, Change::Put(value.finish()));
    }

    /// Notes that a session has ended; what else is recorded of it means nothing without this.
    pub(crate) fn forget_session(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get(session_key.0 as usize).filter(|session| session.durable)
        else {
            return;
        };
        let key = Bytes::copy_from_slice(session.client_id.as_bytes());
        self.record(Table::Session, key, Change::Delete);
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
        let Some(will) = &session.will else { return };
        let mut value = Writer::new();
        value
            .number(u64::from(will.delay))
            .maybe(will.expiry.map(u64::from))
            .maybe(self.wall_timers.deadline(WallTimer::Will(session_key)))
            .message(&will.message)
            .origin(&session.origin);
        let key = Bytes::copy_from_slice(session.client_id.as_bytes());
        self.record(Table::Will, key, Change::Put(value.finish()));
    }

    pub(crate) fn forget_will(&mut self, client_id: &str) {
        if self.config.durable {
            self.record(Table::Will, Bytes::copy_from_slice(client_id.as_bytes()), Change::Delete);
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
        let Subscription { options, id } = subscription;
        let flags = options.qos as u64
            | u64::from(options.no_local) << 2
            | u64::from(options.retain_as_published) << 3
            | (options.retain_handling as u64) << 4;
        let mut value = Writer::new();
        value.number(flags).maybe(id.map(u64::from));
        if let Some(Owed { until, place }) = owed {
            value.number(until).number(u64::from(place.passed)).bytes(&place.key);
        }
        let key = key(session.serial, filter.as_bytes());
        self.record(Table::Subscription, key, Change::Put(value.finish()));
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
        self.record(Table::Subscription, key, Change::Delete);
    }

    pub(crate) fn record_incoming(&mut self, from: SessionKey, id: PacketId) {
        let Some(session) = self.sessions.get(from.0 as usize).filter(|session| session.durable) else {
            return;
        };
        let key = key(session.serial, &id.value().to_be_bytes());
        self.record(Table::Incoming, key, Change::Put(Writer::new().finish()));
    }

    pub(crate) fn forget_incoming(&mut self, durable: bool, serial: u64, id: u16) {
        if durable {
            self.record(Table::Incoming, key(serial, &id.to_be_bytes()), Change::Delete);
        }
    }

    /// Notes the message last put in a session's queue.
    pub(crate) fn record_waiting(&mut self, to: SessionKey) {
        let Some(session) = self.sessions.get(to.0 as usize) else { return };
        let Some(waiting) = session.transit.as_ref().and_then(|transit| transit.queue.last()) else { return };
        let message = waiting.message.clone();
        let Waiting { qos, retain, group, ids, .. } = waiting;
        let share = group.and_then(|group| self.subscriptions.shared_filter(group));
        let value = outgoing(Stage::Waiting, &message, *qos as u64, *retain, ids.as_deref(), share);
        let key = key(session.serial, &waiting.order.to_be_bytes());
        self.refer_to(&message);
        self.record(Table::Outgoing, key, Change::Put(value));
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
        let value = outgoing(stage, message, sent.qos as u64, sent.retain, sent.ids.as_deref(), share);
        let key = key(serial, &sent.order.to_be_bytes());
        self.record(Table::Outgoing, key, Change::Put(value));
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
        self.record(Table::Outgoing, key(serial, &order.to_be_bytes()), Change::Delete);
        if let Some(message) = message {
            self.refer_no_more(message);
        }
    }

    fn refer_to(&mut self, message: &Message) {
        message.recorded.set(message.recorded.get() + 1);
        if message.recorded.get() == 1 {
            let value = Writer::new().message(message).finish();
            self.record(Table::Message, key(message.number, &[]), Change::Put(value));
        }
    }

    fn refer_no_more(&mut self, message: &Message) {
        match message.recorded.get() {
            0 => {}
            1 => {
                message.recorded.set(0);
                self.record(Table::Message, key(message.number, &[]), Change::Delete);
            }
            more => message.recorded.set(more - 1),
        }
    }

    /// Notes a retained message; at its end the client it is from, if it is from one.
    pub(crate) fn record_retained(&mut self, retained: &RetainedMessage) {
        if !self.config.durable {
            return;
        }
        let RetainedMessage { message, from } = retained;
        let mut value = Writer::new();
        value.message(message);
        if let Some(from) = from {
            value.bytes(from.as_bytes());
        }
        let key = Bytes::copy_from_slice(message.topic.as_bytes());
        self.record(Table::Retained, key, Change::Put(value.finish()));
    }

    pub(crate) fn forget_retained(&mut self, topic: &TopicName) {
        if self.config.durable {
            self.record(Table::Retained, Bytes::copy_from_slice(topic.as_bytes()), Change::Delete);
        }
    }
}

/// The value of a message to a client; at its end the filter of the shared subscription it came by, if it did.
fn outgoing(
    stage: Stage,
    message: &Message,
    qos: u64,
    retain: bool,
    ids: Option<&[u32]>,
    share: Option<&TopicFilter>,
) -> Bytes {
    let (stage, id) = match stage {
        Stage::Waiting => (0, 0),
        Stage::Sent(id) => (1, id.value()),
        Stage::Released(id) => (2, id.value()),
    };
    let ids = ids.unwrap_or_default();
    let mut value = Writer::new();
    value.number(stage).number(u64::from(id)).number(message.number).number(qos).number(u64::from(retain));
    value.number(ids.len() as u64);
    for id in ids {
        value.number(u64::from(*id));
    }
    if let Some(share) = share {
        value.bytes(share.as_bytes());
    }
    value.finish()
}
