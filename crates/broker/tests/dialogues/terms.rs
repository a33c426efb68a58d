//! What a broker can do for a client, by its settings, its listener and its user; and where it sends clients.

use std::num::NonZeroU32;

use lacewing_broker::{
    CloseReason, Command, Config, Listener, ListenerTerms, Redirect, Rules, Terms, User, Verdict,
};
use lacewing_protocol::{
    ConnAck, Connect, Disconnect, Packet, PacketId, ProtocolVersion, QoS, ReasonCode, Subscribe,
    SubscriptionOptions, TopicFilter, UserProperties,
};

use crate::story::*;

/// A broker with terms for clients that come over TCP.
fn under(terms: Terms) -> Story {
    let story = Story::new();
    let listeners = vec![ListenerTerms { listener: Listener::Tcp, anonymous: None, terms }];
    story.command(Command::Rules(Box::new(Rules { listeners, ..Rules::default() })));
    story
}

fn at_most(maximum_qos: u8) -> Story {
    under(Terms { maximum_qos: Some(maximum_qos), ..Terms::default() })
}

fn nothing_retained() -> Story {
    under(Terms { retain_available: Some(false), ..Terms::default() })
}

/// A client of the page, for whom no terms hold.
fn own(story: &Story, client_id: &str) -> (Client, ConnAck) {
    let client = story.dial_at(ProtocolVersion::V5_0, Listener::Page, None);
    client.send(Packet::Connect(Box::new(v5(client_id))));
    match client.receive() {
        Packet::ConnAck(ack) => (client, *ack),
        other => panic!("expected CONNACK, got {other}"),
    }
}

impl Client {
    fn disconnect(&self) -> Disconnect {
        match self.receive() {
            Packet::Disconnect(disconnect) => *disconnect,
            other => panic!("expected DISCONNECT, got {other}"),
        }
    }
}

#[test]
fn a_message_above_the_maximum_qos_ends_the_connection() {
    // [MQTT-3.2.2-9], [MQTT-3.2.2-11]
    for (maximum, told) in [(0, Some(QoS::AtMostOnce)), (1, Some(QoS::AtLeastOnce)), (2, None), (7, None)] {
        let story = at_most(maximum);
        let (client, ack) = story.enter(v5("c"));
        assert_eq!(ack.properties.maximum_qos, told);
        client.publish("t", "x");
        for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce].into_iter().filter(|qos| *qos as u8 <= maximum) {
            assert!(!client.publish_qos("t", "x", qos, 1).is_error());
        }
        let Some(qos) = [QoS::AtLeastOnce, QoS::ExactlyOnce].into_iter().find(|qos| *qos as u8 > maximum)
        else {
            continue;
        };
        client.send(Packet::Publish(with_qos(message("t", "x"), qos, 1)));
        client.is_sent_away(ReasonCode::QoSNotSupported);
        // 3.1.1 can only be disconnected.
        let old = story.old_client("d");
        old.send(Packet::Publish(with_qos(message("t", "x"), qos, 1)));
        assert_eq!(old.close_reason(), Some(CloseReason::Refused(ReasonCode::QoSNotSupported)));
        old.hears_nothing();
    }
}

#[test]
fn a_subscription_is_granted_no_more_than_the_maximum_qos() {
    // [MQTT-3.2.2-10]
    let story = at_most(1);
    let (client, publisher) = (story.client("c"), own(&story, "p").0);
    for asked in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let options = SubscriptionOptions { qos: asked, ..Default::default() };
        let granted = asked.min(QoS::AtLeastOnce);
        assert_eq!(client.subscribe_with("t", options, None), ReasonCode::granted(granted));
    }
    publisher.publish_qos("t", "x", QoS::ExactlyOnce, 1);
    assert_eq!(client.expect("t", "x").qos, QoS::AtLeastOnce);
}

#[test]
fn a_will_above_the_maximum_qos_keeps_its_client_out() {
    // [MQTT-3.2.2-12]
    let story = at_most(0);
    let with_will = |connect| {
        let will = lacewing_protocol::Will { qos: QoS::AtLeastOnce, ..will("t", "x") };
        Connect { will: Some(will), ..connect }
    };
    let (former, _) = story.enter(v5("c"));
    story.is_refused(with_will(v5("c")), ReasonCode::QoSNotSupported);
    let old = story.dial(ProtocolVersion::V3_1_1);
    old.send(Packet::Connect(Box::new(with_will(v3("c")))));
    assert!(old.is_closed() && !former.is_closed());
    old.hears_nothing();
}

#[test]
fn where_nothing_is_retained_a_retained_message_ends_the_connection() {
    // [MQTT-3.2.2-14]
    let story = nothing_retained();
    let (client, ack) = story.enter(v5("c"));
    assert_eq!(ack.properties.retain_available, Some(false));
    client.publish("t", "x");
    client.send(Packet::Publish(retained("t", "x")));
    client.is_sent_away(ReasonCode::RetainNotSupported);
    let old = story.old_client("d");
    old.send(Packet::Publish(retained("t", "")));
    assert_eq!(old.close_reason(), Some(CloseReason::Refused(ReasonCode::RetainNotSupported)));
    // [MQTT-3.2.2-13]
    let will = lacewing_protocol::Will { retain: true, ..will("t", "x") };
    story.is_refused(Connect { will: Some(will), ..v5("e") }, ReasonCode::RetainNotSupported);
}

#[test]
fn where_nothing_is_retained_a_subscription_brings_no_retained_messages() {
    let story = nothing_retained();
    let (publisher, ack) = own(&story, "p");
    assert_eq!(ack.properties.retain_available, None);
    publisher.send(Packet::Publish(retained("t", "x")));
    let client = story.client("c");
    client.subscribe("t", QoS::AtMostOnce);
    client.hears_nothing();
    publisher.subscribe("t", QoS::AtMostOnce);
    publisher.expect("t", "x");
}

#[test]
fn of_several_terms_the_tightest_counts() {
    let config = Config { keep_alive_maximum: 100, ..Config::default() };
    let story = Story::with(config);
    let tight = Terms { maximum_qos: Some(1), keep_alive_maximum: Some(60), ..Terms::default() };
    let wide = Terms { maximum_qos: Some(2), retain_available: Some(false), keep_alive_maximum: Some(200) };
    let user = User { name: "ada".to_owned(), terms: tight, ..User::default() };
    let listeners = vec![ListenerTerms { listener: Listener::Tcp, anonymous: None, terms: wide }];
    story.command(Command::Rules(Box::new(Rules { users: vec![user], listeners, ..Rules::default() })));

    let ada = story.dial(ProtocolVersion::V5_0);
    let connect = Connect { username: Some("ada".try_into().unwrap()), keep_alive: 80, ..v5("a") };
    ada.send(Packet::Connect(Box::new(connect)));
    story.answer(ada.conn, Verdict::Allow { user: Some("ada".to_owned()), data: None });
    let Packet::ConnAck(ack) = ada.receive() else { panic!("ada is let in") };
    let told = ack.properties;
    assert_eq!((told.maximum_qos, told.retain_available), (Some(QoS::AtLeastOnce), Some(false)));
    assert_eq!(told.server_keep_alive, Some(60));

    let (_, ack) = story.enter(Connect { keep_alive: 80, ..v5("b") });
    assert_eq!((ack.properties.maximum_qos, ack.properties.server_keep_alive), (None, None));
    // [MQTT-3.2.2-21]
    let (client, ack) = story.enter(v5("c"));
    assert_eq!(ack.properties.server_keep_alive, Some(100));
    story.pass_seconds(150);
    client.is_sent_away(ReasonCode::KeepAliveTimeout);
    // [MQTT-3.2.2-22]
    let (old, _) = story.enter(v3("d"));
    story.pass_seconds(1000);
    assert!(!old.is_closed());
}

#[test]
fn other_terms_hold_from_the_next_connect_on() {
    let story = Story::new();
    let client = story.client("c");
    let terms = Terms { maximum_qos: Some(0), ..Terms::default() };
    let listeners = vec![ListenerTerms { listener: Listener::Tcp, anonymous: None, terms }];
    story.command(Command::Rules(Box::new(Rules { listeners, ..Rules::default() })));
    assert!(!client.publish_qos("t", "x", QoS::ExactlyOnce, 1).is_error());
    let (_, ack) = story.enter(v5("c"));
    assert_eq!(ack.properties.maximum_qos, Some(QoS::AtMostOnce));
}

#[test]
fn what_is_not_available_is_told_and_refused() {
    // §3.2.2.3.11 to §3.2.2.3.13
    let all = Config::default();
    let cases = [
        (Config { wildcard_subscriptions: false, ..all.clone() }, "a/+", None, 0),
        (Config { shared_subscriptions: false, ..all.clone() }, "$share/g/a", None, 1),
        (Config { subscription_identifiers: false, ..all.clone() }, "a", Some(7), 2),
    ];
    let reasons = [
        ReasonCode::WildcardSubscriptionsNotSupported,
        ReasonCode::SharedSubscriptionsNotSupported,
        ReasonCode::SubscriptionIdentifiersNotSupported,
    ];
    for (config, filter, id, place) in cases {
        let story = Story::with(config);
        let (client, ack) = story.enter(v5("c"));
        let told = ack.properties;
        let told = [
            told.wildcard_subscription_available,
            told.shared_subscription_available,
            told.subscription_identifiers_available,
        ];
        assert_eq!(told, [0, 1, 2].map(|one| (one == place).then_some(false)));
        client.subscribe("a", QoS::AtMostOnce);
        let options = SubscriptionOptions::default();
        let filters =
            vec![(TopicFilter::from_static("b").unwrap(), options), (filter.try_into().unwrap(), options)];
        let subscribe = Subscribe {
            packet_id: PacketId::new(9).unwrap(),
            filters,
            subscription_identifier: id,
            user_properties: UserProperties::new(),
        };
        client.send(Packet::Subscribe(subscribe.clone()));
        client.is_sent_away(reasons[place]);
        assert_eq!(story.world().broker.metrics().subscriptions, 0);
        if id.is_none() {
            let old = story.old_client("d");
            old.send(Packet::Subscribe(subscribe));
            match old.receive() {
                Packet::SubAck(ack) => {
                    assert_eq!(ack.reasons, [ReasonCode::Success, ReasonCode::UnspecifiedError]);
                }
                other => panic!("expected SUBACK, got {other}"),
            }
        }
    }
}

#[test]
fn response_information_is_given_to_who_asks_for_it() {
    // [MQTT-3.1.2-28]
    let config = Config { response_information: Some("answers/%c".to_owned()), ..Config::default() };
    let story = Story::with(config);
    let asking = |client_id: &str, asks: Option<bool>| {
        let mut connect = v5(client_id);
        connect.properties.request_response_information = asks;
        connect
    };
    let told = |connect| story.enter(connect).1.properties.response_information;
    assert_eq!(told(asking("c", Some(true))).as_deref(), Some("answers/c"));
    assert_eq!(told(asking("c", Some(false))), None);
    assert_eq!(told(asking("c", None)), None);
    assert_eq!(told(asking("a+", Some(true))), None);
    let mut small = asking("c", Some(true));
    small.properties.maximum_packet_size = NonZeroU32::new(24);
    assert_eq!(told(small), None);
    let mut connect = asking("c", Some(true));
    assert_eq!(Story::new().enter(connect.clone()).1.properties.response_information, None);
    connect.version = ProtocolVersion::V3_1_1;
    story.enter(connect);
}

#[test]
fn clients_can_be_sent_to_another_server() {
    // §4.11
    let config =
        Config { server_reference: Some("b.example c.example:1884".to_owned()), ..Config::default() };
    let story = Story::with(config);
    let watcher = own(&story, "w").0;
    watcher.subscribe("status", QoS::AtMostOnce);
    let (new, _) = story.enter(Connect { will: Some(will("status", "gone")), ..expiring("new", 100) });
    let old = story.old_client("old");
    let asked = story.dial(ProtocolVersion::V5_0);
    story.command(Command::Redirect(Redirect::Permanently));
    let goodbye = new.disconnect();
    assert_eq!(goodbye.reason, ReasonCode::ServerMoved);
    let reference = goodbye.properties.server_reference;
    assert_eq!(reference.as_deref(), Some("b.example c.example:1884"));
    assert!(old.is_closed());
    old.hears_nothing();
    watcher.expect("status", "gone");
    assert!(!watcher.is_closed() && !asked.is_closed());

    asked.send(Packet::Connect(Box::new(v5("c"))));
    let Packet::ConnAck(ack) = asked.receive() else { panic!("CONNACK comes") };
    assert_eq!((ack.reason, ack.properties.server_reference), (ReasonCode::ServerMoved, reference));
    story.is_refused(v3("d"), ReasonCode::ServerUnavailable);
    story.command(Command::Redirect(Redirect::Temporarily));
    story.is_refused(v5("c"), ReasonCode::UseAnotherServer);
    own(&story, "own");

    story.command(Command::Redirect(Redirect::Off));
    let (_, ack) = story.enter(Connect { clean_start: false, ..expiring("new", 100) });
    assert!(ack.session_present);
}

#[test]
fn one_client_can_be_sent_to_another_server() {
    let config = Config { server_reference: Some("b.example".to_owned()), ..Config::default() };
    let story = Story::with(config);
    let (client, other) = (story.client("c"), story.client("d"));
    let client_id = "c".to_owned();
    story.command(Command::Kick { client_id, reason: ReasonCode::UseAnotherServer });
    let goodbye = client.disconnect();
    assert_eq!(goodbye.reason, ReasonCode::UseAnotherServer);
    assert_eq!(goodbye.properties.server_reference.as_deref(), Some("b.example"));
    assert!(!other.is_closed());
    story.client("c");
    // Other reasons have no reference.
    story.command(Command::Kick { client_id: "d".to_owned(), reason: ReasonCode::ServerBusy });
    assert_eq!(other.disconnect().properties.server_reference, None);
}

#[test]
fn two_thousand_clients_are_sent_elsewhere_in_bounded_calls() {
    let story = Story::new();
    let clients: Vec<_> = (0..2_000).map(|n| story.client(&n.to_string())).collect();
    story.command(Command::Redirect(Redirect::Temporarily));
    assert!(clients.iter().all(Client::is_closed));
}

#[test]
fn who_wants_no_words_gets_none() {
    // [MQTT-3.1.2-29]
    let story = at_most(0);
    let mut connect = v5("c");
    connect.properties.request_problem_information = Some(false);
    let (client, ack) = story.enter(connect.clone());
    assert_eq!(ack.properties.reason_string, None);
    let options = SubscriptionOptions::default();
    client.subscribe_with("a", options, None);
    client.send(Packet::Publish(with_qos(message("t", "x"), QoS::AtLeastOnce, 1)));
    assert_eq!(client.disconnect(), Disconnect::new(ReasonCode::QoSNotSupported));
    let will = Some(lacewing_protocol::Will { qos: QoS::AtLeastOnce, ..will("t", "x") });
    let refused = story.dial(ProtocolVersion::V5_0);
    refused.send(Packet::Connect(Box::new(Connect { will: will.clone(), ..connect })));
    let Packet::ConnAck(ack) = refused.receive() else { panic!("CONNACK comes") };
    assert_eq!(ack.properties.reason_string, None);

    // Others are told why, as far as it fits [MQTT-3.2.2-19], [MQTT-3.14.2-3].
    let talkative = story.client("d");
    talkative.send(Packet::Publish(with_qos(message("t", "x"), QoS::AtLeastOnce, 1)));
    assert!(talkative.disconnect().properties.reason_string.is_some());
    let mut small = v5("e");
    small.properties.maximum_packet_size = NonZeroU32::new(20);
    let (client, _) = story.enter(small.clone());
    client.send(Packet::Publish(with_qos(message("t", "x"), QoS::AtLeastOnce, 1)));
    assert_eq!(client.disconnect().properties.reason_string, None);
    let refused = story.dial(ProtocolVersion::V5_0);
    refused.send(Packet::Connect(Box::new(Connect { will, ..small })));
    let Packet::ConnAck(ack) = refused.receive() else { panic!("CONNACK comes") };
    assert_eq!((ack.reason, ack.properties.reason_string), (ReasonCode::QoSNotSupported, None));
}
