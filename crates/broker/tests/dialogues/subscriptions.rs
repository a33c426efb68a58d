//! Subscriptions, shared ones apart (§3.8 to §3.11, §4.7).

use lacewing_broker::Config;
use lacewing_protocol::{
    Packet, PacketId, QoS, ReasonCode, Subscribe, SubscriptionOptions, TopicFilter, Unsubscribe,
    UserProperties,
};

use crate::story::*;

fn qos(qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions { qos, ..SubscriptionOptions::default() }
}

#[test]
fn overlapping_subscriptions_give_one_message_with_the_highest_qos_and_all_identifiers() {
    // [MQTT-3.3.4-2], [MQTT-3.3.4-3], [MQTT-3.3.4-4]
    let story = Story::new();
    let subscriber = story.client("s");
    subscriber.subscribe_with("a/#", qos(QoS::AtMostOnce), Some(1));
    subscriber.subscribe_with("a/+", qos(QoS::ExactlyOnce), Some(2));
    subscriber.subscribe_with("a/b", qos(QoS::AtLeastOnce), None);
    story.client("p").publish_qos("a/b", "x", QoS::ExactlyOnce, 1);
    let got = subscriber.expect("a/b", "x");
    let mut ids = got.properties.subscription_identifiers.clone();
    ids.sort_unstable();
    assert_eq!((got.qos, ids), (QoS::ExactlyOnce, vec![1, 2]));
    subscriber.hears_nothing();
}

#[test]
fn a_subscription_made_again_replaces_the_former_one() {
    // [MQTT-3.8.4-3]
    let story = Story::new();
    let subscriber = story.client("s");
    subscriber.subscribe_with("t", qos(QoS::ExactlyOnce), Some(1));
    subscriber.subscribe_with("t", qos(QoS::AtMostOnce), Some(2));
    assert_eq!(story.world().broker.metrics().subscriptions, 1);
    story.client("p").publish_qos("t", "x", QoS::ExactlyOnce, 1);
    let got = subscriber.expect("t", "x");
    assert_eq!((got.qos, &got.properties.subscription_identifiers[..]), (QoS::AtMostOnce, &[2][..]));
}

#[test]
fn no_local_keeps_a_clients_own_messages_from_it() {
    // [MQTT-3.8.3-3]
    let story = Story::new();
    let (client, other) = (story.client("c"), story.client("other"));
    client.subscribe_with("t", SubscriptionOptions { no_local: true, ..qos(QoS::AtMostOnce) }, None);
    client.publish("t", "mine");
    client.hears_nothing();
    other.publish("t", "yours");
    client.expect("t", "yours");
}

#[test]
fn a_client_hears_itself_without_no_local() {
    let story = Story::new();
    let client = story.old_client("c");
    client.subscribe("t", QoS::AtMostOnce);
    client.publish("t", "mine");
    client.expect("t", "mine");
}

#[test]
fn after_unsuback_no_message_comes() {
    // [MQTT-3.10.4-2], [MQTT-3.10.4-4], [MQTT-3.11.3-2]
    let story = Story::new();
    let client = story.client("c");
    client.subscribe("t", QoS::AtMostOnce);
    assert_eq!(client.unsubscribe("t"), [ReasonCode::Success]);
    assert_eq!(client.unsubscribe("t"), [ReasonCode::NoSubscriptionExisted]);
    story.client("p").publish("t", "x");
    client.hears_nothing();
}

#[test]
fn a_leading_wildcard_does_not_match_a_dollar_topic() {
    // [MQTT-4.7.2-1]
    let story = Story::new();
    let (wild, precise) = (story.client("wild"), story.client("precise"));
    wild.subscribe("#", QoS::AtMostOnce);
    wild.subscribe("+/monitor", QoS::AtMostOnce);
    precise.subscribe("$internal/#", QoS::AtMostOnce);
    story.client("p").publish("$internal/monitor", "x");
    wild.hears_nothing();
    precise.expect("$internal/monitor", "x");
}

#[test]
fn subscriptions_beyond_the_limits_are_refused_one_by_one() {
    let story = Story::with(Config { subscriptions: 1, topic_levels: 3, ..Config::default() });
    let (new, old) = (story.client("new"), story.old_client("old"));
    for (client, full, deep) in [
        (&new, ReasonCode::QuotaExceeded, ReasonCode::TopicFilterInvalid),
        (&old, ReasonCode::UnspecifiedError, ReasonCode::UnspecifiedError),
    ] {
        assert_eq!(client.subscribe_with("a/b/c/d", qos(QoS::AtMostOnce), None), deep);
        client.subscribe("a", QoS::AtLeastOnce);
        assert_eq!(client.subscribe_with("b", qos(QoS::AtMostOnce), None), full);
        client.subscribe("a", QoS::ExactlyOnce);
    }
}

#[test]
fn a_topic_with_too_many_levels_is_refused() {
    let story = Story::with(Config { topic_levels: 3, ..Config::default() });
    let (new, old) = (story.client("new"), story.old_client("old"));
    assert_eq!(new.publish_qos("a/b/c/d", "x", QoS::AtLeastOnce, 1), ReasonCode::TopicNameInvalid);
    new.publish("a/b/c/d", "x");
    new.is_sent_away(ReasonCode::TopicNameInvalid);
    old.publish("a/b/c/d", "x");
    assert!(old.is_closed());
}

#[test]
fn a_subscribe_with_very_many_filters_is_answered_when_all_are_made() {
    let story = Story::new();
    let client = story.client("c");
    let packet_id = PacketId::MIN;
    let filters: Vec<TopicFilter> = (0..20_000).map(|n| format!("t/{n}").try_into().unwrap()).collect();
    client.send(Packet::Subscribe(Subscribe {
        packet_id,
        filters: filters.iter().map(|filter| (filter.clone(), qos(QoS::AtLeastOnce))).collect(),
        subscription_identifier: None,
        user_properties: UserProperties::new(),
    }));
    match client.receive() {
        Packet::SubAck(ack) => assert_eq!(ack.reasons, vec![ReasonCode::GrantedQoS1; 20_000]),
        other => panic!("expected SUBACK, got {other}"),
    }
    story.client("p").publish("t/19999", "x");
    client.expect("t/19999", "x");
    client.send(Packet::Unsubscribe(Unsubscribe {
        packet_id,
        filters,
        user_properties: UserProperties::new(),
    }));
    client.send(Packet::PingReq);
    match client.receive() {
        Packet::UnsubAck(ack) => assert_eq!(ack.reasons, vec![ReasonCode::Success; 20_000]),
        other => panic!("expected UNSUBACK, got {other}"),
    }
    assert_eq!(client.receive(), Packet::PingResp);
    assert_eq!(story.world().broker.metrics().subscriptions, 0);
}
