//! From a session to its client: now, later, or again (§4.3, §4.4, §4.6, §4.9).

use std::collections::VecDeque;

use lacewing_broker::ConnId;
use lacewing_protocol::{
    Ack, Packet, PacketId, ProtocolVersion, Publish, PublishProperties, QoS, ReasonCode,
};

use super::{Item, Reference, Session, Subscription, client_id};
use crate::dialogue::Client;
use crate::host::SECOND;
use crate::lines::{Coming, Gate, Line, What};

impl Reference {
    /// A message for a session; what its acknowledgement waits for.
    pub(super) fn deliver(&mut self, client: Client, item: Item) -> Gate {
        let item = Item { uid: self.lines.next_uid(), ..item };
        let Some(session) = self.state.sessions.get(&client) else { return Gate::FREE };
        if !self.law.may_read(&item.message.topic) {
            return Gate::FREE;
        }
        let (conn, has_room) = (session.conn, self.has_room(session));
        if item.qos == QoS::AtMostOnce {
            if let Some(conn) = conn
                && !self.is_too_large(conn, &item)
            {
                self.send(conn, &item, None, Gate::FREE);
            }
            return Gate::FREE;
        }
        match conn {
            // [MQTT-3.1.2-25]
            Some(conn) if has_room && self.is_too_large(conn, &item) => return Gate::FREE,
            Some(conn) if has_room => self.take_off(client, conn, item),
            _ => {
                if let Some(session) = self.state.sessions.get_mut(&client) {
                    session.queue.push_back(item);
                }
            }
        }
        self.gate(client)
    }

    /// Whether a QoS 1 or 2 message to a session would go at once.
    pub(super) fn has_room(&self, session: &Session) -> bool {
        let line = session.conn.and_then(|conn| self.line(conn));
        session.queue.is_empty() && session.again.is_empty() && line.is_some_and(|line| line.quota > 0)
    }

    /// Sends what the client has room for: what is to be sent again, what waits, retained messages.
    pub(super) fn pump(&mut self, client: Client) {
        loop {
            let Some(session) = self.state.sessions.get_mut(&client) else { return };
            let Some(conn) = session.conn else { return };
            let Some(line) = self.lines.all.get_mut(&conn) else { return };
            if let Some(uid) = session.again.front().copied() {
                let at = session.flying.iter().position(|item| item.uid == uid);
                let Some(item) = at.map(|at| &mut session.flying[at]) else {
                    session.again.pop_front();
                    continue;
                };
                if item.released {
                    session.again.pop_front();
                    self.expect_pubrel(conn, uid, Gate::FREE);
                    continue;
                }
                if line.quota == 0 {
                    return self.release_again(client, conn);
                }
                session.again.pop_front();
                line.quota -= 1;
                item.sent_on = Some(conn);
                let item = item.clone();
                if self.is_too_large(conn, &item) {
                    self.oracle.dropped(item.message.number, &client_id(client));
                    self.land(client, uid);
                    continue;
                }
                // What the client has seen is sent again as such [MQTT-3.3.1-1]; what was lost on the way may be.
                let dup = self.lines.seen.contains_key(&uid).then_some(true);
                self.send(conn, &item, dup, Gate::FREE);
            } else if !session.queue.is_empty() {
                if line.quota == 0 {
                    return;
                }
                let Some(item) = session.queue.pop_front() else { return };
                // [MQTT-3.3.2-5], [MQTT-3.1.2-25]; what may not be read, nobody else of a share may read either.
                let may_go = self.law.may_read(&item.message.topic)
                    && !item.message.is_expired(self.now.wall)
                    && !self.is_too_large(conn, &item);
                match may_go {
                    true => self.take_off(client, conn, item),
                    false => self.oracle.dropped(item.message.number, &client_id(client)),
                }
            } else {
                return self.send_owed(client);
            }
        }
    }

    /// Sends retained messages to new subscriptions while nothing waits before them.
    pub(super) fn send_owed(&mut self, client: Client) {
        while let Some(session) = self.state.sessions.get_mut(&client).filter(|one| one.queue.is_empty())
            && session.conn.is_some()
            && let Some((filter, owed)) = session.owed.pop_first()
        {
            let Subscription { options, id } = owed.subscription;
            for message in self.retained_for(&filter, owed, client) {
                let (qos, ids) = (options.qos.min(message.qos), id.into_iter().collect());
                // [MQTT-3.3.1-8]
                self.deliver(client, Item { qos, retain: true, ids, ..Item::of(&message) });
            }
        }
    }

    /// No PUBREL waits for a PUBLISH that Receive Maximum holds back [MQTT-3.3.4-10].
    fn release_again(&mut self, client: Client, conn: ConnId) {
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        let is_released = |uid: &u64| session.flying.iter().any(|item| item.uid == *uid && item.released);
        let (released, held): (VecDeque<u64>, _) = session.again.drain(..).partition(is_released);
        session.again = held;
        for uid in released {
            self.expect_pubrel(conn, uid, Gate::FREE);
        }
    }

    /// Sends a message for the first time.
    fn take_off(&mut self, client: Client, conn: ConnId, mut item: Item) {
        let gate = self.gate(client);
        self.send(conn, &item, Some(false), gate);
        item.sent_on = Some(conn);
        if let Some(line) = self.lines.all.get_mut(&conn) {
            line.quota = line.quota.saturating_sub(1);
        }
        if let Some(session) = self.state.sessions.get_mut(&client) {
            session.flying.push(item);
        }
    }

    /// The flight is over.
    fn land(&mut self, client: Client, uid: u64) {
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        let Some(at) = session.flying.iter().position(|item| item.uid == uid) else { return };
        let item = session.flying.remove(at);
        session.again.retain(|other| *other != uid);
        // Only what was sent on this connection counts there [MQTT-3.3.4-9].
        if let (Some(conn), true) = (session.conn, item.sent_on == session.conn)
            && let Some(line) = self.lines.all.get_mut(&conn)
        {
            line.quota += 1;
        }
    }

    pub(super) fn puback(&mut self, client: Client, id: u16) {
        if let Some(uid) = self.in_flight(client, id, |item| item.qos == QoS::AtLeastOnce) {
            self.land(client, uid);
            self.pump(client);
        }
    }

    pub(super) fn pubrec(&mut self, conn: ConnId, client: Client, ack: &Ack) {
        let Some(uid) = self.in_flight(client, ack.packet_id.value(), |item| item.qos == QoS::ExactlyOnce)
        else {
            let v5 = self.line(conn).is_some_and(|line| line.v5);
            let reason = if v5 { ReasonCode::PacketIdentifierNotFound } else { ReasonCode::Success };
            let packet = Packet::PubRel(Ack::new(ack.packet_id, reason));
            return self.lines.expect(conn, Gate::FREE, What::OneOf(vec![packet]));
        };
        if ack.reason.is_error() {
            self.land(client, uid);
            return self.pump(client);
        }
        if let Some(session) = self.state.sessions.get_mut(&client)
            && let Some(item) = session.flying.iter_mut().find(|item| item.uid == uid)
        {
            item.released = true;
        }
        self.expect_pubrel(conn, uid, self.gate(client));
    }

    pub(super) fn pubcomp(&mut self, client: Client, id: u16) {
        if let Some(uid) = self.in_flight(client, id, |item| item.released) {
            self.land(client, uid);
            self.pump(client);
        }
    }

    fn in_flight(&self, client: Client, id: u16, is_due: impl Fn(&Item) -> bool) -> Option<u64> {
        let session = self.state.sessions.get(&client)?;
        let item = session.flying.iter().find(|item| self.lines.seen.get(&item.uid) == Some(&id))?;
        is_due(item).then_some(item.uid)
    }

    fn expect_pubrel(&mut self, conn: ConnId, uid: u64, gate: Gate) {
        let Some(id) = self.lines.seen.get(&uid).copied().and_then(PacketId::new) else {
            return self.complain("a client released what it never saw");
        };
        self.lines.expect(conn, gate, What::OneOf(vec![Packet::PubRel(Ack::success(id))]));
    }

    fn send(&mut self, conn: ConnId, item: &Item, dup: Option<bool>, gate: Gate) {
        let Some(line) = self.line(conn) else { return };
        let left = item.message.expires.map(|expires| {
            let left = expires.saturating_sub(self.now.wall);
            ((left / SECOND) as u32, left.div_ceil(SECOND) as u32)
        });
        let uid = (item.qos != QoS::AtMostOnce).then_some(item.uid);
        let publish = as_publish(item, line);
        let dup = if uid.is_none() { Some(false) } else { dup };
        self.lines.expect(conn, gate, What::Publish(Box::new(Coming { uid, publish, dup, left })));
    }

    pub(super) fn is_too_large(&self, conn: ConnId, item: &Item) -> bool {
        let Some(line) = self.line(conn) else { return false };
        let mut publish = as_publish(item, line);
        let version = if line.v5 { ProtocolVersion::V5_0 } else { ProtocolVersion::V3_1_1 };
        publish.packet_id = (item.qos != QoS::AtMostOnce).then_some(PacketId::MIN);
        if line.v5 && item.message.expires.is_some() {
            publish.properties.message_expiry_interval = Some(1);
        }
        Packet::Publish(publish).encoded_len(version).unwrap() > line.maximum_packet_size
    }
}

/// The message as this client gets it, but for what changes each time it is sent.
fn as_publish(item: &Item, line: &Line) -> Publish {
    let Item { message, qos, retain, ids, .. } = item;
    let mut properties = PublishProperties::new();
    if line.v5 {
        properties = message.properties.clone();
        if !ids.is_empty() {
            properties.subscription_identifiers = ids.clone();
        }
    }
    let topic = Some(message.topic.clone());
    Publish {
        dup: false,
        qos: *qos,
        retain: *retain,
        topic,
        packet_id: None,
        payload: message.payload.clone(),
        properties,
    }
}
