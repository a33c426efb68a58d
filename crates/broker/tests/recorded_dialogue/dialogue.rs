//! The dialogue, scene by scene. Each scene asks a little of what its clients got, so that nothing senseless is kept.

use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;
use lacewing_broker::{Command, Config, EventMask, Listener, Recording};
use lacewing_protocol::{
    Ack, Disconnect, Packet, PayloadFormatIndicator, ProtocolVersion, PublishProperties, QoS, ReasonCode,
    RetainHandling, SubscriptionOptions,
};

use crate::host::{Host, id};
use crate::packets::{
    clear_retained, connect, filter, leave, message, messages, options, persistent, publish, subscribe,
    subscribe_with, text, topic, unsubscribe, user_properties, with_will,
};

use ProtocolVersion::{V3_1, V3_1_1, V5_0};
use QoS::{AtLeastOnce, AtMostOnce, ExactlyOnce};

/// The dialogue.
pub(crate) fn record() -> Recording {
    first_life().recording()
}

/// What becomes of a broker that is restored from the dialogue's image.
pub(crate) fn record_restored() -> Recording {
    let mut host = Host::new(config(), 8, first_life().image());
    after_the_crash(&mut host);
    host.recording()
}

fn config() -> Config {
    Config {
        durable: true,
        authenticate: true,
        maximum_packet_size: 20_000,
        receive_maximum: 4,
        queue_messages: 8,
        topic_levels: 16,
        ..Config::default()
    }
}

fn first_life() -> Host {
    let mut host = Host::new(config(), 7, Vec::new());
    every_qos_in_every_version(&mut host);
    properties_and_identifiers(&mut host);
    aliases_and_limits(&mut host);
    retained_messages(&mut host);
    shared_subscriptions(&mut host);
    sessions_that_wait(&mut host);
    promises_that_wait(&mut host);
    wills(&mut host);
    take_over(&mut host);
    timeouts(&mut host);
    errors(&mut host);
    operator(&mut host);
    before_the_crash(&mut host);
    host
}

fn every_qos_in_every_version(host: &mut Host) {
    let old = host.connect(connect(V3_1, "old"));
    let one = host.connect(connect(V3_1_1, "one"));
    let five = host.connect(connect(V5_0, "five"));
    for (conn, filter) in
        [(old, "home/+/temperature"), (one, "home/#"), (five, "home/livingroom/temperature")]
    {
        subscribe(host, conn, filter, ExactlyOnce);
    }
    for conn in [old, one, five] {
        for qos in [AtMostOnce, AtLeastOnce, ExactlyOnce] {
            publish(host, conn, "home/livingroom/temperature", "20.5", qos);
        }
        assert_eq!([old, one, five].map(|conn| messages(host, conn).len()), [3, 3, 3]);
    }
    unsubscribe(host, one, &["home/#", "nothing/like/it"]);
    unsubscribe(host, five, &["home/livingroom/temperature", "nothing/like/it"]);
    publish(host, one, "home/livingroom/temperature", "21", AtLeastOnce);
    assert_eq!([old, one, five].map(|conn| messages(host, conn).len()), [1, 0, 0]);
    host.say(old, Packet::PingReq);
    host.turn();
    for conn in [old, one, five] {
        host.say(conn, Packet::Disconnect(Box::default()));
        host.turn();
    }
}

fn properties_and_identifiers(host: &mut Host) {
    let ear = host.connect(connect(V5_0, "ear"));
    let mouth = host.connect(connect(V5_0, "mouth"));
    subscribe_with(host, ear, Some(1), &[("talk/#", options(AtMostOnce))]);
    subscribe_with(host, ear, Some(268_435_455), &[("talk/+/now", options(ExactlyOnce))]);
    let no_local = SubscriptionOptions { no_local: true, retain_as_published: true, ..options(AtLeastOnce) };
    subscribe_with(host, mouth, None, &[("talk/#", no_local)]);
    let mut message = message("talk/small/now", "hello", AtLeastOnce);
    message.retain = true;
    message.properties.payload_format_indicator = Some(PayloadFormatIndicator::Utf8);
    message.properties.content_type = Some(text("text/plain"));
    message.properties.response_topic = Some(topic("talk/answers"));
    message.properties.correlation_data = Some(Bytes::from_static(&[1, 2, 3]));
    message.properties.message_expiry_interval = Some(600);
    message.properties.user_properties = user_properties(&[("b", "2"), ("a", "1"), ("b", "2")]);
    host.say(mouth, Packet::Publish(message));
    host.turn();
    let [heard] = &messages(host, ear)[..] else { panic!("one message, once") };
    assert_eq!(heard.properties.subscription_identifiers, [1, 268_435_455]);
    assert!(messages(host, mouth).is_empty());
    publish(host, ear, "talk/answers", "hi", ExactlyOnce);
    assert_eq!(messages(host, mouth).len(), 1);
    publish(host, mouth, "nobody/listens", "", AtLeastOnce);
    publish(host, mouth, "nobody/listens", "", ExactlyOnce);
    clear_retained(host, mouth, "talk/small/now");
    leave(host, &[ear, mouth]);
}

fn aliases_and_limits(host: &mut Host) {
    let mut narrow = connect(V5_0, "narrow");
    narrow.properties.receive_maximum = NonZeroU16::new(2);
    narrow.properties.maximum_packet_size = NonZeroU32::new(60);
    narrow.properties.request_problem_information = Some(false);
    let narrow = host.connect(narrow);
    let wide = host.connect(connect(V5_0, "wide"));
    host.acknowledge(narrow, false);
    subscribe(host, narrow, "n/#", ExactlyOnce);
    for (name, payload) in
        [(Some("n/alias"), "first"), (None, "second"), (Some("n/other"), "third"), (None, "fourth")]
    {
        let mut message = message("n/alias", payload, AtLeastOnce);
        message.topic = name.map(topic);
        message.properties.topic_alias = NonZeroU16::new(5);
        host.say(wide, Packet::Publish(message));
        host.turn();
    }
    publish(host, wide, "n/long", &"x".repeat(100), AtLeastOnce);
    publish(host, wide, "n/q0", "not held up", AtMostOnce);
    let got = messages(host, narrow);
    assert_eq!(got.len(), 3, "two in flight and QoS 0, nothing longer than 60 bytes");
    for id in got.iter().filter_map(|message| message.packet_id) {
        host.say(narrow, Packet::PubAck(Ack::success(id)));
    }
    host.turn();
    assert_eq!(messages(host, narrow).len(), 2);
    leave(host, &[narrow, wide]);
}

fn retained_messages(host: &mut Host) {
    let keeper = host.connect(connect(V5_0, "keeper"));
    for (name, payload) in [("r/a", "1"), ("r/b", "2"), ("r/b/c", "3"), ("$r/hidden", "4"), ("r/", "5")] {
        let mut message = message(name, payload, AtLeastOnce);
        message.retain = true;
        host.say(keeper, Packet::Publish(message));
        host.turn();
    }
    let mut short = message("r/short", "lived", AtLeastOnce);
    short.retain = true;
    short.properties.message_expiry_interval = Some(2);
    host.say(keeper, Packet::Publish(short));
    host.turn();
    let late = host.connect(connect(V3_1_1, "late"));
    subscribe(host, late, "r/#", AtLeastOnce);
    assert_eq!(messages(host, late).len(), 5);
    host.pass(2500);
    let five = host.connect(connect(V5_0, "late5"));
    for handling in [RetainHandling::SendIfNew, RetainHandling::SendIfNew, RetainHandling::DoNotSend] {
        let options = SubscriptionOptions { retain_handling: handling, ..options(ExactlyOnce) };
        subscribe_with(host, five, Some(9), &[("r/+", options)]);
    }
    assert_eq!(messages(host, five).len(), 3, "once, and without the one that expired");
    clear_retained(host, keeper, "r/a");
    subscribe(host, five, "+/#", AtMostOnce);
    assert_eq!(messages(host, five).len(), 1 + 3, "the clearing, then what is left");
    leave(host, &[keeper, late, five]);
}

fn shared_subscriptions(host: &mut Host) {
    let members = ["w1", "w2", "w3"].map(|name| host.connect(connect(V5_0, name)));
    let alone = host.connect(connect(V3_1_1, "alone"));
    for conn in members {
        subscribe(host, conn, "$share/workers/jobs/+", AtLeastOnce);
    }
    subscribe(host, alone, "$share/others/jobs/#", AtLeastOnce);
    subscribe(host, alone, "jobs/6", AtMostOnce);
    let boss = host.connect(connect(V3_1_1, "boss"));
    for number in 0..9 {
        publish(host, boss, &format!("jobs/{number}"), "do", AtLeastOnce);
    }
    assert_eq!(members.map(|conn| messages(host, conn).len()), [3, 3, 3]);
    assert_eq!(messages(host, alone).len(), 10);
    host.acknowledge(members[0], false);
    for number in 0..3 {
        publish(host, boss, &format!("jobs/{number}"), "again", AtLeastOnce);
    }
    host.lose(members[0]);
    unsubscribe(host, members[1], &["$share/workers/jobs/+"]);
    publish(host, boss, "jobs/last", "do", AtLeastOnce);
    leave(host, &[members[1], members[2], alone, boss]);
}

fn sessions_that_wait(host: &mut Host) {
    let mut away = connect(V5_0, "away");
    away.clean_start = false;
    away.properties.session_expiry_interval = Some(60);
    let mut old = connect(V3_1_1, "away311");
    old.clean_start = false;
    let (conn, conn_old) = (host.connect(away.clone()), host.connect(old.clone()));
    for conn in [conn, conn_old] {
        subscribe(host, conn, "post/#", ExactlyOnce);
    }
    let sender = host.connect(connect(V5_0, "sender"));
    host.acknowledge(conn, false);
    publish(host, sender, "post/1", "in flight", AtLeastOnce);
    publish(host, sender, "post/2", "in flight", ExactlyOnce);
    host.lose(conn);
    host.lose(conn_old);
    publish(host, sender, "post/3", "queued", ExactlyOnce);
    publish(host, sender, "post/4", "not queued", AtMostOnce);
    let mut short = message("post/5", "gone when they are back", AtLeastOnce);
    short.properties.message_expiry_interval = Some(5);
    host.say(sender, Packet::Publish(short));
    let mut long = message("post/6", "35 seconds left", AtLeastOnce);
    long.properties.message_expiry_interval = Some(45);
    host.say(sender, Packet::Publish(long));
    host.pass(10_000);
    let (conn, conn_old) = (host.connect(away.clone()), host.connect(old));
    let got = messages(host, conn);
    assert_eq!(got.iter().map(|message| message.dup).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!(got[3].properties.message_expiry_interval, Some(35));
    assert_eq!(messages(host, conn_old).len(), 2);
    host.lose(conn);
    for number in 0..12 {
        publish(host, sender, &format!("post/many/{number}"), "more than the queue holds", AtLeastOnce);
    }
    let conn = host.connect(away.clone());
    assert_eq!(messages(host, conn).len(), 8);
    host.lose(conn);
    host.pass(61_000);
    let conn = host.connect(away.clone());
    assert!(matches!(&host.inbox(conn)[..], [Packet::ConnAck(ack)] if !ack.session_present));
    leave(host, &[conn, conn_old, sender]);
}

fn promises_that_wait(host: &mut Host) {
    let mut durable = connect(V5_0, "durable");
    durable.clean_start = false;
    durable.properties.session_expiry_interval = Some(u32::MAX);
    let conn = host.connect(durable);
    subscribe(host, conn, "safe/#", AtLeastOnce);
    let sender = host.connect(connect(V5_0, "careful"));
    host.inbox(sender);
    host.commit(false);
    publish(host, sender, "safe/1", "acknowledged when it is durable", AtLeastOnce);
    publish(host, sender, "safe/2", "flows at once", AtMostOnce);
    host.say(sender, Packet::PingReq);
    host.turn();
    assert!(!host.inbox(sender).iter().any(|packet| matches!(packet, Packet::PubAck(_))));
    host.commit(true);
    assert!(host.inbox(sender).iter().any(|packet| matches!(packet, Packet::PubAck(_))));
    let mut end = Disconnect::new(ReasonCode::NORMAL_DISCONNECTION);
    end.properties.session_expiry_interval = Some(0);
    host.say(conn, Packet::Disconnect(Box::new(end)));
    leave(host, &[sender]);
}

fn wills(host: &mut Host) {
    let heir = host.connect(connect(V5_0, "heir"));
    subscribe(host, heir, "will/#", ExactlyOnce);
    let lost = host.connect(with_will(connect(V3_1_1, "lost"), 0));
    host.lose(lost);
    assert_eq!(messages(host, heir).len(), 1);
    let polite = host.connect(with_will(connect(V3_1_1, "polite"), 0));
    leave(host, &[polite]);
    assert_eq!(messages(host, heir).len(), 0);
    let wants = host.connect(with_will(connect(V5_0, "wants"), 0));
    let disconnect = Disconnect::new(ReasonCode::DisconnectWithWillMessage);
    host.say(wants, Packet::Disconnect(Box::new(disconnect)));
    host.turn();
    assert_eq!(messages(host, heir).len(), 1);

    let mut delayed = with_will(connect(V5_0, "delayed"), 10);
    delayed.clean_start = false;
    delayed.properties.session_expiry_interval = Some(30);
    let conn = host.connect(delayed.clone());
    host.lose(conn);
    host.pass(9_000);
    let conn = host.connect(delayed.clone());
    host.pass(20_000);
    assert_eq!(messages(host, heir).len(), 0, "back in time");
    host.lose(conn);
    host.pass(10_000);
    assert_eq!(messages(host, heir).len(), 1);
    delayed.properties.session_expiry_interval = Some(3);
    let conn = host.connect(delayed);
    host.lose(conn);
    host.pass(3_000);
    assert_eq!(messages(host, heir).len(), 1, "the session ended before the delay was over");
    leave(host, &[heir]);
}

fn take_over(host: &mut Host) {
    let mut twin = connect(V5_0, "twin");
    twin.clean_start = false;
    twin.properties.session_expiry_interval = Some(100);
    let first = host.connect(twin.clone());
    subscribe(host, first, "twins", AtLeastOnce);
    let second = host.connect(twin);
    assert!(host.inbox(first).is_empty(), "the connection is gone");
    publish(host, second, "twins", "still subscribed", AtLeastOnce);
    assert_eq!(messages(host, second).len(), 1);
    let third = host.connect(connect(V3_1_1, "twin"));
    publish(host, third, "twins", "no longer", AtLeastOnce);
    assert_eq!(messages(host, third).len(), 0);
    leave(host, &[third]);
}

fn timeouts(host: &mut Host) {
    host.open(Listener::WebSocket);
    let mut drowsy = with_will(connect(V3_1_1, "drowsy"), 0);
    drowsy.keep_alive = 10;
    let conn = host.connect(drowsy);
    let mut five = connect(V5_0, "drowsy5");
    five.keep_alive = 10;
    host.connect(five);
    host.pass(14_000);
    host.say(conn, Packet::PingReq);
    host.pass(5_000);
    assert!(matches!(host.inbox(conn)[..], [Packet::ConnAck(_), Packet::PingResp]));
    host.pass(11_000);
}

fn errors(host: &mut Host) {
    let mut denied = connect(V5_0, "denied");
    denied.password = Some(Bytes::from_static(b"wrong"));
    host.connect(denied.clone());
    denied.version = V3_1_1;
    host.connect(denied);
    let anonymous = host.connect(connect(V5_0, ""));
    assert!(matches!(&host.inbox(anonymous)[..], [Packet::ConnAck(ack)]
        if ack.properties.assigned_client_identifier.is_some()));
    leave(host, &[anonymous]);
    let mut nameless = connect(V3_1_1, "");
    nameless.clean_start = false;
    host.connect(nameless);

    let bad: &[(&str, &[u8])] = &[
        ("a second CONNECT", b"\x10\x0d\0\x04MQTT\x05\x02\0\0\0\0\0"),
        ("flags of SUBSCRIBE", b"\x80\x06\0\x01\0\x01a\0"),
        ("QoS 3", b"\x36\x07\0\x01a\0\x01\0x"),
        ("a wildcard in a topic", b"\x30\x04\0\x01#\0"),
        ("a topic that is not UTF-8", b"\x30\x04\0\x01\xff\0"),
        ("a topic alias that is not known", b"\x30\x06\0\0\x03\x23\0\x09"),
        ("a topic alias of 0", b"\x30\x06\0\0\x03\x23\0\0"),
        ("a filter that is none", b"\x82\x08\0\x01\0\0\x02a#\0"),
        ("no filter", b"\x82\x03\0\x01\0"),
        ("No Local in a shared subscription", b"\x82\x10\0\x01\0\0\x0a$share/g/a\x04"),
        ("a packet larger than allowed", b"\x30\xff\xff\x7f"),
        ("a length of five bytes", b"\x30\xff\xff\xff\xff\x01"),
        ("a packet only servers send", b"\xd0\0"),
        ("AUTH without a method", b"\xf0\x02\x18\0"),
        ("packet type 0", b"\0\0"),
    ];
    for (number, (_, bytes)) in bad.iter().enumerate() {
        for version in [V5_0, V3_1_1] {
            let conn = host.connect(connect(version, &format!("bad{number}")));
            host.raw(conn, bytes);
            host.turn();
            host.pass(100);
        }
    }
    let early = host.open(Listener::Tls);
    host.raw(early, b"\xc0\0");
    host.turn();
    let http = host.open(Listener::Tcp);
    host.raw(http, b"GET / HTTP/1.1\r\n\r\n");
    host.turn();
    let six = host.open(Listener::Tcp);
    host.expect_version(six, V5_0);
    host.raw(six, b"\x10\x0d\0\x04MQTT\x06\x02\0\0\0\0\0");
    host.turn();

    let slow = host.open(Listener::Tcp);
    host.expect_version(slow, V5_0);
    for byte in b"\x10\x10\0\x04MQTT\x05\x02\0\0\0\0\x03abc\xe0\0" {
        host.raw(slow, &[*byte]);
        host.turn();
    }
    let greedy = host.connect(connect(V5_0, "greedy"));
    host.acknowledge(greedy, false);
    for number in 1..=5 {
        let mut message = message("m", "", ExactlyOnce);
        message.packet_id = Some(id(number));
        host.say(greedy, Packet::Publish(message));
    }
    host.turn();
    let lax = host.connect(connect(V5_0, "lax"));
    host.say(lax, Packet::PubAck(Ack::success(id(77))));
    host.say(lax, Packet::PubRel(Ack::success(id(78))));
    host.say(lax, Packet::PubRec(Ack::success(id(79))));
    host.turn();
    publish(host, lax, &"deep/".repeat(20), "", AtLeastOnce);
    leave(host, &[lax]);
}

fn operator(host: &mut Host) {
    host.command(Command::Watch { events: EventMask::ALL });
    let seen = host.connect(with_will(connect(V5_0, "seen"), 0));
    subscribe(host, seen, "op/#", AtLeastOnce);
    let mut properties = PublishProperties::new();
    properties.user_properties = user_properties(&[("by", "hand")]);
    for (name, payload, qos) in
        [("op/1", "a", AtMostOnce), ("op/2", "b", AtLeastOnce), ("op/3", "c", ExactlyOnce)]
    {
        host.command(Command::Publish {
            topic: topic(name),
            payload: Bytes::from_static(payload.as_bytes()),
            qos,
            retain: true,
            properties: properties.clone(),
        });
    }
    assert_eq!(messages(host, seen).len(), 3);
    host.command(Command::DropRetained { filter: filter("op/+") });
    let kicked = host.connect(connect(V3_1_1, "kicked"));
    host.command(Command::Kick { client_id: "seen".to_owned(), reason: ReasonCode::AdministrativeAction });
    host.command(Command::Kick { client_id: "kicked".to_owned(), reason: ReasonCode::AdministrativeAction });
    host.command(Command::EndSession { client_id: "nobody".to_owned() });
    leave(host, &[kicked]);
    host.command(Command::Watch { events: EventMask::NONE });
}

/// What is then in the image: sessions away and here, messages in each state, a will, retained messages.
fn before_the_crash(host: &mut Host) {
    let here = host.connect(with_will(persistent("here"), 0));
    let away = host.connect(persistent("gone"));
    for conn in [here, away] {
        subscribe_with(
            host,
            conn,
            Some(4),
            &[("x/#", options(ExactlyOnce)), ("$share/s/y", options(AtLeastOnce))],
        );
    }
    host.acknowledge(here, false);
    host.lose(away);
    let sender = host.connect(persistent("writer"));
    host.acknowledge(sender, false);
    for (name, qos, packet_id) in [("x/1", AtLeastOnce, 1), ("x/2", ExactlyOnce, 2), ("y", AtLeastOnce, 3)] {
        let mut message = message(name, "before", qos);
        message.retain = true;
        message.packet_id = Some(id(packet_id));
        host.say(sender, Packet::Publish(message));
        host.turn();
    }
    let second = messages(host, here).into_iter().find(|message| message.qos == ExactlyOnce).unwrap();
    host.say(here, Packet::PubRec(Ack::success(second.packet_id.unwrap())));
    host.turn();
}

fn after_the_crash(host: &mut Host) {
    host.pass(1000);
    let gone = host.connect(persistent("gone"));
    assert!(
        matches!(&host.inbox(gone)[..], [Packet::ConnAck(ack), rest @ ..] if ack.session_present && rest.len() >= 2)
    );
    let writer = host.connect(persistent("writer"));
    host.say(writer, Packet::PubRel(Ack::success(id(2))));
    host.turn();
    subscribe(host, writer, "#", AtLeastOnce);
    host.pass(11_000);
    let here = host.connect(persistent("here"));
    publish(host, writer, "x/3", "after", ExactlyOnce);
    let got = host.inbox(here);
    assert!(got.iter().any(|packet| matches!(packet, Packet::PubRel(_))), "QoS 2 goes on where it was");
    host.command(Command::Shutdown);
}
