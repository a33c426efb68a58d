//! Messages arrive: whole, once, with their QoS, whoever sends them to whom.

use std::collections::BTreeSet;

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::device::Device;
use lacewing_tests::mosquitto::{Subscriber, publish, publish_lines, subscribe};
use lacewing_tests::mqttjs;
use lacewing_tests::program::Program;
use lacewing_tests::stand::Stand;

/// MQTT 3.1.1 and 5.0 as both kinds of clients call them.
const VERSIONS: [(&str, &str); 2] = [("311", "4"), ("5", "5")];

/// Four subscribers, 3.1.1 and 5.0 over TCP and WebSocket, hear twelve publishers, the same at QoS 0, 1 and 2.
/// [MQTT-4.2-1], [3.1.1 MQTT-7.1.1-1]
pub(crate) fn every_qos_version_and_transport_delivers_to_every_other(stand: &Stand) {
    let mut over_tcp: Vec<Subscriber> = VERSIONS
        .iter()
        .map(|(version, _)| Subscriber::start(stand.port(), &["-V", version, "-q", "2", "-t", "cross/#"]))
        .collect();
    let mut over_websocket: Vec<Program> = VERSIONS
        .iter()
        .map(|(_, version)| {
            let mut program =
                mqttjs::start("subscribe.js", &[&stand.lacewing.websocket(), version, "cross/#"]);
            program.line_with("subscribed");
            program
        })
        .collect();

    let mut due = BTreeSet::new();
    for (mosquitto, mqttjs) in VERSIONS {
        for qos in ["0", "1", "2"] {
            let topic = format!("cross/{mosquitto}/tcp/{qos}");
            publish(stand.port(), &["-V", mosquitto, "-q", qos, "-t", &topic, "-m", "whole"]);
            due.insert(format!("{qos} 0 {topic} whole"));
        }
        let prefix = format!("cross/{mosquitto}/ws");
        mqttjs::start("publish.js", &[&stand.lacewing.websocket(), mqttjs, &prefix, "whole"]).finish();
        due.extend((0..=2).map(|qos| format!("{qos} 0 {prefix}/{qos} whole")));
    }

    for subscriber in &mut over_tcp {
        let heard: BTreeSet<String> = (0..due.len())
            .map(|_| subscriber.message())
            .map(|message| {
                format!("{} {} {} {}", message.qos, u8::from(message.retain), message.topic, message.payload)
            })
            .collect();
        assert_eq!(heard, due);
    }
    for subscriber in &mut over_websocket {
        let heard: BTreeSet<String> =
            (0..due.len()).map(|_| subscriber.line_with("> ").split_off("> ".len())).collect();
        assert_eq!(heard, due);
    }
}

/// `mosquitto_pub -l` closes its connection as soon as its input ends: what it sent before has still to arrive.
pub(crate) fn a_publisher_that_closes_at_once_loses_nothing(stand: &Stand) {
    const LINES: usize = 5_000;
    for (qos, name) in [(QoS::AtMostOnce, "0"), (QoS::AtLeastOnce, "1")] {
        let mut device = Device::connect(stand.port(), ProtocolVersion::V3_1_1, "listener");
        device.subscribe("lines", qos);
        let text: String = (0..LINES).map(|line| format!("line {line}\n")).collect();
        publish_lines(stand.port(), &["-q", name, "-t", "lines"], &text);
        for line in 0..LINES {
            assert_eq!(device.message().payload, format!("line {line}"), "at QoS {name}");
        }
        device.disconnect();
    }
}

pub(crate) fn a_retained_message_reaches_a_late_subscriber_until_it_is_cleared(stand: &Stand) {
    publish(stand.port(), &["-t", "kept/topic", "-m", "still here", "-r", "-q", "1"]);
    let printed = subscribe(stand.port(), &["-t", "kept/topic", "-C", "1"]);
    assert_eq!(printed, ["still here"]);
    let mut late = Subscriber::start(stand.port(), &["-t", "kept/#", "-q", "1"]);
    let message = late.message();
    assert!(message.retain, "a message from before is marked [MQTT-3.3.1-8]");
    assert_eq!((message.topic.as_str(), message.payload.as_str()), ("kept/topic", "still here"));

    publish(stand.port(), &["-t", "kept/topic", "-n", "-r", "-q", "1"]);
    assert_eq!(late.said(), ("kept/topic".to_owned(), String::new()));
    let mut later = Subscriber::start(stand.port(), &["-t", "kept/#"]);
    publish(stand.port(), &["-t", "kept/marker", "-m", "nothing came before"]);
    assert_eq!(later.said().1, "nothing came before");
}

pub(crate) fn an_old_client_of_mqtt_3_1_takes_part(stand: &Stand) {
    let mut subscriber = Subscriber::start(stand.port(), &["-V", "mqttv31", "-q", "2", "-t", "old/+"]);
    publish(stand.port(), &["-V", "mqttv31", "-q", "2", "-t", "old/device", "-m", "MQIsdp"]);
    let message = subscriber.message();
    assert_eq!((message.qos, message.payload.as_str()), (2, "MQIsdp"));
}
