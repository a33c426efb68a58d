//! Every limit of `Config` is reached by a dialogue that sees what it says happen then.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use lacewing_broker::{Command, Config};
use lacewing_protocol::{
    Ack, Packet, PacketId, QoS, ReasonCode, Subscribe, SubscriptionOptions, Unsubscribe, UserProperties,
};

use crate::story::*;

/// The dialogue of each limit, by the file it is in.
const DIALOGUES: &[(&str, &str, &str)] = &[
    ("durable", "durable", "promises_wait_for_their_records_and_nothing_else_waits"),
    ("authenticate", "connect", "the_host_is_asked_and_nothing_is_done_before_its_verdict"),
    ("connections", "connect", "more_connections_and_sessions_than_the_limits_are_turned_away"),
    ("connect_timeout", "connect", "a_connection_without_connect_is_closed_after_a_while"),
    ("keep_alive_maximum", "connect", "the_server_keep_alive_is_the_one_that_counts"),
    ("maximum_packet_size", "flow", "a_packet_larger_than_the_broker_takes_ends_the_connection"),
    ("receive_maximum", "quota", "a_client_that_exceeds_the_receive_maximum_is_sent_away"),
    ("topic_alias_maximum", "publish", "a_topic_alias_stands_for_a_topic_on_its_own_connection_only"),
    ("topic_aliases_sent", "aliases", "the_first_topics_get_aliases_and_the_others_go_by_their_names"),
    ("topic_alias_bytes", "limits", "topic_aliases_that_stand_for_too_many_bytes_end_the_connection"),
    ("response_information", "terms", "response_information_is_given_to_who_asks_for_it"),
    ("server_reference", "terms", "clients_can_be_sent_to_another_server"),
    ("client_id_length", "connect", "an_id_that_is_too_long_is_refused"),
    ("topic_levels", "subscriptions", "a_topic_with_too_many_levels_is_refused"),
    ("sessions", "connect", "more_connections_and_sessions_than_the_limits_are_turned_away"),
    (
        "session_expiry_maximum",
        "session",
        "a_disconnect_may_prolong_the_session_up_to_what_the_broker_allows",
    ),
    ("subscriptions", "subscriptions", "subscriptions_beyond_the_limits_are_refused_one_by_one"),
    ("wildcard_subscriptions", "terms", "what_is_not_available_is_told_and_refused"),
    ("shared_subscriptions", "terms", "what_is_not_available_is_told_and_refused"),
    ("subscription_identifiers", "terms", "what_is_not_available_is_told_and_refused"),
    ("subscription_bytes", "limits", "filters_that_are_too_many_bytes_together_are_refused"),
    ("inflight", "limits", "no_more_messages_are_on_their_way_to_a_client_than_the_broker_keeps"),
    ("queue_messages", "flow", "a_full_queue_drops_the_newest_and_counts_it"),
    ("queue_bytes", "limits", "a_queue_with_too_many_bytes_drops_what_does_not_fit"),
    ("report_full_queues", "limits", "a_publisher_is_told_that_a_queue_was_full_if_that_is_wanted"),
    ("outgoing_bytes", "flow", "a_receiver_that_stays_slow_misses_messages_and_holds_nobody_up_any_longer"),
    ("pause_maximum", "flow", "a_receiver_that_stays_slow_misses_messages_and_holds_nobody_up_any_longer"),
    ("stall_maximum", "flow", "nobody_waits_long_for_a_receiver_that_takes_nothing"),
    ("held_bytes", "flow", "a_paused_connection_that_goes_on_sending_is_ended"),
    ("backlog_bytes", "durable", "who_makes_records_waits_while_too_many_are_not_durable"),
    ("retained_messages", "retained", "retained_messages_beyond_the_limits_are_delivered_and_not_kept"),
    ("retained_bytes", "retained", "retained_messages_beyond_the_limits_are_delivered_and_not_kept"),
    ("sys_interval", "sys", "sys_can_be_turned_off_and_on"),
    ("restart_grace", "durable", "a_crash_holds_wills_back_for_the_restart_grace"),
    ("events", "operator", "events_are_off_until_they_are_asked_for_and_bounded_when_nobody_drains_them"),
    ("event_preview", "limits", "an_event_shows_the_first_bytes_of_a_payload"),
];

#[test]
fn every_limit_has_its_dialogue() {
    let config = serde_json::to_value(Config::default()).unwrap();
    let limits: BTreeSet<&str> = config.as_object().unwrap().keys().map(String::as_str).collect();
    let listed: BTreeSet<&str> = DIALOGUES.iter().map(|(limit, ..)| *limit).collect();
    assert_eq!(listed, limits);
    for (limit, file, test) in DIALOGUES {
        let source = match *file {
            "aliases" => include_str!("aliases.rs"),
            "connect" => include_str!("connect.rs"),
            "durable" => include_str!("durable.rs"),
            "flow" => include_str!("flow.rs"),
            "limits" => include_str!("limits.rs"),
            "operator" => include_str!("operator.rs"),
            "publish" => include_str!("publish.rs"),
            "quota" => include_str!("quota.rs"),
            "retained" => include_str!("retained.rs"),
            "session" => include_str!("session.rs"),
            "subscriptions" => include_str!("subscriptions.rs"),
            "sys" => include_str!("sys.rs"),
            "terms" => include_str!("terms.rs"),
            other => panic!("{limit}: no file {other}"),
        };
        assert!(source.contains(&format!("#[test]\nfn {test}(")), "{limit}: no test {test}");
    }
}

#[test]
fn topic_aliases_that_stand_for_too_many_bytes_end_the_connection() {
    let story = Story::with(Config { topic_alias_bytes: 10, ..Config::default() });
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("#", QoS::AtMostOnce);
    let aliased = |topic: &str, alias| {
        let mut publish = message(topic, "x");
        publish.properties.topic_alias = NonZeroU16::new(alias);
        publisher.send(Packet::Publish(publish));
    };
    aliased("12345", 1);
    aliased("67890", 2);
    // An alias that stands for another topic no longer stands for the former one.
    aliased("abcde", 1);
    assert_eq!(subscriber.rest().len(), 3);
    aliased("x", 3);
    publisher.is_sent_away(ReasonCode::QuotaExceeded);
}

fn subscribe(filter: &str) -> Packet {
    Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        filters: vec![(filter.try_into().unwrap(), SubscriptionOptions::default())],
        subscription_identifier: None,
        user_properties: UserProperties::new(),
    })
}

#[test]
fn filters_that_are_too_many_bytes_together_are_refused() {
    let story = Story::with(Config { subscription_bytes: 200, ..Config::default() });
    for (client, refused) in [
        (story.client("new"), ReasonCode::QuotaExceeded),
        (story.old_client("old"), ReasonCode::UnspecifiedError),
    ] {
        let asks = |filter: &str| {
            client.send(subscribe(filter));
            match client.receive() {
                Packet::SubAck(ack) => ack.reasons[0],
                other => panic!("expected SUBACK, got {other}"),
            }
        };
        assert_eq!(asks(&"x".repeat(100)), ReasonCode::Success);
        assert_eq!(asks("a/+"), refused, "three bytes and two levels");
        assert_eq!(asks("+"), ReasonCode::Success, "one byte and one level");
        assert_eq!(asks("+"), ReasonCode::Success, "it is there");
        assert_eq!(asks(&"y".repeat(36)), refused);
        client.send(Packet::Unsubscribe(Unsubscribe {
            packet_id: PacketId::MIN,
            filters: vec!["+".try_into().unwrap()],
            user_properties: UserProperties::new(),
        }));
        assert!(matches!(client.receive(), Packet::UnsubAck(_)));
        assert_eq!(asks(&"y".repeat(36)), ReasonCode::Success);
    }
}

#[test]
fn no_more_messages_are_on_their_way_to_a_client_than_the_broker_keeps() {
    let story = Story::with(Config { inflight: 2, ..Config::default() });
    for subscriber in [story.client("new"), story.old_client("old")] {
        subscriber.subscribe("t", QoS::AtLeastOnce);
        for id in 1..=3 {
            story.client("p").publish_qos("t", &id.to_string(), QoS::AtLeastOnce, id);
        }
        let first = subscriber.expect("t", "1");
        subscriber.expect("t", "2");
        subscriber.hears_nothing();
        subscriber.acknowledge(&first);
        subscriber.expect("t", "3");
        subscriber.vanishes();
    }
}

#[test]
fn a_queue_with_too_many_bytes_drops_what_does_not_fit() {
    let story = Story::with(Config { queue_bytes: 100, ..Config::default() });
    let (subscriber, _) = story.lasting("s");
    subscriber.subscribe("t", QoS::AtLeastOnce);
    subscriber.vanishes();
    let publisher = story.client("p");
    for (id, length) in [(1, 60), (2, 60), (3, 20)] {
        publisher.publish_qos("t", &"x".repeat(length), QoS::AtLeastOnce, id);
    }
    assert_eq!(story.world().broker.metrics().dropped_queue, 1);
    let (subscriber, _) = story.lasting("s");
    for length in [60, 20] {
        subscriber.expect("t", &"x".repeat(length));
    }
    subscriber.hears_nothing();
}

#[test]
fn a_publisher_is_told_that_a_queue_was_full_if_that_is_wanted() {
    // §4.3.3: a PUBREC that reports an error ends the exchange.
    for told in [false, true] {
        let config = Config { queue_messages: 1, report_full_queues: told, ..Config::default() };
        let story = Story::with(Config { durable: true, ..config });
        let (full, _) = story.lasting("full");
        full.subscribe("t", QoS::ExactlyOnce);
        full.vanishes();
        let here = story.client("here");
        here.subscribe("t", QoS::AtMostOnce);
        let (publisher, _) = story.lasting("p");
        let old = story.old_client("old");
        assert_eq!(publisher.publish_qos("t", "1", QoS::AtLeastOnce, 1), ReasonCode::Success);
        let expected = if told { ReasonCode::QuotaExceeded } else { ReasonCode::Success };
        assert_eq!(publisher.publish_qos("t", "2", QoS::AtLeastOnce, 2), expected);
        publisher.send(Packet::Publish(with_qos(message("t", "3"), QoS::ExactlyOnce, 3)));
        let id = PacketId::new(3).unwrap();
        assert_eq!(publisher.receive(), Packet::PubRec(Ack::new(id, expected)));
        assert_eq!(old.publish_qos("t", "4", QoS::ExactlyOnce, 3), ReasonCode::Success);
        for payload in ["1", "2", "3", "4"] {
            here.expect("t", payload);
        }
        assert_eq!(story.world().broker.metrics().dropped_queue, 3);
        if told {
            // The identifier is free, and nothing of it is left after a crash.
            assert_eq!(
                publisher.publish_qos("u", "5", QoS::ExactlyOnce, 3),
                ReasonCode::NoMatchingSubscribers
            );
            let is_incoming = |table: lacewing_broker::Table| table == lacewing_broker::Table::Incoming;
            assert!(!story.world().store.keys().any(|(table, _)| is_incoming(*table)));
        }
    }
}

#[test]
fn an_event_shows_the_first_bytes_of_a_payload() {
    let story = Story::with(Config { event_preview: 3, ..Config::default() });
    story.events();
    story.client("p").publish("t", "hello");
    let published = story.events().into_iter().find(|event| event.starts_with("Published")).unwrap();
    assert!(published.contains("head: [104, 101, 108], len: 5"), "{published}");
}

#[test]
fn the_longest_names_there_are_work_when_the_limits_let_them() {
    // §1.5.4: 65 535 bytes, which may be as many levels
    let config = Config { topic_levels: u16::MAX, client_id_length: u16::MAX, ..Config::default() };
    let story = Story::with(Config { durable: true, ..config });
    let id = "i".repeat(65_535);
    let deep = format!("{}x", "/".repeat(65_534));
    let (client, _) = story.lasting(&id);
    client.subscribe(&deep, QoS::AtLeastOnce);
    client.subscribe(&format!("{}+", "+/".repeat(30_000)), QoS::AtLeastOnce);
    client.subscribe(&format!("{}#", "a/".repeat(30_000)), QoS::AtLeastOnce);
    client.subscribe(&format!("$share/g/{}#", "a/".repeat(30_000)), QoS::AtLeastOnce);
    let publisher = story.client("p");
    let topic = format!("{}b", "a/".repeat(30_000));
    for (number, topic) in [deep.as_str(), &topic].into_iter().enumerate() {
        let publish = with_qos(retained(topic, "x"), QoS::AtLeastOnce, number as u16 + 1);
        publisher.send(Packet::Publish(publish));
        assert!(matches!(publisher.receive(), Packet::PubAck(_)));
    }
    assert_eq!(client.rest().len(), 3, "both filters match at once, the share for itself");
    let story = story.crash();
    let late = story.client("late");
    late.subscribe(&format!("{}+", "+/".repeat(30_000)), QoS::AtMostOnce);
    assert_eq!(late.expect(&topic, "x").topic.unwrap().len(), 60_001);
    let (client, ack) = story.lasting(&id);
    assert!(ack.session_present);
    assert_eq!(client.rest().len(), 3);
    assert_eq!(client.unsubscribe(&deep), [ReasonCode::Success]);
    story.command(Command::EndSession { client_id: id });
    late.disconnects();
    assert_eq!(story.world().broker.metrics().subscriptions, 0);
}
