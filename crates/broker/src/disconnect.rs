//! How connections and clients end.

use lacewing_protocol::{Disconnect, Packet, ReasonCode, Utf8String};

use crate::broker::{AwakeTimer, WallTimer};
use crate::connection::{ConnKey, Phase};
use crate::jobs::Job;
use crate::routing::SessionKey;
use crate::{
    Broker, CloseCause, CloseReason, Ending, EventKind, EventMask, NotDelivered, Output, WillCancelled,
};

impl Broker {
    /// The client says DISCONNECT (§3.14.4).
    pub(crate) fn disconnect(&mut self, key: ConnKey, disconnect: &Disconnect) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let Some(session_key) = connection.session() else { return };
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        if !disconnect.reason.is_valid_in_client_disconnect() {
            return self.refuse(key, ReasonCode::ProtocolError, "the reason is not one for a client");
        }
        if let Some(expiry) = disconnect.properties.session_expiry_interval {
            // What the client asked for counts: the broker may have granted less.
            if !connection.asked_to_last && expiry > 0 {
                // [MQTT-3.14.2-2]
                return self.refuse(
                    key,
                    ReasonCode::ProtocolError,
                    "the session expiry was 0 and cannot be raised",
                );
            }
            session.expiry = expiry.min(self.config.session_expiry_maximum);
        }
        let how = match disconnect.reason {
            ReasonCode::Success => Ending::Clean,
            ReasonCode::DisconnectWithWillMessage => Ending::CleanWithWill,
            // The client leaves because something is wrong: its will is for this [MQTT-3.14.4-3].
            _ => Ending::Lost,
        };
        self.part(key, how, disconnect.reason);
        self.close(key, CloseReason::Disconnected);
    }

    /// Ends a connection that broke the protocol or a limit, with the reason if its version can say it.
    pub(crate) fn refuse(&mut self, key: ConnKey, reason: ReasonCode, why: &str) {
        self.note_refusal(key, reason, why);
        self.say_goodbye(key, reason, why);
        self.part(key, Ending::Refused, reason);
        self.close(key, CloseReason::Refused(reason));
    }

    /// Counts that a client or a packet of it was turned away, and reports it.
    pub(crate) fn note_refusal(&mut self, key: ConnKey, reason: ReasonCode, why: &str) {
        self.metrics.refusals += 1;
        if self.watch.wants(EventMask::CLIENTS)
            && let Some((conn, client_id)) = self.who(key)
        {
            self.event(EventKind::Refused { conn, client_id, reason: reason.value(), why: why.to_owned() });
        }
    }

    /// Sends a DISCONNECT to a client that is in, if its version has one from the server.
    pub(crate) fn say_goodbye(&mut self, key: ConnKey, reason: ReasonCode, why: &str) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        if !connection.version.is_v5() || connection.session().is_none() {
            return;
        }
        let mut disconnect = Disconnect::new(reason);
        if connection.wants_problem_information() && !why.is_empty() {
            disconnect.properties.reason_string = Utf8String::try_from(why).ok();
        }
        disconnect.properties.server_reference = self.server_reference(reason);
        self.send(key, &Packet::Disconnect(Box::new(disconnect)));
    }

    /// Asks the host to close a connection. A client on it must have parted.
    pub(crate) fn close(&mut self, key: ConnKey, reason: CloseReason) {
        self.part(key, Ending::Lost, ReasonCode::UnspecifiedError);
        let durable = self.durable;
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if connection.ended.is_some() {
            return self.forget_if_ended(key);
        }
        connection.phase = Phase::Closing;
        self.awake_timers.clear(AwakeTimer::Connect(key));
        let conn = connection.id;
        if connection.outgoing.as_ref().is_some_and(|outgoing| outgoing.is_gated(durable)) {
            self.closing.push((conn, reason));
        } else {
            self.outputs.push_back(Output::Close { conn, reason });
        }
    }

    /// Closes the connections whose last bytes have become durable.
    pub(crate) fn close_ungated(&mut self) {
        for (conn, reason) in std::mem::take(&mut self.closing) {
            let Some(&key) = self.connection_keys.get(&conn) else { continue };
            let Some(connection) = self.connections.get(key.0 as usize) else { continue };
            if connection.outgoing.as_ref().is_some_and(|outgoing| outgoing.is_gated(self.durable)) {
                self.closing.push((conn, reason));
            } else {
                self.outputs.push_back(Output::Close { conn, reason });
            }
        }
    }

    /// A transport has ended, and not all that came on it has been read: a client may say much, DISCONNECT at last, and be gone. The client
    /// stays until that is read. It takes nothing any more, so nobody waits for it, and it waits for nothing that it would have to take.
    pub(crate) fn outlive(&mut self, key: ConnKey, cause: CloseCause) {
        self.release_waiters(key);
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        connection.ended = Some(cause);
        connection.paused = false;
        if std::mem::take(&mut connection.flooded) {
            self.read_later(key);
        }
    }

    /// All that came was read, or no more is to be: a connection whose transport has ended goes with it.
    pub(crate) fn forget_if_ended(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let Some(cause) = connection.ended else { return };
        self.connection_keys.remove(&connection.id);
        self.lose(key, cause);
    }

    /// A transport has ended; its number is no longer known.
    pub(crate) fn lose(&mut self, key: ConnKey, cause: CloseCause) {
        let Some((conn, client_id)) = self.who(key) else { return };
        self.part(key, Ending::Lost, ReasonCode::UnspecifiedError);
        self.awake_timers.clear(AwakeTimer::Connect(key));
        self.release_waiters(key);
        let mut connection = self.connections.remove(key.0 as usize);
        if connection.holds > 0 {
            self.metrics.paused -= 1;
        }
        if let Some(outgoing) = connection.outgoing.take() {
            self.spares.give(outgoing);
        }
        self.metrics.connections = self.connections.len() as u32;
        if self.watch.wants(EventMask::CLIENTS) {
            self.event(EventKind::Closed { conn, client_id, cause });
        }
    }

    /// Nothing was heard of the client for too long [MQTT-3.1.2-22].
    pub(crate) fn keep_alive_timeout(&mut self, key: ConnKey) {
        let awake = self.now.awake;
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if connection.is_held() || connection.listed {
            // What it may have sent since then has not been read.
            connection.last_heard = awake;
        }
        if connection.last_heard + u64::from(connection.keep_alive) * 1_500_000 > awake {
            return self.start_keep_alive(key);
        }
        self.say_goodbye(key, ReasonCode::KeepAliveTimeout, "");
        self.part(key, Ending::TimedOut, ReasonCode::KeepAliveTimeout);
        self.close(key, CloseReason::KeepAliveTimeout);
    }

    /// Takes the client off its connection: its session waits, or ends, and so does its will.
    pub(crate) fn part(&mut self, key: ConnKey, how: Ending, reason: ReasonCode) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let Some(session_key) = connection.session() else { return };
        connection.phase = Phase::Closing;
        let conn = connection.id;
        let last_heard = self.now.wall.saturating_sub(self.now.awake.saturating_sub(connection.last_heard));
        self.awake_timers.clear(AwakeTimer::KeepAlive(key));
        self.release_waiters(key);
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        session.conn = None;
        session.since = self.now.wall;
        session.origin.ended = Some(how);
        session.origin.last_heard = last_heard;
        self.metrics.clients -= 1;
        if self.watch.wants(EventMask::CLIENTS) {
            let client_id = session.client_id.to_string();
            self.event(EventKind::Disconnected { conn, client_id, how, reason: reason.value() });
        }
        if how == Ending::Clean {
            self.cancel_will(session_key, WillCancelled::Disconnected);
        }
        self.leave_behind(session_key);
    }

    /// What becomes of a session and its will without its client (§3.1.2.11.2, §3.1.3.2.2).
    fn leave_behind(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        if session.expiry == 0 {
            return self.end_session(session_key);
        }
        session.rest();
        let second = 1_000_000;
        if session.expiry != u32::MAX {
            let at = self.now.wall + u64::from(session.expiry) * second;
            self.wall_timers.set(WallTimer::Expiry(session_key), at);
        }
        let delay = session.will.as_ref().map(|will| u64::from(will.delay));
        self.record_session(session_key);
        match delay {
            None => {}
            Some(0) => self.send_will(session_key),
            Some(delay) => {
                self.wall_timers.set(WallTimer::Will(session_key), self.now.wall + delay * second);
                self.record_will(session_key);
            }
        }
    }

    pub(crate) fn session_expires(&mut self, session_key: SessionKey) {
        if self.sessions.get(session_key.0 as usize).is_some_and(|session| session.conn.is_none()) {
            self.metrics.sessions_expired += 1;
            self.end_session(session_key);
        }
    }

    /// Ends the session of a client that is not here; what it leaves is cleared away by a job [MQTT-4.1.0-2].
    pub(crate) fn end_session(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize).filter(|session| !session.ended)
        else {
            return;
        };
        session.ended = true;
        let client_id = session.client_id.clone();
        self.clients.remove(&client_id);
        self.wall_timers.clear(WallTimer::Expiry(session_key));
        self.wall_timers.clear(WallTimer::Will(session_key));
        self.metrics.sessions = self.clients.len() as u32;
        // [MQTT-3.1.2-8]: the will is sent when the session ends, at the latest.
        self.send_will(session_key);
        self.forget_session(session_key);
        if self.watch.wants(EventMask::STATE) {
            self.event(EventKind::SessionExpired { client_id: client_id.to_string() });
        }
        self.jobs.push_back(Job::TakeApart(session_key));
    }

    /// Takes a part of an ended session away; whether nothing is left.
    pub(crate) fn take_apart(&mut self, session_key: SessionKey) -> bool {
        loop {
            if self.budget == 0 {
                return false;
            }
            self.spend(1);
            let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return true };
            let (durable, serial) = (session.durable, session.serial);
            if let Some((filter, _)) = session.subscriptions.pop() {
                self.forget_subscription(session_key, &filter);
                self.subscriptions.remove(&filter, session_key);
                self.count_subscriptions();
                continue;
            }
            let Some(transit) = &mut session.transit else { break };
            if let Some(sent) = transit.window.pop() {
                self.forget_outgoing(durable, serial, sent.order, sent.message.as_deref());
                // QoS 2 in flight never goes to another member [MQTT-4.8.2-5], QoS 1 does [MQTT-4.8.2-4].
                if sent.qos == lacewing_protocol::QoS::AtLeastOnce
                    && let (Some(group), Some(message)) = (sent.group, sent.message)
                {
                    self.pass_on(group, message);
                }
                continue;
            }
            if let Some(waiting) = transit.queue.pop() {
                self.metrics.queued -= 1;
                self.forget_outgoing(durable, serial, waiting.order, Some(&waiting.message));
                match waiting.group {
                    Some(group) => self.pass_on(group, waiting.message),
                    None => self.not_delivered(session_key, &waiting.message, NotDelivered::SessionEnded),
                }
                continue;
            }
            if let Some(id) = transit.incoming.pop() {
                self.forget_incoming(durable, serial, id);
                continue;
            }
            break;
        }
        self.sessions.remove(session_key.0 as usize);
        true
    }
}
