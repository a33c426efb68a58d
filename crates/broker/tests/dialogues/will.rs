//! Wills (§3.1.2.5, §3.1.3.2.2).

use lacewing_protocol::{Connect, Disconnect, Packet, QoS, ReasonCode, Will};

use crate::story::*;

fn with_will(connect: Connect, delay: u32) -> Connect {
    let mut will = will("status", "offline");
    will.properties.will_delay_interval = Some(delay).filter(|delay| *delay > 0);
    Connect { will: Some(will), ..connect }
}

#[test]
fn a_will_is_sent_when_the_client_is_lost() {
    // [MQTT-3.1.2-8]
    for connect in [v3("c"), v5("c")] {
        let story = Story::new();
        let watcher = story.client("watcher");
        watcher.subscribe("status", QoS::AtMostOnce);
        let (client, _) = story.enter(with_will(connect, 0));
        client.vanishes();
        watcher.expect("status", "offline");
        watcher.hears_nothing();
    }
}

#[test]
fn a_will_is_not_sent_after_disconnect() {
    // [MQTT-3.1.2-10], [MQTT-3.14.4-3]
    for connect in [v3("c"), v5("c"), expiring("c", 60)] {
        let story = Story::new();
        let watcher = story.client("watcher");
        watcher.subscribe("status", QoS::AtMostOnce);
        let (client, _) = story.enter(with_will(connect, 0));
        client.disconnects();
        assert!(client.is_closed());
        story.pass_seconds(100);
        watcher.hears_nothing();
    }
}

#[test]
fn a_disconnect_may_ask_for_the_will() {
    // §3.14.2.1: reason 0x04
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (client, _) = story.enter(with_will(v5("c"), 0));
    client.send(Packet::Disconnect(Box::new(Disconnect::new(ReasonCode::DisconnectWithWillMessage))));
    watcher.expect("status", "offline");
}

#[test]
fn a_will_with_a_delay_waits_and_is_forgotten_if_the_client_is_back_in_time() {
    // [MQTT-3.1.3-9]
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (client, _) = story.enter(with_will(expiring("c", 60), 10));
    client.vanishes();
    story.pass_seconds(9);
    watcher.hears_nothing();
    let (client, _) = story.enter(with_will(Connect { clean_start: false, ..expiring("c", 60) }, 10));
    story.pass_seconds(30);
    watcher.hears_nothing();
    client.vanishes();
    story.pass_seconds(10);
    watcher.expect("status", "offline");
}

#[test]
fn a_will_is_sent_at_the_latest_when_the_session_ends() {
    // [MQTT-3.1.2-8], §3.1.3.2.2
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (client, _) = story.enter(with_will(expiring("c", 5), 100));
    client.vanishes();
    story.pass_seconds(4);
    watcher.hears_nothing();
    story.pass_seconds(1);
    watcher.expect("status", "offline");
    let (client, _) = story.enter(with_will(expiring("c", 60), 100));
    client.vanishes();
    let (_back, ack) = story.enter(v5("c"));
    assert!(!ack.session_present);
    watcher.expect("status", "offline");
}

#[test]
fn a_will_is_sent_when_the_keep_alive_runs_out_at_one_and_a_half_times() {
    // [MQTT-3.1.2-22]
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (client, _) = story.enter(Connect { keep_alive: 10, ..with_will(v5("c"), 0) });
    story.pass_seconds(10);
    client.send(Packet::PingReq);
    assert_eq!(client.receive(), Packet::PingResp);
    story.pass_seconds(14);
    assert!(!client.is_closed());
    watcher.hears_nothing();
    story.pass_seconds(1);
    client.is_sent_away(ReasonCode::KeepAliveTimeout);
    watcher.expect("status", "offline");
}

#[test]
fn a_will_can_be_retained_and_expires_after_it_was_sent() {
    // [MQTT-3.1.2-14], [MQTT-3.1.2-15], §3.1.3.2.4
    let story = Story::new();
    let mut connect = v5("c");
    let mut message = Will { retain: true, qos: QoS::AtLeastOnce, ..will("status", "offline") };
    message.properties.message_expiry_interval = Some(100);
    connect.will = Some(message);
    let (client, _) = story.enter(connect);
    story.pass_seconds(50);
    client.vanishes();
    story.pass_seconds(40);
    let late = story.client("late");
    late.subscribe("status", QoS::AtLeastOnce);
    let got = late.expect("status", "offline");
    assert!(got.retain);
    assert_eq!(got.properties.message_expiry_interval, Some(60));
    story.pass_seconds(60);
    let later = story.client("later");
    later.subscribe("status", QoS::AtLeastOnce);
    later.hears_nothing();
}

#[test]
fn a_client_that_takes_its_own_session_over_leaves_its_will_unless_it_has_a_delay() {
    // [MQTT-3.1.4-3], [MQTT-3.1.3-9]
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (first, _) = story.enter(with_will(expiring("c", 60), 0));
    let (second, ack) = story.enter(with_will(Connect { clean_start: false, ..expiring("c", 60) }, 10));
    assert!(ack.session_present);
    first.is_sent_away(ReasonCode::SessionTakenOver);
    watcher.expect("status", "offline");
    let (_third, _) = story.enter(Connect { clean_start: false, ..expiring("c", 60) });
    second.is_sent_away(ReasonCode::SessionTakenOver);
    story.pass_seconds(30);
    watcher.hears_nothing();
}

#[test]
fn a_will_is_forwarded_with_its_properties() {
    // [MQTT-3.1.3-10], §3.1.3.2
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::ExactlyOnce);
    let mut message = Will { qos: QoS::ExactlyOnce, ..will("status", "offline") };
    message.properties.content_type = Some("text/plain".try_into().unwrap());
    message.properties.response_topic = Some("who".try_into().unwrap());
    message.properties.correlation_data = Some(bytes::Bytes::from_static(b"7"));
    for (name, value) in [("z", "1"), ("a", "2")] {
        message.properties.user_properties.push(name.try_into().unwrap(), value.try_into().unwrap());
    }
    let (client, _) = story.enter(Connect { will: Some(message.clone()), ..v5("c") });
    client.vanishes();
    let got = watcher.expect("status", "offline");
    assert_eq!(got.qos, QoS::ExactlyOnce);
    assert_eq!(got.properties.content_type, message.properties.content_type);
    assert_eq!(got.properties.response_topic, message.properties.response_topic);
    assert_eq!(got.properties.correlation_data, message.properties.correlation_data);
    assert_eq!(got.properties.user_properties, message.properties.user_properties);
}

#[test]
fn keep_alive_is_exact_to_half_a_second_and_0_is_none() {
    // [MQTT-3.1.2-22], §3.1.2.10
    let story = Story::new();
    let (patient, _) = story.enter(v3("patient"));
    let (client, _) = story.enter(Connect { keep_alive: 1, ..v5("c") });
    story.pass(SECOND * 3 / 2 - 1);
    assert!(!client.is_closed());
    story.pass(1);
    client.is_sent_away(ReasonCode::KeepAliveTimeout);
    story.pass_seconds(365 * 86_400);
    assert!(!patient.is_closed());
}

#[test]
fn a_clean_start_sends_the_will_of_the_client_it_takes_over_without_its_delay() {
    // [MQTT-3.1.4-3], §3.1.3.2.2
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (first, _) = story.enter(with_will(expiring("c", 60), 100));
    let (_second, ack) = story.enter(v5("c"));
    assert!(!ack.session_present);
    first.is_sent_away(ReasonCode::SessionTakenOver);
    watcher.expect("status", "offline");
    story.pass_seconds(200);
    watcher.hears_nothing();
}

#[test]
fn a_disconnect_that_reports_an_error_leaves_the_will() {
    // [MQTT-3.14.4-3]
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (client, _) = story.enter(with_will(v5("c"), 0));
    client.send(Packet::Disconnect(Box::new(Disconnect::new(ReasonCode::UnspecifiedError))));
    watcher.expect("status", "offline");
}

#[test]
fn a_will_that_is_asked_for_waits_for_its_delay_and_the_end_of_the_session() {
    // §3.1.3.2.2, §3.14.2.1
    let with_will_message = Disconnect::new(ReasonCode::DisconnectWithWillMessage);
    for (expiry, delay, sent_after) in [(60, 10, 10), (5, 10, 5), (0, 10, 0), (60, 0, 0)] {
        let story = Story::new();
        let watcher = story.client("watcher");
        watcher.subscribe("status", QoS::AtMostOnce);
        let (client, _) = story.enter(with_will(expiring("c", expiry), delay));
        client.send(Packet::Disconnect(Box::new(with_will_message.clone())));
        if sent_after > 0 {
            story.pass_seconds(sent_after - 1);
            watcher.hears_nothing();
            story.pass_seconds(1);
        }
        watcher.expect("status", "offline");
    }
}

#[test]
fn a_disconnect_that_ends_the_session_at_once_sends_the_will_at_once() {
    // §3.1.3.2.2, §3.14.2.2.2
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let (client, _) = story.enter(with_will(expiring("c", 60), 10));
    let mut disconnect = Disconnect::new(ReasonCode::DisconnectWithWillMessage);
    disconnect.properties.session_expiry_interval = Some(0);
    client.send(Packet::Disconnect(Box::new(disconnect)));
    watcher.expect("status", "offline");
}

#[test]
fn a_client_that_is_sent_away_leaves_its_will() {
    // [MQTT-3.1.2-8], §3.1.2.5: the broker closes because of a protocol error
    for connect in [v3("c"), v5("c")] {
        let story = Story::new();
        let watcher = story.client("watcher");
        watcher.subscribe("status", QoS::AtMostOnce);
        let (client, _) = story.enter(with_will(connect, 0));
        client.send(Packet::PingResp);
        assert!(client.is_closed());
        watcher.expect("status", "offline");
    }
}

#[test]
fn a_new_will_takes_the_place_of_the_former_one_and_none_leaves_none() {
    // [MQTT-3.1.2-7], [MQTT-3.1.3-9]
    let story = Story::new();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    let resume = Connect { clean_start: false, ..expiring("c", 60) };
    let (client, _) = story.enter(with_will(resume.clone(), 30));
    client.vanishes();
    let will = Will { payload: "other".into(), ..will("status", "") };
    let (client, _) = story.enter(Connect { will: Some(will), ..resume.clone() });
    client.vanishes();
    watcher.expect("status", "other");
    let (client, _) = story.enter(resume);
    client.vanishes();
    story.pass_seconds(60);
    watcher.hears_nothing();
}

#[test]
fn an_empty_retained_will_clears_its_topic() {
    // [MQTT-3.1.2-15], [MQTT-3.3.1-6]
    let story = Story::new();
    story.client("p").send(Packet::Publish(retained("status", "online")));
    let empty = Will { retain: true, ..will("status", "") };
    let (client, _) = story.enter(Connect { will: Some(empty), ..v5("c") });
    client.vanishes();
    let late = story.client("late");
    late.subscribe("status", QoS::AtMostOnce);
    late.hears_nothing();
}

#[test]
fn a_delayed_will_is_sent_after_a_restart() {
    // [MQTT-3.1.3-9], §3.1.3.2.2
    let story = Story::durable();
    let (client, _) = story.enter(with_will(expiring("c", 600), 100));
    client.vanishes();
    story.pass_seconds(40);
    let story = story.crash();
    let watcher = story.client("watcher");
    watcher.subscribe("status", QoS::AtMostOnce);
    story.pass_seconds(59);
    watcher.hears_nothing();
    story.pass_seconds(1);
    watcher.expect("status", "offline");
}
