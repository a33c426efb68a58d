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
