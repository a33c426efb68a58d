//! From one publisher to all that want its message.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use lacewing_protocol::{AckType, PacketId, PublishProperties, QoS, ReasonCode, TopicName};

use crate::connection::ConnKey;
use crate::delivery::Recipient;
use crate::jobs::Job;
use crate::message::{Message, compact, wire_bytes};
use crate::routing::{Matches, SessionKey};
use crate::send::Content;
use crate::{Broker, ConnId, EventKind, EventMask, NotDelivered, Preview};

/// Who published a message, and how it is to be acknowledged.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Publisher {
    pub(crate) session: Option<SessionKey>,
    /// The connection that waits for slow receivers; wills and the operator wait for nobody.
    pub(crate) connection: Option<ConnKey>,
    pub(crate) ack: Option<(AckType, PacketId)>,
}

/// A message on its way through the broker, as slices of what was read.
#[derive(Debug)]
pub(crate) struct Passing {
    pub(crate) number: u64,
    pub(crate) topic: TopicName,
    pub(crate) payload: Bytes,
    pub(crate) properties: PublishProperties,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) expires: Option<u64>,
    /// The copy for those who keep it, once there is one.
    pub(crate) kept: Option<Rc<Message>>,
    /// A receiver had no room for it.
    pub(crate) missed: bool,
}

impl Passing {
    /// A copy that may outlive what was read; the same one each time.
    pub(crate) fn keep(&mut self) -> Rc<Message> {
        let kept = self.kept.get_or_insert_with(|| {
            Rc::new(Message {
                number: self.number,
                topic: self.topic.compact(),
                payload: compact(&self.payload),
                properties: self.properties.compact(),
                qos: self.qos,
                retain: self.retain,
                expires: self.expires,
                recorded: Cell::new(0),
            })
        });
        kept.clone()
    }

    /// A message that was kept, on its way once more.
    pub(crate) fn of(message: &Rc<Message>) -> Self {
        Self {
            number: message.number,
            topic: message.topic.clone(),
            payload: message.payload.clone(),
            properties: message.properties.clone(),
            qos: message.qos,
            retain: message.retain,
            expires: message.expires,
            kept: Some(message.clone()),
            missed: false,
        }
    }

    /// About what it takes on the wire.
    pub(crate) fn bytes(&self) -> u32 {
        wire_bytes(&self.topic, &self.payload, &self.properties)
    }

    pub(crate) fn content(&self) -> Content<'_> {
        let Self { topic, payload, properties, expires, .. } = self;
        Content { topic, payload, properties, expires: *expires }
    }
}

/// A message that is being given to its receivers, some now, some in a later call.
#[derive(Debug)]
pub(crate) struct FanOut {
    passing: Passing,
    matches: Rc<Matches>,
    publisher: Publisher,
    /// The publisher's connection, which is busy with this, once a part is left to a later call.
    conn: Option<ConnId>,
    /// The next of the normal matches, then of the shared ones.
    next: usize,
    /// Sessions that came later do not get the message; their place may have been another session's.
    last_serial: u64,
    /// Whether records were made of it.
    recorded: bool,
}

impl Broker {
    /// Gives a message to everybody who wants it, keeps it if it is to be retained, and acknowledges it.
    pub(crate) fn route(&mut self, publisher: Publisher, mut passing: Passing) {
        let recorded = passing.retain && self.retain(publisher, &mut passing);
        let matches = self.subscriptions.matches(&passing.topic);
        self.pay_for_routing();
        if self.watch.wants(EventMask::PUBLISHED) {
            self.published_event(publisher, &passing, &matches);
        }
        if matches.is_empty() {
            self.metrics.unmatched += 1;
            return self.acknowledge(publisher, recorded, ReasonCode::NoMatchingSubscribers);
        }
        self.give_out(publisher, passing, matches, recorded);
    }

    /// Gives a message to its receivers, now or in a job, and then acknowledges it.
    pub(crate) fn give_out(
        &mut self,
        publisher: Publisher,
        passing: Passing,
        matches: Rc<Matches>,
        recorded: bool,
    ) {
        let last_serial = self.last_serial;
        let mut fan_out = FanOut { passing, matches, publisher, conn: None, next: 0, last_serial, recorded };
        if self.fan_out(&mut fan_out) {
            let reason = self.outcome(publisher, &fan_out.passing);
            return self.acknowledge(publisher, fan_out.recorded, reason);
        }
        if let Some(connection) =
            publisher.connection.and_then(|key| self.connections.get_mut(key.0 as usize))
        {
            // Its later messages must not overtake this one [MQTT-4.6.0-5].
            connection.busy = true;
            fan_out.conn = Some(connection.id);
        }
        fan_out.passing.keep();
        self.jobs.push_back(Job::FanOut(Box::new(fan_out)));
    }

    /// The same for a message that is kept already.
    pub(crate) fn route_kept(&mut self, publisher: Publisher, message: Rc<Message>) {
        self.route(publisher, Passing::of(&message));
    }

    /// Gives a message to the receivers that are left, while the budget lasts; whether it is done.
    pub(crate) fn fan_out(&mut self, fan_out: &mut FanOut) -> bool {
        let FanOut { passing, matches, publisher, next, last_serial, recorded, .. } = fan_out;
        let many = matches.normal.len() > 1;
        if many {
            self.shapes.clear();
        }
        while let Some(entry) = matches.normal.get(*next) {
            if self.budget == 0 {
                return false;
            }
            self.budget -= 1;
            *next += 1;
            let newer = |broker: &Self| {
                broker
                    .sessions
                    .get(entry.session.0 as usize)
                    .is_none_or(|session| session.serial > *last_serial)
            };
            if newer(self) {
                continue;
            }
            match matches.from(publisher.session, entry) {
                Some(entry) => {
                    let recipient = Recipient::of_match(matches, entry, passing, None, many);
                    *recorded |= self.deliver(passing, &recipient, publisher.connection);
                }
                None => self.not_delivered_passing(entry.session, passing, NotDelivered::NoLocal),
            }
        }
        while let Some(&group) = matches.shared.get(*next - matches.normal.len()) {
            if self.budget == 0 {
                return false;
            }
            self.budget -= 1;
            *next += 1;
            *recorded |= self.deliver_shared(group, passing, publisher.connection);
        }
        true
    }

    /// Goes on with a fan-out that was left; whether it is done.
    pub(crate) fn go_on_fanning_out(&mut self, fan_out: &mut FanOut) -> bool {
        // Another connection may have its place by now.
        fan_out.publisher.connection = fan_out.conn.and_then(|conn| {
            let key = *self.connection_keys.get(&conn)?;
            self.connections.get(key.0 as usize)?.session().map(|_| key)
        });
        if !self.fan_out(fan_out) {
            return false;
        }
        match fan_out.publisher.connection {
            Some(key) => {
                let reason = self.outcome(fan_out.publisher, &fan_out.passing);
                self.acknowledge(fan_out.publisher, fan_out.recorded, reason);
                self.free(key);
            }
            None => self.remember_incoming(fan_out),
        }
        true
    }

    /// Notes the identifier of a QoS 2 message whose publisher is gone, if its session is still there.
    fn remember_incoming(&mut self, fan_out: &FanOut) {
        let (Some(session_key), Some((AckType::PubRec, id))) =
            (fan_out.publisher.session, fan_out.publisher.ack)
        else {
            return;
        };
        let session = self.sessions.get(session_key.0 as usize);
        let Some(session) = session.filter(|session| session.serial <= fan_out.last_serial) else { return };
        if session.transit.as_ref().is_some_and(|transit| transit.incoming.contains(id.value())) {
            self.record_incoming(session_key, id);
        }
    }

    /// Takes what it cost to find the receivers from the budget of this call.
    pub(crate) fn pay_for_routing(&mut self) {
        let cost = self.subscriptions.take_cost();
        if cost > 0 {
            self.spend(cost);
        }
    }

    /// What a publisher is told of a message that was given out.
    fn outcome(&self, publisher: Publisher, passing: &Passing) -> ReasonCode {
        let connection = publisher.connection.and_then(|key| self.connections.get(key.0 as usize));
        let can_be_told = connection.is_some_and(|connection| connection.version.is_v5());
        match passing.missed && self.config.report_full_queues && can_be_told {
            true => ReasonCode::QuotaExceeded,
            false => ReasonCode::Success,
        }
    }

    /// Answers a QoS 1 or 2 message, once all that was recorded of it is durable.
    pub(crate) fn acknowledge(&mut self, publisher: Publisher, recorded: bool, reason: ReasonCode) {
        let (Some(key), Some((ack, id))) = (publisher.connection, publisher.ack) else { return };
        if let (AckType::PubRec, Some(session_key)) = (ack, publisher.session) {
            if reason.is_error() {
                // §4.3.3: the identifier is free again.
                let session = self.sessions.get_mut(session_key.0 as usize);
                session.map(|session| session.transit_mut().incoming.remove(id.value()));
            } else {
                // Last, so that no crash finds the identifier taken and the message not given to all.
                self.record_incoming(session_key, id);
            }
        }
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let Some(session) = connection.session().and_then(|session| self.sessions.get(session.0 as usize))
        else {
            return;
        };
        if recorded || (session.durable && ack == AckType::PubRec) {
            self.promise(key);
        }
        if ack == AckType::PubAck || reason.is_error() {
            self.ends_flight(key);
        }
        self.send_ack(key, ack, id, reason);
    }

    #[cold]
    fn published_event(&mut self, publisher: Publisher, passing: &Passing, matches: &Matches) {
        let from = publisher.session.and_then(|session| self.sessions.get(session.0 as usize));
        let from = from.map(|session| session.client_id.to_string());
        let receivers = u32::try_from(matches.normal.len() + matches.shared.len()).unwrap_or(u32::MAX);
        self.event(EventKind::Published {
            message: passing.number,
            from,
            topic: passing.topic.to_string(),
            qos: passing.qos.into(),
            retain: passing.retain,
            payload: Preview::of(&passing.payload, self.config.event_preview),
            receivers,
        });
        if receivers == 0 {
            let topic = passing.topic.to_string();
            self.event(EventKind::NoSubscribers { message: passing.number, topic });
        }
    }
}
