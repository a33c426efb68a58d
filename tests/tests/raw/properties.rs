//! The properties of 5.0 that a CONNECT, a will and a SUBSCRIBE can have, wrong and right.

use crate::wire::*;

fn connect_saying(properties: &[u8], flags: u8, payload: &[u8]) -> Vec<u8> {
    packet(
        0x10,
        &[&text("MQTT"), &[V5, flags, 0, 0], &[properties.len() as u8], properties, &text("x"), payload],
    )
}

/// §3.1.2.11: [MQTT-4.13.1-1]
#[test]
fn properties_of_connect_that_cannot_be_turn_a_client_away() {
    let broker = native();
    let cases: [(&str, u8, &[u8]); 12] = [
        ("Receive Maximum 0", 0x82, b"\x21\x00\x00"),
        ("Maximum Packet Size 0", 0x82, b"\x27\x00\x00\x00\x00"),
        ("Request Problem Information 2", 0x82, b"\x17\x02"),
        ("Request Response Information 2", 0x82, b"\x19\x02"),
        ("Session Expiry Interval twice", 0x82, b"\x11\x00\x00\x00\x01\x11\x00\x00\x00\x01"),
        ("Receive Maximum twice", 0x82, b"\x21\x00\x01\x21\x00\x01"),
        ("Authentication Data without a method", 0x82, b"\x16\x00\x01x"),
        ("a method that there is not", 0x8C, b"\x15\x00\x04NONE"),
        ("a property of CONNACK", 0x81, b"\x12\x00\x01x"),
        ("a property of a will", 0x81, b"\x18\x00\x00\x00\x01"),
        ("half a Session Expiry Interval", 0x81, b"\x11\x00\x00"),
        ("an identifier that there is not", 0x81, b"\x04\x00"),
    ];
    for (what, reason, properties) in cases {
        eprintln!("{what}");
        let mut wire = Wire::dial(&broker);
        wire.send(&connect_saying(properties, CLEAN, b""));
        wire.hears_reason(0x20, 1, reason);
        wire.ends();
    }
}

/// §3.1.3.2
#[test]
fn properties_of_a_will_that_cannot_be_turn_a_client_away() {
    let broker = native();
    let cases: [(&str, u8, &[u8]); 5] = [
        ("a delay twice", 0x82, b"\x0A\x18\x00\x00\x00\x01\x18\x00\x00\x00\x01"),
        ("a format that is neither 0 nor 1", 0x82, b"\x02\x01\x02"),
        ("an alias", 0x81, b"\x03\x23\x00\x01"),
        ("a subscription identifier", 0x81, b"\x02\x0B\x01"),
        ("a length beyond the packet", 0x81, b"\x7F"),
    ];
    for (what, reason, properties) in cases {
        eprintln!("{what}");
        let mut wire = Wire::dial(&broker);
        let will = [properties, &text("w"), &text("x")].concat();
        wire.send(&connect_saying(b"", CLEAN | WILL, &will));
        wire.hears_reason(0x20, 1, reason);
        wire.ends();
    }
}

/// §3.2.2.3: what CONNACK says is what is kept; a property with its default is left out.
#[test]
fn connack_says_what_the_broker_can_take() {
    let broker = native();
    let mut wire = Wire::dial(&broker);
    wire.send(&connect_saying(b"\x11\xFF\xFF\xFF\xFF", CLEAN, b""));
    // Receive Maximum 1024, Maximum Packet Size 2 MiB, Topic Alias Maximum 64.
    wire.hears(b"\x20\x0E\x00\x00\x0B\x21\x04\x00\x27\x00\x20\x00\x00\x22\x00\x40");
}

/// [MQTT-3.1.2-29]: with Request Problem Information 0, only CONNACK and DISCONNECT say why in words.
#[test]
fn a_client_that_wants_no_words_gets_none() {
    let broker = native();
    let deep = "/".repeat(500);
    for wants in [true, false] {
        let mut wire = Wire::dial(&broker);
        wire.send(&connect_saying(&[0x17, u8::from(wants)], CLEAN, b""));
        wire.is_let_in(false);
        wire.send(&publish(V5, 2, &deep, 1, ""));
        let puback = wire.packet();
        assert_eq!((puback[0], puback[4]), (0x40, 0x90));
        assert!(wants || puback.len() == 5 || puback[5] == 0, "{puback:x?}");
        wire.send(&publish(V5, 4, &deep, 1, ""));
        let pubrec = wire.packet();
        assert!(wants || pubrec.len() == 5 || pubrec[5] == 0, "{pubrec:x?}");
    }
}

/// [MQTT-3.3.4-3], [MQTT-3.3.4-4], §3.8.2.1.2: each subscription's identifier comes with what it brought, a later one in its
/// place, none where there is none.
#[test]
fn subscription_identifiers_come_with_their_messages() {
    let broker = native();
    let mut wire = Wire::enter(&broker, V5, "");
    let subscribe_as = |id: &[u8], filter: &str| {
        packet(0x82, &[b"\x00\x01", &[1 + id.len() as u8, 0x0B], id, &text(filter), b"\x00"])
    };
    let brings =
        |properties: &[u8]| packet(0x30, &[&text("a/b"), &[properties.len() as u8], properties, b"x"]);
    // The largest there is, in four bytes.
    wire.asks(&subscribe_as(b"\xFF\xFF\xFF\x7F", "a/b"), &suback(V5, &[0]));
    wire.send(&publish(V5, 0, "a/b", 0, "x"));
    wire.hears(&brings(b"\x0B\xFF\xFF\xFF\x7F"));
    wire.asks(&subscribe_as(b"\x05", "a/b"), &suback(V5, &[0]));
    wire.asks(&subscribe_as(b"\x06", "a/+"), &suback(V5, &[0]));
    wire.asks(&subscribe(V5, &[("#", 0)]), &suback(V5, &[0]));
    wire.send(&publish(V5, 0, "a/b", 0, "x"));
    let both = wire.packet();
    assert!(both == brings(b"\x0B\x05\x0B\x06") || both == brings(b"\x0B\x06\x0B\x05"), "{both:x?}");
    wire.hears_nothing();
}

/// [MQTT-3.8.3-3], [MQTT-3.8.3-4], [MQTT-3.3.1-12], [MQTT-3.3.1-13], [MQTT-3.3.1-10], [MQTT-3.3.1-11]: No Local, Retain As Published
/// and Retain Handling.
#[test]
fn subscription_options_are_kept() {
    const NO_LOCAL: u8 = 0x04;
    const AS_PUBLISHED: u8 = 0x08;
    const IF_NEW: u8 = 0x10;
    const NEVER: u8 = 0x20;
    let broker = native();
    let mut other = Wire::enter(&broker, V5, "other");
    let mut wire = Wire::enter(&broker, V5, "");
    wire.asks(
        &subscribe(V5, &[("own", NO_LOCAL), ("as/is", AS_PUBLISHED), ("as/ever", 0)]),
        &suback(V5, &[0, 0, 0]),
    );
    wire.send(&publish(V5, 0, "own", 0, "mine"));
    wire.hears_nothing();
    other.send(&publish(V5, 0, "own", 0, "yours"));
    wire.hears(&publish(V5, 0, "own", 0, "yours"));
    for (topic, flags) in [("as/is", 1), ("as/ever", 0)] {
        other.send(&publish(V5, 1, topic, 0, "kept"));
        wire.hears(&publish(V5, flags, topic, 0, "kept"));
    }
    // Retained already, and the subscriptions are there: only one that is asked for each time brings it.
    wire.asks(&subscribe(V5, &[("as/is", IF_NEW)]), &suback(V5, &[0]));
    wire.hears_nothing();
    wire.asks(&subscribe(V5, &[("as/is", 0)]), &suback(V5, &[0]));
    wire.hears(&publish(V5, 1, "as/is", 0, "kept"));
    wire.asks(&subscribe(V5, &[("as/+", NEVER)]), &suback(V5, &[0]));
    wire.hears_nothing();
    wire.asks(&subscribe(V5, &[("+/is", IF_NEW)]), &suback(V5, &[0]));
    wire.hears(&publish(V5, 1, "as/is", 0, "kept"));
    // A shared subscription has no No Local.
    wire.send(&subscribe(V5, &[("$share/g/t", NO_LOCAL)]));
    wire.sent_away(V5, 0x82);
}

/// §4.8.2: a message goes to one of a group, once, whatever their number; other subscriptions have their own.
#[test]
fn a_shared_subscription_brings_each_message_to_one_member() {
    let broker = native();
    let mut members: Vec<Wire> = (0..3).map(|_| Wire::enter(&broker, V5, "")).collect();
    for member in &mut members {
        member.asks(&subscribe(V5, &[("$share/g/t/+", 0)]), &suback(V5, &[0]));
    }
    let mut alone = Wire::enter(&broker, V3, "");
    alone.asks(&subscribe(V3, &[("t/#", 0)]), &suback(V3, &[0]));
    let mut speaker = Wire::enter(&broker, V5, "");
    for number in 0..9 {
        speaker.send(&publish(V5, 0, "t/x", 0, &number.to_string()));
        alone.hears(&publish(V3, 0, "t/x", 0, &number.to_string()));
    }
    let mut heard = Vec::new();
    for member in &mut members {
        member.send(PINGREQ);
        loop {
            let packet = member.packet();
            if packet == PINGRESP {
                break;
            }
            heard.push(packet);
        }
    }
    heard.sort();
    let due: Vec<_> = (0..9).map(|number| publish(V5, 0, "t/x", 0, &number.to_string())).collect();
    assert_eq!(heard, due);
}
