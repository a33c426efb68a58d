//! SUBSCRIBE and UNSUBSCRIBE (§3.8 to §3.11).

use std::collections::BTreeMap;
use std::vec::IntoIter;

use lacewing_protocol::{
    AckProperties, Packet, PacketId, ReasonCode, RetainHandling, SubAck, Subscribe, SubscriptionOptions,
    TopicFilter, UnsubAck, Unsubscribe,
};

use crate::connection::ConnKey;
use crate::jobs::Job;
use crate::retained_delivery::{Owed, RetainedDelivery};
use crate::routing::{Inserted, SessionKey};
use crate::subscription_list::{Subscription, cost};
use crate::sys::is_watched_by;
use crate::terms::Features;
use crate::{Broker, ConnId, EventKind, EventMask};

/// A SUBSCRIBE or UNSUBSCRIBE of which some filters are done and others, if there are very many, are left.
#[derive(Debug)]
pub(crate) struct SubscriptionChange {
    conn: ConnId,
    packet_id: PacketId,
    left: Left,
    reasons: Vec<ReasonCode>,
    /// By subscription, so that one named often counts once.
    retained: BTreeMap<TopicFilter, RetainedDelivery>,
}

#[derive(Debug)]
enum Left {
    Subscribe { filters: IntoIter<(TopicFilter, SubscriptionOptions)>, id: Option<u32> },
    Unsubscribe { filters: IntoIter<TopicFilter> },
}

impl Broker {
    pub(crate) fn subscribe(&mut self, key: ConnKey, subscribe: Subscribe) {
        if self.excludes_subscribe(key, &subscribe) {
            return;
        }
        let filters = subscribe.filters.into_iter();
        let left = Left::Subscribe { filters, id: subscribe.subscription_identifier };
        self.change_subscriptions(key, subscribe.packet_id, left);
    }

    pub(crate) fn unsubscribe(&mut self, key: ConnKey, unsubscribe: Unsubscribe) {
        let left = Left::Unsubscribe { filters: unsubscribe.filters.into_iter() };
        self.change_subscriptions(key, unsubscribe.packet_id, left);
    }

    fn change_subscriptions(&mut self, key: ConnKey, packet_id: PacketId, left: Left) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let conn = connection.id;
        let mut change =
            SubscriptionChange { conn, packet_id, left, reasons: Vec::new(), retained: BTreeMap::new() };
        if self.go_on_changing(&mut change) {
            return;
        }
        if let Some(connection) = self.connections.get_mut(key.0 as usize) {
            connection.busy = true;
        }
        self.jobs.push_back(Job::Subscriptions(Box::new(change)));
    }

    /// Goes on with the filters that are left while the budget lasts; whether it is done, and answered.
    pub(crate) fn go_on_changing(&mut self, change: &mut SubscriptionChange) -> bool {
        let Some(&key) = self.connection_keys.get(&change.conn) else { return true };
        let Some(connection) = self.connections.get(key.0 as usize) else { return true };
        let Some(session_key) = connection.session() else { return true };
        let maximum_qos = connection.features.maximum_qos;
        loop {
            if self.budget == 0 {
                return false;
            }
            self.budget -= 1;
            let reason = match &mut change.left {
                Left::Subscribe { filters, id } => {
                    let Some((filter, options)) = filters.next() else { break };
                    // [MQTT-3.2.2-10]
                    let options = SubscriptionOptions { qos: options.qos.min(maximum_qos), ..options };
                    match self.subscribe_to(key, session_key, &filter, (options, *id), &change.retained) {
                        Ok(retained) => {
                            change.retained.extend(retained.map(|one| (one.cursor.filter().clone(), one)));
                            ReasonCode::granted(options.qos)
                        }
                        Err(reason) => reason,
                    }
                }
                Left::Unsubscribe { filters } => {
                    let Some(filter) = filters.next() else { break };
                    self.end_subscription(session_key, &filter)
                }
            };
            change.reasons.push(reason);
        }
        self.answer_change(key, session_key, change);
        true
    }

    /// Makes one subscription; the retained messages that come with it, if any do. Those of earlier filters in the packet
    /// are still to start.
    fn subscribe_to(
        &mut self,
        key: ConnKey,
        session_key: SessionKey,
        filter: &TopicFilter,
        (options, id): (SubscriptionOptions, Option<u32>),
        to_start: &BTreeMap<TopicFilter, RetainedDelivery>,
    ) -> Result<Option<RetainedDelivery>, ReasonCode> {
        let features = self.connections.get(key.0 as usize).map(|connection| connection.features);
        let features = features.unwrap_or(Features::ALL);
        if let Some((reason, _)) = features.excludes_filter(filter) {
            return Err(reason);
        }
        if self.denies_subscription(key, session_key, filter) {
            return Err(ReasonCode::NotAuthorized);
        }
        let owed = to_start.get(filter).and_then(RetainedDelivery::owed);
        let subscription = Subscription { options, id };
        let inserted = self.add_subscription(session_key, filter.compact(), subscription, owed)?;
        let retained = self.retained_delivery(filter, options, id, inserted).filter(|_| features.retain);
        if let Some(delivery) = &retained
            && let Some(owed) = delivery.owed()
        {
            self.record_owed(session_key, delivery.cursor.filter(), Some(owed));
        }
        Ok(retained)
    }

    fn answer_change(&mut self, key: ConnKey, session_key: SessionKey, change: &mut SubscriptionChange) {
        let (packet_id, reasons) = (change.packet_id, std::mem::take(&mut change.reasons));
        let properties = AckProperties::default();
        self.promise_if_durable(key, session_key);
        self.send(
            key,
            &match change.left {
                Left::Subscribe { .. } => Packet::SubAck(SubAck { packet_id, reasons, properties }),
                Left::Unsubscribe { .. } => Packet::UnsubAck(UnsubAck { packet_id, reasons, properties }),
            },
        );
        self.free(key);
        if !change.retained.is_empty()
            && let Some(session) = self.sessions.get_mut(session_key.0 as usize)
        {
            session.transit_mut().retained.append(&mut change.retained);
        }
        // Also after UNSUBSCRIBE: with what waited through a share gone, nothing may be left before them.
        self.pump_retained(session_key);
    }

    /// Lets a connection be read again after a request of its own that took more than one call.
    pub(crate) fn free(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if std::mem::take(&mut connection.busy) {
            self.read_later(key);
        }
    }

    /// The retained messages that come with a subscription, if any do (§3.3.1.3).
    fn retained_delivery(
        &self,
        filter: &TopicFilter,
        options: SubscriptionOptions,
        id: Option<u32>,
        inserted: Inserted,
    ) -> Option<RetainedDelivery> {
        let wanted = match options.retain_handling {
            // [MQTT-3.3.1-9]
            RetainHandling::SendAlways => true,
            // [MQTT-3.3.1-10]
            RetainHandling::SendIfNew => inserted == Inserted::New,
            // [MQTT-3.3.1-11]
            RetainHandling::DoNotSend => false,
        };
        let wanted =
            wanted && filter.share_name().is_none() && (self.retained.len() > 0 || is_watched_by(filter));
        wanted.then(|| RetainedDelivery {
            cursor: self.retained.cursor(&filter.compact()),
            qos: options.qos,
            id,
            no_local: options.no_local,
            until: self.last_message,
        })
    }

    fn add_subscription(
        &mut self,
        session_key: SessionKey,
        filter: TopicFilter,
        subscription: Subscription,
        owed: Option<Owed>,
    ) -> Result<Inserted, ReasonCode> {
        let Subscription { options, id } = subscription;
        if self.is_too_deep(filter.filter()) {
            return Err(ReasonCode::TopicFilterInvalid);
        }
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else {
            return Err(ReasonCode::UnspecifiedError);
        };
        let known = session.subscriptions.find(&filter).is_some();
        let bytes = session.subscriptions.bytes() + cost(&filter);
        let is_full = session.subscriptions.len() >= self.config.subscriptions
            || bytes > u64::from(self.config.subscription_bytes);
        if !known && is_full {
            return Err(ReasonCode::QuotaExceeded);
        }
        session.subscriptions.insert(filter.clone(), subscription);
        let started = session.transit.as_ref().and_then(|transit| transit.retained.get(&filter));
        let owed = owed.or_else(|| started.and_then(RetainedDelivery::owed));
        let inserted = self.subscriptions.insert(&filter, session_key, options, id);
        self.count_subscriptions();
        if is_watched_by(&filter) {
            self.watch_sys();
        }
        self.record_subscription(session_key, &filter, subscription, owed);
        if self.watch.wants(EventMask::SUBSCRIPTIONS)
            && let Some(session) = self.sessions.get(session_key.0 as usize)
        {
            let (client_id, filter) = (session.client_id.to_string(), filter.to_string());
            let (qos, replaced) = (options.qos.into(), inserted == Inserted::Replaced);
            self.event(EventKind::Subscribed { client_id, filter, qos, replaced });
        }
        Ok(inserted)
    }

    fn end_subscription(&mut self, session_key: SessionKey, filter: &TopicFilter) -> ReasonCode {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else {
            return ReasonCode::UnspecifiedError;
        };
        if session.subscriptions.remove(filter).is_none() {
            return ReasonCode::NoSubscriptionExisted;
        }
        if let Some(transit) = &mut session.transit {
            transit.retained.remove(filter);
        }
        let group = self.subscriptions.group(filter);
        self.subscriptions.remove(filter, session_key);
        self.count_subscriptions();
        self.forget_subscription(session_key, filter);
        if let Some(group) = group {
            self.leave_share(session_key, group);
        }
        if self.watch.wants(EventMask::SUBSCRIPTIONS)
            && let Some(session) = self.sessions.get(session_key.0 as usize)
        {
            let (client_id, filter) = (session.client_id.to_string(), filter.to_string());
            self.event(EventKind::Unsubscribed { client_id, filter });
        }
        ReasonCode::Success
    }

    pub(crate) fn count_subscriptions(&mut self) {
        self.metrics.subscriptions = u32::try_from(self.subscriptions.len()).unwrap_or(u32::MAX);
    }
}
