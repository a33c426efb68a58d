//! CONNECT: who comes in, and with which session (§3.1.4).

use std::num::{NonZeroU16, NonZeroU32};
use std::rc::Rc;

use bytes::Bytes;
use lacewing_protocol::{
    Connect, ProtocolVersion, PublishProperties, PublishPropertyFields, ReasonCode, Utf8String,
    Will as ConnectWill,
};

use crate::broker::WallTimer;
use crate::connack::Agreed;
use crate::connection::{ConnKey, Connection, Extras, Phase};
use crate::message::{Message, compact};
use crate::routing::SessionKey;
use crate::sent_aliases::SentAliases;
use crate::session::{Origin, Session, Will};
use crate::sys::is_reserved;
use crate::{Broker, CloseReason, Ending, EventKind, EventMask, WillCancelled};

impl Broker {
    pub(crate) fn connect(&mut self, key: ConnKey, connect: Box<Connect>) {
        let left = self.take_time_left(key);
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        connection.version = connect.version;
        connection.set_client_limits(&connect);
        if let Err((reason, why)) = self.judge(&connect) {
            return self.refuse_connect(key, reason, why);
        }
        let mut connect = connect;
        let assigned = connect.client_id.is_empty();
        if assigned {
            connect.client_id = self.assign_client_id();
        }
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        connection.extras_if(assigned, |extras| extras.assigned = true);
        self.identify(key, *connect, left);
    }

    /// Why this client cannot come in, whoever it is.
    pub(crate) fn judge(&self, connect: &Connect) -> Result<(), (ReasonCode, &'static str)> {
        let no_id = connect.client_id.is_empty();
        if self.shutting_down {
            return Err((ReasonCode::ServerUnavailable, "the broker shuts down"));
        }
        if no_id && connect.version == ProtocolVersion::V3_1 {
            return Err((ReasonCode::ClientIdentifierNotValid, "3.1 has no empty client id"));
        }
        if no_id && !connect.clean_start && !connect.version.is_v5() {
            // [3.1.1 MQTT-3.1.3-8]
            return Err((ReasonCode::ClientIdentifierNotValid, "an empty client id needs a clean session"));
        }
        if connect.client_id.len() > usize::from(self.config.client_id_length) {
            return Err((ReasonCode::ClientIdentifierNotValid, "the client id is too long"));
        }
        if connect.will.as_ref().is_some_and(|will| self.is_too_deep(&will.topic)) {
            return Err((ReasonCode::TopicNameInvalid, "the will's topic has too many levels"));
        }
        if connect.will.as_ref().is_some_and(|will| is_reserved(&will.topic)) {
            return Err((ReasonCode::NotAuthorized, "only the broker publishes there"));
        }
        let known = self.clients.contains_key(&*connect.client_id);
        if !known && self.clients.len() >= self.config.sessions as usize {
            let reason = if connect.version.is_v5() {
                ReasonCode::QuotaExceeded
            } else {
                ReasonCode::ServerUnavailable
            };
            return Err((reason, "there are too many sessions"));
        }
        Ok(())
    }

    /// Whether a topic or filter has more levels than are taken.
    pub(crate) fn is_too_deep(&self, topic: &str) -> bool {
        let slashes = topic.bytes().filter(|byte| *byte == b'/').count();
        slashes >= usize::from(self.config.topic_levels)
    }

    /// A client id that no session has [MQTT-3.1.3-6].
    fn assign_client_id(&mut self) -> Utf8String {
        loop {
            self.last_serial += 1;
            // The same for the same seed. The seed goes in twice, for one mix alone can be undone: from its own id a
            // client could tell those of others.
            let id = format!("auto-{:016x}", mix(self.seed ^ mix(self.seed.wrapping_add(self.last_serial))));
            if !self.clients.contains_key(id.as_str()) {
                return Utf8String::try_from(id).unwrap_or_default();
            }
        }
    }

    /// Lets a client in: take-over, session, CONNACK, and what the session has waiting for it.
    pub(crate) fn admit(
        &mut self,
        key: ConnKey,
        connect: Connect,
        user: Option<String>,
        data: Option<Bytes>,
    ) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let listener = connection.transport.as_ref().map(|transport| transport.listener).unwrap_or_default();
        if let Some(reason) = self.redirected(listener, connect.version) {
            return self.refuse_connect(key, reason, "clients go to another server");
        }
        let features = self.features(listener, user.as_deref());
        if let Some((reason, why)) = self.excludes_will(&features, &connect) {
            return self.refuse_connect(key, reason, why);
        }
        if let Some(why) = self.denies_will(listener, &connect, user.as_deref()) {
            return self.refuse_connect(key, ReasonCode::NotAuthorized, &why);
        }
        let keep_alive = self.keep_alive(&connect, listener, user.as_deref());
        let response = self.response_information(&connect);
        let mut agreed =
            Agreed { expiry: self.session_expiry(&connect), keep_alive, features, response, data };
        let is_limited = |connection: &Connection| connection.maximum_packet_size < u32::MAX;
        if is_limited(connection) && !self.fits(key, &self.conn_ack(key, &connect, &agreed, false)) {
            agreed.response = None;
        }
        if is_limited(connection) && !self.fits(key, &self.conn_ack(key, &connect, &agreed, false)) {
            let why = "the answer is larger than the client takes";
            return self.refuse_connect(key, ReasonCode::PacketTooLarge, why);
        }
        let ended = self.take_over(&connect);
        let existing = self.clients.get(&*connect.client_id).copied();
        let session_present = existing.is_some();
        let session_key = existing.unwrap_or_else(|| self.create_session(&connect));
        self.wall_timers.clear(WallTimer::Expiry(session_key));

        let will = connect.will.as_ref().map(|will| Box::new(self.will(will)));
        let wall = self.now.wall;
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        connection.phase = Phase::Open(session_key);
        connection.keep_alive = keep_alive;
        connection.features = agreed.features;
        // The host may have taken its time over the verdict, and nothing was read meanwhile.
        connection.last_heard = self.now.awake;
        connection.window = connection.window.min(self.config.inflight);
        connection.receive_maximum = self.config.receive_maximum;
        connection.topic_alias_maximum = self.config.topic_alias_maximum;
        let taken = connect.properties.topic_alias_maximum.unwrap_or(0);
        connection.sent_aliases =
            SentAliases::new(taken.min(self.config.topic_aliases_sent), self.config.topic_alias_bytes);
        session.conn = Some(key);
        session.version = connect.version;
        session.expiry = agreed.expiry;
        session.durable |= self.config.durable && agreed.expiry > 0;
        session.since = wall;
        session.will = will;
        let transport = connection.transport.take().map(|transport| *transport).unwrap_or_default();
        connection.remember_method(&connect, &transport);
        let origin = &mut session.origin;
        origin.listener = transport.listener;
        origin.certified = transport.tls.is_some();
        origin.edition = self.policy.edition;
        origin.peer = transport.peer.into_boxed_str();
        origin.user = user.clone().map(String::into_boxed_str);
        origin.keep_alive = keep_alive;
        origin.session_present = session_present;
        origin.ended = None;
        self.metrics.clients += 1;
        self.metrics.clients_maximum = self.metrics.clients_maximum.max(self.metrics.clients);
        self.metrics.connects += 1;
        self.record_session(session_key);
        self.record_will(session_key);
        if ended {
            self.promise(key);
        } else {
            self.promise_if_durable(key, session_key);
        }
        let conn_ack = self.conn_ack(key, &connect, &agreed, session_present);
        self.send(key, &conn_ack);
        self.start_keep_alive(key);
        if self.watch.wants(EventMask::CLIENTS)
            && let Some((conn, _)) = self.who(key)
        {
            self.event(EventKind::Connected {
                conn,
                client_id: connect.client_id.to_string(),
                version: connect.version.to_string(),
                user,
                keep_alive,
                clean_start: connect.clean_start,
                session_present,
                session_expiry: agreed.expiry,
                will: connect.will.is_some(),
            });
        }
        self.resume(session_key);
    }

    /// Makes way for a client: its other connection ends, and with Clean Start its former session (§3.1.4).
    ///
    /// Returns whether a session of which there are records was ended.
    fn take_over(&mut self, connect: &Connect) -> bool {
        let Some(&session_key) = self.clients.get(&*connect.client_id) else { return false };
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return false };
        let durable = session.durable;
        if let Some(old) = session.conn {
            // [MQTT-3.1.4-3]
            self.say_goodbye(old, ReasonCode::SessionTakenOver, "");
            self.part(old, Ending::TakenOver, ReasonCode::SessionTakenOver);
            self.close(old, CloseReason::TakenOver);
        }
        // The deadlines of a session may have passed while the host slept, before a tick could say so.
        let wall = self.now.wall;
        let is_past = |deadline: Option<u64>| deadline.is_some_and(|at| at <= wall);
        if is_past(self.wall_timers.deadline(WallTimer::Will(session_key))) {
            self.will_is_due(session_key);
        }
        if is_past(self.wall_timers.deadline(WallTimer::Expiry(session_key))) {
            self.session_expires(session_key);
        }
        let Some(session) = self.sessions.get(session_key.0 as usize).filter(|session| !session.ended) else {
            return durable;
        };
        let crashed = session.will.as_ref().is_some_and(|will| will.crashed);
        if !connect.clean_start || crashed {
            // [MQTT-3.1.3-9]
            self.cancel_will(session_key, WillCancelled::Back);
        }
        if connect.clean_start
            || self.sessions.get(session_key.0 as usize).is_some_and(|session| session.expiry == 0)
        {
            // [MQTT-3.1.2-4]
            self.end_session(session_key);
            return durable;
        }
        false
    }

    fn create_session(&mut self, connect: &Connect) -> SessionKey {
        self.last_serial += 1;
        let client_id: Rc<str> = Rc::from(connect.client_id.as_str());
        let session = Session {
            client_id: client_id.clone(),
            serial: self.last_serial,
            conn: None,
            version: connect.version,
            expiry: 0,
            durable: false,
            ended: false,
            since: self.now.wall,
            subscriptions: Default::default(),
            transit: None,
            will: None,
            origin: Origin::default(),
        };
        let session_key = SessionKey(self.sessions.insert(session) as u32);
        self.clients.insert(client_id, session_key);
        self.metrics.sessions = self.clients.len() as u32;
        session_key
    }

    /// How long the session outlives the connection (§3.1.2.11.2); before 5.0 Clean Session decides.
    fn session_expiry(&self, connect: &Connect) -> u32 {
        let asked = match (connect.version.is_v5(), connect.clean_start) {
            (true, _) => connect.properties.session_expiry_interval.unwrap_or(0),
            (false, true) => 0,
            (false, false) => u32::MAX,
        };
        asked.min(self.config.session_expiry_maximum)
    }

    fn will(&mut self, will: &ConnectWill) -> Will {
        self.last_message += 1;
        let properties = PublishProperties::from(PublishPropertyFields {
            payload_format_indicator: will.properties.payload_format_indicator,
            response_topic: will.properties.response_topic.clone(),
            correlation_data: will.properties.correlation_data.clone(),
            content_type: will.properties.content_type.clone(),
            user_properties: will.properties.user_properties.clone(),
            ..PublishPropertyFields::default()
        });
        let message = Message {
            number: self.last_message,
            topic: will.topic.compact(),
            payload: compact(&will.payload),
            properties: properties.compact(),
            qos: will.qos,
            retain: will.retain,
            expires: None,
            recorded: Default::default(),
        };
        Will {
            message: Rc::new(message),
            delay: will.properties.will_delay_interval.unwrap_or(0),
            expiry: will.properties.message_expiry_interval,
            crashed: false,
        }
    }
}

impl Connection {
    /// Keeps what the client says it can take, and asks for (§3.1.2.11).
    fn set_client_limits(&mut self, connect: &Connect) {
        let asked = &connect.properties;
        self.window = asked.receive_maximum.map_or(u16::MAX, NonZeroU16::get);
        self.maximum_packet_size = asked.maximum_packet_size.map_or(u32::MAX, NonZeroU32::get);
        self.asked_to_last = asked.session_expiry_interval.is_some_and(|seconds| seconds > 0);
        let quiet = asked.request_problem_information == Some(false);
        self.extras_if(quiet, |extras| extras.no_problem_information = true);
    }

    fn extras_if(&mut self, wanted: bool, set: impl FnOnce(&mut Extras)) {
        if wanted {
            set(self.extras.get_or_insert_default());
        }
    }
}

/// The last steps of splitmix64: near numbers become far ones.
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
