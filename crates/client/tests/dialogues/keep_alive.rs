use lacewing_client::Cause;
use lacewing_protocol::{ConnAckProperties, Packet, QoS};

use crate::script::*;

#[test]
fn a_quiet_client_pings_within_its_keep_alive() {
    // [MQTT-3.1.2-20], [3.1.1 MQTT-3.1.2-23]
    let mut dialogue = Dialogue::connected(options(V3));
    dialogue.pass(25 * SECOND);
    assert_eq!(dialogue.packet(), Packet::PingReq);
    dialogue.send(Packet::PingResp);
    dialogue.pass(25 * SECOND);
    assert_eq!(dialogue.packet(), Packet::PingReq);
    dialogue.silent();
}

#[test]
fn without_an_answer_the_connection_is_given_up_and_made_anew() {
    let mut dialogue = Dialogue::connected(options(V3));
    dialogue.pass(30 * SECOND);
    assert_eq!(dialogue.packet(), Packet::PingReq);
    dialogue.pass(10 * SECOND);
    let (cause, retry_at) = dialogue.disconnected();
    assert_eq!(cause, Cause::PingTimeout);
    assert!(retry_at.is_some());
}

#[test]
fn a_client_that_talks_and_hears_back_need_not_ping() {
    let mut dialogue = Dialogue::connected(options(V3));
    for packet_id in 1..20 {
        dialogue.pass(5 * SECOND);
        dialogue.publish(message("x", QoS::AtLeastOnce));
        dialogue.published();
        dialogue.puback(packet_id);
        dialogue.event();
    }
    dialogue.silent();
}

#[test]
fn a_client_that_only_talks_pings_to_hear_whether_anyone_is_there() {
    let mut dialogue = Dialogue::connected(options(V3));
    for _ in 0..5 {
        dialogue.pass(4 * SECOND);
        dialogue.publish(message("x", QoS::AtMostOnce));
        dialogue.published();
    }
    dialogue.pass(5 * SECOND);
    assert_eq!(dialogue.packet(), Packet::PingReq);
}

#[test]
fn the_keep_alive_of_the_server_counts() {
    // [MQTT-3.1.2-21], [MQTT-3.2.2-21]
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    dialogue.accept_with(false, ConnAckProperties { server_keep_alive: Some(4), ..Default::default() });
    dialogue.pass(4 * SECOND);
    assert_eq!(dialogue.packet(), Packet::PingReq);
}

#[test]
fn a_keep_alive_of_zero_never_pings() {
    let mut options = options(V3);
    options.keep_alive_s = 0;
    let mut dialogue = Dialogue::connected(options);
    dialogue.pass(100_000 * SECOND);
    dialogue.silent();
    assert!(dialogue.is_open());
}

#[test]
fn a_host_that_wonders_can_ask_at_any_time() {
    let mut dialogue = Dialogue::connected(options(V3));
    dialogue.client.ping(0);
    dialogue.client.ping(0);
    assert_eq!(dialogue.packet(), Packet::PingReq);
    dialogue.silent();
    dialogue.pass(10 * SECOND);
    assert_eq!(dialogue.disconnected().0, Cause::PingTimeout);
}
