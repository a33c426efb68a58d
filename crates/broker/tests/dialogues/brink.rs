//! Limits are meant to the byte and to the message: what is just within one goes as if there were none.

use lacewing_broker::{Command, Config, Input};
use lacewing_protocol::{Packet, Publish, QoS};

use crate::story::*;

/// A payload with which a QoS 0 message to `t` is 100 bytes on the wire, and any message counts as 100 in a queue.
fn hundred() -> String {
    "x".repeat(94)
}

/// The operator publishes, for whom nobody is held up.
fn announce(story: &Story, qos: QoS) {
    let Publish { topic, payload, properties, .. } = message("t", &hundred());
    let topic = topic.unwrap();
    let command = Command::Publish { topic, payload, qos, retain: false, properties };
    story.world().handle(Input::Command(command));
}

fn waiting_publishers(story: &Story) -> u32 {
    story.world().broker.metrics().paused
}

#[test]
fn a_publisher_waits_once_more_bytes_wait_for_a_receiver_than_may() {
    let story = Story::with(Config { outgoing_bytes: 2000, ..Config::default() });
    let (publisher, slow) = (story.client("p"), story.client("slow"));
    slow.subscribe("t", QoS::AtMostOnce);
    slow.stops_reading();
    for sent in 0..21 {
        publisher.publish("t", &hundred());
        assert_eq!(waiting_publishers(&story), 0, "{sent} messages waited");
    }
    publisher.publish("t", &hundred());
    assert_eq!(waiting_publishers(&story), 1);
}

#[test]
fn messages_for_which_nobody_can_wait_may_pile_up_to_twice_the_limit() {
    for filter in ["t", "$share/g/t"] {
        let story = Story::with(Config { outgoing_bytes: 2000, ..Config::default() });
        let slow = story.client("slow");
        slow.subscribe(filter, QoS::AtMostOnce);
        slow.stops_reading();
        for _ in 0..43 {
            announce(&story, QoS::AtMostOnce);
        }
        slow.reads_again();
        assert_eq!(slow.rest().len(), 41, "{filter}");
        let metrics = *story.world().broker.metrics();
        assert_eq!(
            (metrics.dropped_slow, metrics.dropped_shared),
            if filter == "t" { (2, 0) } else { (0, 2) }
        );
    }
}

#[test]
fn a_member_of_a_share_has_its_turn_until_more_bytes_wait_for_it_than_may() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let story = Story::with(Config { outgoing_bytes: 2000, ..Config::default() });
        let (slow, fast) = (story.client("slow"), story.client("fast"));
        for member in [&slow, &fast] {
            member.subscribe("$share/g/t", qos);
        }
        slow.stops_reading();
        for _ in 0..100 {
            announce(&story, qos);
        }
        slow.reads_again();
        // A Packet Identifier is two bytes more, so that the twentieth goes over the limit.
        let turns = if qos == QoS::AtMostOnce { 21 } else { 20 };
        assert_eq!((slow.rest().len(), fast.rest().len()), (turns, 100 - turns), "{qos:?}");
    }
}

#[test]
fn a_queue_takes_just_what_it_may_and_then_nothing() {
    let by_number = Config { queue_messages: 20, ..Config::default() };
    let by_bytes = Config { queue_bytes: 2000, ..Config::default() };
    for config in [by_number, by_bytes] {
        for filter in ["t", "$share/g/t"] {
            let story = Story::with(config.clone());
            let away = story.lasting("away").0;
            away.subscribe(filter, QoS::AtLeastOnce);
            away.vanishes();
            for _ in 0..22 {
                announce(&story, QoS::AtLeastOnce);
            }
            let metrics = *story.world().broker.metrics();
            assert_eq!(metrics.queued, 20, "{filter}");
            assert_eq!(metrics.dropped_queue + metrics.dropped_shared, 2, "{filter}");
            assert_eq!(story.lasting("away").0.rest().len(), 20, "{filter}");
            assert_eq!(story.world().broker.metrics().queued, 0, "{filter}");
        }
    }
}

#[test]
fn a_publisher_waits_once_more_than_half_a_queue_is_taken() {
    let by_number = Config { queue_messages: 20, ..Config::default() };
    let by_bytes = Config { queue_bytes: 2000, ..Config::default() };
    for config in [by_number, by_bytes] {
        let story = Story::with(Config { inflight: 2, ..config });
        let (publisher, slow) = (story.client("p"), story.client("slow"));
        slow.subscribe("t", QoS::AtLeastOnce);
        // Two are in flight and ten in the queue.
        for id in 1..=12 {
            publisher.send(Packet::Publish(with_qos(message("t", &hundred()), QoS::AtLeastOnce, id)));
            assert_eq!(waiting_publishers(&story), 0, "after {id}");
        }
        publisher.send(Packet::Publish(with_qos(message("t", &hundred()), QoS::AtLeastOnce, 13)));
        assert_eq!(waiting_publishers(&story), 1);
    }
}

#[test]
fn what_a_client_publishes_is_counted_numbered_and_told() {
    let story = Story::new();
    let client = story.client("c");
    story.events();
    let before = *story.world().broker.metrics();
    client.publish("t", "12345");
    client.publish_qos("t", "1234567", QoS::AtLeastOnce, 1);
    client.publish_qos("t", "123", QoS::ExactlyOnce, 1);
    let after = *story.world().broker.metrics();
    assert_eq!(after.payload_in - before.payload_in, 15);
    assert_eq!(after.published, [1, 1, 1]);
    assert_eq!(after.unmatched - before.unmatched, 3);
    assert_eq!(story.world().broker.client("c").unwrap().info.messages_in, 3);
    let numbers: Vec<_> = (1..=3).map(|number| format!("message: {number},")).collect();
    let (events, others): (Vec<_>, Vec<_>) =
        story.events().into_iter().partition(|event| event.starts_with("Published"));
    assert_eq!(others.iter().filter(|event| event.starts_with("NoSubscribers")).count(), 3);
    assert_eq!(events.len(), 3);
    for (event, number) in events.iter().zip(numbers) {
        assert!(event.contains(&number) && event.contains("receivers: 0"), "{event}");
    }
}
