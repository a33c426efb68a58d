//! What holds for one connection: what its CONNACK says the broker can do for it (§3.2.2.3).

use lacewing_protocol::{Connect, Publish, QoS, ReasonCode, Subscribe, TopicFilter};

use crate::access::is_own;
use crate::connection::ConnKey;
use crate::{Broker, Listener, Terms};

/// What the broker can do for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features {
    /// The highest QoS that it may publish with.
    pub(crate) maximum_qos: QoS,
    /// Whether it may publish retained messages, and is given them.
    pub(crate) retain: bool,
    pub(crate) wildcard_subscriptions: bool,
    pub(crate) shared_subscriptions: bool,
    pub(crate) subscription_identifiers: bool,
}

impl Features {
    pub(crate) const ALL: Self = Self {
        maximum_qos: QoS::ExactlyOnce,
        retain: true,
        wildcard_subscriptions: true,
        shared_subscriptions: true,
        subscription_identifiers: true,
    };

    /// Why a message or will cannot be taken.
    fn excludes(&self, qos: QoS, retain: bool) -> Option<(ReasonCode, &'static str)> {
        if qos > self.maximum_qos {
            return Some((ReasonCode::QoSNotSupported, "the QoS is above the maximum"));
        }
        (retain && !self.retain).then_some((ReasonCode::RetainNotSupported, "nothing is retained here"))
    }

    /// Why a subscription cannot be made.
    pub(crate) fn excludes_filter(&self, filter: &TopicFilter) -> Option<(ReasonCode, &'static str)> {
        if !self.shared_subscriptions && filter.share_name().is_some() {
            let why = "there are no shared subscriptions here";
            return Some((ReasonCode::SharedSubscriptionsNotSupported, why));
        }
        (!self.wildcard_subscriptions && filter.is_wildcard())
            .then_some((ReasonCode::WildcardSubscriptionsNotSupported, "filters have no wildcards here"))
    }
}

impl Broker {
    /// What holds for a client that comes in.
    pub(crate) fn features(&self, listener: Listener, user: Option<&str>) -> Features {
        let mut features = Features {
            wildcard_subscriptions: self.config.wildcard_subscriptions,
            shared_subscriptions: self.config.shared_subscriptions,
            subscription_identifiers: self.config.subscription_identifiers,
            ..Features::ALL
        };
        for terms in self.terms(listener, user) {
            features.maximum_qos = features.maximum_qos.min(terms.maximum_qos().unwrap_or(QoS::ExactlyOnce));
            features.retain &= terms.retain_available.unwrap_or(true);
        }
        features
    }

    /// The keep-alive in force with a client that comes in (§3.2.2.3.14); before 5.0 it is the client's.
    pub(crate) fn keep_alive(&self, connect: &Connect, listener: Listener, user: Option<&str>) -> u16 {
        let asked = connect.keep_alive;
        if !connect.version.is_v5() {
            return asked;
        }
        let terms = self.terms(listener, user).filter_map(|terms| terms.keep_alive_maximum);
        let maxima = terms.chain([self.config.keep_alive_maximum, asked]);
        maxima.filter(|seconds| *seconds > 0).min().unwrap_or(0)
    }

    /// The terms of the client's listener and user.
    fn terms<'a>(
        &'a self,
        listener: Listener,
        user: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Terms> + 'a {
        let listeners = self.policy.rules.listeners.iter().filter(move |terms| terms.listener == listener);
        let user = user.and_then(|user| self.policy.user(user));
        let all = listeners.map(|terms| &terms.terms).chain(user.map(|user| &user.terms));
        all.filter(move |_| !is_own(listener))
    }

    /// Why a client cannot come in with its will.
    pub(crate) fn excludes_will(
        &self,
        features: &Features,
        connect: &Connect,
    ) -> Option<(ReasonCode, &'static str)> {
        // [MQTT-3.2.2-12], [MQTT-3.2.2-13]
        connect.will.as_ref().and_then(|will| features.excludes(will.qos, will.retain))
    }

    /// Whether a message is more than the client may send; then it has been sent away, also before 5.0.
    #[inline]
    pub(crate) fn excludes_publish(&mut self, key: ConnKey, features: Features, publish: &Publish) -> bool {
        if publish.qos <= features.maximum_qos && (!publish.retain || features.retain) {
            return false;
        }
        if let Some((reason, why)) = features.excludes(publish.qos, publish.retain) {
            // [MQTT-3.2.2-11], [MQTT-3.2.2-14]
            self.refuse(key, reason, why);
        }
        true
    }

    /// Whether a SUBSCRIBE is more than the client may send; then it has been sent away. Before 5.0, each filter has its
    /// own answer.
    pub(crate) fn excludes_subscribe(&mut self, key: ConnKey, subscribe: &Subscribe) -> bool {
        let Some(connection) = self.connections.get(key.0 as usize) else { return true };
        let features = connection.features;
        if !connection.version.is_v5() {
            return false;
        }
        let excluded = if subscribe.subscription_identifier.is_some() && !features.subscription_identifiers {
            let reason = ReasonCode::SubscriptionIdentifiersNotSupported;
            Some((reason, "there are no Subscription Identifiers here"))
        } else if features.shared_subscriptions && features.wildcard_subscriptions {
            None
        } else {
            subscribe.filters.iter().find_map(|(filter, _)| features.excludes_filter(filter))
        };
        let Some((reason, why)) = excluded else { return false };
        // §3.2.2.3.11 to §3.2.2.3.13
        self.refuse(key, reason, why);
        true
    }
}
