//! Other users and rules while clients are here.

use bytes::{Bytes, BytesMut};
use lacewing_broker::{Access, AccessRule, Act, Command, Input, Listener, Rules, User, Verdict};
use lacewing_protocol::{
    Connect, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode, TopicName, Utf8String,
};

use crate::story::*;

fn user(name: &str, password: &str) -> User {
    User { name: name.to_owned(), password: Some(password.to_owned()), ..User::default() }
}

fn users(users: &[(&str, &str)]) -> Rules {
    Rules { users: users.iter().map(|(name, password)| user(name, password)).collect(), ..Rules::default() }
}

fn deny(act: Act, topics: &str) -> AccessRule {
    AccessRule { verdict: Access::Deny, act, topics: topics.to_owned().try_into().unwrap() }
}

impl Story {
    fn reload(&self, rules: Rules) {
        self.command(Command::Rules(Box::new(rules)));
    }

    fn comes_in_as(&self, mut connect: Connect, name: &str) -> Client {
        connect.username = Some(Utf8String::try_from(name).unwrap());
        let client = self.dial(connect.version);
        client.send(Packet::Connect(Box::new(connect)));
        self.answer(client.conn, Verdict::Allow { user: Some(name.to_owned()), data: None });
        assert!(matches!(client.receive(), Packet::ConnAck(ack) if ack.reason == ReasonCode::Success));
        client
    }
}

#[test]
fn clients_whose_user_is_gone_or_has_another_password_are_disconnected() {
    let story = Story::new();
    story.reload(users(&[("ada", "1"), ("kim", "1"), ("eve", "1")]));
    let watcher = story.client("w");
    watcher.subscribe("status", QoS::AtMostOnce);
    let ada = story.comes_in_as(v5("a"), "ada");
    let kim = story.comes_in_as(Connect { will: Some(will("status", "gone")), ..expiring("k", 100) }, "kim");
    kim.subscribe("t", QoS::AtLeastOnce);
    let eve = story.comes_in_as(v3("e"), "eve");
    story.events();
    story.reload(users(&[("ada", "1"), ("kim", "2")]));
    kim.is_sent_away(ReasonCode::NotAuthorized);
    assert!(eve.is_closed());
    eve.hears_nothing();
    watcher.expect("status", "gone");
    let events = story.events();
    for why in ["its user has another password", "its user is gone"] {
        assert!(events.iter().any(|event| event.starts_with("Refused") && event.contains(why)), "{why}");
    }
    assert!(events.contains(&"RulesSet { users: 2, rules: 0 }".to_owned()));
    // The others go on, and the session waits.
    ada.send(Packet::PingReq);
    assert_eq!(ada.receive(), Packet::PingResp);
    ada.publish_qos("t", "meanwhile", QoS::AtLeastOnce, 1);
    let connect = Connect { clean_start: false, ..expiring("k", 100) };
    let kim = story.comes_in_as(connect, "kim");
    kim.expect("t", "meanwhile");
}

#[test]
fn a_changed_scram_verifier_is_another_password() {
    let story = Story::new();
    let rules = |scram: &str| Rules {
        users: vec![User { scram: Some(scram.to_owned()), ..user("ada", "1") }],
        ..Rules::default()
    };
    story.reload(rules("a"));
    let ada = story.comes_in_as(v5("a"), "ada");
    story.reload(rules("a"));
    assert!(!ada.is_closed());
    story.reload(rules("b"));
    ada.is_sent_away(ReasonCode::NotAuthorized);
}

#[test]
fn clients_without_a_name_are_disconnected_where_they_may_not_come_in_any_more() {
    let story = Story::new();
    let (anonymous, old) = (story.client("a"), story.old_client("o"));
    let own = story.dial_at(ProtocolVersion::V5_0, Listener::Page, None);
    own.send(Packet::Connect(Box::new(v5("own"))));
    let certified = story.dial_at(ProtocolVersion::V5_0, Listener::Tls, Some("kim"));
    certified.send(Packet::Connect(Box::new(v5("k"))));
    story.reload(users(&[("kim", "1")]));
    assert!(!anonymous.is_closed());
    story.reload(Rules { anonymous: false, ..users(&[("ada", "1")]) });
    anonymous.is_sent_away(ReasonCode::NotAuthorized);
    assert!(old.is_closed());
    // Nobody asked these for a password.
    assert!(!own.is_closed() && !certified.is_closed());
}

#[test]
fn a_client_that_only_the_host_knows_stays() {
    let story = Story::with(lacewing_broker::Config { authenticate: true, ..Default::default() });
    let ada = story.comes_in_as(v5("a"), "ada");
    story.reload(users(&[("kim", "1")]));
    assert!(!ada.is_closed());
}

#[test]
fn rules_beyond_the_bounds_are_refused_and_the_former_stay() {
    let story = Story::new();
    let access = vec![deny(Act::Publish, "t")];
    story.reload(Rules { access: access.clone(), ..Rules::default() });
    story.events();
    let many = Rules { access: vec![deny(Act::Both, "x"); Rules::ACCESS_RULES + 1], ..Rules::default() };
    assert!(many.check().is_err());
    story.reload(many);
    story.reload(Rules { users: vec![User::default(); Rules::USERS + 1], ..Rules::default() });
    assert_eq!(
        story.events(),
        [
            "RulesRefused { why: \"10001 access rules are more than 10000\" }",
            "RulesRefused { why: \"10001 users are more than 10000\" }"
        ]
    );
    assert_eq!(story.world().broker.rules().access, access);
    assert!(story.client("c").publish_qos("t", "x", QoS::AtLeastOnce, 1).is_error());
}

/// So many rules that it takes several ticks to compile them. The last one denies `topics`.
fn many_rules(topics: &str) -> Rules {
    let access = (1..Rules::ACCESS_RULES).map(|n| deny(Act::Both, &format!("house/{n}/+/x")));
    Rules { access: access.chain([deny(Act::Publish, topics)]).collect(), ..Rules::default() }
}

impl Story {
    /// Hands in rules without a tick.
    fn begin_to_reload(&self, rules: Rules) {
        let mut world = self.world();
        let now = world.now;
        world.broker.handle(now, Input::Command(Command::Rules(Box::new(rules))));
    }
}

#[test]
fn the_former_rules_decide_until_the_new_ones_are_complete() {
    let story = Story::new();
    story.reload(Rules { access: vec![deny(Act::Publish, "a")], ..Rules::default() });
    let client = story.client("c");
    story.begin_to_reload(many_rules("b"));
    let publish = |topic: &str, id: u16| {
        let mut publish = Publish::new(TopicName::try_from(topic).unwrap(), Bytes::new());
        (publish.qos, publish.packet_id) = (QoS::AtLeastOnce, PacketId::new(id));
        Packet::Publish(publish)
    };
    let mut bytes = BytesMut::new();
    for (topic, id) in [("a", 1), ("b", 2)] {
        publish(topic, id).encode(ProtocolVersion::V5_0, &mut bytes).unwrap();
    }
    {
        let mut world = story.world();
        let (now, conn) = (world.now, client.conn);
        assert_eq!(world.broker.rules().access.len(), 1);
        world.broker.handle(now, Input::Received { conn, bytes: bytes.freeze() });
        let mut ticks = 0;
        while world.broker.rules().access.len() == 1 {
            world.broker.handle(now, Input::Tick);
            ticks += 1;
            assert!(ticks < 100, "they come into force");
        }
        assert!(ticks > 3, "{ticks} ticks for 40 000 levels are more than one call should do");
    }
    story.pass_seconds(1);
    let answer = || match client.receive() {
        Packet::PubAck(ack) => ack.reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(answer(), ReasonCode::NotAuthorized);
    assert!(!answer().is_error());
    assert!(!client.publish_qos("a", "x", QoS::AtLeastOnce, 3).is_error());
    assert!(client.publish_qos("b", "x", QoS::AtLeastOnce, 4).is_error());
}

#[test]
fn rules_that_are_being_compiled_give_way_to_later_ones() {
    let story = Story::new();
    story.reload(Rules { access: vec![deny(Act::Publish, "a")], ..Rules::default() });
    story.events();
    story.begin_to_reload(many_rules("b"));
    story.begin_to_reload(many_rules("c"));
    story.begin_to_reload(Rules { access: vec![deny(Act::Publish, "d")], ..Rules::default() });
    story.pass_seconds(1);
    assert_eq!(story.events(), ["RulesSet { users: 0, rules: 1 }"]);
    let client = story.client("c");
    assert!(client.publish_qos("d", "x", QoS::AtLeastOnce, 1).is_error());
    for (topic, id) in [("a", 2), ("b", 3), ("c", 4)] {
        assert!(!client.publish_qos(topic, "x", QoS::AtLeastOnce, id).is_error());
    }
}

#[test]
fn nobody_comes_in_before_the_first_rules_are_complete() {
    let story = Story::new();
    let (new, old) = (story.dial(ProtocolVersion::V5_0), story.dial(ProtocolVersion::V3_1_1));
    let own = story.dial_at(ProtocolVersion::V5_0, Listener::Page, None);
    story.begin_to_reload(many_rules("a"));
    {
        let mut world = story.world();
        let now = world.now;
        for (client, connect) in [(&new, v5("n")), (&old, v3("o")), (&own, v5("own"))] {
            let mut bytes = BytesMut::new();
            let version = connect.version;
            Packet::Connect(Box::new(connect)).encode(version, &mut bytes).unwrap();
            world.broker.handle(now, Input::Received { conn: client.conn, bytes: bytes.freeze() });
        }
    }
    story.pass_seconds(1);
    let answer = |client: &Client| match client.receive() {
        Packet::ConnAck(ack) => ack.reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(answer(&new), ReasonCode::ServerBusy);
    assert!(answer(&old).is_error());
    assert_eq!(answer(&own), ReasonCode::Success);
    // Once they are there, everyone comes in.
    story.client("n");
}

#[test]
fn thousands_of_clients_are_looked_through_in_bounded_calls() {
    let story = Story::new();
    story.reload(users(&[("ada", "1"), ("kim", "1")]));
    let clients: Vec<_> = (0..1_000)
        .map(|n| story.comes_in_as(v5(&n.to_string()), if n % 2 == 0 { "ada" } else { "kim" }))
        .collect();
    // Two reloads, before the first is through.
    {
        let mut world = story.world();
        let now = world.now;
        for rules in [users(&[("ada", "2"), ("kim", "1")]), users(&[("ada", "1"), ("kim", "1")])] {
            world.broker.handle(now, Input::Command(Command::Rules(Box::new(rules))));
        }
    }
    story.pass_seconds(1);
    let gone = clients.iter().filter(|client| client.is_closed()).count();
    assert_eq!(gone, 500);
    // Who has come in since stays.
    let ada = story.comes_in_as(v5("late"), "ada");
    story.pass_seconds(1);
    assert!(!ada.is_closed());
}

#[test]
fn a_restored_broker_knows_whose_sessions_and_wills_it_has() {
    let story = Story::durable();
    let rules = Rules {
        users: vec![User { access: vec![deny(Act::Both, "secret")], ..user("ada", "1") }],
        ..Rules::default()
    };
    story.reload(rules.clone());
    let lasting = Connect { clean_start: false, ..expiring("a", 1000) };
    let ada = story.comes_in_as(lasting.clone(), "ada");
    ada.subscribe("#", QoS::AtLeastOnce);
    let free = Rules { users: vec![user("ada", "1")], ..Rules::default() };
    story.reload(free);
    let leaving = |client_id: &str| Connect { will: Some(will("secret", client_id)), ..v5(client_id) };
    story.comes_in_as(leaving("left"), "ada");
    let _nameless = story.enter(leaving("nameless"));

    let story = story.crash();
    story.reload(rules);
    let info = story.world().broker.client("a").unwrap().info;
    assert_eq!((info.user.as_deref(), info.listener), (Some("ada"), Listener::Tcp));
    let watcher = story.client("w");
    watcher.subscribe("secret", QoS::AtMostOnce);
    // The wills come after the time of grace; ada may not publish hers any more.
    story.pass_seconds(20);
    watcher.expect("secret", "nameless");
    watcher.hears_nothing();
    watcher.publish_qos("open", "x", QoS::AtLeastOnce, 1);
    assert_eq!(story.world().broker.client("a").unwrap().info.queued, 1);
    let ada = story.comes_in_as(lasting, "ada");
    ada.expect("open", "x");
    ada.hears_nothing();
}
