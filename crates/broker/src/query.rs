//! What can be asked of a broker without changing it.

use std::ops::Bound;

use lacewing_protocol::{QoS, TopicFilter, TopicName};

use crate::retain::RetainedMessage;
use crate::retained::Step;
use crate::routing::SessionKey;
use crate::session::{Session, Will};
use crate::subscription_list::Subscription;
use crate::{
    Act, Broker, ClientDetail, ClientInfo, ConnId, Explanation, Listener, NotDelivered, Preview,
    RetainedInfo, SubscriptionInfo, WaitingInfo, WillInfo,
};

/// How many subscriptions a detail shows.
const SUBSCRIPTIONS: usize = 1000;

/// How many messages of each kind a detail shows.
const MESSAGES: usize = 100;

/// How many of a client's subscriptions are looked at to explain what it gets: some two milliseconds' work.
const SUBSCRIPTIONS_LOOKED_AT: u32 = 20_000;

/// How many entries are looked at for a list of retained messages.
const RETAINED_LOOKED_AT: u32 = 100_000;

impl Broker {
    /// All connections, in no order that means anything.
    pub fn connections(&self) -> impl Iterator<Item = ConnId> + '_ {
        self.connections.iter().map(|(_, connection)| connection.id)
    }

    /// Clients that are here and clients that are away with a session, by client id from `from` on (inclusive).
    pub fn clients(&self, from: Option<&str>, limit: u32) -> Vec<ClientInfo> {
        let from = from.map_or(Bound::Unbounded, Bound::Included);
        let clients = self.clients.range::<str, _>((from, Bound::Unbounded)).take(limit as usize);
        clients.filter_map(|(_, key)| self.client_info(*key)).collect()
    }

    /// Everything about one client.
    pub fn client(&self, client_id: &str) -> Option<ClientDetail> {
        let &key = self.clients.get(client_id)?;
        let session = self.sessions.get(key.0 as usize)?;
        let transit = session.transit.as_deref();
        let subscriptions = session.subscriptions.iter().take(SUBSCRIPTIONS);
        let sent = transit.into_iter().flat_map(|transit| transit.window.iter()).take(MESSAGES);
        let waiting = transit.into_iter().flat_map(|transit| transit.queue.iter()).take(MESSAGES);
        Some(ClientDetail {
            info: self.client_info(key)?,
            subscriptions: subscriptions.map(|(filter, subscription)| subscription.info(filter)).collect(),
            inflight: sent
                .map(|(id, sent)| WaitingInfo {
                    packet_id: Some(id.value()),
                    topic: sent.message.as_ref().map(|message| message.topic.to_string()),
                    qos: sent.qos.into(),
                    released: sent.released,
                })
                .collect(),
            queue: waiting
                .map(|waiting| WaitingInfo {
                    packet_id: None,
                    topic: Some(waiting.message.topic.to_string()),
                    qos: waiting.qos.into(),
                    released: false,
                })
                .collect(),
        })
    }

    /// Whether clients have to give a user name where they come in by TCP, and the names that are known, the first `limit`.
    pub fn users(&self, limit: u32) -> (bool, Vec<String>) {
        let rules = &self.policy.rules;
        let names = rules.users.iter().map(|user| user.name.clone()).filter(|name| !name.starts_with('$'));
        (!rules.anonymous_at(Listener::Tcp), names.take(limit as usize).collect())
    }

    /// Retained messages that `filter` matches, at most `limit`.
    pub fn retained(&self, filter: &TopicFilter, limit: u32) -> Vec<RetainedInfo> {
        let mut cursor = self.retained.cursor(filter);
        let mut scan = self.retained.scan(&mut cursor, RETAINED_LOOKED_AT);
        let mut found = Vec::new();
        while found.len() < limit as usize
            && let Step::Found(RetainedMessage { message, .. }) = scan.next()
        {
            if !message.is_expired(self.now.wall) {
                found.push(RetainedInfo {
                    topic: message.topic.to_string(),
                    payload: Preview::of(&message.payload, self.config.event_preview),
                    qos: message.qos.into(),
                    expires: message.expires,
                });
            }
        }
        found
    }

    /// Whether and why `client_id` gets what is published to `topic` now.
    ///
    /// Of a client with very many subscriptions the first 20 000 are looked at, in the order of their filters;
    /// [`unseen`](Explanation::unseen) says how many were not.
    pub fn explain(&self, client_id: &str, topic: &TopicName) -> Explanation {
        let mut explanation = Explanation {
            known: false,
            connected: false,
            matching: Vec::new(),
            nearest: None,
            unseen: 0,
            granted: None,
            obstacles: Vec::new(),
            dropped: 0,
            shared: Vec::new(),
            denied_by: None,
        };
        let Some(&key) = self.clients.get(client_id) else { return explanation };
        let Some(session) = self.sessions.get(key.0 as usize) else { return explanation };
        explanation.known = true;
        explanation.connected = session.conn.is_some();
        explanation.dropped = u64::from(session.origin.dropped);
        explanation.unseen = session.subscriptions.len().saturating_sub(SUBSCRIPTIONS_LOOKED_AT);
        let mut granted = None;
        let looked_at = || session.subscriptions.iter().take(SUBSCRIPTIONS_LOOKED_AT as usize);
        for (filter, subscription) in looked_at().filter(|(filter, _)| filter.matches(topic)) {
            explanation.shared.extend(filter.share_name().map(str::to_owned));
            granted = granted.max(Some(subscription.options.qos));
            explanation.matching.push(subscription.info(filter));
        }
        let Some(qos) = granted else {
            explanation.nearest = nearest(looked_at().map(|(filter, _)| filter), topic);
            return explanation;
        };
        explanation.obstacles = self.obstacles(session, qos);
        if let Some(rule) = self.policy.forbids(session, Act::Subscribe, topic) {
            explanation.denied_by = Some(rule.to_string());
            explanation.obstacles.insert(0, NotDelivered::NotAllowed);
        }
        if explanation.obstacles.is_empty() {
            explanation.granted = Some(qos.into());
        }
        explanation
    }

    /// What keeps a message with this QoS from a session now.
    fn obstacles(&self, session: &Session, qos: QoS) -> Vec<NotDelivered> {
        let mut obstacles = Vec::new();
        if qos == QoS::AtMostOnce {
            let connection = session.conn.and_then(|conn| self.connections.get(conn.0 as usize));
            match connection {
                None => obstacles.push(NotDelivered::Away),
                Some(connection) if connection.exhausted => obstacles.push(NotDelivered::SlowReceiver),
                Some(_) => {}
            }
        }
        let is_full = session.transit.as_ref().is_some_and(|transit| {
            transit.queue.len() >= self.config.queue_messages as usize
                || transit.queue.bytes() >= u64::from(self.config.queue_bytes)
        });
        if qos != QoS::AtMostOnce && is_full {
            obstacles.push(NotDelivered::QueueFull);
        }
        obstacles
    }

    fn client_info(&self, key: SessionKey) -> Option<ClientInfo> {
        let session = self.sessions.get(key.0 as usize)?;
        let connection = session.conn.and_then(|conn| self.connections.get(conn.0 as usize));
        let origin = &session.origin;
        let last_heard = connection.map_or(origin.last_heard, |connection| {
            self.now.wall.saturating_sub(self.now.awake.saturating_sub(connection.last_heard))
        });
        Some(ClientInfo {
            client_id: session.client_id.to_string(),
            connected: connection.is_some(),
            since: session.since,
            listener: origin.listener,
            peer: origin.peer.to_string(),
            version: session.version.to_string(),
            user: origin.user.as_deref().map(str::to_owned),
            keep_alive: origin.keep_alive,
            session_present: origin.session_present,
            session_expiry: session.expiry,
            subscriptions: session.subscriptions.len(),
            queued: session.queued(),
            inflight: session.transit.as_ref().map_or(0, |transit| u32::from(transit.window.len())),
            will: session.will.as_ref().map(|will| will.info(self.config.event_preview)),
            messages_in: connection.map_or(0, |connection| connection.messages_in),
            messages_out: connection.map_or(0, |connection| connection.messages_out),
            bytes_in: connection.map_or(0, |connection| connection.bytes_in),
            bytes_out: connection.map_or(0, |connection| connection.bytes_out),
            last_heard,
            ended: if connection.is_some() { None } else { origin.ended },
        })
    }
}

/// The filter that has most levels in common with `topic`, the first of those that have as many.
fn nearest<'a>(filters: impl Iterator<Item = &'a TopicFilter>, topic: &TopicName) -> Option<String> {
    let agree = |(level, of_topic): &(&str, &str)| *level == "+" || level == of_topic;
    let common = |filter: &TopicFilter| {
        let from_the_first = filter.levels().zip(topic.levels()).take_while(agree).count();
        let from_the_last = filter.levels().rev().zip(topic.levels().rev()).take_while(agree).count();
        from_the_first + from_the_last
    };
    let mut nearest = (0, None);
    for filter in filters {
        let common = common(filter);
        if common > nearest.0 {
            nearest = (common, Some(filter));
        }
    }
    nearest.1.map(ToString::to_string)
}

impl Will {
    fn info(&self, preview: u32) -> WillInfo {
        WillInfo {
            topic: self.message.topic.to_string(),
            payload: Preview::of(&self.message.payload, preview),
            qos: self.message.qos.into(),
            retain: self.message.retain,
            delay: self.delay,
        }
    }
}

impl Subscription {
    fn info(&self, filter: &TopicFilter) -> SubscriptionInfo {
        SubscriptionInfo {
            filter: filter.to_string(),
            qos: self.options.qos.into(),
            no_local: self.options.no_local,
            retain_as_published: self.options.retain_as_published,
            subscription_identifier: self.id,
        }
    }
}
