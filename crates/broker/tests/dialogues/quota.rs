//! Receive Maximum, in both directions (§3.3.4, §4.9).

use std::num::{NonZeroU16, NonZeroU32};

use lacewing_broker::Config;
use lacewing_protocol::{Ack, Connect, Packet, PacketId, Publish, QoS, ReasonCode};

use crate::story::*;

fn narrow() -> Config {
    Config { receive_maximum: 2, ..Config::default() }
}

/// A client with a lasting session that takes `receive_maximum` messages at a time.
fn taking(story: &Story, client_id: &str, receive_maximum: u16) -> Client {
    let mut connect = Connect { clean_start: false, ..expiring(client_id, u32::MAX) };
    connect.properties.receive_maximum = NonZeroU16::new(receive_maximum);
    story.enter(connect).0
}

fn publish(client: &Client, qos: QoS, id: u16) {
    client.send(Packet::Publish(with_qos(message("t", &id.to_string()), qos, id)));
}

fn success(id: u16) -> Ack {
    Ack::success(PacketId::new(id).unwrap())
}

#[test]
fn no_more_messages_are_in_flight_than_the_client_takes() {
    // [MQTT-3.3.4-9]
    let story = Story::new();
    let mut connect = v5("s");
    connect.properties.receive_maximum = NonZeroU16::new(2);
    let (subscriber, _) = story.enter(connect);
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    for id in 1..=5 {
        publisher.publish_qos("t", &id.to_string(), QoS::ExactlyOnce, id);
    }
    let (one, two) = (subscriber.expect("t", "1"), subscriber.expect("t", "2"));
    subscriber.hears_nothing();
    subscriber.acknowledge(&one);
    subscriber.expect("t", "3");
    subscriber.hears_nothing();
    subscriber.acknowledge(&two);
    subscriber.expect("t", "4");
}

#[test]
fn a_smaller_receive_maximum_after_a_reconnect_holds_for_what_is_sent_again() {
    // [MQTT-3.3.4-9], [MQTT-4.4.0-1]
    let story = Story::new();
    let (subscriber, _) = story.lasting("s");
    subscriber.subscribe("t", QoS::AtLeastOnce);
    for id in 1..=4 {
        story.client("p").publish_qos("t", &id.to_string(), QoS::AtLeastOnce, id);
    }
    subscriber.vanishes();
    let mut connect = expiring("s", 60);
    (connect.clean_start, connect.properties.receive_maximum) = (false, NonZeroU16::new(2));
    let (subscriber, _) = story.enter(connect);
    let one = subscriber.expect("t", "1");
    subscriber.expect("t", "2");
    subscriber.hears_nothing();
    subscriber.acknowledge(&one);
    assert!(subscriber.expect("t", "3").dup);
    subscriber.hears_nothing();
}

#[test]
fn a_client_that_exceeds_the_receive_maximum_is_sent_away() {
    // §3.3.4: more than Receive Maximum of both QoS together
    let story = Story::with(Config { receive_maximum: 2, ..Config::default() });
    let publisher = story.client("p");
    for id in 1..=3 {
        publisher.send(Packet::Publish(with_qos(message("t", "x"), QoS::ExactlyOnce, id)));
    }
    assert_eq!(publisher.rest().len(), 3);
    assert!(publisher.is_closed());
}

#[test]
fn receive_maximum_starts_anew_with_each_connection() {
    // §4.9
    let story = Story::with(Config { receive_maximum: 2, ..Config::default() });
    let (publisher, _) = story.lasting("p");
    for id in 1..=2 {
        publisher.send(Packet::Publish(with_qos(message("t", "x"), QoS::ExactlyOnce, id)));
    }
    publisher.vanishes();
    let (publisher, _) = story.lasting("p");
    for id in 3..=4 {
        publisher.send(Packet::Publish(with_qos(message("t", "x"), QoS::ExactlyOnce, id)));
    }
    assert_eq!(publisher.rest().len(), 2);
    assert!(!publisher.is_closed());
    // A second attempt of what has been received is no further message.
    publisher.send(Packet::Publish(with_qos(message("t", "x"), QoS::ExactlyOnce, 4)));
    assert!(!publisher.is_closed());
    publisher.send(Packet::Publish(with_qos(message("t", "x"), QoS::ExactlyOnce, 5)));
    assert!(publisher.is_closed());
}

#[test]
fn receive_maximum_counts_what_is_in_flight_and_not_what_is_released() {
    // §3.3.4, §4.9
    let story = Story::with(Config { receive_maximum: 2, ..Config::default() });
    let publisher = story.client("p");
    for id in 1..=10 {
        publisher.publish_qos("t", "x", QoS::ExactlyOnce, id);
    }
    assert!(!publisher.is_closed());
}

#[test]
fn both_qos_count_together() {
    // [MQTT-3.3.4-7], [MQTT-4.9.0-2]
    let story = Story::with(Config { durable: true, ..narrow() });
    let (publisher, _) = story.lasting("p");
    story.world().commits = false;
    publish(&publisher, QoS::ExactlyOnce, 1);
    publisher.send(Packet::Publish(with_qos(retained("t", "x"), QoS::AtLeastOnce, 2)));
    publisher.hears_nothing();
    assert!(!publisher.is_closed());
    publish(&publisher, QoS::AtLeastOnce, 3);
    story.world().commit();
    story.world().settle();
    let last = publisher.rest().pop().unwrap();
    let Packet::Disconnect(disconnect) = last else { panic!("expected DISCONNECT, got {last}") };
    assert_eq!(disconnect.reason, ReasonCode::ReceiveMaximumExceeded);
}

#[test]
fn a_qos_1_message_counts_until_its_record_is_durable_and_its_puback_has_left() {
    // §3.3.4, §4.9
    let story = Story::with(Config { durable: true, ..narrow() });
    let publisher = story.client("p");
    story.world().commits = false;
    for round in 0..5 {
        for id in 1..=2 {
            publisher.send(Packet::Publish(with_qos(retained("t", "x"), QoS::AtLeastOnce, id)));
        }
        publisher.hears_nothing();
        story.world().commit();
        story.world().settle();
        assert_eq!(publisher.rest().len(), 2, "round {round}");
    }
    publisher.stops_reading();
    for id in 1..=2 {
        publish(&publisher, QoS::AtLeastOnce, id);
    }
    assert!(!publisher.is_closed());
    publish(&publisher, QoS::AtLeastOnce, 3);
    assert!(publisher.is_closed());
}

#[test]
fn a_client_that_waits_for_its_answers_is_never_one_too_many() {
    let story = Story::with(narrow());
    let publisher = story.client("p");
    publisher.stops_reading();
    for id in 1..=2 {
        publish(&publisher, QoS::AtLeastOnce, id);
    }
    for id in 3..=20 {
        // A PUBACK with a reason has five bytes.
        publisher.takes(5);
        assert!(matches!(publisher.receive(), Packet::PubAck(_)));
        publish(&publisher, QoS::AtLeastOnce, id);
        assert!(!publisher.is_closed(), "{id}");
    }
}

#[test]
fn a_message_that_is_turned_away_counts_no_longer() {
    // §4.9: PUBACK and PUBREC with 0x80 or more
    let story = Story::with(Config { topic_levels: 1, ..narrow() });
    let publisher = story.client("p");
    for id in 1..=10 {
        let qos = if id % 2 == 0 { QoS::ExactlyOnce } else { QoS::AtLeastOnce };
        publisher.send(Packet::Publish(with_qos(message("too/deep", "x"), qos, id)));
        let invalid = Ack::new(PacketId::new(id).unwrap(), ReasonCode::TopicNameInvalid);
        let expected = if id % 2 == 0 { Packet::PubRec(invalid) } else { Packet::PubAck(invalid) };
        assert_eq!(publisher.receive(), expected);
    }
    // The identifier of what was turned away is free (§4.3.3).
    assert_eq!(publisher.publish_qos("t", "x", QoS::ExactlyOnce, 10), ReasonCode::NoMatchingSubscribers);
}

#[test]
fn what_is_sent_again_on_another_connection_counts_there() {
    // §4.9
    let story = Story::with(narrow());
    let (publisher, _) = story.lasting("p");
    for id in 1..=2 {
        publish(&publisher, QoS::ExactlyOnce, id);
    }
    publisher.vanishes();
    let (publisher, _) = story.lasting("p");
    for id in 1..=2 {
        let again = with_qos(message("t", "x"), QoS::ExactlyOnce, id);
        publisher.send(Packet::Publish(Publish { dup: true, ..again }));
        assert!(matches!(publisher.receive(), Packet::PubRec(_)));
    }
    publish(&publisher, QoS::ExactlyOnce, 3);
    publisher.is_sent_away(ReasonCode::ReceiveMaximumExceeded);
    let (publisher, _) = story.lasting("p");
    for id in 1..=2 {
        publisher.send(Packet::PubRel(success(id)));
        assert_eq!(publisher.receive(), Packet::PubComp(success(id)));
    }
    for id in 3..=4 {
        publish(&publisher, QoS::ExactlyOnce, id);
    }
    assert!(!publisher.is_closed());
}

#[test]
fn before_5_0_there_is_no_receive_maximum() {
    let story = Story::with(narrow());
    let publisher = story.old_client("p");
    for id in 1..=100 {
        publish(&publisher, QoS::ExactlyOnce, id);
    }
    assert!(!publisher.is_closed());
    assert_eq!(publisher.rest().len(), 100);
}

#[test]
fn everything_but_qos_1_and_2_goes_on_when_the_quota_is_used_up() {
    // [MQTT-4.9.0-1], [MQTT-4.9.0-3], [MQTT-3.3.4-10]
    let story = Story::new();
    let subscriber = taking(&story, "s", 1);
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    for id in 1..=2 {
        publisher.publish_qos("t", &id.to_string(), QoS::ExactlyOnce, id);
    }
    let first = subscriber.expect("t", "1");
    publisher.publish("t", "at once");
    subscriber.expect("t", "at once");
    subscriber.send(Packet::PingReq);
    assert_eq!(subscriber.receive(), Packet::PingResp);
    subscriber.subscribe("u", QoS::AtMostOnce);
    let own = subscriber.publish_qos("elsewhere", "own", QoS::AtLeastOnce, 1);
    assert_eq!(own, ReasonCode::NoMatchingSubscribers);
    subscriber.hears_nothing();
    // Neither PUBREC nor PUBREL makes room, PUBCOMP does.
    let id = first.packet_id.unwrap();
    subscriber.send(Packet::PubRec(Ack::success(id)));
    assert_eq!(subscriber.receive(), Packet::PubRel(Ack::success(id)));
    subscriber.hears_nothing();
    subscriber.send(Packet::PubComp(Ack::success(id)));
    subscriber.expect("t", "2");
}

#[test]
fn an_acknowledgement_that_reports_an_error_makes_room_too() {
    // [MQTT-3.3.4-9], §4.9
    let story = Story::new();
    let subscriber = taking(&story, "s", 1);
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    for (id, qos) in [(1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce), (3, QoS::AtLeastOnce)] {
        publisher.publish_qos("t", &id.to_string(), qos, id);
    }
    let error = |publish: Publish| Ack::new(publish.packet_id.unwrap(), ReasonCode::UnspecifiedError);
    subscriber.send(Packet::PubAck(error(subscriber.expect("t", "1"))));
    subscriber.send(Packet::PubRec(error(subscriber.expect("t", "2"))));
    subscriber.expect("t", "3");
    subscriber.hears_nothing();
}

#[test]
fn after_a_reconnect_no_pubrel_waits_and_no_more_messages_are_in_flight_than_the_client_takes() {
    // [MQTT-3.3.4-9], [MQTT-3.3.4-10], [MQTT-4.4.0-1]
    let story = Story::new();
    let (subscriber, _) = story.lasting("s");
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    for id in 1..=6 {
        publisher.publish_qos("t", &id.to_string(), QoS::ExactlyOnce, id);
    }
    let ids: Vec<_> = (1..=6).map(|n| subscriber.expect("t", &n.to_string()).packet_id.unwrap()).collect();
    for released in [ids[0], ids[4]] {
        subscriber.send(Packet::PubRec(Ack::success(released)));
    }
    subscriber.vanishes();
    let subscriber = taking(&story, "s", 2);
    assert_eq!(subscriber.receive(), Packet::PubRel(Ack::success(ids[0])));
    let (second, third) = (subscriber.expect("t", "2"), subscriber.expect("t", "3"));
    assert_eq!(subscriber.receive(), Packet::PubRel(Ack::success(ids[4])));
    subscriber.hears_nothing();
    // What was released on the other connection makes no room for a third.
    for released in [ids[0], ids[4]] {
        subscriber.send(Packet::PubComp(Ack::success(released)));
    }
    subscriber.hears_nothing();
    subscriber.acknowledge(&second);
    let fourth = subscriber.expect("t", "4");
    assert!(fourth.dup);
    subscriber.hears_nothing();
    subscriber.acknowledge(&third);
    subscriber.expect("t", "6");
    subscriber.hears_nothing();
}

#[test]
fn a_message_that_is_too_large_to_be_sent_again_holds_up_none_behind_it() {
    // [MQTT-3.1.2-25], [MQTT-4.4.0-1]
    let story = Story::new();
    let (subscriber, _) = story.lasting("s");
    subscriber.subscribe("t", QoS::AtLeastOnce);
    for (id, payload) in [(1, "first".to_owned()), (2, "x".repeat(100)), (3, "last".to_owned())] {
        story.client("p").publish_qos("t", &payload, QoS::AtLeastOnce, id);
    }
    subscriber.vanishes();
    let mut connect = Connect { clean_start: false, ..expiring("s", 60) };
    connect.properties.receive_maximum = NonZeroU16::new(1);
    connect.properties.maximum_packet_size = NonZeroU32::new(50);
    let (subscriber, _) = story.enter(connect);
    let first = subscriber.expect("t", "first");
    subscriber.acknowledge(&first);
    assert!(subscriber.expect("t", "last").dup);
}
