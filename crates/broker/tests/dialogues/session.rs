//! Sessions that outlive their connections (§3.1.2.4, §3.1.2.11.2, §4.1, §4.4).

use lacewing_broker::{CloseReason, Config};
use lacewing_protocol::{Ack, Connect, Disconnect, Packet, Publish, QoS, ReasonCode};

use crate::story::*;

#[test]
fn a_session_gets_what_it_missed() {
    // [MQTT-3.1.2-5], [MQTT-4.4.0-1]
    for connect in
        [Connect { clean_start: false, ..v3("c") }, Connect { clean_start: false, ..expiring("c", 60) }]
    {
        let story = Story::new();
        let (client, ack) = story.enter(connect.clone());
        assert!(!ack.session_present);
        client.subscribe("t", QoS::ExactlyOnce);
        client.vanishes();
        let publisher = story.client("p");
        publisher.publish("t", "lost, at QoS 0");
        publisher.publish_qos("t", "one", QoS::AtLeastOnce, 1);
        publisher.publish_qos("t", "two", QoS::ExactlyOnce, 2);
        let (client, ack) = story.enter(connect);
        assert!(ack.session_present);
        let one = client.expect("t", "one");
        let two = client.expect("t", "two");
        assert_eq!((one.dup, two.dup), (false, false));
        client.acknowledge(&one);
        client.acknowledge(&two);
        client.hears_nothing();
    }
}

#[test]
fn what_was_in_flight_is_sent_again_in_order_under_its_identifiers() {
    // [MQTT-4.4.0-1], [MQTT-4.6.0-1], [MQTT-3.3.1-1]
    let story = Story::new();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    publisher.publish_qos("t", "1", QoS::AtLeastOnce, 1);
    publisher.publish_qos("t", "2", QoS::ExactlyOnce, 2);
    publisher.publish_qos("t", "3", QoS::ExactlyOnce, 3);
    publisher.publish_qos("t", "4", QoS::AtLeastOnce, 4);
    let sent: Vec<_> = (1..=4).map(|n| client.expect("t", &n.to_string())).collect();
    client.send(Packet::PubRec(Ack::success(sent[1].packet_id.unwrap())));
    assert_eq!(client.receive(), Packet::PubRel(Ack::success(sent[1].packet_id.unwrap())));
    client.vanishes();
    publisher.publish_qos("t", "5", QoS::AtLeastOnce, 5);

    let (client, _) = story.lasting("c");
    let first = client.expect("t", "1");
    assert_eq!((first.dup, first.packet_id), (true, sent[0].packet_id));
    assert_eq!(client.receive(), Packet::PubRel(Ack::success(sent[1].packet_id.unwrap())));
    let third = client.expect("t", "3");
    assert_eq!((third.dup, third.packet_id), (true, sent[2].packet_id));
    let fourth = client.expect("t", "4");
    assert_eq!((fourth.dup, fourth.packet_id), (true, sent[3].packet_id));
    assert!(!client.expect("t", "5").dup);
    client.send(Packet::PubComp(Ack::success(sent[1].packet_id.unwrap())));
    client.acknowledge(&third);
    client.hears_nothing();
}

#[test]
fn a_session_ends_with_its_connection_when_its_expiry_is_zero() {
    // [MQTT-3.1.2-23]
    let story = Story::new();
    let client = story.client("c");
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    let (_, ack) = story.enter(Connect { clean_start: false, ..v5("c") });
    assert!(!ack.session_present);
    assert_eq!(story.world().broker.metrics().subscriptions, 0);
}

#[test]
fn a_session_ends_when_its_expiry_is_over_and_not_before() {
    let story = Story::new();
    let resume = Connect { clean_start: false, ..expiring("c", 30) };
    let (client, _) = story.enter(resume.clone());
    client.vanishes();
    story.pass_seconds(29);
    let (client, ack) = story.enter(resume.clone());
    assert!(ack.session_present);
    client.vanishes();
    story.pass_seconds(30);
    assert!(story.world().broker.client("c").is_none());
    let (_, ack) = story.enter(resume);
    assert!(!ack.session_present);
}

#[test]
fn a_session_whose_time_ran_out_while_the_host_slept_is_not_resumed() {
    let story = Story::new();
    let resume = Connect { clean_start: false, ..expiring("c", 30) };
    story.enter(resume.clone()).0.vanishes();
    story.world().now.wall += 31 * SECOND;
    let (_, ack) = story.enter(resume);
    assert!(!ack.session_present);
}

#[test]
fn disconnect_can_shorten_the_session_expiry_but_not_raise_it_from_zero() {
    // [MQTT-3.14.2-2]
    let story = Story::new();
    let (client, _) = story.lasting("c");
    let mut disconnect = Disconnect::default();
    disconnect.properties.session_expiry_interval = Some(5);
    client.send(Packet::Disconnect(Box::new(disconnect.clone())));
    story.pass_seconds(5);
    assert!(story.world().broker.client("c").is_none());

    let client = story.client("d");
    client.send(Packet::Disconnect(Box::new(disconnect)));
    client.is_sent_away(ReasonCode::ProtocolError);
}

#[test]
fn clean_start_forgets_everything() {
    // [MQTT-3.1.2-4]
    let story = Story::new();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    story.client("p").publish_qos("t", "1", QoS::AtLeastOnce, 1);
    let (client, ack) = story.enter(expiring("c", 60));
    assert!(!ack.session_present);
    client.hears_nothing();
    story.client("p").publish("t", "2");
    client.hears_nothing();
}

#[test]
fn a_message_expires_in_the_queue_and_is_counted_down_when_it_does_not() {
    // [MQTT-3.3.2-5], [MQTT-3.3.2-6]
    let story = Story::new();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    let publisher = story.client("p");
    for (id, seconds) in [(1, 10), (2, 100)] {
        let mut publish = with_qos(message("t", &seconds.to_string()), QoS::AtLeastOnce, id);
        publish.properties.message_expiry_interval = Some(seconds);
        publisher.send(Packet::Publish(publish));
    }
    story.pass_seconds(30);
    let (client, _) = story.lasting("c");
    assert_eq!(client.expect("t", "100").properties.message_expiry_interval, Some(70));
    client.hears_nothing();
    assert_eq!(story.world().broker.metrics().dropped_expired, 1);
}

#[test]
fn however_much_was_in_flight_all_of_it_is_sent_again() {
    // [MQTT-4.4.0-1]
    let story = Story::with(Config { inflight: 20_000, receive_maximum: 65_535, ..Config::default() });
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    let publisher = story.client("p");
    for n in 1..=20_000 {
        publisher.publish_qos("t", &n.to_string(), QoS::AtLeastOnce, 1);
    }
    assert_eq!(client.rest().len(), 20_000);
    client.vanishes();
    let (client, _) = story.lasting("c");
    for n in 1..=20_000 {
        assert!(client.expect("t", &n.to_string()).dup);
    }
    client.hears_nothing();
}

#[test]
fn what_comes_after_disconnect_is_not_read() {
    // [MQTT-3.14.4-1], [MQTT-3.14.4-2]
    let story = Story::new();
    let (watcher, client) = (story.client("watcher"), story.old_client("c"));
    watcher.subscribe("#", QoS::AtMostOnce);
    client.send_bytes(b"\xe0\0\x30\x04\0\x01tx\xff\xff");
    assert_eq!(client.close_reason(), Some(CloseReason::Disconnected));
    client.publish("t", "x");
    watcher.hears_nothing();
}

#[test]
fn a_qos_2_message_from_the_client_is_completed_on_another_connection() {
    // [MQTT-4.3.3-10], [MQTT-4.3.3-11], §4.1
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("t", QoS::AtMostOnce);
    let (client, _) = story.lasting("c");
    let publish = with_qos(message("t", "once"), QoS::ExactlyOnce, 5);
    client.send(Packet::Publish(publish.clone()));
    let id = publish.packet_id.unwrap();
    assert_eq!(client.receive(), Packet::PubRec(Ack::success(id)));
    client.vanishes();
    let (client, _) = story.lasting("c");
    client.send(Packet::Publish(Publish { dup: true, ..publish.clone() }));
    assert_eq!(client.receive(), Packet::PubRec(Ack::success(id)));
    client.send(Packet::PubRel(Ack::success(id)));
    assert_eq!(client.receive(), Packet::PubComp(Ack::success(id)));
    watcher.expect("t", "once");
    watcher.hears_nothing();
    // With Clean Start the identifier is forgotten too.
    client.send(Packet::Publish(publish.clone()));
    client.vanishes();
    let (client, _) = story.enter(expiring("c", 60));
    client.send(Packet::Publish(Publish { dup: true, ..publish }));
    assert_eq!(watcher.rest().len(), 2);
}

#[test]
fn a_session_that_does_not_expire_is_there_after_years_and_disconnect_can_end_it_at_once() {
    // §3.1.2.11.2, §3.14.2.2.2
    let story = Story::new();
    story.lasting("c").0.vanishes();
    story.pass_seconds(200 * 365 * 86_400);
    let (client, ack) = story.lasting("c");
    assert!(ack.session_present);
    let mut disconnect = Disconnect::default();
    disconnect.properties.session_expiry_interval = Some(0);
    client.send(Packet::Disconnect(Box::new(disconnect)));
    assert!(!story.lasting("c").1.session_present);
}

#[test]
fn a_disconnect_may_name_an_expiry_that_the_broker_has_cut_to_nothing() {
    // §3.14.2.2.2: what the client asked for in its CONNECT counts, not what it was granted.
    let story = Story::with(Config { session_expiry_maximum: 0, ..Config::default() });
    let mut disconnect = Disconnect::default();
    disconnect.properties.session_expiry_interval = Some(50);
    let (client, ack) = story.enter(expiring("c", 100));
    assert_eq!(ack.properties.session_expiry_interval, Some(0));
    client.send(Packet::Disconnect(Box::new(disconnect.clone())));
    assert_eq!(client.close_reason(), Some(CloseReason::Disconnected));
    assert!(story.world().broker.client("c").is_none(), "it is cut again");
    let client = story.client("d");
    client.send(Packet::Disconnect(Box::new(disconnect)));
    client.is_sent_away(ReasonCode::ProtocolError);
}

#[test]
fn a_disconnect_may_prolong_the_session_up_to_what_the_broker_allows() {
    // §3.14.2.2.2
    let story = Story::with(Config { session_expiry_maximum: 60, ..Config::default() });
    let (client, _) = story.enter(expiring("c", 5));
    let mut disconnect = Disconnect::default();
    disconnect.properties.session_expiry_interval = Some(1000);
    client.send(Packet::Disconnect(Box::new(disconnect)));
    story.pass_seconds(59);
    assert!(story.world().broker.client("c").is_some());
    story.pass_seconds(1);
    assert!(story.world().broker.client("c").is_none());
    // [MQTT-3.1.2-23], before 5.0 as well
    story.enter(Connect { clean_start: false, ..v3("old") }).0.vanishes();
    story.pass_seconds(60);
    assert!(story.world().broker.client("old").is_none());
}

#[test]
fn the_time_a_message_has_left_goes_on_through_a_restart() {
    // [MQTT-3.3.2-5], [MQTT-3.3.2-6]
    let story = Story::durable();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    let publisher = story.client("p");
    for (id, seconds) in [(1, 30), (2, 100)] {
        let mut publish = with_qos(message("t", &seconds.to_string()), QoS::AtLeastOnce, id);
        publish.properties.message_expiry_interval = Some(seconds);
        publisher.send(Packet::Publish(publish));
    }
    story.pass_seconds(20);
    let story = story.crash();
    story.pass_seconds(20);
    let (client, _) = story.lasting("c");
    let left = client.expect("t", "100");
    assert_eq!(left.properties.message_expiry_interval, Some(60));
    client.acknowledge(&left);
    client.hears_nothing();
    assert_eq!(story.world().store.len(), 2, "the session and its subscription");
}

#[test]
fn messages_whose_time_is_over_make_room_in_a_full_queue() {
    // [MQTT-3.3.2-5]
    let story = Story::with(Config { durable: true, queue_messages: 3, ..Config::default() });
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    let publisher = story.client("p");
    for (id, seconds) in [(1, Some(10)), (2, None), (3, Some(10)), (4, None)] {
        let mut publish = with_qos(message("t", &id.to_string()), QoS::AtLeastOnce, id);
        publish.properties.message_expiry_interval = seconds;
        publisher.send(Packet::Publish(publish));
    }
    assert_eq!(story.world().broker.metrics().dropped_queue, 1, "nothing had expired yet");
    story.pass_seconds(10);
    publisher.publish_qos("t", "5", QoS::AtLeastOnce, 5);
    let metrics = *story.world().broker.metrics();
    assert_eq!((metrics.dropped_queue, metrics.dropped_expired, metrics.queued), (1, 2, 2));
    let (client, _) = story.crash().lasting("c");
    for payload in ["2", "5"] {
        client.expect("t", payload);
    }
    client.hears_nothing();
}

#[test]
fn a_message_in_flight_is_sent_again_also_after_its_time() {
    // §3.3.2.3.3: only what was not begun is deleted.
    let story = Story::new();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    let mut publish = with_qos(message("t", "begun"), QoS::AtLeastOnce, 1);
    publish.properties.message_expiry_interval = Some(10);
    story.client("p").send(Packet::Publish(publish));
    assert_eq!(client.expect("t", "begun").properties.message_expiry_interval, Some(10));
    client.vanishes();
    story.pass_seconds(20);
    let (client, _) = story.lasting("c");
    let again = client.expect("t", "begun");
    assert_eq!((again.dup, again.properties.message_expiry_interval), (true, Some(0)));
}

#[test]
fn an_identifier_is_used_again_only_when_its_message_is_done() {
    // [MQTT-2.2.1-4], [MQTT-4.3.2-1], [MQTT-4.3.3-1]
    let story = Story::with(Config { inflight: 10_000, ..Config::default() });
    let client = story.client("c");
    client.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    publisher.publish_qos("t", "stays", QoS::ExactlyOnce, 1);
    let stays = client.expect("t", "stays").packet_id.unwrap();
    for _ in 0..65_534 {
        publisher.publish_qos("t", "x", QoS::AtLeastOnce, 1);
        let got = client.expect("t", "x");
        assert_ne!(got.packet_id.unwrap(), stays);
        client.acknowledge(&got);
    }
    // Every other one was used: the next waits for the one that is still in flight.
    publisher.publish_qos("t", "waits", QoS::AtLeastOnce, 1);
    client.hears_nothing();
    client.send(Packet::PubRec(Ack::success(stays)));
    assert_eq!(client.receive(), Packet::PubRel(Ack::success(stays)));
    client.hears_nothing();
    client.send(Packet::PubComp(Ack::success(stays)));
    assert_eq!(client.expect("t", "waits").packet_id.unwrap(), stays);
}

#[test]
fn acknowledgements_come_in_the_order_of_what_they_acknowledge() {
    // [MQTT-4.6.0-2], [MQTT-4.6.0-3], [MQTT-4.6.0-4]
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    for id in [7, 3, 9, 1] {
        let qos = if id > 4 { QoS::ExactlyOnce } else { QoS::AtLeastOnce };
        publisher.send(Packet::Publish(with_qos(message("t", "x"), qos, id)));
    }
    let id = |packet: &Packet| match packet {
        Packet::PubAck(ack) | Packet::PubRec(ack) | Packet::PubRel(ack) => ack.packet_id.value(),
        other => panic!("expected an acknowledgement, got {other}"),
    };
    assert_eq!(publisher.rest().iter().map(id).collect::<Vec<_>>(), [7, 3, 9, 1]);
    let got: Vec<_> = (0..4).map(|_| subscriber.message()).collect();
    let exactly: Vec<_> = got.iter().filter(|got| got.qos == QoS::ExactlyOnce).collect();
    for got in exactly.iter().rev() {
        subscriber.send(Packet::PubRec(Ack::success(got.packet_id.unwrap())));
    }
    let received: Vec<_> = exactly.iter().rev().map(|got| got.packet_id.unwrap().value()).collect();
    assert_eq!(subscriber.rest().iter().map(id).collect::<Vec<_>>(), received);
}
