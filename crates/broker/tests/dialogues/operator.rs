//! What an operator sees and does.

use bytes::Bytes;
use lacewing_broker::{CloseReason, Command, Config, Ending, EventMask, NotDelivered};
use lacewing_protocol::{Connect, Packet, PublishProperties, QoS, ReasonCode, SubscriptionOptions};

use crate::story::*;

#[test]
fn a_kick_disconnects_and_keeps_the_session_and_ending_the_session_does_not() {
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let connect = Connect { will: Some(will("status", "offline")), clean_start: false, ..expiring("c", 60) };
    let (client, _) = story.enter(connect.clone());
    story.command(Command::Kick { client_id: "c".to_owned(), reason: ReasonCode::AdministrativeAction });
    client.is_sent_away(ReasonCode::AdministrativeAction);
    assert_eq!(client.close_reason(), Some(CloseReason::Kicked));
    watcher.expect("status", "offline");
    let info = story.world().broker.client("c").unwrap().info;
    assert_eq!((info.connected, info.ended), (false, Some(Ending::Kicked)));

    let (_client, ack) = story.enter(connect);
    assert!(ack.session_present);
    story.command(Command::EndSession { client_id: "c".to_owned() });
    assert!(story.world().broker.client("c").is_none());
    watcher.hears_nothing();
}

#[test]
fn an_operator_publishes_and_clears_retained_messages() {
    let story = Story::new();
    let client = story.client("c");
    client.subscribe("home/#", QoS::AtLeastOnce);
    story.command(Command::Publish {
        topic: "home/lamp".try_into().unwrap(),
        payload: Bytes::from_static(b"on"),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: PublishProperties::new(),
    });
    client.expect("home/lamp", "on");
    let everything = "#".try_into().unwrap();
    let retained = story.world().broker.retained(&everything, 10);
    assert_eq!((retained[0].topic.as_str(), &retained[0].payload.head[..]), ("home/lamp", &b"on"[..]));
    story.command(Command::DropRetained { filter: "home/+".try_into().unwrap() });
    assert_eq!(story.world().broker.retained(&everything, 10), []);
    assert_eq!(story.world().broker.metrics().retained, 0);
}

#[test]
fn explain_tells_why_a_client_gets_a_message_or_not() {
    let story = Story::new();
    let (client, _) = story.lasting("c");
    client.subscribe("a/+", QoS::AtMostOnce);
    client.subscribe("$share/g/a/#", QoS::AtLeastOnce);
    let topic = "a/b".try_into().unwrap();
    let explanation = story.world().broker.explain("c", &topic);
    assert!(explanation.known && explanation.connected);
    let filters: Vec<_> =
        explanation.matching.iter().map(|subscription| subscription.filter.as_str()).collect();
    assert_eq!(filters, ["$share/g/a/#", "a/+"]);
    assert_eq!((explanation.granted, &explanation.shared[..]), (Some(1), &["g".to_owned()][..]));
    assert!(story.world().broker.explain("c", &"b".try_into().unwrap()).matching.is_empty());
    assert!(!story.world().broker.explain("nobody", &topic).known);
    client.unsubscribe("$share/g/a/#");
    client.vanishes();
    assert_eq!(story.world().broker.explain("c", &topic).obstacles, [NotDelivered::Away]);
}

#[test]
fn explain_names_the_subscription_that_comes_nearest_where_none_matches() {
    let story = Story::new();
    let client = story.client("c");
    let nearest = |topic: &'static str| {
        let explanation = story.world().broker.explain("c", &topic.try_into().unwrap());
        (explanation.matching.len(), explanation.nearest)
    };
    assert_eq!(nearest("home/kitchen/light"), (0, None));
    for filter in
        ["home/+/temperature", "home/Kitchen/light", "elsewhere/#", "$share/g/home/kitchen/light/set"]
    {
        client.subscribe(filter, QoS::AtMostOnce);
    }
    assert_eq!(nearest("home/kitchen/light"), (0, Some("$share/g/home/kitchen/light/set".into())));
    assert_eq!(nearest("home/kitchen/temperature/max"), (0, Some("home/+/temperature".into())));
    assert_eq!(nearest("/home/Kitchen/light"), (0, Some("home/Kitchen/light".into())));
    assert_eq!(nearest("nothing/alike"), (0, None));
    assert_eq!(nearest("home/attic/temperature"), (1, None));
}

#[test]
fn of_very_many_subscriptions_explain_looks_at_the_first_and_counts_the_others() {
    let story = Story::new();
    let client = story.client("c");
    for part in 0..41 {
        client.subscribe_to_all((0..500).map(|number| format!("{part:02}/{number}/+")), QoS::AtMostOnce);
    }
    for (topic, matching) in [("00/7/x", 1), ("40/7/x", 0)] {
        let explanation = story.world().broker.explain("c", &topic.try_into().unwrap());
        assert_eq!((explanation.matching.len(), explanation.unseen), (matching, 500));
    }
}

#[test]
fn a_client_in_detail() {
    let story = Story::new();
    let mut connect = Connect { keep_alive: 60, will: Some(will("w", "bye")), ..expiring("c", 100) };
    connect.properties.receive_maximum = std::num::NonZeroU16::new(1);
    let (client, _) = story.enter(connect);
    let options = SubscriptionOptions { qos: QoS::AtLeastOnce, ..SubscriptionOptions::default() };
    client.subscribe_with("t", options, Some(9));
    for id in 1..=3 {
        story.client("p").publish_qos("t", "x", QoS::AtLeastOnce, id);
    }
    let detail = story.world().broker.client("c").unwrap();
    assert_eq!((detail.info.inflight, detail.info.queued, detail.info.subscriptions), (1, 2, 1));
    assert_eq!((detail.inflight.len(), detail.queue.len()), (1, 2));
    assert_eq!(detail.subscriptions[0].subscription_identifier, Some(9));
    assert_eq!((detail.info.version.as_str(), detail.info.keep_alive), ("5.0", 60));
    assert_eq!(detail.info.will.unwrap().topic, "w");
    let ids: Vec<_> =
        story.world().broker.clients(Some("b"), 1).into_iter().map(|info| info.client_id).collect();
    assert_eq!(ids, ["c"]);
}

#[test]
fn events_tell_what_happened_to_a_message() {
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("t", QoS::AtMostOnce);
    story.events();
    publisher.publish("t", "hello");
    publisher.publish("nowhere", "hello");
    let events = story.events();
    for expected in ["PacketIn", "Published", "Delivered", "PacketOut", "NoSubscribers"] {
        assert!(events.iter().any(|event| event.starts_with(expected)), "{expected} in {events:#?}");
    }
}

#[test]
fn a_delivery_names_the_subscriptions_it_went_by_at_that_time() {
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    subscriber.subscribe("home/#", QoS::AtMostOnce);
    story.events();
    publisher.publish("home/a", "1");
    subscriber.expect("home/a", "1");
    subscriber.subscribe("home/+", QoS::AtMostOnce);
    publisher.publish("home/a", "2");
    let named: Vec<String> =
        story.events().into_iter().filter(|event| event.starts_with("Delivered")).collect();
    assert!(named[0].contains(r#"filters: ["home/#"], was_retained: false"#), "{named:#?}");
    assert!(named[1].contains(r#"filters: ["home/#", "home/+"], was_retained: false"#), "{named:#?}");
}

#[test]
fn a_retained_message_is_told_apart_from_the_same_when_it_was_published() {
    let story = Story::new();
    let (publisher, subscriber) = (story.client("p"), story.client("s"));
    publisher.send(Packet::Publish(retained("home/a", "kept")));
    subscriber.subscribe("other/#", QoS::AtMostOnce);
    story.events();
    subscriber.subscribe("home/#", QoS::AtMostOnce);
    let events = story.events();
    let sent = events.iter().find(|event| event.starts_with("Delivered")).unwrap();
    assert!(sent.contains(r#"filters: ["home/#"], was_retained: true"#), "{sent}");
}

#[test]
fn events_are_off_until_they_are_asked_for_and_bounded_when_nobody_drains_them() {
    let config = Config { events: 3, ..Config::default() };
    let story = Story::with(config);
    story.command(Command::Watch { events: EventMask::NONE });
    story.events();
    let client = story.client("c");
    assert!(story.events().is_empty());
    story.command(Command::Watch { events: EventMask::PACKETS });
    {
        let mut world = story.world();
        let now = world.now;
        for _ in 0..10 {
            let bytes = Bytes::from_static(b"\xc0\0");
            world.broker.handle(now, lacewing_broker::Input::Received { conn: client.conn, bytes });
        }
        world.settle();
    }
    client.send(Packet::PingReq);
    let world = story.world();
    let numbers: Vec<_> = world.events.iter().map(|event| event.number).collect();
    assert_eq!(world.broker.metrics().events_missed, 17);
    assert!(world.events.iter().any(|event| format!("{:?}", event.kind) == "Overflow { missed: 17 }"));
    assert_eq!(&numbers[..3], [numbers[0], numbers[0] + 1, numbers[0] + 2]);
    assert_eq!(numbers[3], numbers[2] + 18);
}

#[test]
fn limits_can_be_changed_while_the_broker_runs() {
    let story = Story::new();
    story.command(Command::Reconfigure(Box::new(Config { sessions: 1, ..Config::default() })));
    let _client = story.client("a");
    story.is_refused(v5("b"), ReasonCode::QuotaExceeded);
}

#[test]
fn a_connection_keeps_what_its_connack_said_when_limits_change() {
    // §3.2.2.3
    let story = Story::new();
    let (client, subscriber) = (story.client("c"), story.client("s"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let limits = Config { receive_maximum: 1, topic_alias_maximum: 0, ..Config::default() };
    story.command(Command::Reconfigure(Box::new(limits)));
    for id in 1..=3 {
        let mut publish = with_qos(message("t", "x"), QoS::ExactlyOnce, id);
        publish.properties.topic_alias = std::num::NonZeroU16::new(id);
        client.send(Packet::Publish(publish));
        subscriber.expect("t", "x");
    }
    assert!(!client.is_closed());
    let (_, ack) = story.enter(v5("d"));
    assert_eq!(
        (ack.properties.receive_maximum.unwrap().get(), ack.properties.topic_alias_maximum),
        (1, None)
    );
}
