//! Sections 3.1, 3.2, 3.12, 3.14 and 3.15: coming in, staying and going.

use std::time::{Duration, Instant};

use crate::wire::*;

/// [MQTT-3.1.4-5], [3.1.1 MQTT-3.1.4-4], [MQTT-3.2.0-2], [3.1.1 MQTT-3.2.0-1], [MQTT-3.12.4-1], [3.1.1 MQTT-3.12.4-1]
#[test]
fn a_client_is_let_in_with_one_connack_and_pinged() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::enter(&broker, version, "in");
        wire.hears_nothing();
        wire.send(DISCONNECT);
        wire.ends();
    }
    let mut old = Wire::dial(&broker);
    old.asks(b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x00\x00\x01x", b"\x20\x02\x00\x00");
}

/// [MQTT-3.1.2-1], [MQTT-3.1.2-2], [3.1.1 MQTT-3.1.2-1], [3.1.1 MQTT-3.1.2-2]
#[test]
fn another_protocol_or_version_is_turned_away() {
    let broker = native();
    for name in ["mqtt", "MQTTT", "MQT", "", "HTTP"] {
        let mut wire = Wire::dial(&broker);
        wire.send(&packet(0x10, &[&text(name), b"\x04\x02\x00\x00", &text("x")]));
        wire.hears(b"\x20\x02\x00\x01");
        wire.ends();
    }
    for level in [0, 2, 6, 255] {
        let mut wire = Wire::dial(&broker);
        wire.send(&packet(0x10, &[&text("MQTT"), &[level, 2, 0, 0], &text("x")]));
        wire.hears(b"\x20\x02\x00\x01");
        wire.ends();
    }
}

/// [MQTT-3.1.0-1], [3.1.1 MQTT-3.1.0-1], [MQTT-3.14.0-1]: nothing is said to who has not said CONNECT.
#[test]
fn whatever_comes_before_connect_ends_the_connection() {
    let broker = native();
    let firsts: [&[u8]; 6] = [
        PINGREQ,
        DISCONNECT,
        b"\x30\x03\x00\x01t",
        b"\x82\x06\x00\x01\x00\x01t\x00",
        b"\x40\x02\x00\x01",
        b"GET / HTTP/1.1",
    ];
    for first in firsts {
        let mut wire = Wire::dial(&broker);
        wire.send(first);
        wire.ends();
    }
}

/// [MQTT-3.1.0-2], [3.1.1 MQTT-3.1.0-2]
#[test]
fn a_second_connect_ends_the_connection() {
    let broker = native();
    sends_away(&broker, "a second CONNECT", 0x82, |version| connect(version, "again"));
}

/// [MQTT-3.1.2-3], [3.1.1 MQTT-3.1.2-3], [MQTT-3.1.2-11], [MQTT-3.1.2-12], [MQTT-3.1.2-13], [3.1.1 MQTT-3.1.2-11],
/// [3.1.1 MQTT-3.1.2-13], [3.1.1 MQTT-3.1.2-14], [3.1.1 MQTT-3.1.2-15], [MQTT-3.1.4-1], [3.1.1 MQTT-3.1.4-1],
/// [3.1.1 MQTT-3.2.2-6]
#[test]
fn connect_flags_that_cannot_be_turn_a_client_away() {
    let broker = native();
    let will = |version| [none(version), &text("w")[..], &text("x")].concat();
    turns_away(&broker, "the reserved flag", 0x81, |version| connect_with(version, CLEAN | 1, "x", b""));
    turns_away(&broker, "Will QoS without a will", 0x81, |version| {
        connect_with(version, CLEAN | 0x08, "x", b"")
    });
    turns_away(&broker, "Will Retain without a will", 0x81, |version| {
        connect_with(version, CLEAN | 0x20, "x", b"")
    });
    turns_away(&broker, "Will QoS 3", 0x81, |version| {
        connect_with(version, CLEAN | WILL | 0x18, "x", &will(version))
    });
}

/// [MQTT-3.1.2-16], [MQTT-3.1.2-17], [MQTT-3.1.2-18], [MQTT-3.1.2-19], [3.1.1 MQTT-3.1.2-18], [3.1.1 MQTT-3.1.2-19], [3.1.1 MQTT-3.1.2-20],
/// [3.1.1 MQTT-3.1.2-21], [3.1.1 MQTT-3.1.2-9], [MQTT-3.1.2-9], [3.1.1 MQTT-3.1.3-1], [3.1.1 MQTT-3.1.3-3], [MQTT-3.1.3-3]
#[test]
fn a_payload_that_is_not_what_the_flags_announce_turns_a_client_away() {
    let broker = native();
    turns_away(&broker, "no Client Identifier", 0x81, |version| {
        packet(0x10, &[&text("MQTT"), &[version, CLEAN, 0, 0], none(version)])
    });
    turns_away(&broker, "a user name unannounced", 0x81, |version| {
        connect_with(version, CLEAN, "x", &text("ada"))
    });
    turns_away(&broker, "no user name", 0x81, |version| connect_with(version, CLEAN | 0x80, "x", b""));
    turns_away(&broker, "no password", 0x81, |version| {
        connect_with(version, CLEAN | 0xC0, "x", &text("ada"))
    });
    turns_away(&broker, "a password unannounced", 0x81, |version| {
        connect_with(version, CLEAN | 0x80, "x", &[text("ada"), text("pencil")].concat())
    });
    turns_away(&broker, "no will", 0x81, |version| connect_with(version, CLEAN | WILL, "x", b""));
    turns_away(&broker, "half a will", 0x81, |version| {
        connect_with(version, CLEAN | WILL, "x", &[none(version), &text("w")].concat())
    });
    // [3.1.1 MQTT-3.1.2-22]; 5.0 allows it.
    let mut wire = Wire::dial(&broker);
    wire.send(&connect_with(V3, CLEAN | 0x40, "x", &text("pencil")));
    wire.ends();
    Wire::enter_by(&broker, &connect_with(V5, CLEAN | 0x40, "x", &text("pencil")), false).hears_nothing();
}

/// [MQTT-3.1.2-4], [MQTT-3.1.2-5], [MQTT-3.1.2-6], [MQTT-3.2.2-2], [MQTT-3.2.2-3], [3.1.1 MQTT-3.1.2-4],
/// [3.1.1 MQTT-3.1.2-6], [3.1.1 MQTT-3.2.2-1], [3.1.1 MQTT-3.2.2-2], [3.1.1 MQTT-3.2.2-3], [MQTT-3.1.3-2],
/// [3.1.1 MQTT-3.1.3-2], [3.1.1 MQTT-3.1.2-5], [3.1.1 MQTT-4.1.0-1], [MQTT-3.1.4-4], [3.1.1 MQTT-3.1.4-3],
/// [MQTT-3.2.0-1], [3.1.1 MQTT-4.1.0-2]
#[test]
fn a_session_is_there_again_until_a_clean_one_throws_it_away() {
    let broker = native();
    for version in BOTH {
        let id = format!("lasting-{version}");
        let mut wire = Wire::enter_by(&broker, &connect_lasting(version, &id), false);
        wire.asks(&subscribe(version, &[("away", 1)]), &suback(version, &[1]));
        wire.send(DISCONNECT);
        wire.ends();
        let mut other = Wire::enter(&broker, version, "other");
        other.send(&publish(version, 2, "away", 9, "kept"));
        other.hears_reason(0x40, 1, 9);

        let mut wire = Wire::enter_by(&broker, &connect_lasting(version, &id), true);
        let kept = wire.packet();
        assert!(kept[0] == 0x32 && kept.ends_with(b"kept"), "{kept:x?}");
        drop(wire);
        let mut clean = Wire::enter_by(&broker, &connect(version, &id), false);
        clean.hears_nothing();
        clean.send(DISCONNECT);
        clean.ends();
        let mut wire = Wire::enter_by(&broker, &connect_lasting(version, &id), false);
        other.send(&publish(version, 0, "away", 0, "to nobody"));
        other.hears_nothing();
        wire.hears_nothing();
    }
}

/// [MQTT-3.1.3-5], [3.1.1 MQTT-3.1.3-5], [MQTT-3.1.3-6], [MQTT-3.1.3-7], [3.1.1 MQTT-3.1.3-6], [3.1.1 MQTT-3.1.3-8],
/// [3.1.1 MQTT-3.1.3-9], [3.1.1 MQTT-3.2.2-5]
#[test]
fn identifiers_are_taken_given_and_refused() {
    let broker = native();
    for id in ["0", "abcdefghijklmnopqrstuvw", "xyzABCDEFGHIJKLMNOPQRST", "UVWXYZ0123456789"] {
        for version in BOTH {
            Wire::enter(&broker, version, id).hears_nothing();
        }
    }
    Wire::enter(&broker, V3, "").hears_nothing();
    let mut wire = Wire::dial(&broker);
    wire.send(&connect_lasting(V3, ""));
    wire.hears(b"\x20\x02\x00\x02");
    wire.ends();

    // 5.0 is told (property 12); who says it is let in as the same client.
    let mut first = Wire::dial(&broker);
    first.send(&connect(V5, ""));
    let connack = first.packet();
    let at = connack.windows(2).position(|bytes| bytes == b"\x12\x00").expect("it is told its identifier");
    let length = usize::from(connack[at + 2]);
    let id = String::from_utf8(connack[at + 3..at + 3 + length].to_vec()).expect("text");
    let mut second = Wire::enter(&broker, V5, &id);
    first.sent_away(V5, 0x8E);
    second.hears_nothing();
}

/// [MQTT-3.1.4-6], [3.1.1 MQTT-3.1.4-5], [MQTT-3.1.4-2], [MQTT-3.2.2-7], [MQTT-3.2.2-8]
#[test]
fn what_follows_a_refused_connect_is_not_heard() {
    let broker = native();
    for version in BOTH {
        let mut refused = Wire::dial(&broker);
        let id = "x".repeat(2_000);
        refused.send(&[connect(version, &id), publish(version, 1, "sneaked/in", 0, "!")].concat());
        refused.hears_reason(0x20, 1, if version == V5 { 0x85 } else { 2 });
        refused.ends();
        let mut wire = Wire::enter(&broker, version, "");
        wire.asks(&subscribe(version, &[("sneaked/#", 0)]), &suback(version, &[0]));
        wire.hears_nothing();
    }
}

/// [MQTT-3.1.4-3], [3.1.1 MQTT-3.1.4-2]
#[test]
fn a_client_with_the_same_identifier_takes_over() {
    let broker = native();
    for version in BOTH {
        let first = Wire::enter(&broker, version, "twin");
        let mut second = Wire::enter(&broker, version, "twin");
        first.sent_away(version, 0x8E);
        second.hears_nothing();
    }
}

/// [MQTT-3.1.2-22], [MQTT-3.2.2-22], [3.1.1 MQTT-3.1.2-24]
#[test]
fn a_client_that_is_silent_for_one_and_a_half_keep_alives_is_lost() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::dial(&broker);
        wire.send(&packet(0x10, &[&text("MQTT"), &[version, CLEAN, 0, 1], none(version), &text("silent")]));
        wire.is_let_in(false);
        let began = Instant::now();
        wire.sent_away(version, 0x8D);
        let took = began.elapsed();
        assert!(took > Duration::from_millis(1_400) && took < Duration::from_secs(4), "it took {took:?}");
    }
}

/// [MQTT-3.1.2-7], [MQTT-3.1.2-8], [MQTT-3.1.2-10], [MQTT-3.1.2-14], [MQTT-3.1.2-15], [3.1.1 MQTT-3.1.2-8], [3.1.1 MQTT-3.1.2-10],
/// [3.1.1 MQTT-3.1.2-12], [3.1.1 MQTT-3.1.2-16], [3.1.1 MQTT-3.1.2-17], [MQTT-3.14.4-3], [3.1.1 MQTT-3.14.4-3]
#[test]
fn a_will_goes_when_its_client_is_lost_and_only_then() {
    let broker = native();
    for version in BOTH {
        let mut witness = Wire::enter(&broker, version, "witness");
        witness.asks(&subscribe(version, &[("will/#", 1)]), &suback(version, &[1]));
        for (flags, topic) in [(WILL, "will/plain"), (WILL | 0x20, "will/kept")] {
            let will = [none(version), &text(topic), &text("gone")].concat();
            let dying = Wire::enter_by(&broker, &connect_with(version, CLEAN | flags, "dying", &will), false);
            drop(dying);
            witness.hears(&publish(version, 0, topic, 0, "gone"));
            let mut late = Wire::enter(&broker, version, "late");
            late.asks(&subscribe(version, &[(topic, 1)]), &suback(version, &[1]));
            match flags & 0x20 {
                0 => late.hears_nothing(),
                _ => late.hears(&publish(version, 1, topic, 0, "gone")),
            }

            let mut polite =
                Wire::enter_by(&broker, &connect_with(version, CLEAN | flags, "polite", &will), false);
            polite.send(DISCONNECT);
            polite.ends();
            // And without a will there is none.
            drop(Wire::enter(&broker, version, "nothing to leave"));
            let mut last = Wire::enter(&broker, version, "last");
            last.send(&publish(version, 0, "will/last", 0, "of all"));
            witness.hears(&publish(version, 0, "will/last", 0, "of all"));
        }
        let mut cleaner = Wire::enter(&broker, version, "cleaner");
        cleaner.send(&publish(version, 1, "will/kept", 0, ""));
        witness.hears(&publish(version, 0, "will/kept", 0, ""));
    }
}

/// §3.14.2, §3.15
#[test]
fn goodbyes_and_auths_out_of_place_end_the_connection() {
    let broker = native();
    let cases: [(&str, u8, &[u8]); 5] = [
        ("a session expiry where there was none", 0x82, b"\xE0\x07\x00\x05\x11\x00\x00\x00\x01"),
        ("a reason that DISCONNECT has not", 0x82, b"\xE0\x01\x01"),
        ("AUTH without a method", 0x82, b"\xF0\x00"),
        ("AUTH with flags", 0x81, b"\xF1\x00"),
        ("AUTH with a reason it has not", 0x82, b"\xF0\x01\x01"),
    ];
    for (what, reason, bytes) in cases {
        eprintln!("{what}");
        let mut wire = Wire::enter(&broker, V5, "");
        wire.send(bytes);
        wire.sent_away(V5, reason);
    }
    // 3.1.1's DISCONNECT has no more than its header.
    let mut wire = Wire::enter(&broker, V3, "");
    wire.send(b"\xE0\x01\x00");
    wire.ends();
}
