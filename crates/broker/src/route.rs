//! What comes from a publisher: kept if it is to be, given out, acknowledged.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use lacewing_protocol::{AckType, PacketId, PublishProperties, QoS, ReasonCode, TopicName};

use crate::connection::ConnKey;
use crate::message::{Message, compact, wire_bytes};
use crate::routing::{Matches, SessionKey};
use crate::send::Content;
use crate::{Broker, EventKind, Preview};

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

impl Broker {
    /// Gives a message to everybody who wants it, keeps it if it is to be retained, and acknowledges it.
    pub(crate) fn route(&mut self, publisher: Publisher, mut passing: Passing) {
        let recorded = passing.retain && self.retain(publisher, &mut passing);
        self.give_out(publisher, passing, recorded);
    }

    /// The same for a message that is kept already.
    pub(crate) fn route_kept(&mut self, publisher: Publisher, message: Rc<Message>) {
        self.route(publisher, Passing::of(&message));
    }

    /// Takes what it cost to find the receivers from the budget of this call.
    pub(crate) fn pay_for_routing(&mut self) {
        let cost = self.subscriptions.take_cost();
        if cost > 0 {
            self.spend(cost);
        }
    }

    /// What a publisher is told of a message that was given out.
    pub(crate) fn outcome(&self, publisher: Publisher, passing: &Passing) -> ReasonCode {
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
    pub(crate) fn published_event(&mut self, publisher: Publisher, passing: &Passing, matches: &Matches) {
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
