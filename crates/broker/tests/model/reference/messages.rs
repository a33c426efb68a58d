//! Who gets a message (§3.3.1.3, §3.3.4, §3.8, §4.7, §4.8).

use std::collections::VecDeque;
use std::rc::Rc;

use lacewing_broker::ConnId;
use lacewing_protocol::{
    Ack, AckProperties, Packet, PacketId, Publish, PublishProperties, QoS, ReasonCode, RetainHandling,
    SubAck, Subscribe, TopicFilter, UnsubAck, Unsubscribe,
};

use super::{Item, Message, Owed, Reference, Session, Subscription, client_id};
use crate::dialogue::Client;
use crate::host::SECOND;
use crate::lines::{Gate, What};

impl Reference {
    pub(super) fn publish_from(&mut self, conn: ConnId, client: Client, publish: &Publish) {
        let Some(line) = self.lines.all.get_mut(&conn) else { return };
        let v5 = line.v5;
        let alias = publish.properties.topic_alias.map(|alias| alias.get());
        let topic = publish.topic.clone().or_else(|| line.aliases.get(&alias?).cloned());
        let Some(topic) = topic else { return self.complain("a client used an alias it had not set") };
        if let Some(alias) = alias {
            line.aliases.insert(alias, topic.clone());
        }
        if let (QoS::ExactlyOnce, Some(id)) = (publish.qos, publish.packet_id) {
            let Some(session) = self.state.sessions.get_mut(&client) else { return };
            if let Some(came) = session.incoming.get(&id.value()).copied() {
                // [MQTT-4.3.3-10]
                let packet = Packet::PubRec(Ack::success(id));
                let durable = self.gate(client) != Gate::FREE;
                let gate = if durable { Gate::since(came, self.turn) } else { Gate::FREE };
                return self.lines.expect(conn, gate, What::OneOf(vec![packet]));
            }
        }
        if !self.law.may_publish(&topic) {
            return self.deny(conn, client, publish);
        }
        let mut properties = publish.properties.clone();
        if !properties.is_empty() {
            (properties.topic_alias, properties.message_expiry_interval) = (None, None);
        }
        if let (QoS::ExactlyOnce, Some(id), Some(session)) =
            (publish.qos, publish.packet_id, self.state.sessions.get_mut(&client))
        {
            session.incoming.insert(id.value(), self.turn);
        }
        let expiry = publish.properties.message_expiry_interval;
        let message = Message {
            number: 0,
            topic,
            payload: publish.payload.clone(),
            qos: publish.qos,
            retain: publish.retain,
            properties: if properties.is_empty() { PublishProperties::new() } else { properties },
            expires: expiry.map(|seconds| self.now.wall + u64::from(seconds) * SECOND),
        };
        let (matched, mut gate) = self.publish(Some(client), message);
        let Some(id) = publish.packet_id else { return };
        let mut reasons = vec![ReasonCode::Success];
        if v5 && !matched {
            reasons.push(ReasonCode::NoMatchingSubscribers);
        }
        let exactly_once = publish.qos == QoS::ExactlyOnce;
        if exactly_once {
            gate = gate.and(self.gate(client));
        }
        let answer = |reason| match exactly_once {
            true => Packet::PubRec(Ack::new(id, reason)),
            false => Packet::PubAck(Ack::new(id, reason)),
        };
        self.lines.expect(conn, gate, What::OneOf(reasons.into_iter().map(answer).collect()));
    }

    /// A rule keeps the client from publishing this. Before 5.0 there is no way to say so, and it is acknowledged.
    fn deny(&mut self, conn: ConnId, client: Client, publish: &Publish) {
        let Some(id) = publish.packet_id else { return };
        let v5 = self.line(conn).is_some_and(|line| line.v5);
        let reason = if v5 { ReasonCode::NotAuthorized } else { ReasonCode::Success };
        let (mut gate, mut packet) = (Gate::FREE, Packet::PubAck(Ack::new(id, reason)));
        if publish.qos == QoS::ExactlyOnce {
            packet = Packet::PubRec(Ack::new(id, reason));
            if !v5 && let Some(session) = self.state.sessions.get_mut(&client) {
                session.incoming.insert(id.value(), self.turn);
                gate = self.gate(client);
            }
        }
        self.lines.expect(conn, gate, What::OneOf(vec![packet]));
    }

    /// The operator publishes.
    pub(crate) fn announce(&mut self, publish: &Publish) {
        let Some(topic) = publish.topic.clone() else { return };
        let mut properties = publish.properties.clone();
        let expiry = properties.message_expiry_interval;
        if !properties.is_empty() {
            properties.message_expiry_interval = None;
        }
        let message = Message {
            number: 0,
            topic,
            payload: publish.payload.clone(),
            qos: publish.qos,
            retain: publish.retain,
            properties,
            expires: expiry.map(|seconds| self.now.wall + u64::from(seconds) * SECOND),
        };
        self.publish(None, message);
    }

    pub(super) fn pubrel(&mut self, conn: ConnId, client: Client, id: PacketId) {
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        let known = session.incoming.remove(&id.value()).is_some();
        let v5 = self.line(conn).is_some_and(|line| line.v5);
        let reason = if known || !v5 { ReasonCode::Success } else { ReasonCode::PacketIdentifierNotFound };
        let mut gate = self.gate(client);
        if !known {
            gate.least = 0;
        }
        self.lines.expect(conn, gate, What::OneOf(vec![Packet::PubComp(Ack::new(id, reason))]));
    }

    /// A message goes to all that want it; whether anybody did, and what its acknowledgement waits for.
    pub(crate) fn publish(&mut self, from: Option<Client>, mut message: Message) -> (bool, Gate) {
        let Some(published) = self.oracle.next_published() else {
            self.complain(format!("the broker did not take in {message:?}"));
            return (true, Gate::FREE);
        };
        let ours = (
            from.map(client_id),
            message.topic.to_string(),
            u8::from(message.qos),
            message.retain,
            message.payload.to_vec(),
        );
        let theirs = (published.from, published.topic, published.qos, published.retain, published.payload);
        if ours != theirs {
            self.complain(format!("{ours:?} was published, the broker took in {theirs:?}"));
        }
        message.number = published.number;
        self.last_number = message.number;
        let mut gate = Gate::FREE;
        let message = Rc::new(message);
        if message.retain {
            gate = self.retain(&message, from);
        }

        let receivers: Vec<Client> = self.state.sessions.keys().copied().collect();
        let mut matched = false;
        for client in receivers {
            let Some(session) = self.state.sessions.get(&client) else { continue };
            let all = session.matching(&message.topic);
            matched |= !all.is_empty();
            // [MQTT-3.8.3-3]
            let all: Vec<Subscription> =
                all.into_iter().filter(|one| !(one.options.no_local && from == Some(client))).collect();
            // One copy with the highest QoS and every identifier [MQTT-3.3.4-2], [MQTT-3.3.4-4].
            let Some(qos) = all.iter().map(|one| one.options.qos).max() else { continue };
            let retain = message.retain && all.iter().any(|one| one.options.retain_as_published);
            let mut ids: Vec<u32> = all.iter().filter_map(|one| one.id).collect();
            ids.sort_unstable();
            let item = Item { qos: qos.min(message.qos), retain, ids, ..Item::of(&message) };
            gate = gate.and(self.deliver(client, item));
        }
        for group in self.groups_matching(&message) {
            matched = true;
            gate = gate.and(self.deliver_shared(&group, &message));
        }
        (matched, gate)
    }

    /// The filters of shared subscriptions that match, in the order in which the broker served them.
    fn groups_matching(&self, message: &Message) -> Vec<String> {
        let filters = self.state.sessions.values().flat_map(|session| session.subscriptions.keys());
        let mut groups: Vec<String> = filters
            .filter(|filter| shared(filter).is_some_and(|(_, rest)| matches(rest, &message.topic)))
            .cloned()
            .collect();
        groups.sort();
        groups.dedup();
        groups.sort_by_key(|group| {
            let share_name = shared(group).map_or("", |(share_name, _)| share_name);
            self.oracle.place_shared(message.number, share_name)
        });
        groups
    }

    /// One member gets the message (§4.8.2), whichever the broker chose of those that take it best; what its
    /// acknowledgement waits for.
    fn deliver_shared(&mut self, group: &str, message: &Rc<Message>) -> Gate {
        let members = self.state.sessions.iter().filter(|(_, one)| one.subscriptions.contains_key(group));
        let ready = members.filter_map(|(client, session)| {
            let readiness = self.readiness(session, &self.shared_item(session, group, message))?;
            Some((readiness, *client))
        });
        let ready: Vec<(Readiness, Client)> = ready.collect();
        let best: Vec<Client> = ready
            .iter()
            .filter(|(readiness, _)| Some(*readiness) == ready.iter().map(|(other, _)| *other).min())
            .map(|(_, client)| *client)
            .collect();
        if best.is_empty() {
            return Gate::FREE;
        }
        let share_name = shared(group).map_or("", |(share_name, _)| share_name);
        let chosen = self.oracle.chosen(message.number, share_name);
        let Some(client) = best.iter().copied().find(|client| chosen == Some(client_id(*client))) else {
            self.complain(format!(
                "{best:?} were to be chosen from by {group}, not {chosen:?}, for {message:?}"
            ));
            return Gate::FREE;
        };
        let Some(session) = self.state.sessions.get(&client) else { return Gate::FREE };
        let item = self.shared_item(session, group, message);
        self.deliver(client, item)
    }

    /// A message as a member of a shared subscription would get it.
    fn shared_item(&self, session: &Session, group: &str, message: &Rc<Message>) -> Item {
        let Subscription { options, id } = session.subscriptions[group];
        Item {
            qos: options.qos.min(message.qos),
            retain: message.retain && options.retain_as_published,
            ids: id.into_iter().collect(),
            group: Some(group.to_owned()),
            share: Some(group.to_owned()),
            ..Item::of(message)
        }
    }

    /// How well a session takes a message now, if it does.
    fn readiness(&self, session: &Session, item: &Item) -> Option<Readiness> {
        if !self.law.may_read(&item.message.topic) {
            return None;
        }
        let Some(conn) = session.conn else {
            return (item.qos > QoS::AtMostOnce).then_some(Readiness::Away);
        };
        if self.is_too_large(conn, item) {
            return None;
        }
        let now = item.qos == QoS::AtMostOnce || self.has_room(session);
        Some(if now { Readiness::Now } else { Readiness::Behind })
    }

    /// What ended sessions had of shared subscriptions goes to other members [MQTT-4.8.2-4].
    pub(super) fn hand_over(&mut self) {
        for (group, message) in std::mem::take(&mut self.orphans) {
            if !message.is_expired(self.now.wall) {
                self.deliver_shared(&group, &message);
            }
        }
    }

    /// A shared subscription without members is no more, and what was on its way through it is nobody else's.
    pub(super) fn forget_group(&mut self, group: &str) {
        let sessions = &mut self.state.sessions;
        if sessions.values().any(|session| session.subscriptions.contains_key(group)) {
            return;
        }
        for item in
            sessions.values_mut().flat_map(|session| session.flying.iter_mut().chain(&mut session.queue))
        {
            item.group = item.group.take().filter(|other| other != group);
        }
    }

    fn retain(&mut self, message: &Rc<Message>, from: Option<Client>) -> Gate {
        let topic = message.topic.clone();
        let former = match message.payload.is_empty() {
            // [MQTT-3.3.1-6]
            true => self.state.retained.remove(&topic),
            false => self.state.retained.insert(topic, (message.clone(), from)),
        };
        if !self.config.durable || message.qos == QoS::AtMostOnce {
            return Gate::FREE;
        }
        match (message.payload.is_empty(), former) {
            (false, _) => Gate::waits(self.turn),
            // The broker may have cleared away before what has expired.
            (true, Some((former, _))) if former.is_expired(self.now.wall) => Gate::since(0, self.turn),
            (true, Some(_)) => Gate::waits(self.turn),
            (true, None) => Gate::FREE,
        }
    }

    pub(crate) fn drop_retained(&mut self, filter: &str) {
        self.state.retained.retain(|topic, _| !matches(filter, topic));
    }

    pub(super) fn subscribe(&mut self, conn: ConnId, client: Client, subscribe: &Subscribe) {
        let v5 = self.line(conn).is_some_and(|line| line.v5);
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        let mut reasons = Vec::new();
        for (filter, options) in &subscribe.filters {
            if !self.law.may_subscribe(filter) {
                reasons.push(if v5 { ReasonCode::NotAuthorized } else { ReasonCode::UnspecifiedError });
                continue;
            }
            let subscription = Subscription { options: *options, id: subscribe.subscription_identifier };
            // [MQTT-3.8.4-3]
            let is_new = session.subscriptions.insert(filter.to_string(), subscription).is_none();
            let wanted = match options.retain_handling {
                RetainHandling::SendAlways => true,
                RetainHandling::SendIfNew => is_new,
                RetainHandling::DoNotSend => false,
            };
            if wanted && shared(filter).is_none() {
                let until = self.last_number;
                session.owed.insert(filter.to_string(), Owed { subscription, until });
            }
            reasons.push(ReasonCode::granted(options.qos));
        }
        let packet_id = subscribe.packet_id;
        let packet = Packet::SubAck(SubAck { packet_id, reasons, properties: AckProperties::default() });
        self.lines.expect(conn, self.gate(client), What::OneOf(vec![packet]));
        self.send_owed(client);
    }

    pub(super) fn unsubscribe(&mut self, conn: ConnId, client: Client, unsubscribe: &Unsubscribe) {
        let v5 = self.line(conn).is_some_and(|line| line.v5);
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        let mut reasons = Vec::new();
        for filter in &unsubscribe.filters {
            session.owed.remove(filter.as_str());
            // [MQTT-3.10.4-1]
            let known = session.subscriptions.remove(filter.as_str()).is_some();
            reasons.push(if known { ReasonCode::Success } else { ReasonCode::NoSubscriptionExisted });
        }
        for filter in &unsubscribe.filters {
            // What waits goes to other members; what is in flight is completed [MQTT-3.10.4-3].
            let is_left = |item: &Item| item.group.as_deref() == Some(filter.as_str());
            let (left, stays): (VecDeque<Item>, _) = session.queue.drain(..).partition(is_left);
            session.queue = stays;
            self.orphans.extend(left.into_iter().map(|item| (filter.to_string(), item.message)));
        }
        for filter in &unsubscribe.filters {
            self.forget_group(filter);
        }
        let reasons = if v5 { reasons } else { Vec::new() };
        let packet_id = unsubscribe.packet_id;
        let packet = Packet::UnsubAck(UnsubAck { packet_id, reasons, properties: AckProperties::default() });
        self.lines.expect(conn, self.gate(client), What::OneOf(vec![packet]));
        self.send_owed(client);
    }

    /// The retained messages that come with a subscription, in the order in which the broker gave them to the client.
    pub(super) fn retained_for(
        &mut self,
        filter: &str,
        Owed { subscription: Subscription { options, .. }, until }: Owed,
        client: Client,
    ) -> Vec<Rc<Message>> {
        let all = self.state.retained.values().filter(|(message, _)| matches(filter, &message.topic));
        // [MQTT-3.8.3-3]
        let all = all.filter(|(_, from)| !(options.no_local && *from == Some(client)));
        let live = all.filter(|(message, _)| message.number <= until && !message.is_expired(self.now.wall));
        let mut found: Vec<Rc<Message>> = live.map(|(message, _)| message.clone()).collect();
        self.oracle.sort(&mut found, &client_id(client), |message| message.number);
        found
    }

    /// Whether the retained messages are those the broker shows.
    pub(crate) fn compare_retained(&mut self, mut shown: Vec<(String, Vec<u8>, u8)>) {
        let all = self.state.retained.values().map(|(message, _)| message);
        let all = all.filter(|message| !message.is_expired(self.now.wall));
        let ours: Vec<_> = all
            .map(|message| (message.topic.to_string(), message.payload.to_vec(), message.qos.into()))
            .collect();
        shown.sort();
        if ours != shown {
            self.complain(format!("retained are {ours:?}, shown are {shown:?}"));
        }
    }

    /// The first filter from this one on to which a client is subscribed.
    pub(crate) fn known_filter(&self, client: Client, filter: &str) -> Option<String> {
        let subscriptions = &self.state.sessions.get(&client)?.subscriptions;
        let later = subscriptions.keys().find(|known| known.as_str() >= filter);
        later.or_else(|| subscriptions.keys().next()).cloned()
    }

    /// The filters by which a client gets what is published to a topic.
    pub(crate) fn filters_matching(&self, client: Client, topic: &str) -> Vec<String> {
        let session = self.state.sessions.get(&client);
        let filters = session.into_iter().flat_map(|session| session.subscriptions.keys());
        filters
            .filter(|filter| matches(shared(filter).map_or(filter, |(_, rest)| rest), topic))
            .cloned()
            .collect()
    }
}

/// How well a member of a shared subscription takes a message, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Readiness {
    Now,
    Behind,
    Away,
}

impl Session {
    /// Its own subscriptions that match; shared ones are not its own.
    fn matching(&self, topic: &str) -> Vec<Subscription> {
        let own = self.subscriptions.iter().filter(|(filter, _)| shared(filter).is_none());
        own.filter(|(filter, _)| matches(filter, topic)).map(|(_, subscription)| *subscription).collect()
    }
}

/// The ShareName and the filter of a shared subscription (§4.8.2).
pub(super) fn shared(filter: &str) -> Option<(&str, &str)> {
    filter.strip_prefix("$share/")?.split_once('/')
}

/// Whether a filter matches a topic (§4.7).
pub(super) fn matches(filter: &str, topic: &str) -> bool {
    // [MQTT-4.7.2-1]
    let is_hidden = topic.starts_with('$') && filter.starts_with(['+', '#']);
    !is_hidden && levels_match(filter, topic)
}

/// The same, where `$` is a letter like others.
pub(super) fn levels_match(filter: &str, topic: &str) -> bool {
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[test]
fn the_reference_matches_as_the_specification_s_examples_do() {
    // §4.7.1
    for (filter, topic, expected) in [
        ("sport/tennis/player1/#", "sport/tennis/player1", true),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
        ("sport/#", "sport", true),
        ("sport/tennis/+", "sport/tennis/player1/ranking", false),
        ("sport/+", "sport", false),
        ("sport/+", "sport/", true),
        ("+/+", "/finance", true),
        ("/+", "/finance", true),
        ("+", "/finance", false),
        ("#", "$SYS/monitor/Clients", false),
        ("+/monitor/Clients", "$SYS/monitor/Clients", false),
        ("$SYS/#", "$SYS/monitor/Clients", true),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
    ] {
        assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        assert!(TopicFilter::try_from(filter).is_ok());
    }
}
