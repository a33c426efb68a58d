//! `$SYS`, and the topics that are not for clients (§4.7.2).

use std::collections::BTreeMap;

use lacewing_broker::{Command, Config, EventMask};
use lacewing_protocol::{Ack, Connect, Packet, PacketId, Publish, QoS, ReasonCode};

use crate::story::*;

fn values(packets: Vec<Packet>) -> BTreeMap<String, (String, bool)> {
    let mut values = BTreeMap::new();
    for packet in packets {
        let Packet::Publish(publish) = packet else { panic!("expected a message, got {packet}") };
        let payload = String::from_utf8(publish.payload.to_vec()).unwrap();
        values.insert(publish.topic.unwrap().to_string(), (payload, publish.retain));
    }
    values
}

fn value<'a>(values: &'a BTreeMap<String, (String, bool)>, name: &str) -> &'a str {
    &values[&format!("$SYS/broker/{name}")].0
}

#[test]
fn a_new_subscriber_gets_every_value_at_once_and_then_what_changes() {
    let story = Story::new();
    story.lasting("away").0.vanishes();
    let (talker, listener) = (story.client("talker"), story.client("listener"));
    listener.subscribe("$share/g/t", QoS::AtMostOnce);
    talker.publish("t", "hello");
    talker.send(Packet::Publish(retained("r", "kept")));
    story.pass_seconds(60);
    let watcher = story.client("watcher");
    watcher.subscribe("$SYS/#", QoS::ExactlyOnce);
    let first = watcher.rest();
    assert!(
        first.iter().all(|packet| matches!(packet, Packet::Publish(Publish { qos: QoS::AtMostOnce, .. })))
    );
    let first = values(first);
    assert!(first.values().all(|(_, retain)| *retain));
    for (name, expected) in [
        ("version", concat!("lacewing version ", env!("CARGO_PKG_VERSION"))),
        ("uptime", "60 seconds"),
        ("clients/connected", "3"),
        ("clients/disconnected", "1"),
        ("clients/total", "4"),
        ("clients/maximum", "3"),
        ("clients/expired", "0"),
        ("messages/stored", "1"),
        ("publish/messages/received", "2"),
        ("publish/messages/sent", "1"),
        ("publish/messages/dropped", "0"),
        ("publish/bytes/received", "9"),
        ("publish/bytes/sent", "5"),
        ("subscriptions/count", "1"),
        ("shared_subscriptions/count", "1"),
        ("retained messages/count", "1"),
    ] {
        assert_eq!(value(&first, name), expected, "{name}");
    }
    let metrics = *story.world().broker.metrics();
    assert_eq!(value(&first, "bytes/received"), metrics.bytes_in.to_string());
    for name in ["messages/received", "messages/sent", "bytes/sent"] {
        assert_ne!(value(&first, name), "0");
    }
    for load in ["messages/received", "publish/sent", "bytes/sent", "sockets", "connections"] {
        for window in ["1min", "5min", "15min"] {
            let average: f64 = value(&first, &format!("load/{load}/{window}")).parse().unwrap();
            assert!(average > 0.0, "{load}");
        }
    }
    story.pass_seconds(9);
    watcher.hears_nothing();
    story.pass_seconds(1);
    let second = values(watcher.rest());
    assert_eq!(value(&second, "uptime"), "70 seconds");
    assert!(second.values().all(|(_, retain)| !*retain));
    assert!(!second.contains_key("$SYS/broker/version"), "it has not changed");
}

#[test]
fn nothing_is_done_for_sys_while_nobody_is_subscribed_to_it() {
    let story = Story::new();
    let client = story.client("c");
    client.subscribe("#", QoS::AtMostOnce);
    let nothing_due = |story: &Story| story.world().broker.poll_timeout().is_none();
    assert!(nothing_due(&story));
    client.subscribe("$SYS/broker/uptime", QoS::AtMostOnce);
    client.expect("$SYS/broker/uptime", "0 seconds");
    assert!(!nothing_due(&story));
    let unmatched = story.world().broker.metrics().unmatched;
    story.pass_seconds(10);
    client.expect("$SYS/broker/uptime", "10 seconds");
    client.hears_nothing();
    assert_eq!(story.world().broker.metrics().unmatched, unmatched);
    client.unsubscribe("$SYS/broker/uptime");
    story.pass_seconds(10);
    client.hears_nothing();
    assert!(nothing_due(&story));
}

#[test]
fn wildcards_at_the_start_do_not_show_sys() {
    // [MQTT-4.7.2-1]
    let story = Story::new();
    let (wild, watcher) = (story.client("wild"), story.client("watcher"));
    for filter in ["#", "+/broker/uptime", "+/#"] {
        wild.subscribe(filter, QoS::AtMostOnce);
    }
    watcher.subscribe("$SYS/broker/+", QoS::AtMostOnce);
    assert_eq!(watcher.rest().len(), 2);
    story.pass_seconds(30);
    assert_eq!(watcher.rest().len(), 3, "the uptime, three times");
    wild.hears_nothing();
}

#[test]
fn sys_is_not_among_the_retained_messages_nor_in_the_records() {
    let story = Story::durable();
    let (watcher, _) = story.lasting("watcher");
    watcher.subscribe("$SYS/#", QoS::AtLeastOnce);
    let came = watcher.rest().len();
    assert!(came > 40);
    watcher.vanishes();
    story.pass_seconds(60);
    assert_eq!(story.world().store.len(), 2, "the session and its subscription");
    assert_eq!(story.world().broker.metrics().retained, 0);
    story.command(Command::DropRetained { filter: "$SYS/#".try_into().unwrap() });
    let late = story.client("late");
    late.subscribe("$SYS/#", QoS::AtLeastOnce);
    assert_eq!(late.rest().len(), came);
    // A restored broker goes on for those who were subscribed.
    let story = story.crash();
    let (watcher, _) = story.lasting("watcher");
    watcher.hears_nothing();
    story.pass_seconds(10);
    assert_eq!(value(&values(watcher.rest()), "uptime"), "10 seconds");
}

#[test]
fn sys_can_be_turned_off_and_on() {
    let story = Story::with(Config { sys_interval: 0, ..Config::default() });
    let client = story.client("c");
    client.subscribe("$SYS/#", QoS::AtMostOnce);
    story.pass_seconds(60);
    client.hears_nothing();
    story.command(Command::Reconfigure(Box::new(Config { sys_interval: 3, ..Config::default() })));
    story.pass_seconds(3);
    assert_eq!(value(&values(client.rest()), "uptime"), "63 seconds");
    story.command(Command::Reconfigure(Box::new(Config { sys_interval: 0, ..Config::default() })));
    story.pass_seconds(60);
    client.hears_nothing();
}

#[test]
fn clients_cannot_publish_to_the_topics_of_the_broker() {
    // §4.7.2: refused where the version can say so, else dropped as mosquitto does
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("$SYS/broker/uptime", QoS::AtMostOnce);
    watcher.expect("$SYS/broker/uptime", "0 seconds");
    watcher.subscribe("$share/g/$share/x", QoS::AtMostOnce);
    let (new, old) = (story.client("new"), story.old_client("old"));
    for topic in ["$SYS/broker/uptime", "$SYS", "$share/x", "$share"] {
        assert_eq!(new.publish_qos(topic, "x", QoS::AtLeastOnce, 1), ReasonCode::NotAuthorized);
        new.send(Packet::Publish(with_qos(retained(topic, "x"), QoS::ExactlyOnce, 2)));
        let denied = Ack::new(PacketId::new(2).unwrap(), ReasonCode::NotAuthorized);
        assert_eq!(new.receive(), Packet::PubRec(denied));
        new.publish(topic, "x");
        new.hears_nothing();
        for (id, qos) in [(1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce)] {
            assert_eq!(old.publish_qos(topic, "x", qos, id), ReasonCode::Success);
        }
    }
    assert!(!new.is_closed() && !old.is_closed());
    watcher.hears_nothing();
    assert_eq!(story.world().broker.metrics().retained, 0);
    let refused = story.events().iter().filter(|event| event.starts_with("Refused")).count();
    assert_eq!(refused, 4 * 5);
    for connect in [v5("c"), v3("c")] {
        let connect = Connect { will: Some(will("$SYS/broker/uptime", "x")), ..connect };
        story.is_refused(connect, ReasonCode::NotAuthorized);
    }
}

#[test]
fn no_event_tells_of_a_message_of_the_brokers_own() {
    let story = Story::new();
    let watcher = story.client("watcher");
    story.events();
    watcher.subscribe("$SYS/#", QoS::AtMostOnce);
    story.pass_seconds(60);
    assert!(!watcher.rest().is_empty());
    let published = |event: &String| event.starts_with("Published");
    assert!(!story.events().iter().any(published));
    watcher.publish("t", "x");
    assert!(story.events().iter().any(published));
    story.command(Command::Watch { events: EventMask::NONE });
    watcher.publish("t", "x");
    assert!(!story.events().iter().any(published));
}
