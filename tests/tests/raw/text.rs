//! Section 1.5: strings are UTF-8 without surrogates and without U+0000, and kept as they are.

use crate::wire::*;

/// A surrogate, an overlong form, a broken sequence, and U+0000.
const BAD: [&[u8]; 4] = [b"a\xED\xA0\x80", b"\xC0\x80", b"a\xFF", b"a\x00b"];

/// [MQTT-1.5.4-1], [MQTT-1.5.4-2], [MQTT-4.7.3-2], [3.1.1 MQTT-1.5.3-1], [3.1.1 MQTT-1.5.3-2], [3.1.1 MQTT-4.7.3-2]
#[test]
fn topics_that_are_not_text_end_the_connection() {
    let broker = native();
    for bad in BAD {
        // [MQTT-3.3.2-1], [3.1.1 MQTT-3.3.2-1]
        sends_away(&broker, "a Topic Name", 0x81, |version| packet(0x30, &[&text(bad), none(version)]));
        // [MQTT-3.8.3-1], [3.1.1 MQTT-3.8.3-1]
        sends_away(&broker, "a Topic Filter", 0x81, |version| {
            packet(0x82, &[b"\x00\x01", none(version), &text(bad), b"\x00"])
        });
        // [MQTT-3.10.3-1], [3.1.1 MQTT-3.10.3-1]
        sends_away(&broker, "a filter to remove", 0x81, |version| {
            packet(0xA2, &[b"\x00\x01", none(version), &text(bad)])
        });
    }
}

#[test]
fn a_connect_with_what_is_not_text_is_turned_away() {
    let broker = native();
    for bad in BAD {
        let head = |version| [&text("MQTT")[..], &[version, CLEAN, 0, 0], none(version)].concat();
        // [MQTT-3.1.3-4], [3.1.1 MQTT-3.1.3-4]
        turns_away(&broker, "a Client Identifier", 0x81, |version| {
            packet(0x10, &[&head(version), &text(bad)])
        });
        // [MQTT-3.1.3-11], [3.1.1 MQTT-3.1.3-10]
        turns_away(&broker, "a will's topic", 0x81, |version| {
            connect_with(version, CLEAN | WILL, "x", &[none(version), &text(bad), &text("")].concat())
        });
        // [MQTT-3.1.3-12], [3.1.1 MQTT-3.1.3-11]
        turns_away(&broker, "a user name", 0x81, |version| {
            connect_with(version, CLEAN | 0x80, "x", &text(bad))
        });
    }
}

#[test]
fn properties_that_are_not_text_end_the_connection() {
    let broker = native();
    for bad in BAD {
        let properties = [
            // [MQTT-1.5.7-1]: either half of a pair.
            [&[0x26][..], &text(bad), &text("x")].concat(),
            [&[0x26][..], &text("x"), &text(bad)].concat(),
            // [MQTT-3.3.2-13], [MQTT-3.3.2-19]: Response Topic and Content Type.
            [&[0x08][..], &text(bad)].concat(),
            [&[0x03][..], &text(bad)].concat(),
        ];
        for property in properties {
            let mut wire = Wire::enter(&broker, V5, "");
            wire.send(&packet(0x30, &[&text("t"), &[property.len() as u8], &property]));
            wire.sent_away(V5, 0x81);
        }
    }
}

/// [MQTT-1.5.4-3], [3.1.1 MQTT-1.5.3-3], [MQTT-4.7.3-4], [3.1.1 MQTT-4.7.3-4]: EF BB BF is a character like any other, and no
/// character is another, however alike they look.
#[test]
fn text_is_taken_as_it_is() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::enter(&broker, version, "");
        let marked = "\u{FEFF}t";
        wire.asks(
            &subscribe(version, &[(marked, 0), ("\u{E9}", 0), ("Case", 0)]),
            &suback(version, &[0, 0, 0]),
        );
        for other in ["t", "e\u{301}", "case", "Case/", "/Case", "Case "] {
            wire.send(&publish(version, 0, other, 0, "nobody asked"));
        }
        wire.send(&publish(version, 0, marked, 0, "\u{FEFF}"));
        wire.hears(&publish(version, 0, marked, 0, "\u{FEFF}"));
    }
}
