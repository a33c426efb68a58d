//! Topic aliases that the broker uses (§3.3.2.3.4).

use std::num::{NonZeroU16, NonZeroU32};

use lacewing_broker::Config;
use lacewing_protocol::{Connect, Packet, QoS};

use crate::story::*;

fn story() -> Story {
    Story::with(Config { topic_aliases_sent: 2, ..Config::default() })
}

/// A client that takes so many aliases and is subscribed to everything.
fn taking(story: &Story, client_id: &str, most: u16) -> Client {
    let mut connect = Connect { clean_start: false, ..expiring(client_id, 60) };
    connect.properties.topic_alias_maximum = Some(most).filter(|most| *most > 0);
    let (client, ack) = story.enter(connect);
    if !ack.session_present {
        client.subscribe("#", QoS::ExactlyOnce);
    }
    client
}

/// The topic and alias of the next message.
fn named(client: &Client) -> (Option<String>, Option<u16>) {
    let got = client.message();
    (got.topic.map(|topic| topic.to_string()), got.properties.topic_alias.map(NonZeroU16::get))
}

fn name(topic: &str) -> Option<String> {
    Some(topic.to_owned())
}

#[test]
fn the_first_topics_get_aliases_and_the_others_go_by_their_names() {
    // [MQTT-3.1.2-26], [MQTT-3.3.2-8], [MQTT-3.3.2-11]
    let story = story();
    let (many, one, none) = (taking(&story, "many", 9), taking(&story, "one", 1), taking(&story, "none", 0));
    let old = story.old_client("old");
    old.subscribe("#", QoS::AtMostOnce);
    let publisher = story.client("p");
    for topic in ["first/topic", "second/topic", "first/topic", "third/topic", "second/topic", "x"] {
        publisher.publish(topic, "x");
    }
    let expected = [
        (name("first/topic"), Some(1)),
        (name("second/topic"), Some(2)),
        (None, Some(1)),
        (name("third/topic"), None),
        (None, Some(2)),
        (name("x"), None),
    ];
    assert_eq!([(); 6].map(|()| named(&many)), expected);
    let alone = [(); 6].map(|()| named(&one));
    assert_eq!(alone[..3], [expected[0].clone(), (name("second/topic"), None), expected[2].clone()]);
    for client in [&none, &old] {
        for _ in 0..6 {
            let (topic, alias) = named(client);
            assert!(topic.is_some() && alias.is_none());
        }
    }
}

#[test]
fn without_the_setting_no_alias_is_used() {
    let story = Story::new();
    let client = taking(&story, "c", 10);
    for _ in 0..2 {
        story.client("p").publish("some/topic", "x");
        assert_eq!(named(&client), (name("some/topic"), None));
    }
}

#[test]
fn aliases_end_with_their_connection() {
    // [MQTT-3.3.2-7]
    let story = story();
    let client = taking(&story, "c", 2);
    let publisher = story.client("p");
    publisher.publish_qos("first/topic", "1", QoS::AtLeastOnce, 1);
    publisher.publish_qos("second/topic", "2", QoS::AtLeastOnce, 2);
    assert_eq!(client.rest().len(), 2);
    client.vanishes();
    publisher.publish_qos("second/topic", "3", QoS::AtLeastOnce, 3);
    let client = taking(&story, "c", 1);
    assert_eq!(named(&client), (name("first/topic"), Some(1)));
    assert_eq!([(); 2].map(|()| named(&client)), [(); 2].map(|()| (name("second/topic"), None)));
}

#[test]
fn an_alias_makes_no_message_too_large() {
    // [MQTT-3.1.2-24]
    let story = story();
    let mut connect = v5("c");
    connect.properties.topic_alias_maximum = Some(2);
    connect.properties.maximum_packet_size = NonZeroU32::new(32);
    let (client, _) = story.enter(connect);
    client.subscribe("#", QoS::AtLeastOnce);
    // Fixed header, topic, identifier, properties: 18 bytes, which leaves 14.
    story.client("p").publish_qos("some/topic", &"x".repeat(13), QoS::AtLeastOnce, 1);
    assert_eq!(named(&client), (name("some/topic"), None));
    for expected in [(name("some/topic"), Some(1)), (None, Some(1))] {
        story.client("p").publish_qos("some/topic", "x", QoS::AtLeastOnce, 1);
        assert_eq!(named(&client), expected);
    }
    assert_eq!(story.world().broker.metrics().dropped_large, 0);
}

#[test]
fn topics_that_are_too_many_bytes_together_go_by_their_names() {
    let config = Config { topic_aliases_sent: 9, topic_alias_bytes: 15, ..Config::default() };
    let story = Story::with(config);
    let client = taking(&story, "c", 9);
    for topic in ["some/topic", "another/topic"] {
        story.client("p").publish(topic, "x");
    }
    assert_eq!(named(&client), (name("some/topic"), Some(1)));
    assert_eq!(named(&client), (name("another/topic"), None));
    client.send(Packet::PingReq);
    assert_eq!(client.receive(), Packet::PingResp);
}
