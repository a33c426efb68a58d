use std::num::NonZeroU16;

use lacewing_client::{Cause, Event};
use lacewing_protocol::{Ack, Packet, Publish, QoS, ReasonCode};

use crate::script::*;

fn arrived(dialogue: &mut Dialogue) -> Publish {
    match dialogue.event() {
        Event::Message(publish) => publish,
        other => panic!("not a message: {other:?}"),
    }
}

#[test]
fn each_qos_is_answered_in_its_way() {
    // [MQTT-4.3.1-1], [MQTT-4.3.2-4], [MQTT-4.3.3-8], [MQTT-4.3.3-11]
    for version in [V3, V5] {
        let mut dialogue = Dialogue::connected(options(version));
        dialogue.send(Packet::Publish(publish("a", QoS::AtMostOnce, None)));
        assert_eq!(arrived(&mut dialogue).payload, "a");
        dialogue.silent();
        dialogue.send(Packet::Publish(publish("b", QoS::AtLeastOnce, Some(7))));
        assert_eq!(arrived(&mut dialogue).payload, "b");
        assert_eq!(dialogue.packet(), Packet::PubAck(Ack::success(id(7))));
        dialogue.send(Packet::Publish(publish("c", QoS::ExactlyOnce, Some(7))));
        assert_eq!(arrived(&mut dialogue).payload, "c");
        assert_eq!(dialogue.packet(), Packet::PubRec(Ack::success(id(7))));
        dialogue.send(Packet::PubRel(Ack::success(id(7))));
        assert_eq!(dialogue.packet(), Packet::PubComp(Ack::success(id(7))));
        dialogue.silent();
    }
}

#[test]
fn a_qos_2_message_comes_once_even_across_a_reconnection() {
    // [MQTT-4.3.3-10]
    for version in [V3, V5] {
        let mut dialogue = Dialogue::connected(persistent(version));
        dialogue.send(Packet::Publish(publish("x", QoS::ExactlyOnce, Some(1))));
        arrived(&mut dialogue);
        dialogue.packet();
        dialogue.reconnect();
        dialogue.accept(true);
        dialogue.send(Packet::Publish(Publish { dup: true, ..publish("x", QoS::ExactlyOnce, Some(1)) }));
        assert_eq!(dialogue.packet(), Packet::PubRec(Ack::success(id(1))));
        dialogue.silent();
        dialogue.send(Packet::PubRel(Ack::success(id(1))));
        assert_eq!(dialogue.packet(), Packet::PubComp(Ack::success(id(1))));
        // Released, the identifier stands for another message.
        dialogue.send(Packet::Publish(publish("y", QoS::ExactlyOnce, Some(1))));
        assert_eq!(arrived(&mut dialogue).payload, "y");
    }
}

#[test]
fn a_lost_session_forgets_what_was_unreleased() {
    // [MQTT-3.2.2-5]
    let mut dialogue = Dialogue::connected(persistent(V5));
    dialogue.send(Packet::Publish(publish("x", QoS::ExactlyOnce, Some(1))));
    arrived(&mut dialogue);
    dialogue.packet();
    dialogue.reconnect();
    dialogue.accept(false);
    dialogue.send(Packet::Publish(publish("another", QoS::ExactlyOnce, Some(1))));
    assert_eq!(arrived(&mut dialogue).payload, "another");
}

#[test]
fn a_release_of_nothing_is_completed_with_a_reason() {
    let mut dialogue = Dialogue::connected(options(V5));
    dialogue.send(Packet::PubRel(Ack::success(id(5))));
    assert_eq!(dialogue.packet(), Packet::PubComp(Ack::new(id(5), ReasonCode::PacketIdentifierNotFound)));
}

#[test]
fn a_server_that_exceeds_the_receive_maximum_is_told_so() {
    // [MQTT-3.3.4-9]
    let mut options = options(V5);
    options.receive_maximum = 1;
    let mut dialogue = Dialogue::connected(options);
    dialogue.send(Packet::Publish(publish("a", QoS::ExactlyOnce, Some(1))));
    arrived(&mut dialogue);
    dialogue.packet();
    dialogue.send(Packet::Publish(publish("b", QoS::ExactlyOnce, Some(2))));
    let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
    assert_eq!(disconnect.reason, ReasonCode::ReceiveMaximumExceeded);
    let (cause, _) = dialogue.disconnected();
    assert!(matches!(cause, Cause::Protocol { reason: ReasonCode::ReceiveMaximumExceeded, .. }));
}

#[test]
fn a_message_beyond_the_receive_maximum_was_not_taken_and_comes_when_it_is_sent_again() {
    // [MQTT-4.3.3-10]
    let mut options = persistent(V5);
    options.receive_maximum = 1;
    let mut dialogue = Dialogue::connected(options);
    dialogue.send(Packet::Publish(publish("a", QoS::ExactlyOnce, Some(1))));
    arrived(&mut dialogue);
    dialogue.packet();
    dialogue.send(Packet::Publish(publish("b", QoS::ExactlyOnce, Some(2))));
    dialogue.packet();
    dialogue.disconnected();
    assert_eq!(dialogue.client.unreleased(), 1);
    dialogue.pass(60 * SECOND);
    dialogue.open();
    dialogue.accept(true);
    dialogue.send(Packet::Publish(Publish { dup: true, ..publish("b", QoS::ExactlyOnce, Some(2)) }));
    assert_eq!(arrived(&mut dialogue).payload, "b");
    assert_eq!(dialogue.packet(), Packet::PubRec(Ack::success(id(2))));
}

#[test]
fn the_receive_maximum_starts_anew_with_each_connection() {
    // [MQTT-3.3.4-9]
    let mut options = persistent(V5);
    options.receive_maximum = 2;
    let mut dialogue = Dialogue::connected(options);
    for number in [1, 2] {
        dialogue.send(Packet::Publish(publish("old", QoS::ExactlyOnce, Some(number))));
        arrived(&mut dialogue);
        dialogue.packet();
    }
    dialogue.reconnect();
    dialogue.accept(true);
    // What is sent again counts, what only waits for its PUBREL does not.
    dialogue.send(Packet::Publish(Publish { dup: true, ..publish("old", QoS::ExactlyOnce, Some(1)) }));
    assert_eq!(dialogue.packet(), Packet::PubRec(Ack::success(id(1))));
    dialogue.send(Packet::Publish(publish("new", QoS::ExactlyOnce, Some(3))));
    arrived(&mut dialogue);
    assert_eq!(dialogue.packet(), Packet::PubRec(Ack::success(id(3))));
    dialogue.send(Packet::PubRel(Ack::success(id(2))));
    assert_eq!(dialogue.packet(), Packet::PubComp(Ack::success(id(2))));
    dialogue.send(Packet::Publish(publish("one more", QoS::ExactlyOnce, Some(4))));
    let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
    assert_eq!(disconnect.reason, ReasonCode::ReceiveMaximumExceeded);
}

fn with_alias(topic: Option<&str>, alias: u16) -> Packet {
    let mut publish = publish("x", QoS::AtMostOnce, None);
    publish.topic = topic.map(crate::script::topic);
    publish.properties.topic_alias = NonZeroU16::new(alias);
    Packet::Publish(publish)
}

#[test]
fn a_topic_alias_stands_for_its_topic_until_it_is_given_another() {
    let mut dialogue = Dialogue::connected(options(V5));
    for (topic, expected) in [(Some("a"), "a"), (None, "a"), (Some("b"), "b"), (None, "b")] {
        dialogue.send(with_alias(topic, 3));
        assert_eq!(arrived(&mut dialogue).topic.unwrap(), expected);
    }
}

#[test]
fn topic_aliases_end_with_their_connection() {
    // [MQTT-3.3.2-7]
    let mut dialogue = Dialogue::connected(persistent(V5));
    dialogue.send(with_alias(Some("a"), 1));
    arrived(&mut dialogue);
    dialogue.reconnect();
    dialogue.accept(true);
    dialogue.send(with_alias(None, 1));
    let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
    assert_eq!(disconnect.reason, ReasonCode::ProtocolError);
}

#[test]
fn a_topic_alias_above_the_maximum_ends_the_connection() {
    // [MQTT-3.3.2-11]
    let mut options = options(V5);
    options.topic_alias_maximum = 2;
    let mut dialogue = Dialogue::connected(options);
    dialogue.send(with_alias(Some("a"), 3));
    let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
    assert_eq!(disconnect.reason, ReasonCode::TopicAliasInvalid);
}
