//! The longest there can be, against the limits there are by default.

use crate::wire::*;

/// `client_id_length`, 1024 by default.
#[test]
fn a_client_identifier_of_65_535_bytes_is_refused() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::dial(&broker);
        wire.send(&connect(version, &"x".repeat(65_535)));
        wire.hears_reason(0x20, 1, if version == V5 { 0x85 } else { 2 });
        wire.ends();
    }
}

/// [MQTT-4.7.3-3], [3.1.1 MQTT-4.7.3-3]: as long as a string can be, it is a topic; only its levels are limited.
#[test]
fn a_topic_of_65_535_bytes_is_delivered() {
    let broker = native();
    let topic = "t".repeat(65_535);
    for version in BOTH {
        let mut wire = Wire::enter(&broker, version, "");
        wire.asks(&subscribe(version, &[(&topic, 0)]), &suback(version, &[0]));
        wire.send(&publish(version, 1, &topic, 0, "long"));
        wire.hears(&publish(version, 0, &topic, 0, "long"));
        wire.send(&publish(version, 1, &topic, 0, ""));
        wire.hears(&publish(version, 0, &topic, 0, ""));
    }
}

/// `topic_levels`, 128 by default: 5.0 is told by 0x90 and 0x8F, 3.1.1 by 0x80 and by the end of the connection.
#[test]
fn a_topic_of_32_768_levels_is_refused() {
    let broker = native();
    let topic = "/".repeat(32_767);
    let mut new = Wire::enter(&broker, V5, "");
    new.asks(&subscribe(V5, &[(&topic, 0)]), &suback(V5, &[0x8F]));
    new.send(&publish(V5, 2, &topic, 1, ""));
    new.hears_reason(0x40, 2, 0x90);
    new.send(&publish(V5, 4, &topic, 2, ""));
    new.hears_reason(0x50, 2, 0x90);
    new.send(&publish(V5, 0, &topic, 0, ""));
    new.sent_away(V5, 0x90);

    let mut old = Wire::enter(&broker, V3, "");
    old.asks(&subscribe(V3, &[(&topic, 0)]), &suback(V3, &[0x80]));
    old.send(&publish(V3, 2, &topic, 1, ""));
    old.ends();
}

/// `maximum_packet_size`, 2 MiB by default, is told to 5.0 and kept to the byte.
#[test]
fn a_packet_larger_than_2_mib_ends_the_connection() {
    let broker = native();
    for version in BOTH {
        // Header 5 at this size, topic 3, and in 5.0 the properties.
        let rest = (2 << 20) - 8 - none(version).len();
        let mut wire = Wire::enter(&broker, version, "");
        wire.send(&publish(version, 0, "t", 0, &"x".repeat(rest + 1)));
        wire.hears_nothing();
        wire.send(&publish(version, 0, "t", 0, &"x".repeat(rest + 2)));
        wire.sent_away(version, 0x95);
    }
}

/// `receive_maximum`, 1024 by default: what goes beyond is an offence (§4.9).
#[test]
fn more_unreleased_messages_than_agreed_end_the_connection() {
    let broker = native();
    let mut wire = Wire::enter(&broker, V5, "");
    for id in 1..=1024 {
        wire.send(&publish(V5, 4, "t", id, ""));
    }
    for id in 1..=1024_u16 {
        assert_eq!(wire.packet()[2..4], id.to_be_bytes());
    }
    wire.send(&publish(V5, 4, "t", 1025, ""));
    wire.sent_away(V5, 0x93);
}
