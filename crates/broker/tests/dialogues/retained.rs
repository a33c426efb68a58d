//! Retained messages (§3.3.1.3, §3.8.3.1).

use bytes::Bytes;
use lacewing_broker::{Command, Config, Input};
use lacewing_protocol::{Packet, PacketId, QoS, RetainHandling, Subscribe, SubscriptionOptions, Unsubscribe};

use crate::story::*;

fn handling(retain_handling: RetainHandling) -> SubscriptionOptions {
    SubscriptionOptions { retain_handling, ..SubscriptionOptions::default() }
}

#[test]
fn a_late_subscriber_gets_the_last_retained_message_of_each_topic() {
    // [MQTT-3.3.1-5], [MQTT-3.3.1-9]
    let story = Story::new();
    let sensor = story.client("sensor");
    sensor.send(Packet::Publish(retained("home/a/temperature", "20")));
    sensor.send(Packet::Publish(retained("home/a/temperature", "21")));
    sensor.send(Packet::Publish(retained("home/b/temperature", "19")));
    sensor.publish("home/a/temperature", "22");
    let late = story.old_client("late");
    late.subscribe("home/+/temperature", QoS::AtMostOnce);
    assert!(late.expect("home/a/temperature", "21").retain);
    assert!(late.expect("home/b/temperature", "19").retain);
    late.hears_nothing();
}

#[test]
fn an_empty_retained_message_clears_the_topic_and_is_delivered_to_those_who_are_there() {
    // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
    let story = Story::new();
    let (sensor, there) = (story.client("sensor"), story.client("there"));
    there.subscribe("t", QoS::AtMostOnce);
    sensor.send(Packet::Publish(retained("t", "1")));
    sensor.send(Packet::Publish(retained("t", "")));
    assert!(!there.expect("t", "1").retain);
    there.expect("t", "");
    let late = story.client("late");
    late.subscribe("t", QoS::AtMostOnce);
    late.hears_nothing();
}

#[test]
fn more_retained_messages_than_a_queue_holds_wait_instead_of_being_dropped() {
    let story = Story::with(Config { queue_messages: 3, inflight: 1, ..Config::default() });
    let sensor = story.client("sensor");
    for number in 0..20 {
        let topic = format!("t/{number:02}");
        let message = with_qos(retained(&topic, "1"), QoS::AtLeastOnce, number + 1);
        sensor.send(Packet::Publish(message));
    }
    let late = story.client("late");
    late.subscribe("t/+", QoS::AtLeastOnce);
    for _ in 0..20 {
        let message = late.message();
        assert!(message.retain);
        late.acknowledge(&message);
    }
    late.hears_nothing();
    assert_eq!(story.world().broker.metrics().dropped_queue, 0);
}

#[test]
fn retain_handling_decides_whether_retained_messages_come() {
    // [MQTT-3.3.1-10], [MQTT-3.3.1-11]
    let story = Story::new();
    story.client("sensor").send(Packet::Publish(retained("t", "1")));
    let client = story.client("c");
    client.subscribe_with("t", handling(RetainHandling::DoNotSend), None);
    client.hears_nothing();
    client.subscribe_with("t", handling(RetainHandling::SendIfNew), None);
    client.hears_nothing();
    client.subscribe_with("t", handling(RetainHandling::SendAlways), None);
    client.expect("t", "1");
    client.unsubscribe("t");
    client.subscribe_with("t", handling(RetainHandling::SendIfNew), Some(5));
    assert_eq!(client.expect("t", "1").properties.subscription_identifiers, [5]);
}

#[test]
fn a_message_keeps_its_retain_flag_only_for_subscriptions_that_ask_for_it() {
    // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
    let story = Story::new();
    let (sensor, as_published, plain) = (story.client("p"), story.client("rap"), story.client("s"));
    let options = SubscriptionOptions { retain_as_published: true, ..SubscriptionOptions::default() };
    as_published.subscribe_with("t", options, None);
    plain.subscribe("t", QoS::AtMostOnce);
    sensor.send(Packet::Publish(retained("t", "1")));
    assert!(as_published.expect("t", "1").retain);
    assert!(!plain.expect("t", "1").retain);
    sensor.publish("t", "2");
    assert!(!as_published.expect("t", "2").retain);
}

#[test]
fn ten_thousand_retained_messages_come_as_fast_as_they_are_taken_and_none_is_lost() {
    let story = Story::new();
    let sensor = story.client("sensor");
    for n in 0..10_000 {
        sensor.send(Packet::Publish(retained(
            &format!("many/{n:05}"),
            "a payload of some bytes that fill buffers",
        )));
    }
    for (client_id, qos) in [("q0", QoS::AtMostOnce), ("q2", QoS::ExactlyOnce)] {
        let late = story.client(client_id);
        late.subscribe("many/#", qos);
        for n in 0..10_000 {
            late.expect(&format!("many/{n:05}"), "a payload of some bytes that fill buffers");
        }
        late.hears_nothing();
    }
}

#[test]
fn retained_messages_beyond_the_limits_are_delivered_and_not_kept() {
    let story = Story::with(Config { retained_messages: 2, retained_bytes: 1000, ..Config::default() });
    let (publisher, there) = (story.client("p"), story.client("there"));
    there.subscribe("#", QoS::AtMostOnce);
    for topic in ["a", "b", "c"] {
        publisher.send(Packet::Publish(retained(topic, "1")));
        there.expect(topic, "1");
    }
    publisher.send(Packet::Publish(retained("a", &"x".repeat(2000))));
    publisher.send(Packet::Publish(retained("b", "2")));
    let late = story.client("late");
    late.subscribe("#", QoS::AtMostOnce);
    late.expect("b", "2");
    late.hears_nothing();
    assert_eq!(story.world().broker.metrics().dropped_retained, 2);
}

#[test]
fn a_subscription_made_again_before_its_retained_messages_came_has_them_come_anew_and_not_twice() {
    // [MQTT-3.8.4-4]
    let story = Story::with(Config { outgoing_bytes: 2000, ..Config::default() });
    let sensor = story.client("sensor");
    for n in 0..1000 {
        sensor.send(Packet::Publish(retained(&format!("many/{n:03}"), "a payload of some bytes")));
    }
    let late = story.client("late");
    late.stops_reading();
    for id in 1..=5 {
        late.send(Packet::Subscribe(Subscribe {
            packet_id: PacketId::new(id).unwrap(),
            filters: vec![("many/#".try_into().unwrap(), SubscriptionOptions::default())],
            subscription_identifier: None,
            user_properties: Default::default(),
        }));
    }
    late.reads_again();
    let came = late.rest().into_iter().filter(|packet| matches!(packet, Packet::Publish(_))).count();
    assert!((1000..1500).contains(&came), "{came}");
}

#[test]
fn a_job_of_the_operator_gets_its_turn_however_much_is_to_be_read() {
    let story = Story::new();
    let flood = story.client("flood");
    for n in 0..1000 {
        flood.send(Packet::Publish(retained(&format!("many/{n:03}"), "x")));
    }
    let noise = Bytes::from(b"\x30\x05\x00\x01n\x00x".repeat(9000));
    let mut world = story.world();
    let now = world.now;
    world.broker.handle(now, Input::Received { conn: flood.conn, bytes: noise.clone() });
    let filter = "many/#".try_into().unwrap();
    world.broker.handle(now, Input::Command(Command::DropRetained { filter }));
    for _ in 0..20 {
        world.broker.handle(now, Input::Received { conn: flood.conn, bytes: noise.clone() });
        world.broker.handle(now, Input::Tick);
    }
    assert_eq!(world.broker.metrics().retained, 0);
}

#[test]
fn retained_messages_whose_time_is_over_make_room_for_others() {
    // §3.3.2.3.3
    let story = Story::with(Config { durable: true, retained_messages: 600, ..Config::default() });
    let sensor = story.client("sensor");
    for n in 0..600 {
        let mut publish = retained(&format!("many/{n:03}"), "x");
        publish.properties.message_expiry_interval = Some(if n == 7 { 100 } else { 10 });
        sensor.send(Packet::Publish(publish));
    }
    sensor.send(Packet::Publish(retained("more", "x")));
    assert_eq!(story.world().broker.metrics().retained, 600);
    story.pass_seconds(70);
    assert_eq!(story.world().broker.metrics().retained, 1);
    sensor.send(Packet::Publish(retained("more", "x")));
    assert_eq!(story.world().broker.metrics().retained, 2);
    let story = story.crash();
    story.pass_seconds(100);
    assert_eq!(story.world().broker.metrics().retained, 1);
    assert_eq!(story.world().store.len(), 1);
}

#[test]
fn a_retained_message_comes_with_the_lower_qos_and_counts_down() {
    // [MQTT-3.8.4-8], [MQTT-3.3.2-6]
    let story = Story::new();
    let mut publish = with_qos(retained("t", "1"), QoS::ExactlyOnce, 1);
    publish.properties.message_expiry_interval = Some(100);
    let sensor = story.client("sensor");
    sensor.send(Packet::Publish(publish));
    sensor.disconnects();
    story.pass_seconds(30);
    let late = story.client("late");
    late.subscribe("+", QoS::AtLeastOnce);
    let got = late.expect("t", "1");
    assert_eq!((got.qos, got.retain, got.dup), (QoS::AtLeastOnce, true, false));
    assert_eq!(got.properties.message_expiry_interval, Some(70));
}

#[test]
fn unsubscribing_ends_the_delivery_of_retained_messages_that_were_still_to_come() {
    // [MQTT-3.10.4-2]
    let story = Story::with(Config { outgoing_bytes: 2000, ..Config::default() });
    let sensor = story.client("sensor");
    for n in 0..1000 {
        sensor.send(Packet::Publish(retained(&format!("many/{n:03}"), "a payload of some bytes")));
    }
    let late = story.client("late");
    late.stops_reading();
    late.send(Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        filters: vec![("many/#".try_into().unwrap(), SubscriptionOptions::default())],
        subscription_identifier: None,
        user_properties: Default::default(),
    }));
    late.send(Packet::Unsubscribe(Unsubscribe {
        packet_id: PacketId::MIN,
        filters: vec!["many/#".try_into().unwrap()],
        user_properties: Default::default(),
    }));
    late.reads_again();
    assert!(late.rest().len() < 200);
}

#[test]
fn no_local_keeps_a_clients_own_retained_messages_from_it() {
    // [MQTT-3.8.3-3]
    let story = Story::durable();
    let client = story.client("c");
    client.send(Packet::Publish(retained("t/mine", "1")));
    client.send(Packet::Publish(retained("t/changed", "1")));
    story.client("other").send(Packet::Publish(retained("t/changed", "2")));
    let no_local = SubscriptionOptions { no_local: true, ..SubscriptionOptions::default() };
    let looks = |story: &Story| {
        let client = story.client("c");
        client.subscribe_with("t/#", no_local, None);
        client.expect("t/changed", "2");
        client.hears_nothing();
        client.subscribe("t/mine", QoS::AtMostOnce);
        client.expect("t/mine", "1");
    };
    looks(&story);
    looks(&story.crash());
}

#[test]
fn a_retained_message_comes_with_the_lower_qos_the_identifier_and_the_time_it_has_left() {
    // [MQTT-3.3.1-8], [MQTT-3.3.2-6], [MQTT-3.3.4-3], [MQTT-3.8.4-8]
    let story = Story::new();
    let sensor = story.client("sensor");
    for (id, published) in [(1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce)] {
        let mut publish = with_qos(retained(&format!("t/{id}"), "x"), published, id);
        publish.properties.message_expiry_interval = Some(100);
        sensor.send(Packet::Publish(publish));
    }
    story.pass_seconds(30);
    for (granted, expected) in [
        (QoS::AtMostOnce, [QoS::AtMostOnce, QoS::AtMostOnce]),
        (QoS::AtLeastOnce, [QoS::AtLeastOnce, QoS::AtLeastOnce]),
        (QoS::ExactlyOnce, [QoS::AtLeastOnce, QoS::ExactlyOnce]),
    ] {
        let late = story.client("late");
        let options = SubscriptionOptions { qos: granted, retain_as_published: false, ..Default::default() };
        late.subscribe_with("t/+", options, Some(7));
        for (id, qos) in [1, 2].into_iter().zip(expected) {
            let got = late.expect(&format!("t/{id}"), "x");
            assert_eq!((got.qos, got.retain, got.dup), (qos, true, false));
            assert_eq!(got.properties.subscription_identifiers, [7]);
            assert_eq!(got.properties.message_expiry_interval, Some(70));
        }
    }
}

#[test]
fn wildcards_at_the_start_do_not_show_retained_dollar_topics() {
    // [MQTT-4.7.2-1]
    let story = Story::new();
    story.client("p").send(Packet::Publish(retained("$internal/monitor", "x")));
    let late = story.client("late");
    for filter in ["#", "+/monitor", "+/#", "/#"] {
        late.subscribe(filter, QoS::AtMostOnce);
        late.hears_nothing();
    }
    late.subscribe("$internal/+", QoS::AtMostOnce);
    late.expect("$internal/monitor", "x");
}

/// A client with a lasting session that is subscribed to a thousand retained messages and has taken none.
fn half_way(story: &Story, qos: QoS) -> Client {
    let sensor = story.client("sensor");
    for n in 0..1000 {
        let publish = with_qos(retained(&format!("many/{n:03}"), "a payload of some bytes"), qos, 1);
        sensor.send(Packet::Publish(publish));
    }
    let (late, _) = story.lasting("late");
    late.stops_reading();
    late.send(Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        filters: vec![("many/#".try_into().unwrap(), SubscriptionOptions { qos, ..Default::default() })],
        subscription_identifier: None,
        user_properties: Default::default(),
    }));
    late
}

fn topics(packets: Vec<Packet>) -> Vec<String> {
    let topic = |packet| match packet {
        Packet::Publish(publish) => publish.topic.map(|topic| topic.to_string()),
        _ => None,
    };
    packets.into_iter().filter_map(topic).collect()
}

#[test]
fn after_a_take_over_the_rest_of_the_retained_messages_comes_on_the_new_connection() {
    let story = Story::with(Config { outgoing_bytes: 2000, ..Config::default() });
    half_way(&story, QoS::AtLeastOnce);
    let (again, ack) = story.lasting("late");
    assert!(ack.session_present);
    let expected: Vec<String> = (0..1000).map(|n| format!("many/{n:03}")).collect();
    assert_eq!(topics(again.rest()), expected, "what was in flight, then the rest");
}

#[test]
fn after_a_crash_the_rest_of_the_retained_messages_comes_and_none_of_them_twice() {
    let story = Story::with(Config { durable: true, outgoing_bytes: 2000, ..Config::default() });
    half_way(&story, QoS::AtLeastOnce);
    // A second crash, before anybody came back.
    let story = story.crash().crash();
    let (again, ack) = story.lasting("late");
    assert!(ack.session_present);
    let mut got = Vec::new();
    while let Some(packet) = again.try_receive() {
        if let Packet::Publish(publish) = packet {
            got.push(publish.topic.clone().unwrap().to_string());
            again.acknowledge(&publish);
        }
    }
    let expected: Vec<String> = (0..1000).map(|n| format!("many/{n:03}")).collect();
    assert_eq!(got, expected, "what was in flight, then the rest");
    again.vanishes();
    let story = story.crash();
    story.lasting("late").0.hears_nothing();
}

#[test]
fn a_filter_named_twice_in_a_packet_brings_its_retained_messages_after_a_crash_too() {
    // Found by the reference model, seed 12431.
    let story = Story::with(Config { durable: true, inflight: 1, ..Config::default() });
    let publisher = story.client("publisher");
    publisher.send(Packet::Publish(retained("t/1", "kept")));
    let (late, _) = story.lasting("late");
    late.subscribe("busy", QoS::AtLeastOnce);
    for id in 1..=2 {
        publisher.publish_qos("busy", &id.to_string(), QoS::AtLeastOnce, id);
    }
    // The second one waits for the first to be acknowledged, and the retained message for it.
    late.expect("busy", "1");
    let filters = [RetainHandling::SendAlways, RetainHandling::SendIfNew]
        .map(|handling_is| ("t/#".try_into().unwrap(), handling(handling_is)));
    late.send(Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        filters: filters.to_vec(),
        subscription_identifier: None,
        user_properties: Default::default(),
    }));
    let story = story.crash();
    let (again, _) = story.lasting("late");
    let mut got = Vec::new();
    while let Some(packet) = again.try_receive() {
        if let Packet::Publish(publish) = packet {
            got.push(publish.payload.clone());
            again.acknowledge(&publish);
        }
    }
    assert_eq!(got, ["1", "2", "kept"].map(Bytes::from));
}

#[test]
fn with_clean_start_no_retained_message_of_the_former_session_comes() {
    // [MQTT-3.1.2-4]
    let story = Story::with(Config { outgoing_bytes: 2000, ..Config::default() });
    half_way(&story, QoS::AtLeastOnce);
    let (again, ack) = story.enter(expiring("late", 60));
    assert!(!ack.session_present);
    again.hears_nothing();
    story.pass_seconds(10);
    again.hears_nothing();
}

#[test]
fn a_message_that_is_retained_after_a_subscription_was_made_comes_once() {
    // [MQTT-3.3.1-9]: what is retained when the subscription is made; the rest goes by the subscription itself.
    let story = Story::with(Config { inflight: 1, ..Config::default() });
    let (subscriber, publisher) = (story.client("s"), story.client("p"));
    publisher.send(Packet::Publish(retained("t/1", "before")));
    subscriber.subscribe("busy", QoS::AtLeastOnce);
    for id in 1..=2 {
        publisher.publish_qos("busy", &id.to_string(), QoS::AtLeastOnce, id);
    }
    // The second one waits for the first, and the retained messages wait for it.
    let first = subscriber.expect("busy", "1");
    subscriber.subscribe("t/#", QoS::ExactlyOnce);
    publisher.send(Packet::Publish(with_qos(retained("t/2", "after"), QoS::AtLeastOnce, 3)));
    subscriber.acknowledge(&first);
    let mut got = Vec::new();
    while let Some(Packet::Publish(publish)) = subscriber.try_receive() {
        got.push((publish.payload.clone(), publish.retain));
        subscriber.acknowledge(&publish);
    }
    got.sort();
    assert_eq!(got, [("2".into(), false), ("after".into(), false), ("before".into(), true)]);
}

#[test]
fn retained_messages_that_waited_behind_a_share_go_when_the_share_is_left() {
    let story = Story::with(Config { inflight: 1, ..Config::default() });
    let (subscriber, publisher) = (story.client("s"), story.client("p"));
    publisher.send(Packet::Publish(retained("t", "kept")));
    subscriber.subscribe("$share/g/busy", QoS::AtLeastOnce);
    for id in 1..=2 {
        publisher.publish_qos("busy", &id.to_string(), QoS::AtLeastOnce, id);
    }
    subscriber.expect("busy", "1");
    subscriber.subscribe("t", QoS::AtMostOnce);
    subscriber.hears_nothing();
    subscriber.stops_reading();
    subscriber.send(Packet::Unsubscribe(Unsubscribe {
        packet_id: PacketId::MIN,
        filters: vec!["$share/g/busy".try_into().unwrap()],
        user_properties: Default::default(),
    }));
    let is_kept = |event: &String| event.starts_with("Delivered") && event.contains("topic: \"t\"");
    assert!(story.events().iter().any(is_kept));
    subscriber.reads_again();
    assert!(matches!(subscriber.receive(), Packet::UnsubAck(_)));
    subscriber.expect("t", "kept");
}
