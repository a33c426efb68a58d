//! SUBSCRIBE and UNSUBSCRIBE (§3.8 to §3.11).

use lacewing_protocol::{
    AckProperties, Packet, ReasonCode, RetainHandling, SubAck, Subscribe, SubscriptionOptions, TopicFilter,
    UnsubAck, Unsubscribe,
};

use crate::connection::ConnKey;
use crate::retained_delivery::RetainedDelivery;
use crate::routing::{Inserted, SessionKey};
use crate::subscription_list::Subscription;
use crate::{Broker, EventKind, EventMask};

impl Broker {
    pub(crate) fn subscribe(&mut self, key: ConnKey, subscribe: Subscribe) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let Some(session_key) = connection.session() else { return };
        let id = subscribe.subscription_identifier;
        let mut reasons = Vec::with_capacity(subscribe.filters.len());
        let mut retained = Vec::new();
        for (filter, options) in subscribe.filters {
            let reason = match self.add_subscription(session_key, &filter, options, id) {
                Ok(inserted) => {
                    let wanted = match options.retain_handling {
                        RetainHandling::SendAlways => true,
                        RetainHandling::SendIfNew => inserted == Inserted::New,
                        RetainHandling::DoNotSend => false,
                    };
                    if wanted && filter.share_name().is_none() && self.retained.len() > 0 {
                        let cursor = self.retained.cursor(&filter.compact());
                        retained.push(RetainedDelivery { cursor, qos: options.qos, id });
                    }
                    ReasonCode::granted(options.qos)
                }
                Err(reason) => reason,
            };
            reasons.push(reason);
        }
        self.promise_if_durable(key, session_key);
        let packet_id = subscribe.packet_id;
        self.send(key, &Packet::SubAck(SubAck { packet_id, reasons, properties: AckProperties::default() }));
        if retained.is_empty() {
            return;
        }
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        session.transit_mut().retained.extend(retained);
        self.pump_retained(session_key);
    }

    fn add_subscription(
        &mut self,
        session_key: SessionKey,
        filter: &TopicFilter,
        options: SubscriptionOptions,
        id: Option<u32>,
    ) -> Result<Inserted, ReasonCode> {
        if self.is_too_deep(filter.filter()) {
            return Err(ReasonCode::TopicFilterInvalid);
        }
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else {
            return Err(ReasonCode::UnspecifiedError);
        };
        let known = session.subscriptions.find(filter).is_some();
        if !known && session.subscriptions.len() >= self.config.subscriptions {
            return Err(ReasonCode::QuotaExceeded);
        }
        let filter = filter.compact();
        let subscription = Subscription { options, id };
        session.subscriptions.insert(filter.clone(), subscription);
        let inserted = self.subscriptions.insert(&filter, session_key, options, id);
        self.metrics.subscriptions = u32::try_from(self.subscriptions.len()).unwrap_or(u32::MAX);
        self.record_subscription(session_key, &filter, subscription);
        if self.watch.wants(EventMask::SUBSCRIPTIONS)
            && let Some(session) = self.sessions.get(session_key.0 as usize)
        {
            let (client_id, filter) = (session.client_id.to_string(), filter.to_string());
            let (qos, replaced) = (options.qos.into(), inserted == Inserted::Replaced);
            self.event(EventKind::Subscribed { client_id, filter, qos, replaced });
        }
        Ok(inserted)
    }

    pub(crate) fn unsubscribe(&mut self, key: ConnKey, unsubscribe: &Unsubscribe) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let Some(session_key) = connection.session() else { return };
        let reasons =
            unsubscribe.filters.iter().map(|filter| self.end_subscription(session_key, filter)).collect();
        self.promise_if_durable(key, session_key);
        let packet_id = unsubscribe.packet_id;
        self.send(
            key,
            &Packet::UnsubAck(UnsubAck { packet_id, reasons, properties: AckProperties::default() }),
        );
    }

    fn end_subscription(&mut self, session_key: SessionKey, filter: &TopicFilter) -> ReasonCode {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else {
            return ReasonCode::UnspecifiedError;
        };
        if session.subscriptions.remove(filter).is_none() {
            return ReasonCode::NoSubscriptionExisted;
        }
        if let Some(transit) = &mut session.transit {
            transit.retained.retain(|delivery| delivery.cursor.filter() != filter);
        }
        self.subscriptions.remove(filter, session_key);
        self.metrics.subscriptions = u32::try_from(self.subscriptions.len()).unwrap_or(u32::MAX);
        self.forget_subscription(session_key, filter);
        if self.watch.wants(EventMask::SUBSCRIPTIONS)
            && let Some(session) = self.sessions.get(session_key.0 as usize)
        {
            let (client_id, filter) = (session.client_id.to_string(), filter.to_string());
            self.event(EventKind::Unsubscribed { client_id, filter });
        }
        ReasonCode::Success
    }
}
