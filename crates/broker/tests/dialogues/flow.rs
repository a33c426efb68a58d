//! Limits in both directions, and receivers that are slow (§4.9).

use std::num::NonZeroU32;

use bytes::{Bytes, BytesMut};
use lacewing_broker::{CloseCause, Config, ConnId, Input};
use lacewing_protocol::{Ack, Connect, Packet, PacketId, ProtocolVersion, QoS, ReasonCode, Subscribe};

use crate::story::*;

fn small() -> Config {
    Config { outgoing_bytes: 2000, ..Config::default() }
}

#[test]
fn a_packet_larger_than_the_broker_takes_ends_the_connection() {
    // [MQTT-3.1.2-24] for the other direction, §4.13
    let story = Story::with(Config { maximum_packet_size: 1000, ..Config::default() });
    let client = story.client("c");
    client.publish("t", &"x".repeat(2000));
    client.is_sent_away(ReasonCode::PacketTooLarge);
}

#[test]
fn a_message_larger_than_a_client_takes_is_not_sent_to_it_and_counts_as_delivered() {
    // [MQTT-3.1.2-24], [MQTT-3.1.2-25]
    let story = Story::new();
    let mut connect = v5("s");
    connect.properties.maximum_packet_size = NonZeroU32::new(100);
    let (small, _) = story.enter(connect);
    let large = story.client("large");
    for subscriber in [&small, &large] {
        subscriber.subscribe("t", QoS::ExactlyOnce);
    }
    let publisher = story.client("p");
    for (id, qos) in [(1, QoS::AtMostOnce), (2, QoS::AtLeastOnce), (3, QoS::ExactlyOnce)] {
        publisher.publish_qos("t", &"x".repeat(200), qos, id);
    }
    publisher.publish("t", "small");
    small.expect("t", "small");
    assert_eq!(large.rest().len(), 4);
    assert_eq!(story.world().broker.metrics().dropped_large, 3);
    assert_eq!(story.world().broker.client("s").unwrap().info.inflight, 0);
}

#[test]
fn a_message_that_waited_and_is_larger_than_its_client_takes_now_is_counted() {
    // [MQTT-3.1.2-25]
    let story = Story::new();
    let (subscriber, _) = story.lasting("s");
    subscriber.subscribe("t", QoS::AtLeastOnce);
    subscriber.vanishes();
    let publisher = story.client("p");
    for (id, length) in [(1, 200), (2, 20), (3, 200)] {
        publisher.publish_qos("t", &"x".repeat(length), QoS::AtLeastOnce, id);
    }
    let (subscriber, _) = story.enter(taking(100, Connect { clean_start: false, ..expiring("s", 60) }));
    subscriber.expect("t", &"x".repeat(20));
    subscriber.hears_nothing();
    assert_eq!(story.world().broker.metrics().dropped_large, 2);
}

#[test]
fn the_publisher_waits_for_a_slow_receiver_and_nothing_is_lost_when_it_catches_up() {
    let story = Story::with(small());
    let (publisher, slow) = (story.client("p"), story.client("slow"));
    slow.subscribe("t", QoS::AtMostOnce);
    slow.stops_reading();
    let payload = "x".repeat(100);
    for _ in 0..50 {
        publisher.publish("t", &payload);
    }
    for _ in 0..6 {
        assert!(publisher.is_paused());
        slow.takes(100);
        story.pass(SECOND / 12);
    }
    slow.reads_again();
    assert_eq!(slow.rest().len(), 50);
    assert!(!publisher.is_paused());
    assert_eq!(story.world().broker.metrics().dropped_slow, 0);
}

#[test]
fn nobody_waits_long_for_a_receiver_that_takes_nothing() {
    let story = Story::with(small());
    let (publisher, deaf) = (story.client("p"), story.client("deaf"));
    deaf.subscribe("t", QoS::AtMostOnce);
    deaf.stops_reading();
    let payload = "x".repeat(100);
    for _ in 0..50 {
        publisher.publish("t", &payload);
    }
    assert!(publisher.is_paused());
    story.pass(SECOND / 10);
    assert!(!publisher.is_paused());
    for _ in 0..50 {
        publisher.publish("t", &payload);
        assert!(!publisher.is_paused(), "it is not waited for again before it has caught up");
    }
}

#[test]
fn a_receiver_that_stays_slow_misses_messages_and_holds_nobody_up_any_longer() {
    let story = Story::with(small());
    let (publisher, slow, fast) = (story.client("p"), story.client("slow"), story.client("fast"));
    slow.subscribe("t", QoS::AtMostOnce);
    fast.subscribe("t", QoS::AtMostOnce);
    slow.stops_reading();
    let payload = "x".repeat(100);
    for _ in 0..50 {
        publisher.publish("t", &payload);
    }
    assert!(fast.rest().len() < 50);
    story.pass_seconds(1);
    assert!(!publisher.is_paused());
    assert_eq!(story.world().broker.metrics().paused, 0);
    for _ in 0..50 {
        publisher.publish("t", &payload);
    }
    assert!(fast.rest().len() > 50);
    let dropped = story.world().broker.metrics().dropped_slow;
    slow.reads_again();
    let got = slow.rest().len() as u64;
    assert!(got < 50 && dropped > 0);
    assert_eq!(got + dropped, 100, "what is not there was counted");
    publisher.publish("t", "again");
    slow.expect("t", "again");
}

#[test]
fn a_full_queue_drops_the_newest_and_counts_it() {
    let story = Story::with(Config { queue_messages: 3, ..Config::default() });
    let (subscriber, _) = story.lasting("s");
    subscriber.subscribe("t", QoS::AtLeastOnce);
    subscriber.vanishes();
    for id in 1..=5 {
        story.client("p").publish_qos("t", &id.to_string(), QoS::AtLeastOnce, id);
    }
    let events = story.events();
    assert!(events.iter().any(|event| event.starts_with("Dropped") && event.contains("QueueFull")));
    let (subscriber, _) = story.lasting("s");
    for id in 1..=3 {
        subscriber.expect("t", &id.to_string());
    }
    subscriber.hears_nothing();
    assert_eq!(story.world().broker.metrics().dropped_queue, 2);
    assert_eq!(story.world().broker.explain("s", &"t".try_into().unwrap()).dropped, 2);
}

#[test]
fn a_client_that_does_not_take_its_answers_is_not_read_until_it_does() {
    let story = Story::with(small());
    let client = story.client("c");
    client.stops_reading();
    for _ in 0..10_000 {
        client.send(Packet::PingReq);
    }
    assert!(client.is_paused());
    client.reads_again();
    assert_eq!(client.rest().len(), 10_000);
    assert!(!client.is_paused());
}

#[test]
fn a_paused_connection_that_goes_on_sending_is_ended() {
    let story = Story::with(Config { held_bytes: 10_000, ..small() });
    let client = story.client("c");
    client.stops_reading();
    for _ in 0..20_000 {
        client.send(Packet::PingReq);
    }
    assert!(client.is_closed());
}

#[test]
fn a_fan_out_larger_than_one_call_reaches_everybody_once_and_in_order() {
    // [MQTT-4.6.0-5]
    let story = Story::new();
    let receivers: Vec<_> = (0..9000).map(|n| story.client(&format!("s{n}"))).collect();
    for receiver in &receivers {
        receiver.subscribe("t", QoS::AtLeastOnce);
    }
    let publisher = story.client("p");
    publisher.publish("t", "1");
    assert_eq!(publisher.publish_qos("t", "2", QoS::AtLeastOnce, 1), ReasonCode::Success);
    for receiver in &receivers {
        receiver.expect("t", "1");
        receiver.expect("t", "2");
        receiver.hears_nothing();
    }
}

#[test]
fn the_publisher_waits_for_a_receiver_whose_queue_fills_and_nothing_is_lost() {
    let story = Story::with(Config { queue_messages: 20, inflight: 2, ..Config::default() });
    let (publisher, slow) = (story.client("p"), story.client("slow"));
    slow.subscribe("t", QoS::AtLeastOnce);
    for id in 1..=40 {
        publisher.send(Packet::Publish(with_qos(message("t", &id.to_string()), QoS::AtLeastOnce, id)));
    }
    assert!(publisher.is_paused());
    for id in 1..=40 {
        let got = slow.expect("t", &id.to_string());
        slow.acknowledge(&got);
    }
    assert!(!publisher.is_paused());
    assert_eq!(publisher.rest().len(), 40);
    assert_eq!(story.world().broker.metrics().dropped_queue, 0);
}

fn taking(most: u32, connect: Connect) -> Connect {
    let mut connect = connect;
    connect.properties.maximum_packet_size = NonZeroU32::new(most);
    connect
}

#[test]
fn a_reason_string_is_left_out_where_it_would_make_a_packet_too_large() {
    // [MQTT-3.2.2-19], [MQTT-3.14.2-3]
    let story = Story::new();
    let mut connect = taking(20, v5("c"));
    connect.properties.authentication_method = Some("x".try_into().unwrap());
    story.is_refused(connect, ReasonCode::BadAuthenticationMethod);
    let (client, _) = story.enter(taking(20, v5("c")));
    client.send(Packet::PingResp);
    client.is_sent_away(ReasonCode::ProtocolError);
}

#[test]
fn an_answer_larger_than_the_client_takes_ends_its_connection() {
    // [MQTT-3.1.2-24]
    let story = Story::new();
    story.is_refused(taking(10, v5("c")), ReasonCode::PacketTooLarge);
    let nobody = story.dial(ProtocolVersion::V5_0);
    nobody.send(Packet::Connect(Box::new(taking(1, v5("c")))));
    nobody.hears_nothing();
    assert!(nobody.is_closed());

    let (client, _) = story.enter(taking(40, v5("c")));
    let filters = (0..100).map(|n| (format!("t/{n}").try_into().unwrap(), Default::default()));
    client.send(Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        filters: filters.collect(),
        subscription_identifier: None,
        user_properties: Default::default(),
    }));
    client.is_sent_away(ReasonCode::PacketTooLarge);
}

#[test]
fn a_fan_out_whose_publisher_is_gone_leaves_the_one_in_its_place_alone() {
    let story = Story::new();
    let receivers: Vec<_> = (0..9000).map(|n| story.client(&format!("s{n}"))).collect();
    for receiver in &receivers {
        receiver.subscribe("t", QoS::AtMostOnce);
    }
    let (first, _) = story.lasting("p");
    let publish = |payload, id| Packet::Publish(with_qos(message("t", payload), QoS::AtLeastOnce, id));
    let mut connect = expiring("p", 60);
    connect.clean_start = false;
    let mut world = story.world();
    let now = world.now;
    world.broker.handle(now, received(first.conn, &publish("1", 1)));
    world.broker.handle(now, Input::Closed { conn: first.conn, cause: CloseCause::Failed });
    let conn = world.dial_only(ProtocolVersion::V5_0);
    for packet in [Packet::Connect(Box::new(connect)), publish("2", 2)] {
        world.broker.handle(now, received(conn, &packet));
    }
    world.settle();
    drop(world);
    let again = Client { story, conn, version: ProtocolVersion::V5_0 };
    assert!(matches!(again.receive(), Packet::ConnAck(_)));
    assert_eq!(again.rest(), [Packet::PubAck(Ack::success(PacketId::new(2).unwrap()))]);
}

/// What a client says that sends much and is gone, as `mosquitto_pub -l` does: so many messages to `t`, and DISCONNECT.
fn much(messages: u32) -> Bytes {
    let mut bytes = BytesMut::new();
    for number in 0..messages {
        Packet::Publish(message("t", &number.to_string())).encode(ProtocolVersion::V5_0, &mut bytes).unwrap();
    }
    Packet::Disconnect(Box::default()).encode(ProtocolVersion::V5_0, &mut bytes).unwrap();
    bytes.freeze()
}

fn numbers(packets: &[Packet]) -> Vec<u32> {
    let messages = packets.iter().filter_map(|packet| match packet {
        Packet::Publish(publish) => std::str::from_utf8(&publish.payload).ok()?.parse().ok(),
        _ => None,
    });
    messages.collect()
}

fn with_will(client_id: &str) -> Connect {
    Connect { will: Some(will("t", "gone")), ..v5(client_id) }
}

#[test]
fn what_a_client_said_before_it_was_gone_is_read_to_the_end() {
    for cause in [CloseCause::Peer, CloseCause::Failed] {
        let story = Story::new();
        let subscriber = story.client("s");
        subscriber.subscribe("t", QoS::AtMostOnce);
        let (publisher, _) = story.enter(with_will("p"));
        let mut world = story.world();
        let now = world.now;
        world.broker.handle(now, Input::Received { conn: publisher.conn, bytes: much(10_000) });
        world.broker.handle(now, Input::Closed { conn: publisher.conn, cause });
        assert_eq!(world.broker.metrics().connections, 2, "it has not said everything yet");
        world.settle();
        assert_eq!(world.broker.metrics().connections, 1);
        drop(world);
        // It said DISCONNECT: no will.
        assert_eq!(numbers(&subscriber.rest()), (0..10_000).collect::<Vec<_>>());
        subscriber.hears_nothing();
    }
}

#[test]
fn who_waits_for_a_slow_receiver_and_is_gone_is_read_once_the_receiver_has_caught_up() {
    let story = Story::with(small());
    let slow = story.client("slow");
    slow.subscribe("t", QoS::AtMostOnce);
    slow.stops_reading();
    let (publisher, _) = story.enter(with_will("p"));
    story.world().handle(Input::Received { conn: publisher.conn, bytes: much(500) });
    assert_eq!(story.world().broker.metrics().paused, 1);
    publisher.vanishes();
    assert_eq!(story.world().broker.metrics().connections, 2);
    slow.reads_again();
    assert_eq!(numbers(&slow.rest()), (0..500).collect::<Vec<_>>());
    assert_eq!(story.world().broker.metrics().connections, 1);
    assert_eq!(story.world().broker.metrics().paused, 0);
}

#[test]
fn nobody_waits_for_a_client_that_is_gone_and_not_read_to_the_end() {
    let story = Story::with(small());
    let (slow, publisher) = (story.client("slow"), story.client("p"));
    let (gone, _) = story.enter(with_will("gone"));
    for client in [&slow, &gone] {
        client.subscribe("t", QoS::AtMostOnce);
        client.stops_reading();
    }
    story.world().handle(Input::Received { conn: gone.conn, bytes: much(500) });
    gone.vanishes();
    slow.reads_again();
    for number in 0..500 {
        publisher.publish("t", &number.to_string());
        assert!(!publisher.is_paused());
    }
    assert_eq!(story.world().broker.metrics().connections, 2);
    assert_eq!(numbers(&slow.rest()).len(), 1000);
}

#[test]
fn a_client_that_is_gone_and_is_turned_away_is_forgotten_at_once() {
    let story = Story::new();
    let watcher = story.client("s");
    watcher.subscribe("t", QoS::AtMostOnce);
    let (publisher, _) = story.enter(with_will("p"));
    let mut bytes = BytesMut::from(&much(5_000)[..]);
    // In the place of the DISCONNECT there is what no client may send.
    let end = bytes.len() - 2;
    bytes.truncate(end);
    bytes.extend_from_slice(&[0xd0, 0]);
    let mut world = story.world();
    let now = world.now;
    world.broker.handle(now, Input::Received { conn: publisher.conn, bytes: bytes.freeze() });
    world.broker.handle(now, Input::Closed { conn: publisher.conn, cause: CloseCause::Peer });
    world.settle();
    assert_eq!(world.broker.metrics().connections, 1);
    drop(world);
    let rest = watcher.rest();
    assert_eq!(numbers(&rest).len(), 5_000);
    assert!(matches!(rest.last(), Some(Packet::Publish(publish)) if publish.payload == "gone"), "its will");
}

fn received(conn: ConnId, packet: &Packet) -> Input {
    let mut bytes = BytesMut::new();
    packet.encode(ProtocolVersion::V5_0, &mut bytes).unwrap();
    Input::Received { conn, bytes: bytes.freeze() }
}
