//! CONNACK: what a client that comes in, or may not, is told (§3.2).

use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;
use lacewing_protocol::{
    ConnAck, ConnAckProperties, Connect, Packet, PacketType, QoS, ReasonCode, Utf8String,
};

use crate::config::LARGEST_PACKET;
use crate::connection::ConnKey;
use crate::terms::Features;
use crate::{Broker, CloseReason};

/// What is agreed on with a client that comes in.
#[derive(Debug, Clone)]
pub(crate) struct Agreed {
    /// Seconds the session outlives the connection.
    pub(crate) expiry: u32,
    /// The keep-alive in force, seconds; 0 is none.
    pub(crate) keep_alive: u16,
    /// What the broker can do for it.
    pub(crate) features: Features,
    /// The Response Information it asked for.
    pub(crate) response: Option<Utf8String>,
    /// The last Authentication Data of its exchange.
    pub(crate) data: Option<Bytes>,
}

impl Broker {
    /// Answers a CONNECT with a refusal, where its version has one for the reason, and closes.
    pub(crate) fn refuse_connect(&mut self, key: ConnKey, reason: ReasonCode, why: &str) {
        self.note_refusal(key, reason, why);
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let reason = if reason.is_error() { reason } else { ReasonCode::NotAuthorized };
        if connection.version.is_v5() || has_return_code(reason) {
            let mut properties = ConnAckProperties::default();
            if connection.wants_problem_information() {
                properties.reason_string = Utf8String::try_from(why).ok();
            }
            properties.server_reference = self.server_reference(reason);
            // A code that a CONNACK does not carry could come from the host.
            let reason =
                if reason.is_valid_in(PacketType::ConnAck) { reason } else { ReasonCode::UnspecifiedError };
            self.send(
                key,
                &Packet::ConnAck(Box::new(ConnAck { session_present: false, reason, properties })),
            );
        }
        self.close(key, CloseReason::Refused(reason));
    }

    /// The CONNACK of a client that comes in.
    pub(crate) fn conn_ack(
        &self,
        key: ConnKey,
        connect: &Connect,
        agreed: &Agreed,
        session_present: bool,
    ) -> Packet {
        let mut properties = ConnAckProperties::default();
        if connect.version.is_v5() {
            let Agreed { expiry, keep_alive, features, response, data } = agreed;
            let asked = connect.properties.session_expiry_interval.unwrap_or(0);
            let config = &self.config;
            properties.session_expiry_interval = (asked != *expiry).then_some(*expiry);
            properties.receive_maximum =
                NonZeroU16::new(config.receive_maximum).filter(|max| max.get() < u16::MAX);
            properties.maximum_packet_size =
                NonZeroU32::new(config.maximum_packet_size).filter(|max| max.get() < LARGEST_PACKET);
            properties.topic_alias_maximum = Some(config.topic_alias_maximum).filter(|max| *max > 0);
            properties.server_keep_alive = (*keep_alive != connect.keep_alive).then_some(*keep_alive);
            let extras =
                self.connections.get(key.0 as usize).and_then(|connection| connection.extras.as_ref());
            if extras.is_some_and(|extras| extras.assigned) {
                properties.assigned_client_identifier = Some(connect.client_id.clone());
            }
            let unless = |available: bool| (!available).then_some(false);
            properties.maximum_qos = Some(features.maximum_qos).filter(|qos| *qos < QoS::ExactlyOnce);
            properties.retain_available = unless(features.retain);
            properties.wildcard_subscription_available = unless(features.wildcard_subscriptions);
            properties.shared_subscription_available = unless(features.shared_subscriptions);
            properties.subscription_identifiers_available = unless(features.subscription_identifiers);
            properties.response_information = response.clone();
            if let Some(method) = &connect.properties.authentication_method {
                // [MQTT-4.12.0-5], and without a method neither [MQTT-4.12.0-6]
                properties.authentication_method = Some(method.clone());
                properties.authentication_data = data.clone();
            }
        }
        Packet::ConnAck(Box::new(ConnAck { session_present, reason: ReasonCode::Success, properties }))
    }
}

/// Whether a CONNACK before 5.0 can say it; other refusals are silent (3.1.1 §3.2.2.3).
fn has_return_code(reason: ReasonCode) -> bool {
    matches!(
        reason,
        ReasonCode::UnsupportedProtocolVersion
            | ReasonCode::ClientIdentifierNotValid
            | ReasonCode::ServerUnavailable
            | ReasonCode::BadUserNameOrPassword
            | ReasonCode::NotAuthorized
            | ReasonCode::Banned
            | ReasonCode::QuotaExceeded
            | ReasonCode::ServerBusy
    )
}
