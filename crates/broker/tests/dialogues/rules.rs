//! What access rules keep clients from.

use lacewing_broker::{
    Access, AccessRule, Act, Command, Config, Listener, NotDelivered, Rules, User, Verdict,
};
use lacewing_protocol::{
    Ack, Connect, Packet, PacketId, Publish, QoS, ReasonCode, RetainHandling, Subscribe, SubscriptionOptions,
    TopicFilter, TopicName, UserProperties, Utf8String,
};

use crate::story::*;

/// A rule as it reads: `deny publish home/#`.
fn rule(text: &str) -> AccessRule {
    let [verdict, act, topics] = text.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let verdict = if verdict == "allow" { Access::Allow } else { Access::Deny };
    let act = match act {
        "publish" => Act::Publish,
        "subscribe" => Act::Subscribe,
        _ => Act::Both,
    };
    let rule = AccessRule { verdict, act, topics: topics.to_owned().try_into().unwrap() };
    assert_eq!(rule.to_string(), text);
    rule
}

fn rules(texts: &[&str]) -> Vec<AccessRule> {
    texts.iter().map(|text| rule(text)).collect()
}

/// Rules for everyone.
fn common(texts: &[&str]) -> Rules {
    Rules { access: rules(texts), ..Rules::default() }
}

fn user(name: &str, texts: &[&str]) -> User {
    User { name: name.to_owned(), access: rules(texts), ..User::default() }
}

fn under(story: Story, rules: Rules) -> Story {
    story.set(rules);
    story
}

impl Story {
    fn set(&self, rules: Rules) {
        self.command(Command::Rules(Box::new(rules)));
    }

    /// Lets a client in as a user.
    fn enter_as(&self, mut connect: Connect, name: &str) -> Client {
        connect.username = Some(Utf8String::try_from(name).unwrap());
        let client = self.dial(connect.version);
        client.send(Packet::Connect(Box::new(connect)));
        self.answer(client.conn, Verdict::Allow { user: Some(name.to_owned()), data: None });
        match client.receive() {
            Packet::ConnAck(ack) => assert_eq!(ack.reason, ReasonCode::Success),
            other => panic!("expected CONNACK, got {other}"),
        }
        client
    }

    /// The reasons in words for which something was refused since the last call.
    fn refusals(&self) -> Vec<String> {
        let events = self.events().into_iter().filter(|event| event.starts_with("Refused"));
        events.map(|event| event.split("why: ").nth(1).unwrap().trim_end_matches(" }").to_owned()).collect()
    }

    fn not_delivered(&self) -> usize {
        let events = self.events().into_iter();
        events.filter(|event| event.starts_with("NotDelivered") && event.contains("NotAllowed")).count()
    }
}

#[test]
fn what_may_not_be_published_is_refused_as_the_version_has_it() {
    // [3.1.1 MQTT-3.3.5-2]
    let story = under(Story::new(), common(&["deny publish secret/#"]));
    let watcher = story.client("w");
    watcher.subscribe("#", QoS::ExactlyOnce);
    let (new, old) = (story.client("new"), story.old_client("old"));
    story.events();
    for client in [&new, &old] {
        client.publish("secret/a", "x");
        client.hears_nothing();
        let reason = if client.version.is_v5() { ReasonCode::NotAuthorized } else { ReasonCode::Success };
        assert_eq!(client.publish_qos("secret/a", "x", QoS::AtLeastOnce, 1), reason);
    }
    new.send(Packet::Publish(with_qos(message("secret", "x"), QoS::ExactlyOnce, 2)));
    match new.receive() {
        Packet::PubRec(ack) => assert_eq!(ack.reason, ReasonCode::NotAuthorized),
        other => panic!("expected PUBREC, got {other}"),
    }
    assert_eq!(old.publish_qos("secret", "x", QoS::ExactlyOnce, 2), ReasonCode::Success);
    watcher.hears_nothing();
    let refusals = story.refusals();
    assert_eq!(refusals.len(), 6);
    assert_eq!(refusals[0], "\"it may not publish to secret/a: deny publish secret/#\"");
    // The identifiers are free, and everything else goes on.
    assert_eq!(new.publish_qos("open", "1", QoS::ExactlyOnce, 2), ReasonCode::Success);
    assert_eq!(old.publish_qos("open", "2", QoS::ExactlyOnce, 2), ReasonCode::Success);
    watcher.expect("open", "1");
    watcher.expect("open", "2");
}

#[test]
fn before_5_0_a_denied_qos_2_message_is_completed_as_any_other() {
    // [3.1.1 MQTT-4.3.3-2]
    for topic in ["secret/a", "$SYS/broker/uptime"] {
        let story = under(Story::durable(), common(&["deny publish secret/#"]));
        let lasting = Connect { clean_start: false, ..v3("c") };
        let client = story.enter(lasting.clone()).0;
        let denied = with_qos(message(topic, "x"), QoS::ExactlyOnce, 7);
        let id = denied.packet_id.unwrap();
        let sends = |client: &Client, publish: Publish| {
            client.send(Packet::Publish(publish));
            assert_eq!(client.receive(), Packet::PubRec(Ack::success(id)), "{topic}");
        };
        story.events();
        sends(&client, denied.clone());
        sends(&client, Publish { dup: true, ..denied.clone() });
        assert_eq!(story.refusals().len(), 1, "the second is the first one again");
        // Until its release the identifier is this message's, on another connection and after a restart too.
        let story = story.crash();
        let watcher = story.client("w");
        watcher.subscribe("#", QoS::AtMostOnce);
        let client = story.enter(lasting).0;
        sends(&client, Publish { dup: true, ..denied });
        watcher.hears_nothing();
        for _ in 0..2 {
            client.send(Packet::PubRel(Ack::success(id)));
            assert_eq!(client.receive(), Packet::PubComp(Ack::success(id)));
        }
        sends(&client, with_qos(message("open", "1"), QoS::ExactlyOnce, 7));
        watcher.expect("open", "1");
    }
}

#[test]
fn a_refused_message_is_not_retained_and_clears_nothing() {
    let story = under(Story::new(), common(&["allow publish free", "deny publish #"]));
    let client = story.client("c");
    client.send(Packet::Publish(retained("t", "x")));
    client.send(Packet::Publish(retained("free", "x")));
    story.set(common(&["deny publish #"]));
    client.send(Packet::Publish(retained("free", "")));
    let all = TopicFilter::from_static("#").unwrap();
    assert_eq!(story.world().broker.retained(&all, 10).len(), 1);
}

#[test]
fn the_first_rule_that_speaks_of_a_topic_decides_and_the_users_own_come_first() {
    let users = vec![user("ada", &["allow publish a/b", "deny publish a/#"]), user("kim", &[])];
    let story = under(
        Story::new(),
        Rules { users, access: rules(&["deny publish a/b", "allow publish a/+"]), ..Rules::default() },
    );
    let (ada, kim) = (story.enter_as(v5("1"), "ada"), story.enter_as(v5("2"), "kim"));
    let anonymous = story.client("3");
    let publish = |client: &Client, topic| client.publish_qos(topic, "x", QoS::AtLeastOnce, 1).is_error();
    assert_eq!(["a/b", "a/c", "a", "b"].map(|topic| publish(&ada, topic)), [false, true, true, false]);
    for client in [kim, anonymous] {
        assert_eq!(
            ["a/b", "a/c", "a", "b"].map(|topic| publish(&client, topic)),
            [true, false, false, false]
        );
    }
}

#[test]
fn patterns_may_hold_the_client_id_and_the_user_name() {
    let users = vec![user("ada", &[])];
    let access = rules(&["allow both own/%c", "allow both users/%u/#", "deny both #"]);
    let story = under(Story::new(), Rules { users, access, ..Rules::default() });
    let (ada, anonymous) = (story.enter_as(v5("lamp"), "ada"), story.client("plug"));
    let publish = |client: &Client, topic| client.publish_qos(topic, "x", QoS::AtLeastOnce, 1).is_error();
    let topics = ["own/lamp", "own/plug", "users/ada/x", "users/kim", "users/%u", "own/%c"];
    assert_eq!(topics.map(|topic| publish(&ada, topic)), [false, true, false, true, true, true]);
    assert_eq!(topics.map(|topic| publish(&anonymous, topic)), [true, false, true, true, true, true]);
    // Who calls himself a wildcard gets nothing by it.
    let sly = story.client("+");
    assert!(publish(&sly, "own/lamp"));
    let options = SubscriptionOptions::default();
    assert_eq!(sly.subscribe_with("own/+", options, None), ReasonCode::NotAuthorized);
    assert_eq!(ada.subscribe_with("own/lamp", options, None), ReasonCode::Success);
}

#[test]
fn a_will_that_may_not_be_published_keeps_its_client_out() {
    let story = under(Story::new(), common(&["deny publish status/#"]));
    let with_will = |connect| Connect { will: Some(will("status/c", "gone")), ..connect };
    story.is_refused(with_will(v5("c")), ReasonCode::NotAuthorized);
    story.is_refused(with_will(v3("c")), ReasonCode::NotAuthorized);
    assert!(story.refusals()[0].contains("deny publish status/#"));
}

#[test]
fn a_will_is_checked_again_when_it_is_sent() {
    let story = Story::new();
    let watcher = story.client("w");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (client, _) = story.enter(Connect { will: Some(will("status", "gone")), ..v5("c") });
    story.set(common(&["deny publish status"]));
    client.vanishes();
    watcher.hears_nothing();
    assert!(
        story.events().iter().any(|event| event.contains("WillCancelled") && event.contains("NotAllowed"))
    );
}

#[test]
fn what_may_not_be_subscribed_to_is_refused_as_the_version_has_it() {
    let story = under(Story::new(), common(&["deny subscribe secret/#"]));
    let (new, old) = (story.client("new"), story.old_client("old"));
    story.events();
    let options = SubscriptionOptions::default();
    for filter in ["secret/#", "secret", "secret/a", "secret/+/x", "$share/g/secret/a"] {
        assert_eq!(new.subscribe_with(filter, options, None), ReasonCode::NotAuthorized, "{filter}");
        // [3.1.1 MQTT-3.9.3-2]
        assert_eq!(old.subscribe_with(filter, options, None), ReasonCode::UnspecifiedError, "{filter}");
    }
    assert_eq!(story.refusals()[0], "\"it may not subscribe to secret/#: deny subscribe secret/#\"");
    assert_eq!(story.world().broker.metrics().subscriptions, 0);
    // Of several filters in one packet, each has its own answer [MQTT-3.8.4-5].
    let filters = ["a", "secret/a", "b"].map(|filter| (TopicFilter::try_from(filter).unwrap(), options));
    let packet_id = PacketId::new(5).unwrap();
    new.send(Packet::Subscribe(Subscribe {
        packet_id,
        filters: filters.into(),
        subscription_identifier: None,
        user_properties: UserProperties::new(),
    }));
    match new.receive() {
        Packet::SubAck(ack) => {
            assert_eq!(ack.reasons, [ReasonCode::Success, ReasonCode::NotAuthorized, ReasonCode::Success])
        }
        other => panic!("expected SUBACK, got {other}"),
    }
}

#[test]
fn a_wider_subscription_delivers_what_is_allowed() {
    let story = under(
        Story::new(),
        common(&["allow subscribe home/open/#", "deny subscribe home/#", "deny subscribe $SYS/#"]),
    );
    let (client, publisher) = (story.client("c"), story.client("p"));
    for filter in ["#", "home/#", "+/open/+"] {
        client.subscribe(filter, QoS::AtLeastOnce);
    }
    story.events();
    publisher.publish("home/closed/a", "x");
    publisher.publish_qos("home/closed/b", "x", QoS::AtLeastOnce, 1);
    client.hears_nothing();
    assert_eq!(story.not_delivered(), 2);
    assert_eq!(story.world().broker.metrics().not_allowed, 2);
    publisher.publish("home/open/a", "1");
    publisher.publish("elsewhere", "2");
    client.expect("home/open/a", "1");
    client.expect("elsewhere", "2");
    client.hears_nothing();
}

#[test]
fn explain_names_the_rule() {
    let story = under(Story::new(), common(&["deny subscribe home/+"]));
    let client = story.client("c");
    client.subscribe("#", QoS::AtMostOnce);
    let explain =
        |topic: &'static str| story.world().broker.explain("c", &TopicName::from_static(topic).unwrap());
    let denied = explain("home/x");
    assert_eq!(denied.denied_by.as_deref(), Some("deny subscribe home/+"));
    assert_eq!((denied.granted, denied.obstacles), (None, vec![NotDelivered::NotAllowed]));
    let allowed = explain("x");
    assert_eq!((allowed.denied_by, allowed.granted), (None, Some(0)));
}

#[test]
fn retained_messages_are_checked_like_others() {
    let story = under(Story::new(), common(&["deny subscribe home/secret"]));
    let publisher = story.client("p");
    for topic in ["home/a", "home/secret", "home/z"] {
        publisher.send(Packet::Publish(retained(topic, "x")));
    }
    let client = story.client("c");
    client.subscribe("home/#", QoS::AtMostOnce);
    client.expect("home/a", "x");
    client.expect("home/z", "x");
    client.hears_nothing();
}

#[test]
fn what_waits_for_a_client_is_checked_when_it_goes_out() {
    for story in [Story::new(), Story::durable()] {
        let (client, _) = story.lasting("c");
        client.subscribe("home/#", QoS::AtLeastOnce);
        client.disconnects();
        let publisher = story.client("p");
        publisher.publish_qos("home/secret", "1", QoS::AtLeastOnce, 1);
        publisher.publish_qos("home/open", "2", QoS::AtLeastOnce, 1);
        story.set(common(&["deny subscribe home/secret"]));
        // While it is away, what it may not have does not even wait.
        publisher.publish_qos("home/secret", "3", QoS::AtLeastOnce, 1);
        assert_eq!(story.world().broker.client("c").unwrap().info.queued, 2);
        story.events();
        let (client, _) = story.lasting("c");
        client.acknowledge(&client.expect("home/open", "2"));
        client.hears_nothing();
        assert_eq!(story.not_delivered(), 1);
        let outgoing = story
            .world()
            .store
            .keys()
            .filter(|(table, _)| *table == lacewing_broker::Table::Outgoing)
            .count();
        assert_eq!(outgoing, 0);
    }
}

#[test]
fn a_member_that_may_not_read_is_not_chosen() {
    let users = vec![user("ada", &[]), user("kim", &["deny subscribe jobs/secret"])];
    let story = under(Story::new(), Rules { users, ..Rules::default() });
    let (ada, kim) = (story.enter_as(v5("a"), "ada"), story.enter_as(v5("k"), "kim"));
    for client in [&ada, &kim] {
        client.subscribe("$share/g/jobs/#", QoS::AtLeastOnce);
    }
    let publisher = story.client("p");
    for n in 0..4 {
        publisher.publish("jobs/secret", &n.to_string());
        ada.expect("jobs/secret", &n.to_string());
    }
    kim.hears_nothing();
    publisher.publish("jobs/open", "x");
    publisher.publish("jobs/open", "y");
    assert_eq!((ada.rest().len(), kim.rest().len()), (1, 1));
}

#[test]
fn what_waited_for_a_member_that_may_not_read_it_any_more_goes_to_another() {
    let story = Story::new();
    let (slow, _) = story.lasting("slow");
    slow.subscribe("$share/g/jobs", QoS::AtLeastOnce);
    slow.disconnects();
    let publisher = story.client("p");
    publisher.publish_qos("jobs", "x", QoS::AtLeastOnce, 1);
    let other = story.client("other");
    other.subscribe("$share/g/jobs", QoS::AtLeastOnce);
    let users = vec![user("slow", &["deny subscribe jobs"])];
    story.set(Rules { users, ..Rules::default() });
    let slow = story.enter_as(Connect { clean_start: false, ..expiring("slow", 100) }, "slow");
    slow.hears_nothing();
    other.expect("jobs", "x");
}

#[test]
fn other_rules_hold_from_the_next_packet_on() {
    let story = Story::new();
    let client = story.client("c");
    client.subscribe("#", QoS::AtMostOnce);
    client.publish("t", "1");
    client.expect("t", "1");
    story.set(common(&["deny publish t"]));
    client.publish("t", "2");
    client.hears_nothing();
    story.set(common(&["deny subscribe t"]));
    client.publish("t", "3");
    client.hears_nothing();
    story.set(Rules::default());
    // The subscription stayed.
    client.publish("t", "4");
    client.expect("t", "4");
}

#[test]
fn a_message_taken_under_former_rules_is_acknowledged_again() {
    // [MQTT-4.3.3-10]
    let story = Story::new();
    let client = story.client("c");
    let publish = with_qos(message("t", "x"), QoS::ExactlyOnce, 7);
    client.send(Packet::Publish(publish.clone()));
    client.receive();
    story.set(common(&["deny publish t"]));
    client.send(Packet::Publish(lacewing_protocol::Publish { dup: true, ..publish }));
    match client.receive() {
        Packet::PubRec(ack) => assert_eq!(ack.reason, ReasonCode::Success),
        other => panic!("expected PUBREC, got {other}"),
    }
}

#[test]
fn no_rule_holds_for_the_operators_own_clients() {
    let story = under(Story::new(), common(&["deny both #"]));
    for listener in [Listener::Home, Listener::Page] {
        let own = story.dial_at(lacewing_protocol::ProtocolVersion::V5_0, listener, None);
        let connect = Connect { will: Some(will("status", "gone")), ..v5("own") };
        own.send(Packet::Connect(Box::new(connect)));
        assert!(matches!(own.receive(), Packet::ConnAck(_)));
        own.subscribe("#", QoS::AtMostOnce);
        own.publish("t", "x");
        own.expect("t", "x");
    }
}

#[test]
fn an_operators_message_goes_to_those_who_may_read_it() {
    let story = under(Story::new(), common(&["deny subscribe t"]));
    let client = story.client("c");
    client.subscribe("#", QoS::AtMostOnce);
    for topic in ["t", "u"] {
        story.command(Command::Publish {
            topic: TopicName::try_from(topic).unwrap(),
            payload: Default::default(),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: Default::default(),
        });
    }
    client.expect("u", "");
    client.hears_nothing();
}

#[test]
fn ten_thousand_rules_are_read_in_bounded_calls() {
    let mut access: Vec<_> = (0..9_998).map(|n| rule(&format!("allow both room{n}/+/set"))).collect();
    access.push(rule("allow subscribe #"));
    access.push(rule("deny publish #"));
    let story = under(Story::new(), Rules { access, ..Rules::default() });
    let client = story.client("c");
    let filters: Vec<_> = (0..1000)
        .map(|n| {
            let options =
                SubscriptionOptions { retain_handling: RetainHandling::DoNotSend, ..Default::default() };
            (TopicFilter::try_from(format!("house/{n}/+")).unwrap(), options)
        })
        .collect();
    let packet_id = PacketId::new(5).unwrap();
    let user_properties = UserProperties::new();
    client.send(Packet::Subscribe(Subscribe {
        packet_id,
        filters,
        subscription_identifier: None,
        user_properties,
    }));
    assert!(matches!(client.receive(), Packet::SubAck(ack) if ack.reasons.len() == 1000));
    let publish = |topic| client.publish_qos(topic, "x", QoS::AtLeastOnce, 1);
    assert!(!publish("room7777/lamp/set").is_error());
    assert!(publish("room7777/lamp/get").is_error());
    assert!(publish("room9998/lamp/set").is_error());
}

#[test]
fn rules_hold_in_a_durable_broker_as_well() {
    let story = under(Story::with(Config { durable: true, ..Config::default() }), common(&["deny both t"]));
    let (client, _) = story.lasting("c");
    let options = SubscriptionOptions::default();
    assert_eq!(client.subscribe_with("t", options, None), ReasonCode::NotAuthorized);
    assert_eq!(client.publish_qos("t", "x", QoS::AtLeastOnce, 1), ReasonCode::NotAuthorized);
}
