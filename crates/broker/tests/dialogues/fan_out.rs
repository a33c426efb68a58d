//! Messages that take more than one call: their receivers are many, or hard to find among very many filters that begin as
//! their topic does.

use bytes::BytesMut;
use lacewing_broker::{CloseCause, Command, ConnId, EventMask, Input};
use lacewing_protocol::{
    Ack, Connect, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode, Subscribe, Unsubscribe,
};

use crate::story::*;

/// As many levels as it takes.
const LEVELS: u32 = 12;

const TOPIC: &str = "a/a/a/a/a/a/a/a/a/a/a/a";

/// A client that is subscribed to every combination of `+` and `a`.
fn wide(story: &Story) -> Client {
    let (client, _) = story.lasting("wide");
    story.command(Command::Watch { events: EventMask::NONE });
    for part in 0..1 << (LEVELS - 8) {
        let filter = |number: u32| {
            let levels = (0..LEVELS).map(|bit| if number >> bit & 1 == 1 { "a" } else { "+" });
            levels.collect::<Vec<_>>().join("/")
        };
        client.subscribe_to_all((part * 256..(part + 1) * 256).map(filter), QoS::AtLeastOnce);
    }
    story.command(Command::Watch { events: EventMask::ALL });
    story.events();
    client
}

/// One call, and what the broker asks for after it, but no later call.
fn call(story: &Story, input: Input) {
    let mut world = story.world();
    let now = world.now;
    world.broker.handle(now, input);
    world.obey_all();
}

fn receive(client: &Client, packet: Packet) {
    let mut bytes = BytesMut::new();
    packet.encode(client.version, &mut bytes).unwrap();
    call(&client.story, Input::Received { conn: client.conn, bytes: bytes.freeze() });
}

/// Publishes to [`TOPIC`] in one call.
fn publish(client: &Client, payload: &str, qos: QoS, id: u16) {
    receive(client, Packet::Publish(with_qos(message(TOPIC, payload), qos, id)));
}

fn lose(client: &Client) {
    call(&client.story, Input::Closed { conn: client.conn, cause: CloseCause::Failed });
}

/// Comes back in two calls.
fn returns(story: &Story, connect: Connect) -> Client {
    let conn: ConnId = story.world().dial_only(ProtocolVersion::V5_0);
    let client = Client { story: story.clone(), conn, version: ProtocolVersion::V5_0 };
    receive(&client, Packet::Connect(Box::new(connect)));
    assert!(matches!(client.receive(), Packet::ConnAck(_)));
    client
}

fn settle(story: &Story) {
    story.world().settle();
}

#[test]
fn a_message_arrives_once_and_in_order_while_others_are_served() {
    // [MQTT-4.6.0-5], [MQTT-3.3.4-2]
    let story = Story::new();
    let wide = wide(&story);
    let (publisher, other, quick) = (story.client("p"), story.client("o"), story.client("q"));
    quick.subscribe("quick", QoS::AtMostOnce);
    publish(&publisher, "1", QoS::AtLeastOnce, 1);
    publish(&publisher, "2", QoS::AtLeastOnce, 2);
    receive(&other, Packet::Publish(message("quick", "now")));
    quick.expect("quick", "now");
    wide.hears_nothing();
    publisher.hears_nothing();

    settle(&story);
    for payload in ["1", "2"] {
        wide.expect(TOPIC, payload);
    }
    wide.hears_nothing();
    for id in [1, 2] {
        let id = PacketId::new(id).unwrap();
        assert_eq!(publisher.receive(), Packet::PubAck(Ack::success(id)));
    }
    let published = story.events().into_iter().filter(|event| {
        event.starts_with("Published") && event.contains(TOPIC) && event.contains("receivers: 1")
    });
    assert_eq!(published.count(), 2);
}

#[test]
fn nobody_in_the_end_is_told_as_it_is_otherwise() {
    let story = Story::new();
    let wide = wide(&story);
    let publisher = story.client("p");
    publish(&publisher, "1", QoS::AtLeastOnce, 1);
    story.command(Command::EndSession { client_id: "wide".to_owned() });
    settle(&story);
    assert!(wide.is_closed());
    assert_eq!(publisher.receive(), Packet::PubAck(Ack::success(PacketId::MIN)), "it was there at first");
    assert_eq!(publisher.publish_qos(TOPIC, "2", QoS::AtLeastOnce, 2), ReasonCode::NoMatchingSubscribers);
}

#[test]
fn what_a_publisher_sends_on_its_next_connection_waits_behind() {
    // [MQTT-4.6.0-5], [MQTT-4.3.3-10]
    let story = Story::new();
    let wide = wide(&story);
    let lasting = || Connect { clean_start: false, ..expiring("p", u32::MAX) };
    let publisher = story.enter(lasting()).0;
    publish(&publisher, "1", QoS::ExactlyOnce, 7);
    lose(&publisher);
    let publisher = returns(&story, lasting());
    receive(
        &publisher,
        Packet::Publish(Publish { dup: true, ..with_qos(message(TOPIC, "1"), QoS::ExactlyOnce, 7) }),
    );
    publish(&publisher, "2", QoS::AtMostOnce, 0);
    wide.hears_nothing();
    settle(&story);
    for payload in ["1", "2"] {
        wide.expect(TOPIC, payload);
    }
    wide.hears_nothing();
    let id = PacketId::new(7).unwrap();
    assert_eq!(publisher.receive(), Packet::PubRec(Ack::success(id)));
    publisher.send(Packet::PubRel(Ack::success(id)));
    assert_eq!(publisher.receive(), Packet::PubComp(Ack::success(id)));
    assert_eq!(publisher.publish_qos(TOPIC, "3", QoS::ExactlyOnce, 7), ReasonCode::Success);
    wide.expect(TOPIC, "3");
}

#[test]
fn nothing_overtakes_a_message_that_some_have_and_others_not_yet() {
    // [MQTT-4.6.0-5]
    const SHARES: usize = 6000;
    let story = Story::new();
    let member = story.client("member");
    for part in 0..SHARES / 500 {
        let shares = (0..500).map(|number| format!("$share/{part}-{number}/t"));
        member.subscribe_to_all(shares, QoS::AtMostOnce);
    }
    let publisher = story.client("p");
    receive(&publisher, Packet::Publish(message("t", "1")));
    assert!((1000..SHARES).contains(&member.rest().len()));
    lose(&publisher);
    let publisher = returns(&story, v5("p"));
    receive(&publisher, Packet::Publish(message("t", "2")));
    member.hears_nothing();
    settle(&story);
    let mut payloads: Vec<_> = member
        .rest()
        .into_iter()
        .map(|packet| match packet {
            Packet::Publish(publish) => publish.payload,
            other => panic!("expected a message, got {other}"),
        })
        .collect();
    assert_eq!(payloads.iter().filter(|payload| ***payload == *b"2").count(), SHARES);
    assert!(payloads.is_sorted());
    payloads.dedup();
    assert_eq!(payloads.len(), 2);
}

#[test]
fn a_will_comes_after_what_its_client_said() {
    let story = Story::new();
    let wide = wide(&story);
    for expiry in [0, u32::MAX] {
        let connect = Connect { will: Some(will(TOPIC, "offline")), ..expiring("p", expiry) };
        let publisher = story.enter(connect.clone()).0;
        publish(&publisher, "online", QoS::AtMostOnce, 0);
        lose(&publisher);
        let publisher = returns(&story, connect);
        publish(&publisher, "online again", QoS::AtMostOnce, 0);
        settle(&story);
        for payload in ["online", "offline", "online again"] {
            wide.expect(TOPIC, payload);
        }
        wide.hears_nothing();
        publisher.disconnects();
    }
}

#[test]
fn what_the_operator_publishes_stays_in_order_and_sys_comes_behind() {
    let story = Story::new();
    let wide = wide(&story);
    let watcher = story.client("watcher");
    watcher.subscribe("$SYS/broker/uptime", QoS::AtMostOnce);
    watcher.expect("$SYS/broker/uptime", "0 seconds");
    let unmatched = story.world().broker.metrics().unmatched;
    for payload in ["1", "2"] {
        let Publish { topic, payload, properties, .. } = message(TOPIC, payload);
        let topic = topic.unwrap();
        let (qos, retain) = (QoS::AtLeastOnce, true);
        call(&story, Input::Command(Command::Publish { topic, payload, qos, retain, properties }));
    }
    story.world().now.awake += 10 * SECOND;
    story.world().now.wall += 10 * SECOND;
    call(&story, Input::Tick);
    wide.hears_nothing();
    settle(&story);
    for payload in ["1", "2"] {
        wide.expect(TOPIC, payload);
    }
    watcher.expect("$SYS/broker/uptime", "10 seconds");
    watcher.hears_nothing();
    assert_eq!(story.world().broker.metrics().unmatched, unmatched);
    assert_eq!(story.world().broker.metrics().retained, 1);
}

#[test]
fn who_comes_meanwhile_may_get_a_message_and_who_leaves_does_not_disturb() {
    let story = Story::new();
    let wide = wide(&story);
    let (publisher, stays) = (story.client("p"), story.client("stays"));
    let (leaves, goes) = (story.client("leaves"), story.client("goes"));
    for client in [&stays, &leaves, &goes] {
        client.subscribe("a/#", QoS::AtMostOnce);
    }
    publish(&publisher, "1", QoS::AtLeastOnce, 1);
    receive(
        &leaves,
        Packet::Unsubscribe(Unsubscribe {
            packet_id: PacketId::MIN,
            filters: vec!["a/#".try_into().unwrap()],
            user_properties: Default::default(),
        }),
    );
    receive(&goes, Packet::Disconnect(Box::default()));
    let late = returns(&story, v5("late"));
    receive(
        &late,
        Packet::Subscribe(Subscribe {
            packet_id: PacketId::MIN,
            filters: vec![("#".try_into().unwrap(), Default::default())],
            subscription_identifier: None,
            user_properties: Default::default(),
        }),
    );
    settle(&story);
    wide.expect(TOPIC, "1");
    wide.hears_nothing();
    stays.expect(TOPIC, "1");
    stays.hears_nothing();
    assert!(leaves.rest().len() <= 2);
    // A session that is newer than the message does not get it.
    assert!(matches!(late.receive(), Packet::SubAck(_)));
    late.hears_nothing();
    assert_eq!(publisher.receive(), Packet::PubAck(Ack::success(PacketId::MIN)));
    publish(&publisher, "2", QoS::AtLeastOnce, 1);
    settle(&story);
    for client in [&wide, &stays, &late] {
        client.expect(TOPIC, "2");
        client.hears_nothing();
    }
}

#[test]
fn nothing_is_acknowledged_before_its_receivers_have_it_on_record() {
    let story = Story::durable();
    let wide = wide(&story);
    wide.vanishes();
    let publisher = story.lasting("p").0;
    publish(&publisher, "1", QoS::AtLeastOnce, 1);
    publisher.hears_nothing();
    let after_a_crash = story.crash();
    let again = after_a_crash.lasting("p").0;
    assert_eq!(again.publish_qos(TOPIC, "1", QoS::AtLeastOnce, 1), ReasonCode::Success);
    settle(&story);
    assert_eq!(publisher.receive(), Packet::PubAck(Ack::success(PacketId::MIN)));
    for story in [after_a_crash, story.crash()] {
        let wide = story.lasting("wide").0;
        wide.expect(TOPIC, "1");
        wide.hears_nothing();
    }
}
