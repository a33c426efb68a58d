//! The server's part, read from a script, and the clock.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use lacewing_client::{Cause, Client, Event, Message, Options, Output};
use lacewing_protocol::{
    Ack, ConnAck, ConnAckProperties, Connect, DecodeLimits, Decoder, Packet, PacketId, ProtocolVersion,
    Publish, PublishProperties, QoS, ReasonCode, Role, TopicFilter, TopicName, Utf8String,
};

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
pub(crate) const V5: ProtocolVersion = ProtocolVersion::V5_0;

/// A client that was started, and all it said.
pub(crate) struct Dialogue {
    pub(crate) client: Client,
    pub(crate) now: u64,
    version: ProtocolVersion,
    decoder: Decoder,
    open: bool,
    dials: u32,
    packets: VecDeque<Packet>,
    events: VecDeque<Event>,
}

pub(crate) fn options(version: ProtocolVersion) -> Options {
    let mut options = Options::new(version, Utf8String::from_static("c").unwrap());
    options.backoff.jitter_percent = 0;
    options
}

/// Options with a session that outlives its connection.
pub(crate) fn persistent(version: ProtocolVersion) -> Options {
    let mut options = options(version);
    options.clean_start = version == V5;
    options.session_expiry_s = 3600;
    options
}

pub(crate) fn topic(text: &str) -> TopicName {
    TopicName::try_from(text).unwrap()
}

pub(crate) fn filter(text: &str) -> TopicFilter {
    TopicFilter::try_from(text).unwrap()
}

pub(crate) fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

pub(crate) fn message(payload: &'static str, qos: QoS) -> Message {
    Message::new(topic("t"), payload).qos(qos)
}

pub(crate) fn publish(payload: &'static str, qos: QoS, packet_id: Option<u16>) -> Publish {
    Publish {
        dup: false,
        qos,
        retain: false,
        topic: Some(topic("t")),
        packet_id: packet_id.map(id),
        payload: Bytes::from_static(payload.as_bytes()),
        properties: PublishProperties::new(),
    }
}

impl Dialogue {
    /// A client that was started and has asked for a transport.
    pub(crate) fn start(options: Options) -> Self {
        let mut dialogue = Self {
            version: options.version,
            client: Client::new(options),
            now: 0,
            decoder: Decoder::new(Role::Server, DecodeLimits::default()),
            open: false,
            dials: 0,
            packets: VecDeque::new(),
            events: VecDeque::new(),
        };
        dialogue.client.start(0);
        dialogue.settle();
        dialogue
    }

    /// A client that is connected and has told so.
    pub(crate) fn connected(options: Options) -> Self {
        let mut dialogue = Self::start(options);
        dialogue.open();
        dialogue.accept(false);
        dialogue
    }

    /// Opens the transport that was asked for, and takes the CONNECT.
    pub(crate) fn open(&mut self) -> Connect {
        self.settle();
        assert!(self.dials > 0, "no transport was asked for");
        self.dials -= 1;
        self.open = true;
        self.decoder = Decoder::new(Role::Server, DecodeLimits::default());
        self.client.connected(self.now);
        match self.packet() {
            Packet::Connect(connect) => *connect,
            other => panic!("not CONNECT: {other:?}"),
        }
    }

    /// Sends a CONNACK without properties and takes the event of it.
    pub(crate) fn accept(&mut self, session_present: bool) {
        self.accept_with(session_present, ConnAckProperties::default());
    }

    pub(crate) fn accept_with(&mut self, session_present: bool, properties: ConnAckProperties) {
        let reason = ReasonCode::Success;
        self.send(Packet::ConnAck(Box::new(ConnAck { session_present, reason, properties })));
        match self.event() {
            Event::Connected(connected) => assert_eq!(connected.session_present, session_present),
            other => panic!("not connected: {other:?}"),
        }
    }

    /// Loses the connection, waits for the next attempt and takes its CONNECT.
    pub(crate) fn reconnect(&mut self) -> Connect {
        self.lose();
        self.disconnected();
        self.pass(60 * SECOND);
        self.open()
    }

    /// The transport breaks.
    pub(crate) fn lose(&mut self) {
        assert!(self.open);
        self.open = false;
        self.client.closed(self.now);
        self.settle();
    }

    /// The server sends a packet.
    pub(crate) fn send(&mut self, packet: Packet) {
        let mut bytes = BytesMut::new();
        packet.encode(self.version, &mut bytes).unwrap();
        self.send_bytes(bytes.freeze());
    }

    pub(crate) fn send_bytes(&mut self, bytes: Bytes) {
        assert!(self.open, "the connection is closed");
        self.client.received(self.now, bytes);
        self.settle();
    }

    pub(crate) fn puback(&mut self, packet_id: u16) {
        self.send(Packet::PubAck(Ack::success(id(packet_id))));
    }

    /// Lets the clock run, or stops it when the client asks for a transport.
    pub(crate) fn pass(&mut self, duration: u64) {
        let end = self.now + duration;
        self.settle();
        while let Some(at) = self.client.poll_timeout().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.client.tick(self.now);
            self.settle();
            if self.dials > 0 {
                return;
            }
        }
        self.now = end;
    }

    pub(crate) fn publish(&mut self, message: Message) -> lacewing_client::Token {
        let token = self.client.publish(self.now, message).unwrap();
        self.settle();
        token
    }

    pub(crate) fn stop(&mut self) {
        self.client.stop(self.now);
        self.settle();
    }

    pub(crate) fn leave(&mut self) {
        self.client.leave(self.now);
        self.settle();
    }

    /// The next packet that the client sent.
    pub(crate) fn packet(&mut self) -> Packet {
        self.settle();
        self.packets.pop_front().expect("the client sent nothing more")
    }

    /// The next packet, a PUBLISH.
    pub(crate) fn published(&mut self) -> Publish {
        match self.packet() {
            Packet::Publish(publish) => publish,
            other => panic!("not PUBLISH: {other:?}"),
        }
    }

    /// The next event.
    pub(crate) fn event(&mut self) -> Event {
        self.settle();
        self.events.pop_front().expect("nothing more happened")
    }

    /// The next event, a disconnection.
    pub(crate) fn disconnected(&mut self) -> (Cause, Option<u64>) {
        match self.event() {
            Event::Disconnected { cause, retry_at } => (cause, retry_at),
            other => panic!("not disconnected: {other:?}"),
        }
    }

    /// The client has nothing more to say.
    pub(crate) fn silent(&mut self) {
        self.settle();
        assert_eq!(self.packets, [], "the client sent more");
        assert_eq!(self.events, [], "more happened");
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    pub(crate) fn is_dialing(&self) -> bool {
        self.dials > 0
    }

    fn settle(&mut self) {
        loop {
            let mut bytes = BytesMut::new();
            // A small limit, so that packets are cut anywhere.
            while self.client.transmit(self.now, 7, &mut bytes) {}
            assert!(self.open || bytes.is_empty(), "bytes for a transport that is not open");
            self.decoder.push(bytes.freeze());
            while let Some(packet) = self.decoder.next().unwrap() {
                self.packets.push_back(packet);
            }
            match self.client.poll_output() {
                None => return,
                Some(Output::Dial) => self.dials += 1,
                Some(Output::Close) => {
                    self.open = false;
                    self.dials = 0;
                    self.client.closed(self.now);
                }
                Some(Output::Event(event)) => self.events.push_back(event),
            }
        }
    }
}
