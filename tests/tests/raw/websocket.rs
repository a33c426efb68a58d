//! Chapter 6: MQTT in WebSocket frames, which are written by hand as well.

use std::io::{Read, Write};
use std::net::TcpStream;

use lacewing_tests::lacewing::Lacewing;
use lacewing_tests::patience::PATIENCE;

use crate::wire::*;

const BINARY: u8 = 0x82;
const TEXT: u8 = 0x81;

/// A WebSocket on which the handshake is done.
struct Frames {
    socket: TcpStream,
    /// Payload that came.
    heard: Vec<u8>,
}

impl Frames {
    fn dial(broker: &Lacewing) -> Self {
        let (socket, answer) = handshake(broker, "Sec-WebSocket-Protocol: mqtt\r\n");
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        assert!(answer.to_lowercase().contains("sec-websocket-protocol: mqtt\r\n"), "{answer}");
        Self { socket, heard: Vec::new() }
    }

    /// Sends one frame, masked as a client has to.
    fn send(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u16::try_from(payload.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length as u8),
            Ok(length) => frame.extend([&[0x80 | 126][..], &length.to_be_bytes()].concat()),
            Err(_) => panic!("these tests send no longer ones"),
        }
        let mask = [0x12, 0x34, 0x56, 0x78];
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.socket.write_all(&frame).expect("the broker reads");
    }

    /// A frame from the broker: its first byte and payload.
    fn frame(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.socket.read_exact(&mut head).expect("a frame comes");
        assert!(head[1] < 126, "a short frame without a mask");
        let mut payload = vec![0; usize::from(head[1])];
        self.socket.read_exact(&mut payload).expect("a whole frame comes");
        (head[0], payload)
    }

    /// The next bytes of MQTT, however they are framed.
    fn hears(&mut self, due: &[u8]) {
        while self.heard.len() < due.len() {
            let (first, payload) = self.frame();
            assert_eq!(first, BINARY, "{payload:x?}");
            self.heard.extend(payload);
        }
        let rest = self.heard.split_off(due.len());
        assert_eq!(self.heard, due);
        self.heard = rest;
    }

    /// A close frame with this code comes next, and then the end.
    fn closes_with(mut self, code: u16) {
        let (first, payload) = self.frame();
        assert_eq!((first, &payload[..2]), (0x88, &code.to_be_bytes()[..]), "{payload:x?}");
        self.send(0x88, &code.to_be_bytes());
        let mut rest = Vec::new();
        self.socket.read_to_end(&mut rest).expect("the end comes");
        assert!(rest.is_empty(), "{rest:x?}");
    }
}

fn handshake(broker: &Lacewing, more: &str) -> (TcpStream, String) {
    let mut socket = TcpStream::connect(("127.0.0.1", broker.http_port)).expect("it listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    write!(
        socket,
        "GET /mqtt HTTP/1.1\r\nHost: localhost:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n",
        broker.http_port
    )
    .expect("it reads");
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).expect("an answer comes");
        answer.push(byte[0]);
    }
    (socket, String::from_utf8(answer).expect("headers are text"))
}

/// [MQTT-6.0.0-4], [3.1.1 MQTT-6.0.0-4], [MQTT-6.0.0-3], [3.1.1 MQTT-6.0.0-3], [MQTT-4.2-1], [3.1.1 MQTT-7.1.1-1]
#[test]
fn the_subprotocol_is_mqtt() {
    let broker = native();
    for offer in ["mqtt", "soap, mqtt", "mqtt, mqttv3.1"] {
        let (_, answer) = handshake(&broker, &format!("Sec-WebSocket-Protocol: {offer}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 101"), "{offer}: {answer}");
        assert!(answer.to_lowercase().contains("sec-websocket-protocol: mqtt\r\n"), "{offer}: {answer}");
        // The answer to the key in RFC 6455.
        assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    }
    for offer in ["", "Sec-WebSocket-Protocol: soap\r\n"] {
        let (_, answer) = handshake(&broker, offer);
        assert!(answer.starts_with("HTTP/1.1 4"), "{offer}: {answer}");
    }
}

/// [MQTT-6.0.0-2], [3.1.1 MQTT-6.0.0-2]
#[test]
fn frames_and_packets_need_not_begin_together() {
    let broker = native();
    for version in BOTH {
        let mut socket = Frames::dial(&broker);
        let connack = {
            let mut wire = Wire::dial(&broker);
            wire.send(&connect(version, "the same"));
            wire.packet()
        };
        // Byte by byte, an empty frame between.
        for byte in connect(version, "framed") {
            socket.send(BINARY, &[byte]);
            socket.send(BINARY, b"");
        }
        socket.hears(&connack);
        // Several in a frame, the last one cut.
        let said =
            [subscribe(version, &[("t", 0)]), PINGREQ.to_vec(), publish(version, 0, "t", 0, "cut")].concat();
        let (begin, end) = said.split_at(said.len() - 2);
        socket.send(BINARY, begin);
        socket.hears(&suback(version, &[0]));
        socket.hears(PINGRESP);
        socket.send(BINARY, end);
        socket.hears(&publish(version, 0, "t", 0, "cut"));
        // In fragments, with a ping of the WebSocket's own between.
        let (begin, end) = PINGREQ.split_at(1);
        socket.send(0x02, begin);
        socket.send(0x89, b"still?");
        assert_eq!(socket.frame(), (0x8A, b"still?".to_vec()));
        socket.send(0x80, end);
        socket.hears(PINGRESP);
    }
}

/// [MQTT-6.0.0-1], [3.1.1 MQTT-6.0.0-1]
#[test]
fn a_text_frame_ends_the_connection() {
    let broker = native();
    Frames::dial(&broker).after(TEXT, &connect(V3, "text")).closes_with(1003);
    let mut socket = Frames::dial(&broker);
    socket.send(BINARY, &connect(V3, "in"));
    socket.hears(b"\x20\x02\x00\x00");
    socket.after(TEXT, PINGREQ).closes_with(1003);
}

/// RFC 6455, §5: what is not masked, reserved or out of place is an error of the WebSocket.
#[test]
fn frames_that_cannot_be_end_the_connection() {
    let broker = native();
    for (what, first) in
        [("a reserved bit", 0xC2), ("a reserved kind", 0x83), ("going on with nothing", 0x80)]
    {
        eprintln!("{what}");
        Frames::dial(&broker).after(first, b"x").closes_with(1002);
    }
    let mut socket = Frames::dial(&broker);
    socket.socket.write_all(b"\x82\x02\xC0\x00").expect("the broker reads");
    socket.closes_with(1002);
}

/// A client that has gone without a word on either level leaves its will.
#[test]
fn a_websocket_that_is_lost_is_a_client_that_is_lost() {
    let broker = native();
    let mut witness = Wire::enter(&broker, V3, "witness");
    witness.asks(&subscribe(V3, &[("will", 0)]), &suback(V3, &[0]));
    let mut socket = Frames::dial(&broker);
    socket.send(BINARY, &connect_with(V3, CLEAN | WILL, "dying", &[text("will"), text("gone")].concat()));
    socket.hears(b"\x20\x02\x00\x00");
    drop(socket);
    witness.hears(&publish(V3, 0, "will", 0, "gone"));
}

impl Frames {
    fn after(mut self, first: u8, payload: &[u8]) -> Self {
        self.send(first, payload);
        self
    }
}
