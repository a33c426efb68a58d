//! Sections 4.1 to 4.6: what a broker delivers.

use crate::wire::*;

/// A subscriber whose session lasts, with QoS 2 to `t`, and a publisher.
fn pair(version: u8) -> (lacewing_tests::lacewing::Lacewing, Wire, Wire) {
    let broker = native();
    let mut hearer = Wire::enter_by(&broker, &connect_lasting(version, "hearer"), false);
    hearer.asks(&subscribe(version, &[("t", 2)]), &suback(version, &[2]));
    let speaker = Wire::enter(&broker, version, "speaker");
    (broker, hearer, speaker)
}

fn says(speaker: &mut Wire, version: u8, qos: u8, payload: &str) {
    let id = 77;
    speaker.send(&publish(version, qos << 1, "t", id, payload));
    match qos {
        0 => {}
        1 => speaker.hears(&ack(0x40, id)),
        _ => {
            speaker.hears(&ack(0x50, id));
            speaker.asks(&ack(0x62, id), &ack(0x70, id));
        }
    }
}

/// The identifier in a PUBLISH to `t` whose first byte and payload are these.
fn identifier(message: &[u8], first: u8, payload: &str) -> u16 {
    assert!(
        message[0] == first && message.ends_with(payload.as_bytes()),
        "{message:x?}, {first:x} {payload} was due"
    );
    let id = u16::from_be_bytes([message[5], message[6]]);
    assert_ne!(id, 0);
    id
}

/// [MQTT-4.4.0-1], [3.1.1 MQTT-4.4.0-1], [MQTT-3.3.1-1], [3.1.1 MQTT-3.3.1-1], [MQTT-4.3.2-2], [MQTT-4.3.2-3], [3.1.1 MQTT-4.3.2-1],
/// [MQTT-4.3.3-2], [MQTT-4.3.3-3], [MQTT-4.3.3-5], [3.1.1 MQTT-4.3.3-1], [MQTT-2.2.1-4], [3.1.1 MQTT-2.3.1-4], [MQTT-4.3.3-4], [MQTT-4.6.0-1], [MQTT-4.6.0-5], [MQTT-4.6.0-6],
/// [3.1.1 MQTT-4.6.0-5], [3.1.1 MQTT-4.6.0-6]
#[test]
fn what_is_not_acknowledged_comes_again_in_order_under_its_identifier() {
    for version in BOTH {
        let (broker, mut hearer, mut speaker) = pair(version);
        for (qos, payload) in [(1, "one"), (2, "two"), (2, "three"), (1, "four")] {
            says(&mut speaker, version, qos, payload);
        }
        let first: Vec<u16> = [(0x32, "one"), (0x34, "two"), (0x34, "three"), (0x32, "four")]
            .map(|(first, payload)| identifier(&hearer.packet(), first, payload))
            .into();
        let mut different = first.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 4, "each has an identifier of its own: {first:?}");
        // Of the QoS 2 ones it has the first, and says so; the rest is not acknowledged.
        hearer.asks(&ack(0x50, first[1]), &ack(0x62, first[1]));
        drop(hearer);

        let mut hearer = Wire::enter_by(&broker, &connect_lasting(version, "hearer"), true);
        let again = [hearer.packet(), hearer.packet(), hearer.packet(), hearer.packet()];
        assert_eq!(identifier(&again[0], 0x3A, "one"), first[0]);
        assert_eq!(again[1], ack(0x62, first[1]));
        assert_eq!(identifier(&again[2], 0x3C, "three"), first[2]);
        assert_eq!(identifier(&again[3], 0x3A, "four"), first[3]);
        hearer.send(&[ack(0x40, first[0]), ack(0x70, first[1]), ack(0x40, first[3])].concat());
        hearer.asks(&ack(0x50, first[2]), &ack(0x62, first[2]));
        hearer.send(&ack(0x70, first[2]));
        hearer.hears_nothing();
        drop(hearer);
        let mut hearer = Wire::enter_by(&broker, &connect_lasting(version, "hearer"), true);
        hearer.hears_nothing();
    }
}

/// [MQTT-3.3.1-3], [3.1.1 MQTT-3.3.1-3], [MQTT-2.2.1-2], [3.1.1 MQTT-2.3.1-5], [3.1.1 MQTT-4.3.1-1], [MQTT-4.3.1-1]
#[test]
fn dup_and_identifier_of_a_publisher_are_its_own() {
    for version in BOTH {
        let (_broker, mut hearer, mut speaker) = pair(version);
        speaker.asks(&publish(version, 2 | 8, "t", 0x7777, "again"), &ack(0x40, 0x7777));
        assert_ne!(identifier(&hearer.packet(), 0x32, "again"), 0x7777);
        speaker.send(&publish(version, 0, "t", 0, "at most once"));
        hearer.hears(&publish(version, 0, "t", 0, "at most once"));
    }
}

/// [MQTT-3.8.4-8], [3.1.1 MQTT-3.8.4-6]
#[test]
fn a_message_comes_with_the_lesser_of_its_qos_and_the_granted() {
    for version in BOTH {
        let broker = native();
        let mut speaker = Wire::enter(&broker, version, "speaker");
        for granted in 0..=2 {
            let mut hearer = Wire::enter(&broker, version, "hearer");
            hearer.asks(&subscribe(version, &[("t", granted)]), &suback(version, &[granted]));
            for sent in 0..=2 {
                says(&mut speaker, version, sent, "x");
                let qos = granted.min(sent);
                assert_eq!(hearer.packet()[0], 0x30 | qos << 1, "sent {sent}, granted {granted}");
            }
        }
    }
}

/// [MQTT-4.4.0-2]: a PUBACK or PUBREC with an error ends the exchange.
#[test]
fn what_the_receiver_refuses_does_not_come_again() {
    let (broker, mut hearer, mut speaker) = pair(V5);
    says(&mut speaker, V5, 1, "one");
    says(&mut speaker, V5, 2, "two");
    let one = identifier(&hearer.packet(), 0x32, "one").to_be_bytes();
    let two = identifier(&hearer.packet(), 0x34, "two").to_be_bytes();
    hearer.send(&packet(0x40, &[&one, b"\x83"]));
    hearer.send(&packet(0x50, &[&two, b"\x83"]));
    hearer.hears_nothing();
    drop(hearer);
    Wire::enter_by(&broker, &connect_lasting(V5, "hearer"), true).hears_nothing();
}

/// [MQTT-3.3.4-9], §4.9: a client that takes one at a time gets the second when it has acknowledged the first; QoS 0
/// does not wait.
#[test]
fn receive_maximum_is_kept() {
    let broker = native();
    let mut hearer = Wire::dial(&broker);
    hearer.send(&packet(0x10, &[&text("MQTT"), b"\x05\x02\x00\x00", b"\x03\x21\x00\x01", &text("hearer")]));
    hearer.is_let_in(false);
    hearer.asks(&subscribe(V5, &[("t", 2)]), &suback(V5, &[2]));
    let mut speaker = Wire::enter(&broker, V5, "speaker");
    says(&mut speaker, V5, 2, "first");
    says(&mut speaker, V5, 1, "second");
    let first = identifier(&hearer.packet(), 0x34, "first");
    hearer.hears_nothing();
    says(&mut speaker, V5, 0, "passing");
    hearer.hears(&publish(V5, 0, "t", 0, "passing"));
    hearer.asks(&ack(0x50, first), &ack(0x62, first));
    hearer.hears_nothing();
    hearer.send(&ack(0x70, first));
    identifier(&hearer.packet(), 0x32, "second");
}

/// [MQTT-3.1.2-24], [MQTT-3.1.2-25], §3.1.2.11.4: what is too large for a client is not sent to it, to the byte.
#[test]
fn maximum_packet_size_is_kept() {
    let broker = native();
    let mut hearer = Wire::dial(&broker);
    hearer.send(&packet(
        0x10,
        &[&text("MQTT"), b"\x05\x02\x00\x00", b"\x05\x27\x00\x00\x00\x20", &text("hearer")],
    ));
    hearer.is_let_in(false);
    hearer.asks(&subscribe(V5, &[("t", 0)]), &suback(V5, &[0]));
    let mut speaker = Wire::enter(&broker, V5, "speaker");
    // Header 2, topic 3, properties 1: 26 more make 32.
    let fits = publish(V5, 0, "t", 0, &"x".repeat(26));
    assert_eq!(fits.len(), 32);
    speaker.send(&publish(V5, 0, "t", 0, &"x".repeat(27)));
    speaker.send(&fits);
    hearer.hears(&fits);
    hearer.hears_nothing();
}

/// [MQTT-4.1.0-2], [MQTT-4.1.0-1]: a session ends when its expiry has passed after the connection, not while it is open.
#[test]
fn a_session_ends_when_its_time_is_over() {
    let broker = native();
    let lasting = |seconds: u8| {
        packet(0x10, &[&text("MQTT"), b"\x05\x00\x00\x00", &[5, 0x11, 0, 0, 0, seconds], &text("short")])
    };
    let mut wire = Wire::enter_by(&broker, &lasting(1), false);
    wire.asks(&subscribe(V5, &[("t", 1)]), &suback(V5, &[1]));
    drop(wire);
    lacewing_tests::patience::eventually("the session ends", || {
        let mut other = Wire::enter(&broker, V5, "other");
        // 0x10: nobody subscribes.
        other.send(&publish(V5, 2, "t", 1, ""));
        (other.packet() == b"\x40\x03\x00\x01\x10").then_some(())
    });
    Wire::enter_by(&broker, &lasting(1), false).hears_nothing();
}
