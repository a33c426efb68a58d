//! A client that outlives every crash of the broker, and what it heard.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use lacewing_broker::ConnId;
use lacewing_client::{Backoff, Client, Event, Message, Options, Output, Token};
use lacewing_protocol::{
    ProtocolVersion, QoS, SubscriptionOptions, TopicFilter, TopicName, Utf8String, Will, WillProperties,
};

pub(crate) struct Peer {
    pub(crate) client: Client,
    pub(crate) conn: Option<ConnId>,
    /// It wants a connection.
    pub(crate) dials: bool,
    /// It is done with its connection.
    pub(crate) leaves: bool,
    /// Messages to it, by topic and number: how often they came.
    pub(crate) heard: BTreeMap<(String, u64), u32>,
    /// The last retained message of each topic that it heard.
    pub(crate) latest: BTreeMap<String, u64>,
    /// Whether all it wants to hear of is subscribed to.
    pub(crate) is_subscribed: bool,
    under_way: BTreeSet<Token>,
    sent: u64,
    name: String,
}

impl Peer {
    pub(crate) fn new(name: &str, filters: &[&str], lasts: bool) -> Self {
        let mut options = Options::new(ProtocolVersion::V5_0, Utf8String::try_from(name).unwrap());
        options.clean_start = !lasts;
        options.session_expiry_s = if lasts { u32::MAX } else { 0 };
        options.keep_alive_s = 0;
        options.in_flight_maximum = 5;
        options.receive_maximum = 4;
        options.backoff = Backoff { min: 1000, max: 1000, jitter_percent: 0 };
        options.will = lasts.then(|| Will {
            topic: TopicName::try_from(format!("w/{name}")).unwrap(),
            payload: Bytes::from_static(b"gone"),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: WillProperties::default(),
        });
        let mut client = Client::new(options);
        if !filters.is_empty() {
            let subscription = |filter: &&str| {
                let options = SubscriptionOptions { qos: QoS::ExactlyOnce, ..Default::default() };
                (TopicFilter::try_from(*filter).unwrap(), options)
            };
            client.subscribe(0, filters.iter().map(subscription).collect()).unwrap();
        }
        Self {
            client,
            conn: None,
            dials: false,
            leaves: false,
            heard: BTreeMap::new(),
            latest: BTreeMap::new(),
            is_subscribed: filters.is_empty(),
            under_way: BTreeSet::new(),
            sent: 0,
            name: name.to_owned(),
        }
    }

    /// Publishes its next message, whose topic says its QoS and kind.
    pub(crate) fn publish(&mut self, now: u64, qos: QoS, retain: bool) -> (String, u64) {
        let kind = if retain { 'r' } else { 't' };
        let topic = format!("{kind}/{}/{}", self.name, u8::from(qos));
        self.sent += 1;
        let mut message =
            Message::new(TopicName::try_from(topic.as_str()).unwrap(), self.sent.to_string()).qos(qos);
        message.retain = retain;
        self.under_way.insert(self.client.publish(now, message).unwrap());
        (topic, self.sent)
    }

    /// Whether all that it published was acknowledged, and nothing else is open.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.under_way.is_empty() && self.conn.is_some() && self.client.unreleased() == 0
    }

    /// Takes what its client says.
    pub(crate) fn settle(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Dial => self.dials = true,
                Output::Close => self.leaves = true,
                Output::Event(Event::Published { token, .. }) => {
                    self.under_way.remove(&token);
                }
                Output::Event(Event::Dropped { cause, .. }) => panic!("{} drops: {cause}", self.name),
                Output::Event(Event::Message(publish)) => {
                    let topic = publish.topic.unwrap().to_string();
                    let number = std::str::from_utf8(&publish.payload).unwrap().parse().unwrap();
                    if topic.starts_with('r') {
                        self.latest.insert(topic.clone(), number);
                    }
                    *self.heard.entry((topic, number)).or_default() += 1;
                }
                Output::Event(Event::Subscribed { .. }) => self.is_subscribed = true,
                Output::Event(_) => {}
            }
        }
    }

    /// What it has to send now.
    pub(crate) fn transmit(&mut self, now: u64) -> BytesMut {
        let mut bytes = BytesMut::new();
        while self.client.transmit(now, 1 << 16, &mut bytes) {}
        bytes
    }
}
