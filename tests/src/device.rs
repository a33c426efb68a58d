//! A device that is nothing but a socket: it says exactly what a test wants said.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use lacewing_protocol::{
    Ack, ConnAck, Connect, ConnectProperties, DecodeLimits, Decoder, Disconnect, Packet, PacketId,
    ProtocolVersion, Publish, QoS, ReasonCode, Role, Subscribe, SubscriptionOptions, TopicFilter, TopicName,
    UserProperties, Utf8String, Will, WillProperties,
};

use crate::patience::{PATIENCE, within};

/// The only Packet Identifier a device here uses: it never has two in flight.
const PACKET_ID: PacketId = PacketId::MIN;

/// A TCP connection to a broker.
#[derive(Debug)]
pub struct Device {
    socket: TcpStream,
    decoder: Decoder,
    version: ProtocolVersion,
}

impl Device {
    /// A connection on which nothing was said.
    ///
    /// # Panics
    /// When nobody listens.
    pub fn dial(port: u16, version: ProtocolVersion) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).expect("someone listens for devices");
        socket.set_nodelay(true).expect("a socket option can be set");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        socket.set_write_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
        decoder.set_version(version);
        Self { socket, decoder, version }
    }

    /// Dials and says `connect`; gives the answer too.
    ///
    /// # Panics
    /// When there is no CONNACK.
    pub fn ask(port: u16, connect: Connect) -> (Self, ConnAck) {
        let mut device = Self::dial(port, connect.version);
        device.send(&Packet::Connect(Box::new(connect)));
        match device.receive() {
            Packet::ConnAck(answer) => (device, *answer),
            other => panic!("CONNECT was answered with {other:?}"),
        }
    }

    /// A connected client with a session of its own.
    ///
    /// # Panics
    /// When it is refused.
    pub fn connect(port: u16, version: ProtocolVersion, client_id: &str) -> Self {
        let (device, answer) = Self::ask(port, connect(version, client_id));
        assert_eq!(answer.reason, ReasonCode::Success, "{client_id} may connect");
        device
    }

    /// The socket, what decodes its bytes, and the version they are in.
    pub fn into_parts(self) -> (TcpStream, Decoder, ProtocolVersion) {
        (self.socket, self.decoder, self.version)
    }

    /// Sends a packet.
    ///
    /// # Panics
    /// When it cannot be encoded or sent.
    pub fn send(&mut self, packet: &Packet) {
        let mut bytes = BytesMut::new();
        packet.encode(self.version, &mut bytes).expect("the packet can be written");
        self.write(&bytes);
    }

    /// Sends bytes, whatever they mean.
    ///
    /// # Panics
    /// When they cannot be sent.
    pub fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the broker takes bytes");
    }

    /// The next packet.
    ///
    /// # Panics
    /// When the connection ends first.
    pub fn receive(&mut self) -> Packet {
        self.receive_or_end().expect("the connection is still open")
    }

    /// The next packet, waited for; `None` when the connection has ended.
    ///
    /// # Panics
    /// When neither happens, or what comes is no packet.
    pub fn receive_or_end(&mut self) -> Option<Packet> {
        let mut piece = vec![0; 64 << 10];
        loop {
            if let Some(packet) = self.decoder.next().expect("what comes is MQTT") {
                return Some(packet);
            }
            match self.socket.read(&mut piece) {
                Ok(0) => return None,
                Ok(read) => self.decoder.push(Bytes::copy_from_slice(&piece[..read])),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("neither a packet nor an end came: {error}"),
            }
        }
    }

    /// Whether anything has come that was not received yet.
    ///
    /// # Panics
    /// The connection is broken.
    pub fn has_word(&self) -> bool {
        let non_blocking = |on| self.socket.set_nonblocking(on).expect("a socket option can be set");
        non_blocking(true);
        let peeked = self.socket.peek(&mut [0]);
        non_blocking(false);
        match peeked {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("the connection is broken: {error}"),
        }
    }

    /// Reads until the connection has ended, for at most `limit`.
    ///
    /// # Panics
    /// When it has not.
    pub fn ends_within(mut self, limit: Duration) {
        self.socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout can be set");
        let mut piece = vec![0; 64 << 10];
        within(limit, "the broker's side ends the connection", || match self.socket.read(&mut piece) {
            Ok(0) => Some(()),
            Ok(_) => None,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(_) => Some(()),
        });
    }

    /// Subscribes, and waits until it is granted.
    ///
    /// # Panics
    /// When it is not.
    pub fn subscribe(&mut self, filter: &str, qos: QoS) {
        assert_eq!(u8::from(qos), self.asks_for(filter, qos) as u8, "the QoS is granted");
    }

    /// Subscribes; gives the answer.
    ///
    /// # Panics
    /// When none comes.
    pub fn asks_for(&mut self, filter: &str, qos: QoS) -> ReasonCode {
        self.send(&Packet::Subscribe(Subscribe {
            packet_id: PACKET_ID,
            filters: vec![(
                TopicFilter::try_from(filter).expect("a topic filter"),
                SubscriptionOptions::new(qos),
            )],
            subscription_identifier: None,
            user_properties: UserProperties::default(),
        }));
        match self.receive() {
            Packet::SubAck(answer) => answer.reasons[0],
            other => panic!("SUBSCRIBE was answered with {other:?}"),
        }
    }

    /// Publishes, and waits for the acknowledgement that belongs to the QoS.
    ///
    /// # Panics
    /// When it does not come.
    pub fn publish(&mut self, topic: &str, payload: &[u8], qos: QoS) {
        let mut publish = publish(topic, payload);
        publish.qos = qos;
        publish.packet_id = (qos != QoS::AtMostOnce).then_some(PACKET_ID);
        self.send(&Packet::Publish(publish));
        match qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => assert!(matches!(self.receive(), Packet::PubAck(_))),
            QoS::ExactlyOnce => {
                assert!(matches!(self.receive(), Packet::PubRec(_)));
                self.send(&Packet::PubRel(Ack::success(PACKET_ID)));
                assert!(matches!(self.receive(), Packet::PubComp(_)));
            }
        }
    }

    /// The next message, acknowledged as far as QoS 1 asks for it.
    ///
    /// # Panics
    /// When something else comes.
    pub fn message(&mut self) -> Publish {
        match self.receive() {
            Packet::Publish(publish) => {
                if let (QoS::AtLeastOnce, Some(id)) = (publish.qos, publish.packet_id) {
                    self.send(&Packet::PubAck(Ack::success(id)));
                }
                publish
            }
            other => panic!("a message was due and {other:?} came"),
        }
    }

    /// Says DISCONNECT, and waits until the connection has ended.
    ///
    /// # Panics
    /// When it does not end.
    pub fn disconnect(mut self) {
        self.send(&Packet::Disconnect(Box::new(Disconnect::new(ReasonCode::Success))));
        self.ends_within(PATIENCE);
    }

    /// Whether the broker still answers it.
    ///
    /// # Panics
    /// When anything but PINGRESP comes.
    pub fn ping(&mut self) {
        self.send(&Packet::PingReq);
        assert_eq!(self.receive(), Packet::PingResp);
    }
}

/// A CONNECT with nothing special.
///
/// # Panics
/// When the id is no MQTT string.
pub fn connect(version: ProtocolVersion, client_id: &str) -> Connect {
    Connect {
        version,
        client_id: Utf8String::try_from(client_id).expect("a client id"),
        clean_start: true,
        keep_alive: 600,
        will: None,
        username: None,
        password: None,
        properties: ConnectProperties::default(),
    }
}

/// `connect` with a will of QoS 0.
///
/// # Panics
/// When the topic is none.
pub fn with_will(mut connect: Connect, topic: &str, payload: &'static str) -> Connect {
    connect.will = Some(Will {
        topic: TopicName::try_from(topic).expect("a topic name"),
        payload: Bytes::from_static(payload.as_bytes()),
        qos: QoS::AtMostOnce,
        retain: false,
        properties: WillProperties::default(),
    });
    connect
}

/// A message with QoS 0.
///
/// # Panics
/// When the topic is none.
pub fn publish(topic: &str, payload: &[u8]) -> Publish {
    Publish::new(TopicName::try_from(topic).expect("a topic name"), Bytes::copy_from_slice(payload))
}
