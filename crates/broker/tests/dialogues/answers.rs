//! Who is answered what: the small print of chapters 2 to 4 that no other story tells.

use std::num::NonZeroU16;

use lacewing_broker::Config;
use lacewing_protocol::{
    Ack, Connect, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode, Subscribe,
    SubscriptionOptions, TopicFilter, UserProperties,
};

use crate::story::*;

#[test]
fn every_answer_has_the_identifier_of_what_it_answers() {
    // [MQTT-2.2.1-5], [MQTT-2.2.1-6], [MQTT-3.3.4-1], [MQTT-3.8.4-1], [MQTT-3.8.4-2], [MQTT-3.10.4-4],
    // [MQTT-4.3.2-4], [MQTT-4.3.3-8], [MQTT-4.3.3-11]
    let story = Story::new();
    let client = story.client("c");
    for id in [1, 77, u16::MAX] {
        let packet_id = PacketId::new(id).unwrap();
        let no_match = Ack::new(packet_id, ReasonCode::NoMatchingSubscribers);
        client.send(Packet::Publish(message("t", "no answer")));
        client.hears_nothing();
        client.send(Packet::Publish(with_qos(message("t", "x"), QoS::AtLeastOnce, id)));
        assert_eq!(client.rest(), [Packet::PubAck(no_match.clone())]);
        client.send(Packet::Publish(with_qos(message("t", "x"), QoS::ExactlyOnce, id)));
        assert_eq!(client.rest(), [Packet::PubRec(no_match)]);
        client.send(Packet::PubRel(Ack::success(packet_id)));
        assert_eq!(client.rest(), [Packet::PubComp(Ack::success(packet_id))]);
        client.send_bytes(&[
            0x82,
            7,
            packet_id.value().to_be_bytes()[0],
            packet_id.value() as u8,
            0,
            0,
            1,
            b'u',
            0,
        ]);
        assert!(matches!(&client.rest()[..], [Packet::SubAck(ack)] if ack.packet_id == packet_id));
        client.send_bytes(&[
            0xa2,
            6,
            packet_id.value().to_be_bytes()[0],
            packet_id.value() as u8,
            0,
            0,
            1,
            b'u',
        ]);
        assert!(matches!(&client.rest()[..], [Packet::UnsubAck(ack)] if ack.packet_id == packet_id));
    }
}

#[test]
fn identifiers_on_their_way_are_not_0_and_not_in_use() {
    // [MQTT-2.2.1-4], [MQTT-4.3.2-1], [MQTT-4.3.3-1], [MQTT-4.3.2-2], [MQTT-4.3.3-2]
    let story = Story::with(Config { inflight: 40, ..Config::default() });
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let mut under_way: Vec<Publish> = Vec::new();
    for round in 0..2000_u16 {
        let qos = if round % 2 == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
        publisher.publish_qos("t", "x", qos, 1);
        let got = subscriber.message();
        assert_eq!((got.qos, got.dup), (qos, false));
        assert!(under_way.iter().all(|other| other.packet_id != got.packet_id), "in round {round}");
        under_way.push(got);
        if under_way.len() == 30 {
            // Old and new ones are completed in turn, so that what is in use has gaps.
            let at = usize::from(round) * 7 % 30;
            subscriber.acknowledge(&under_way.remove(at));
        }
    }
}

#[test]
fn a_subscription_is_answered_filter_by_filter() {
    // [MQTT-3.8.4-5], [MQTT-3.8.4-6], [MQTT-3.8.4-7], [MQTT-3.9.3-1], [MQTT-3.9.3-2]
    let story = Story::with(Config { topic_levels: 2, ..Config::default() });
    let client = story.client("c");
    let filters = [
        ("a", QoS::ExactlyOnce),
        ("a/b/c", QoS::AtLeastOnce),
        ("b", QoS::AtMostOnce),
        ("a", QoS::AtLeastOnce),
    ];
    client.send(Packet::Subscribe(Subscribe {
        packet_id: PacketId::new(9).unwrap(),
        filters: filters
            .iter()
            .map(|(filter, qos)| (TopicFilter::try_from(*filter).unwrap(), SubscriptionOptions::new(*qos)))
            .collect(),
        subscription_identifier: Some(5),
        user_properties: UserProperties::new(),
    }));
    match &client.rest()[..] {
        [Packet::SubAck(ack)] => {
            let granted = ReasonCode::granted;
            let expected = [
                granted(QoS::ExactlyOnce),
                ReasonCode::TopicFilterInvalid,
                granted(QoS::AtMostOnce),
                granted(QoS::AtLeastOnce),
            ];
            assert_eq!(ack.reasons, expected);
        }
        other => panic!("expected one SUBACK, got {other:?}"),
    }
    story.client("p").publish_qos("a", "x", QoS::ExactlyOnce, 1);
    let got = client.expect("a", "x");
    assert_eq!((got.qos, &got.properties.subscription_identifiers[..]), (QoS::AtLeastOnce, &[5][..]));
    client.hears_nothing();
}

#[test]
fn only_what_a_filter_matches_is_sent() {
    // [MQTT-3.3.2-3], [MQTT-4.5.0-1], [MQTT-4.7.3-4]
    let story = Story::new();
    let publisher = story.client("p");
    let exact = story.client("exact");
    exact.subscribe("home/kitchen/light", QoS::AtLeastOnce);
    let level = story.client("level");
    level.subscribe("home/+/light", QoS::AtMostOnce);
    let (away, _) = story.lasting("away");
    away.subscribe("home/#", QoS::AtLeastOnce);
    away.vanishes();
    let topics = [
        "home/kitchen/light",
        "home/hall/light",
        "home/kitchen",
        "Home/kitchen/light",
        "home/kitchen/light/",
    ];
    for topic in topics {
        publisher.publish_qos(topic, topic, QoS::AtLeastOnce, 1);
    }
    exact.expect(topics[0], topics[0]);
    exact.hears_nothing();
    for topic in &topics[..2] {
        level.expect(topic, topic);
    }
    level.hears_nothing();
    let (away, _) = story.lasting("away");
    for topic in [topics[0], topics[1], topics[2], topics[4]] {
        away.expect(topic, topic);
    }
    away.hears_nothing();
}

#[test]
fn the_first_answer_is_connack_and_there_is_no_second() {
    // [MQTT-3.2.0-1], [MQTT-3.2.0-2], [MQTT-3.1.4-5]
    let story = Story::new();
    let (away, _) = story.lasting("c");
    away.subscribe("t", QoS::AtLeastOnce);
    away.vanishes();
    story.client("p").publish_qos("t", "waits", QoS::AtLeastOnce, 1);
    let client = story.dial(ProtocolVersion::V5_0);
    client.hears_nothing();
    client.send(Packet::Connect(Box::new(Connect { clean_start: false, ..expiring("c", 60) })));
    match &client.rest()[..] {
        [Packet::ConnAck(ack), Packet::Publish(publish)] => {
            assert_eq!((ack.reason, publish.payload.as_ref()), (ReasonCode::Success, &b"waits"[..]));
        }
        other => panic!("expected CONNACK and the message, got {other:?}"),
    }
    client.send(Packet::Connect(Box::new(v5("c"))));
    let last = client.rest();
    assert!(matches!(&last[..], [Packet::Disconnect(_)]), "{last:?}");
}

#[test]
fn a_refusal_is_the_end_and_what_follows_it_is_not_read() {
    // [MQTT-3.1.4-1], [MQTT-3.1.4-2], [MQTT-3.1.4-6], [MQTT-3.2.2-7], [MQTT-3.2.2-8], [MQTT-3.14.0-1], [MQTT-4.13.2-1]
    let story = Story::new();
    let bad = [
        // A reserved flag, a client id that is too long, a will's topic with too many levels.
        v5_bytes(3, b"\x00\x01c"),
        v5_bytes(2, &[&[4, 1], &[b'x'; 1025][..]].concat()),
        v5_bytes(6, &[&b"\x00\x01c\x00\x00\xc8"[..], &[b'/'; 200], b"\x00\x00"].concat()),
    ];
    for connect in bad {
        let client = story.dial(ProtocolVersion::V5_0);
        client.send_bytes(&[&connect[..], b"\x31\x05\x00\x01t\x00x"].concat());
        match &client.rest()[..] {
            [Packet::ConnAck(ack)] => {
                assert!(
                    ack.reason.is_error() && ack.reason.is_valid_in(lacewing_protocol::PacketType::ConnAck)
                );
                assert!(!ack.session_present);
            }
            other => panic!("expected CONNACK alone, got {other:?}"),
        }
        assert!(client.is_closed());
    }
    assert_eq!(story.world().broker.metrics().retained, 0);
    assert_eq!(story.world().broker.clients(None, 10), []);
}

/// A 5.0 CONNECT without properties.
fn v5_bytes(flags: u8, payload: &[u8]) -> Vec<u8> {
    let body = [b"\x00\x04MQTT\x05".as_slice(), &[flags, 0, 0, 0], payload].concat();
    let length = [(body.len() & 0x7f) as u8 | 0x80, (body.len() >> 7) as u8];
    [&[0x10], &length[..], &body].concat()
}

#[test]
fn session_present_says_whether_there_was_a_session() {
    // [MQTT-3.2.2-2], [MQTT-3.2.2-3], [MQTT-3.1.2-6], [MQTT-3.1.3-2], [MQTT-3.1.4-4], [MQTT-4.1.0-1]
    let story = Story::new();
    let resume = |client_id| story.enter(Connect { clean_start: false, ..expiring(client_id, 60) });
    let (client, ack) = resume("c");
    assert!(!ack.session_present);
    client.subscribe("t", QoS::AtLeastOnce);
    // While the connection is open the session stays, however long that is.
    story.pass_seconds(1_000_000);
    story.client("p").publish("t", "1");
    client.expect("t", "1");
    client.vanishes();
    assert!(resume("c").1.session_present);
    assert!(!resume("d").1.session_present, "another client has another session");
    assert!(!story.enter(expiring("c", 60)).1.session_present);
    story.client("p").publish("t", "2");
}

#[test]
fn a_session_is_kept_for_its_expiry_and_then_forgotten() {
    // [MQTT-3.1.2-23], [MQTT-4.1.0-2]
    let story = Story::new();
    let resume = Connect { clean_start: false, ..expiring("c", 30) };
    let (client, _) = story.enter(resume.clone());
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    story.pass_seconds(29);
    story.client("p").publish_qos("t", "1", QoS::AtLeastOnce, 1);
    let (client, ack) = story.enter(resume.clone());
    assert!(ack.session_present);
    client.expect("t", "1");
    client.vanishes();
    story.pass_seconds(31);
    story.client("p").publish_qos("t", "2", QoS::AtLeastOnce, 1);
    let (client, ack) = story.enter(resume);
    assert!(!ack.session_present);
    client.hears_nothing();
    assert_eq!(story.world().broker.metrics().subscriptions, 0);
}

#[test]
fn an_assigned_id_is_a_client_id_like_others() {
    // [MQTT-3.1.3-7]
    let story = Story::new();
    let (client, ack) = story.enter(Connect { clean_start: false, ..expiring("", 60) });
    let id = ack.properties.assigned_client_identifier.unwrap();
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    let (_, ack) = story.enter(Connect { clean_start: false, ..expiring(&id, 60) });
    assert!(ack.session_present);
    assert_eq!(ack.properties.assigned_client_identifier, None);
}

#[test]
fn the_clients_keep_alive_counts_where_the_server_has_none() {
    // [MQTT-3.2.2-22]
    let story = Story::with(Config { keep_alive_maximum: 60, ..Config::default() });
    let (client, ack) = story.enter(Connect { keep_alive: 10, ..v5("c") });
    assert_eq!(ack.properties.server_keep_alive, None);
    story.pass_seconds(14);
    assert!(!client.is_closed());
    story.pass_seconds(1);
    client.is_sent_away(ReasonCode::KeepAliveTimeout);
}

#[test]
fn a_will_is_kept_with_its_session() {
    // [MQTT-3.1.2-7]
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let mut will = will("status", "offline");
    will.properties.will_delay_interval = Some(10);
    let (client, _) = story.enter(Connect { will: Some(will), ..expiring("c", 60) });
    let kept = story.world().broker.client("c").unwrap().info.will.unwrap();
    assert_eq!((kept.topic.as_str(), kept.delay), ("status", 10));
    client.vanishes();
    story.pass_seconds(9);
    watcher.hears_nothing();
    story.pass_seconds(1);
    watcher.expect("status", "offline");
}

#[test]
fn nothing_is_told_that_was_not_asked_for() {
    // [MQTT-3.1.2-28]: no Response Information; [MQTT-3.1.2-29]: reasons in CONNACK and DISCONNECT alone
    let story = Story::new();
    let mut connect = v5("c");
    connect.properties.request_problem_information = Some(false);
    connect.properties.request_response_information = Some(false);
    let (client, ack) = story.enter(connect);
    assert_eq!(ack.properties.response_information, None);
    let deep = "x/".repeat(200);
    client.send(Packet::Publish(with_qos(message(&deep, "x"), QoS::AtLeastOnce, 1)));
    client.send(Packet::Publish(with_qos(message(&deep, "x"), QoS::ExactlyOnce, 2)));
    match &client.rest()[..] {
        [Packet::PubAck(one), Packet::PubRec(two)] => {
            for ack in [one, two] {
                assert_eq!(ack.reason, ReasonCode::TopicNameInvalid);
                assert!(ack.properties.is_empty(), "{ack:?}");
            }
        }
        other => panic!("expected PUBACK and PUBREC, got {other:?}"),
    }
}

#[test]
fn a_refused_identifier_may_carry_another_message_at_once() {
    // [MQTT-4.3.3-9], [MQTT-4.3.2-5]
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::AtMostOnce);
    let deep = "x/".repeat(200);
    publisher.send(Packet::Publish(with_qos(message(&deep, "x"), QoS::ExactlyOnce, 1)));
    assert!(matches!(publisher.receive(), Packet::PubRec(ack) if ack.reason == ReasonCode::TopicNameInvalid));
    assert_eq!(publisher.publish_qos("t", "1", QoS::ExactlyOnce, 1), ReasonCode::Success);
    subscriber.expect("t", "1");
    // After PUBACK too, and whatever DUP says.
    for dup in [false, true] {
        publisher.send(Packet::Publish(Publish { dup, ..with_qos(message("t", "2"), QoS::AtLeastOnce, 1) }));
        assert!(matches!(publisher.receive(), Packet::PubAck(_)));
        subscriber.expect("t", "2");
    }
}

#[test]
fn a_message_is_unacknowledged_until_its_acknowledgement_has_come() {
    // [MQTT-4.3.2-3], [MQTT-4.3.3-3], [MQTT-4.3.3-4], [MQTT-4.3.3-5], [MQTT-4.3.3-6], [MQTT-4.4.0-1]
    let story = Story::new();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    publisher.publish_qos("t", "1", QoS::AtLeastOnce, 1);
    publisher.publish_qos("t", "2", QoS::ExactlyOnce, 1);
    let (one, two) = (client.expect("t", "1"), client.expect("t", "2"));
    let again = |client: Client| {
        client.vanishes();
        story.lasting("c").0
    };
    for _ in 0..3 {
        story.pass_seconds(100);
        client.hears_nothing();
    }
    let client = again(client);
    assert_eq!(client.expect("t", "1").packet_id, one.packet_id);
    assert_eq!(client.expect("t", "2").packet_id, two.packet_id);
    client.acknowledge(&one);
    let id = two.packet_id.unwrap();
    client.send(Packet::PubRec(Ack::success(id)));
    assert_eq!(client.rest(), [Packet::PubRel(Ack::success(id))]);
    let client = again(client);
    assert_eq!(client.rest(), [Packet::PubRel(Ack::success(id))]);
    let client = again(client);
    assert_eq!(client.rest(), [Packet::PubRel(Ack::success(id))]);
    client.send(Packet::PubComp(Ack::success(id)));
    again(client).hears_nothing();
}

#[test]
fn an_acknowledgement_with_an_error_ends_the_delivery() {
    // [MQTT-4.4.0-2]
    let story = Story::new();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    publisher.publish_qos("t", "1", QoS::AtLeastOnce, 1);
    publisher.publish_qos("t", "2", QoS::ExactlyOnce, 1);
    let (one, two) = (client.expect("t", "1"), client.expect("t", "2"));
    client.send(Packet::PubAck(Ack::new(one.packet_id.unwrap(), ReasonCode::QuotaExceeded)));
    client.send(Packet::PubRec(Ack::new(two.packet_id.unwrap(), ReasonCode::QuotaExceeded)));
    client.hears_nothing();
    client.vanishes();
    story.lasting("c").0.hears_nothing();
}

#[test]
fn a_message_that_was_sent_does_not_expire() {
    // [MQTT-4.3.3-7], [MQTT-4.3.3-13]
    let story = Story::new();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    for (payload, id) in [("1", 1), ("2", 2)] {
        let mut publish = with_qos(message("t", payload), QoS::ExactlyOnce, id);
        publish.properties.message_expiry_interval = Some(10);
        publisher.send(Packet::Publish(publish));
        assert!(matches!(publisher.receive(), Packet::PubRec(_)));
    }
    let sent = [client.expect("t", "1"), client.expect("t", "2")];
    client.send(Packet::PubRec(Ack::success(sent[0].packet_id.unwrap())));
    assert!(matches!(client.receive(), Packet::PubRel(_)));
    client.vanishes();
    story.pass_seconds(100);
    let (client, _) = story.lasting("c");
    assert_eq!(client.receive(), Packet::PubRel(Ack::success(sent[0].packet_id.unwrap())));
    let again = client.expect("t", "2");
    assert_eq!((again.dup, again.packet_id), (true, sent[1].packet_id));
    // The publisher's side goes on as well.
    for id in [1, 2] {
        let id = PacketId::new(id).unwrap();
        publisher.send(Packet::PubRel(Ack::success(id)));
        assert_eq!(publisher.receive(), Packet::PubComp(Ack::success(id)));
    }
}

#[test]
fn a_client_that_takes_no_aliases_gets_none() {
    // [MQTT-3.1.2-27]
    let story = Story::new();
    let (publisher, none, zero) = (story.client("p"), story.client("none"), v5("zero"));
    let mut zero = zero;
    zero.properties.topic_alias_maximum = Some(0);
    let (zero, _) = story.enter(zero);
    for client in [&none, &zero] {
        client.subscribe("#", QoS::AtMostOnce);
    }
    let mut publish = message("a/long/topic", "x");
    publish.properties.topic_alias = NonZeroU16::new(1);
    for _ in 0..10 {
        publisher.send(Packet::Publish(publish.clone()));
        for client in [&none, &zero] {
            assert_eq!(client.expect("a/long/topic", "x").properties.topic_alias, None);
        }
    }
}

#[test]
fn a_message_without_retain_leaves_the_retained_one_alone() {
    // [MQTT-3.3.1-8]
    let story = Story::new();
    let publisher = story.client("p");
    publisher.send(Packet::Publish(retained("t", "kept")));
    publisher.publish("t", "other");
    publisher.publish("t", "");
    let late = story.client("late");
    late.subscribe("t", QoS::AtMostOnce);
    late.expect("t", "kept");
    late.hears_nothing();
}
