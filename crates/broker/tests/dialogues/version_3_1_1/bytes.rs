//! What may be said, and what ends the connection (§1.5.3, §2.2, §3.1, §4.7, §4.8).

use lacewing_broker::Config;
use lacewing_protocol::{Packet, QoS, ReasonCode};

use super::{connect, lasting, packet, says};
use crate::story::*;

#[test]
fn text_that_is_no_text_ends_the_connection() {
    // [3.1.1 MQTT-1.5.3-1], [3.1.1 MQTT-1.5.3-2], [3.1.1 MQTT-3.1.3-4], [3.1.1 MQTT-3.1.3-10],
    // [3.1.1 MQTT-3.1.3-11], [3.1.1 MQTT-3.3.2-1], [3.1.1 MQTT-3.8.3-1], [3.1.1 MQTT-3.10.3-1], [3.1.1 MQTT-4.7.3-2]
    let story = Story::new();
    for bad in [&b"\x00\x03\xed\xa0\x80"[..], b"\x00\x02\xc0\x80", b"\x00\x01\xff", b"\x00\x02a\x00"] {
        for (flags, payload) in [
            (2, bad.to_vec()),
            (0x82, [b"\x00\x01c", bad].concat()),
            (6, [b"\x00\x01c", bad, b"\x00\x00"].concat()),
        ] {
            let client = says(&story, &connect(flags, &payload));
            assert!(client.is_closed(), "{bad:x?} with the flags {flags:#x}");
            client.hears_nothing();
        }
        for (first, before, after) in
            [(0x30, &b""[..], &b"x"[..]), (0x82, b"\x00\x01", b"\x00"), (0xa2, b"\x00\x01", b"")]
        {
            let client = story.old_client("c");
            client.send_bytes(&packet(first, &[before, bad, after].concat()));
            assert!(client.is_closed(), "{bad:x?} in {first:#x}");
            client.hears_nothing();
        }
    }
}

#[test]
fn names_are_compared_as_they_are() {
    // [3.1.1 MQTT-1.5.3-3], [3.1.1 MQTT-4.7.3-4], [3.1.1 MQTT-3.3.2-3]; a byte order mark, and one letter written in two ways
    let story = Story::new();
    let (publisher, subscriber) = (story.old_client("p"), story.old_client("s"));
    for name in ["\u{feff}t", "caf\u{e9}/+", "Upper"] {
        subscriber.subscribe(name, QoS::AtMostOnce);
    }
    for other in ["t", "cafe\u{301}/x", "upper", "\u{feff}t/x"] {
        publisher.publish(other, "not for you");
    }
    subscriber.hears_nothing();
    for name in ["\u{feff}t", "caf\u{e9}/x", "Upper"] {
        publisher.publish(name, "x");
        subscriber.expect(name, "x");
    }
}

#[test]
fn reserved_flags_end_the_connection() {
    // [3.1.1 MQTT-2.2.2-1], [3.1.1 MQTT-2.2.2-2], [3.1.1 MQTT-3.6.1-1], [3.1.1 MQTT-3.8.1-1], [3.1.1 MQTT-3.10.1-1],
    // [3.1.1 MQTT-3.14.1-1], [3.1.1 MQTT-4.8.0-1]
    let story = Story::new();
    let subscribe = &b"\x00\x01\x00\x01t\x00"[..];
    let unsubscribe = &b"\x00\x01\x00\x01t"[..];
    let id = &b"\x00\x01"[..];
    for (right, body) in [
        (0x40, id),
        (0x50, id),
        (0x62, id),
        (0x70, id),
        (0x82, subscribe),
        (0xa2, unsubscribe),
        (0xc0, b""),
        (0xe0, b""),
    ] {
        for wrong in (0..16).map(|flags| right & 0xf0 | flags).filter(|first| *first != right) {
            let (client, other) = (story.old_client("c"), story.old_client("other"));
            client.send_bytes(&packet(wrong, body));
            assert!(client.is_closed(), "{wrong:#x}");
            assert!(!other.is_closed());
        }
    }
    // Any but 0x30 to 0x3d, of which the last two bits but one are the QoS.
    let client = story.old_client("c");
    client.send_bytes(&packet(0x36, b"\x00\x01t\x00\x01x"));
    // [3.1.1 MQTT-3.3.1-4]
    assert!(client.is_closed());
}

#[test]
fn a_connect_that_is_not_well_formed_gets_no_answer() {
    // [3.1.1 MQTT-3.1.2-1], [3.1.1 MQTT-3.1.2-3], [3.1.1 MQTT-3.1.4-1], [3.1.1 MQTT-3.2.2-6], [3.1.1 MQTT-3.1.2-11],
    // [3.1.1 MQTT-3.1.2-13], [3.1.1 MQTT-3.1.2-14], [3.1.1 MQTT-3.1.2-15], [3.1.1 MQTT-3.1.2-9], [3.1.1 MQTT-3.1.2-18],
    // [3.1.1 MQTT-3.1.2-19], [3.1.1 MQTT-3.1.2-20], [3.1.1 MQTT-3.1.2-21], [3.1.1 MQTT-3.1.2-22], [3.1.1 MQTT-3.1.3-3]
    let story = Story::new();
    for (flags, payload, why) in [
        (0x03, &b"\x00\x01c"[..], "the reserved flag"),
        (0x0a, b"\x00\x01c", "a Will QoS without a will"),
        (0x22, b"\x00\x01c", "a Will Retain without a will"),
        (0x1e, b"\x00\x01c\x00\x01w\x00\x01m", "Will QoS 3"),
        (0x06, b"\x00\x01c", "a will that is not there"),
        (0x02, b"\x00\x01c\x00\x01w\x00\x01m", "a will without its flag"),
        (0x82, b"\x00\x01c", "a user name that is not there"),
        (0x02, b"\x00\x01c\x00\x01u", "a user name without its flag"),
        (0xc2, b"\x00\x01c\x00\x01u", "a password that is not there"),
        (0x82, b"\x00\x01c\x00\x01u\x00\x01p", "a password without its flag"),
        (0x42, b"\x00\x01c\x00\x01p", "a password without a user name"),
        (0x02, b"", "no client id"),
    ] {
        let client = says(&story, &connect(flags, payload));
        assert!(client.is_closed(), "{why}");
        client.hears_nothing();
    }
    assert!(says(&story, b"\x10\x0d\x00\x04MQTX\x04\x02\x00\x00\x00\x01c").is_closed());
    assert_eq!(story.world().broker.clients(None, 10), []);
    // Everything in its place is taken [3.1.1 MQTT-3.1.3-1].
    let client = says(&story, &connect(0xce, b"\x00\x01c\x00\x01w\x00\x01m\x00\x01u\x00\x01p"));
    assert!(matches!(client.receive(), Packet::ConnAck(ack) if ack.reason == ReasonCode::Success));
    let info = story.world().broker.client("c").unwrap().info;
    assert_eq!(info.will.map(|will| (will.topic, will.qos)), Some(("w".to_owned(), 1)));
}

#[test]
fn the_first_packet_is_the_answer_and_what_follows_a_refusal_is_not_read() {
    // [3.1.1 MQTT-3.2.0-1], [3.1.1 MQTT-3.1.4-4], [3.1.1 MQTT-3.1.4-5], [3.1.1 MQTT-3.1.3-9], [3.1.1 MQTT-3.2.2-5],
    // [3.1.1 MQTT-3.2.2-4]
    let story = Story::new();
    let (away, _) = lasting(&story, "c");
    away.subscribe("#", QoS::AtLeastOnce);
    away.vanishes();
    let publish = packet(0x31, b"\x00\x01tx");
    let too_long = [&b"\x04\x4c"[..], &[b'x'; 1100]].concat();
    let refused = [&[0x10, 0xd8, 0x08][..], b"\x00\x04MQTT\x04\x02\x00\x00", &too_long, &publish].concat();
    let client = says(&story, &refused);
    match client.receive() {
        Packet::ConnAck(ack) => {
            assert_eq!((ack.reason, ack.session_present), (ReasonCode::ClientIdentifierNotValid, false));
        }
        other => panic!("expected CONNACK, got {other}"),
    }
    client.hears_nothing();
    assert!(client.is_closed());
    assert_eq!(story.world().broker.metrics().retained, 0);
    // One that is let in may go on at once.
    says(&story, &[connect(2, b"\x00\x01p"), packet(0x32, b"\x00\x01t\x00\x01x")].concat());
    let (back, _) = lasting(&story, "c");
    back.expect("t", "x");
}

#[test]
fn a_packet_without_a_filter_ends_the_connection() {
    // [3.1.1 MQTT-3.10.3-2], [3.1.1 MQTT-3.8.3-3], [3.1.1 MQTT-4.8.0-1]
    let story = Story::new();
    for first in [0x82, 0xa2] {
        let client = story.old_client("c");
        client.send_bytes(&packet(first, b"\x00\x01"));
        assert!(client.is_closed(), "{first:#x}");
        client.hears_nothing();
    }
}

#[test]
fn wildcards_stand_where_they_may() {
    // [3.1.1 MQTT-3.3.2-2], [3.1.1 MQTT-4.7.1-1], [3.1.1 MQTT-4.7.1-2], [3.1.1 MQTT-4.7.1-3], [3.1.1 MQTT-4.7.3-1]
    let story = Story::new();
    for topic in ["a/+", "#", "a#", ""] {
        let client = story.old_client("c");
        client.send_bytes(&packet(0x30, &[&[0, topic.len() as u8], topic.as_bytes(), b"x"].concat()));
        assert!(client.is_closed(), "to {topic:?}");
    }
    for filter in ["a#", "#/a", "a/#/b", "a+", "+a/b", ""] {
        let client = story.old_client("c");
        client.send_bytes(&packet(0x82, &[&[0, 1, 0, filter.len() as u8], filter.as_bytes(), &[0]].concat()));
        assert!(client.is_closed(), "{filter:?}");
    }
    // # stands for its parent too, + for one level that may be empty.
    let (client, publisher) = (story.old_client("c"), story.old_client("p"));
    client.subscribe("a/#", QoS::AtMostOnce);
    client.subscribe("+/x", QoS::AtMostOnce);
    for topic in ["a", "a/b/c", "/x", "b/x"] {
        publisher.publish(topic, "for you");
        client.expect(topic, "for you");
    }
    for topic in ["ab", "b/c/x", "x"] {
        publisher.publish(topic, "not for you");
    }
    client.hears_nothing();
}

#[test]
fn a_client_for_whom_there_is_no_room_loses_its_connection() {
    // [3.1.1 MQTT-4.8.0-2]
    let story = Story::with(Config { held_bytes: 1000, authenticate: true, ..Config::default() });
    let client = says(&story, &connect(2, b"\x00\x01c"));
    for _ in 0..20 {
        client.send(Packet::Publish(message("t", &"x".repeat(100))));
    }
    assert!(client.is_closed());
}

#[test]
fn a_ping_is_answered() {
    // [3.1.1 MQTT-3.12.4-1], [MQTT-3.12.4-1]
    let story = Story::new();
    for client in [story.old_client("old"), story.client("new")] {
        client.send(Packet::PingReq);
        assert_eq!(client.receive(), Packet::PingResp);
        client.hears_nothing();
    }
}

#[test]
fn ids_of_every_letter_and_digit_are_taken() {
    // [3.1.1 MQTT-3.1.3-5], [MQTT-3.1.3-5]
    let story = Story::new();
    for id in ["0123456789abcdefghijklm", "nopqrstuvwxyzABCDEFGHIJ", "KLMNOPQRSTUVWXYZ", "a"] {
        story.enter(v3(id));
        story.enter(v5(id));
    }
}
