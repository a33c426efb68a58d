//! Shared subscriptions (§4.8.2).

use lacewing_protocol::{Packet, QoS, ReasonCode};

use crate::story::*;

#[test]
fn each_message_goes_to_one_member_of_each_group_in_turn() {
    // [MQTT-4.8.2-4]
    let story = Story::new();
    let members: Vec<_> = (0..3).map(|n| story.client(&format!("m{n}"))).collect();
    for member in &members {
        member.subscribe("$share/group/jobs/+", QoS::AtLeastOnce);
    }
    let (other, plain) = (story.client("other"), story.client("plain"));
    other.subscribe("$share/other/jobs/+", QoS::AtMostOnce);
    plain.subscribe("jobs/#", QoS::AtMostOnce);
    let publisher = story.client("p");
    for n in 0..9 {
        publisher.publish("jobs/1", &n.to_string());
    }
    for member in &members {
        assert_eq!(member.rest().len(), 3);
    }
    assert_eq!((other.rest().len(), plain.rest().len()), (9, 9));
}

#[test]
fn a_member_that_is_away_is_passed_over_while_another_is_here() {
    let story = Story::new();
    let (away, _) = story.lasting("away");
    let here = story.client("here");
    away.subscribe("$share/g/t", QoS::AtLeastOnce);
    here.subscribe("$share/g/t", QoS::AtLeastOnce);
    away.vanishes();
    for id in 1..=4 {
        story.client("p").publish_qos("t", "x", QoS::AtLeastOnce, id);
        let got = here.expect("t", "x");
        here.acknowledge(&got);
    }
    here.disconnects();
    story.client("p").publish_qos("t", "kept", QoS::AtLeastOnce, 5);
    let (back, _) = story.lasting("away");
    back.expect("t", "kept");
}

#[test]
fn what_a_member_leaves_behind_goes_to_another_but_not_qos_2_in_flight() {
    // [MQTT-4.8.2-4], [MQTT-4.8.2-5]
    let story = Story::new();
    let leaving = story.client("leaving");
    leaving.subscribe("$share/g/t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    publisher.publish_qos("t", "1", QoS::AtLeastOnce, 1);
    publisher.publish_qos("t", "2", QoS::ExactlyOnce, 2);
    let staying = story.client("staying");
    staying.subscribe("$share/g/t", QoS::ExactlyOnce);
    staying.hears_nothing();
    leaving.disconnects();
    staying.expect("t", "1");
    staying.hears_nothing();
    staying.disconnects();
    assert_eq!(story.world().broker.metrics().unmatched, 1, "what nobody is left for is counted");
}

#[test]
fn retained_messages_do_not_come_with_a_shared_subscription() {
    // §4.8.2
    let story = Story::new();
    story.client("p").send(Packet::Publish(retained("t", "x")));
    let member = story.client("m");
    member.subscribe("$share/g/t", QoS::AtMostOnce);
    member.hears_nothing();
}

#[test]
fn no_local_in_a_shared_subscription_is_a_protocol_error() {
    // [MQTT-3.8.3-4]
    let story = Story::new();
    let member = story.client("m");
    member.send_bytes(b"\x82\x10\0\x01\0\0\x0a$share/g/t\x04");
    member.is_sent_away(ReasonCode::ProtocolError);
}

#[test]
fn a_member_leaves_its_group_by_unsubscribing() {
    let story = Story::new();
    let member = story.client("m");
    member.subscribe("$share/g/t", QoS::AtMostOnce);
    assert_eq!(member.unsubscribe("t"), [ReasonCode::NoSubscriptionExisted]);
    assert_eq!(member.unsubscribe("$share/g/t"), [ReasonCode::Success]);
    story.client("p").publish("t", "x");
    member.hears_nothing();
}
