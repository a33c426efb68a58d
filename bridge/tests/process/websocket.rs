//! Devices over WebSocket.

use std::io::{Read, Write};
use std::net::TcpStream;

use lacewing_link::{Event, Listener};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use crate::daemon::Daemon;
use crate::tab::Tab;

fn device(daemon: &Daemon) -> WebSocket<TcpStream> {
    let mut request = format!("ws://{}/mqtt", daemon.host()).into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", "mqttv3.1, mqtt".parse().unwrap());
    let (socket, answer) = tungstenite::client(request, daemon.http()).unwrap();
    assert_eq!(answer.headers()["Sec-WebSocket-Protocol"], "mqtt");
    socket
}

/// [MQTT-6.0.0-2], [3.1.1 MQTT-6.0.0-2]; of the subprotocols offered mqtt is chosen [MQTT-6.0.0-4],
/// [3.1.1 MQTT-6.0.0-4].
#[test]
fn messages_are_a_stream_in_both_directions() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut device = device(&daemon);
    let Event::Opened { stream, open } = tab.event() else { panic!() };
    assert_eq!(open.listener, Listener::WebSocket);
    for part in [&b"one "[..], b"", b"two"] {
        device.send(Message::Binary(part.to_vec().into())).unwrap();
    }
    let mut got = Vec::new();
    while got.len() < 7 {
        got.extend_from_slice(&tab.data(stream));
    }
    assert_eq!(got, b"one two");
    tab.link.send(stream, &[7; 40_000]).unwrap();
    tab.send();
    let mut heard = 0;
    while heard < 40_000 {
        heard += device.read().unwrap().into_data().len();
    }
}

/// [MQTT-6.0.0-1], [3.1.1 MQTT-6.0.0-1]
#[test]
fn a_ping_is_answered_and_text_is_refused() {
    let daemon = Daemon::start(&[]);
    let mut device = device(&daemon);
    device.send(Message::Ping(b"there?".to_vec().into())).unwrap();
    assert_eq!(device.read().unwrap(), Message::Pong(b"there?".to_vec().into()));
    device.send(Message::text("{}")).unwrap();
    let Message::Close(Some(frame)) = device.read().unwrap() else { panic!() };
    assert_eq!(u16::from(frame.code), 1003);
}

#[test]
fn bytes_that_come_with_the_request_are_not_lost() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut socket = daemon.http();
    let request = format!(
        "GET /mqtt HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
        daemon.host()
    );
    // A masked frame whose mask is 0, sent before the answer has come.
    socket.write_all(&[request.as_bytes(), b"\x82\x85\0\0\0\0early"].concat()).unwrap();
    let mut status = [0; 12];
    socket.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 101");
    let stream = tab.opened();
    assert_eq!(tab.data(stream), &b"early"[..]);
}

#[test]
fn a_device_that_says_goodbye_is_gone_for_the_tab() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut device = device(&daemon);
    let stream = tab.opened();
    device.send(Message::Binary(b"bye".to_vec().into())).unwrap();
    device.close(None).unwrap();
    assert_eq!(tab.data(stream), &b"bye"[..]);
    assert!(matches!(tab.event(), Event::Closed { .. }));
    while device.read().is_ok() {}
}
