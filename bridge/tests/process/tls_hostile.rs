//! Those who come to TLS and do something else: they are told, and nobody else notices.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::daemon::{Daemon, patient, read, read_to_end};
use crate::vault::{TlsStream, Vault, dial};

const CONNECT: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c";
const PINGREQ: &[u8] = b"\xC0\x00";
const PINGRESP: [u8; 2] = [0xD0, 0];

struct Stage {
    vault: Vault,
    daemon: Daemon,
    undisturbed: TlsStream,
}

impl Stage {
    fn set() -> Self {
        let vault = Vault::new(&[]);
        let args = [vec!["--broker".to_owned(), "native".to_owned()], vault.args()].concat();
        let daemon = Daemon::heard(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let mut undisturbed = dial(vault.trusting(), daemon.mqtts_port);
        undisturbed.write_all(CONNECT).unwrap();
        assert_eq!(read::<4>(&mut undisturbed), [0x20, 2, 0, 0]);
        Self { vault, daemon, undisturbed }
    }

    fn dial_plainly(&self, port: u16) -> TcpStream {
        patient(TcpStream::connect(("127.0.0.1", port)).unwrap())
    }

    fn is_undisturbed(&mut self) {
        self.undisturbed.write_all(PINGREQ).unwrap();
        assert_eq!(read::<2>(&mut self.undisturbed), PINGRESP);
    }
}

#[test]
fn who_does_without_tls_where_it_is_spoken_is_closed_and_the_log_says_what_to_do() {
    let mut stage = Stage::set();
    let plain = stage.daemon.mqtt.port();
    for (bytes, words) in [
        (CONNECT, format!("or port {plain}")),
        (b"GET / HTTP/1.1\r\n\r\n", "speaks HTTP at a port for MQTT over TLS".to_owned()),
        (b"\xff\x00\xff garbage", "does not speak TLS".to_owned()),
    ] {
        let mut socket = stage.dial_plainly(stage.daemon.mqtts_port);
        socket.write_all(bytes).unwrap();
        assert_eq!(read_to_end(&mut socket), b"");
        stage.daemon.says(&words);
    }
    let mut browser = stage.dial_plainly(stage.daemon.https_port);
    browser.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let answer = String::from_utf8(read_to_end(&mut browser)).unwrap();
    assert!(answer.contains(&format!("open https://localhost:{}/", stage.daemon.https_port)), "{answer}");
    stage.is_undisturbed();
}

#[test]
fn who_speaks_tls_where_it_is_not_spoken_gets_an_alert_and_the_log_says_where_to_go() {
    let mut stage = Stage::set();
    for (port, words) in [
        (stage.daemon.mqtt.port(), format!("let it use port {}", stage.daemon.mqtts_port)),
        (stage.daemon.http_port, format!("over TLS it is https://localhost:{}/", stage.daemon.https_port)),
    ] {
        let mut lost = dial(stage.vault.trusting(), port);
        let error = lost.write_all(CONNECT).unwrap_err();
        assert!(error.to_string().contains("UnexpectedMessage"), "{error}");
        stage.daemon.says(&words);
    }
    stage.is_undisturbed();
}

#[test]
fn garbage_in_records_gets_an_alert_and_disturbs_nobody() {
    let mut stage = Stage::set();
    for port in [stage.daemon.mqtts_port, stage.daemon.https_port] {
        let mut socket = stage.dial_plainly(port);
        socket.write_all(b"\x16\x03\x01\x00\x05hello").unwrap();
        let alert = read_to_end(&mut socket);
        assert_eq!((alert[0], alert[5]), (0x15, 2), "a fatal alert: {alert:x?}");
    }
    // In the middle of a connection: a record that does not decrypt.
    let mut broken = dial(stage.vault.trusting(), stage.daemon.mqtts_port);
    broken.write_all(b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01b").unwrap();
    assert_eq!(read::<4>(&mut broken), [0x20, 2, 0, 0]);
    broken.sock.write_all(&[&b"\x17\x03\x03\x00\x20"[..], &[7; 32]].concat()).unwrap();
    let error = broken.read(&mut [0; 16]).unwrap_err();
    assert!(error.to_string().contains("BadRecordMac"), "{error}");
    stage.is_undisturbed();
}

#[test]
fn peers_that_stop_in_the_middle_of_a_handshake_hold_nobody_up_and_are_given_up() {
    let mut stage = Stage::set();
    let mut hello = Vec::new();
    let mut client = dial(stage.vault.trusting(), stage.daemon.mqtts_port);
    client.conn.write_tls(&mut hello).unwrap();
    let mut stuck = Vec::new();
    for part in 0..90 {
        for port in [stage.daemon.mqtts_port, stage.daemon.https_port] {
            let mut socket = stage.dial_plainly(port);
            // Nothing, some of the ClientHello, or all of it and nothing more.
            let length = match part % 3 {
                0 => 0,
                1 => part,
                _ => hello.len(),
            };
            socket.write_all(&hello[..length]).unwrap();
            stuck.push(socket);
        }
    }
    let began = Instant::now();
    stage.is_undisturbed();
    let mut next = dial(stage.vault.trusting(), stage.daemon.mqtts_port);
    next.write_all(b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01n").unwrap();
    assert_eq!(read::<4>(&mut next), [0x20, 2, 0, 0]);
    assert!(began.elapsed() < Duration::from_secs(3), "they were held up: {:?}", began.elapsed());
    for mut socket in stuck {
        read_to_end(&mut socket);
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    stage.daemon.says("its TLS handshake was not finished within 10 s");
    stage.is_undisturbed();
}

#[test]
fn a_receiver_that_does_not_read_keeps_its_place_and_nobody_waits() {
    let mut stage = Stage::set();
    let mut deaf = dial(stage.vault.trusting(), stage.daemon.mqtts_port);
    deaf.write_all(b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01d\x82\x06\x00\x01\x00\x01t\x00").unwrap();
    assert_eq!(read::<9>(&mut deaf), [0x20, 2, 0, 0, 0x90, 3, 0, 1, 0]);
    let message = [&[0x30, 0x83, 0x80, 0x04][..], b"\x00\x01t", &[7; 1 << 16]].concat();
    for _ in 0..100 {
        stage.undisturbed.write_all(&message).unwrap();
    }
    stage.is_undisturbed();
    // It goes on in the middle of a record, if it was left there.
    let mut got = vec![0; message.len()];
    deaf.read_exact(&mut got).unwrap();
    assert!(got == message);
}
