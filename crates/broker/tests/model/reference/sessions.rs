//! CONNECT, the end of a connection, the end of a session, wills, and the restart (§3.1, §3.14, §4.1).

use std::collections::{BTreeMap, VecDeque};
use std::mem::take;
use std::rc::Rc;

use lacewing_broker::{ConnId, Now};
use lacewing_protocol::{
    ConnAck, Connect, Disconnect, Packet, PublishProperties, PublishPropertyFields, QoS, ReasonCode,
};

use super::{Item, Message, Reference, Session, State, Will, client_id};
use crate::dialogue::Client;
use crate::host::SECOND;
use crate::lines::{Gate, Line, What};

impl Reference {
    pub(crate) fn connect(&mut self, conn: ConnId, client: Client, connect: &Connect) {
        let v5 = connect.version.is_v5();
        let former = self.state.sessions.get(&client);
        let former_durable = former.is_some_and(|session| session.durable);
        if let Some(old) = former.and_then(|session| session.conn) {
            // [MQTT-3.1.4-3]
            self.send_away(old, ReasonCode::SessionTakenOver);
            self.part(client);
        }
        self.make_way(client, connect.clean_start);
        let session_present = self.state.sessions.contains_key(&client);
        let ended = former_durable && !session_present;

        let asked = match (v5, connect.clean_start) {
            (true, _) => connect.properties.session_expiry_interval.unwrap_or(0),
            (false, true) => 0,
            (false, false) => u32::MAX,
        };
        let expiry = asked.min(self.config.session_expiry_maximum);
        let longest = self.config.keep_alive_maximum;
        let is_too_long = connect.keep_alive == 0 || connect.keep_alive > longest;
        let keep_alive = if v5 && longest > 0 && is_too_long { longest } else { connect.keep_alive };
        let theirs = connect.properties.receive_maximum.map_or(u16::MAX, |max| max.get());
        let line = Line {
            client,
            v5,
            quota: theirs.min(self.config.inflight),
            maximum_packet_size: connect.properties.maximum_packet_size.map_or(u32::MAX, |max| max.get()),
            keep_alive,
            last_heard: self.now.awake,
            aliases: BTreeMap::new(),
            expected: Vec::new(),
            closing: false,
        };
        self.lines.all.insert(conn, line);

        let session = self.state.sessions.entry(client).or_default();
        session.conn = Some(conn);
        session.expiry = expiry;
        session.durable |= self.config.durable && expiry > 0;
        session.ends = None;
        session.cut = false;
        session.will = connect.will.as_ref().map(will);
        session.again = session.flying.iter().map(|item| item.uid).collect();
        let durable = ended || self.state.sessions.get(&client).is_some_and(|session| session.durable);
        let gate = if durable { Gate::waits(self.turn) } else { Gate::FREE };
        let asked = (asked, connect.keep_alive);
        self.lines.expect(conn, gate, What::ConnAck { session_present, expiry, keep_alive, asked });
        self.pump(client);
    }

    /// A client that may not publish its will is not let in.
    pub(crate) fn refuse(&mut self, conn: ConnId, client: Client, connect: &Connect) {
        let line = Line {
            client,
            v5: connect.version.is_v5(),
            quota: 0,
            maximum_packet_size: u32::MAX,
            keep_alive: 0,
            last_heard: self.now.awake,
            aliases: BTreeMap::new(),
            expected: Vec::new(),
            closing: false,
        };
        self.lines.all.insert(conn, line);
        let packet = Packet::ConnAck(Box::new(ConnAck::new(false, ReasonCode::NotAuthorized)));
        self.lines.expect(conn, Gate::FREE, What::OneOf(vec![packet]));
        self.close(conn);
    }

    /// What becomes of the session a client had.
    fn make_way(&mut self, client: Client, clean: bool) {
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        let crashed = session.will.as_ref().is_some_and(|will| will.crashed);
        if !clean || crashed {
            // [MQTT-3.1.3-9]; after a crash of the broker a client that is back in time goes on without its will.
            session.will = None;
        }
        if clean || session.expiry == 0 {
            // [MQTT-3.1.2-4]
            self.end_session(client);
        }
    }

    pub(super) fn disconnect(&mut self, conn: ConnId, client: Client, disconnect: &Disconnect) {
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        if let Some(expiry) = disconnect.properties.session_expiry_interval {
            if session.expiry == 0 && expiry > 0 {
                // [MQTT-3.14.2-2]
                self.send_away(conn, ReasonCode::ProtocolError);
                return self.part(client);
            }
            session.expiry = expiry.min(self.config.session_expiry_maximum);
        }
        if disconnect.reason == ReasonCode::Success {
            // [MQTT-3.14.4-3]
            session.will = None;
        }
        self.close(conn);
        self.part(client);
    }

    pub(super) fn keep_alive_ends(&mut self, conn: ConnId) {
        let Some(client) = self.line(conn).map(|line| line.client) else { return };
        self.send_away(conn, ReasonCode::KeepAliveTimeout);
        self.part(client);
    }

    /// The transport is gone.
    pub(crate) fn lose(&mut self, conn: ConnId) {
        let Some(line) = self.lines.all.remove(&conn) else { return };
        if !line.closing {
            self.part(line.client);
        }
    }

    pub(crate) fn kick(&mut self, client: Client, reason: ReasonCode) {
        let Some(conn) = self.state.sessions.get(&client).and_then(|session| session.conn) else { return };
        self.send_away(conn, reason);
        self.part(client);
    }

    /// The operator ends a session, whose will is not sent.
    pub(crate) fn end_session_by_command(&mut self, client: Client) {
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        session.will = None;
        self.kick(client, ReasonCode::AdministrativeAction);
        self.end_session(client);
    }

    fn send_away(&mut self, conn: ConnId, reason: ReasonCode) {
        if self.line(conn).is_some_and(|line| line.v5) {
            let packet = Packet::Disconnect(Box::new(Disconnect::new(reason)));
            self.lines.expect(conn, Gate::FREE, What::OneOf(vec![packet]));
        }
        self.close(conn);
    }

    fn close(&mut self, conn: ConnId) {
        if let Some(line) = self.lines.all.get_mut(&conn) {
            line.closing = true;
        }
    }

    /// The client is off its connection (§3.1.2.11.2, §3.1.3.2.2).
    fn part(&mut self, client: Client) {
        let wall = self.now.wall;
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        session.conn = None;
        session.again.clear();
        if session.expiry == 0 {
            return self.end_session(client);
        }
        session.ends = (session.expiry < u32::MAX).then(|| wall + u64::from(session.expiry) * SECOND);
        match &mut session.will {
            None => {}
            Some(will) if will.delay == 0 => self.publish_will(client),
            Some(will) => will.due = Some(wall + u64::from(will.delay) * SECOND),
        }
    }

    pub(super) fn will_is_due(&mut self, client: Client) {
        self.publish_will(client);
        // After a restart a client without a session may have left nothing but a will.
        if self.state.sessions.get(&client).is_some_and(|session| session.expiry == 0) {
            self.end_session(client);
        }
    }

    /// The session is gone, and its will is published at the latest now [MQTT-3.1.3-9].
    pub(super) fn end_session(&mut self, client: Client) {
        let Some(mut session) = self.state.sessions.remove(&client) else { return };
        if let Some(will) = session.will.take()
            && self.law.may_publish(&will.message.topic)
        {
            self.publish(Some(client), self.due_message(will));
        }
        let groups = session.subscriptions.into_keys();
        self.orphans.extend(left_to_shares(session.flying, session.queue));
        for group in groups {
            self.forget_group(&group);
        }
    }

    fn publish_will(&mut self, client: Client) {
        let Some(session) = self.state.sessions.get_mut(&client) else { return };
        let Some(will) = session.will.take().filter(|will| self.law.may_publish(&will.message.topic)) else {
            return;
        };
        let message = self.due_message(will);
        self.publish(Some(client), message);
    }

    fn due_message(&self, will: Will) -> Message {
        let expires = will.expiry.map(|seconds| self.now.wall + u64::from(seconds) * SECOND);
        Message { expires, ..will.message }
    }

    /// The broker was restored from what was durable: `saved`.
    pub(crate) fn restart(&mut self, saved: State, now: Now) {
        self.lines.all.clear();
        self.now = now;
        self.state = if self.config.durable { saved } else { State::default() };
        let retained = self.state.retained.values();
        self.last_number = retained.map(|(message, _)| message.number).max().unwrap_or(0);
        let grace = self.config.restart_grace;
        for session in self.state.sessions.values_mut() {
            // A restart makes no records: after another one it is as if the client had been here until then.
            session.cut |= session.conn.take().is_some();
            if let Some(will) = session.will.as_mut().filter(|will| will.due.is_none() || will.crashed) {
                will.due = Some(now.wall + u64::from(will.delay.max(grace)) * SECOND);
                will.crashed = true;
            }
            for item in session.flying.iter_mut().chain(&mut session.queue) {
                item.group.clone_from(&item.share);
            }
            if !session.durable || session.expiry == 0 {
                // It ends now. Of one that has never been kept only its will is known.
                if session.durable {
                    let (flying, queue) = (take(&mut session.flying), take(&mut session.queue));
                    self.orphans.extend(left_to_shares(flying, queue));
                }
                *session = Session { will: session.will.take(), ..Session::default() };
                continue;
            }
            if session.cut {
                session.ends =
                    (session.expiry < u32::MAX).then(|| now.wall + u64::from(session.expiry) * SECOND);
            }
            session.again.clear();
        }
        self.state.sessions.retain(|_, session| session.expiry > 0 || session.will.is_some());
        let sessions = self.state.sessions.values();
        let mut groups: Vec<String> =
            sessions.flat_map(|session| &session.flying).filter_map(|item| item.share.clone()).collect();
        groups.dedup();
        for group in groups {
            self.forget_group(&group);
        }
        self.hand_over();
        // What ran out while the broker was away ends now.
        self.pass(now);
    }

    /// Whether a session is as the broker shows it.
    pub(crate) fn compare(&mut self, client: Client, shown: Option<&lacewing_broker::ClientDetail>) {
        let session = self.state.sessions.get(&client);
        let who = client_id(client);
        let (Some(session), Some(shown)) = (session, shown) else {
            if session.is_some() != shown.is_some() {
                self.complain(format!("{who} has {session:?}, shown is {shown:?}"));
            }
            return;
        };
        let theirs: Vec<_> = shown
            .subscriptions
            .iter()
            .map(|one| (one.filter.clone(), one.qos, one.subscription_identifier))
            .collect();
        let ours = session.subscriptions.iter();
        let ours: Vec<_> =
            ours.map(|(filter, one)| (filter.clone(), one.options.qos.into(), one.id)).collect();
        let ours = (
            ours,
            session.conn.is_some(),
            session.expiry,
            session.will.is_some(),
            session.queue.len(),
            session.flying.len(),
        );
        let info = &shown.info;
        let theirs = (
            theirs,
            info.connected,
            info.session_expiry,
            info.will.is_some(),
            info.queued as usize,
            info.inflight as usize,
        );
        if ours != theirs {
            self.complain(format!("{who} is {ours:?}, shown is {theirs:?}"));
        }
    }
}

/// What a session leaves to the other members of its shared subscriptions [MQTT-4.8.2-4], [MQTT-4.8.2-5].
fn left_to_shares(flying: Vec<Item>, queue: VecDeque<Item>) -> impl Iterator<Item = (String, Rc<Message>)> {
    let flying = flying.into_iter().filter(|item| item.qos == QoS::AtLeastOnce);
    flying.chain(queue).filter_map(|item| Some((item.group?, item.message)))
}

fn will(will: &lacewing_protocol::Will) -> Will {
    let lacewing_protocol::Will { topic, payload, qos, retain, properties } = will;
    let message = Message {
        number: 0,
        topic: topic.clone(),
        payload: payload.clone(),
        qos: *qos,
        retain: *retain,
        properties: PublishProperties::from(PublishPropertyFields {
            content_type: properties.content_type.clone(),
            user_properties: properties.user_properties.clone(),
            ..Default::default()
        }),
        expires: None,
    };
    let delay = properties.will_delay_interval.unwrap_or(0);
    Will { message, delay, expiry: properties.message_expiry_interval, due: None, crashed: false }
}
