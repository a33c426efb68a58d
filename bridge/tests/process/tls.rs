//! MQTT and HTTP over TLS, with clients that do everything right.

use std::io::{Read, Write};
use std::net::Shutdown;

use lacewing_control::{Addresses, HostKind, Response};
use lacewing_link::{Event, Listener};
use rustls::version;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, client::IntoClientRequest};

use crate::daemon::{Daemon, read, read_to_end};
use crate::tab::{Tab, hello};
use crate::vault::{TlsStream, Vault, dial};

const SUBSCRIBE_T_QOS_1: &[u8] = b"\x82\x06\x00\x01\x00\x01t\x01";
const PUBLISH_T_HELLO: &[u8] = b"\x30\x08\x00\x01thello";
const DISCONNECT: &[u8] = b"\xE0\x00";

fn start(vault: &Vault, more: &[&str]) -> Daemon {
    let args = vault.args();
    Daemon::start(&[&args.iter().map(String::as_str).collect::<Vec<_>>()[..], more].concat())
}

fn connect(id: u8) -> Vec<u8> {
    [&b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01"[..], &[id]].concat()
}

/// To topic `t` with QoS 0; the payload is one of 16 KiB to 2 MiB.
fn publish(payload: &[u8]) -> Vec<u8> {
    let remaining = 3 + payload.len();
    let length = [remaining & 0x7F | 0x80, remaining >> 7 & 0x7F | 0x80, remaining >> 14];
    [&[0x30], &length.map(|byte| byte as u8)[..], b"\x00\x01t", payload].concat()
}

/// A client of version 3.1.1 that is in.
fn client(mut socket: TlsStream, id: u8) -> TlsStream {
    socket.write_all(&connect(id)).unwrap();
    assert_eq!(read::<4>(&mut socket), [0x20, 2, 0, 0]);
    socket
}

fn subscribed(mut socket: TlsStream) -> TlsStream {
    socket.write_all(SUBSCRIBE_T_QOS_1).unwrap();
    assert_eq!(read::<5>(&mut socket), [0x90, 3, 0, 1, 1]);
    socket
}

fn websocket(vault: &Vault, daemon: &Daemon, path: &str, protocol: Option<&str>) -> WebSocket<TlsStream> {
    let host = format!("localhost:{}", daemon.https_port);
    let mut request = format!("wss://{host}{path}").into_client_request().unwrap();
    request.headers_mut().insert("Origin", format!("https://{host}").parse().unwrap());
    if let Some(protocol) = protocol {
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    }
    tungstenite::client(request, dial(vault.trusting(), daemon.https_port)).unwrap().0
}

#[test]
fn a_message_goes_over_each_version_of_tls_to_plain_tcp() {
    let vault = Vault::new(&[]);
    let daemon = start(&vault, &["--broker", "native"]);
    let mut subscriber = daemon.device();
    subscriber.write_all(&connect(b's')).unwrap();
    assert_eq!(read::<4>(&mut subscriber), [0x20, 2, 0, 0]);
    subscriber.write_all(SUBSCRIBE_T_QOS_1).unwrap();
    assert_eq!(read::<5>(&mut subscriber), [0x90, 3, 0, 1, 1]);
    for version in [&version::TLS12, &version::TLS13] {
        let mut publisher = client(dial(vault.trusting_by(version), daemon.mqtts_port), b'p');
        publisher.write_all(PUBLISH_T_HELLO).unwrap();
        assert_eq!(read::<10>(&mut subscriber), PUBLISH_T_HELLO);
    }
}

#[test]
fn a_large_message_arrives_whole_over_tls_in_both_directions() {
    let vault = Vault::new(&[]);
    let daemon = start(&vault, &["--broker", "native"]);
    let mut subscriber = subscribed(client(dial(vault.trusting(), daemon.mqtts_port), b's'));
    let payload: Vec<u8> = (0..1u32 << 20).map(|n| (n / 3) as u8).collect();
    let message = publish(&payload);
    let mut publisher = client(dial(vault.trusting(), daemon.mqtts_port), b'p');
    publisher.write_all(&message).unwrap();
    let mut got = vec![0; message.len()];
    subscriber.read_exact(&mut got).unwrap();
    assert!(got == message);
}

#[test]
fn what_is_sent_before_a_close_arrives_all_of_it() {
    let vault = Vault::new(&[]);
    let daemon = start(&vault, &["--broker", "native"]);
    let mut subscriber = subscribed(client(dial(vault.trusting(), daemon.mqtts_port), b's'));
    let payload: Vec<u8> = (0..300_000u32).map(|n| (n / 7) as u8).collect();
    let message = publish(&payload);
    for orderly in [true, false] {
        let mut publisher = dial(vault.trusting(), daemon.mqtts_port);
        publisher.write_all(&[&connect(b'p')[..], &message, DISCONNECT].concat()).unwrap();
        if orderly {
            publisher.conn.send_close_notify();
        }
        publisher.flush().unwrap();
        // The broker may have closed already.
        let _ = publisher.sock.shutdown(Shutdown::Write);
        let mut got = vec![0; message.len()];
        subscriber.read_exact(&mut got).unwrap();
        assert!(got == message, "with close_notify: {orderly}");
    }
}

#[test]
fn the_end_of_the_broker_is_told_with_close_notify() {
    let vault = Vault::new(&[]);
    let daemon = start(&vault, &["--broker", "native"]);
    let mut client = client(dial(vault.trusting(), daemon.mqtts_port), b'c');
    client.write_all(DISCONNECT).unwrap();
    let mut rest = Vec::new();
    // Without close_notify this is an error.
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn the_tab_learns_who_a_certificate_names_and_how_a_device_came() {
    let vault = Vault::new(&["hall lamp"]);
    let args = vault.args_with_clients();
    let daemon = Daemon::start(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let mut tab = Tab::dial(&daemon, hello(&daemon, 1));
    let Event::Hello(welcome) = tab.event() else { panic!() };
    let addresses: Addresses = serde_json::from_str(&welcome.info).unwrap();
    assert_eq!(addresses.mqtts, [format!("localhost:{}", daemon.mqtts_port)]);
    assert_eq!(addresses.wss, [format!("wss://localhost:{}/mqtt", daemon.https_port)]);

    let mut device = dial(vault.as_user("hall_lamp"), daemon.mqtts_port);
    device.write_all(&connect(b'd')).unwrap();
    let Event::Opened { open, stream } = tab.event() else { panic!() };
    assert_eq!((open.listener, open.identity.as_deref()), (Listener::MqttTls, Some("hall lamp")));
    assert_eq!(open.peer, device.sock.local_addr().unwrap().to_string());
    assert_eq!(tab.data(stream), connect(b'd'));
    tab.link.send(stream, b"answer").unwrap();
    tab.send();
    assert_eq!(&read::<6>(&mut device), b"answer");

    let mut request = format!("wss://localhost:{}/mqtt", daemon.https_port).into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", "mqtt".parse().unwrap());
    let stream = dial(vault.as_user("hall_lamp"), daemon.https_port);
    let mut device = tungstenite::client(request, stream).unwrap().0;
    let Event::Opened { open, stream } = tab.event() else { panic!() };
    assert_eq!((open.listener, open.identity.as_deref()), (Listener::WebSocketTls, Some("hall lamp")));
    device.send(Message::Binary(b"over WebSocket".to_vec().into())).unwrap();
    assert_eq!(tab.data(stream), &b"over WebSocket"[..]);
}

#[test]
fn a_websocket_in_tls_is_a_stream_in_both_directions() {
    let vault = Vault::new(&[]);
    let daemon = start(&vault, &["--broker", "native"]);
    let mut device = websocket(&vault, &daemon, "/mqtt", Some("mqtt"));
    let mut say = |bytes: &[u8]| device.send(Message::Binary(bytes.to_vec().into())).unwrap();
    say(&connect(b'w'));
    say(SUBSCRIBE_T_QOS_1);
    let payload: Vec<u8> = (0..1u32 << 20).map(|n| (n / 5) as u8).collect();
    let message = publish(&payload);
    say(&message);
    let wanted = [&[0x20, 2, 0, 0, 0x90, 3, 0, 1, 1][..], &message].concat();
    let mut got = Vec::new();
    while got.len() < wanted.len() {
        got.extend_from_slice(&device.read().unwrap().into_data());
    }
    assert!(got == wanted);
    device.close(None).unwrap();
    while device.read().is_ok() {}
}

#[test]
fn bytes_that_come_with_the_request_are_not_lost_in_tls_either() {
    let vault = Vault::new(&[]);
    let daemon = start(&vault, &[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut socket = dial(vault.trusting(), daemon.https_port);
    let request = format!(
        "GET /mqtt HTTP/1.1\r\nHost: localhost:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
        daemon.https_port
    );
    // A masked frame whose mask is 0, in the record of the request; the next one comes before the answer has.
    socket.write_all(&[request.as_bytes(), b"\x82\x85\0\0\0\0early"].concat()).unwrap();
    socket.write_all(b"\x82\x84\0\0\0\0 too").unwrap();
    assert_eq!(&read::<12>(&mut socket), b"HTTP/1.1 101");
    let stream = tab.opened();
    let mut got = tab.data(stream).to_vec();
    while got.len() < 9 {
        got.extend_from_slice(&tab.data(stream));
    }
    assert_eq!(got, b"early too");
}

#[test]
fn the_dashboard_is_served_and_operates_over_tls() {
    let vault = Vault::new(&[]);
    let daemon = start(&vault, &["--broker", "native"]);
    let ask = |path: &str, host: &str| {
        let mut socket = dial(vault.trusting(), daemon.https_port);
        write!(socket, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        String::from_utf8(read_to_end(&mut socket)).unwrap()
    };
    let own = format!("localhost:{}", daemon.https_port);
    assert!(ask("/healthz", &own).ends_with("ok\n"));
    assert!(ask("/", "evil.example").starts_with("HTTP/1.1 421 "));
    assert!(ask("/", &daemon.host()).starts_with("HTTP/1.1 421 "), "the port of the other one");
    let other = ask("/x", &format!("127.0.0.1:{}", daemon.https_port));
    assert!(other.contains(&format!("location: https://{own}/x\r\n")), "{other}");

    let mut page = websocket(&vault, &daemon, "/control", None);
    page.send(Message::Binary(daemon.token.clone().into_bytes().into())).unwrap();
    let greeting = lacewing_control::decode::<Response>(&page.read().unwrap().into_data()).unwrap();
    assert!(matches!(greeting, Response::Hello { host: HostKind::Native, .. }));

    let mut request = format!("wss://{own}/control").into_client_request().unwrap();
    request.headers_mut().insert("Origin", daemon.origin().parse().unwrap());
    let refused = tungstenite::client(request, dial(vault.trusting(), daemon.https_port));
    assert!(refused.is_err(), "the page that came without TLS is another one");
}
