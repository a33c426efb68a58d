//! Retained messages for a new subscription, as fast as the client takes them.

use std::rc::Rc;

use lacewing_protocol::{QoS, TopicFilter};

use crate::Broker;
use crate::delivery::Recipient;
use crate::jobs::Job;
use crate::message::Message;
use crate::retain::RetainedMessage;
use crate::retained::{Cursor, Place, Step};
use crate::route::Passing;
use crate::routing::SessionKey;
use crate::sys::is_watched_by;

/// How far the retained messages of one subscription have been delivered.
#[derive(Debug)]
pub(crate) struct RetainedDelivery {
    pub(crate) cursor: Cursor,
    /// The granted QoS.
    pub(crate) qos: QoS,
    /// The Subscription Identifier.
    pub(crate) id: Option<u32>,
    /// Whether the client's own messages stay away.
    pub(crate) no_local: bool,
    /// The number of the last message before the subscription was made. Later ones go by the subscription itself, and
    /// would otherwise come twice where this has to wait.
    pub(crate) until: u64,
}

/// What is kept of it, so that a crash loses no message and doubles none: it changes together with what was delivered.
#[derive(Debug)]
pub(crate) struct Owed {
    pub(crate) until: u64,
    pub(crate) place: Place,
}

impl RetainedDelivery {
    /// What is to be kept of it now; nothing of `$SYS`, which is made anew.
    pub(crate) fn owed(&self) -> Option<Owed> {
        let is_kept = !is_watched_by(self.cursor.filter());
        is_kept.then(|| Owed { until: self.until, place: self.cursor.place() })
    }
}

/// How many messages are taken together.
const AT_ONCE: usize = 64;

/// What a subscription and a packet may add to the bytes of a message.
const OVERHEAD: usize = 16;

/// What looking at one entry costs less than delivering it.
const ENTRIES_PER_COST: u32 = 4;

impl Broker {
    /// Delivers retained messages while the client takes them and the budget lasts; the rest waits for either.
    pub(crate) fn pump_retained(&mut self, session_key: SessionKey) {
        loop {
            if self.budget == 0 {
                return self.pump_later(session_key);
            }
            let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
            let (Some(conn), Some(transit)) = (session.conn, &mut session.transit) else { return };
            if !transit.queue.is_empty() || transit.retained.is_empty() {
                return;
            }
            let Some(connection) = self.connections.get(conn.0 as usize) else { return };
            let Some(room) = (self.config.outgoing_bytes as usize).checked_sub(connection.waiting()) else {
                return;
            };
            let Some((_, delivery)) = transit.retained.iter_mut().next() else { return };
            let (qos, id, until, durable) = (delivery.qos, delivery.id, delivery.until, session.durable);
            let filter = delivery.cursor.filter().clone();
            // [MQTT-3.8.3-3]
            let own = delivery.no_local.then_some(&session.client_id);
            // The queue is empty, and what is taken may all have to go there.
            let most = AT_ONCE.min(self.config.queue_messages as usize);
            let room = room.min(self.config.queue_bytes as usize / 2);

            let mut found: Vec<Rc<Message>> = Vec::new();
            let mut bytes = 0;
            let mut done = false;
            // What a client may have retained under `$SYS` before it was the broker's is not shown.
            let is_sys = is_watched_by(delivery.cursor.filter());
            let messages = if is_sys { &self.sys.messages } else { &self.retained };
            let mut scan = messages.scan(&mut delivery.cursor, AT_ONCE as u32 * ENTRIES_PER_COST);
            while found.len() < most && bytes <= room {
                match scan.next() {
                    Step::Found(RetainedMessage { from, .. }) if from.is_some() && from.as_ref() == own => {}
                    Step::Found(RetainedMessage { message, .. }) if message.number > until && !is_sys => {}
                    Step::Found(RetainedMessage { message, .. }) => {
                        bytes += message.bytes() as usize + OVERHEAD;
                        found.push(message.clone());
                    }
                    Step::Paused => break,
                    Step::Done => {
                        done = true;
                        break;
                    }
                }
            }
            let progress = durable && !is_sys && (done || !found.is_empty());
            let progress = progress.then(|| if done { None } else { delivery.owed() });
            if done {
                transit.retained.pop_first();
            }
            self.spend(16 + found.len() as u32);
            for message in found {
                self.deliver_retained(session_key, &message, &filter, qos, id);
            }
            if let Some(owed) = progress {
                self.record_owed(session_key, &filter, owed);
            }
        }
    }

    fn deliver_retained(
        &mut self,
        session: SessionKey,
        message: &Rc<Message>,
        filter: &TopicFilter,
        qos: QoS,
        id: Option<u32>,
    ) {
        if message.is_expired(self.now.wall) {
            self.clear_retained(&message.topic);
            return;
        }
        let ids = id.as_slice();
        // [MQTT-3.3.1-8]
        let retain = true;
        let qos = qos.min(message.qos);
        let recipient =
            Recipient { session, qos, retain, ids, group: None, asked: Some(filter), many: false };
        self.deliver(&mut Passing::of(message), &recipient, None);
    }

    fn pump_later(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        let Some(transit) = session.transit.as_mut().filter(|transit| !transit.pumping) else { return };
        transit.pumping = true;
        self.jobs.push_back(Job::Retained(session_key));
    }
}
