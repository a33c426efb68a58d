//! Two clients whose connections break at any moment, and a broker that crashes: nothing is lost, and nothing with QoS 2
//! comes twice (§4.3, §4.4, §4.6).

use std::collections::BTreeSet;

use lacewing_broker::Config;
use lacewing_protocol::{Ack, Connect, Packet, PacketId, Publish, QoS};
use proptest::prelude::*;

use crate::story::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    Publish(QoS),
    /// The publisher takes so many packets.
    Confirm(u8),
    /// The subscriber takes so many packets.
    Answer(u8),
    PublisherBreaks,
    SubscriberBreaks,
    PublisherIsBack,
    SubscriberIsBack,
    SubscriberStopsReading,
    SubscriberReads,
    /// Records become durable, or are held back from now on.
    Commit(bool),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Publish(QoS::ExactlyOnce)),
        3 => Just(Step::Publish(QoS::AtLeastOnce)),
        5 => (1..5u8).prop_map(Step::Confirm),
        5 => (1..5u8).prop_map(Step::Answer),
        1 => Just(Step::PublisherBreaks),
        1 => Just(Step::SubscriberBreaks),
        2 => Just(Step::PublisherIsBack),
        2 => Just(Step::SubscriberIsBack),
        1 => Just(Step::SubscriberStopsReading),
        2 => Just(Step::SubscriberReads),
        2 => any::<bool>().prop_map(Step::Commit),
        1 => Just(Step::Crash),
    ]
}

/// A message that the publisher keeps until it is done with.
#[derive(Debug, Clone, Copy)]
struct Flight {
    id: PacketId,
    qos: QoS,
    number: u32,
    released: bool,
}

struct Pair {
    story: Story,
    publisher: Option<Client>,
    subscriber: Option<Client>,
    flights: Vec<Flight>,
    /// How many were published.
    published: u32,
    /// The identifiers of QoS 2 messages that the subscriber has and that are not released.
    unreleased: BTreeSet<PacketId>,
    /// What came, by QoS.
    at_least_once: Vec<u32>,
    exactly_once: Vec<u32>,
    sent: Vec<(QoS, u32)>,
}

impl Pair {
    fn new(story: Story) -> Self {
        let (publisher, subscriber) = (story.lasting("p").0, story.lasting("s").0);
        subscriber.subscribe("t", QoS::ExactlyOnce);
        Self {
            story,
            publisher: Some(publisher),
            subscriber: Some(subscriber),
            flights: Vec::new(),
            published: 0,
            unreleased: BTreeSet::new(),
            at_least_once: Vec::new(),
            exactly_once: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Publish(qos) => self.publish(qos),
            Step::Confirm(count) => drop(self.confirm(count)),
            Step::Answer(count) => drop(self.answer(count)),
            Step::PublisherBreaks => self.publisher.take().iter().for_each(Client::vanishes),
            Step::SubscriberBreaks => self.subscriber.take().iter().for_each(Client::vanishes),
            Step::PublisherIsBack => self.publisher_is_back(),
            Step::SubscriberIsBack => {
                if self.subscriber.is_none() {
                    self.subscriber = Some(self.comes("s"));
                }
            }
            Step::SubscriberStopsReading => self.subscriber.iter().for_each(Client::stops_reading),
            Step::SubscriberReads => self.subscriber.iter().for_each(Client::reads_again),
            Step::Commit(commits) => {
                let mut world = self.story.world();
                world.commits = commits;
                world.settle();
            }
            Step::Crash => {
                let story = self.story.crash();
                story.world().commits = self.story.world().commits;
                self.story = story;
                (self.publisher, self.subscriber) = (None, None);
            }
        }
        for client in self.publisher.iter().chain(&self.subscriber) {
            assert_eq!(client.close_reason(), None);
        }
    }

    fn comes(&self, client_id: &str) -> Client {
        let connect = Connect { clean_start: false, ..expiring(client_id, u32::MAX) };
        let client = self.story.dial(connect.version);
        client.send(Packet::Connect(Box::new(connect)));
        client
    }

    fn publish(&mut self, qos: QoS) {
        if self.publisher.is_none() || self.flights.len() > 20 {
            return;
        }
        self.published += 1;
        let id = PacketId::new((self.published % 1000 + 1) as u16).unwrap();
        let flight = Flight { id, qos, number: self.published, released: false };
        self.flights.push(flight);
        self.sent.push((qos, flight.number));
        self.send(flight, false);
    }

    fn send(&self, flight: Flight, dup: bool) {
        let Some(publisher) = &self.publisher else { return };
        let publish = with_qos(message("t", &flight.number.to_string()), flight.qos, flight.id.value());
        publisher.send(match flight.released {
            true => Packet::PubRel(Ack::success(flight.id)),
            false => Packet::Publish(Publish { dup, ..publish }),
        });
    }

    fn publisher_is_back(&mut self) {
        if self.publisher.is_none() {
            self.publisher = Some(self.comes("p"));
            self.flights.iter().for_each(|flight| self.send(*flight, true));
        }
    }

    /// The publisher takes what came; whether anything did.
    fn confirm(&mut self, count: u8) -> bool {
        let Some(publisher) = self.publisher.clone() else { return false };
        for n in 0..count {
            match publisher.try_receive() {
                Some(Packet::ConnAck(ack)) => assert!(ack.session_present),
                Some(Packet::PubAck(ack) | Packet::PubComp(ack)) => {
                    self.flights.retain(|flight| flight.id != ack.packet_id);
                }
                Some(Packet::PubRec(ack)) => {
                    let flight = self.flights.iter_mut().find(|flight| flight.id == ack.packet_id);
                    flight.unwrap().released = true;
                    publisher.send(Packet::PubRel(Ack::success(ack.packet_id)));
                }
                Some(other) => panic!("the publisher got {other}"),
                None => return n > 0,
            }
        }
        true
    }

    /// The subscriber takes what came; whether anything did.
    fn answer(&mut self, count: u8) -> bool {
        let Some(subscriber) = self.subscriber.clone() else { return false };
        for n in 0..count {
            match subscriber.try_receive() {
                Some(Packet::ConnAck(ack)) => assert!(ack.session_present),
                Some(Packet::Publish(publish)) => {
                    let id = publish.packet_id.unwrap();
                    let number = std::str::from_utf8(&publish.payload).unwrap().parse().unwrap();
                    if publish.qos == QoS::AtLeastOnce {
                        self.at_least_once.push(number);
                        subscriber.send(Packet::PubAck(Ack::success(id)));
                        continue;
                    }
                    if self.unreleased.insert(id) {
                        self.exactly_once.push(number);
                    }
                    subscriber.send(Packet::PubRec(Ack::success(id)));
                }
                Some(Packet::PubRel(ack)) => {
                    self.unreleased.remove(&ack.packet_id);
                    subscriber.send(Packet::PubComp(Ack::success(ack.packet_id)));
                }
                Some(other) => panic!("the subscriber got {other}"),
                None => return n > 0,
            }
        }
        true
    }

    /// Lets everything that broke be mended, and everything that waits come.
    fn finish(&mut self) {
        for step in [Step::Commit(true), Step::PublisherIsBack, Step::SubscriberIsBack, Step::SubscriberReads]
        {
            self.take(step);
        }
        while self.confirm(u8::MAX) | self.answer(u8::MAX) {}
    }

    fn sent_with(&self, qos: QoS) -> Vec<u32> {
        self.sent.iter().filter(|(sent, _)| *sent == qos).map(|(_, number)| *number).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_is_lost_and_nothing_with_qos_2_comes_twice(
        inflight in prop_oneof![1..5u16, Just(1024)],
        steps in prop::collection::vec(step(), 0..150),
    ) {
        // [MQTT-4.3.2-1], [MQTT-4.3.3-1], [MQTT-4.4.0-1], [MQTT-4.6.0-5], [MQTT-4.6.0-6]
        let config = Config { durable: true, inflight, outgoing_bytes: 1024, ..Config::default() };
        let mut pair = Pair::new(Story::with(config));
        for step in steps {
            pair.take(step);
        }
        pair.finish();
        prop_assert_eq!(&pair.exactly_once, &pair.sent_with(QoS::ExactlyOnce));
        let mut seen = BTreeSet::new();
        let first: Vec<u32> = pair.at_least_once.iter().copied().filter(|number| seen.insert(*number)).collect();
        prop_assert_eq!(&first, &pair.sent_with(QoS::AtLeastOnce));
        prop_assert!(pair.flights.is_empty() && pair.unreleased.is_empty());
        let world = pair.story.world();
        prop_assert_eq!((world.broker.metrics().queued, world.broker.metrics().paused), (0, 0));
        // The two sessions and one subscription are all that is left to keep.
        prop_assert_eq!(world.store.len(), 3);
    }
}
