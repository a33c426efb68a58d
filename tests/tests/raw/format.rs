//! Chapter 2: fixed headers, lengths, identifiers and properties.

use crate::wire::*;

/// [MQTT-2.1.3-1], [MQTT-4.13.1-1], [MQTT-4.13.2-1], [3.1.1 MQTT-4.8.0-1], [3.1.1 MQTT-2.2.2-1], [3.1.1 MQTT-2.2.2-2], [3.1.1 MQTT-3.6.1-1], [3.1.1 MQTT-3.8.1-1],
/// [3.1.1 MQTT-3.10.1-1], [3.1.1 MQTT-3.14.1-1]
#[test]
fn flags_that_are_reserved_end_the_connection() {
    let broker = native();
    let filter = [&text("t")[..], b"\x00"].concat();
    for flags in (0..=15).filter(|flags| *flags != 2) {
        sends_away(&broker, "PUBREL", 0x81, |_| packet(0x60 | flags, &[b"\x00\x01"]));
    }
    for flags in [0, 1, 3, 6, 15] {
        sends_away(&broker, "SUBSCRIBE", 0x81, |version| {
            packet(0x80 | flags, &[b"\x00\x01", none(version), &filter])
        });
        sends_away(&broker, "UNSUBSCRIBE", 0x81, |version| {
            packet(0xA0 | flags, &[b"\x00\x01", none(version), &text("t")])
        });
    }
    for flags in [1, 2, 4, 8, 15] {
        for (what, kind) in [("PUBACK", 0x40), ("PUBREC", 0x50), ("PUBCOMP", 0x70)] {
            sends_away(&broker, what, 0x81, |_| packet(kind | flags, &[b"\x00\x01"]));
        }
        sends_away(&broker, "PINGREQ", 0x81, |_| packet(0xC0 | flags, &[]));
        sends_away(&broker, "DISCONNECT", 0x81, |_| packet(0xE0 | flags, &[]));
        for version in BOTH {
            let mut wire = Wire::dial(&broker);
            wire.send(&[&[0x10 | flags], &connect(version, "flags")[1..]].concat());
            wire.ends();
        }
    }
}

/// Table 2.1: type 0 is reserved, and so is 15 in 3.1.1.
#[test]
fn a_packet_of_a_reserved_type_ends_the_connection() {
    let broker = native();
    sends_away(&broker, "type 0", 0x81, |_| b"\x00\x00".to_vec());
    let mut wire = Wire::enter(&broker, V3, "");
    wire.send(b"\xF0\x00");
    wire.ends();
}

/// §3: what only a server sends is an offence from a client.
#[test]
fn a_packet_that_goes_the_other_way_ends_the_connection() {
    let broker = native();
    sends_away(&broker, "CONNACK", 0x82, |version| packet(0x20, &[b"\x00\x00", none(version)]));
    sends_away(&broker, "SUBACK", 0x82, |version| packet(0x90, &[b"\x00\x01", none(version), b"\x00"]));
    sends_away(&broker, "UNSUBACK", 0x82, |version| match version {
        V5 => packet(0xB0, &[b"\x00\x01\x00\x00"]),
        _ => packet(0xB0, &[b"\x00\x01"]),
    });
    sends_away(&broker, "PINGRESP", 0x82, |_| PINGRESP.to_vec());
}

/// §2.1.4, §1.5.5: four bytes at most.
#[test]
fn a_remaining_length_of_five_bytes_ends_the_connection() {
    let broker = native();
    sends_away(&broker, "a length without an end", 0x81, |_| b"\x30\xFF\xFF\xFF\xFF\x01".to_vec());
}

#[test]
fn packets_may_come_in_any_pieces() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::dial(&broker);
        for byte in connect(version, "slow") {
            wire.send(&[byte]);
        }
        wire.is_let_in(false);
        let said = [subscribe(version, &[("t", 0)]), publish(version, 0, "t", 0, "one"), PINGREQ.to_vec()];
        wire.send(&said.concat());
        wire.hears(&suback(version, &[0]));
        wire.hears(&publish(version, 0, "t", 0, "one"));
        wire.hears(PINGRESP);
    }
}

/// [MQTT-2.2.1-3], [3.1.1 MQTT-2.3.1-1]
#[test]
fn packet_identifier_0_ends_the_connection() {
    let broker = native();
    for flags in [2, 4] {
        sends_away(&broker, "PUBLISH", 0x82, |version| publish(version, flags, "t", 0, ""));
    }
    for first in [0x40, 0x50, 0x62, 0x70] {
        sends_away(&broker, "an acknowledgement", 0x82, |_| ack(first, 0));
    }
    sends_away(&broker, "SUBSCRIBE", 0x82, |version| {
        packet(0x82, &[b"\x00\x00", none(version), &text("t"), b"\x00"])
    });
    sends_away(&broker, "UNSUBSCRIBE", 0x82, |version| {
        packet(0xA2, &[b"\x00\x00", none(version), &text("t")])
    });
}

/// §2.2.2, [MQTT-3.3.2-8]: each property once unless said otherwise, in the packets it belongs to, and whole.
#[test]
fn properties_out_of_place_end_the_connection() {
    let broker = native();
    let cases: [(&str, u8, &[u8]); 8] = [
        ("an identifier that there is not", 0x81, b"\x02\x7F\x00"),
        ("a property of other packets", 0x81, b"\x03\x21\x00\x01"),
        ("one that comes twice", 0x82, b"\x04\x01\x00\x01\x00"),
        ("one that ends early", 0x81, b"\x03\x02\x00\x00"),
        ("a length beyond the packet", 0x81, b"\x7F\x01\x00"),
        ("a format that is neither 0 nor 1", 0x82, b"\x02\x01\x02"),
        ("topic alias 0", 0x94, b"\x03\x23\x00\x00"),
        ("a subscription identifier from a client", 0x82, b"\x02\x0B\x01"),
    ];
    for (what, reason, properties) in cases {
        eprintln!("{what}");
        let mut wire = Wire::enter(&broker, V5, "");
        wire.send(&packet(0x30, &[&text("t"), properties]));
        wire.sent_away(V5, reason);
    }
}

/// [MQTT-2.2.2-1]: a property length of 0 stands where there could be properties, in every answer.
#[test]
fn answers_without_properties_say_so() {
    let broker = native();
    let mut wire = Wire::enter(&broker, V5, "");
    wire.asks(&subscribe(V5, &[("t", 1)]), b"\x90\x04\x00\x01\x00\x01");
    wire.send(&publish(V5, 0, "t", 0, "x"));
    wire.hears(b"\x30\x05\x00\x01t\x00x");
    wire.asks(b"\xA2\x06\x00\x01\x00\x00\x01t", b"\xB0\x04\x00\x01\x00\x00");
}
