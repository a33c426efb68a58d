//! A client in bad company: the input is what its application, its network, the clock and a server do, which is honest,
//! confused or hostile.
//!
//! Whatever happens: nothing panics, what is transmitted is MQTT that its server can read and within the limits that the
//! server's CONNACK stated, every connection has one end and every message one outcome, what is kept is bounded, and time
//! alone gives no work without end.

mod host;
mod server;

use lacewing_client::{Backoff, Message, Options, QueueLimits};
use lacewing_protocol::{
    ProtocolVersion, QoS, SubscriptionOptions, TopicFilter, TopicName, Utf8String, Will, WillProperties,
};

use crate::choices::Choices;
use host::Host;

/// How many steps are taken at most: longer runs are slow and say little more.
const STEPS: u32 = 400;

/// How many messages and bytes of them may wait, how many filters there may be, and how many messages may be in flight.
pub(super) const MESSAGES: u32 = 6;
pub(super) const FILTERS: u16 = 4;
pub(super) const IN_FLIGHT: u16 = 3;

/// One life of a client: two bytes for its options, then steps, each a byte and what it needs.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let mut host = Host::new(options(choices.byte(), choices.byte()));
    for _ in 0..STEPS {
        if choices.is_empty() {
            break;
        }
        step(&mut host, &mut choices);
        host.settle();
    }
    host.end();
}

fn step(host: &mut Host, choices: &mut Choices<'_>) {
    let kind = choices.byte();
    match kind & 31 {
        0 => host.start(),
        1 => host.stop(),
        2 => host.retry(),
        3 => host.ping(),
        4..=8 => {
            let message = message(choices);
            host.publish(message);
        }
        9 | 10 => host.subscribe(filters(choices)),
        11 => host.unsubscribe(filters(choices).into_iter().map(|(filter, _)| filter).collect()),
        12 | 13 => host.connect(),
        14 => host.hang_up(),
        15..=17 => host.transmit(choices.byte()),
        18..=20 => host.pass(choices.byte()),
        21..=24 => host.answer(choices),
        25..=28 => {
            let packet = server::packet(choices, host.version());
            host.hear(&packet, choices.byte());
        }
        29 => {
            let packet = server::conn_ack(choices, host.version());
            host.hear(&packet, choices.byte());
        }
        30 => {
            let bytes = choices.bytes(63).to_vec();
            host.hear(&bytes, 0);
        }
        // What happens most: it is let in and served.
        _ => {
            host.start();
            host.connect();
            host.transmit(255);
            host.answer(choices);
        }
    }
}

fn options(choice: u8, more: u8) -> Options {
    let version =
        [ProtocolVersion::V5_0, ProtocolVersion::V3_1_1, ProtocolVersion::V3_1][usize::from(choice & 3) % 3];
    let client_id = if choice & 4 == 0 || version == ProtocolVersion::V3_1 { "c" } else { "" };
    let mut options = Options::new(version, Utf8String::from_static(client_id).expect("a client id"));
    options.clean_start = choice & 8 == 0;
    options.session_expiry_s = if choice & 16 == 0 { 0 } else { 100 };
    options.keep_alive_s = [0, 1, 10, 60][usize::from(choice >> 5) % 4];
    options.receive_maximum = [1, 2, 5, 0][usize::from(more & 3)];
    options.topic_alias_maximum = if more & 4 == 0 { 0 } else { 3 };
    options.maximum_packet_size = if more & 8 == 0 { 200 } else { 1 << 20 };
    options.queue = QueueLimits { messages: MESSAGES, bytes: 500, qos0_offline: more & 16 == 0 };
    options.in_flight_maximum = IN_FLIGHT;
    options.subscriptions_maximum = FILTERS;
    options.backoff = Backoff { min: 1000, max: 8_000_000, jitter_percent: more >> 5 };
    options.will = (more & 32 != 0).then(|| Will {
        topic: TopicName::from_static("w").expect("a topic"),
        payload: bytes::Bytes::from_static(b"gone"),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: WillProperties::default(),
    });
    // A password alone makes no CONNECT before 5.0.
    options.username = (more & 64 != 0).then(|| Utf8String::from_static("u").expect("a name"));
    options.password = (more & 128 != 0).then(|| bytes::Bytes::from_static(b"p"));
    options
}

fn message(choices: &mut Choices<'_>) -> Message {
    let bits = choices.byte();
    let topic = TopicName::from_static(["a", "a/b", "a/b/c", "/"][usize::from(bits >> 6)]);
    let payload = vec![b'.'; usize::from(choices.byte()) / 2];
    let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce][usize::from(bits & 3)];
    let mut message = Message::new(topic.expect("a topic"), payload).qos(qos);
    message.retain = bits & 4 != 0;
    if bits & 8 != 0 {
        message.properties.message_expiry_interval = Some(u32::from(bits >> 4 & 3));
    }
    message
}

fn filters(choices: &mut Choices<'_>) -> Vec<(TopicFilter, SubscriptionOptions)> {
    let bits = choices.byte();
    let names = ["a", "a/+", "#", "$share/g/a", "a/b", "+"];
    let several = (0..bits & 3).map(|at| names[usize::from((bits >> 2) + at) % names.len()]);
    several
        .map(|name| {
            let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(bits >> 4) % 3];
            let filter = TopicFilter::from_static(name).expect("a filter");
            (filter, SubscriptionOptions { qos, ..SubscriptionOptions::default() })
        })
        .collect()
}
