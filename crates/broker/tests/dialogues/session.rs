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
