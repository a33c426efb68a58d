//! Messages on their way, and subscriptions to them (§3.8 to §3.11, §4.3 to §4.6).

use lacewing_broker::Config;
use lacewing_protocol::{Ack, Packet, PacketId, Publish, QoS};

use super::{lasting, packet};
use crate::story::*;

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
