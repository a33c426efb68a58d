//! Sections 3.8 to 3.11 and 4.7: subscriptions, and what they match.

use crate::wire::*;

/// [MQTT-3.8.4-1], [MQTT-3.8.4-2], [MQTT-3.8.4-5], [MQTT-3.8.4-6], [MQTT-3.8.4-7], [MQTT-3.9.3-1], [MQTT-3.9.3-2], [MQTT-2.2.1-6],
/// [3.1.1 MQTT-3.8.4-1], [3.1.1 MQTT-3.8.4-2], [3.1.1 MQTT-3.8.4-4], [3.1.1 MQTT-3.8.4-5], [3.1.1 MQTT-3.9.3-1],
/// [3.1.1 MQTT-2.3.1-7]
#[test]
fn each_filter_of_a_subscribe_is_answered_in_its_place() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::enter(&broker, version, "");
        let levels = "/".repeat(500);
        let filters = [("a", 2), (levels.as_str(), 1), ("c/+", 0), ("#", 1)];
        let refused = if version == V5 { 0x8F } else { 0x80 };
        wire.asks(&subscribe(version, &filters), &suback(version, &[2, refused, 0, 1]));
        let other = packet(0x82, &[b"\xFE\xDC", none(version), &text("x"), b"\x00"]);
        wire.asks(&other, &packet(0x90, &[b"\xFE\xDC", none(version), b"\x00"]));
    }
}

/// [MQTT-3.8.3-2], [MQTT-3.8.3-5], [3.1.1 MQTT-3.8.3-3], [3.1.1 MQTT-3.8.3-4], [MQTT-3.10.3-2], [3.1.1 MQTT-3.10.3-2]
#[test]
fn a_subscribe_or_unsubscribe_that_cannot_be_ends_the_connection() {
    let broker = native();
    sends_away(&broker, "SUBSCRIBE without a filter", 0x82, |version| subscribe(version, &[]));
    sends_away(&broker, "UNSUBSCRIBE without a filter", 0x82, |version| {
        packet(0xA2, &[b"\x00\x01", none(version)])
    });
    sends_away(&broker, "a filter without options", 0x81, |version| {
        packet(0x82, &[b"\x00\x01", none(version), &text("t")])
    });
    for (options, reason) in [(0x03, 0x82), (0x40, 0x81), (0x80, 0x81)] {
        sends_away(&broker, "options that cannot be", reason, |version| {
            subscribe(version, &[("t", options)])
        });
    }
    // Retain Handling 3, and Subscription Identifier 0.
    for (reason, bytes) in [
        (0x82, subscribe(V5, &[("t", 0x30)])),
        (0x82, packet(0x82, &[b"\x00\x01\x02\x0B\x00", &text("t"), b"\x00"])),
    ] {
        let mut wire = Wire::enter(&broker, V5, "");
        wire.send(&bytes);
        wire.sent_away(V5, reason);
    }
}

/// [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.8.2-1], [MQTT-4.8.2-2], [3.1.1 MQTT-4.7.1-2], [3.1.1 MQTT-4.7.1-3]
#[test]
fn a_filter_whose_wildcards_stand_wrong_ends_the_connection() {
    let broker = native();
    for filter in ["a#", "#/a", "a/#/b", "a/b#", "a+", "+a", "a/b+/c", "", "##", "++"] {
        sends_away(&broker, filter, 0x81, |version| subscribe(version, &[(filter, 0)]));
    }
    for filter in ["$share", "$share/", "$share//a", "$share/g", "$share/g/", "$share/a+/b", "$share/#/b"] {
        let mut wire = Wire::enter(&broker, V5, "");
        wire.send(&subscribe(V5, &[(filter, 0)]));
        let answer = wire.packet();
        // `$share` alone is a filter like any other.
        let fine = if filter == "$share" {
            answer == suback(V5, &[0])
        } else {
            answer[0] == 0xE0 || answer[5] >= 0x80
        };
        assert!(fine, "{filter}: {answer:x?}");
    }
}

/// §4.7.1, [MQTT-4.7.2-1], [3.1.1 MQTT-4.7.2-1], [MQTT-3.3.2-3], [3.1.1 MQTT-3.3.2-3], [MQTT-4.5.0-1], [3.1.1 MQTT-4.5.0-1]
#[test]
fn filters_match_the_topics_that_the_specification_says() {
    let broker = native();
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            "sport/tennis/player1/#",
            &["sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/w"],
            &["sport/tennis"],
        ),
        (
            "sport/tennis/+",
            &["sport/tennis/player1", "sport/tennis/"],
            &["sport/tennis", "sport/tennis/player1/ranking"],
        ),
        ("sport/+", &["sport/"], &["sport"]),
        ("+/+", &["/finance", "a/b"], &["a", "a/b/c", "$a/b"]),
        ("/+", &["/finance"], &["finance", "/a/b"]),
        ("#", &["a", "/", "a/b/c"], &["$a", "$a/b"]),
        ("+/monitor/Clients", &["a/monitor/Clients"], &["$own/monitor/Clients"]),
        ("$own/#", &["$own/monitor/Clients", "$own"], &["own", "$ow/n"]),
    ];
    for version in BOTH {
        let mut speaker = Wire::enter(&broker, version, "speaker");
        for (filter, matching, others) in &cases {
            let mut wire = Wire::enter(&broker, version, "hearer");
            wire.asks(&subscribe(version, &[(filter, 0)]), &suback(version, &[0]));
            others.iter().for_each(|topic| speaker.send(&publish(version, 0, topic, 0, "no")));
            matching.iter().for_each(|topic| speaker.send(&publish(version, 0, topic, 0, "yes")));
            matching.iter().for_each(|topic| wire.hears(&publish(version, 0, topic, 0, "yes")));
            wire.hears_nothing();
        }
    }
}

/// [MQTT-3.8.4-3], [MQTT-3.8.4-4], [3.1.1 MQTT-3.8.4-3]: the same filter again is one subscription with the new QoS, and what was
/// retained comes again.
#[test]
fn a_subscription_to_the_same_filter_takes_the_place_of_the_former() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::enter(&broker, version, "");
        wire.asks(
            &publish(version, 3, "kept/again", 1, "k"),
            &match version {
                V5 => b"\x40\x03\x00\x01\x10".to_vec(),
                _ => ack(0x40, 1),
            },
        );
        wire.asks(&subscribe(version, &[("kept/again", 0)]), &suback(version, &[0]));
        wire.hears(&publish(version, 1, "kept/again", 0, "k"));
        wire.asks(&subscribe(version, &[("kept/again", 1)]), &suback(version, &[1]));
        wire.hears(&publish(version, 3, "kept/again", 1, "k"));
        wire.send(&ack(0x40, 1));
        wire.send(&publish(version, 0, "kept/again", 0, "once"));
        wire.hears(&publish(version, 0, "kept/again", 0, "once"));
        wire.hears_nothing();
        wire.send(&publish(version, 1, "kept/again", 0, ""));
        wire.hears(&publish(version, 0, "kept/again", 0, ""));
    }
}

/// [MQTT-3.10.4-1], [MQTT-3.10.4-2], [MQTT-3.10.4-4], [MQTT-3.10.4-5], [MQTT-3.10.4-6], [3.1.1 MQTT-3.10.4-1],
/// [3.1.1 MQTT-3.10.4-2], [3.1.1 MQTT-3.10.4-4], [3.1.1 MQTT-3.10.4-5], [3.1.1 MQTT-3.10.4-6]
#[test]
fn unsubscribe_takes_away_exactly_what_it_names() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::enter(&broker, version, "");
        wire.asks(&subscribe(version, &[("a/+", 0), ("a/b", 0), ("a/c", 0)]), &suback(version, &[0, 0, 0]));
        let unsubscribe = |filters: &[&str]| {
            let filters: Vec<u8> = filters.iter().flat_map(text).collect();
            packet(0xA2, &[b"\x0A\x0B", none(version), &filters])
        };
        let answer = |reasons: &[u8]| match version {
            V5 => packet(0xB0, &[b"\x0A\x0B\x00", reasons]),
            _ => packet(0xB0, &[b"\x0A\x0B"]),
        };
        // One that is there, one that is not, and one that matches what is there but is not it.
        wire.asks(&unsubscribe(&["a/c", "x", "a/#"]), &answer(&[0, 0x11, 0x11]));
        wire.asks(&unsubscribe(&["a/c"]), &answer(&[0x11]));
        wire.send(&publish(version, 0, "a/c", 0, "by the wildcard"));
        wire.hears(&publish(version, 0, "a/c", 0, "by the wildcard"));
        wire.asks(&unsubscribe(&["a/+"]), &answer(&[0]));
        wire.send(&publish(version, 0, "a/c", 0, "no more"));
        wire.send(&publish(version, 0, "a/b", 0, "still"));
        wire.hears(&publish(version, 0, "a/b", 0, "still"));
    }
}

/// [3.1.1 MQTT-3.10.4-3], [MQTT-3.10.4-3]
#[test]
fn what_is_on_its_way_arrives_after_unsubscribe() {
    let broker = native();
    for version in BOTH {
        let mut wire = Wire::enter(&broker, version, "");
        wire.asks(&subscribe(version, &[("t", 2)]), &suback(version, &[2]));
        wire.send(&publish(version, 4, "t", 1, "two"));
        let (one, two) = (wire.packet(), wire.packet());
        assert!([&one, &two].iter().any(|packet| packet[0] == 0x34) && [&one, &two].contains(&&ack(0x50, 1)));
        wire.send(&packet(0xA2, &[b"\x00\x02", none(version), &text("t")]));
        assert_eq!(wire.packet()[0], 0xB0);
        wire.asks(&ack(0x50, 1), &ack(0x62, 1));
        wire.send(&ack(0x70, 1));
        wire.hears_nothing();
    }
}
