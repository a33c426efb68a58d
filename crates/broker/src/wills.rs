//! Will Messages (§3.1.2.5).

use std::rc::Rc;

use crate::broker::WallTimer;
use crate::message::Message;
use crate::route::Publisher;
use crate::routing::SessionKey;
use crate::{Broker, EventKind, EventMask, WillCancelled};

impl Broker {
    /// The will delay is over.
    pub(crate) fn will_is_due(&mut self, session_key: SessionKey) {
        if self.sessions.get(session_key.0 as usize).is_some_and(|session| session.conn.is_none()) {
            self.send_will(session_key);
        }
        self.end_if_only_a_will(session_key);
    }

    /// Publishes the will of a client that was lost, if it left one [MQTT-3.1.2-8].
    pub(crate) fn send_will(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        let Some(will) = session.will.take() else { return };
        let client_id = session.client_id.clone();
        let is_allowed = self.policy.may_publish(session, &will.message.topic);
        self.wall_timers.clear(WallTimer::Will(session_key));
        self.forget_will(&client_id);
        if !is_allowed {
            if self.watch.wants(EventMask::STATE) {
                let (client_id, why) = (client_id.to_string(), WillCancelled::NotAllowed);
                self.event(EventKind::WillCancelled { client_id, why });
            }
            return;
        }
        self.metrics.wills += 1;
        if self.watch.wants(EventMask::STATE) {
            let (client_id, topic) = (client_id.to_string(), will.message.topic.to_string());
            self.event(EventKind::WillSent { client_id, topic });
        }
        let kept = &will.message;
        self.last_message += 1;
        let message = Rc::new(Message {
            number: self.last_message,
            topic: kept.topic.clone(),
            payload: kept.payload.clone(),
            properties: kept.properties.clone(),
            qos: kept.qos,
            retain: kept.retain,
            expires: will.expiry.map(|expiry| self.now.wall + u64::from(expiry) * 1_000_000),
            recorded: Default::default(),
        });
        self.route_kept(Publisher { session: Some(session_key), ..Publisher::default() }, message);
    }

    /// Forgets the will [MQTT-3.1.2-10].
    pub(crate) fn cancel_will(&mut self, session_key: SessionKey, why: WillCancelled) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        if session.will.take().is_none() {
            return;
        }
        let client_id = session.client_id.clone();
        self.wall_timers.clear(WallTimer::Will(session_key));
        self.forget_will(&client_id);
        if self.watch.wants(EventMask::STATE) {
            self.event(EventKind::WillCancelled { client_id: client_id.to_string(), why });
        }
    }

    /// After a restart, a client without a session may have left a will; nothing else is kept of it.
    fn end_if_only_a_will(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return };
        if session.conn.is_none() && session.expiry == 0 {
            self.end_session(session_key);
        }
    }
}
