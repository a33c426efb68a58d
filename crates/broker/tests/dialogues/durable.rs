//! Durable state: no promise leaves before its record is durable, and a restored broker goes on where the records end.

use std::collections::{BTreeMap, VecDeque};

use lacewing_broker::{Broker, Change, Config, Input, Now, Record};
use lacewing_protocol::{Ack, Connect, Packet, PacketId, Publish, QoS, ReasonCode};
use proptest::prelude::*;

use crate::story::*;

#[test]
fn promises_wait_for_their_records_and_nothing_else_waits() {
    let story = Story::durable();
    let (durable, _) = story.lasting("durable");
    durable.subscribe("t", QoS::AtLeastOnce);
    let (plain, publisher) = (story.client("plain"), story.client("p"));
    plain.subscribe("t", QoS::AtLeastOnce);

    story.world().commits = false;
    publisher.send(Packet::Publish(with_qos(message("t", "1"), QoS::AtLeastOnce, 1)));
    plain.expect("t", "1");
    durable.hears_nothing();
    publisher.hears_nothing();
    plain.send(Packet::PingReq);
    assert_eq!(plain.receive(), Packet::PingResp);

    story.world().commit();
    story.world().settle();
    durable.expect("t", "1");
    assert_eq!(publisher.receive(), Packet::PubAck(Ack::success(PacketId::MIN)));
}

#[test]
fn a_message_that_touches_nothing_durable_needs_no_record_and_no_wait() {
    let story = Story::durable();
    let (plain, publisher) = (story.client("plain"), story.client("p"));
    plain.subscribe("t", QoS::AtLeastOnce);
    let records = story.world().broker.metrics().records;
    story.world().commits = false;
    assert_eq!(publisher.publish_qos("t", "1", QoS::AtLeastOnce, 1), ReasonCode::Success);
    plain.expect("t", "1");
    assert_eq!(story.world().broker.metrics().records, records);
}

#[test]
fn who_makes_records_waits_while_too_many_are_not_durable() {
    let story = Story::with(Config { durable: true, backlog_bytes: 10_000, ..Config::default() });
    let (publisher, other) = (story.client("p"), story.client("o"));
    other.subscribe("t", QoS::AtMostOnce);
    story.world().commits = false;
    let payload = "x".repeat(1000);
    for id in 1..=20 {
        let publish = with_qos(retained("t", &payload), QoS::AtLeastOnce, id);
        publisher.send(Packet::Publish(publish));
    }
    assert!(publisher.is_paused());
    assert_eq!(other.rest().len(), 10, "what it had published before");
    other.publish("t", "goes without a record");
    other.expect("t", "goes without a record");
    publisher.hears_nothing();
    story.pass_seconds(1000);

    story.world().commits = true;
    story.world().commit();
    story.world().settle();
    assert!(!publisher.is_paused());
    assert_eq!(publisher.rest().len(), 20, "all is acknowledged");
    assert_eq!((other.rest().len(), story.world().broker.metrics().paused), (10, 0));
}

#[test]
fn a_session_is_there_after_a_crash_with_its_subscriptions_and_what_waits_in_it() {
    let story = Story::durable();
    let (client, _) = story.lasting("c");
    client.subscribe("t/#", QoS::ExactlyOnce);
    let publisher = story.client("p");
    publisher.publish_qos("t/1", "in flight", QoS::ExactlyOnce, 1);
    let sent = client.expect("t/1", "in flight");
    client.vanishes();
    publisher.publish_qos("t/2", "queued", QoS::AtLeastOnce, 2);

    let story = story.crash();
    let (client, ack) = story.lasting("c");
    assert!(ack.session_present);
    let again = client.expect("t/1", "in flight");
    assert_eq!((again.dup, again.packet_id, again.qos), (true, sent.packet_id, QoS::ExactlyOnce));
    let queued = client.expect("t/2", "queued");
    client.acknowledge(&again);
    client.acknowledge(&queued);
    story.client("p").publish_qos("t/3", "new", QoS::AtLeastOnce, 1);
    let new = client.expect("t/3", "new");
    client.acknowledge(&new);
    client.hears_nothing();
}

#[test]
fn retained_messages_and_all_that_is_forwarded_with_them_are_there_after_a_crash() {
    let story = Story::durable();
    let mut publish = retained("home/lamp", "on");
    let properties = &mut publish.properties;
    properties.message_expiry_interval = Some(100);
    properties.content_type = Some("text/plain".try_into().unwrap());
    properties.response_topic = Some("answers".try_into().unwrap());
    properties.correlation_data = Some(bytes::Bytes::from_static(b"\0\x01"));
    properties.user_properties.push("a".try_into().unwrap(), "b".try_into().unwrap());
    story.client("p").send(Packet::Publish(publish.clone()));
    story.pass_seconds(40);
    let story = story.crash();
    let late = story.client("late");
    late.subscribe("home/#", QoS::AtMostOnce);
    publish.properties.message_expiry_interval = Some(60);
    assert_eq!(late.message(), publish);
}

#[test]
fn a_message_that_is_retained_and_in_flight_is_one_message_after_a_crash_too() {
    let story = Story::durable();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    story.client("p").send(Packet::Publish(with_qos(retained("t", "x"), QoS::AtLeastOnce, 1)));
    client.expect("t", "x");

    let story = story.crash();
    let (client, _) = story.lasting("c");
    let first = client.expect("t", "x");
    client.subscribe("t", QoS::AtLeastOnce);
    let second = client.expect("t", "x");
    assert!(!first.retain && second.retain);
    client.acknowledge(&first);

    let story = story.crash();
    let (client, _) = story.lasting("c");
    assert_eq!(client.expect("t", "x").packet_id, second.packet_id);
    client.hears_nothing();
}

#[test]
fn a_crash_holds_wills_back_for_the_restart_grace() {
    let connect = Connect { will: Some(will("status", "offline")), ..v5("c") };
    for comes_back in [false, true] {
        let story = Story::durable();
        let _client = story.enter(connect.clone());
        let story = story.crash();
        let watcher = story.client("watcher");
        watcher.subscribe("status", QoS::AtMostOnce);
        story.pass_seconds(9);
        watcher.hears_nothing();
        if comes_back {
            let (_, ack) = story.enter(connect.clone());
            assert!(!ack.session_present);
        }
        story.pass_seconds(60);
        if comes_back {
            watcher.hears_nothing();
        } else {
            watcher.expect("status", "offline");
            assert!(story.world().broker.client("c").is_none());
        }
    }
}

#[test]
fn a_session_ended_by_clean_start_stays_ended_once_connack_was_sent() {
    let story = Story::durable();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanishes();
    story.world().commits = false;
    let client = story.dial(lacewing_protocol::ProtocolVersion::V5_0);
    client.send(Packet::Connect(Box::new(v5("c"))));
    client.hears_nothing();
    story.world().commit();
    story.world().settle();
    assert!(matches!(client.receive(), Packet::ConnAck(_)));
    let story = story.crash();
    let (_, ack) = story.lasting("c");
    assert!(!ack.session_present);
}

#[test]
fn nothing_is_left_in_the_store_when_nothing_is_left_to_keep() {
    let story = Story::durable();
    let connect = Connect { clean_start: false, will: Some(will("w", "x")), ..expiring("c", 30) };
    let (client, _) = story.enter(connect);
    client.subscribe("#", QoS::ExactlyOnce);
    for (id, qos) in [(1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce), (3, QoS::ExactlyOnce)] {
        client.send(Packet::Publish(with_qos(message("t", "x"), qos, id)));
    }
    client.send(Packet::Publish(retained("r", "x")));
    client.send(Packet::Publish(retained("r", "")));
    assert_ne!(story.world().store.len(), 0);
    client.vanishes();
    story.pass_seconds(60);
    assert_eq!(story.world().store, BTreeMap::new());
}

#[test]
fn what_a_crash_left_of_a_session_that_ended_is_cleared_away() {
    let story = Story::durable();
    let (client, _) = story.lasting("c");
    client.subscribe("t", QoS::AtLeastOnce);
    story.client("p").publish_qos("t", "x", QoS::AtLeastOnce, 1);
    let is_session = |table: lacewing_broker::Table| table == lacewing_broker::Table::Session;
    story.world().store.retain(|(table, _), _| !is_session(*table));
    let story = story.crash();
    story.world().settle();
    assert_eq!(story.world().store, BTreeMap::new());
}

#[test]
fn a_damaged_record_is_an_error_or_another_state_and_never_a_panic() {
    let story = Story::durable();
    let (client, _) = story.enter(Connect { will: Some(will("w", "x")), ..expiring("c", 30) });
    client.subscribe("#", QoS::ExactlyOnce);
    client.subscribe("$share/g/a/c", QoS::AtLeastOnce);
    client.send(Packet::Publish(with_qos(message("a/b", "1"), QoS::ExactlyOnce, 1)));
    client.send(Packet::Publish(with_qos(retained("a/c", "2"), QoS::AtLeastOnce, 2)));
    let (store, config, now) = {
        let world = story.world();
        (world.store.clone(), world.config.clone(), world.now)
    };
    assert!(store.len() >= 7, "one record of each kind at least");
    for ((table, key), value) in &store {
        for at in 0..key.len() + value.len() {
            for bits in [0x01, 0x80, 0xFF] {
                let (mut damaged_key, mut damaged) = (key.to_vec(), value.to_vec());
                match damaged_key.get_mut(at) {
                    Some(byte) => *byte ^= bits,
                    None => damaged[at - key.len()] ^= bits,
                }
                let mut restore = Broker::restore(config.clone(), 7, now);
                let others =
                    store.iter().filter(|((other, other_key), _)| (other, other_key) != (table, key));
                let others = others.map(|((table, key), value)| (*table, key.clone(), value.clone()));
                let damaged = (*table, damaged_key.into(), damaged.into());
                let pushed = others.chain([damaged]).try_for_each(|(table, key, value)| {
                    restore.push(Record { table, key, change: Change::Put(value) })
                });
                if pushed.is_err() {
                    continue;
                }
                if let Ok(mut broker) = restore.finish(now) {
                    let later = Now { awake: now.awake + 3600 * SECOND, wall: now.wall + 3600 * SECOND };
                    broker.handle(later, Input::Tick);
                }
            }
        }
    }
}

/// A publisher and a subscriber that keep their own half of every exchange, over any number of connections.
struct Pair {
    publisher: Option<Client>,
    subscriber: Option<Client>,
    /// What the publisher has not finished: identifier, message, and whether PUBREC came.
    outbox: VecDeque<(u16, Publish, bool)>,
    published: u32,
    /// QoS 2 identifiers that the subscriber has received and not seen released.
    held: Vec<PacketId>,
    /// How often the subscriber took each message.
    taken: BTreeMap<u32, u32>,
}

impl Pair {
    fn new() -> Self {
        Self {
            publisher: None,
            subscriber: None,
            outbox: VecDeque::new(),
            published: 0,
            held: Vec::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Both are connected and the subscription stands; what was unfinished is sent again.
    fn come(&mut self, story: &Story) {
        let had_session = self.publisher.is_some();
        let (subscriber, ack) = story.lasting("s");
        assert_eq!(ack.session_present, had_session, "a session that was promised is there");
        if !had_session {
            subscriber.subscribe("t", QoS::ExactlyOnce);
        }
        let (publisher, ack) = story.lasting("p");
        assert_eq!(ack.session_present, had_session);
        for (id, publish, received) in &self.outbox {
            let id = PacketId::new(*id).unwrap();
            publisher.send(match received {
                true => Packet::PubRel(Ack::success(id)),
                false => Packet::Publish(Publish { dup: true, ..publish.clone() }),
            });
        }
        (self.publisher, self.subscriber) = (Some(publisher), Some(subscriber));
    }

    fn publish(&mut self, qos: QoS) {
        self.published += 1;
        let publish = with_qos(message("t", &self.published.to_string()), qos, self.published as u16);
        self.outbox.push_back((self.published as u16, publish.clone(), false));
        self.publisher.as_ref().unwrap().send(Packet::Publish(publish));
    }

    /// The publisher handles one packet; whether there was one.
    fn publisher_step(&mut self) -> bool {
        let publisher = self.publisher.clone().unwrap();
        let Some(packet) = publisher.try_receive() else { return false };
        let is = |id: PacketId| move |entry: &(u16, Publish, bool)| entry.0 == id.value();
        match packet {
            Packet::PubAck(ack) | Packet::PubComp(ack) => {
                self.outbox.retain(|entry| !is(ack.packet_id)(entry))
            }
            Packet::PubRec(ack) => {
                if let Some(entry) = self.outbox.iter_mut().find(|entry| is(ack.packet_id)(entry)) {
                    entry.2 = true;
                }
                publisher.send(Packet::PubRel(Ack::success(ack.packet_id)));
            }
            other => panic!("the publisher got {other}"),
        }
        true
    }

    /// The subscriber handles one packet; whether there was one.
    fn subscriber_step(&mut self) -> bool {
        let subscriber = self.subscriber.clone().unwrap();
        let Some(packet) = subscriber.try_receive() else { return false };
        match packet {
            Packet::Publish(publish) => {
                let id = publish.packet_id.unwrap();
                let number: u32 = std::str::from_utf8(&publish.payload).unwrap().parse().unwrap();
                if publish.qos == QoS::AtLeastOnce {
                    *self.taken.entry(number).or_default() += 1;
                    subscriber.send(Packet::PubAck(Ack::success(id)));
                } else {
                    if !self.held.contains(&id) {
                        self.held.push(id);
                        *self.taken.entry(number).or_default() += 1;
                    }
                    subscriber.send(Packet::PubRec(Ack::success(id)));
                }
            }
            Packet::PubRel(ack) => {
                self.held.retain(|held| *held != ack.packet_id);
                subscriber.send(Packet::PubComp(Ack::success(ack.packet_id)));
            }
            other => panic!("the subscriber got {other}"),
        }
        true
    }

    /// Everything goes on undisturbed until nothing is left to do; then nothing may be lost or doubled.
    fn finish(&mut self, story: &Story) {
        story.world().commits = true;
        story.world().settle();
        while self.publisher_step() || self.subscriber_step() {}
        assert!(self.outbox.is_empty(), "every message was acknowledged in the end: {:?}", self.outbox);
        for number in 1..=self.published {
            let taken = self.taken.get(&number).copied().unwrap_or(0);
            let is_qos2 = number % 2 == 0;
            assert!(taken >= 1, "message {number} was lost");
            assert!(!is_qos2 || taken == 1, "message {number} with QoS 2 came {taken} times");
        }
        let detail = story.world().broker.client("s").unwrap();
        assert_eq!((detail.info.queued, detail.info.inflight), (0, 0));
    }

    fn act(&mut self, story: &Story, act: Act) {
        match act {
            Act::Publish => {
                let qos = if self.published.is_multiple_of(2) { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
                self.publish(qos);
            }
            Act::Publisher => drop(self.publisher_step()),
            Act::Subscriber => drop(self.subscriber_step()),
            Act::Commit => {
                let mut world = story.world();
                world.commit();
                world.settle();
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Publish,
    Publisher,
    Subscriber,
    Commit,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        2 => Just(Act::Publish),
        4 => Just(Act::Publisher),
        4 => Just(Act::Subscriber),
        3 => Just(Act::Commit),
    ];
    prop::collection::vec(act, 0..40)
}

/// Runs `acts`, crashes, and lets everything finish; what was on its way to the clients is lost with the connections.
fn crash_after(acts: &[Act], config: &Config) {
    let mut story = Story::with(config.clone());
    let mut pair = Pair::new();
    pair.come(&story);
    story.world().commits = false;
    for act in acts {
        pair.act(&story, *act);
    }
    story = story.crash();
    pair.come(&story);
    pair.finish(&story);
}

#[test]
fn a_crash_at_any_step_of_a_dialogue_loses_nothing_acknowledged_and_doubles_nothing_at_qos_2() {
    use Act::*;
    let config = Config { durable: true, ..Config::default() };
    let dialogue = [
        Publish, Commit, Subscriber, Publisher, Publish, Commit, Publisher, Subscriber, Commit, Publisher,
        Subscriber, Commit, Publish, Publish, Commit, Publisher, Publisher, Commit, Subscriber, Subscriber,
        Commit, Publisher, Subscriber, Commit, Subscriber, Commit, Publisher, Publish, Publish, Commit,
        Commit, Publisher, Commit,
    ];
    for steps in 0..=dialogue.len() {
        crash_after(&dialogue[..steps], &config);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn crashes_at_random_steps_of_random_dialogues_break_no_promise(
        rounds in prop::collection::vec(acts(), 1..4),
        inflight in 1..5u16,
    ) {
        let config = Config { durable: true, inflight, ..Config::default() };
        let mut story = Story::with(config);
        let mut pair = Pair::new();
        pair.come(&story);
        for acts in rounds {
            story.world().commits = false;
            for act in acts {
                pair.act(&story, act);
            }
            story = story.crash();
            pair.come(&story);
        }
        pair.finish(&story);
    }
}
