//! To one session: now, later, or not at all (§4.3, §4.4, §4.6).

use std::collections::VecDeque;
use std::rc::Rc;

use lacewing_protocol::{PacketId, QoS, TopicFilter};

use crate::connection::ConnKey;
use crate::message::Message;
use crate::queue::{Queue, Waiting};
use crate::route::Passing;
use crate::routing::{GroupKey, Match, Matches, SessionKey};
use crate::send::{Content, Form};
use crate::window::Sent;
use crate::{Broker, EventKind, EventMask, NotDelivered};

/// How one session gets a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipient<'a> {
    pub(crate) session: SessionKey,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) ids: &'a [u32],
    /// The shared subscription whose turn it is.
    pub(crate) group: Option<GroupKey>,
    /// The new subscription for which a retained message is sent.
    pub(crate) asked: Option<&'a TopicFilter>,
    /// Whether the same message goes to others.
    pub(crate) many: bool,
}

/// How many subscriptions of a client are looked at for what an event says of a delivery.
const SUBSCRIPTIONS_LOOKED_AT: usize = 256;

impl<'a> Recipient<'a> {
    /// How a session gets a message by its subscriptions.
    pub(crate) fn of_match(
        matches: &'a Matches,
        entry: &'a Match,
        passing: &Passing,
        group: Option<GroupKey>,
        many: bool,
    ) -> Self {
        Self {
            session: entry.session,
            qos: entry.qos.min(passing.qos),
            // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
            retain: passing.retain && entry.retain_as_published,
            ids: matches.ids(entry),
            group,
            asked: None,
            many,
        }
    }

    /// The form of the PUBLISH, with any Packet Identifier if it has one.
    pub(crate) fn form(&self) -> Form<'a> {
        let packet_id = (self.qos > QoS::AtMostOnce).then_some(PacketId::MIN);
        Form { dup: false, qos: self.qos, retain: self.retain, packet_id, ids: self.ids }
    }
}

impl Broker {
    /// Gives a message to a session; whether a record was made of it.
    ///
    /// `from` is the connection that is held if this receiver is slow.
    pub(crate) fn deliver(
        &mut self,
        passing: &mut Passing,
        to: &Recipient<'_>,
        from: Option<ConnKey>,
    ) -> bool {
        let Some(session) = self.sessions.get(to.session.0 as usize).filter(|session| !session.ended) else {
            return false;
        };
        if !self.policy.may_read(session, &passing.topic) {
            self.metrics.not_allowed += 1;
            self.not_delivered_passing(to.session, passing, NotDelivered::NotAllowed);
            return false;
        }
        let conn = session.conn;
        if to.qos == QoS::AtMostOnce {
            match conn {
                Some(conn) => self.deliver_qos0(passing, to, conn, from),
                None => self.not_delivered_passing(to.session, passing, NotDelivered::Away),
            }
            return false;
        }
        if let Some(conn) = conn {
            let window = self.connections.get(conn.0 as usize).map_or(1, |connection| connection.window);
            if session.can_be_sent_to(window) && !self.is_slow(conn) {
                return self.deliver_now(passing, to, conn);
            }
        }
        self.enqueue(passing, to, conn, from)
    }

    fn deliver_qos0(&mut self, passing: &Passing, to: &Recipient<'_>, conn: ConnKey, from: Option<ConnKey>) {
        let limit = self.config.outgoing_bytes as usize;
        let Some(connection) = self.connections.get(conn.0 as usize) else { return };
        let waiting = connection.waiting();
        if waiting > limit {
            if connection.exhausted || waiting > limit.saturating_mul(2) {
                self.metrics.dropped_slow += 1;
                return self.dropped(to.session, passing, NotDelivered::SlowReceiver);
            }
            if let Some(publisher) = from {
                self.hold(publisher, conn);
            }
        }
        if !self.send_publish(conn, &passing.content(), &to.form(), to.many) {
            self.metrics.dropped_large += 1;
            return self.dropped(to.session, passing, NotDelivered::TooLarge);
        }
        if self.watch.wants(EventMask::DELIVERED) {
            self.delivered_event(to, passing, false);
        }
    }

    /// Sends a QoS 1 or 2 message for which there is room.
    fn deliver_now(&mut self, passing: &mut Passing, to: &Recipient<'_>, conn: ConnKey) -> bool {
        let mut form = to.form();
        if self.is_too_large(conn, &passing.content(), &form) {
            // [MQTT-3.1.2-25]
            self.metrics.dropped_large += 1;
            self.dropped(to.session, passing, NotDelivered::TooLarge);
            return false;
        }
        let Some(session) = self.sessions.get_mut(to.session.0 as usize) else { return false };
        // What is never sent again need not be kept: the session ends with its connection.
        let kept = (session.expiry > 0 || to.group.is_some()).then(|| passing.keep());
        let recorded = session.durable;
        let transit = session.transit.get_or_insert_default();
        let order = transit.next_order;
        transit.next_order += 1;
        let id = transit.window.push(Sent {
            order,
            qos: to.qos,
            retain: to.retain,
            released: false,
            counted: true,
            group: to.group,
            ids: if kept.is_some() { boxed(to.ids) } else { None },
            message: kept,
        });
        form.packet_id = Some(id);
        if recorded {
            self.record_sent(to.session, id);
            self.promise(conn);
        }
        self.send_publish(conn, &passing.content(), &form, to.many);
        if self.watch.wants(EventMask::DELIVERED) {
            self.delivered_event(to, passing, false);
        }
        recorded
    }

    /// Puts a QoS 1 or 2 message in the session's queue, if the queue has room.
    fn enqueue(
        &mut self,
        passing: &mut Passing,
        to: &Recipient<'_>,
        conn: Option<ConnKey>,
        from: Option<ConnKey>,
    ) -> bool {
        let message = passing.keep();
        let bytes = u64::from(message.bytes());
        let (most, most_bytes) = (self.config.queue_messages as usize, u64::from(self.config.queue_bytes));
        let Some(session) = self.sessions.get_mut(to.session.0 as usize) else { return false };
        let recorded = session.durable;
        let transit = session.transit.get_or_insert_default();
        let is_full = |queue: &Queue| queue.len() >= most || queue.bytes() + bytes > most_bytes;
        if is_full(&transit.queue) {
            let expired = transit.queue.take_expired(self.now.wall);
            let is_full = is_full(&transit.queue);
            self.expired_in_queue(to.session, expired);
            if is_full {
                self.metrics.dropped_queue += 1;
                passing.missed = true;
                self.dropped(to.session, passing, NotDelivered::QueueFull);
                return false;
            }
        }
        let Some(session) = self.sessions.get_mut(to.session.0 as usize) else { return false };
        let transit = session.transit.get_or_insert_default();
        let order = transit.next_order;
        transit.next_order += 1;
        let (qos, retain, group, ids) = (to.qos, to.retain, to.group, boxed(to.ids));
        transit.queue.push(Waiting { order, message, qos, retain, group, ids });
        let crowded = transit.queue.len() > most / 2 || transit.queue.bytes() > most_bytes / 2;
        self.metrics.queued += 1;
        if recorded {
            self.record_waiting(to.session);
        }
        if let (true, Some(conn), Some(publisher)) = (crowded, conn, from) {
            self.hold(publisher, conn);
        }
        if self.watch.wants(EventMask::DELIVERED) {
            self.delivered_event(to, passing, true);
        }
        recorded
    }

    /// Messages waited for a client until their time was over.
    fn expired_in_queue(&mut self, session_key: SessionKey, expired: VecDeque<Waiting>) {
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return };
        let (durable, serial) = (session.durable, session.serial);
        for Waiting { order, message, .. } in expired {
            self.metrics.queued -= 1;
            self.metrics.dropped_expired += 1;
            self.forget_outgoing(durable, serial, order, Some(&message));
            self.dropped(session_key, &Passing::of(&message), NotDelivered::Expired);
        }
    }

    /// Sends what waits for the client, in order, as far as there is room.
    pub(crate) fn refill(&mut self, session_key: SessionKey) {
        while self.is_resending(session_key) {
            if !self.resend(session_key) {
                return;
            }
        }
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return };
        let (Some(conn), Some(transit)) = (session.conn, &session.transit) else { return };
        if !transit.queue.is_empty() {
            self.send_queued(session_key, conn);
        }
        self.pump_retained(session_key);
    }

    fn send_queued(&mut self, session_key: SessionKey, conn: ConnKey) {
        let Some(window) = self.connections.get(conn.0 as usize).map(|connection| connection.window) else {
            return;
        };
        while !self.is_slow(conn) {
            let wall = self.now.wall;
            let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
            let (durable, serial) = (session.durable, session.serial);
            let Some(transit) = &mut session.transit else { return };
            if !transit.window.has_room(window) {
                return;
            }
            let Some(waiting) = transit.queue.pop() else { return };
            self.metrics.queued -= 1;
            let form = |id| Form {
                dup: false,
                qos: waiting.qos,
                retain: waiting.retain,
                packet_id: Some(id),
                ids: waiting.ids.as_deref().unwrap_or_default(),
            };
            if !self.may_still_read(session_key, &waiting.message) {
                self.forget_outgoing(durable, serial, waiting.order, Some(&waiting.message));
                self.withhold(session_key, waiting);
                continue;
            }
            let content = Content::from(&*waiting.message);
            let obstacle = if waiting.message.is_expired(wall) {
                // [MQTT-3.3.2-5]
                self.metrics.dropped_expired += 1;
                Some(NotDelivered::Expired)
            } else if self.is_too_large(conn, &content, &form(PacketId::MIN)) {
                self.metrics.dropped_large += 1;
                Some(NotDelivered::TooLarge)
            } else {
                None
            };
            if let Some(obstacle) = obstacle {
                self.forget_outgoing(durable, serial, waiting.order, Some(&waiting.message));
                self.dropped(session_key, &Passing::of(&waiting.message), obstacle);
                continue;
            }
            let Some(transit) =
                self.sessions.get_mut(session_key.0 as usize).and_then(|s| s.transit.as_mut())
            else {
                return;
            };
            let id = transit.window.push(Sent {
                order: waiting.order,
                qos: waiting.qos,
                retain: waiting.retain,
                released: false,
                counted: true,
                group: waiting.group,
                ids: waiting.ids.clone(),
                message: Some(waiting.message.clone()),
            });
            if durable {
                self.record_unqueued(session_key, id, &waiting.message);
                self.promise(conn);
            }
            self.send_publish(conn, &content, &form(id), false);
        }
    }

    /// Whether the rules let a session have a message that waited for it; they may be other ones by now.
    fn may_still_read(&self, to: SessionKey, message: &Message) -> bool {
        let session = self.sessions.get(to.0 as usize);
        session.is_none_or(|session| self.policy.may_read(session, &message.topic))
    }

    /// Keeps from a session what waited for it and is not for it any more; of a share, another member gets it.
    fn withhold(&mut self, from: SessionKey, waiting: Waiting) {
        self.metrics.not_allowed += 1;
        self.not_delivered(from, &waiting.message, NotDelivered::NotAllowed);
        if let Some(group) = waiting.group {
            self.pass_on(group, waiting.message);
        }
    }

    fn is_resending(&self, session_key: SessionKey) -> bool {
        let session = self.sessions.get(session_key.0 as usize);
        session
            .and_then(|session| session.transit.as_ref())
            .is_some_and(|transit| transit.resend_from.is_some())
    }

    /// A message to a session was lost: counted there, and reported.
    pub(crate) fn dropped(&mut self, session_key: SessionKey, passing: &Passing, cause: NotDelivered) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        session.origin.dropped = session.origin.dropped.saturating_add(1);
        if self.watch.wants(EventMask::DROPS) {
            let count = u64::from(session.origin.dropped - session.origin.reported);
            session.origin.reported = session.origin.dropped;
            let (client_id, topic) = (session.client_id.to_string(), passing.topic.to_string());
            self.event(EventKind::Dropped { client_id, topic, cause, count });
        }
        self.not_delivered_passing(session_key, passing, cause);
    }

    /// A message that matched did not go out.
    pub(crate) fn not_delivered_passing(&mut self, to: SessionKey, passing: &Passing, why: NotDelivered) {
        if self.watch.wants(EventMask::DELIVERED) {
            self.not_delivered_event(to, passing.number, &passing.topic, why);
        }
    }

    /// The same for a message that was kept.
    pub(crate) fn not_delivered(&mut self, to: SessionKey, message: &Rc<Message>, why: NotDelivered) {
        if self.watch.wants(EventMask::DELIVERED) {
            self.not_delivered_event(to, message.number, &message.topic, why);
        }
    }

    #[cold]
    fn not_delivered_event(&mut self, to: SessionKey, message: u64, topic: &str, why: NotDelivered) {
        let Some(session) = self.sessions.get(to.0 as usize) else { return };
        let to = session.client_id.to_string();
        self.event(EventKind::NotDelivered { message, to, topic: topic.to_owned(), why });
    }

    #[cold]
    fn delivered_event(&mut self, to: &Recipient<'_>, passing: &Passing, queued: bool) {
        let Some(session) = self.sessions.get(to.session.0 as usize) else { return };
        let client_id = session.client_id.to_string();
        let shared = to.group.and_then(|group| self.subscriptions.shared_filter(group));
        let filters = match to.asked.or(shared) {
            Some(filter) => vec![filter.to_string()],
            None => {
                let looked_at = session.subscriptions.iter().take(SUBSCRIPTIONS_LOOKED_AT);
                let matching = looked_at
                    .map(|(filter, _)| filter)
                    .filter(|filter| filter.share_name().is_none() && filter.matches(&passing.topic));
                matching.take(EventKind::FILTERS).map(ToString::to_string).collect()
            }
        };
        self.event(EventKind::Delivered {
            message: passing.number,
            to: client_id,
            topic: passing.topic.to_string(),
            qos: to.qos.into(),
            shared: shared.and_then(|filter| filter.share_name()).map(str::to_owned),
            queued,
            filters,
            was_retained: to.asked.is_some(),
        });
    }
}

fn boxed(ids: &[u32]) -> Option<Box<[u32]>> {
    (!ids.is_empty()).then(|| ids.into())
}
