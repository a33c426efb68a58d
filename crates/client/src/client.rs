use std::collections::VecDeque;
use std::num::{NonZeroU16, NonZeroU32};

use bytes::{Bytes, BytesMut};
use lacewing_protocol::{
    Connect, ConnectProperties, Disconnect, Packet, ProtocolVersion, ReasonCode, SubscriptionOptions,
    TopicFilter, Utf8String,
};

use crate::backoff::Retry;
use crate::connection::{Connection, Unsendable};
use crate::event::{Cause, DropCause, Event, Message, Output, QueueFull, State, Token};
use crate::incoming::Incoming;
use crate::keep_alive::Due;
use crate::options::Options;
use crate::outgoing::{Outgoing, Step};
use crate::packet_ids::PacketIds;
use crate::subscriptions::Subscriptions;

/// The most bytes of acknowledgements that may wait for a server that does not read them.
const WIRE_MAXIMUM: usize = 1024 * 1024;

/// One client session: it connects, keeps connected, and carries messages both ways.
///
/// After each call that hands something in, the host takes all of [`poll_output`](Self::poll_output), writes what
/// [`transmit`](Self::transmit) gives, and calls [`tick`](Self::tick) at [`poll_timeout`](Self::poll_timeout). `now` is
/// in microseconds of a clock that never runs backwards.
#[derive(Debug)]
pub struct Client {
    pub(crate) options: Options,
    pub(crate) phase: Phase,
    /// Whether the application wants to be connected: it called `start`, and neither `stop` nor a final refusal came.
    pub(crate) wanted: bool,
    /// Whether the server may have this session, so that the next connection goes on with it.
    pub(crate) resumable: bool,
    pub(crate) connection: Option<Connection>,
    pub(crate) retry: Retry,
    pub(crate) ids: PacketIds,
    pub(crate) outgoing: Outgoing,
    pub(crate) incoming: Incoming,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) outputs: VecDeque<Output>,
    next_token: u64,
}

/// Where the client stands, and until when.
#[derive(Debug)]
pub(crate) enum Phase {
    Idle,
    Waiting { until: u64 },
    Dialing { deadline: u64 },
    Connecting { deadline: u64, clean_start: bool },
    Connected { since: u64 },
    Closing { cause: Cause, lasted: u64 },
}

impl Client {
    /// A client that waits for [`start`](Self::start).
    pub fn new(options: Options) -> Self {
        Self {
            phase: Phase::Idle,
            wanted: false,
            resumable: !options.clean_start,
            connection: None,
            retry: Retry::new(options.backoff, options.seed),
            ids: PacketIds::new(),
            outgoing: Outgoing::new(options.queue, options.in_flight_maximum),
            incoming: Incoming::default(),
            subscriptions: Subscriptions::new(options.subscriptions_maximum),
            outputs: VecDeque::new(),
            next_token: 0,
            options,
        }
    }

    /// Connects, and from now on connects again whenever the connection is lost.
    pub fn start(&mut self, now: u64) {
        if self.wanted {
            return;
        }
        self.wanted = true;
        self.resumable = !self.options.clean_start;
        self.retry.reset();
        if matches!(self.phase, Phase::Idle) {
            self.dial(now);
        }
    }

    /// Disconnects in good order, without a will, and connects no more. Messages that may go go first; what is not
    /// acknowledged stays, for a later [`start`](Self::start).
    pub fn stop(&mut self, now: u64) {
        self.disconnect(now, Disconnect::default());
    }

    /// Disconnects like [`stop`](Self::stop) and ends the session with it, whatever the options say (§3.14.2.2.2). A
    /// session of 3.1.1 ends so only if it began clean; one that has no connection is left as it is.
    pub fn leave(&mut self, now: u64) {
        let mut disconnect = Disconnect::default();
        // It may not be made longer by this, and need not be said when there is nothing to end [MQTT-3.14.2-2].
        if self.options.version.is_v5() && self.options.session_expiry_s > 0 {
            disconnect.properties.session_expiry_interval = Some(0);
        }
        self.disconnect(now, disconnect);
    }

    fn disconnect(&mut self, now: u64, packet: Disconnect) {
        self.wanted = false;
        match self.phase {
            Phase::Idle | Phase::Closing { .. } => {}
            Phase::Waiting { .. } => self.phase = Phase::Idle,
            Phase::Dialing { .. } => self.close(now, Cause::Stopped),
            Phase::Connecting { .. } | Phase::Connected { .. } => {
                self.fill(now, usize::MAX);
                self.send(&Packet::Disconnect(Box::new(packet)));
                self.close(now, Cause::Stopped);
            }
        }
    }

    /// Connects at once if it would connect later: there is reason to believe that it works now.
    pub fn retry(&mut self, now: u64) {
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.retry.reset();
            self.dial(now);
        }
    }

    /// Finds out now, with a PINGREQ, whether the server is still there: the host slept, or the network changed. Does
    /// nothing without a connection and a Keep Alive.
    pub fn ping(&mut self, now: u64) {
        let connected = matches!(self.phase, Phase::Connected { .. });
        let Some(connection) = self.connection.as_mut().filter(|_| connected) else { return };
        if connection.keep_alive.ping(now) {
            self.send(&Packet::PingReq);
        }
    }

    /// The transport that [`Output::Dial`] asked for is open.
    pub fn connected(&mut self, now: u64) {
        if !matches!(self.phase, Phase::Dialing { .. }) {
            return;
        }
        let connect = self.connect_packet();
        let clean_start = connect.clean_start;
        self.connection = Some(Connection::new(now, &self.options));
        let deadline = now.saturating_add(self.options.connect_timeout);
        self.phase = Phase::Connecting { deadline, clean_start };
        if !self.send(&Packet::Connect(Box::new(connect))) {
            self.close(now, Cause::InvalidOptions);
        }
    }

    /// Bytes arrived on the transport, split in any way.
    pub fn received(&mut self, now: u64, bytes: Bytes) {
        let Some(connection) = &mut self.connection else { return };
        connection.keep_alive.received(now);
        connection.decoder.push(bytes);
        while matches!(self.phase, Phase::Connecting { .. } | Phase::Connected { .. }) {
            let Some(connection) = &mut self.connection else { return };
            let problem = match connection.decoder.next() {
                Ok(None) => break,
                Ok(Some(packet)) => {
                    self.packet(now, packet).err().map(|(reason, text)| (reason, text.to_owned()))
                }
                Err(error) => Some((error.reason(), error.to_string())),
            };
            if let Some((reason, problem)) = problem {
                self.fail(now, reason, problem);
            }
        }
        let waiting = self.connection.as_ref().map_or(0, |connection| connection.wire.len());
        if waiting > WIRE_MAXIMUM && matches!(self.phase, Phase::Connected { .. }) {
            self.fail(now, ReasonCode::QuotaExceeded, "the server does not read acknowledgements".into());
        }
    }

    /// The transport is gone, or could not be had: the answer to [`Output::Close`], or news.
    pub fn closed(&mut self, now: u64) {
        let (cause, lasted) = match std::mem::replace(&mut self.phase, Phase::Idle) {
            phase @ (Phase::Idle | Phase::Waiting { .. }) => {
                self.phase = phase;
                return;
            }
            Phase::Dialing { .. } | Phase::Connecting { .. } => (Cause::TransportClosed, 0),
            Phase::Connected { since } => (Cause::TransportClosed, now.saturating_sub(since)),
            Phase::Closing { cause, lasted } => (cause, lasted),
        };
        self.connection = None;
        self.subscriptions.connection_lost(&mut self.ids);
        let dropped = self.outgoing.connection_lost();
        if is_final(&cause) {
            self.wanted = false;
        }
        self.retry.connection_ended(lasted);
        let retry_at = self.wanted.then(|| {
            // Stopped and started again: nothing failed.
            if cause == Cause::Stopped { now } else { now.saturating_add(self.retry.next_delay()) }
        });
        self.event(Event::Disconnected { cause, retry_at });
        dropped.into_iter().for_each(|event| self.event(event));
        if let Some(until) = retry_at {
            self.phase = Phase::Waiting { until };
            self.tick(now);
        }
    }

    /// Time passed; to be called at [`poll_timeout`](Self::poll_timeout) or at any time.
    pub fn tick(&mut self, now: u64) {
        match self.phase {
            Phase::Waiting { until } if now >= until => self.dial(now),
            Phase::Dialing { deadline } | Phase::Connecting { deadline, .. } if now >= deadline => {
                self.close(now, Cause::ConnectTimeout);
            }
            Phase::Connected { .. } => {
                match self.connection.as_mut().and_then(|connection| connection.keep_alive.due(now)) {
                    Some(Due::Ping) => {
                        self.send(&Packet::PingReq);
                    }
                    Some(Due::GiveUp) => self.close(now, Cause::PingTimeout),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// When to call [`tick`](Self::tick) next, if at all.
    pub fn poll_timeout(&self) -> Option<u64> {
        match self.phase {
            Phase::Idle | Phase::Closing { .. } => None,
            Phase::Waiting { until } => Some(until),
            Phase::Dialing { deadline } | Phase::Connecting { deadline, .. } => Some(deadline),
            Phase::Connected { .. } => self.connection.as_ref()?.keep_alive.deadline(),
        }
    }

    /// Publishes a message, now or as soon as the server takes it.
    ///
    /// # Errors
    /// As many messages wait as [`Options::queue`] allows; the message is not taken.
    pub fn publish(&mut self, now: u64, message: Message) -> Result<Token, QueueFull> {
        let token = Token(self.next_token);
        let offline = !matches!(self.phase, Phase::Connected { .. });
        if offline && !self.options.queue.qos0_offline && message.qos == lacewing_protocol::QoS::AtMostOnce {
            self.next_token += 1;
            self.event(Event::Dropped { token, cause: DropCause::Offline });
            return Ok(token);
        }
        self.outgoing.push(now, token, message)?;
        self.next_token += 1;
        Ok(token)
    }

    /// Subscribes, now or when connected, and again whenever the server has lost the session.
    ///
    /// # Errors
    /// More filters than [`Options::subscriptions_maximum`], or none at all.
    pub fn subscribe(
        &mut self,
        _now: u64,
        filters: Vec<(TopicFilter, SubscriptionOptions)>,
    ) -> Result<Token, QueueFull> {
        let token = Token(self.next_token);
        self.subscriptions.subscribe(token, filters)?;
        self.next_token += 1;
        Ok(token)
    }

    /// Unsubscribes, now or when connected.
    ///
    /// # Errors
    /// More filters than [`Options::subscriptions_maximum`] in requests without an answer, or none at all.
    pub fn unsubscribe(&mut self, _now: u64, filters: Vec<TopicFilter>) -> Result<Token, QueueFull> {
        let token = Token(self.next_token);
        self.subscriptions.unsubscribe(token, filters)?;
        self.next_token += 1;
        Ok(token)
    }

    /// What the host is to do and to know, in order; `None` when that was all.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Appends up to `max_bytes` bytes for the open transport to `out`; whether more could go at once.
    pub fn transmit(&mut self, now: u64, max_bytes: usize, out: &mut BytesMut) -> bool {
        self.fill(now, max_bytes);
        let Some(connection) = &mut self.connection else { return false };
        let taken = connection.wire.len().min(max_bytes);
        if taken > 0 {
            connection.keep_alive.sent(now);
            out.extend_from_slice(&connection.wire[..taken]);
            bytes::Buf::advance(&mut connection.wire, taken);
        }
        !connection.wire.is_empty() || self.has_packets()
    }

    /// Whether [`transmit`](Self::transmit) would give anything.
    pub fn has_output(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.wire.is_empty()) || self.has_packets()
    }

    /// Where the client stands.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Idle => State::Idle,
            Phase::Waiting { .. } => State::Waiting,
            Phase::Dialing { .. } => State::Dialing,
            Phase::Connecting { .. } => State::Connecting,
            Phase::Connected { .. } => State::Connected,
            Phase::Closing { .. } => State::Closing,
        }
    }

    /// The Client Identifier: the one in the options, or the one that the server assigned.
    pub fn client_id(&self) -> &Utf8String {
        &self.options.client_id
    }

    /// How many messages are not yet with the server: waiting or unacknowledged.
    pub fn unsent(&self) -> usize {
        self.outgoing.len()
    }

    /// How many Packet Identifiers of this client's own are in use (§2.2.1).
    pub fn identifiers_in_use(&self) -> u16 {
        self.ids.used()
    }

    /// How many QoS 2 messages arrived whose PUBREL has not come [MQTT-4.3.3-10].
    pub fn unreleased(&self) -> u16 {
        u16::try_from(self.incoming.len()).unwrap_or(u16::MAX)
    }

    /// What is subscribed to, or will be, with the options asked for.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&TopicFilter, &SubscriptionOptions)> {
        self.subscriptions.remembered()
    }

    fn dial(&mut self, now: u64) {
        self.phase = Phase::Dialing { deadline: now.saturating_add(self.options.connect_timeout) };
        self.outputs.push_back(Output::Dial);
    }

    /// Asks the host to close; what is on the wire goes out before.
    pub(crate) fn close(&mut self, now: u64, cause: Cause) {
        let lasted = match self.phase {
            Phase::Connected { since } => now.saturating_sub(since),
            _ => 0,
        };
        self.phase = Phase::Closing { cause, lasted };
        self.outputs.push_back(Output::Close);
    }

    /// Closes because the server broke a rule, and tells a 5.0 server which [MQTT-4.13.1-1].
    fn fail(&mut self, now: u64, reason: ReasonCode, problem: String) {
        if self.options.version.is_v5() {
            let allowed = reason.is_valid_in_client_disconnect();
            let mut disconnect = Disconnect::new(if allowed { reason } else { ReasonCode::ProtocolError });
            disconnect.properties.reason_string = Utf8String::try_from(problem.as_str()).ok();
            let wordless = Disconnect::new(disconnect.reason);
            if !self.send(&Packet::Disconnect(Box::new(disconnect))) {
                // [MQTT-3.2.2-15]: the server takes no packet that is large enough for the words.
                self.send(&Packet::Disconnect(Box::new(wordless)));
            }
        }
        self.close(now, Cause::Protocol { reason, problem });
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Whether the packet could be put on the wire. Those the client makes up by itself always can.
    pub(crate) fn send(&mut self, packet: &Packet) -> bool {
        self.connection.as_mut().is_some_and(|connection| connection.send(packet).is_ok())
    }

    fn has_packets(&self) -> bool {
        matches!(self.phase, Phase::Connected { .. })
            && (self.subscriptions.has_waiting() || self.outgoing.is_ready())
    }

    /// Encodes what waits and may go until `max_bytes` are on the wire.
    fn fill(&mut self, now: u64, max_bytes: usize) {
        if !matches!(self.phase, Phase::Connected { .. }) {
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        while connection.wire.len() < max_bytes {
            if let Some(packet) = self.subscriptions.next_packet(&mut self.ids) {
                if let Err(unsendable) = connection.send(&packet) {
                    let reason = match unsendable {
                        Unsendable::TooLarge => ReasonCode::PacketTooLarge,
                        Unsendable::Invalid => ReasonCode::ImplementationSpecificError,
                    };
                    let event = self.subscriptions.last_was_refused(reason, &mut self.ids);
                    self.outputs.extend(event.map(Output::Event));
                }
                continue;
            }
            match self.outgoing.next(now, connection.accepts, &mut self.ids) {
                None => return,
                Some(Step::Drop(event)) => self.outputs.push_back(Output::Event(event)),
                Some(Step::Send { token, publish }) => {
                    let packet_id = publish.packet_id;
                    let Err(unsendable) = connection.send(&Packet::Publish(publish)) else { continue };
                    if let Some(id) = packet_id {
                        self.outgoing.forget(id, &mut self.ids);
                    }
                    let cause = match unsendable {
                        Unsendable::TooLarge => DropCause::TooLarge,
                        Unsendable::Invalid => DropCause::Invalid,
                    };
                    self.outputs.push_back(Output::Event(Event::Dropped { token, cause }));
                }
            }
        }
    }

    fn connect_packet(&self) -> Connect {
        let options = &self.options;
        let version = options.version;
        let clean_start = match version {
            ProtocolVersion::V5_0 => !self.resumable,
            // A session of these versions needs a name [3.1.1 MQTT-3.1.3-7].
            _ => options.clean_start || options.client_id.is_empty(),
        };
        let mut properties = ConnectProperties::default();
        if version.is_v5() {
            properties.session_expiry_interval =
                Some(options.session_expiry_s).filter(|&seconds| seconds > 0);
            properties.receive_maximum = NonZeroU16::new(options.receive_maximum.max(1));
            properties.maximum_packet_size = NonZeroU32::new(options.maximum_packet_size.max(2));
            properties.topic_alias_maximum = Some(options.topic_alias_maximum).filter(|&maximum| maximum > 0);
        }
        Connect {
            version,
            client_id: options.client_id.clone(),
            clean_start,
            keep_alive: options.keep_alive_s,
            will: options.will.clone(),
            username: options.username.clone(),
            password: options.password.clone(),
            properties,
        }
    }
}

/// Whether trying again would only meet the same answer, or take the session from whoever has it now.
fn is_final(cause: &Cause) -> bool {
    match cause {
        Cause::InvalidOptions => true,
        Cause::Refused { reason, .. } | Cause::Server { reason, .. } => matches!(
            reason,
            ReasonCode::UnsupportedProtocolVersion
                | ReasonCode::ClientIdentifierNotValid
                | ReasonCode::BadUserNameOrPassword
                | ReasonCode::NotAuthorized
                | ReasonCode::Banned
                | ReasonCode::BadAuthenticationMethod
                | ReasonCode::SessionTakenOver
                | ReasonCode::UseAnotherServer
                | ReasonCode::ServerMoved
        ),
        _ => false,
    }
}
