//! `--broker native`: the broker in the process itself.

use std::io::{Read, Write};
use std::net::TcpStream;

use lacewing_control::{HostKind, Request, Response, Saving, Watch};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use crate::daemon::{Daemon, read, read_to_end};

const SUBSCRIBE_T_QOS_1: &[u8] = b"\x82\x06\x00\x01\x00\x01t\x01";
const PUBLISH_T_HELLO: &[u8] = b"\x30\x08\x00\x01thello";

fn native(args: &[&str]) -> Daemon {
    Daemon::start(&[&["--broker", "native"], args].concat())
}

fn connect_3_1_1(id: u8) -> Vec<u8> {
    [&b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01"[..], &[id]].concat()
}

fn connect_5_0(id: u8) -> Vec<u8> {
    [&b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01"[..], &[id]].concat()
}

/// A client of version 3.1.1 that is in.
fn client(daemon: &Daemon, id: u8) -> TcpStream {
    let mut socket = daemon.device();
    socket.write_all(&connect_3_1_1(id)).unwrap();
    assert_eq!(read::<4>(&mut socket), [0x20, 2, 0, 0]);
    socket
}

pub(crate) fn page(daemon: &Daemon, path: &str, protocol: Option<&str>) -> WebSocket<TcpStream> {
    let mut request = format!("ws://{}{path}", daemon.host()).into_client_request().unwrap();
    request.headers_mut().insert("Origin", daemon.origin().parse().unwrap());
    if let Some(protocol) = protocol {
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    }
    tungstenite::client(request, daemon.http()).unwrap().0
}

#[test]
fn a_message_goes_from_a_websocket_to_tcp() {
    let daemon = native(&[]);
    let mut subscriber = client(&daemon, b's');
    subscriber.write_all(SUBSCRIBE_T_QOS_1).unwrap();
    assert_eq!(read::<5>(&mut subscriber), [0x90, 3, 0, 1, 1]);
    let mut publisher = page(&daemon, "/mqtt", Some("mqtt"));
    publisher.send(Message::Binary(connect_3_1_1(b'p').into())).unwrap();
    assert_eq!(publisher.read().unwrap().into_data(), &[0x20, 2, 0, 0][..]);
    publisher.send(Message::Binary(PUBLISH_T_HELLO.into())).unwrap();
    assert_eq!(read::<10>(&mut subscriber), PUBLISH_T_HELLO);
}

#[test]
fn ctrl_c_says_that_the_server_shuts_down() {
    let daemon = native(&[]);
    let mut old = client(&daemon, b'o');
    let mut new = daemon.device();
    new.write_all(&connect_5_0(b'n')).unwrap();
    assert_eq!(read::<1>(&mut new), [0x20]);
    let [length] = read(&mut new);
    let mut rest = vec![0; usize::from(length)];
    new.read_exact(&mut rest).unwrap();
    daemon.interrupt();
    let last = read_to_end(&mut new);
    assert_eq!((last[0], last[2]), (0xE0, 0x8B), "{last:x?}");
    assert_eq!(read_to_end(&mut old), b"");
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn what_sends_no_connect_is_closed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[limits]\nconnect_timeout = 1\n").unwrap();
    let daemon = native(&["--config", file.path().to_str().unwrap()]);
    assert_eq!(read_to_end(&mut daemon.device()), b"");
    let mut garbage = daemon.device();
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(read_to_end(&mut garbage), b"");
}

#[test]
fn connections_beyond_the_limit_are_closed_at_once() {
    let daemon = native(&["--max-connections", "2"]);
    let _first = client(&daemon, b'1');
    let second = client(&daemon, b'2');
    assert_eq!(read_to_end(&mut daemon.device()), b"");
    drop(second);
    // The place is free again as soon as the reactor has seen the end.
    loop {
        let mut next = daemon.device();
        let _ = next.write_all(&connect_3_1_1(b'3'));
        if !read_to_end_or_4(&mut next).is_empty() {
            break;
        }
    }
}

fn read_to_end_or_4(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    match socket.read_exact(&mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

#[test]
fn a_large_message_arrives_whole_at_a_receiver_that_reads_slowly() {
    let daemon = native(&[]);
    let mut subscriber = client(&daemon, b's');
    subscriber.write_all(SUBSCRIBE_T_QOS_1).unwrap();
    assert_eq!(read::<5>(&mut subscriber), [0x90, 3, 0, 1, 1]);
    // Topic `t`, QoS 1, packet id 1, a payload of 1 MiB: more than both sockets' buffers hold.
    let payload: Vec<u8> = (0..1u32 << 20).map(|n| (n / 3) as u8).collect();
    let remaining = 2 + 1 + 2 + payload.len();
    let mut publish = vec![0x32];
    publish.extend([
        (remaining & 0x7F | 0x80) as u8,
        (remaining >> 7 & 0x7F | 0x80) as u8,
        (remaining >> 14) as u8,
    ]);
    publish.extend(b"\x00\x01t\x00\x01");
    publish.extend(&payload);
    let mut publisher = client(&daemon, b'p');
    publisher.write_all(&publish).unwrap();
    assert_eq!(read::<4>(&mut publisher), [0x40, 2, 0, 1]);
    let head: [u8; 9] = read(&mut subscriber);
    assert_eq!(head[..4], publish[..4]);
    let mut got = Vec::new();
    while got.len() < payload.len() {
        got.extend(read::<1024>(&mut subscriber));
    }
    assert!(got == payload);
}

#[test]
fn the_right_token_operates_the_broker_and_no_other() {
    let daemon = native(&[]);
    let mut stranger = page(&daemon, "/control", None);
    stranger.send(Message::Binary(b"wrong".to_vec().into())).unwrap();
    let Message::Close(Some(frame)) = stranger.read().unwrap() else { panic!() };
    assert_eq!(u16::from(frame.code), 4401);

    let _client = client(&daemon, b'c');
    let mut page = page(&daemon, "/control", None);
    let mut say = |bytes: Vec<u8>| page.send(Message::Binary(bytes.into())).unwrap();
    say(daemon.token.clone().into_bytes());
    say(lacewing_control::encode(&Request::Watch(Watch { clients: true, ..Watch::default() })).unwrap());
    let mut next = || lacewing_control::decode::<Response>(&page.read().unwrap().into_data()).unwrap();
    // It has a folder to keep its state in.
    assert!(matches!(next(), Response::Hello { host: HostKind::Native, saving: Saving::Everything, .. }));
    loop {
        if let Response::Clients(clients) = next() {
            assert_eq!(clients[0].client_id, "c");
            return;
        }
    }
}

#[test]
fn it_counts_its_clients() {
    let daemon = native(&[]);
    let _client = client(&daemon, b'c');
    let metrics = daemon.ask("/metrics", &[&format!("Host: {}", daemon.host())]);
    assert!(metrics.contains("\nlacewing_clients 1\n"), "{metrics}");
    assert!(daemon.ask("/bridge.json", &[&format!("Host: {}", daemon.host())]).contains("\"native\""));
}

#[test]
fn the_simulated_home_lives_beside_the_broker() {
    let daemon = native(&["--home"]);
    let mut client = client(&daemon, b'c');
    let topic = "home/livingroom/temperature";
    client.write_all(&[0x82, 5 + topic.len() as u8, 0, 1, 0, topic.len() as u8]).unwrap();
    client.write_all(&[topic.as_bytes(), &[0]].concat()).unwrap();
    assert_eq!(read::<5>(&mut client), [0x90, 3, 0, 1, 0]);
    let [header, length] = read(&mut client);
    assert_eq!(header & 0xF0, 0x30, "a PUBLISH");
    let mut rest = vec![0; usize::from(length)];
    client.read_exact(&mut rest).unwrap();
    assert_eq!(&rest[2..2 + topic.len()], topic.as_bytes());
}
