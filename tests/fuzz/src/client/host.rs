//! A client's host, which reads along in both directions and knows what may not happen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::{Bytes, BytesMut};
use lacewing_client::{Client, Event, Message, Options, Output, State, Token};
use lacewing_protocol::{
    DecodeLimits, Decoder, Packet, PacketId, ProtocolVersion, QoS, Role, Subscribe, SubscriptionOptions,
    TopicFilter, Unsubscribe,
};

use super::{FILTERS, IN_FLIGHT, MESSAGES, server};
use crate::choices::Choices;

pub(super) struct Host {
    client: Client,
    options: Options,
    now: u64,
    /// The client waits for its transport.
    dialled: bool,
    line: Option<Line>,
    /// Dials that have not been told to be over.
    dials: u32,
    /// Messages that were taken and of which no outcome is known.
    open: BTreeMap<Token, QoS>,
    /// What the client said last and was not answered.
    unanswered: VecDeque<Packet>,
    /// QoS 2 messages that the application got.
    handed_on: u32,
}

/// An open transport, and what was said on it.
struct Line {
    said: Decoder,
    heard: Decoder,
    /// The client said CONNECT, or DISCONNECT.
    greeted: bool,
    parted: bool,
    /// The limits in the server's CONNACK, once it is there.
    terms: Option<Terms>,
    /// QoS 1 and 2 messages under way, and identifiers that nothing acknowledged.
    flight: u64,
    in_use: BTreeSet<PacketId>,
    /// Identifiers that were acknowledged while what they stand for had not left the client, if there was anything.
    early: BTreeSet<PacketId>,
}

struct Terms {
    receive_maximum: u64,
    maximum_qos: QoS,
    retain: bool,
    largest: u32,
}

impl Host {
    pub(super) fn new(options: Options) -> Self {
        Self {
            client: Client::new(options.clone()),
            options,
            now: 0,
            dialled: false,
            line: None,
            dials: 0,
            open: BTreeMap::new(),
            unanswered: VecDeque::new(),
            handed_on: 0,
        }
    }

    pub(super) fn version(&self) -> ProtocolVersion {
        self.options.version
    }

    pub(super) fn start(&mut self) {
        self.client.start(self.now);
    }

    pub(super) fn stop(&mut self) {
        self.client.stop(self.now);
    }

    pub(super) fn retry(&mut self) {
        self.client.retry(self.now);
    }

    pub(super) fn ping(&mut self) {
        self.client.ping(self.now);
    }

    pub(super) fn publish(&mut self, message: Message) {
        let qos = message.qos;
        if let Ok(token) = self.client.publish(self.now, message) {
            assert!(self.open.insert(token, qos).is_none(), "a token is used twice");
        }
    }

    pub(super) fn subscribe(&mut self, filters: Vec<(TopicFilter, SubscriptionOptions)>) {
        // Refused when there are too many, or none.
        let _ = self.client.subscribe(self.now, filters);
    }

    pub(super) fn unsubscribe(&mut self, filters: Vec<TopicFilter>) {
        let _ = self.client.unsubscribe(self.now, filters);
    }

    /// The transport opens, if one was asked for.
    pub(super) fn connect(&mut self) {
        self.settle();
        if std::mem::take(&mut self.dialled) {
            self.line = Some(Line::new(&self.options));
            self.client.connected(self.now);
        }
    }

    /// The transport ends, or cannot be had.
    pub(super) fn hang_up(&mut self) {
        self.dialled = false;
        self.line = None;
        self.unanswered.clear();
        self.client.closed(self.now);
    }

    /// The transport takes so many bytes.
    pub(super) fn transmit(&mut self, most: u8) {
        let most = if most == 255 { 1 << 16 } else { usize::from(most) };
        let mut bytes = BytesMut::new();
        let more = self.client.transmit(self.now, most, &mut bytes);
        assert!(bytes.len() <= most, "more than the transport takes");
        let Some(line) = &mut self.line else {
            assert!(bytes.is_empty() && !more, "bytes without a transport");
            return;
        };
        self.unanswered.extend(line.says(bytes.freeze(), self.options.version));
        self.settle();
    }

    /// The server answers what was said, some of it or all.
    pub(super) fn answer(&mut self, choices: &mut Choices<'_>) {
        let count = usize::from(choices.byte() & 7) + 1;
        for _ in 0..count {
            let Some(packet) = self.unanswered.pop_front() else { return };
            if let Some(bytes) = server::answer(&packet, choices, self.options.version) {
                self.hear(&bytes, 0);
                self.transmit(255);
            }
        }
    }

    /// Bytes come from the server; when `piece` is not 0, in pieces of so many.
    pub(super) fn hear(&mut self, bytes: &[u8], piece: u8) {
        let piece = if piece == 0 { bytes.len().max(1) } else { usize::from(piece) };
        for bytes in bytes.chunks(piece) {
            let before = self.client.state();
            if let Some(line) = &mut self.line
                && matches!(before, State::Connecting | State::Connected)
            {
                line.hears(Bytes::copy_from_slice(bytes));
            }
            self.client.received(self.now, Bytes::copy_from_slice(bytes));
            self.settle();
        }
    }

    /// Time passes: up to about two minutes.
    pub(super) fn pass(&mut self, choice: u8) {
        self.now += match choice {
            0 => self.client.poll_timeout().map_or(0, |at| at.saturating_sub(self.now)),
            _ => 1 << (choice % 28),
        };
        self.client.tick(self.now);
        self.settle();
        let busy = self.client.poll_timeout().is_some_and(|at| at <= self.now);
        if busy {
            self.client.tick(self.now);
            self.settle();
            assert!(self.client.poll_timeout().is_none_or(|at| at > self.now), "work without end");
        }
    }

    /// Does what the client asks for and sees that it keeps within its bounds.
    pub(super) fn settle(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Dial => {
                    assert!(self.line.is_none() && !self.dialled, "a second transport");
                    self.dialled = true;
                    self.dials += 1;
                }
                Output::Close => {
                    assert!(self.line.is_some() || self.dialled, "nothing to close");
                    self.say_the_rest();
                    self.hang_up();
                }
                Output::Event(event) => self.event(event),
            }
        }
        let in_flight = u32::from(IN_FLIGHT);
        assert!(self.client.unsent() <= (MESSAGES + in_flight) as usize, "too many messages are kept");
        assert!(self.client.subscriptions().count() <= usize::from(FILTERS), "too many filters");
        // A request has at least one filter, and what is renewed has some more.
        assert!(self.client.identifiers_in_use() <= IN_FLIGHT + 2 * FILTERS, "too many identifiers");
        let unreleased = u32::from(self.client.unreleased());
        assert!(unreleased <= self.handed_on, "a message counts as taken that nobody got");
        assert!(self.open.len() <= self.client.unsent() + usize::from(IN_FLIGHT) + 1000);
    }

    /// After [`Output::Close`] what is left goes out.
    fn say_the_rest(&mut self) {
        let mut bytes = BytesMut::new();
        while self.client.transmit(self.now, 1 << 16, &mut bytes) {}
        if let Some(line) = &mut self.line {
            line.says(bytes.freeze(), self.options.version);
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Disconnected { .. } => {
                assert!(self.dials > 0, "a connection ends twice");
                self.dials -= 1;
            }
            Event::Message(publish) => {
                assert!(publish.topic.is_some(), "a message without a topic");
                self.handed_on += u32::from(publish.qos == QoS::ExactlyOnce);
            }
            Event::Published { token, .. } => {
                let qos = self.open.remove(&token).expect("a message has two outcomes");
                assert!(qos > QoS::AtMostOnce, "QoS 0 is acknowledged");
            }
            Event::Dropped { token, .. } => {
                self.open.remove(&token);
            }
            Event::Connected(_) | Event::Subscribed { .. } | Event::Unsubscribed { .. } => {}
        }
    }

    /// The client is stopped, and is then idle.
    pub(super) fn end(mut self) {
        self.client.stop(self.now);
        self.settle();
        if self.line.is_some() || self.dialled {
            self.hang_up();
            self.settle();
        }
        assert_eq!(self.client.state(), State::Idle);
        assert_eq!(self.client.poll_timeout(), None);
        assert_eq!(self.dials, 0, "a connection has no end");
        // What is neither sent nor dropped is still there. QoS 0 has no outcome when it is sent.
        let open = self.open.values().filter(|qos| **qos > QoS::AtMostOnce).count();
        assert!(open <= self.client.unsent(), "a message has no outcome");
    }
}

impl Line {
    fn new(options: &Options) -> Self {
        let mut heard =
            Decoder::new(Role::Client, DecodeLimits { max_packet_size: options.maximum_packet_size });
        heard.set_version(options.version);
        Self {
            said: Decoder::new(Role::Server, DecodeLimits { max_packet_size: 1 << 20 }),
            heard,
            greeted: false,
            parted: false,
            terms: None,
            flight: 0,
            in_use: BTreeSet::new(),
            early: BTreeSet::new(),
        }
    }

    /// The client says this, which has to be what its server understands and allows.
    fn says(&mut self, bytes: Bytes, version: ProtocolVersion) -> Vec<Packet> {
        self.said.push(bytes);
        let mut packets = Vec::new();
        while let Some(packet) = self.said.next().expect("what a client says can be read") {
            assert!(!self.parted, "{packet} after DISCONNECT");
            let is_connect = matches!(packet, Packet::Connect(_));
            assert_eq!(is_connect, !self.greeted, "CONNECT comes first and once");
            self.greeted = true;
            self.parted = matches!(packet, Packet::Disconnect(_));
            self.allows(&packet, version);
            packets.push(packet);
        }
        packets
    }

    fn allows(&mut self, packet: &Packet, version: ProtocolVersion) {
        let early = matches!(packet, Packet::Connect(_) | Packet::Disconnect(_));
        let Some(terms) = &self.terms else { return assert!(early, "{packet} before CONNACK") };
        if matches!(packet, Packet::Connect(_)) {
            // A server that answers before it is asked is not believed to have done so.
            return;
        }
        let size = packet.encoded_len(version).expect("it was encoded");
        assert!(size <= terms.largest, "{packet} is larger than the server takes");
        match packet {
            Packet::Publish(publish) => {
                assert!(publish.qos <= terms.maximum_qos, "{packet} is above the maximum QoS");
                assert!(terms.retain || !publish.retain, "{packet} is to be retained");
                if let Some(id) = publish.packet_id.filter(|id| !self.early.remove(id)) {
                    self.flight += 1;
                    assert!(self.flight <= terms.receive_maximum, "{packet} is beyond Receive Maximum");
                    assert!(self.in_use.insert(id), "{packet} has an identifier that is in use");
                }
            }
            Packet::Subscribe(Subscribe { packet_id, .. })
            | Packet::Unsubscribe(Unsubscribe { packet_id, .. }) => {
                let is_new = self.early.remove(packet_id) || self.in_use.insert(*packet_id);
                assert!(is_new, "{packet} has an identifier that is in use");
            }
            _ => {}
        }
    }

    /// The server says this. Any acknowledgement may end a flight: a client may know better that it does not.
    fn hears(&mut self, bytes: Bytes) {
        self.heard.push(bytes);
        while let Ok(Some(packet)) = self.heard.next() {
            let done = match packet {
                Packet::ConnAck(ack) if self.terms.is_none() => {
                    let properties = ack.properties;
                    self.terms = Some(Terms {
                        receive_maximum: properties.receive_maximum.map_or(65_535, |n| n.get().into()),
                        maximum_qos: properties.maximum_qos.unwrap_or(QoS::ExactlyOnce),
                        retain: properties.retain_available.unwrap_or(true),
                        largest: properties.maximum_packet_size.map_or(u32::MAX, |size| size.get()),
                    });
                    continue;
                }
                Packet::PubAck(ack) | Packet::PubComp(ack) => ack.packet_id,
                Packet::PubRec(ack) if ack.reason.is_error() => ack.packet_id,
                Packet::SubAck(ack) => ack.packet_id,
                Packet::UnsubAck(ack) => ack.packet_id,
                _ => continue,
            };
            if self.in_use.remove(&done) {
                self.flight = self.flight.saturating_sub(1);
            } else {
                self.early.insert(done);
            }
        }
    }
}
