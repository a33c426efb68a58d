//! Who a client is: without the host, by password and by AUTH exchange (§3.15, §4.12).

mod anew;

use bytes::Bytes;
use lacewing_broker::{
    AuthRequest, AuthStep, CloseReason, Command, Config, Listener, ListenerTerms, Rules, User, Verdict,
};
use lacewing_protocol::{
    Auth, AuthProperties, ConnAck, Connect, Packet, ProtocolVersion, QoS, ReasonCode, Utf8String,
};

use crate::story::*;

const METHOD: &str = "SCRAM-SHA-256";

fn rules() -> Rules {
    Rules { users: ["ada", "kim"].map(user).into(), ..Rules::default() }
}

fn user(name: &str) -> User {
    User { name: name.to_owned(), password: Some("$argon2id$".to_owned()), ..User::default() }
}

/// A broker that knows ada and kim.
fn story() -> Story {
    under(Story::new(), rules())
}

fn under(story: Story, rules: Rules) -> Story {
    story.command(Command::Rules(Box::new(rules)));
    story
}

fn named(connect: Connect, name: &str) -> Connect {
    let username = Some(Utf8String::try_from(name).unwrap());
    Connect { username, password: Some(Bytes::from_static(b"secret")), ..connect }
}

/// A 5.0 CONNECT that asks for an exchange.
fn asking(client_id: &str) -> Connect {
    let mut connect = v5(client_id);
    connect.properties.authentication_method = Some(METHOD.try_into().unwrap());
    connect.properties.authentication_data = Some(Bytes::from_static(b"client-first"));
    connect
}

fn auth(reason: ReasonCode, method: &str, data: &'static str) -> Packet {
    let properties = AuthProperties {
        authentication_method: Some(method.try_into().unwrap()),
        authentication_data: Some(data.into()),
        ..AuthProperties::default()
    };
    Packet::Auth(Box::new(Auth { reason, properties }))
}

fn goes_on(data: &'static str) -> Packet {
    auth(ReasonCode::ContinueAuthentication, METHOD, data)
}

fn more(data: &'static str) -> Verdict {
    Verdict::Continue { data: data.into() }
}

fn allow(name: &str) -> Verdict {
    Verdict::Allow { user: Some(name.to_owned()), data: None }
}

impl Story {
    /// Says CONNECT at a listener, perhaps with the name in a certificate.
    fn arrives(&self, connect: Connect, listener: Listener, certificate: Option<&str>) -> Client {
        let client = self.dial_at(connect.version, listener, certificate);
        client.send(Packet::Connect(Box::new(connect)));
        client
    }

    fn knocks(&self, connect: Connect) -> Client {
        self.arrives(connect, Listener::Tcp, None)
    }

    /// The one question that the host was asked.
    fn question(&self) -> AuthRequest {
        let (_, request) = self.world().questions.pop().expect("the host is asked");
        self.asks_nothing();
        request
    }

    fn asks_nothing(&self) {
        assert_eq!(self.world().questions, []);
    }

    /// A client whose exchange has ended well, as ada.
    fn proven(&self, connect: Connect) -> Client {
        self.world().questions.clear();
        let client = self.knocks(connect);
        self.question();
        self.answer(client.conn, allow("ada"));
        assert_eq!(client.connack().reason, ReasonCode::Success);
        client
    }
}

impl Client {
    fn connack(&self) -> ConnAck {
        match self.receive() {
            Packet::ConnAck(ack) => *ack,
            other => panic!("expected CONNACK, got {other}"),
        }
    }

    fn is_turned_away(&self, reason: ReasonCode) {
        assert_eq!(self.connack().reason, reason);
        self.hears_nothing();
        assert!(self.is_closed());
    }

    fn auth(&self) -> Auth {
        match self.receive() {
            Packet::Auth(auth) => *auth,
            other => panic!("expected AUTH, got {other}"),
        }
    }

    fn user(&self, client_id: &str) -> Option<String> {
        self.story.world().broker.client(client_id).expect("it has a session").info.user
    }
}

#[test]
fn without_users_nobody_is_asked_and_a_user_name_is_ignored() {
    let story = Story::new();
    let (client, _) = story.enter(named(v5("c"), "ada"));
    assert_eq!(client.user("c"), None);
    story.asks_nothing();
}

#[test]
fn with_users_a_name_is_asked_about_and_no_name_is_anonymous() {
    let story = story();
    let (anonymous, _) = story.enter(v5("a"));
    assert_eq!(anonymous.user("a"), None);
    let ada = story.knocks(named(v5("b"), "ada"));
    let request = story.question();
    assert_eq!((request.username.as_deref(), request.step), (Some("ada"), AuthStep::Connect));
    assert_eq!((request.method, request.data), (None, None));
    story.answer(ada.conn, allow("ada"));
    let ack = ada.connack();
    // [MQTT-4.12.0-6]
    assert_eq!((ack.properties.authentication_method, ack.properties.authentication_data), (None, None));
    assert_eq!(ada.user("b").as_deref(), Some("ada"));
}

#[test]
fn who_has_no_name_may_be_kept_out_by_listener() {
    let listeners = vec![ListenerTerms {
        listener: Listener::WebSocket,
        anonymous: Some(true),
        terms: Default::default(),
    }];
    let story = under(Story::new(), Rules { anonymous: false, listeners, ..rules() });
    story.is_refused(v5("a"), ReasonCode::NotAuthorized);
    story.is_refused(v3("a"), ReasonCode::NotAuthorized);
    let browser = story.arrives(v5("b"), Listener::WebSocket, None);
    assert_eq!(browser.connack().reason, ReasonCode::Success);
    for listener in [Listener::Home, Listener::Page] {
        let own = story.arrives(named(v5("own"), "ada"), listener, None);
        assert_eq!(own.connack().reason, ReasonCode::Success);
        assert_eq!(own.user("own"), None);
    }
    story.asks_nothing();
}

#[test]
fn without_users_and_without_anonymous_clients_nobody_comes_in() {
    let story = under(Story::new(), Rules { anonymous: false, ..Rules::default() });
    story.is_refused(named(v5("a"), "ada"), ReasonCode::NotAuthorized);
}

#[test]
fn a_certificate_is_a_user_name_that_needs_no_password() {
    let story = under(Story::new(), Rules { anonymous: false, ..rules() });
    let cert = Some("kim");
    let kim = story.arrives(v5("k"), Listener::Tls, cert);
    assert_eq!(kim.connack().reason, ReasonCode::Success);
    assert_eq!(kim.user("k").as_deref(), Some("kim"));
    let same = story.arrives(named(v3("s"), "kim"), Listener::Tls, cert);
    assert_eq!(same.connack().reason, ReasonCode::Success);
    let other = story.arrives(named(v5("o"), "ada"), Listener::Tls, cert);
    other.is_turned_away(ReasonCode::BadUserNameOrPassword);
    let old = story.arrives(named(v3("o"), "ada"), Listener::Tls, cert);
    old.is_turned_away(ReasonCode::BadUserNameOrPassword);
    story.asks_nothing();

    let proving = story.arrives(asking("p"), Listener::Tls, cert);
    assert_eq!(story.question().transport.tls.as_deref(), cert);
    story.answer(proving.conn, allow("ada"));
    proving.is_turned_away(ReasonCode::BadUserNameOrPassword);
}

#[test]
fn a_method_is_refused_where_nobody_knows_one() {
    // [MQTT-4.12.0-1]
    Story::new().is_refused(asking("c"), ReasonCode::BadAuthenticationMethod);
    let story = story();
    let own = story.arrives(asking("c"), Listener::Page, None);
    own.is_turned_away(ReasonCode::BadAuthenticationMethod);
    let client = story.knocks(asking("c"));
    story.question();
    story.answer(client.conn, Verdict::Deny { reason: ReasonCode::BadAuthenticationMethod });
    client.is_turned_away(ReasonCode::BadAuthenticationMethod);
}

#[test]
fn an_exchange_goes_back_and_forth_and_ends_with_connack() {
    // [MQTT-4.12.0-2], [MQTT-4.12.0-3], [MQTT-4.12.0-5]
    let story = story();
    let client = story.knocks(asking("c"));
    let first = story.question();
    assert_eq!((first.method.as_deref(), first.step), (Some(METHOD), AuthStep::Connect));
    assert_eq!(first.data.as_deref(), Some(&b"client-first"[..]));
    client.hears_nothing();
    story.answer(client.conn, more("server-first"));
    assert_eq!(Packet::Auth(Box::new(client.auth())), goes_on("server-first"));
    client.send(goes_on("client-final"));
    let second = story.question();
    assert_eq!((second.step, second.data.as_deref()), (AuthStep::Continue, Some(&b"client-final"[..])));
    assert_eq!((second.client_id.as_str(), second.method.as_deref()), ("c", Some(METHOD)));
    let data = Some(Bytes::from_static(b"server-final"));
    story.answer(client.conn, Verdict::Allow { user: Some("ada".to_owned()), data: data.clone() });
    let ack = client.connack();
    assert_eq!(ack.properties.authentication_method.as_deref(), Some(METHOD));
    assert_eq!(ack.properties.authentication_data, data);
    assert_eq!(client.user("c").as_deref(), Some("ada"));
    client.send(Packet::PingReq);
    assert_eq!(client.receive(), Packet::PingResp);
}

#[test]
fn only_auth_may_come_before_connack() {
    // [MQTT-3.1.2-30]
    let packets =
        [Packet::PingReq, Packet::Publish(message("t", "x")), Packet::Connect(Box::new(asking("c")))];
    let story = story();
    let watcher = story.client("w");
    watcher.subscribe("#", QoS::AtMostOnce);
    for packet in packets {
        let client = story.knocks(asking("c"));
        story.answer(client.conn, more("server-first"));
        client.auth();
        client.send(packet);
        client.is_turned_away(ReasonCode::ProtocolError);
    }
    watcher.hears_nothing();
    let client = story.knocks(asking("c"));
    story.answer(client.conn, more("server-first"));
    client.auth();
    client.disconnects();
    assert_eq!(client.close_reason(), Some(CloseReason::Disconnected));
    client.hears_nothing();
}

#[test]
fn an_answer_with_another_method_or_of_another_kind_is_refused() {
    let story = story();
    let challenged = || {
        let client = story.knocks(asking("c"));
        story.world().questions.clear();
        story.answer(client.conn, more("server-first"));
        client.auth();
        client
    };
    let client = challenged();
    client.send(auth(ReasonCode::ContinueAuthentication, "PLAIN", "x"));
    client.is_turned_away(ReasonCode::BadAuthenticationMethod);
    let client = challenged();
    client.send(auth(ReasonCode::ReAuthenticate, METHOD, "x"));
    client.is_turned_away(ReasonCode::ProtocolError);
    // Success is for the server to say [MQTT-3.15.2-1], and a method is in every AUTH.
    let client = challenged();
    client.send_bytes(b"\xf0\0");
    client.is_turned_away(ReasonCode::ProtocolError);
    let client = challenged();
    client.send_bytes(b"\xf0\x02\x18\0");
    client.is_turned_away(ReasonCode::ProtocolError);
    // [MQTT-3.15.1-1]
    let client = challenged();
    client.send_bytes(b"\xf1\0");
    client.is_turned_away(ReasonCode::MalformedPacket);
    story.asks_nothing();
}

#[test]
fn auth_without_a_method_in_connect_is_a_protocol_error() {
    // [MQTT-4.12.0-7]
    let story = story();
    for reason in [ReasonCode::ContinueAuthentication, ReasonCode::ReAuthenticate] {
        let client = story.client("c");
        client.send(auth(reason, METHOD, "x"));
        client.is_sent_away(ReasonCode::ProtocolError);
    }
    let first = story.dial(ProtocolVersion::V5_0);
    first.send(auth(ReasonCode::ContinueAuthentication, METHOD, "x"));
    assert!(first.is_closed());
    first.hears_nothing();
    let old = story.old_client("d");
    old.send_bytes(b"\xf0\0");
    assert!(old.is_closed());
    story.asks_nothing();
}

#[test]
fn a_host_that_goes_on_without_a_method_sends_no_auth() {
    // [MQTT-4.12.0-6]
    let story = story();
    for connect in [named(v5("c"), "ada"), named(v3("c"), "ada")] {
        let client = story.knocks(connect);
        story.answer(client.conn, more("x"));
        client.is_turned_away(ReasonCode::NotAuthorized);
    }
}

#[test]
fn a_session_is_taken_over_only_after_the_verdict() {
    let story = under(Story::durable(), rules());
    let (first, _) = story.enter(expiring("c", 100));
    first.subscribe("t", QoS::AtLeastOnce);
    let thief = story.knocks(named(expiring("c", 100), "ada"));
    story.answer(thief.conn, Verdict::Deny { reason: ReasonCode::BadUserNameOrPassword });
    thief.is_turned_away(ReasonCode::BadUserNameOrPassword);
    let slow = story.knocks(asking("c"));
    story.answer(slow.conn, more("server-first"));
    slow.auth();
    assert!(!first.is_closed());
    slow.send(goes_on("wrong"));
    story.answer(slow.conn, Verdict::Deny { reason: ReasonCode::NotAuthorized });
    // [MQTT-4.12.0-4]
    slow.is_turned_away(ReasonCode::NotAuthorized);
    story.client("p").publish_qos("t", "still here", QoS::AtLeastOnce, 1);
    first.expect("t", "still here");

    story.world().questions.clear();
    let (owner, connect) = (story.knocks(asking("c")), story.question());
    assert_eq!(connect.client_id, "c");
    story.answer(owner.conn, allow("ada"));
    assert_eq!(owner.connack().reason, ReasonCode::Success);
    first.is_sent_away(ReasonCode::SessionTakenOver);
}

#[test]
fn a_verdict_for_a_connection_that_is_gone_means_nothing() {
    let story = story();
    let client = story.knocks(named(v5("c"), "ada"));
    client.vanishes();
    story.answer(client.conn, allow("ada"));
    let challenged = story.knocks(asking("d"));
    story.answer(challenged.conn, more("x"));
    // Nobody asked again yet.
    story.answer(challenged.conn, allow("ada"));
    challenged.auth();
    challenged.hears_nothing();
    challenged.vanishes();
    story.answer(challenged.conn, allow("ada"));
    assert_eq!(story.world().broker.clients(None, 10), []);
    assert_eq!(story.world().broker.metrics().connections, 0);
}

#[test]
fn an_exchange_has_an_end() {
    let story = story();
    let client = story.knocks(asking("c"));
    for _ in 0..15 {
        story.answer(client.conn, more("again"));
        client.auth();
        client.send(goes_on("again"));
    }
    assert_eq!(story.world().questions.len(), 16);
    story.answer(client.conn, more("again"));
    client.auth();
    client.send(goes_on("again"));
    client.is_turned_away(ReasonCode::NotAuthorized);
}

#[test]
fn the_client_has_its_time_and_the_hosts_does_not_count() {
    let story = Story::with(Config { connect_timeout: 10, ..Config::default() });
    let story = under(story, rules());
    let client = story.dial(ProtocolVersion::V5_0);
    story.pass_seconds(4);
    client.send(Packet::Connect(Box::new(asking("c"))));
    story.pass_seconds(60);
    assert!(!client.is_closed());
    story.answer(client.conn, more("server-first"));
    client.auth();
    story.pass_seconds(3);
    client.send(goes_on("client-second"));
    story.pass_seconds(60);
    story.answer(client.conn, more("server-second"));
    client.auth();
    story.pass_seconds(2);
    assert!(!client.is_closed());
    story.pass_seconds(1);
    client.is_turned_away(ReasonCode::NotAuthorized);
}

#[test]
fn data_that_the_client_cannot_take_ends_the_exchange() {
    // [MQTT-3.1.2-24]
    let story = story();
    let mut connect = asking("c");
    connect.properties.maximum_packet_size = std::num::NonZeroU32::new(60);
    let client = story.knocks(connect);
    story.answer(client.conn, Verdict::Continue { data: vec![7; 100].into() });
    client.is_turned_away(ReasonCode::PacketTooLarge);
    let client = story.knocks(asking("c"));
    story.answer(client.conn, Verdict::Continue { data: vec![7; 70_000].into() });
    client.is_turned_away(ReasonCode::PacketTooLarge);
    let client = story.knocks(asking("c"));
    let data = Some(vec![7; 70_000].into());
    story.answer(client.conn, Verdict::Allow { user: Some("ada".to_owned()), data });
    client.is_turned_away(ReasonCode::PacketTooLarge);
}

#[test]
fn what_a_client_sends_ahead_of_the_verdict_waits_for_it() {
    let story = story();
    let client = story.knocks(asking("c"));
    client.send(goes_on("too early"));
    client.send(Packet::PingReq);
    assert!(client.is_paused());
    story.answer(client.conn, more("server-first"));
    client.auth();
    // The first was read as the answer; the host was asked about it.
    assert_eq!(story.world().questions.len(), 2);
    story.answer(client.conn, allow("ada"));
    assert_eq!(client.connack().reason, ReasonCode::Success);
    assert_eq!(client.receive(), Packet::PingResp);
    assert!(!client.is_paused());
}

#[test]
fn a_client_that_floods_during_the_question_is_cut_off() {
    let story = under(Story::with(Config { held_bytes: 1000, ..Config::default() }), rules());
    let client = story.knocks(named(v5("c"), "ada"));
    client.send_bytes(&[0; 2000]);
    assert!(client.is_closed());
    story.answer(client.conn, allow("ada"));
    assert_eq!(story.world().broker.clients(None, 10), []);
}
