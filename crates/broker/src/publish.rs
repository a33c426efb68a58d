//! PUBLISH from a client, and the second half of its QoS 2 (§3.3, §4.3).

use lacewing_protocol::{Ack, AckType, Publish, PublishProperties, QoS, ReasonCode, TopicName};

use crate::Broker;
use crate::connection::ConnKey;
use crate::route::{Passing, Publisher};
use crate::sys::is_reserved;

impl Broker {
    pub(crate) fn publish(&mut self, key: ConnKey, mut publish: Publish) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let Some(session_key) = connection.session() else { return };
        let features = connection.features;
        connection.messages_in += 1;
        self.metrics.published[publish.qos as usize] += 1;
        self.metrics.payload_in += publish.payload.len() as u64;
        if self.excludes_publish(key, features, &publish) {
            return;
        }
        let topic = match publish.topic.take() {
            Some(topic) if publish.properties.is_empty() => topic,
            topic => {
                if !publish.properties.subscription_identifiers.is_empty() {
                    // [MQTT-3.3.4-6]
                    return self.refuse(
                        key,
                        ReasonCode::ProtocolError,
                        "a client sends no Subscription Identifiers",
                    );
                }
                match self.resolve_alias(key, topic, &publish.properties) {
                    Ok(topic) => topic,
                    Err((reason, why)) => return self.refuse(key, reason, why),
                }
            }
        };
        if !self.admit_publish(key, &publish) {
            return;
        }
        if is_reserved(&topic) {
            self.note_refusal(key, ReasonCode::NotAuthorized, "only the broker publishes there");
            return self.drop_denied(key, session_key, &publish);
        }
        if self.is_too_deep(&topic) {
            return self.refuse_publish(
                key,
                &publish,
                ReasonCode::TopicNameInvalid,
                "the topic has too many levels",
            );
        }
        if self.policy.guards_publishing && self.denies_publish(key, session_key, &topic, &publish) {
            return;
        }
        let mut publisher = Publisher { session: Some(session_key), connection: Some(key), ack: None };
        match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(id)) => publisher.ack = Some((AckType::PubAck, id)),
            (QoS::ExactlyOnce, Some(id)) => {
                let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
                session.transit_mut().incoming.insert(id.value());
                publisher.ack = Some((AckType::PubRec, id));
            }
            _ => {}
        }
        let passing = self.passing(topic, publish);
        self.route(publisher, passing);
    }

    /// The topic that is meant, and what the alias stands for from now on (§3.3.2.3.4).
    fn resolve_alias(
        &mut self,
        key: ConnKey,
        topic: Option<TopicName>,
        properties: &PublishProperties,
    ) -> Result<TopicName, (ReasonCode, &'static str)> {
        // §3.3.4
        let unknown = (ReasonCode::ProtocolError, "the topic alias stands for nothing");
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return Err(unknown) };
        let Some(alias) = properties.topic_alias else { return topic.ok_or(unknown) };
        if alias.get() > connection.topic_alias_maximum {
            // [MQTT-3.3.2-9]
            return Err((ReasonCode::TopicAliasInvalid, "the topic alias is above the maximum"));
        }
        let Some(topic) = topic else { return connection.alias(alias).cloned().ok_or(unknown) };
        if !connection.set_alias(alias, &topic, self.config.topic_alias_bytes) {
            return Err((ReasonCode::QuotaExceeded, "the topic aliases stand for too many bytes"));
        }
        Ok(topic)
    }

    /// The message as it goes on from here.
    fn passing(&mut self, topic: TopicName, publish: Publish) -> Passing {
        let Publish { qos, retain, payload, mut properties, .. } = publish;
        let mut expires = None;
        if !properties.is_empty() {
            expires = properties
                .message_expiry_interval
                .take()
                .map(|seconds| self.now.wall.saturating_add(u64::from(seconds) * 1_000_000));
            properties.topic_alias = None;
        }
        self.last_message += 1;
        Passing {
            number: self.last_message,
            topic,
            payload,
            properties,
            qos,
            retain,
            expires,
            kept: None,
            missed: false,
        }
    }

    /// Turns a message away: with its own acknowledgement where there is one that says why, else by disconnecting.
    fn refuse_publish(&mut self, key: ConnKey, publish: &Publish, reason: ReasonCode, why: &str) {
        let is_v5 = self.connections.get(key.0 as usize).is_some_and(|connection| connection.version.is_v5());
        let (Some(id), true) = (publish.packet_id, is_v5) else { return self.refuse(key, reason, why) };
        self.note_refusal(key, reason, why);
        let ack = if publish.qos == QoS::AtLeastOnce { AckType::PubAck } else { AckType::PubRec };
        self.ends_flight(key);
        self.send_ack(key, ack, id, reason);
    }

    /// The client releases a QoS 2 message [MQTT-4.3.3-11].
    pub(crate) fn pubrel(&mut self, key: ConnKey, ack: &Ack) {
        let Some(session_key) =
            self.connections.get(key.0 as usize).and_then(|connection| connection.session())
        else {
            return;
        };
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        let (durable, serial, id) = (session.durable, session.serial, ack.packet_id.value());
        let known = session.transit.as_mut().is_some_and(|transit| transit.incoming.remove(id));
        if known {
            self.forget_incoming(durable, serial, id);
        }
        if durable {
            self.promise(key);
        }
        if known {
            self.ends_flight(key);
        }
        let reason = if known { ReasonCode::Success } else { ReasonCode::PacketIdentifierNotFound };
        self.send_ack(key, AckType::PubComp, ack.packet_id, reason);
    }
}
