//! Bytes as they go over the wire, and a socket that says them.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::patience::PATIENCE;

/// The protocol levels of 3.1.1 and 5.0.
pub(crate) const V3: u8 = 4;
pub(crate) const V5: u8 = 5;
pub(crate) const BOTH: [u8; 2] = [V3, V5];

pub(crate) const PINGREQ: &[u8] = b"\xC0\x00";
pub(crate) const PINGRESP: &[u8] = b"\xD0\x00";
pub(crate) const DISCONNECT: &[u8] = b"\xE0\x00";

/// CONNECT's flags.
pub(crate) const CLEAN: u8 = 0x02;
pub(crate) const WILL: u8 = 0x04;

/// A broker of its own.
pub(crate) fn native() -> Lacewing {
    Lacewing::start(BrokerHome::Native)
}

/// A packet: its first byte, how long the rest is, and the rest.
pub(crate) fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = vec![first];
    let mut length = body.len();
    while length > 127 {
        bytes.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(body);
    bytes
}

/// A string: its length in two bytes, and itself.
pub(crate) fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&(text.len() as u16).to_be_bytes(), text].concat()
}

/// No properties, in the versions that have them.
pub(crate) fn none(version: u8) -> &'static [u8] {
    if version == V5 { b"\x00" } else { b"" }
}

/// A CONNECT with `flags` and no keep-alive; `payload` follows the client id.
pub(crate) fn connect_with(version: u8, flags: u8, id: &str, payload: &[u8]) -> Vec<u8> {
    packet(0x10, &[&text("MQTT"), &[version, flags, 0, 0], none(version), &text(id), payload])
}

/// A CONNECT of a session that ends with it.
pub(crate) fn connect(version: u8, id: &str) -> Vec<u8> {
    connect_with(version, CLEAN, id, b"")
}

/// A CONNECT of a session that lasts.
pub(crate) fn connect_lasting(version: u8, id: &str) -> Vec<u8> {
    // Session Expiry Interval 60.
    let properties: &[u8] = if version == V5 { b"\x05\x11\x00\x00\x00\x3C" } else { b"" };
    packet(0x10, &[&text("MQTT"), &[version, 0, 0, 0], properties, &text(id)])
}

/// A PUBLISH; `id` belongs to QoS 1 and 2.
pub(crate) fn publish(version: u8, flags: u8, topic: &str, id: u16, payload: &str) -> Vec<u8> {
    let id = id.to_be_bytes();
    let id: &[u8] = if flags & 0x06 == 0 { b"" } else { &id };
    packet(0x30 | flags, &[&text(topic), id, none(version), payload.as_bytes()])
}

/// A SUBSCRIBE under identifier 1.
pub(crate) fn subscribe(version: u8, filters: &[(&str, u8)]) -> Vec<u8> {
    let filters: Vec<u8> =
        filters.iter().flat_map(|(filter, options)| [text(filter), vec![*options]].concat()).collect();
    packet(0x82, &[b"\x00\x01", none(version), &filters])
}

/// Its SUBACK.
pub(crate) fn suback(version: u8, reasons: &[u8]) -> Vec<u8> {
    packet(0x90, &[b"\x00\x01", none(version), reasons])
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP that means success, in its short form.
pub(crate) fn ack(first: u8, id: u16) -> Vec<u8> {
    packet(first, &[&id.to_be_bytes()])
}

/// A socket.
pub(crate) struct Wire {
    socket: TcpStream,
}

impl Wire {
    /// A connection on which nothing was said.
    pub(crate) fn dial(broker: &Lacewing) -> Self {
        Self::to(broker.mqtt_port)
    }

    pub(crate) fn to(port: u16) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).expect("someone listens");
        socket.set_nodelay(true).expect("a socket option can be set");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        Self { socket }
    }

    /// A client that was let in.
    pub(crate) fn enter(broker: &Lacewing, version: u8, id: &str) -> Self {
        let mut wire = Self::dial(broker);
        wire.send(&connect(version, id));
        wire.is_let_in(false);
        wire
    }

    /// One that said `connect` and was let in.
    pub(crate) fn enter_by(broker: &Lacewing, connect: &[u8], session_present: bool) -> Self {
        let mut wire = Self::dial(broker);
        wire.send(connect);
        wire.is_let_in(session_present);
        wire
    }

    pub(crate) fn is_let_in(&mut self, session_present: bool) {
        let connack = self.packet();
        assert_eq!((connack[0], &connack[2..4]), (0x20, &[u8::from(session_present), 0][..]), "{connack:x?}");
    }

    /// Sends bytes. A broker that has closed is found out when reading.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// The very next bytes are these.
    pub(crate) fn hears(&mut self, due: &[u8]) {
        let mut came = vec![0; due.len()];
        let read = self.socket.read_exact(&mut came);
        assert!(read.is_ok() && came == due, "{came:x?} ({read:?}) came where {due:x?} was due");
    }

    /// Sends `said` and hears `due`.
    pub(crate) fn asks(&mut self, said: &[u8], due: &[u8]) {
        self.send(said);
        self.hears(due);
    }

    /// Nothing came before the answer to this PINGREQ.
    pub(crate) fn hears_nothing(&mut self) {
        self.asks(PINGREQ, PINGRESP);
    }

    /// The next packet, whole.
    pub(crate) fn packet(&mut self) -> Vec<u8> {
        let mut packet = self.bytes(2);
        let (mut length, mut shift) = (usize::from(packet[1] & 0x7F), 7);
        while packet[packet.len() - 1] >= 0x80 {
            packet.extend(self.bytes(1));
            length |= usize::from(packet[packet.len() - 1] & 0x7F) << shift;
            shift += 7;
        }
        packet.extend(self.bytes(length));
        packet
    }

    /// The next bytes, whatever they are.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.socket.read_exact(&mut bytes).expect("more comes");
        bytes
    }

    /// The next packet has this first byte, and the reason code follows `at` bytes later.
    pub(crate) fn hears_reason(&mut self, first: u8, at: usize, reason: u8) {
        let packet = self.packet();
        assert_eq!((packet[0], packet.get(2 + at)), (first, Some(&reason)), "{packet:x?}");
    }

    /// Nothing more comes, and the connection ends.
    pub(crate) fn ends(mut self) {
        let mut rest = Vec::new();
        match self.socket.read_to_end(&mut rest) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("it does not end: {error}"),
            _ => assert!(rest.is_empty(), "{rest:x?} came where the end was due"),
        }
    }

    /// A connected client is sent away: 5.0 tells it why, 3.1.1 has no words for it. Then the connection ends ([MQTT-4.13.2-1]
    /// and [3.1.1 MQTT-4.8.0-1] are held by the tests that call this and say so).
    pub(crate) fn sent_away(mut self, version: u8, reason: u8) {
        if version == V5 {
            self.hears_reason(0xE0, 0, reason);
        }
        self.ends();
    }
}

/// In each version a client that was let in says something, and is sent away with this reason.
pub(crate) fn sends_away(broker: &Lacewing, what: &str, reason: u8, said: impl Fn(u8) -> Vec<u8>) {
    for version in BOTH {
        eprintln!("{what} in version {version}");
        let mut wire = Wire::enter(broker, version, "");
        wire.send(&said(version));
        wire.sent_away(version, reason);
    }
}

/// In each version a CONNECT is bad: 5.0 may say so in a CONNACK, 3.1.1 says nothing; the connection ends.
pub(crate) fn turns_away(broker: &Lacewing, what: &str, reason: u8, said: impl Fn(u8) -> Vec<u8>) {
    for version in BOTH {
        eprintln!("{what} in version {version}");
        let mut wire = Wire::dial(broker);
        wire.send(&said(version));
        if version == V5 {
            wire.hears_reason(0x20, 1, reason);
        }
        wire.ends();
    }
}
