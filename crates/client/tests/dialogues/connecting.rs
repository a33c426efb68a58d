use std::num::NonZeroU16;

use bytes::Bytes;
use lacewing_client::{Cause, Event, State};
use lacewing_protocol::{
    ConnAck, ConnAckProperties, Disconnect, Packet, QoS, ReasonCode, Utf8String, Will, WillProperties,
};

use crate::script::*;

#[test]
fn connect_says_what_the_options_say() {
    // [MQTT-3.1.0-1]
    let mut options = persistent(V5);
    options.will = Some(Will {
        topic: topic("c/status"),
        payload: Bytes::from_static(b"offline"),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: WillProperties::default(),
    });
    options.username = Some(Utf8String::from_static("u").unwrap());
    options.password = Some(Bytes::from_static(b"p"));
    options.receive_maximum = 9;
    let connect = Dialogue::start(options.clone()).open();
    assert_eq!(connect.version, V5);
    assert_eq!(connect.client_id, "c");
    assert!(connect.clean_start);
    assert_eq!(connect.keep_alive, 30);
    assert_eq!(connect.will, options.will);
    assert_eq!((connect.username, connect.password), (options.username, options.password));
    assert_eq!(connect.properties.session_expiry_interval, Some(3600));
    assert_eq!(connect.properties.receive_maximum, NonZeroU16::new(9));
}

#[test]
fn an_older_connect_has_no_properties() {
    // [3.1.1 MQTT-3.1.0-1]
    let connect = Dialogue::start(persistent(V3)).open();
    assert_eq!(connect.version, V3);
    assert!(!connect.clean_start);
    assert!(connect.properties.is_empty());
}

#[test]
fn a_clean_start_of_5_holds_for_the_first_connection_only() {
    let mut dialogue = Dialogue::start(persistent(V5));
    assert!(dialogue.open().clean_start);
    dialogue.accept(false);
    assert!(!dialogue.reconnect().clean_start);
}

#[test]
fn a_clean_session_of_3_1_1_holds_for_each_connection() {
    let mut dialogue = Dialogue::connected(options(V3));
    assert!(dialogue.reconnect().clean_start);
}

#[test]
fn a_client_without_a_name_keeps_the_one_it_was_given() {
    // [MQTT-3.1.3-6], [MQTT-3.2.2-16]
    let mut options = options(V5);
    options.client_id = Utf8String::new();
    let mut dialogue = Dialogue::start(options);
    assert_eq!(dialogue.open().client_id, "");
    let properties = ConnAckProperties {
        assigned_client_identifier: Some(Utf8String::from_static("auto-1").unwrap()),
        ..Default::default()
    };
    dialogue.accept_with(false, properties);
    assert_eq!(dialogue.client.client_id(), "auto-1");
    assert_eq!(dialogue.reconnect().client_id, "auto-1");
}

#[test]
fn a_nameless_client_of_3_1_1_asks_for_a_clean_session() {
    // [3.1.1 MQTT-3.1.3-7]
    let mut options = persistent(V3);
    options.client_id = Utf8String::new();
    assert!(Dialogue::start(options).open().clean_start);
}

#[test]
fn attempts_back_off_and_start_over_after_a_connection_that_held() {
    let mut dialogue = Dialogue::start(options(V3));
    let mut waits = Vec::new();
    for _ in 0..4 {
        let before = dialogue.now;
        dialogue.client.closed(dialogue.now);
        let (cause, retry_at) = dialogue.disconnected();
        assert_eq!(cause, Cause::TransportClosed);
        waits.push(retry_at.unwrap() - before);
        dialogue.pass(60 * SECOND);
    }
    assert_eq!(waits, [SECOND / 2, SECOND, 2 * SECOND, 4 * SECOND]);
    dialogue.open();
    dialogue.accept(false);
    dialogue.pass(SECOND);
    dialogue.lose();
    assert_eq!(dialogue.disconnected().1, Some(dialogue.now + SECOND / 2));
}

#[test]
fn a_transport_that_does_not_open_is_given_up() {
    let mut dialogue = Dialogue::start(options(V3));
    dialogue.client.tick(10 * SECOND - 1);
    assert_eq!(dialogue.client.state(), State::Dialing);
    dialogue.now = 10 * SECOND;
    dialogue.client.tick(dialogue.now);
    assert_eq!(dialogue.disconnected().0, Cause::ConnectTimeout);
    assert_eq!(dialogue.client.state(), State::Waiting);
}

#[test]
fn a_server_that_does_not_answer_connect_is_given_up() {
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    dialogue.pass(10 * SECOND);
    assert_eq!(dialogue.disconnected().0, Cause::ConnectTimeout);
    assert!(!dialogue.is_open());
}

fn refuse(dialogue: &mut Dialogue, reason: ReasonCode) -> (Cause, Option<u64>) {
    dialogue.open();
    let properties = ConnAckProperties::default();
    dialogue.send(Packet::ConnAck(Box::new(ConnAck { session_present: false, reason, properties })));
    dialogue.disconnected()
}

#[test]
fn a_refusal_that_may_pass_is_tried_again_and_one_that_will_not_is_not() {
    for (version, reason, again) in [
        (V5, ReasonCode::ServerUnavailable, true),
        (V5, ReasonCode::ServerBusy, true),
        (V3, ReasonCode::ServerUnavailable, true),
        (V5, ReasonCode::Banned, false),
        (V5, ReasonCode::BadUserNameOrPassword, false),
        (V3, ReasonCode::NotAuthorized, false),
    ] {
        let mut dialogue = Dialogue::start(options(version));
        let (cause, retry_at) = refuse(&mut dialogue, reason);
        assert!(matches!(cause, Cause::Refused { reason: told, .. } if told == reason), "{cause:?}");
        assert_eq!(retry_at.is_some(), again, "{reason}");
        assert_eq!(dialogue.client.state() == State::Idle, !again);
    }
}

#[test]
fn a_client_whose_session_was_taken_over_does_not_take_it_back() {
    let mut dialogue = Dialogue::connected(options(V5));
    dialogue.send(Packet::Disconnect(Box::new(Disconnect::new(ReasonCode::SessionTakenOver))));
    let (cause, retry_at) = dialogue.disconnected();
    assert!(matches!(cause, Cause::Server { reason: ReasonCode::SessionTakenOver, .. }));
    assert_eq!(retry_at, None);
    dialogue.pass(3600 * SECOND);
    dialogue.silent();
    // An explicit start is another matter.
    dialogue.client.start(dialogue.now);
    dialogue.open();
}

#[test]
fn a_server_that_shuts_down_is_tried_again() {
    let mut dialogue = Dialogue::connected(options(V5));
    let mut disconnect = Disconnect::new(ReasonCode::ServerShuttingDown);
    disconnect.properties.reason_string = Some(Utf8String::from_static("bye").unwrap());
    dialogue.send(Packet::Disconnect(Box::new(disconnect)));
    let (cause, retry_at) = dialogue.disconnected();
    let Cause::Server { reason_string: Some(words), .. } = cause else { panic!("{cause:?}") };
    assert_eq!(words, "bye");
    assert!(retry_at.is_some());
}

#[test]
fn stop_says_good_bye_and_stays_away() {
    // [MQTT-3.14.4-1], [MQTT-3.14.4-2], [3.1.1 MQTT-3.14.4-1], [3.1.1 MQTT-3.14.4-2]
    for version in [V3, V5] {
        let mut dialogue = Dialogue::connected(options(version));
        dialogue.publish(message("last words", QoS::AtMostOnce));
        dialogue.stop();
        assert_eq!(dialogue.published().payload, "last words");
        let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
        assert_eq!(disconnect.reason, ReasonCode::NORMAL_DISCONNECTION);
        assert_eq!(dialogue.disconnected(), (Cause::Stopped, None));
        assert!(!dialogue.is_open());
        dialogue.silent();
        dialogue.pass(3600 * SECOND);
        assert_eq!(dialogue.client.state(), State::Idle);
        assert!(!dialogue.is_dialing());
    }
}

#[test]
fn a_client_that_leaves_ends_its_session() {
    // [MQTT-3.14.2-2]
    for (options, ends) in [(persistent(V5), Some(0)), (options(V5), None), (persistent(V3), None)] {
        let mut dialogue = Dialogue::connected(options);
        dialogue.leave();
        let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
        assert_eq!(disconnect.properties.session_expiry_interval, ends);
        assert_eq!(dialogue.disconnected(), (Cause::Stopped, None));
    }
}

#[test]
fn a_client_stopped_before_its_connack_says_good_bye_too() {
    let mut dialogue = Dialogue::start(options(V3));
    dialogue.open();
    dialogue.stop();
    assert!(matches!(dialogue.packet(), Packet::Disconnect(_)));
    assert_eq!(dialogue.disconnected(), (Cause::Stopped, None));
}

#[test]
fn a_client_stopped_and_started_while_it_closes_dials_at_once() {
    let mut dialogue = Dialogue::connected(options(V5));
    dialogue.client.stop(0);
    dialogue.client.start(0);
    assert!(matches!(dialogue.packet(), Packet::Disconnect(_)));
    assert_eq!(dialogue.disconnected(), (Cause::Stopped, Some(0)));
    assert!(dialogue.open().clean_start);
}

#[test]
fn a_session_after_a_clean_start_is_not_believed() {
    // [MQTT-3.2.2-4]
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    let (reason, properties) = (ReasonCode::Success, ConnAckProperties::default());
    dialogue.send(Packet::ConnAck(Box::new(ConnAck { session_present: true, reason, properties })));
    let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
    assert_eq!(disconnect.reason, ReasonCode::ProtocolError);
    assert!(matches!(dialogue.event(), Event::Disconnected { cause: Cause::Protocol { .. }, .. }));
}

#[test]
fn a_server_of_small_packets_is_told_of_its_fault_without_words() {
    // [MQTT-3.2.2-15]
    let maximum_packet_size = std::num::NonZeroU32::new(20);
    let properties = ConnAckProperties { maximum_packet_size, ..ConnAckProperties::default() };
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    let conn_ack = ConnAck { session_present: true, reason: ReasonCode::Success, properties };
    dialogue.send(Packet::ConnAck(Box::new(conn_ack.clone())));
    let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
    assert_eq!((disconnect.reason, disconnect.properties.reason_string), (ReasonCode::ProtocolError, None));

    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    dialogue.accept_with(false, conn_ack.properties);
    dialogue.puback(5);
    let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
    assert_eq!((disconnect.reason, disconnect.properties.reason_string), (ReasonCode::ProtocolError, None));
}

#[test]
fn options_that_make_no_connect_are_told_and_not_tried_again() {
    let mut options = options(V3);
    options.password = Some(Bytes::from_static(b"without a user name"));
    let mut dialogue = Dialogue::start(options);
    dialogue.client.connected(0);
    assert_eq!(dialogue.disconnected(), (Cause::InvalidOptions, None));
}

#[test]
fn a_host_that_knows_better_can_have_the_next_attempt_made_at_once() {
    let mut dialogue = Dialogue::start(options(V3));
    for _ in 0..5 {
        dialogue.client.closed(dialogue.now);
        dialogue.disconnected();
        dialogue.pass(60 * SECOND);
    }
    dialogue.client.closed(dialogue.now);
    dialogue.disconnected();
    dialogue.client.retry(dialogue.now);
    dialogue.open();
}
