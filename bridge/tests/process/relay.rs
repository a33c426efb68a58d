//! `--broker tab`: devices on one side, a tab on the other.

use std::io::Write;
use std::time::{Duration, Instant};

use lacewing_control::Addresses;
use lacewing_link::{CloseCode, Event, Listener};

use crate::daemon::{Daemon, read, read_to_end};
use crate::tab::{Tab, hello};

const CONNECT_3_1_1: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a";
const CONNECT_5_0: &[u8] = b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01a";

#[test]
fn without_a_tab_a_connect_waits_and_is_told_that_the_server_is_unavailable() {
    let daemon = Daemon::start(&[]);
    let started = Instant::now();
    let (mut old, mut new, mut silent) = (daemon.device(), daemon.device(), daemon.device());
    old.write_all(CONNECT_3_1_1).unwrap();
    new.write_all(CONNECT_5_0).unwrap();
    assert_eq!(read_to_end(&mut old), [0x20, 2, 0, 3]);
    assert_eq!(read_to_end(&mut new), [0x20, 3, 0, 0x88, 0]);
    assert_eq!(read_to_end(&mut silent), b"");
    assert!(started.elapsed() > Duration::from_secs(4), "it did not wait");
}

#[test]
fn a_connect_that_waits_reaches_the_tab_that_comes() {
    let daemon = Daemon::start(&[]);
    let mut device = daemon.device();
    device.write_all(CONNECT_5_0).unwrap();
    let mut tab = Tab::linked(&daemon, 1);
    let stream = tab.opened();
    assert_eq!(tab.data(stream), CONNECT_5_0);
    tab.link.send(stream, b"answer").unwrap();
    tab.send();
    assert_eq!(&read::<6>(&mut device), b"answer");
}

#[test]
fn the_tab_learns_where_devices_connect_and_who_they_are() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::dial(&daemon, hello(&daemon, 1));
    let Event::Hello(welcome) = tab.event() else { panic!() };
    let addresses: Addresses = serde_json::from_str(&welcome.info).unwrap();
    assert_eq!(addresses.mqtt, [daemon.mqtt.to_string()]);
    assert_eq!(addresses.websocket, [format!("ws://{}/mqtt", daemon.host())]);

    let device = daemon.device();
    let Event::Opened { open, .. } = tab.event() else { panic!() };
    assert_eq!(open.listener, Listener::Mqtt);
    assert_eq!(open.peer, device.local_addr().unwrap().to_string());
}

#[test]
fn a_device_that_sends_and_is_gone_loses_nothing() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let bytes: Vec<u8> = (0..300_000u32).map(|n| (n / 7) as u8).collect();
    let mut device = daemon.device();
    let sent = bytes.clone();
    let writer = std::thread::spawn(move || device.write_all(&sent));
    let stream = tab.opened();
    let mut got = Vec::new();
    let reason = loop {
        match tab.event() {
            Event::Data { bytes, .. } => {
                tab.link.consume(stream, bytes.len() as u32);
                got.extend_from_slice(&bytes);
            }
            Event::Closed { reason, .. } => break reason,
            event => panic!("{event:?}"),
        }
    };
    assert!(got == bytes);
    assert_eq!(reason.code, CloseCode::Ended);
    writer.join().unwrap().unwrap();
}

#[test]
fn what_the_tab_says_last_reaches_the_device_before_the_close() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut device = daemon.device();
    let stream = tab.opened();
    tab.link.send(stream, b"\xE0\x02\x8E\x00").unwrap();
    tab.link.close(stream, CloseCode::Ended);
    tab.send();
    assert_eq!(read_to_end(&mut device), b"\xE0\x02\x8E\x00");
}

#[test]
fn a_device_is_slowed_down_when_the_tab_does_not_take_its_bytes() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut device = daemon.device();
    device.set_nonblocking(true).unwrap();
    let stream = tab.opened();
    let mut beside = daemon.device();
    let other = tab.opened();
    let (piece, mut sent, mut got) = ([0; 4096], 0, 0);
    // The tab reads its channel and consumes nothing: what is on the way stays within the stream's credit.
    while got < 64 << 10 {
        sent += device.write(&piece).unwrap_or(0);
        match tab.event() {
            Event::Data { bytes, .. } => got += bytes.len(),
            event => panic!("{event:?}"),
        }
    }
    while let Ok(more) = device.write(&piece) {
        sent += more;
    }
    assert!(sent > got, "the socket's own buffers hold the rest");
    beside.write_all(b"another").unwrap();
    assert_eq!(tab.data(other), &b"another"[..]);
    tab.link.consume(stream, 64 << 10);
    tab.send();
    assert!(matches!(tab.event(), Event::Data { stream: from, .. } if from == stream));
}

#[test]
fn when_the_tab_goes_its_devices_are_disconnected_within_two_seconds() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut device = daemon.device();
    tab.opened();
    drop(tab);
    let started = Instant::now();
    assert_eq!(read_to_end(&mut device), b"");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_wrong_token_is_refused_with_a_reason_and_devices_are_undisturbed() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut device = daemon.device();
    let stream = tab.opened();
    for token in ["", "wrong"] {
        let (reason, code) =
            Tab::dial(&daemon, hello(&daemon, 2).with_token(token).with_takeover(true)).end();
        assert_eq!((reason.code, code), (CloseCode::Unauthorized, 4401));
    }
    device.write_all(b"still here").unwrap();
    assert_eq!(tab.data(stream), &b"still here"[..]);
}

#[test]
fn another_broker_has_to_ask_and_the_loser_is_told() {
    let daemon = Daemon::start(&[]);
    let mut first = Tab::linked(&daemon, 1);
    let mut device = daemon.device();
    first.opened();
    let (reason, code) = Tab::dial(&daemon, hello(&daemon, 2)).end();
    assert_eq!((reason.code, code), (CloseCode::Busy, 4409));

    let mut second = Tab::dial(&daemon, hello(&daemon, 2).with_takeover(true));
    assert!(matches!(second.event(), Event::Hello(_)));
    let (reason, code) = first.end();
    assert_eq!((reason.code, code), (CloseCode::Replaced, 4410));
    assert_eq!(read_to_end(&mut device), b"");
    let _device = daemon.device();
    second.opened();
}

#[test]
fn a_reloaded_tab_replaces_its_own_stale_link() {
    let daemon = Daemon::start(&[]);
    let stale = Tab::linked(&daemon, 1);
    let mut reloaded = Tab::linked(&daemon, 1);
    assert_eq!(stale.end().0.code, CloseCode::Replaced);
    let _device = daemon.device();
    reloaded.opened();
}

#[test]
fn ctrl_c_tells_the_tab_and_closes_the_devices() {
    let daemon = Daemon::start(&[]);
    let mut tab = Tab::linked(&daemon, 1);
    let mut device = daemon.device();
    tab.opened();
    daemon.interrupt();
    assert_eq!(tab.end().0.code, CloseCode::ShuttingDown);
    assert_eq!(read_to_end(&mut device), b"");
    assert_eq!(daemon.wait().code(), Some(0));
}
