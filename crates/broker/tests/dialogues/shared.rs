//! Shared subscriptions (§4.8.2).

use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;
use lacewing_broker::{Change, Command, Config, Input, Record, Table};
use lacewing_protocol::{Ack, Connect, Packet, QoS, ReasonCode, SubscriptionOptions};

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

/// A lasting 5.0 client that takes `receive_maximum` messages at a time.
fn narrow(story: &Story, client_id: &str, receive_maximum: u16) -> Client {
    let mut connect = Connect { clean_start: false, ..expiring(client_id, u32::MAX) };
    connect.properties.receive_maximum = NonZeroU16::new(receive_maximum);
    story.enter(connect).0
}

/// The member that leaves has one message of each QoS in flight and two in its queue.
fn half_done(story: &Story) -> Client {
    let leaving = narrow(story, "leaving", 2);
    leaving.subscribe("$share/g/t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    for (id, qos) in
        [(1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce), (3, QoS::AtLeastOnce), (4, QoS::ExactlyOnce)]
    {
        publisher.publish_qos("t", &id.to_string(), qos, id);
    }
    leaving.expect("t", "1");
    leaving.expect("t", "2");
    leaving
}

fn staying(story: &Story) -> Client {
    let (staying, _) = story.lasting("staying");
    staying.subscribe("$share/g/t", QoS::ExactlyOnce);
    staying
}

#[test]
fn after_a_session_has_ended_others_get_what_it_did_not_but_never_qos_2_in_flight() {
    // [MQTT-4.8.2-4], [MQTT-4.8.2-5]
    let story = Story::durable();
    let leaving = half_done(&story);
    let staying = staying(&story);
    leaving.vanishes();
    staying.hears_nothing();
    story.command(Command::EndSession { client_id: "leaving".to_owned() });
    for number in ["1", "3", "4"] {
        let got = staying.expect("t", number);
        assert!(!got.dup);
        staying.acknowledge(&got);
    }
    staying.hears_nothing();
    assert_eq!(tables(&story), [Table::Session, Table::Subscription]);
}

#[test]
fn a_member_that_unsubscribes_completes_what_it_began_and_others_get_the_rest() {
    // [MQTT-3.10.4-3], §4.8.2
    let story = Story::durable();
    let leaving = half_done(&story);
    let staying = staying(&story);
    assert_eq!(leaving.unsubscribe("$share/g/t"), [ReasonCode::Success]);
    for number in ["3", "4"] {
        let got = staying.expect("t", number);
        staying.acknowledge(&got);
    }
    leaving.vanishes();
    let leaving = narrow(&story, "leaving", 2);
    for number in ["1", "2"] {
        let got = leaving.expect("t", number);
        assert!(got.dup);
        leaving.acknowledge(&got);
    }
    leaving.hears_nothing();
    staying.hears_nothing();
    assert_eq!(tables(&story), [Table::Session, Table::Session, Table::Subscription]);
}

#[test]
fn what_waits_when_the_last_member_leaves_is_deleted_and_counted() {
    // §4.8.2
    let story = Story::durable();
    let leaving = half_done(&story);
    leaving.unsubscribe("$share/g/t");
    assert_eq!(story.world().broker.metrics().unmatched, 2);
    assert_eq!(story.world().broker.client("leaving").unwrap().info.queued, 0);
    let _staying = staying(&story);
    leaving.disconnects();
    story.command(Command::EndSession { client_id: "leaving".to_owned() });
    assert_eq!(tables(&story), [Table::Session, Table::Subscription]);
}

#[test]
fn after_a_crash_a_message_still_knows_the_share_it_came_by() {
    // [MQTT-4.8.2-4], [MQTT-4.8.2-5]
    let story = Story::durable();
    half_done(&story);
    staying(&story);
    let story = story.crash();
    let (staying, _) = story.lasting("staying");
    story.command(Command::EndSession { client_id: "leaving".to_owned() });
    for number in ["1", "3", "4"] {
        let got = staying.expect("t", number);
        staying.acknowledge(&got);
    }
    staying.hears_nothing();
    assert_eq!(tables(&story), [Table::Session, Table::Subscription]);
}

#[test]
fn what_was_being_handed_over_when_the_broker_crashed_is_handed_over_afterwards() {
    // [MQTT-4.8.2-5]
    for ends in [false, true] {
        let story = Story::durable();
        let leaving = half_done(&story);
        staying(&story);
        {
            // Only the first record of what follows is durable: the session or the subscription is gone.
            let mut world = story.world();
            world.commits = false;
            let now = world.now;
            let unsubscribe = Bytes::from_static(b"\xa2\x0f\0\x01\0\0\x0a$share/g/t");
            world.broker.handle(
                now,
                match ends {
                    true => Input::Command(Command::EndSession { client_id: "leaving".to_owned() }),
                    false => Input::Received { conn: leaving.conn, bytes: unsubscribe },
                },
            );
            world.settle();
            let gone = if ends { Table::Session } else { Table::Subscription };
            let is_it = |record: &Record| record.table == gone && record.change == Change::Delete;
            let at = world.uncommitted.iter().position(is_it).unwrap();
            world.uncommitted.truncate(at + 1);
            world.commit();
        }
        let story = story.crash();
        let (staying, _) = story.lasting("staying");
        let expected: &[&str] = if ends { &["1", "3", "4"] } else { &["3", "4"] };
        for number in expected {
            let got = staying.expect("t", number);
            staying.acknowledge(&got);
        }
        staying.hears_nothing();
    }
}

#[test]
fn a_message_that_its_member_refuses_goes_to_nobody_else() {
    // [MQTT-4.8.2-6]
    let story = Story::new();
    let refusing = story.client("refusing");
    refusing.subscribe("$share/g/t", QoS::ExactlyOnce);
    let publisher = story.client("p");
    for (id, qos) in [(1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce)] {
        publisher.publish_qos("t", "x", qos, id);
        let id = refusing.expect("t", "x").packet_id.unwrap();
        let refusal = Ack::new(id, ReasonCode::NotAuthorized);
        refusing.send(if qos == QoS::AtLeastOnce {
            Packet::PubAck(refusal)
        } else {
            Packet::PubRec(refusal)
        });
    }
    let staying = staying(&story);
    refusing.disconnects();
    staying.hears_nothing();
}

#[test]
fn members_that_are_behind_or_full_or_take_less_are_passed_over() {
    let story = Story::with(Config { queue_messages: 1, ..Config::default() });
    let share = |client: &Client| client.subscribe("$share/g/t", QoS::AtLeastOnce);
    let behind = narrow(&story, "behind", 1);
    let mut connect = v5("small");
    connect.properties.maximum_packet_size = NonZeroU32::new(30);
    let small = story.enter(connect).0;
    let ready = story.client("ready");
    for member in [&behind, &small, &ready] {
        share(member);
    }
    let publisher = story.client("p");
    let large = "x".repeat(40);
    for id in 1..=4 {
        publisher.publish_qos("t", &large, QoS::AtLeastOnce, id);
    }
    // One filled its window, then everything went to the only other one.
    assert_eq!((behind.rest().len(), small.rest().len(), ready.rest().len()), (1, 0, 3));
    publisher.publish_qos("t", "short", QoS::AtLeastOnce, 5);
    small.expect("t", "short");
    // Nobody is ready: one waits for its turn, then nobody can take any more.
    for client in [&small, &ready] {
        client.unsubscribe("$share/g/t");
    }
    for id in 6..=8 {
        publisher.publish_qos("t", &large, QoS::AtLeastOnce, id);
        story.pass_seconds(1);
    }
    let world = story.world();
    assert_eq!(world.broker.client("behind").unwrap().info.queued, 1);
    assert_eq!((world.broker.metrics().dropped_shared, world.broker.metrics().dropped_queue), (2, 0));
    let reported = |event: &&lacewing_broker::Event| format!("{:?}", event.kind).contains("NoMember");
    assert_eq!(world.events.iter().filter(reported).count(), 2);
}

#[test]
fn slow_members_with_qos_0_are_passed_over_and_nobody_is_held_up_for_them() {
    let story = Story::with(Config { outgoing_bytes: 2000, ..Config::default() });
    let (slow, fast, publisher) = (story.client("slow"), story.client("fast"), story.client("p"));
    slow.subscribe("$share/g/t", QoS::AtMostOnce);
    fast.subscribe("$share/g/t", QoS::AtMostOnce);
    slow.stops_reading();
    let payload = "x".repeat(100);
    for _ in 0..100 {
        publisher.publish("t", &payload);
        assert!(!publisher.is_paused());
    }
    slow.reads_again();
    let (to_slow, to_fast) = (slow.rest().len(), fast.rest().len());
    assert_eq!(to_slow + to_fast, 100);
    assert!((15..25).contains(&to_slow), "{to_slow}");
}

#[test]
fn of_members_that_are_away_only_those_get_a_message_for_whom_it_is_kept() {
    let story = Story::new();
    let (loses, keeps) = (story.lasting("loses").0, story.lasting("keeps").0);
    loses.subscribe("$share/g/t", QoS::AtMostOnce);
    keeps.subscribe("$share/g/t", QoS::AtLeastOnce);
    for member in [&loses, &keeps] {
        member.vanishes();
    }
    let publisher = story.client("p");
    for id in 1..=4 {
        publisher.publish_qos("t", &id.to_string(), QoS::AtLeastOnce, id);
    }
    assert_eq!(story.world().broker.metrics().dropped_shared, 0);
    let keeps = story.lasting("keeps").0;
    for id in 1..=4 {
        keeps.expect("t", &id.to_string());
    }
    keeps.hears_nothing();
}

#[test]
fn each_member_gets_messages_with_its_own_qos_and_identifier() {
    // [MQTT-4.8.2-3], [MQTT-3.3.4-3]
    let story = Story::new();
    let (one, two) = (story.client("1"), story.client("2"));
    let options = |qos| SubscriptionOptions { qos, ..SubscriptionOptions::default() };
    one.subscribe_with("$share/g/t", options(QoS::AtMostOnce), Some(11));
    two.subscribe_with("$share/g/t", options(QoS::ExactlyOnce), Some(22));
    let publisher = story.client("p");
    for id in 1..=2 {
        publisher.publish_qos("t", "x", QoS::AtLeastOnce, id);
    }
    let got = [one.expect("t", "x"), two.expect("t", "x")];
    let what = got.map(|got| (got.qos, got.properties.subscription_identifiers.clone()));
    assert_eq!(what, [(QoS::AtMostOnce, vec![11]), (QoS::AtLeastOnce, vec![22])]);
}

/// The tables of which records are left, in order.
fn tables(story: &Story) -> Vec<Table> {
    story.world().store.keys().map(|(table, _)| *table).collect()
}
