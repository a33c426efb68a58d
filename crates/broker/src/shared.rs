//! Shared subscriptions: which member gets a message, and what becomes of what a member leaves behind (§4.8.2).
//!
//! Members take turns, in an order that does not change while nobody joins or leaves. Those come first whose connection
//! takes the message at once; then, in turn again, those that are here but have to catch up, in whose queue it waits;
//! then those that are away. One that cannot take it at all is passed over: its queue is full, it takes no packet so
//! large, no access rule lets it read the topic, or it is away or too slow and would get it with QoS 0. When nobody is left, the message is dropped, counted and
//! reported.
//!
//! What is given to a member stays with it while its session lasts, also while it is away. When the session ends, what
//! was not yet sent through the share and QoS 1 not yet acknowledged goes to another member; QoS 2 in flight never does
//! [MQTT-4.8.2-5], nor what the member itself refused [MQTT-4.8.2-6]. When it unsubscribes, only what was not yet sent
//! goes: the rest is completed [MQTT-3.10.4-3]. What waits when the last member leaves is deleted.

use std::collections::VecDeque;
use std::rc::Rc;

use lacewing_protocol::QoS;
use slab::Slab;

use crate::access::Policy;
use crate::connection::{ConnKey, Connection};
use crate::delivery::Recipient;
use crate::jobs::Job;
use crate::message::Message;
use crate::queue::Waiting;
use crate::route::Passing;
use crate::routing::{GroupKey, Matches, Readiness, SessionKey};
use crate::send::exceeds;
use crate::session::Session;
use crate::{Broker, Config, EventKind, EventMask, NotDelivered};

/// What members of shared subscriptions have left behind for others.
#[derive(Debug, Default)]
pub(crate) struct HandOver {
    left: VecDeque<LeftBehind>,
}

#[derive(Debug)]
struct LeftBehind {
    group: GroupKey,
    message: Rc<Message>,
    /// The session and place of its record, which goes when another member has the message.
    record: Option<(u64, u64)>,
}

impl Broker {
    /// Gives a message to one member of a shared subscription; whether a record was made of it.
    pub(crate) fn deliver_shared(
        &mut self,
        group: GroupKey,
        passing: &mut Passing,
        from: Option<ConnKey>,
    ) -> bool {
        let members = Members {
            policy: &self.policy,
            sessions: &self.sessions,
            connections: &self.connections,
            config: &self.config,
            wall: self.now.wall,
        };
        // A member has one subscription to the share, so there is no list of Subscription Identifiers.
        let single = Matches::default();
        let chosen = self.subscriptions.choose(group, |member| {
            members.readiness(&Recipient::of_match(&single, member, passing, Some(group), false), passing)
        });
        self.pay_for_routing();
        let Some(member) = chosen else {
            self.no_member_for(group, passing);
            return false;
        };
        let recipient = Recipient::of_match(&single, &member, passing, Some(group), false);
        self.deliver(passing, &recipient, from)
    }

    /// Gives a message that a member of a shared subscription left behind to another one.
    pub(crate) fn pass_on(&mut self, group: GroupKey, message: Rc<Message>) {
        if message.is_expired(self.now.wall) {
            self.metrics.dropped_expired += 1;
            return;
        }
        if self.subscriptions.shared_filter(group).is_none() {
            self.metrics.unmatched += 1;
            if self.watch.wants(EventMask::PUBLISHED) {
                let topic = message.topic.to_string();
                self.event(EventKind::NoSubscribers { message: message.number, topic });
            }
            return;
        }
        self.deliver_shared(group, &mut Passing::of(&message), None);
    }

    /// Takes what waits for a session through a share that it has left out of its queue, for the other members.
    pub(crate) fn leave_share(&mut self, session_key: SessionKey, group: GroupKey) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        let (durable, serial) = (session.durable, session.serial);
        let Some(transit) = &mut session.transit else { return };
        let is_left = |waiting: &Waiting| waiting.group == Some(group);
        let left = transit.queue.take(is_left);
        if left.is_empty() {
            return;
        }
        self.metrics.queued -= left.len() as u64;
        let mut hand_over = HandOver::default();
        for Waiting { order, message, .. } in left {
            hand_over.add(group, message, durable.then_some((serial, order)));
        }
        self.jobs.push_back(Job::HandOver(Box::new(hand_over)));
    }

    /// Goes on with a hand-over; whether it is done.
    pub(crate) fn go_on_handing_over(&mut self, hand_over: &mut HandOver) -> bool {
        while self.budget > 0 {
            let Some(LeftBehind { group, message, record }) = hand_over.left.pop_front() else { return true };
            self.spend(1);
            if let Some((serial, order)) = record {
                self.forget_outgoing(true, serial, order, Some(&message));
            }
            self.pass_on(group, message);
        }
        hand_over.left.is_empty()
    }

    fn no_member_for(&mut self, group: GroupKey, passing: &mut Passing) {
        passing.missed = true;
        self.metrics.dropped_shared += 1;
        if self.watch.wants(EventMask::DROPS) {
            let client_id = self.subscriptions.shared_filter(group).map(ToString::to_string);
            let (client_id, topic) = (client_id.unwrap_or_default(), passing.topic.to_string());
            self.event(EventKind::Dropped { client_id, topic, cause: NotDelivered::NoMember, count: 1 });
        }
    }
}

impl HandOver {
    /// Adds a message, and the session and place of its record.
    pub(crate) fn add(&mut self, group: GroupKey, message: Rc<Message>, record: Option<(u64, u64)>) {
        self.left.push_back(LeftBehind { group, message, record });
    }

    /// What is left, and the shared subscription it is of.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (GroupKey, &Rc<Message>)> {
        self.left.iter().map(|left| (left.group, &left.message))
    }

    /// Whether there is nothing to hand over.
    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

/// What decides who can take a message.
struct Members<'a> {
    policy: &'a Policy,
    sessions: &'a Slab<Session>,
    connections: &'a Slab<Connection>,
    config: &'a Config,
    wall: u64,
}

impl Members<'_> {
    /// How well a member can take a message now, if it can.
    fn readiness(&self, to: &Recipient<'_>, passing: &Passing) -> Option<Readiness> {
        let session = self.sessions.get(to.session.0 as usize).filter(|session| !session.ended)?;
        if !self.policy.may_read(session, &passing.topic) {
            return None;
        }
        let connection = session.conn.and_then(|conn| self.connections.get(conn.0 as usize));
        let Some(connection) = connection else {
            let waits = to.qos > QoS::AtMostOnce && self.has_room(session, passing);
            return waits.then_some(Readiness::Away);
        };
        if exceeds(connection, &passing.content(), &to.form(), self.wall) {
            return None;
        }
        let limit = self.config.outgoing_bytes as usize;
        let waiting = connection.waiting();
        if to.qos == QoS::AtMostOnce {
            return match waiting <= limit {
                true => Some(Readiness::Now),
                false if connection.exhausted || waiting > limit.saturating_mul(2) => None,
                false => Some(Readiness::Behind),
            };
        }
        if waiting <= limit && session.can_be_sent_to(connection.window) {
            return Some(Readiness::Now);
        }
        self.has_room(session, passing).then_some(Readiness::Behind)
    }

    fn has_room(&self, session: &Session, passing: &Passing) -> bool {
        let Some(transit) = &session.transit else { return true };
        transit.queue.len() < self.config.queue_messages as usize
            && transit.queue.bytes() + u64::from(passing.bytes()) <= u64::from(self.config.queue_bytes)
    }
}
