//! `cargo xtask bench large`: the largest state that a broker takes, through real sockets: 1 000 000 retained messages, 100 000 subscriptions of
//! one session, topics of 65 535 bytes with 30 000 levels, client ids of 65 535 bytes.
//!
//! Fails when anything is lost or granted beyond its limit, or takes more memory than its contract allows. One argument: how
//! many thousands of retained messages.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::time::Instant;

use bytes::BytesMut;
use lacewing_protocol::{
    Packet, PacketId, ProtocolVersion, QoS, ReasonCode, Subscribe, SubscriptionOptions, TopicFilter,
    UserProperties,
};
use lacewing_tests::device::{Device, connect, publish};
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::machine::machine;
use lacewing_tests::memory::resident;

/// The subscriptions of one session.
const SUBSCRIPTIONS: usize = 100_000;
/// So many packets are sent before their answers are read.
const WINDOW: usize = 250;
/// Bytes of a long topic or client id, and levels of a topic.
const LONGEST: usize = 65_535;
const LEVELS: usize = 30_000;
/// How many clients have long ids.
const LONG_IDS: usize = 500;
/// What each may take of memory, in bytes.
const RETAINED_EACH: u64 = 512;
const SUBSCRIPTION_EACH: u64 = 1024;
const LONG_ID_EACH: u64 = 256 << 10;

fn main() -> ExitCode {
    let thousands: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1000);
    let retained = thousands * 1000;
    println!("{}", machine());
    let settings = tempfile::NamedTempFile::new().expect("a temporary file");
    let limits =
        format!("[limits]\ntopic_levels = 65535\nclient_id_length = 65535\nretained_messages = {retained}\n");
    std::fs::write(settings.path(), limits).expect("a temporary file can be written");
    let file = settings.path().to_string_lossy();
    let start = || Lacewing::start_with(BrokerHome::Native, &["--log", "warn", "--config", &file]);
    // A broker for each, so that none is given what another has freed.
    let kept = [
        measure("retained messages", retained, RETAINED_EACH, start(), |lacewing| retain(lacewing, retained)),
        measure("subscriptions of a session", SUBSCRIPTIONS, SUBSCRIPTION_EACH, start(), subscribe),
        measure("clients with long ids", LONG_IDS, LONG_ID_EACH, start(), long_ids),
    ];
    deep_topic(&start());
    refusals();
    if kept.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// What `fill` takes of time and of a broker's memory for each of `count`; whether it is no more than `most`. What it gives back
/// is held until the memory is read.
fn measure<T>(
    what: &str,
    count: usize,
    most: u64,
    lacewing: Lacewing,
    fill: impl FnOnce(&Lacewing) -> T,
) -> bool {
    let (before, began) = (resident(&[lacewing.id()]), Instant::now());
    let _held = fill(&lacewing);
    let after = resident(&[lacewing.id()]);
    let each = after.saturating_sub(before) / count as u64;
    println!(
        "{count} {what}: {:.1} s in all, {each} bytes of memory each; the broker takes {:.1} MiB",
        began.elapsed().as_secs_f64(),
        after as f64 / f64::from(1 << 20)
    );
    if each > most {
        println!("The contract is broken: no more than {most} bytes for each.");
    }
    each <= most
}

/// Retains messages and reads all of them once.
fn retain(lacewing: &Lacewing, count: usize) {
    let topic = |number: usize| format!("large/{}/{number}", number % 1000);
    let mut publisher = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "retains");
    let began = Instant::now();
    for start in (0..count).step_by(WINDOW) {
        let mut bytes = BytesMut::new();
        let numbers = start..count.min(start + WINDOW);
        for (id, number) in (1..).zip(numbers.clone()) {
            let mut publish = publish(&topic(number), &number.to_be_bytes());
            (publish.qos, publish.retain, publish.packet_id) = (QoS::AtLeastOnce, true, PacketId::new(id));
            Packet::Publish(publish).encode(ProtocolVersion::V5_0, &mut bytes).expect("a packet");
        }
        publisher.write(&bytes);
        for _ in numbers {
            let answer = publisher.receive();
            assert!(matches!(&answer, Packet::PubAck(ack) if !ack.reason.is_error()), "{answer}");
        }
    }
    println!("{count} messages were retained with QoS 1 in {:.1} s", began.elapsed().as_secs_f64());
    let mut beyond = publish("large/one/more", b"x");
    (beyond.qos, beyond.retain, beyond.packet_id) = (QoS::AtLeastOnce, true, Some(PacketId::MIN));
    publisher.send(&Packet::Publish(beyond));
    assert!(matches!(publisher.receive(), Packet::PubAck(_)), "it is delivered all the same");

    let began = Instant::now();
    let mut reader = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "reads");
    reader.subscribe("large/#", QoS::AtMostOnce);
    let mut seen = vec![false; count];
    for _ in 0..count {
        let message = reader.message();
        let number = <[u8; 8]>::try_from(&*message.payload).map(usize::from_be_bytes).expect("a number");
        assert_eq!(message.topic.as_deref(), Some(topic(number).as_str()));
        assert!(message.retain && !std::mem::replace(&mut seen[number], true), "{number} came once");
    }
    // The one beyond the limit would have come before the answer.
    reader.ping();
    println!(
        "all came to one subscriber in {:.1} s, each once, and not the one beyond the limit, which was delivered and not kept",
        began.elapsed().as_secs_f64()
    );
}

/// Subscribes to as many filters as a session may have, and to one more; each gets its message.
fn subscribe(lacewing: &Lacewing) -> Device {
    let topic = |number: usize| format!("many/{}/{number}", number % 300);
    let began = Instant::now();
    let mut subscriber = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "subscribes");
    for start in (0..SUBSCRIPTIONS).step_by(WINDOW) {
        let filter = |number: usize| {
            // Every other one with a wildcard.
            let filter = if number.is_multiple_of(2) { topic(number) } else { format!("many/+/{number}") };
            let filter = TopicFilter::try_from(filter).expect("a topic filter");
            (filter, SubscriptionOptions::new(QoS::AtLeastOnce))
        };
        subscriber.send(&Packet::Subscribe(Subscribe {
            packet_id: PacketId::MIN,
            filters: (start..start + WINDOW).map(filter).collect(),
            subscription_identifier: None,
            user_properties: UserProperties::default(),
        }));
        let answer = subscriber.receive();
        let granted = |answer: &Packet| matches!(answer, Packet::SubAck(answer) if answer.reasons.iter().all(|reason| !reason.is_error()));
        assert!(granted(&answer), "{answer}");
    }
    println!("{SUBSCRIPTIONS} subscriptions were granted in {:.1} s", began.elapsed().as_secs_f64());
    let reason = subscriber.asks_for("one/more", QoS::AtLeastOnce);
    assert_eq!(reason, ReasonCode::QuotaExceeded);
    println!("one more is refused with {:#04x}, {reason:?}", reason.value());
    let began = Instant::now();
    let mut publisher = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "publishes");
    for number in 0..SUBSCRIPTIONS {
        publisher.send(&Packet::Publish(publish(&topic(number), b"x")));
        if number % WINDOW == WINDOW - 1 {
            for number in number + 1 - WINDOW..=number {
                assert_eq!(subscriber.message().topic.as_deref(), Some(topic(number).as_str()));
            }
        }
    }
    println!("{SUBSCRIPTIONS} messages, one for each, none lost, in {:.1} s", began.elapsed().as_secs_f64());
    subscriber
}

fn long_ids(lacewing: &Lacewing) -> Vec<Device> {
    let mut devices: Vec<Device> = (0..LONG_IDS)
        .map(|number| {
            let version =
                if number.is_multiple_of(2) { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5_0 };
            Device::connect(lacewing.mqtt_port, version, &long_id(number))
        })
        .collect();
    devices.iter_mut().for_each(Device::ping);
    devices
}

fn long_id(number: usize) -> String {
    format!("{number:0>LONGEST$}")
}

/// A message to the deepest and longest topic, to filters that are as deep.
fn deep_topic(lacewing: &Lacewing) {
    let topic = long_topic();
    let began = Instant::now();
    let mut exact = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "exact");
    exact.subscribe(&topic, QoS::AtLeastOnce);
    let mut wild = Device::connect(lacewing.mqtt_port, ProtocolVersion::V3_1_1, "wild");
    wild.subscribe(&format!("{}#", "+/".repeat(LEVELS - 1)), QoS::AtLeastOnce);
    let mut publisher = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "deep");
    for _ in 0..10 {
        publisher.publish(&topic, b"x", QoS::AtLeastOnce);
        for device in [&mut exact, &mut wild] {
            assert_eq!(device.message().topic.as_deref(), Some(topic.as_str()));
        }
    }
    println!(
        "topics of {} bytes and {LEVELS} levels: 10 messages to 2 subscribers with QoS 1, none lost, {:.2} s",
        topic.len(),
        began.elapsed().as_secs_f64()
    );
}

fn long_topic() -> String {
    let levels = "a/".repeat(LEVELS - 1);
    format!("{levels}{}", "z".repeat(LONGEST - levels.len()))
}

/// What a broker with the limits that are the default says.
fn refusals() {
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--log", "warn"]);
    let mut device = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "small");
    let reason = device.asks_for(&long_topic(), QoS::AtMostOnce);
    assert_eq!(reason, ReasonCode::TopicFilterInvalid);
    println!("by default such a filter is refused with {:#04x}, {reason:?}", reason.value());
    let mut deep = publish(&long_topic(), b"x");
    (deep.qos, deep.packet_id) = (QoS::AtLeastOnce, Some(PacketId::MIN));
    device.send(&Packet::Publish(deep));
    match device.receive() {
        Packet::PubAck(answer) => {
            assert_eq!(answer.reason, ReasonCode::TopicNameInvalid);
            println!("such a message with {:#04x}, {:?}", answer.reason.value(), answer.reason);
        }
        other => panic!("PUBLISH was answered with {other}"),
    }
    for version in [ProtocolVersion::V5_0, ProtocolVersion::V3_1_1] {
        let (_, answer) = Device::ask(lacewing.mqtt_port, connect(version, &long_id(0)));
        assert_eq!(answer.reason, ReasonCode::ClientIdentifierNotValid);
        println!("such a client id in {version:?} with {:?}", answer.reason);
    }
    device.ping();
}
