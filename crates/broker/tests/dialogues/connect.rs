//! Coming in (§3.1, §3.2) and being asked who one is.

use lacewing_broker::{CloseReason, Command, Config, Verdict};
use lacewing_protocol::{Connect, Packet, ProtocolVersion, QoS, ReasonCode};

use crate::story::*;

#[test]
fn a_connection_without_connect_is_closed_after_a_while() {
    let story = Story::new();
    let silent = story.dial(ProtocolVersion::V3_1_1);
    story.pass_seconds(9);
    assert!(!silent.is_closed());
    story.pass_seconds(1);
    assert_eq!(silent.close_reason(), Some(CloseReason::ConnectTimeout));
    silent.hears_nothing();
}

#[test]
fn a_first_packet_that_is_not_connect_ends_the_connection_without_an_answer() {
    // [MQTT-3.1.0-1], [3.1.1 MQTT-3.1.0-1], [3.1.1 MQTT-4.8.0-1]
    let story = Story::new();
    let rude = story.dial(ProtocolVersion::V3_1_1);
    rude.publish("t", "x");
    assert!(rude.is_closed());
    rude.hears_nothing();
}

#[test]
fn a_second_connect_is_a_protocol_error() {
    // [MQTT-3.1.0-2], [3.1.1 MQTT-3.1.0-2]
    let story = Story::new();
    let (new, old) = (story.client("new"), story.old_client("old"));
    new.send(Packet::Connect(Box::new(v5("new"))));
    new.is_sent_away(ReasonCode::ProtocolError);
    old.send(Packet::Connect(Box::new(v3("old"))));
    assert!(old.is_closed());
    old.hears_nothing();
}

#[test]
fn an_unknown_protocol_version_is_refused() {
    // [3.1.1 MQTT-3.1.2-2]
    let story = Story::new();
    let client = story.dial(ProtocolVersion::V3_1_1);
    client.send_bytes(b"\x10\x0d\x00\x04MQTT\x09\x02\x00\x00\x00\x01c");
    match client.receive() {
        Packet::ConnAck(ack) => assert_eq!(ack.reason, ReasonCode::UnsupportedProtocolVersion),
        other => panic!("expected CONNACK, got {other}"),
    }
    assert!(client.is_closed());
}

#[test]
fn a_client_without_an_id_gets_one_of_its_own() {
    // [MQTT-3.1.3-6], [MQTT-3.2.2-16]
    let story = Story::new();
    let (_, first) = story.enter(v5(""));
    let (_, second) = story.enter(v5(""));
    let (first, second) =
        (first.properties.assigned_client_identifier, second.properties.assigned_client_identifier);
    assert!(first.is_some() && second.is_some() && first != second);
    let (_, old) = story.enter(v3(""));
    assert_eq!(old.properties.assigned_client_identifier, None);
    assert_eq!(story.world().broker.clients(None, 10).len(), 3);
}

#[test]
fn before_5_0_an_empty_id_needs_a_clean_session() {
    // [3.1.1 MQTT-3.1.3-8]
    let story = Story::new();
    story.is_refused(Connect { clean_start: false, ..v3("") }, ReasonCode::ClientIdentifierNotValid);
    // 3.1 has client ids of 1 to 23 characters; longer ones are taken all the same.
    story.is_refused(
        Connect { version: ProtocolVersion::V3_1, ..v3("") },
        ReasonCode::ClientIdentifierNotValid,
    );
}

#[test]
fn an_id_that_is_too_long_is_refused() {
    // [MQTT-3.1.3-8]
    let story = Story::new();
    story.is_refused(v5(&"x".repeat(1025)), ReasonCode::ClientIdentifierNotValid);
    story.is_refused(v3(&"x".repeat(1025)), ReasonCode::ClientIdentifierNotValid);
}

#[test]
fn the_answer_says_what_the_broker_can_take() {
    // §3.2.2.3
    let config = Config { keep_alive_maximum: 60, session_expiry_maximum: 100, ..Config::default() };
    let story = Story::with(config);
    let (_, ack) = story.enter(Connect { keep_alive: 0, ..expiring("c", 1000) });
    let properties = ack.properties;
    assert_eq!(properties.server_keep_alive, Some(60));
    assert_eq!(properties.session_expiry_interval, Some(100));
    assert_eq!(properties.receive_maximum.unwrap().get(), 1024);
    assert_eq!(properties.maximum_packet_size.unwrap().get(), 2 << 20);
    assert_eq!(properties.topic_alias_maximum, Some(64));
    let (_, ack) = story.enter(Connect { keep_alive: 30, ..expiring("d", 50) });
    assert_eq!(ack.properties.server_keep_alive, None);
    assert_eq!(ack.properties.session_expiry_interval, None);
}

#[test]
fn the_answer_is_silent_about_what_the_protocol_limits_itself() {
    // §3.2.2.3.3, §3.2.2.3.6
    let story =
        Story::with(Config { receive_maximum: u16::MAX, maximum_packet_size: u32::MAX, ..Config::default() });
    let (_, ack) = story.enter(v5("c"));
    assert_eq!(ack.properties.receive_maximum, None);
    assert_eq!(ack.properties.maximum_packet_size, None);
}

#[test]
fn the_server_keep_alive_is_the_one_that_counts() {
    // [MQTT-3.2.2-21]
    let story = Story::with(Config { keep_alive_maximum: 10, ..Config::default() });
    let (client, _) = story.enter(v5("c"));
    story.pass_seconds(15);
    client.is_sent_away(ReasonCode::KeepAliveTimeout);
}

#[test]
fn an_authentication_method_that_is_not_there_is_refused() {
    // [MQTT-4.12.0-1]
    let story = Story::new();
    let mut connect = v5("c");
    connect.properties.authentication_method = Some("SCRAM-SHA-256".try_into().unwrap());
    story.is_refused(connect, ReasonCode::BadAuthenticationMethod);
}

#[test]
fn the_same_client_id_takes_the_session_over() {
    // [MQTT-3.1.4-3]
    let story = Story::new();
    let (first, _) = story.lasting("c");
    first.subscribe("t", QoS::AtMostOnce);
    let (second, ack) = story.lasting("c");
    assert!(ack.session_present);
    first.is_sent_away(ReasonCode::SessionTakenOver);
    assert_eq!(first.close_reason(), Some(CloseReason::TakenOver));
    story.client("p").publish("t", "x");
    second.expect("t", "x");

    let old = story.old_client("c");
    second.is_sent_away(ReasonCode::SessionTakenOver);
    let newer = story.old_client("c");
    old.hears_nothing();
    assert!(old.is_closed() && !newer.is_closed());
}

#[test]
fn the_host_is_asked_and_nothing_is_done_before_its_verdict() {
    let story = Story::with(Config { authenticate: true, ..Config::default() });
    let client = story.dial(ProtocolVersion::V5_0);
    let connect = Connect {
        username: Some("ada".try_into().unwrap()),
        password: Some(bytes::Bytes::from_static(b"secret")),
        ..v5("c")
    };
    client.send(Packet::Connect(Box::new(connect.clone())));
    client.send(Packet::PingReq);
    client.hears_nothing();
    assert!(client.is_paused());
    let (conn, request) = story.world().questions.pop().unwrap();
    assert_eq!((conn, request.client_id.as_str()), (client.conn, "c"));
    assert_eq!(
        (request.username.as_deref(), request.password.as_deref()),
        (Some("ada"), Some(&b"secret"[..]))
    );
    story.answer(conn, Verdict::Allow { user: Some("ada".to_owned()), data: None });
    assert!(matches!(client.receive(), Packet::ConnAck(_)));
    assert_eq!(client.receive(), Packet::PingResp);
    assert!(!client.is_paused());
    assert_eq!(story.world().broker.client("c").unwrap().info.user.as_deref(), Some("ada"));

    let thief = story.dial(ProtocolVersion::V5_0);
    thief.send(Packet::Connect(Box::new(connect)));
    let (conn, _) = story.world().questions.pop().unwrap();
    assert!(!client.is_closed());
    story.answer(conn, Verdict::Deny { reason: ReasonCode::BadUserNameOrPassword });
    match thief.receive() {
        Packet::ConnAck(ack) => assert_eq!(ack.reason, ReasonCode::BadUserNameOrPassword),
        other => panic!("expected CONNACK, got {other}"),
    }
    assert!(thief.is_closed() && !client.is_closed());
}

#[test]
fn more_connections_and_sessions_than_the_limits_are_turned_away() {
    let story = Story::with(Config { connections: 2, sessions: 1, ..Config::default() });
    let _client = story.client("a");
    story.is_refused(v5("b"), ReasonCode::QuotaExceeded);
    story.is_refused(v3("b"), ReasonCode::ServerUnavailable);
    let _second = story.dial(ProtocolVersion::V5_0);
    let third = story.dial(ProtocolVersion::V5_0);
    assert_eq!(third.close_reason(), Some(CloseReason::TooManyConnections));
}

#[test]
fn a_shutdown_says_goodbye_to_everybody() {
    let story = Story::new();
    let (new, old) = (story.client("new"), story.old_client("old"));
    story.command(Command::Shutdown);
    new.is_sent_away(ReasonCode::ServerShuttingDown);
    old.hears_nothing();
    assert_eq!(old.close_reason(), Some(CloseReason::Shutdown));
    assert!(story.dial(ProtocolVersion::V5_0).is_closed());
}

#[test]
fn keep_alive_does_not_run_while_the_host_sleeps() {
    let story = Story::new();
    let (client, _) = story.enter(Connect { keep_alive: 10, ..v5("c") });
    story.world().now.wall += 3600 * SECOND;
    story.pass_seconds(1);
    client.send(Packet::PingReq);
    assert_eq!(client.receive(), Packet::PingResp);
}

#[test]
fn clients_let_in_one_after_the_other_do_not_exceed_the_limit_on_sessions() {
    let story = Story::with(Config { authenticate: true, sessions: 1, ..Config::default() });
    let clients = ["a", "b"].map(|client_id| {
        let client = story.dial(ProtocolVersion::V5_0);
        client.send(Packet::Connect(Box::new(v5(client_id))));
        client
    });
    for client in &clients {
        story.answer(client.conn, Verdict::Allow { user: None, data: None });
    }
    let answers = clients.map(|client| match client.receive() {
        Packet::ConnAck(ack) => ack.reason,
        other => panic!("expected CONNACK, got {other}"),
    });
    assert_eq!(answers, [ReasonCode::Success, ReasonCode::QuotaExceeded]);
}

#[test]
fn the_time_that_the_host_takes_over_its_verdict_is_not_the_clients() {
    // [MQTT-3.1.2-22]
    let story = Story::with(Config { authenticate: true, ..Config::default() });
    let client = story.dial(ProtocolVersion::V5_0);
    client.send(Packet::Connect(Box::new(Connect { keep_alive: 1, ..v5("c") })));
    story.pass_seconds(5);
    story.answer(client.conn, Verdict::Allow { user: None, data: None });
    assert!(matches!(client.receive(), Packet::ConnAck(_)));
    story.pass_seconds(1);
    assert!(!client.is_closed());
    story.pass_seconds(1);
    client.is_sent_away(ReasonCode::KeepAliveTimeout);
}
