//! From one client to another (§3.3, §4.3).

use std::num::NonZeroU16;

use bytes::Bytes;
use lacewing_broker::Config;
use lacewing_protocol::{Ack, Packet, PacketId, PayloadFormatIndicator, Publish, QoS, ReasonCode};

use crate::story::*;

const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

#[test]
fn a_message_arrives_at_every_qos_in_every_version_with_the_lower_of_both_qos() {
    // [MQTT-3.8.4-8], [3.1.1 MQTT-3.8.4-6], [MQTT-3.3.4-1], [3.1.1 MQTT-3.3.4-1]
    for old_publisher in [false, true] {
        for old_subscriber in [false, true] {
            for published in QOS {
                for granted in QOS {
                    let story = Story::new();
                    let publisher = if old_publisher { story.old_client("p") } else { story.client("p") };
                    let subscriber = if old_subscriber { story.old_client("s") } else { story.client("s") };
                    subscriber.subscribe("a/+", granted);
                    assert_eq!(publisher.publish_qos("a/b", "hello", published, 7), ReasonCode::Success);
                    let got = subscriber.expect("a/b", "hello");
                    assert_eq!((got.qos, got.dup, got.retain), (published.min(granted), false, false));
                    subscriber.acknowledge(&got);
                    subscriber.hears_nothing();
                    publisher.hears_nothing();
                }
            }
        }
    }
}

#[test]
fn a_message_nobody_wants_is_acknowledged_as_such() {
    // §3.4.2.1
    let story = Story::new();
    let publisher = story.client("p");
    assert_eq!(publisher.publish_qos("t", "x", QoS::AtLeastOnce, 1), ReasonCode::NoMatchingSubscribers);
    assert_eq!(publisher.publish_qos("t", "x", QoS::ExactlyOnce, 2), ReasonCode::NoMatchingSubscribers);
    assert_eq!(story.old_client("o").publish_qos("t", "x", QoS::AtLeastOnce, 1), ReasonCode::Success);
}

#[test]
fn a_qos_2_message_that_comes_twice_before_its_release_is_routed_once() {
    // [MQTT-4.3.3-10], [MQTT-4.3.3-12]
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::AtMostOnce);
    let publish = with_qos(message("t", "1"), QoS::ExactlyOnce, 5);
    publisher.send(Packet::Publish(publish.clone()));
    publisher.send(Packet::Publish(Publish { dup: true, ..publish.clone() }));
    let id = publish.packet_id.unwrap();
    assert_eq!(publisher.rest().len(), 2);
    subscriber.expect("t", "1");
    subscriber.hears_nothing();
    publisher.send(Packet::PubRel(Ack::success(id)));
    assert_eq!(publisher.receive(), Packet::PubComp(Ack::success(id)));
    publisher.send(Packet::PubRel(Ack::success(id)));
    let unknown = Ack::new(id, ReasonCode::PacketIdentifierNotFound);
    assert_eq!(publisher.receive(), Packet::PubComp(unknown));
    // Released, the identifier may carry another message.
    publisher.send(Packet::Publish(publish));
    subscriber.expect("t", "1");
}

#[test]
fn acknowledgements_out_of_order_or_of_nothing_disturb_nobody() {
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    for id in 1..=3 {
        publisher.publish_qos("t", &id.to_string(), QoS::AtLeastOnce, id);
    }
    publisher.publish_qos("t", "4", QoS::ExactlyOnce, 4);
    let sent: Vec<_> = (1..=4).map(|n| subscriber.expect("t", &n.to_string())).collect();
    subscriber.send(Packet::PubAck(Ack::success(PacketId::MAX)));
    subscriber.send(Packet::PubComp(Ack::success(PacketId::MAX)));
    for publish in sent.iter().rev() {
        subscriber.acknowledge(publish);
    }
    subscriber.hears_nothing();
    assert_eq!(story.world().broker.client("s").unwrap().info.inflight, 0);
    // A PUBREC for nothing is answered, or the client would wait for ever (§4.3.3).
    subscriber.send(Packet::PubRec(Ack::success(PacketId::MAX)));
    let unknown = Ack::new(PacketId::MAX, ReasonCode::PacketIdentifierNotFound);
    assert_eq!(subscriber.receive(), Packet::PubRel(unknown));
}

#[test]
fn a_qos_2_message_that_the_receiver_refuses_is_not_sent_again() {
    // §4.3.3
    let story = Story::new();
    let (subscriber, _) = story.lasting("s");
    subscriber.subscribe("t", QoS::ExactlyOnce);
    story.client("p").publish_qos("t", "1", QoS::ExactlyOnce, 1);
    let id = subscriber.expect("t", "1").packet_id.unwrap();
    subscriber.send(Packet::PubRec(Ack::new(id, ReasonCode::QuotaExceeded)));
    subscriber.hears_nothing();
    subscriber.vanishes();
    let (subscriber, _) = story.lasting("s");
    subscriber.hears_nothing();
}

#[test]
fn properties_are_forwarded_unaltered_to_5_0_and_left_out_before() {
    // [MQTT-3.3.2-4], [MQTT-3.3.2-15], [MQTT-3.3.2-16], [MQTT-3.3.2-17], [MQTT-3.3.2-18], [MQTT-3.3.2-20]
    let story = Story::new();
    let (publisher, new, old) = (story.client("p"), story.client("new"), story.old_client("old"));
    new.subscribe("t", QoS::AtMostOnce);
    old.subscribe("t", QoS::AtMostOnce);
    let mut publish = message("t", "x");
    let properties = &mut publish.properties;
    properties.payload_format_indicator = Some(PayloadFormatIndicator::Utf8);
    properties.message_expiry_interval = Some(60);
    properties.content_type = Some("text/plain".try_into().unwrap());
    properties.response_topic = Some("answers/7".try_into().unwrap());
    properties.correlation_data = Some(Bytes::from_static(b"\0\xff"));
    for (name, value) in [("z", "1"), ("a", "2"), ("z", "3")] {
        properties.user_properties.push(name.try_into().unwrap(), value.try_into().unwrap());
    }
    publisher.send(Packet::Publish(publish.clone()));
    assert_eq!(new.message(), publish);
    assert_eq!(old.message(), message("t", "x"));
}

#[test]
fn a_topic_alias_stands_for_a_topic_on_its_own_connection_only() {
    // [MQTT-3.3.2-7], [MQTT-3.3.2-10], [MQTT-3.3.2-12]
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("#", QoS::AtMostOnce);
    let aliased = |topic: Option<&str>, payload, alias| {
        let mut publish = message("x", payload);
        publish.topic = topic.map(|topic| topic.try_into().unwrap());
        publish.properties.topic_alias = NonZeroU16::new(alias);
        Packet::Publish(publish)
    };
    publisher.send(aliased(Some("a"), "1", 1));
    publisher.send(aliased(None, "2", 1));
    publisher.send(aliased(Some("b"), "3", 1));
    publisher.send(aliased(None, "4", 1));
    for (topic, payload) in [("a", "1"), ("a", "2"), ("b", "3"), ("b", "4")] {
        assert_eq!(subscriber.expect(topic, payload).properties.topic_alias, None);
    }
    let other = story.client("other");
    other.send(aliased(None, "5", 1));
    // §3.3.4
    other.is_sent_away(ReasonCode::ProtocolError);
    // [MQTT-3.3.2-9]
    publisher.send(aliased(Some("a"), "6", 65));
    publisher.is_sent_away(ReasonCode::TopicAliasInvalid);
}

#[test]
fn a_client_may_not_send_subscription_identifiers() {
    // [MQTT-3.3.4-6]
    let story = Story::new();
    let publisher = story.client("p");
    let mut publish = message("t", "x");
    publish.properties.subscription_identifiers = vec![3];
    publisher.send(Packet::Publish(publish));
    publisher.is_sent_away(ReasonCode::ProtocolError);
}

#[test]
fn messages_of_one_publisher_arrive_in_their_order() {
    // [MQTT-4.6.0-5], [MQTT-4.6.0-6]
    let story = Story::with(Config { inflight: 3, ..Config::default() });
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    for id in 1..=20 {
        publisher.publish_qos("t", &id.to_string(), QoS::AtLeastOnce, id);
    }
    for id in 1..=20 {
        let got = subscriber.expect("t", &id.to_string());
        subscriber.acknowledge(&got);
    }
}

#[test]
fn a_large_message_arrives_whole() {
    let story = Story::new();
    let (publisher, one, two) = (story.client("p"), story.client("s1"), story.old_client("s2"));
    one.subscribe("t", QoS::AtLeastOnce);
    two.subscribe("t", QoS::AtMostOnce);
    let payload = "0123456789".repeat(100_000);
    publisher.publish_qos("t", &payload, QoS::AtLeastOnce, 1);
    one.expect("t", &payload);
    two.expect("t", &payload);
}

#[test]
fn an_answer_finds_its_way_back() {
    // §4.10
    let story = Story::new();
    let (asker, answerer) = (story.client("asker"), story.client("answerer"));
    asker.subscribe("answers/asker", QoS::AtLeastOnce);
    answerer.subscribe("questions", QoS::AtLeastOnce);
    let mut question = with_qos(message("questions", "?"), QoS::AtLeastOnce, 1);
    question.properties.response_topic = Some("answers/asker".try_into().unwrap());
    question.properties.correlation_data = Some(Bytes::from_static(b"42"));
    asker.send(Packet::Publish(question));
    let got = answerer.expect("questions", "?");
    let mut answer = message(got.properties.response_topic.as_deref().unwrap(), "!");
    answer.properties.correlation_data = got.properties.correlation_data.clone();
    answerer.send(Packet::Publish(answer));
    assert!(matches!(asker.receive(), Packet::PubAck(_)));
    assert_eq!(asker.expect("answers/asker", "!").properties.correlation_data.as_deref(), Some(&b"42"[..]));
}

#[test]
fn the_dup_flag_says_something_about_one_hop_only() {
    // [MQTT-3.3.1-1], [MQTT-3.3.1-3], [MQTT-4.3.1-1], [MQTT-4.3.2-2], [MQTT-4.3.3-2]
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    for (id, qos) in [(1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce)] {
        publisher.send(Packet::Publish(Publish { dup: true, ..with_qos(message("t", "x"), qos, id) }));
        let got = subscriber.expect("t", "x");
        assert_eq!((got.dup, got.qos), (false, qos));
    }
}

#[test]
fn a_qos_0_message_with_the_dup_flag_is_malformed() {
    // [MQTT-3.3.1-2]
    let story = Story::new();
    let publisher = story.client("p");
    publisher.send_bytes(b"\x38\x05\x00\x01t\x00x");
    publisher.is_sent_away(ReasonCode::MalformedPacket);
}

#[test]
fn a_qos_1_message_that_comes_again_is_a_message_of_its_own() {
    // [MQTT-4.3.2-5]
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::AtMostOnce);
    for dup in [false, true] {
        let publish = with_qos(message("t", "x"), QoS::AtLeastOnce, 1);
        publisher.send(Packet::Publish(Publish { dup, ..publish }));
        assert!(matches!(publisher.receive(), Packet::PubAck(_)));
        subscriber.expect("t", "x");
    }
}
