//! Opening, closing and dropping.

use lacewing_link::{
    CloseCode, CloseReason, Config, Event, HelloError, Listener, Open, OpenError, SendError, Side,
};

use crate::pair::{Pair, ended, hello};

#[test]
fn streams_open_once_both_have_said_hello() {
    let mut pair = Pair::new(&Config::default());
    let open = Open::new(Listener::Page, "page");
    assert_eq!(pair.tab.link.open(open.clone()), Err(OpenError::NotReady));
    pair.tab.link.hello(hello()).unwrap();
    assert_eq!(pair.tab.link.hello(hello()), Err(HelloError::Late));
    pair.settle();
    assert_eq!(pair.bridge.event(), Event::Hello(hello()));
    assert_eq!(pair.bridge.link.open(open.clone()), Err(OpenError::NotReady));
    assert_eq!(pair.tab.link.open(open.clone()), Err(OpenError::NotReady));

    pair.bridge.link.hello(hello().with_takeover(true)).unwrap();
    let stream = pair.bridge.link.open(open.clone()).unwrap();
    pair.bridge.send(stream, b"early");
    pair.settle();
    assert_eq!(pair.tab.event(), Event::Hello(hello().with_takeover(true)));
    assert_eq!(pair.tab.event(), Event::Opened { stream, open });
    assert_eq!(pair.tab.bytes(stream), b"early");
}

#[test]
fn an_acceptor_refuses_with_a_goodbye_instead_of_its_hello() {
    let mut pair = Pair::new(&Config::default());
    pair.tab.link.hello(hello().with_token("wrong")).unwrap();
    pair.settle();
    let reason =
        CloseReason::new(CloseCode::Unauthorized, "this token is not the bridge's; open its address again");
    pair.bridge.link.goodbye(reason.clone());
    pair.settle();
    assert_eq!(pair.tab.event(), Event::Goodbye { reason });
    for end in [&pair.tab, &pair.bridge] {
        assert!(end.link.is_over());
        assert_eq!(end.link.poll_timeout(), None);
    }
    assert_eq!(pair.tab.link.open(Open::new(Listener::Page, "page")), Err(OpenError::Over));
}

#[test]
fn a_log_of_a_hello_does_not_hold_the_token() {
    assert!(!format!("{:?}", hello()).contains("secret"));
    assert!(!format!("{:?}", Event::Hello(hello())).contains("secret"));
}

#[test]
fn both_sides_open_streams_at_the_same_time() {
    let mut pair = Pair::greeted(&Config::default());
    let page = pair.tab.open();
    let device = pair.bridge.open();
    assert_ne!(page, device);
    pair.tab.send(page, b"from the page");
    pair.bridge.send(device, b"from the device");
    pair.settle();
    assert_eq!(pair.tab.opened(), device);
    assert_eq!(pair.bridge.opened(), page);
    assert_eq!(pair.tab.bytes(device), b"from the device");
    assert_eq!(pair.bridge.bytes(page), b"from the page");
}

#[test]
fn all_bytes_come_before_the_close_of_a_client_that_closes_at_once() {
    let mut pair = Pair::greeted(&Config::default());
    let device = pair.bridge.open();
    let bytes = vec![7; 64 << 10];
    pair.bridge.send(device, &bytes);
    pair.bridge.link.close(device, CloseCode::Ended);
    assert_eq!(pair.bridge.link.send(device, b"late"), Err(SendError::Closed));
    assert_eq!(pair.bridge.link.writable(device), 0);
    pair.settle();
    assert_eq!(pair.tab.opened(), device);
    assert_eq!(pair.tab.bytes(device), bytes);
    assert_eq!(pair.tab.event(), Event::Closed { stream: device, reason: ended() });
}

#[test]
fn each_direction_ends_by_itself_and_the_stream_when_both_have_and_all_is_used() {
    let mut pair = Pair::greeted(&Config::default());
    let device = pair.bridge.open();
    pair.bridge.send(device, b"CONNECT");
    pair.settle();
    pair.tab.events.clear();
    let reason =
        CloseReason::new(CloseCode::Refused, "kept out: 100 clients are connected, the limit is 100");
    pair.tab.link.close(device, reason.clone());
    pair.settle();
    assert_eq!(pair.bridge.event(), Event::Closed { stream: device, reason });
    pair.bridge.send(device, b"DISCONNECT");
    pair.bridge.link.close(device, CloseCode::Ended);
    pair.settle();
    assert_eq!(pair.tab.bytes(device), b"DISCONNECT");
    assert_eq!(pair.tab.event(), Event::Closed { stream: device, reason: ended() });
    assert_eq!(pair.tab.link.streams(), 1, "17 bytes are still unused");
    pair.tab.link.consume(device, 17);
    pair.settle();
    assert_eq!((pair.tab.link.streams(), pair.bridge.link.streams()), (0, 0));
    assert!(pair.tab.is_quiet() && pair.bridge.is_quiet());
}

#[test]
fn a_number_is_used_again_and_a_stream_id_never() {
    let mut pair = Pair::greeted(&Config { max_streams: 1, ..Config::default() });
    let first = pair.bridge.open();
    let open = Open::new(Listener::Mqtt, "second");
    assert_eq!(pair.bridge.link.open(open.clone()), Err(OpenError::TooManyStreams { max: 1 }));
    pair.settle();
    pair.tab.link.close(first, CloseCode::Ended);
    pair.bridge.link.close(first, CloseCode::Ended);
    pair.settle();
    pair.tab.events.clear();

    let second = pair.bridge.link.open(open).unwrap();
    assert_ne!(first, second);
    pair.settle();
    assert_eq!(pair.tab.opened(), second);
    pair.bridge.link.close(first, CloseCode::Ended);
    pair.tab.link.reset(first, CloseCode::Ended);
    pair.tab.link.consume(first, 10);
    assert_eq!(pair.bridge.link.send(first, b"stale"), Err(SendError::Closed));
    pair.bridge.send(second, b"fresh");
    pair.settle();
    assert_eq!(pair.tab.bytes(second), b"fresh");
    assert!(pair.tab.is_quiet(), "nothing else happened: {:?}", pair.tab.events);
}

#[test]
fn a_reset_drops_what_was_queued_and_what_is_on_the_way() {
    for opener in [Side::Dialler, Side::Acceptor] {
        let mut pair = Pair::greeted(&Config::default());
        let stream = pair.end(opener).open();
        pair.settle();
        pair.tab.events.clear();
        pair.bridge.events.clear();
        pair.tab.send(stream, b"on the way");
        pair.transmit(Side::Dialler);
        pair.tab.send(stream, b"queued");
        pair.bridge.send(stream, b"queued");
        let reason = CloseReason::new(CloseCode::Aborted, "the socket was reset");
        pair.bridge.link.reset(stream, reason.clone());
        assert_eq!(pair.bridge.link.queued(), 0);
        pair.settle();
        assert_eq!(pair.tab.event(), Event::Reset { stream, reason });
        assert!(pair.tab.is_quiet() && pair.bridge.is_quiet());
        assert_eq!((pair.tab.link.streams(), pair.bridge.link.streams()), (0, 0));
        assert_eq!(pair.tab.link.send(stream, b"late"), Err(SendError::Closed));
    }
}

#[test]
fn events_that_wait_are_not_told_after_a_reset() {
    let mut pair = Pair::greeted(&Config::default());
    let (first, second) = (pair.bridge.open(), pair.bridge.open());
    pair.bridge.send(first, b"not wanted");
    pair.bridge.send(second, b"wanted");
    pair.transmit(Side::Acceptor);
    let message = pair.tab.arriving.pop_front().unwrap();
    pair.tab.link.receive(0, message).unwrap();
    pair.tab.link.reset(first, CloseCode::Refused);
    let mut told = Vec::new();
    while let Some(event) = pair.tab.link.poll_event() {
        told.push(event);
    }
    let open = Open::new(Listener::Mqtt, "127.0.0.1:50312");
    assert_eq!(
        told,
        [
            Event::Opened { stream: second, open },
            Event::Data { stream: second, bytes: bytes::Bytes::from_static(b"wanted") },
        ]
    );
}

#[test]
fn resets_that_cross_free_the_number_once() {
    let mut pair = Pair::greeted(&Config::default());
    let stream = pair.tab.open();
    pair.settle();
    pair.tab.link.reset(stream, CloseCode::Aborted);
    pair.bridge.link.reset(stream, CloseCode::TimedOut);
    pair.transmit(Side::Dialler);
    pair.transmit(Side::Acceptor);
    pair.settle();
    assert_eq!((pair.tab.link.streams(), pair.bridge.link.streams()), (0, 0));
    let (second, third) = (pair.tab.open(), pair.tab.open());
    assert_ne!(second, third);
    pair.settle();
    pair.bridge.events.clear();
    pair.tab.send(second, b"2");
    pair.tab.send(third, b"3");
    pair.settle();
    assert_eq!((pair.bridge.bytes(second), pair.bridge.bytes(third)), (b"2".to_vec(), b"3".to_vec()));
}

#[test]
fn a_reset_that_crosses_the_end_does_not_hit_the_next_stream_of_the_number() {
    let mut pair = Pair::greeted(&Config::default());
    let first = pair.bridge.open();
    pair.settle();
    pair.bridge.link.close(first, CloseCode::Ended);
    pair.settle();
    pair.tab.link.close(first, CloseCode::Ended);
    pair.transmit(Side::Dialler); // CLOSE and DONE: the tab has freed the number.
    assert_eq!(pair.tab.link.streams(), 0);
    pair.bridge.link.reset(first, CloseCode::Aborted);
    pair.transmit(Side::Acceptor); // RESET, on its way.
    pair.arrive(Side::Acceptor);
    let second = pair.bridge.open();
    pair.settle();
    pair.tab.events.clear();
    pair.bridge.send(second, b"alive");
    pair.settle();
    assert_eq!(pair.tab.bytes(second), b"alive");
}

#[test]
fn a_stream_closed_or_dropped_before_its_open_was_sent_is_still_told() {
    let mut pair = Pair::greeted(&Config::default());
    let (closed, dropped) = (pair.tab.open(), pair.tab.open());
    pair.tab.link.close(closed, CloseCode::Ended);
    pair.tab.link.reset(dropped, CloseCode::Aborted);
    pair.settle();
    assert_eq!(pair.bridge.opened(), closed);
    assert_eq!(pair.bridge.event(), Event::Closed { stream: closed, reason: ended() });
    assert_eq!(pair.bridge.opened(), dropped);
    assert_eq!(pair.bridge.event(), Event::Reset { stream: dropped, reason: CloseCode::Aborted.into() });
}

#[test]
fn a_goodbye_is_the_last_word() {
    let mut pair = Pair::greeted(&Config::default());
    let stream = pair.tab.open();
    pair.settle();
    pair.bridge.events.clear();
    pair.tab.send(stream, b"dropped");
    let reason = CloseReason::new(CloseCode::ShuttingDown, "the page was closed");
    pair.tab.link.goodbye(reason.clone());
    assert_eq!(pair.tab.link.send(stream, b"late"), Err(SendError::Closed));
    pair.bridge.send(stream, b"crosses");
    pair.transmit(Side::Acceptor);
    pair.settle();
    assert_eq!(pair.bridge.event(), Event::Goodbye { reason });
    assert!(pair.bridge.is_quiet() && pair.tab.is_quiet());
}

#[test]
fn a_name_too_long_for_the_frame_is_refused_here() {
    let mut pair = Pair::greeted(&Config::default());
    assert_eq!(pair.tab.link.open(Open::new(Listener::Mqtt, "x".repeat(257))), Err(OpenError::PeerTooLong));
    let named = |len| Open::new(Listener::Mqtt, "x".repeat(256)).with_identity(Some("n".repeat(len)));
    assert_eq!(pair.tab.link.open(named(257)), Err(OpenError::IdentityTooLong));
    assert!(pair.tab.link.open(named(256)).is_ok());
    pair.settle();
    assert!(matches!(pair.bridge.event(), Event::Opened { open, .. } if open == named(256)));
    let mut pair = Pair::new(&Config::default());
    assert_eq!(pair.tab.link.hello(hello().with_token("x".repeat(257))), Err(HelloError::TokenTooLong));
    assert_eq!(pair.tab.link.hello(hello().with_info("x".repeat(2049))), Err(HelloError::InfoTooLong));
    let longest = hello().with_token("x".repeat(256)).with_info("x".repeat(2048));
    pair.tab.link.hello(longest.clone()).unwrap();
    pair.settle();
    assert_eq!(pair.bridge.event(), Event::Hello(longest));
}
