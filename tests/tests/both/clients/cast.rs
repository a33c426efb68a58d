//! Everyone: each client by others, in each version, over each transport.

use std::collections::VecDeque;
use std::path::PathBuf;

use lacewing_tests::lacewing::Tls;
use lacewing_tests::stand::Stand;

use super::peer::{Greeting, Message, Peer, Properties};
use super::script::Script;
use super::{mosquitto, rumqttc};

/// The Message Expiry Interval that is sent, and by how much it may have gone down on its way, in seconds.
const EXPIRY: u32 = 3_600;
const ON_ITS_WAY: u32 = 120;

/// All clients of one broker.
pub(super) struct Cast {
    pub(super) peers: Vec<Peer>,
}

impl Cast {
    /// Everyone, not connected yet.
    pub(super) fn of(stand: &Stand) -> Self {
        let (mqttjs, paho) = (Script::mqttjs(), Script::paho());
        let mut peers = Vec::new();
        for (transport, url, ca) in transports(stand) {
            for version in [4, 5] {
                let mut join = |program: &str, (hands, events)| {
                    peers.push(Peer {
                        name: name(program, version, transport),
                        version,
                        transport,
                        url: url.clone(),
                        ca: ca.clone(),
                        hands,
                        events,
                        messages: VecDeque::new(),
                    });
                };
                join("mqttjs", mqttjs.client(&name("mqttjs", version, transport)));
                join("paho", paho.client(&name("paho", version, transport)));
                join("rumqttc", rumqttc::client());
                if matches!(transport, "tcp" | "tls") {
                    join("mosquitto", mosquitto::client());
                }
            }
        }
        Self { peers }
    }

    /// Everyone connects; whether there was a session, of those who tell.
    pub(super) fn greet(&mut self, greeting: impl Fn(&Peer) -> Greeting) -> Vec<Option<bool>> {
        for peer in &mut self.peers {
            peer.greet(greeting(peer));
        }
        self.peers.iter_mut().map(Peer::connected).collect()
    }

    /// Everyone subscribes, with an identifier of its own.
    pub(super) fn subscribe(&mut self, filter: &str) {
        for index in 0..self.peers.len() {
            self.one_subscribes(index, filter);
        }
    }

    /// One subscribes, with its own identifier.
    pub(super) fn one_subscribes(&mut self, index: usize, filter: &str) {
        self.peers[index].subscribe(filter, subscription_id(index));
    }

    /// Everyone publishes at every QoS.
    pub(super) fn publish(&mut self, place: &str, retain: bool) -> Vec<Message> {
        self.publish_up_to(2, place, retain)
    }

    /// Everyone publishes at every QoS up to this one.
    pub(super) fn publish_up_to(&mut self, most: u8, place: &str, retain: bool) -> Vec<Message> {
        let mut said = Vec::new();
        for peer in &mut self.peers {
            for qos in 0..=most {
                let message = peer.say(place, qos, retain);
                peer.publish(message.clone());
                said.push(message);
            }
        }
        for peer in &mut self.peers {
            (0..=most).for_each(|_| peer.published());
        }
        said
    }

    /// Everyone hears all that was `said`, in any order.
    pub(super) fn all_hear(&mut self, said: &[Message], retained: bool) {
        let all: Vec<usize> = (0..self.peers.len()).collect();
        self.hear(&all, said, retained);
    }

    /// Some hear all that was `said`, in any order.
    pub(super) fn hear(&mut self, some: &[usize], said: &[Message], retained: bool) {
        for &index in some {
            let peer = &mut self.peers[index];
            let mut due: Vec<Message> =
                said.iter().map(|said| due(peer, subscription_id(index), said, retained)).collect();
            let mut heard: Vec<Message> = said.iter().map(|_| comparable(peer.message())).collect();
            due.sort();
            heard.sort();
            assert_eq!(heard, due, "what {} heard, and what it was due to hear", peer.name);
        }
    }
}

impl Peer {
    /// What it says in a topic below `place`, in 5.0 with every property that a publisher may set.
    pub(super) fn say(&self, place: &str, qos: u8, retain: bool) -> Message {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let properties = Properties {
            // A name may come twice, and the order stays [MQTT-3.3.2-17], [MQTT-3.3.2-18].
            user: vec![pair("by", &self.name), pair("by", "hand"), pair("über", "")],
            response_topic: Some(format!("answer/{}", self.name)),
            correlation_data: Some(format!("correlation {qos}")),
            content_type: Some("text/plain".to_owned()),
            payload_format: Some(1),
            expiry: Some(EXPIRY),
            topic_alias: None,
            subscription_ids: Vec::new(),
        };
        Message {
            topic: format!("{place}/{}/{qos}", self.name),
            payload: format!("{} sagt „{qos}“", self.name),
            qos,
            retain,
            properties: if self.is_v5() { properties } else { Properties::default() },
        }
    }
}

/// What `peer` has to hear when something was said.
fn due(peer: &Peer, subscription_id: u32, said: &Message, retained: bool) -> Message {
    let mut message = Message { retain: retained, ..said.clone() };
    if !peer.is_v5() {
        message.properties = Properties::default();
        return message;
    }
    message.properties.topic_alias = None;
    message.properties.subscription_ids = vec![subscription_id];
    message
}

/// The same message with what the way may change as it was.
fn comparable(mut message: Message) -> Message {
    if let Some(expiry) = &mut message.properties.expiry
        && (EXPIRY - ON_ITS_WAY..=EXPIRY).contains(expiry)
    {
        *expiry = EXPIRY;
    }
    message
}

fn subscription_id(index: usize) -> u32 {
    // From 200 on it takes two bytes.
    index as u32 + 120
}

fn name(program: &str, version: u8, transport: &str) -> String {
    format!("{program}-{version}-{transport}")
}

/// How a broker can be reached: transport, address, and the certificate of who vouches for it.
fn transports(stand: &Stand) -> Vec<(&'static str, String, Option<PathBuf>)> {
    let mut transports = vec![
        ("tcp", format!("mqtt://localhost:{}", stand.port()), None),
        ("ws", stand.lacewing.websocket(), None),
    ];
    if let Some(Tls { mqtts_port, https_port, ca }) = &stand.lacewing.tls {
        transports.push(("tls", format!("mqtts://localhost:{mqtts_port}"), Some(ca.clone())));
        transports.push(("wss", format!("wss://localhost:{https_port}/mqtt"), Some(ca.clone())));
    }
    transports
}
