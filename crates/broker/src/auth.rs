//! Who a client is: what the broker sees for itself, what it asks the host, and the AUTH exchange (§3.15, §4.12).

use bytes::Bytes;
use lacewing_protocol::{Auth, AuthProperties, Connect, Packet, ReasonCode, Utf8String};

use crate::access::is_own;
use crate::broker::AwakeTimer;
use crate::connection::{ConnKey, Connection, Phase};
use crate::{AuthRequest, AuthStep, Broker, CloseReason, ConnId, Output, Transport, Verdict};

/// How many questions one exchange may take.
const QUESTIONS: u8 = 16;

/// A client that has said CONNECT and is not in.
#[derive(Debug)]
pub(crate) struct Entering {
    pub(crate) connect: Connect,
    exchange: Exchange,
}

/// How far a host and a client have come with each other.
#[derive(Debug, Clone, Copy, Default)]
struct Exchange {
    questions: u8,
    /// How long the client may still take over its part, awake microseconds.
    left: u64,
    /// Which rules the host was first asked under.
    rules: u32,
}

/// The Authentication Method of a client that is in, and who it is anew (§4.12.1).
#[derive(Debug)]
pub(crate) struct Reauthentication {
    method: Utf8String,
    transport: Transport,
    stage: Stage,
    exchange: Exchange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is no exchange.
    Idle,
    /// The host was asked.
    Asked,
    /// The client was sent an AUTH and is to answer.
    Challenged,
}

/// What the broker sees for itself.
enum Entry {
    /// The client may come in, as this user.
    In(Option<String>),
    /// The host knows.
    Ask,
    /// The client may not come in.
    Out(ReasonCode, &'static str),
}

impl Broker {
    /// Finds out who the client is that said CONNECT, and lets it in or turns it away; or asks the host.
    pub(crate) fn identify(&mut self, key: ConnKey, connect: Connect, left: u64) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        let Some(transport) = connection.transport.as_deref() else { return };
        match self.entry(transport, &connect) {
            Entry::In(user) => self.admit(key, connect, user, None),
            Entry::Out(reason, why) => self.refuse_connect(key, reason, why),
            Entry::Ask => {
                let exchange = Exchange { questions: 0, left, rules: self.policy.edition };
                let data = connect.properties.authentication_data.clone();
                self.ask(key, Box::new(Entering { connect, exchange }), AuthStep::Connect, data);
            }
        }
    }

    fn entry(&self, transport: &Transport, connect: &Connect) -> Entry {
        let has_method = connect.properties.authentication_method.is_some();
        let is_own = is_own(transport.listener);
        if !is_own && self.awaits_rules() {
            return Entry::Out(ReasonCode::ServerBusy, "the first users and rules are not yet in force");
        }
        let nobody_is_known = self.policy.rules.users.is_empty() && !self.config.authenticate;
        if has_method && (is_own || nobody_is_known) {
            return Entry::Out(ReasonCode::BadAuthenticationMethod, "no authentication method is known here");
        }
        if is_own {
            return Entry::In(None);
        }
        if let Some(name) = &transport.tls {
            if connect.username.as_ref().is_some_and(|username| username.as_str() != name) {
                return Entry::Out(ReasonCode::BadUserNameOrPassword, "the certificate is another user's");
            }
            return if has_method { Entry::Ask } else { Entry::In(Some(name.clone())) };
        }
        let is_named = connect.username.is_some() && !nobody_is_known;
        if !has_method && !is_named && !self.policy.rules.anonymous_at(transport.listener) {
            return Entry::Out(ReasonCode::NotAuthorized, "clients without a user name may not come in");
        }
        if has_method || is_named || self.config.authenticate { Entry::Ask } else { Entry::In(None) }
    }

    fn ask(&mut self, key: ConnKey, mut entering: Box<Entering>, step: AuthStep, data: Option<Bytes>) {
        if entering.exchange.questions == QUESTIONS {
            return self.refuse_connect(key, ReasonCode::NotAuthorized, "the authentication does not end");
        }
        entering.exchange.questions += 1;
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let connect = &entering.connect;
        let request = AuthRequest {
            client_id: connect.client_id.to_string(),
            version: connect.version,
            username: connect.username.as_ref().map(|name| name.to_string()),
            password: connect.password.clone(),
            transport: connection.transport.as_deref().cloned().unwrap_or_default(),
            method: connect.properties.authentication_method.as_ref().map(|method| method.to_string()),
            data,
            step,
        };
        let conn = connection.id;
        connection.phase = Phase::Asked(entering);
        self.outputs.push_back(Output::Authenticate { conn, request: Box::new(request) });
    }

    /// The host has answered.
    pub(crate) fn authenticated(&mut self, conn: ConnId, verdict: Verdict) {
        let Some(&key) = self.connection_keys.get(&conn) else { return };
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        match &connection.phase {
            Phase::Asked(_) => {
                let phase = std::mem::replace(&mut connection.phase, Phase::New);
                let Phase::Asked(entering) = phase else { return };
                self.may_enter(key, entering, verdict);
            }
            Phase::Open(_) if connection.stage() == Some(Stage::Asked) => {
                connection.busy = false;
                self.may_stay(key, verdict);
            }
            _ => return,
        }
        self.read_later(key);
        self.read_unread();
    }

    fn may_enter(&mut self, key: ConnKey, entering: Box<Entering>, verdict: Verdict) {
        match verdict {
            Verdict::Allow { user, data } => {
                if entering.exchange.rules != self.policy.edition {
                    let why = "users and rules changed while the client was asked who it is";
                    return self.refuse_connect(key, ReasonCode::ServerBusy, why);
                }
                let transport =
                    self.connections.get(key.0 as usize).and_then(|connection| connection.transport.as_ref());
                let certified = transport.and_then(|transport| transport.tls.as_ref());
                if certified.is_some() && certified != user.as_ref() {
                    let why = "the certificate is another user's";
                    return self.refuse_connect(key, ReasonCode::BadUserNameOrPassword, why);
                }
                if data.as_ref().is_some_and(is_too_long) {
                    let why = "the authentication data is larger than a packet takes";
                    return self.refuse_connect(key, ReasonCode::PacketTooLarge, why);
                }
                // What was all right when the host was asked may not be any more.
                match self.judge(&entering.connect) {
                    Ok(()) => self.admit(key, entering.connect, user, data),
                    Err((reason, why)) => self.refuse_connect(key, reason, why),
                }
            }
            Verdict::Continue { data } => self.challenge(key, entering, data),
            Verdict::Deny { reason } => self.refuse_connect(key, reason, "the client may not come in"),
        }
    }

    /// Sends an AUTH 0x18 before CONNACK [MQTT-4.12.0-2].
    fn challenge(&mut self, key: ConnKey, entering: Box<Entering>, data: Bytes) {
        let Some(method) = entering.connect.properties.authentication_method.clone() else {
            // [MQTT-4.12.0-6]
            let why = "the client did not ask for an authentication exchange";
            return self.refuse_connect(key, ReasonCode::NotAuthorized, why);
        };
        let Some(packet) = self.auth(key, ReasonCode::ContinueAuthentication, method, Some(data)) else {
            let why = "the authentication data is larger than the client takes";
            return self.refuse_connect(key, ReasonCode::PacketTooLarge, why);
        };
        self.awake_timers.set(AwakeTimer::Connect(key), self.now.awake + entering.exchange.left);
        if let Some(connection) = self.connections.get_mut(key.0 as usize) {
            connection.phase = Phase::Challenged(entering);
        }
        self.send(key, &packet);
    }

    /// A packet of a client that was sent an AUTH and is not in: only an answer may come [MQTT-3.1.2-30].
    pub(crate) fn packet_in_exchange(&mut self, key: ConnKey, packet: Packet) {
        match packet {
            Packet::Auth(auth) => self.answer(key, *auth),
            Packet::Disconnect(_) => self.close(key, CloseReason::Disconnected),
            _ => {
                let why = "only AUTH may come before CONNACK";
                self.refuse_connect(key, ReasonCode::ProtocolError, why);
            }
        }
    }

    fn answer(&mut self, key: ConnKey, auth: Auth) {
        let left = self.take_time_left(key);
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let phase = std::mem::replace(&mut connection.phase, Phase::New);
        let Phase::Challenged(mut entering) = phase else { return };
        if auth.properties.authentication_method != entering.connect.properties.authentication_method {
            let why = "the authentication method is not the one in CONNECT";
            return self.refuse_connect(key, ReasonCode::BadAuthenticationMethod, why);
        }
        if auth.reason != ReasonCode::ContinueAuthentication {
            // [MQTT-4.12.0-3]
            let why = "the answer to an AUTH is one that continues";
            return self.refuse_connect(key, ReasonCode::ProtocolError, why);
        }
        entering.exchange.left = left;
        self.ask(key, entering, AuthStep::Continue, auth.properties.authentication_data);
    }

    /// AUTH of a client that is in (§4.12.1).
    pub(crate) fn reauthenticate(&mut self, key: ConnKey, auth: Auth) {
        let left = self.take_time_left(key);
        let whole = u64::from(self.config.connect_timeout) * 1_000_000;
        let rules = self.policy.edition;
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let Some(session_key) = connection.session() else { return };
        let Some(known) = connection.reauthentication() else {
            // [MQTT-4.12.0-7]
            return self.refuse(key, ReasonCode::ProtocolError, "CONNECT named no authentication method");
        };
        if auth.properties.authentication_method.as_ref() != Some(&known.method) {
            // [MQTT-4.12.1-1]
            let why = "the authentication method is not the one in CONNECT";
            return self.refuse(key, ReasonCode::BadAuthenticationMethod, why);
        }
        let step = match (known.stage, auth.reason) {
            (Stage::Idle, ReasonCode::ReAuthenticate) => {
                known.exchange = Exchange { questions: 0, left: whole, rules };
                AuthStep::Reauthenticate
            }
            (Stage::Challenged, ReasonCode::ContinueAuthentication) => {
                known.exchange.left = left;
                AuthStep::Continue
            }
            _ => {
                let why = "this is not the time for an AUTH of this kind";
                return self.refuse(key, ReasonCode::ProtocolError, why);
            }
        };
        if known.exchange.questions == QUESTIONS {
            return self.refuse(key, ReasonCode::NotAuthorized, "the authentication does not end");
        }
        known.exchange.questions += 1;
        known.stage = Stage::Asked;
        let (method, transport) = (known.method.to_string(), known.transport.clone());
        connection.busy = true;
        let (conn, version) = (connection.id, connection.version);
        let Some(session) = self.sessions.get(session_key.0 as usize) else { return };
        let request = AuthRequest {
            client_id: session.client_id.to_string(),
            version,
            username: session.origin.user.as_deref().map(str::to_owned),
            password: None,
            transport,
            method: Some(method),
            data: auth.properties.authentication_data,
            step,
        };
        self.outputs.push_back(Output::Authenticate { conn, request: Box::new(request) });
    }

    /// The host has answered about a client that is in.
    fn may_stay(&mut self, key: ConnKey, verdict: Verdict) {
        let rules = self.policy.edition;
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let Some(session_key) = connection.session() else { return };
        let Some(known) = connection.reauthentication() else { return };
        known.stage = Stage::Idle;
        let (method, exchange) = (known.method.clone(), known.exchange);
        let (reason, data) = match verdict {
            Verdict::Allow { user, data } => {
                let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
                if session.origin.user.as_deref() != user.as_deref() {
                    return self.refuse(key, ReasonCode::NotAuthorized, "the client would be another user");
                }
                session.origin.edition = rules;
                if exchange.rules != rules {
                    let why = "users and rules changed while the client was asked who it is";
                    return self.refuse(key, ReasonCode::NotAuthorized, why);
                }
                (ReasonCode::Success, data)
            }
            Verdict::Continue { data } => {
                known.stage = Stage::Challenged;
                self.awake_timers.set(AwakeTimer::Connect(key), self.now.awake + exchange.left);
                (ReasonCode::ContinueAuthentication, Some(data))
            }
            Verdict::Deny { reason } => {
                // [MQTT-4.12.1-2]
                let is_known = reason.is_valid_in_server_disconnect() && reason.is_error();
                let reason = if is_known { reason } else { ReasonCode::NotAuthorized };
                return self.refuse(key, reason, "the client could not prove anew who it is");
            }
        };
        match self.auth(key, reason, method, data) {
            Some(packet) => self.send(key, &packet),
            None => {
                let why = "the authentication data is larger than the client takes";
                self.refuse(key, ReasonCode::PacketTooLarge, why);
            }
        }
    }

    /// The client took too long over its CONNECT, or over its part of an exchange.
    pub(crate) fn connect_timeout(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let why = "the authentication took too long";
        match connection.phase {
            Phase::New => self.close(key, CloseReason::ConnectTimeout),
            Phase::Challenged(_) => self.refuse_connect(key, ReasonCode::NotAuthorized, why),
            Phase::Open(_) if connection.stage() == Some(Stage::Challenged) => {
                self.refuse(key, ReasonCode::NotAuthorized, why);
            }
            _ => {}
        }
    }

    /// How long the client may still take; its time does not run until it is to answer again.
    pub(crate) fn take_time_left(&mut self, key: ConnKey) -> u64 {
        let deadline = self.awake_timers.deadline(AwakeTimer::Connect(key));
        self.awake_timers.clear(AwakeTimer::Connect(key));
        deadline.map_or(0, |at| at.saturating_sub(self.now.awake))
    }

    /// An AUTH, if the client takes one as large as this [MQTT-4.12.0-5].
    fn auth(
        &self,
        key: ConnKey,
        reason: ReasonCode,
        method: Utf8String,
        data: Option<Bytes>,
    ) -> Option<Packet> {
        if data.as_ref().is_some_and(is_too_long) {
            return None;
        }
        let properties = AuthProperties {
            authentication_method: Some(method),
            authentication_data: data,
            ..AuthProperties::default()
        };
        let packet = Packet::Auth(Box::new(Auth { reason, properties }));
        // [MQTT-3.15.2-2]
        self.fits(key, &packet).then_some(packet)
    }
}

/// Whether Authentication Data of the host has no place in any packet (§1.5.6).
fn is_too_long(data: &Bytes) -> bool {
    data.len() > usize::from(u16::MAX)
}

impl Connection {
    /// Remembers the method of a client that comes in, so that it can prove anew who it is.
    pub(crate) fn remember_method(&mut self, connect: &Connect, transport: &Transport) {
        let Some(method) = &connect.properties.authentication_method else { return };
        self.extras.get_or_insert_default().reauthentication = Some(Box::new(Reauthentication {
            method: method.compact(),
            transport: transport.clone(),
            stage: Stage::Idle,
            exchange: Exchange::default(),
        }));
    }

    fn reauthentication(&mut self) -> Option<&mut Reauthentication> {
        self.extras.as_mut()?.reauthentication.as_deref_mut()
    }

    fn stage(&self) -> Option<Stage> {
        self.extras.as_ref()?.reauthentication.as_ref().map(|known| known.stage)
    }
}
