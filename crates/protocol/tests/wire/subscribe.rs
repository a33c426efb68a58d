//! SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK, byte for byte (§3.8 to §3.11).

use lacewing_protocol::ProtocolVersion::{V3_1_1, V5_0};
use lacewing_protocol::ReasonCode::{MalformedPacket, ProtocolError};
use lacewing_protocol::*;

use crate::raw::{USER, assert_wire, decode, encode, filter, id, packet, refusal, string, user};

/// The example of §3.8.3: a/b with QoS 1 and c/d with QoS 2.
#[test]
fn the_example_of_the_specification() {
    let subscribe = |subscription_identifier| {
        Packet::Subscribe(Subscribe {
            packet_id: id(10),
            filters: vec![
                (filter("a/b"), SubscriptionOptions::new(QoS::AtLeastOnce)),
                (filter("c/d"), SubscriptionOptions::new(QoS::ExactlyOnce)),
            ],
            subscription_identifier,
            user_properties: UserProperties::new(),
        })
    };
    assert_wire(V3_1_1, &subscribe(None), b"\x82\x0e\x00\x0a\x00\x03a/b\x01\x00\x03c/d\x02");
    assert_wire(V5_0, &subscribe(None), b"\x82\x0f\x00\x0a\x00\x00\x03a/b\x01\x00\x03c/d\x02");
    assert_wire(
        V5_0,
        &subscribe(Some(300)),
        b"\x82\x12\x00\x0a\x03\x0b\xac\x02\x00\x03a/b\x01\x00\x03c/d\x02",
    );
}

#[test]
fn the_subscription_options_have_their_bits() {
    // §3.8.3.1
    for (byte, options) in [
        (0x00, SubscriptionOptions::default()),
        (0x04, SubscriptionOptions { no_local: true, ..Default::default() }),
        (0x08, SubscriptionOptions { retain_as_published: true, ..Default::default() }),
        (0x10, SubscriptionOptions { retain_handling: RetainHandling::SendIfNew, ..Default::default() }),
        (
            0x22,
            SubscriptionOptions {
                qos: QoS::ExactlyOnce,
                retain_handling: RetainHandling::DoNotSend,
                ..Default::default()
            },
        ),
    ] {
        let subscribe = Packet::Subscribe(Subscribe {
            packet_id: id(1),
            filters: vec![(filter("a"), options)],
            subscription_identifier: None,
            user_properties: UserProperties::new(),
        });
        assert_wire(V5_0, &subscribe, &packet(0x82, &[0, 1, 0, 0, 1, b'a', byte]));
        // Before 5.0 there is only the QoS.
        assert_eq!(encode(V3_1_1, &subscribe), packet(0x82, &[0, 1, 0, 1, b'a', byte & 3]));
    }
}

#[test]
fn subscription_options_out_of_range_are_refused() {
    // §3.8.3.1, [MQTT-3.8.3-5], [3.1.1 MQTT-3.8.3-4]
    for (byte, reason) in
        [(0x03, ProtocolError), (0x30, ProtocolError), (0x40, MalformedPacket), (0x80, MalformedPacket)]
    {
        assert_eq!(refusal(V5_0, 0x82, &[0, 1, 0, 0, 1, b'a', byte]).0, reason, "{byte:#x}");
    }
    for byte in [0x03, 0x04, 0x10, 0x80] {
        assert!(decode(V3_1_1, &packet(0x82, &[0, 1, 0, 1, b'a', byte])).is_err(), "{byte:#x}");
    }
}

#[test]
fn no_local_on_a_shared_subscription_is_a_protocol_error() {
    // [MQTT-3.8.3-4]
    let body = [b"\x00\x01\x00\x00\x0a$share/g/a".as_slice(), &[0x04]].concat();
    assert_eq!(
        refusal(V5_0, 0x82, &body),
        (ProtocolError, "SUBSCRIBE: No Local is set on a shared subscription".to_owned())
    );
    let subscribe = Packet::Subscribe(Subscribe {
        packet_id: id(1),
        filters: vec![(filter("$share/g/a"), SubscriptionOptions { no_local: true, ..Default::default() })],
        subscription_identifier: None,
        user_properties: UserProperties::new(),
    });
    assert!(subscribe.encoded_len(V5_0).is_err());
}

#[test]
fn a_subscribe_or_unsubscribe_without_a_filter_is_a_protocol_error() {
    // [MQTT-3.8.3-2], [MQTT-3.10.3-2], [3.1.1 MQTT-3.8.3-3]
    for first in [0x82, 0xA2] {
        assert_eq!(refusal(V5_0, first, &[0, 1, 0]).0, ProtocolError);
        assert_eq!(refusal(V3_1_1, first, &[0, 1]).0, ProtocolError);
    }
    let packet = Unsubscribe { packet_id: id(1), filters: vec![], user_properties: UserProperties::new() };
    assert!(Packet::Unsubscribe(packet).encoded_len(V3_1_1).is_err());
}

#[test]
fn the_packet_identifier_is_not_0() {
    // [MQTT-2.2.1-3]
    assert_eq!(refusal(V3_1_1, 0x82, b"\x00\x00\x00\x01a\x00").0, ProtocolError);
    assert_eq!(refusal(V5_0, 0xA2, b"\x00\x00\x00\x00\x01a").0, ProtocolError);
}

#[test]
fn that_there_are_no_properties_is_said() {
    // [MQTT-2.2.2-1]
    let subscribe = Packet::Subscribe(Subscribe {
        packet_id: id(1),
        filters: vec![(filter("t"), SubscriptionOptions::new(QoS::AtMostOnce))],
        subscription_identifier: None,
        user_properties: UserProperties::new(),
    });
    assert_wire(V5_0, &subscribe, b"\x82\x07\x00\x01\x00\x00\x01t\x00");
    assert_wire(V3_1_1, &subscribe, b"\x82\x06\x00\x01\x00\x01t\x00");
    // Without the length, the first byte of the filter is taken for it, and the filter is missing.
    assert!(decode(V5_0, b"\x82\x06\x00\x01\x00\x01t\x00").is_err());
}

#[test]
fn an_ill_formed_filter_is_malformed() {
    // [MQTT-3.8.3-1], [MQTT-3.10.3-1], [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.7.3-1], [MQTT-4.8.2-1], [MQTT-4.8.2-2]
    for bad in ["", "a#", "#/a", "a+/b", "$share//a", "$share/g", "$share/g/", "$share/+/a", "$share/g/a#"] {
        let body = [&[0, 1, 0, 0, bad.len() as u8], bad.as_bytes(), &[0]].concat();
        assert_eq!(refusal(V5_0, 0x82, &body).0, MalformedPacket, "{bad}");
        assert_eq!(refusal(V5_0, 0xA2, &body[..body.len() - 1]).0, MalformedPacket, "{bad}");
    }
}

#[test]
fn subscribe_properties_keep_to_their_values_and_come_once() {
    // §3.8.2.1
    for (bad, reason) in [
        (&b"\x0b\x00"[..], ProtocolError),    // Subscription Identifier 0
        (b"\x0b\x01\x0b\x02", ProtocolError), // Subscription Identifier twice
        (b"\x0b\x81\x00", MalformedPacket),   // not in its shortest form [MQTT-1.5.5-1]
        (b"\x1f\x00\x01r", MalformedPacket),  // Reason String: not a SUBSCRIBE property
    ] {
        let body = [&[0, 1, bad.len() as u8], bad, b"\x00\x01a\x00"].concat();
        assert_eq!(refusal(V5_0, 0x82, &body).0, reason, "{bad:x?}");
    }
    assert_eq!(refusal(V5_0, 0xA2, b"\x00\x01\x02\x0b\x01\x00\x01a").0, MalformedPacket);
}

#[test]
fn unsubscribe_and_its_answer() {
    let unsubscribe = |user_properties| {
        Packet::Unsubscribe(Unsubscribe {
            packet_id: id(10),
            filters: vec![filter("a/b"), filter("c/d")],
            user_properties,
        })
    };
    let none = unsubscribe(UserProperties::new());
    assert_wire(V3_1_1, &none, b"\xa2\x0c\x00\x0a\x00\x03a/b\x00\x03c/d");
    let body = [b"\x00\x0a\x07".as_slice(), USER, b"\x00\x03a/b\x00\x03c/d"].concat();
    assert_wire(V5_0, &unsubscribe(user()), &packet(0xA2, &body));
    let unsuback = |reasons| {
        Packet::UnsubAck(UnsubAck { packet_id: id(10), reasons, properties: AckProperties::default() })
    };
    assert_wire(V3_1_1, &unsuback(vec![]), b"\xb0\x02\x00\x0a");
    let reasons = vec![ReasonCode::Success, ReasonCode::NoSubscriptionExisted];
    assert_wire(V5_0, &unsuback(reasons), b"\xb0\x05\x00\x0a\x00\x00\x11");
}

#[test]
fn every_error_of_a_suback_is_0x80_before_5_0() {
    // [3.1.1 MQTT-3.9.3-2]
    let suback = Packet::SubAck(SubAck {
        packet_id: id(10),
        reasons: vec![ReasonCode::GRANTED_QOS_0, ReasonCode::GrantedQoS2, ReasonCode::NotAuthorized],
        properties: AckProperties { reason_string: Some(string("r")), ..Default::default() },
    });
    assert_wire(V5_0, &suback, b"\x90\x0a\x00\x0a\x04\x1f\x00\x01r\x00\x02\x87");
    assert_eq!(encode(V3_1_1, &suback), b"\x90\x05\x00\x0a\x00\x02\x80");
    assert_eq!(refusal(V3_1_1, 0x90, &[0, 1, 0x87]).0, MalformedPacket);
    assert_eq!(refusal(V3_1_1, 0x90, &[0, 1, 3]).0, MalformedPacket);
}

#[test]
fn an_answer_has_a_reason_for_each_filter_so_at_least_one() {
    // [MQTT-3.9.3-1], [MQTT-3.11.3-1]
    assert_eq!(refusal(V5_0, 0x90, &[0, 1, 0]).0, ProtocolError);
    assert_eq!(refusal(V5_0, 0xB0, &[0, 1, 0]).0, ProtocolError);
    assert_eq!(refusal(V3_1_1, 0x90, &[0, 1]).0, ProtocolError);
    assert_eq!(refusal(V5_0, 0x90, &[0, 1, 0, 0x11]).0, ProtocolError);
}
