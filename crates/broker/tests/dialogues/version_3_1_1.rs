//! What MQTT 3.1.1 demands of a server, told with clients that speak nothing else: here of sessions, wills and retained
//! messages (§3.1, §3.3.1).

mod bytes;
mod messages;

use lacewing_protocol::{Connect, Packet, ProtocolVersion, QoS};

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
