//! What an access rule keeps a client from, and how the client hears of it.

use lacewing_protocol::{AckType, Connect, Publish, QoS, ReasonCode, TopicFilter};

use crate::access::{Who, is_own};
use crate::connection::ConnKey;
use crate::route::Publisher;
use crate::routing::SessionKey;
use crate::{Act, Broker, EventKind, EventMask, Listener};

impl Broker {
    /// Whether a rule keeps the client from publishing to `topic`; then the message has been dealt with.
    pub(crate) fn denies_publish(
        &mut self,
        key: ConnKey,
        session_key: SessionKey,
        topic: &str,
        publish: &Publish,
    ) -> bool {
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return false };
        if self.policy.may_publish(session, topic) {
            return false;
        }
        self.drop_denied(key, session_key, publish);
        self.metrics.refusals += 1;
        if self.watch.wants(EventMask::CLIENTS) {
            self.not_allowed_event(key, session_key, Act::Publish, topic);
        }
        true
    }

    /// Drops a message to a topic that is not for the client, and answers it.
    ///
    /// 5.0 has a reason code for it, where there is an acknowledgement. Before, the message is acknowledged as if it were
    /// routed, with QoS 2 up to its PUBCOMP: to end the connection would keep the client from everything else, and it
    /// would only come back with it.
    pub(crate) fn drop_denied(&mut self, key: ConnKey, session_key: SessionKey, publish: &Publish) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let Some(id) = publish.packet_id else { return };
        let ack = if publish.qos == QoS::AtLeastOnce { AckType::PubAck } else { AckType::PubRec };
        if connection.version.is_v5() {
            self.ends_flight(key);
            return self.send_ack(key, ack, id, ReasonCode::NotAuthorized);
        }
        if ack == AckType::PubRec {
            let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
            session.transit_mut().incoming.insert(id.value());
        }
        let publisher = Publisher { session: Some(session_key), connection: Some(key), ack: Some((ack, id)) };
        self.acknowledge(publisher, false, ReasonCode::Success);
    }

    /// Whether a rule keeps the client from subscribing to all that `filter` matches.
    pub(crate) fn denies_subscription(&mut self, key: ConnKey, to: SessionKey, filter: &TopicFilter) -> bool {
        let Some(session) = self.sessions.get(to.0 as usize) else { return false };
        let cost = self.policy.subscription_cost(session, filter.filter());
        let is_denied = self.policy.forbids_subscribing(session, filter.filter()).is_some();
        self.spend(cost);
        if is_denied {
            self.metrics.refusals += 1;
            if self.watch.wants(EventMask::CLIENTS) {
                self.not_allowed_event(key, to, Act::Subscribe, filter.filter());
            }
        }
        is_denied
    }

    /// Why a client cannot come in with its will: a rule keeps it from publishing that.
    pub(crate) fn denies_will(
        &self,
        listener: Listener,
        connect: &Connect,
        user: Option<&str>,
    ) -> Option<String> {
        let will = connect.will.as_ref().filter(|_| !is_own(listener))?;
        let who = Who { client_id: &connect.client_id, user };
        let rule = self.policy.forbids_to(&who, Act::Publish, &will.topic)?;
        Some(format!("its will is for {}, which it may not publish to: {rule}", will.topic))
    }

    #[cold]
    fn not_allowed_event(&mut self, key: ConnKey, session_key: SessionKey, act: Act, topics: &str) {
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return };
        let (rule, verb) = match act {
            Act::Subscribe => (self.policy.forbids_subscribing(session, topics), "subscribe"),
            Act::Publish | Act::Both => (self.policy.forbids(session, Act::Publish, topics), "publish"),
        };
        let why = match rule {
            Some(rule) => format!("it may not {verb} to {topics}: {rule}"),
            None => format!("it may not {verb} to {topics}"),
        };
        let Some((conn, client_id)) = self.who(key) else { return };
        let reason = ReasonCode::NotAuthorized.value();
        self.event(EventKind::Refused { conn, client_id, reason, why });
    }
}
