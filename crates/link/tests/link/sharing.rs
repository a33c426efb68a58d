//! Credit, fairness and how messages are filled.

use lacewing_link::{CloseCode, Config, Event, SendError, Side};

use crate::pair::Pair;

#[test]
fn a_sender_stops_at_its_credit_and_goes_on_when_bytes_are_used() {
    let mut pair = Pair::greeted(&Config::default());
    let stream = pair.bridge.open();
    assert_eq!(pair.bridge.link.writable(stream), 64 << 10);
    pair.bridge.send(stream, &[1; 60 << 10]);
    assert_eq!(pair.bridge.link.send(stream, &[2; 5 << 10]), Err(SendError::Full { writable: 4 << 10 }));
    pair.bridge.send(stream, &[1; 4 << 10]);
    pair.settle();
    assert_eq!(pair.bridge.link.writable(stream), 0);
    assert!(pair.bridge.is_quiet());

    pair.tab.link.consume(stream, 10_000);
    pair.settle();
    assert_eq!(pair.bridge.event(), Event::Writable { stream });
    assert_eq!(pair.bridge.link.writable(stream), 10_000);
}

#[test]
fn credit_comes_back_in_portions() {
    let mut pair = Pair::greeted(&Config::default());
    let stream = pair.bridge.open();
    let mut credits = 0;
    for _ in 0..320 {
        pair.bridge.send(stream, &[0; 64]);
        pair.settle();
        pair.tab.link.consume(stream, 64);
        pair.settle();
        credits +=
            pair.bridge.events.drain(..).filter(|event| matches!(event, Event::Writable { .. })).count();
    }
    assert_eq!(credits, 10, "one CREDIT for 32 messages of 64 bytes");
}

#[test]
fn both_sides_keep_to_the_smaller_of_their_limits() {
    let small = Config { max_message: 8 << 10, stream_credit: 16 << 10, max_streams: 2, ..Config::default() };
    for (tab, bridge) in [(&small, &Config::default()), (&Config::default(), &small)] {
        let mut pair = Pair::new(tab);
        pair.bridge = Pair::new(bridge).bridge;
        pair.tab.link.hello(crate::pair::hello()).unwrap();
        pair.bridge.link.hello(crate::pair::hello()).unwrap();
        pair.settle();
        for side in [Side::Dialler, Side::Acceptor] {
            let end = pair.end(side);
            let (stream, _) = (end.open(), end.open());
            assert!(end.link.open(lacewing_link::Open::new(lacewing_link::Listener::Page, "")).is_err());
            assert_eq!(end.link.writable(stream), 16 << 10);
            end.send(stream, &[0; 16 << 10]);
            let message = end.link.transmit().unwrap();
            assert!(message.len() <= 8 << 10 && message.len() > 7 << 10, "{}", message.len());
        }
    }
}

#[test]
fn streams_that_nobody_reads_leave_the_others_their_way() {
    let config = Config { connection_credit: 100 << 10, ..Config::default() };
    let mut pair = Pair::greeted(&config);
    let stuck: Vec<_> = (0..50).map(|_| pair.bridge.open()).collect();
    for &stream in &stuck {
        let fits = pair.bridge.link.writable(stream);
        pair.bridge.send(stream, &vec![0; fits as usize]);
        assert_eq!(pair.bridge.link.writable(stream), 0);
    }
    let moving = pair.bridge.open();
    pair.settle();
    pair.tab.events.clear();
    for _ in 0..100 {
        assert_eq!(pair.bridge.link.writable(moving), 4 << 10);
        pair.bridge.send(moving, &[5; 4 << 10]);
        pair.settle();
        assert_eq!(pair.tab.bytes(moving), [5; 4 << 10]);
        pair.tab.link.consume(moving, 4 << 10);
        pair.settle();
    }
    pair.bridge.link.reset(stuck[0], CloseCode::Aborted);
    pair.settle();
    assert_eq!(pair.bridge.link.writable(moving), 64 << 10, "what a dropped stream held is there for others");
}

#[test]
fn what_is_used_comes_back_when_the_stream_has_ended_as_well() {
    let mut pair = Pair::greeted(&Config { max_streams: 1, connection_credit: 0, ..Config::default() });
    for round in 0..10 {
        let stream = pair.bridge.open();
        assert_eq!(pair.bridge.link.writable(stream), 4 << 10, "round {round}");
        pair.bridge.send(stream, &[0; 100]);
        pair.bridge.link.close(stream, CloseCode::Ended);
        pair.settle();
        pair.tab.link.close(stream, CloseCode::Ended);
        pair.tab.link.consume(stream, 100);
        pair.settle();
    }
}

#[test]
fn everything_queued_goes_in_one_message_and_one_data_for_each_stream() {
    let mut pair = Pair::greeted(&Config::default());
    let streams: Vec<_> = (0..10).map(|_| pair.bridge.open()).collect();
    for n in 0..100u8 {
        for &stream in &streams {
            pair.bridge.send(stream, &[n; 10]);
        }
    }
    assert_eq!(pair.bridge.link.queued(), 10_000);
    assert!(pair.transmit(Side::Acceptor) && !pair.transmit(Side::Acceptor));
    pair.settle();
    let data = pair.tab.events.iter().filter(|event| matches!(event, Event::Data { .. })).count();
    assert_eq!(data, 10);
    let expected: Vec<u8> = (0..100).flat_map(|n| [n; 10]).collect();
    for stream in streams {
        assert_eq!(pair.tab.bytes(stream), expected);
    }
}

#[test]
fn a_large_transfer_does_not_hold_up_a_small_message() {
    let mut pair = Pair::greeted(&Config::default());
    let (large, small) = (pair.bridge.open(), pair.bridge.open());
    pair.bridge.send(large, &[0; 64 << 10]);
    pair.bridge.send(small, b"PINGREQ");
    pair.transmit(Side::Acceptor);
    pair.arrive(Side::Dialler);
    assert_eq!(pair.tab.bytes(small), b"PINGREQ");
    assert!(pair.tab.bytes(large).len() > 60 << 10, "and the message is filled");
}

#[test]
fn streams_are_served_in_turn() {
    let mut pair = Pair::greeted(&Config { max_message: 16 << 10, ..Config::default() });
    let streams: Vec<_> = (0..8).map(|_| pair.bridge.open()).collect();
    for &stream in &streams {
        pair.bridge.send(stream, &[0; 32 << 10]);
    }
    let mut counts = [0; 8];
    while pair.transmit(Side::Acceptor) {
        pair.arrive(Side::Dialler);
        for (count, &stream) in counts.iter_mut().zip(&streams) {
            *count += pair.tab.bytes(stream).len();
        }
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(most - least <= 16 << 10, "{counts:?}");
    }
    assert_eq!(counts, [32 << 10; 8]);
}
