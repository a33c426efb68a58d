//! From one message to all that want it, in one call or in several.
//!
//! What is too much for the call that brought a message is left to a job: to find its receivers in a huge trie, or to
//! give it to very many. The messages of one client stay in order all the same [MQTT-4.6.0-5]: its connection is not
//! read meanwhile, and what comes from it otherwise, a will or a message on its next connection, waits behind.

use std::collections::VecDeque;
use std::collections::btree_map::Entry;
use std::rc::Rc;

use lacewing_protocol::{AckType, ReasonCode};

use crate::delivery::Recipient;
use crate::jobs::Job;
use crate::route::{Passing, Publisher};
use crate::routing::{Matches, SessionKey};
use crate::session::Session;
use crate::sys::is_reserved;
use crate::{Broker, ConnId, EventMask, NotDelivered};

/// A message that is being given to its receivers, some now, some in a later call.
#[derive(Debug)]
pub(crate) struct FanOut {
    passing: Passing,
    /// Who gets it, once that is found.
    matches: Option<Rc<Matches>>,
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
    /// Gives a message to its receivers, now or in a job, and then acknowledges it.
    #[inline]
    pub(crate) fn give_out(&mut self, publisher: Publisher, passing: Passing, recorded: bool) {
        let last_serial = self.last_serial;
        let fan_out = |passing, matches| FanOut {
            passing,
            matches,
            publisher,
            conn: None,
            next: 0,
            last_serial,
            recorded,
        };
        if !self.unfinished.is_empty() && self.unfinished.contains_key(&self.publishing_client(publisher)) {
            return self.leave(fan_out(passing, None));
        }
        let matches = self.subscriptions.matches(passing.number, &passing.topic);
        self.pay_for_routing();
        let Some(matches) = matches else { return self.leave(fan_out(passing, None)) };
        self.found_receivers(publisher, &passing, &matches);
        if matches.is_empty() {
            return self.acknowledge(publisher, recorded, ReasonCode::NoMatchingSubscribers);
        }
        let mut fan_out = fan_out(passing, Some(matches));
        if !self.fan_out(&mut fan_out) {
            return self.leave(fan_out);
        }
        let reason = self.outcome(publisher, &fan_out.passing);
        self.acknowledge(publisher, fan_out.recorded, reason);
    }

    /// Goes on with the messages of a client that were left, in their order; whether all are done.
    pub(crate) fn go_on_fanning_out(&mut self, client: &Option<Rc<str>>) -> bool {
        while let Some(left) = self.unfinished.get_mut(client) {
            let Some(mut fan_out) = left.pop_front() else {
                self.unfinished.remove(client);
                break;
            };
            if !self.finish(&mut fan_out) {
                self.unfinished.entry(client.clone()).or_default().push_front(fan_out);
                return false;
            }
        }
        true
    }

    /// Leaves a message to a job, behind what is left of the same client's.
    #[cold]
    fn leave(&mut self, mut fan_out: FanOut) {
        let publisher = fan_out.publisher;
        let connection = publisher.connection.and_then(|key| self.connections.get_mut(key.0 as usize));
        if let Some(connection) = connection {
            connection.busy = true;
            fan_out.conn = Some(connection.id);
        }
        fan_out.passing.keep();
        match self.unfinished.entry(self.publishing_client(publisher)) {
            Entry::Occupied(left) => left.into_mut().push_back(fan_out),
            Entry::Vacant(none) => {
                self.jobs.push_back(Job::FanOut(none.key().clone()));
                none.insert(VecDeque::from([fan_out]));
            }
        }
    }

    /// The client id of who publishes; `None` is the broker or its operator.
    fn publishing_client(&self, publisher: Publisher) -> Option<Rc<str>> {
        let session = self.sessions.get(publisher.session?.0 as usize)?;
        Some(session.client_id.clone())
    }

    /// Goes on with a message that was left, and acknowledges it when it is done; whether it is.
    fn finish(&mut self, fan_out: &mut FanOut) -> bool {
        self.find_publisher(fan_out);
        if !self.find_receivers(fan_out) || !self.fan_out(fan_out) {
            return false;
        }
        let FanOut { publisher, recorded, ref passing, .. } = *fan_out;
        let Some(key) = publisher.connection else {
            self.remember_incoming(publisher);
            return true;
        };
        let reason = match &fan_out.matches {
            Some(matches) if matches.is_empty() => ReasonCode::NoMatchingSubscribers,
            _ => self.outcome(publisher, passing),
        };
        self.acknowledge(publisher, recorded, reason);
        self.free(key);
        true
    }

    /// Forgets the publisher's connection and session if they are gone: others may have their places by now.
    fn find_publisher(&self, fan_out: &mut FanOut) {
        let publisher = &mut fan_out.publisher;
        publisher.connection = fan_out.conn.and_then(|conn| {
            let key = *self.connection_keys.get(&conn)?;
            self.connections.get(key.0 as usize)?.session().map(|_| key)
        });
        publisher.session = publisher.session.filter(|session| {
            let session = self.sessions.get(session.0 as usize);
            session.is_some_and(|session| session.serial <= fan_out.last_serial)
        });
    }

    /// Goes on finding who gets a message that was left; whether that is known.
    fn find_receivers(&mut self, fan_out: &mut FanOut) -> bool {
        if fan_out.matches.is_some() {
            return true;
        }
        let passing = &fan_out.passing;
        fan_out.matches = self.subscriptions.seek(passing.number, &passing.topic, self.budget);
        self.pay_for_routing();
        if let Some(matches) = &fan_out.matches {
            self.found_receivers(fan_out.publisher, passing, matches);
        }
        fan_out.matches.is_some()
    }

    /// Tells and counts whom a message goes to, unless it is the broker's own.
    fn found_receivers(&mut self, publisher: Publisher, passing: &Passing, matches: &Matches) {
        if self.watch.wants(EventMask::PUBLISHED) && !is_reserved(&passing.topic) {
            self.published_event(publisher, passing, matches);
        }
        if matches.is_empty() && !is_reserved(&passing.topic) {
            self.metrics.unmatched += 1;
        }
    }

    /// Gives a message to the receivers that are left, while the budget lasts; whether it is done.
    fn fan_out(&mut self, fan_out: &mut FanOut) -> bool {
        let FanOut { passing, matches: Some(matches), publisher, next, last_serial, recorded, .. } = fan_out
        else {
            return false;
        };
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

    /// Whether a QoS 2 message of a session is still being given to its receivers. Until that is done it was not received:
    /// its client may have to send it again.
    pub(crate) fn is_given_out(&self, key: SessionKey, session: &Session, id: u16) -> bool {
        let is_it = |fan_out: &FanOut| {
            let Publisher { session: publisher, ack, .. } = fan_out.publisher;
            let is_its = matches!(ack, Some((AckType::PubRec, due)) if due.value() == id);
            is_its && publisher == Some(key) && session.serial <= fan_out.last_serial
        };
        self.unfinished.get(&Some(session.client_id.clone())).is_some_and(|left| left.iter().any(is_it))
    }

    /// Notes the identifier of a QoS 2 message whose publisher's connection is gone, if its session is still there.
    fn remember_incoming(&mut self, publisher: Publisher) {
        let (Some(session_key), Some((AckType::PubRec, id))) = (publisher.session, publisher.ack) else {
            return;
        };
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return };
        if session.transit.as_ref().is_some_and(|transit| transit.incoming.contains(id.value())) {
            self.record_incoming(session_key, id);
        }
    }
}
