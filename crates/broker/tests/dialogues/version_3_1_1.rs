//! What MQTT 3.1.1 demands of a server, told with clients that speak nothing else.

use lacewing_broker::Config;
use lacewing_protocol::{Ack, Connect, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode};

use crate::story::*;

/// A client with a session that stays.
fn lasting(story: &Story, client_id: &str) -> (Client, bool) {
    let (client, ack) = story.enter(Connect { clean_start: false, ..v3(client_id) });
    (client, ack.session_present)
}

/// A transport on which these bytes were said.
fn says(story: &Story, bytes: &[u8]) -> Client {
    let client = story.dial(ProtocolVersion::V3_1_1);
    client.send_bytes(bytes);
    client
}

/// A whole packet.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    [&[first, body.len() as u8], body].concat()
}

/// A CONNECT with these flags and this payload.
fn connect(flags: u8, payload: &[u8]) -> Vec<u8> {
    packet(0x10, &[b"\x00\x04MQTT\x04".as_slice(), &[flags, 0, 0], payload].concat())
}

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
fn a_session_without_clean_session_stays_and_gets_what_it_missed() {
    // [3.1.1 MQTT-3.1.2-4], [3.1.1 MQTT-3.1.2-5], [3.1.1 MQTT-3.2.2-2], [3.1.1 MQTT-3.2.2-3], [3.1.1 MQTT-3.1.3-2],
    // [3.1.1 MQTT-4.1.0-1], [3.1.1 MQTT-4.5.0-1]
    let story = Story::new();
    let (client, present) = lasting(&story, "c");
    assert!(!present);
    client.subscribe("t", QoS::ExactlyOnce);
    client.disconnects();
    story.pass_seconds(1_000_000);
    let publisher = story.old_client("p");
    publisher.publish_qos("t", "1", QoS::AtLeastOnce, 1);
    publisher.publish_qos("t", "2", QoS::ExactlyOnce, 2);
    let (other, present) = lasting(&story, "d");
    assert!(!present);
    other.hears_nothing();
    let (client, present) = lasting(&story, "c");
    assert!(present);
    assert_eq!(client.expect("t", "1").qos, QoS::AtLeastOnce);
    assert_eq!(client.expect("t", "2").qos, QoS::ExactlyOnce);
}

#[test]
fn a_clean_session_begins_with_nothing_and_leaves_nothing() {
    // [3.1.1 MQTT-3.1.2-6], [3.1.1 MQTT-3.2.2-1], [3.1.1 MQTT-3.1.4-3], [3.1.1 MQTT-4.1.0-2]
    let story = Story::new();
    let (client, _) = lasting(&story, "c");
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    story.old_client("p").publish_qos("t", "1", QoS::AtLeastOnce, 1);
    let (clean, ack) = story.enter(v3("c"));
    assert!(!ack.session_present);
    clean.hears_nothing();
    clean.subscribe("u", QoS::AtLeastOnce);
    // The session lasts as long as its connection.
    story.pass_seconds(1_000_000);
    story.old_client("p").publish("u", "here");
    clean.expect("u", "here");
    clean.vanishes();
    let (client, present) = lasting(&story, "c");
    assert!(!present);
    story.old_client("p").publish("u", "2");
    client.hears_nothing();
}

#[test]
fn retained_messages_outlive_sessions_and_are_marked_for_newcomers_only() {
    // [3.1.1 MQTT-3.1.2-7], [3.1.1 MQTT-3.3.1-5], [3.1.1 MQTT-3.3.1-6], [3.1.1 MQTT-3.3.1-7], [3.1.1 MQTT-3.3.1-8],
    // [3.1.1 MQTT-3.3.1-9], [3.1.1 MQTT-3.3.1-12]
    let story = Story::new();
    let (sensor, there) = (story.old_client("sensor"), story.old_client("there"));
    there.subscribe("#", QoS::AtLeastOnce);
    sensor.send(Packet::Publish(with_qos(retained("a", "old"), QoS::AtLeastOnce, 1)));
    sensor.send(Packet::Publish(retained("a", "new")));
    sensor.send(Packet::Publish(with_qos(retained("b", "other"), QoS::AtLeastOnce, 2)));
    sensor.publish("a", "not retained");
    for (topic, payload) in [("a", "old"), ("a", "new"), ("b", "other"), ("a", "not retained")] {
        assert!(!there.expect(topic, payload).retain);
    }
    sensor.disconnects();
    let late = story.old_client("late");
    late.subscribe("#", QoS::AtLeastOnce);
    let (a, b) = (late.expect("a", "new"), late.expect("b", "other"));
    assert_eq!((a.retain, a.qos), (true, QoS::AtMostOnce));
    assert_eq!((b.retain, b.qos), (true, QoS::AtLeastOnce));
    late.hears_nothing();
}

#[test]
fn an_empty_retained_message_is_delivered_and_clears_the_topic() {
    // [3.1.1 MQTT-3.3.1-10], [3.1.1 MQTT-3.3.1-11]
    let story = Story::new();
    let (sensor, there) = (story.old_client("sensor"), story.old_client("there"));
    sensor.send(Packet::Publish(retained("t", "1")));
    there.subscribe("t", QoS::AtMostOnce);
    there.expect("t", "1");
    sensor.send(Packet::Publish(retained("t", "")));
    assert!(!there.expect("t", "").retain);
    let late = story.old_client("late");
    late.subscribe("t", QoS::AtMostOnce);
    late.hears_nothing();
    assert_eq!(story.world().broker.metrics().retained, 0);
}

#[test]
fn a_will_is_published_as_it_was_said_and_once() {
    // [3.1.1 MQTT-3.1.2-8], [3.1.1 MQTT-3.1.2-9], [3.1.1 MQTT-3.1.2-10], [3.1.1 MQTT-3.1.2-12],
    // [3.1.1 MQTT-3.1.2-16], [3.1.1 MQTT-3.1.2-17]
    for retain in [false, true] {
        let story = Story::new();
        let watcher = story.old_client("watcher");
        watcher.subscribe("status", QoS::ExactlyOnce);
        let mut will = will("status", "offline");
        (will.qos, will.retain) = (QoS::AtLeastOnce, retain);
        let (client, _) = story.enter(Connect { will: Some(will), clean_start: false, ..v3("c") });
        watcher.hears_nothing();
        client.vanishes();
        let got = watcher.expect("status", "offline");
        assert_eq!((got.qos, got.retain), (QoS::AtLeastOnce, false));
        let late = story.old_client("late");
        late.subscribe("status", QoS::AtMostOnce);
        assert_eq!(late.rest().len(), usize::from(retain));
        // Sent, it is gone from the session.
        lasting(&story, "c").0.vanishes();
        watcher.hears_nothing();
    }
}

#[test]
fn disconnect_takes_the_will_back() {
    // [3.1.1 MQTT-3.14.4-3], [3.1.1 MQTT-3.1.2-10]
    let story = Story::new();
    let watcher = story.old_client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let will = Some(will("status", "offline"));
    let (client, _) = story.enter(Connect { will, clean_start: false, ..v3("c") });
    client.disconnects();
    assert!(client.is_closed());
    lasting(&story, "c").0.vanishes();
    watcher.hears_nothing();
}

#[test]
fn silence_of_one_and_a_half_times_the_keep_alive_is_the_end() {
    // [3.1.1 MQTT-3.1.2-24]
    let story = Story::new();
    let watcher = story.old_client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let will = Some(will("status", "offline"));
    let (client, _) = story.enter(Connect { will, keep_alive: 10, ..v3("c") });
    story.pass_seconds(14);
    client.send(Packet::PingReq);
    assert_eq!(client.receive(), Packet::PingResp);
    story.pass_seconds(14);
    assert!(!client.is_closed());
    story.pass_seconds(1);
    assert!(client.is_closed());
    watcher.expect("status", "offline");
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

#[test]
fn a_client_without_an_id_is_let_in_as_if_it_had_one() {
    // [3.1.1 MQTT-3.1.3-6]
    let story = Story::new();
    let clients = [story.old_client(""), story.old_client("")];
    let given: Vec<String> =
        story.world().broker.clients(None, 10).into_iter().map(|client| client.client_id).collect();
    assert!(given.len() == 2 && given[0] != given[1] && given.iter().all(|id| !id.is_empty()));
    for client in &clients {
        client.subscribe("t", QoS::AtMostOnce);
        clients[0].publish("t", "x");
        client.expect("t", "x");
    }
}

#[test]
fn a_second_client_with_the_same_id_ends_the_first() {
    // [3.1.1 MQTT-3.1.4-2]
    let story = Story::new();
    let first = story.old_client("c");
    let second = story.old_client("c");
    assert!(first.is_closed() && !second.is_closed());
    first.hears_nothing();
}

#[test]
fn what_was_under_way_is_sent_again_with_dup_and_its_identifier_in_order() {
    // [3.1.1 MQTT-3.3.1-1], [3.1.1 MQTT-4.4.0-1], [3.1.1 MQTT-2.3.1-4], [3.1.1 MQTT-4.3.2-1], [3.1.1 MQTT-4.3.3-1]
    let story = Story::new();
    let (client, _) = lasting(&story, "c");
    client.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.old_client("p");
    publisher.publish_qos("t", "1", QoS::AtLeastOnce, 9);
    publisher.publish_qos("t", "2", QoS::ExactlyOnce, 9);
    publisher.publish_qos("t", "3", QoS::ExactlyOnce, 9);
    let sent: Vec<Publish> = (1..=3).map(|n| client.expect("t", &n.to_string())).collect();
    let ids: Vec<PacketId> = sent.iter().map(|publish| publish.packet_id.unwrap()).collect();
    assert!(
        sent.iter().all(|publish| !publish.dup) && ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]
    );
    client.send(Packet::PubRec(Ack::success(ids[1])));
    assert_eq!(client.receive(), Packet::PubRel(Ack::success(ids[1])));
    // Nothing is sent again while the connection lasts.
    story.pass_seconds(1000);
    client.hears_nothing();
    client.vanishes();
    let (client, _) = lasting(&story, "c");
    let again = client.expect("t", "1");
    assert_eq!((again.dup, again.packet_id), (true, Some(ids[0])));
    assert_eq!(client.receive(), Packet::PubRel(Ack::success(ids[1])));
    let third = client.expect("t", "3");
    assert_eq!((third.dup, third.packet_id), (true, Some(ids[2])));
    client.acknowledge(&again);
    client.send(Packet::PubComp(Ack::success(ids[1])));
    client.acknowledge(&third);
    client.vanishes();
    let (client, _) = lasting(&story, "c");
    client.hears_nothing();
}

#[test]
fn dup_is_not_passed_on() {
    // [3.1.1 MQTT-3.3.1-3], [MQTT-3.3.1-3], [3.1.1 MQTT-3.3.1-2], [3.1.1 MQTT-4.3.1-1], [3.1.1 MQTT-4.3.2-2]
    let story = Story::new();
    let (old, new) = (story.old_client("old"), story.client("new"));
    for client in [&old, &new] {
        client.subscribe("t", QoS::AtLeastOnce);
        client.subscribe("zero", QoS::AtMostOnce);
    }
    let publisher = story.old_client("p");
    for (topic, qos) in [("t", QoS::AtLeastOnce), ("zero", QoS::AtMostOnce)] {
        for (number, dup) in [("1", false), ("2", true)] {
            // The same identifier is free again after its PUBACK, whatever DUP says.
            let publish = Publish { dup, ..with_qos(message(topic, number), QoS::AtLeastOnce, 5) };
            publisher.send(Packet::Publish(publish));
            assert_eq!(publisher.receive(), Packet::PubAck(Ack::success(PacketId::new(5).unwrap())));
            for client in [&old, &new] {
                let got = client.expect(topic, number);
                assert_eq!((got.dup, got.qos), (false, qos));
            }
        }
    }
}

#[test]
fn qos_2_is_delivered_once() {
    // [3.1.1 MQTT-4.3.3-2], [3.1.1 MQTT-2.3.1-6], [3.1.1 MQTT-3.3.4-1]
    let story = Story::new();
    let (publisher, subscriber) = (story.old_client("p"), story.old_client("s"));
    subscriber.subscribe("t", QoS::AtMostOnce);
    let id = PacketId::new(77).unwrap();
    let publish = with_qos(message("t", "1"), QoS::ExactlyOnce, 77);
    for dup in [false, true, true] {
        publisher.send(Packet::Publish(Publish { dup, ..publish.clone() }));
        assert_eq!(publisher.receive(), Packet::PubRec(Ack::success(id)));
    }
    for _ in 0..2 {
        publisher.send(Packet::PubRel(Ack::success(id)));
        assert_eq!(publisher.receive(), Packet::PubComp(Ack::success(id)));
    }
    subscriber.expect("t", "1");
    subscriber.hears_nothing();
    publisher.send(Packet::Publish(publish));
    subscriber.expect("t", "1");
}

#[test]
fn a_subscription_is_answered_for_each_filter_in_their_order() {
    // [3.1.1 MQTT-3.8.4-1], [3.1.1 MQTT-3.8.4-2], [3.1.1 MQTT-2.3.1-7], [3.1.1 MQTT-3.8.4-4], [3.1.1 MQTT-3.8.4-5],
    // [3.1.1 MQTT-3.9.3-1], [3.1.1 MQTT-3.9.3-2]
    let story = Story::with(Config { topic_levels: 2, ..Config::default() });
    let client = story.old_client("c");
    client.send_bytes(&packet(0x82, b"\x12\x34\x00\x01a\x02\x00\x05a/b/c\x01\x00\x01b\x00\x00\x01a\x01"));
    match client.receive() {
        Packet::SubAck(ack) => {
            assert_eq!(ack.packet_id.value(), 0x1234);
            let values: Vec<u8> = ack.reasons.iter().map(|reason| reason.value()).collect();
            assert_eq!(values, [2, 0x80, 0, 1]);
        }
        other => panic!("expected SUBACK, got {other}"),
    }
    client.hears_nothing();
    // Like four SUBSCRIBEs, of which the last replaced the first.
    story.old_client("p").publish_qos("a", "x", QoS::ExactlyOnce, 1);
    assert_eq!(client.expect("a", "x").qos, QoS::AtLeastOnce);
    client.hears_nothing();
}

#[test]
fn a_subscription_made_again_replaces_the_former_and_brings_retained_messages_again() {
    // [3.1.1 MQTT-3.8.4-3]
    let story = Story::new();
    story.old_client("p").send(Packet::Publish(with_qos(retained("t", "kept"), QoS::ExactlyOnce, 1)));
    let client = story.old_client("c");
    for qos in [QoS::ExactlyOnce, QoS::AtMostOnce] {
        client.subscribe("t", qos);
        let got = client.expect("t", "kept");
        assert_eq!((got.qos, got.retain), (qos, true));
        client.acknowledge(&got);
    }
    story.old_client("p").publish_qos("t", "x", QoS::AtLeastOnce, 1);
    assert_eq!(client.expect("t", "x").qos, QoS::AtMostOnce);
    client.hears_nothing();
    assert_eq!(story.world().broker.metrics().subscriptions, 1);
}

#[test]
fn unsubscribing_is_by_the_very_filter_and_always_answered() {
    // [3.1.1 MQTT-3.10.4-1], [3.1.1 MQTT-3.10.4-2], [3.1.1 MQTT-3.10.4-4], [3.1.1 MQTT-3.10.4-5],
    // [3.1.1 MQTT-3.10.4-6], [MQTT-3.10.4-1], [MQTT-3.10.4-5], [MQTT-3.10.4-6]
    for client in [|story: &Story| story.old_client("c"), |story: &Story| story.client("c")] {
        let story = Story::new();
        let client = client(&story);
        for filter in ["a/+", "a/#", "a/b", "x"] {
            client.subscribe(filter, QoS::AtMostOnce);
        }
        // None of these is the very filter, though some match the same.
        assert_eq!(client.unsubscribe("a/c").len(), usize::from(client.version.is_v5()));
        client.unsubscribe("a/+/#");
        client.unsubscribe("A/b");
        let publisher = story.old_client("p");
        publisher.publish("a/b", "1");
        client.expect("a/b", "1");
        let properties: &[u8] = if client.version.is_v5() { b"\x00" } else { b"" };
        let filters = b"\x00\x03a/+\x00\x03a/b\x00\x01q\x00\x03a/#";
        client.send_bytes(&packet(0xa2, &[b"\x01\x02", properties, filters].concat()));
        match client.receive() {
            Packet::UnsubAck(ack) => assert_eq!(ack.packet_id.value(), 0x102),
            other => panic!("expected UNSUBACK, got {other}"),
        }
        client.hears_nothing();
        publisher.publish("a/b", "2");
        client.hears_nothing();
        publisher.publish("x", "3");
        client.expect("x", "3");
    }
}

#[test]
fn what_was_begun_is_completed_after_unsubscribing() {
    // [3.1.1 MQTT-3.10.4-3], [MQTT-3.10.4-3]
    for client in [|story: &Story| lasting(story, "c").0, |story: &Story| story.lasting("c").0] {
        let story = Story::new();
        let first = client(&story);
        first.subscribe("t", QoS::ExactlyOnce);
        let publisher = story.old_client("p");
        publisher.publish_qos("t", "1", QoS::AtLeastOnce, 1);
        publisher.publish_qos("t", "2", QoS::ExactlyOnce, 2);
        let (one, two) = (first.expect("t", "1"), first.expect("t", "2"));
        first.unsubscribe("t");
        first.send(Packet::PubRec(Ack::success(two.packet_id.unwrap())));
        assert_eq!(first.receive(), Packet::PubRel(Ack::success(two.packet_id.unwrap())));
        first.vanishes();
        let second = client(&story);
        assert_eq!(second.expect("t", "1").packet_id, one.packet_id);
        assert_eq!(second.receive(), Packet::PubRel(Ack::success(two.packet_id.unwrap())));
    }
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
fn a_leading_wildcard_does_not_match_a_dollar_topic() {
    // [3.1.1 MQTT-4.7.2-1]
    let story = Story::new();
    let (all, some, publisher) = (story.old_client("all"), story.old_client("some"), story.old_client("p"));
    all.subscribe("#", QoS::AtMostOnce);
    all.subscribe("+/x", QoS::AtMostOnce);
    some.subscribe("$own/+", QoS::AtMostOnce);
    publisher.publish("$own/x", "1");
    all.hears_nothing();
    some.expect("$own/x", "1");
}

#[test]
fn messages_arrive_in_the_order_they_were_published() {
    // [3.1.1 MQTT-4.6.0-5], [3.1.1 MQTT-4.6.0-6]
    let story = Story::with(Config { inflight: 3, ..Config::default() });
    let (publisher, subscriber) = (story.old_client("p"), story.old_client("s"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for id in 1..=20 {
            publisher.publish_qos("t", &id.to_string(), qos, id);
        }
        let mut came = 0;
        while let Some(packet) = subscriber.try_receive() {
            match packet {
                Packet::Publish(got) => {
                    came += 1;
                    assert_eq!(
                        (got.qos, String::from_utf8_lossy(&got.payload)),
                        (qos, came.to_string().into())
                    );
                    match (qos, got.packet_id) {
                        (QoS::AtLeastOnce, Some(id)) => subscriber.send(Packet::PubAck(Ack::success(id))),
                        (QoS::ExactlyOnce, Some(id)) => subscriber.send(Packet::PubRec(Ack::success(id))),
                        _ => {}
                    }
                }
                Packet::PubRel(ack) => subscriber.send(Packet::PubComp(Ack::success(ack.packet_id))),
                other => panic!("expected a message, got {other}"),
            }
        }
        assert_eq!(came, 20);
    }
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
