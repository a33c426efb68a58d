//! Sections 3.3 to 3.7 and 4.3: what a client publishes.

use crate::wire::*;

/// [MQTT-3.3.4-1], [3.1.1 MQTT-3.3.4-1], [MQTT-2.2.1-5], [3.1.1 MQTT-2.3.1-6], [MQTT-4.3.2-4], [3.1.1 MQTT-4.3.2-2],
/// [3.1.1 MQTT-4.3.3-2]
#[test]
fn each_qos_is_answered_with_its_packets_and_identifier() {
    let broker = native();
    for version in BOTH {
        let mut hearer = Wire::enter(&broker, version, "hearer");
        hearer.asks(&subscribe(version, &[("t", 0)]), &suback(version, &[0]));
        let mut wire = Wire::enter(&broker, version, "speaker");
        wire.send(&publish(version, 0, "t", 0, "none"));
        wire.hears_nothing();
        wire.asks(&publish(version, 2, "t", 0xABCD, "one"), &ack(0x40, 0xABCD));
        wire.asks(&publish(version, 4, "t", 0xFFFF, "two"), &ack(0x50, 0xFFFF));
        wire.asks(&ack(0x62, 0xFFFF), &ack(0x70, 0xFFFF));
        for payload in ["none", "one", "two"] {
            hearer.hears(&publish(version, 0, "t", 0, payload));
        }
        hearer.hears_nothing();
    }
}

/// [MQTT-4.3.2-5], [MQTT-4.3.3-10], [MQTT-4.3.3-12]: at QoS 1 the same identifier is another message once it was answered; at QoS 2
/// it is the same one until PUBREL.
#[test]
fn an_identifier_that_comes_again_is_another_message_once_the_first_is_done_with() {
    let broker = native();
    for version in BOTH {
        let mut hearer = Wire::enter(&broker, version, "hearer");
        hearer.asks(&subscribe(version, &[("t", 0)]), &suback(version, &[0]));
        let mut wire = Wire::enter(&broker, version, "speaker");
        for _ in 0..2 {
            // Even with DUP.
            wire.asks(&publish(version, 2 | 8, "t", 5, "once more"), &ack(0x40, 5));
            hearer.hears(&publish(version, 0, "t", 0, "once more"));
        }
        for round in ["first", "second"] {
            for flags in [4, 4 | 8, 4 | 8] {
                wire.asks(&publish(version, flags, "t", 5, round), &ack(0x50, 5));
            }
            wire.asks(&ack(0x62, 5), &ack(0x70, 5));
            hearer.hears(&publish(version, 0, "t", 0, round));
        }
        hearer.hears_nothing();
        // A PUBREL for nothing is answered; 5.0 says so.
        let nothing: &[u8] = if version == V5 { b"\x70\x03\x00\x05\x92" } else { b"\x70\x02\x00\x05" };
        wire.asks(&ack(0x62, 5), nothing);
    }
}

/// [3.1.1 MQTT-3.3.5-2], §4.7.2: `$SYS` is the broker's own. 5.0 is told, 3.1.1 has no word for it and is answered as ever.
#[test]
fn what_may_not_be_published_goes_to_nobody() {
    let broker = native();
    for version in BOTH {
        let mut hearer = Wire::enter(&broker, version, "hearer");
        hearer.asks(&subscribe(version, &[("$SYS/mine", 0)]), &suback(version, &[0]));
        let mut wire = Wire::enter(&broker, version, "speaker");
        for (flags, first) in [(2, 0x40), (4, 0x50)] {
            wire.send(&publish(version, flags, "$SYS/mine", 1, "x"));
            match version {
                V5 => wire.hears_reason(first, 2, 0x87),
                _ => wire.hears(&ack(first, 1)),
            }
        }
        hearer.hears_nothing();
    }
}

/// [MQTT-3.3.1-2], [MQTT-3.3.1-4], [3.1.1 MQTT-3.3.1-2], [3.1.1 MQTT-3.3.1-4]
#[test]
fn flags_of_publish_that_cannot_be_end_the_connection() {
    let broker = native();
    sends_away(&broker, "QoS 3", 0x81, |version| publish(version, 6, "t", 1, ""));
    sends_away(&broker, "DUP with QoS 0", 0x81, |version| publish(version, 8, "t", 0, ""));
}

/// [MQTT-3.3.2-2], [3.1.1 MQTT-3.3.2-2], [MQTT-4.7.0-1], [3.1.1 MQTT-4.7.1-1], [MQTT-4.7.3-1], [3.1.1 MQTT-4.7.3-1], §4.13
#[test]
fn a_topic_that_is_a_filter_or_empty_ends_the_connection() {
    let broker = native();
    for topic in ["#", "+", "a/+/b", "a/#", "a+", "a#b"] {
        sends_away(&broker, topic, 0x81, |version| publish(version, 0, topic, 0, ""));
    }
    let mut wire = Wire::enter(&broker, V3, "");
    wire.send(&publish(V3, 0, "", 0, ""));
    wire.ends();
    // In 5.0 an alias could stand for it, but none does.
    let mut wire = Wire::enter(&broker, V5, "");
    wire.send(&publish(V5, 0, "", 0, ""));
    wire.sent_away(V5, 0x82);
    // A will's topic is a Topic Name too.
    turns_away(&broker, "a will to a filter", 0x81, |version| {
        connect_with(version, CLEAN | WILL, "x", &[none(version), &text("w/#"), &text("")].concat())
    });
}

/// [MQTT-3.3.2-7], [MQTT-3.3.2-12], §3.3.2.3.4
#[test]
fn an_alias_stands_for_its_topic_and_ends_with_the_connection() {
    let broker = native();
    let mut hearer = Wire::enter(&broker, V5, "hearer");
    hearer.asks(&subscribe(V5, &[("#", 0)]), &suback(V5, &[0]));
    let aliased = |topic: &str, alias: u16, payload: &[u8]| {
        packet(0x30, &[&text(topic), b"\x03\x23", &alias.to_be_bytes(), payload])
    };
    let mut wire = Wire::enter(&broker, V5, "speaker");
    let said = [("one", "1"), ("", "2"), ("other", "3"), ("", "4")];
    for (topic, payload) in said {
        wire.send(&aliased(topic, 1, payload.as_bytes()));
    }
    for (topic, payload) in [("one", "1"), ("one", "2"), ("other", "3"), ("other", "4")] {
        hearer.hears(&publish(V5, 0, topic, 0, payload));
    }
    drop(wire);
    for (what, alias, reason) in [("unknown", 1, 0x82), ("too high", 0xFFFF, 0x94)] {
        eprintln!("an alias that is {what}");
        let mut wire = Wire::enter(&broker, V5, "speaker");
        let topic = if reason == 0x94 { "t" } else { "" };
        wire.send(&aliased(topic, alias, b"?"));
        wire.sent_away(V5, reason);
    }
}

/// [MQTT-3.3.1-5], [MQTT-3.3.1-6], [MQTT-3.3.1-7], [MQTT-3.3.1-8], [MQTT-3.3.1-9], [3.1.1 MQTT-3.3.1-5], [3.1.1 MQTT-3.3.1-6],
/// [3.1.1 MQTT-3.3.1-7], [3.1.1 MQTT-3.3.1-8], [3.1.1 MQTT-3.3.1-9], [3.1.1 MQTT-3.3.1-10], [3.1.1 MQTT-3.3.1-11],
/// [3.1.1 MQTT-3.3.1-12], [3.1.1 MQTT-3.1.2-7]
#[test]
fn the_last_retained_message_of_a_topic_waits_for_who_comes_later() {
    let broker = native();
    for version in BOTH {
        let finds = |qos: u8, due: Option<Vec<u8>>| {
            let mut late = Wire::enter(&broker, version, "late");
            late.asks(&subscribe(version, &[("kept", qos)]), &suback(version, &[qos]));
            match due {
                Some(due) => late.hears(&due),
                None => late.hears_nothing(),
            }
        };
        let mut there = Wire::enter(&broker, version, "there");
        there.asks(&subscribe(version, &[("kept", 0)]), &suback(version, &[0]));
        let mut wire = Wire::enter(&broker, version, "speaker");
        // With its QoS; whoever is there hears it as any other.
        wire.asks(&publish(version, 3, "kept", 1, "first"), &ack(0x40, 1));
        there.hears(&publish(version, 0, "kept", 0, "first"));
        finds(1, Some(publish(version, 3, "kept", 1, "first")));
        // One that is not retained leaves it alone.
        wire.send(&publish(version, 0, "kept", 0, "passing"));
        there.hears(&publish(version, 0, "kept", 0, "passing"));
        finds(0, Some(publish(version, 1, "kept", 0, "first")));
        // Another takes its place, and one without payload takes it away.
        wire.send(&publish(version, 1, "kept", 0, "second"));
        there.hears(&publish(version, 0, "kept", 0, "second"));
        drop(wire);
        finds(1, Some(publish(version, 1, "kept", 0, "second")));
        let mut wire = Wire::enter(&broker, version, "speaker");
        wire.send(&publish(version, 1, "kept", 0, ""));
        there.hears(&publish(version, 0, "kept", 0, ""));
        finds(1, None);
        there.hears_nothing();
    }
}
