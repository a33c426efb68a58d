//! PUBLISH, byte for byte (§3.3), and its forms for a server that forwards.

use std::num::NonZeroU16;

use bytes::{Bytes, BytesMut};
use lacewing_protocol::ProtocolVersion::{V3_1_1, V5_0};
use lacewing_protocol::ReasonCode::{MalformedPacket, ProtocolError, TopicAliasInvalid};
use lacewing_protocol::*;
use proptest::prelude::*;

use crate::arbitrary;
use crate::raw::{USER, assert_wire, decode, decode_as, encode, id, packet, refusal, string, topic, user};

/// The example of §3.3.2.4: topic a/b, Packet Identifier 10, no properties.
#[test]
fn the_example_of_the_specification() {
    let publish = Publish {
        qos: QoS::AtLeastOnce,
        packet_id: Some(id(10)),
        ..Publish::new(topic("a/b"), Bytes::new())
    };
    assert_wire(V5_0, &Packet::Publish(publish.clone()), b"\x32\x08\x00\x03a/b\x00\x0a\x00");
    assert_wire(V3_1_1, &Packet::Publish(publish), b"\x32\x07\x00\x03a/b\x00\x0a");
}

#[test]
fn every_publish_property_has_its_identifier() {
    // §3.3.2.3
    let publish = Publish {
        properties: PublishProperties::from(PublishPropertyFields {
            payload_format_indicator: Some(PayloadFormatIndicator::Utf8),
            message_expiry_interval: Some(1),
            topic_alias: NonZeroU16::new(2),
            response_topic: Some(topic("r")),
            correlation_data: Some(Bytes::from_static(b"c")),
            subscription_identifiers: vec![3, 268_435_455],
            content_type: Some(string("t")),
            user_properties: user(),
        }),
        ..Publish::new(topic("t"), Bytes::from_static(b"p"))
    };
    let properties = [
        b"\x02\x00\x00\x00\x01\x23\x00\x02\x0b\x03\x0b\xff\xff\xff\x7f\x01\x01".as_slice(),
        b"\x08\x00\x01r\x09\x00\x01c\x03\x00\x01t",
        USER,
    ]
    .concat();
    let body = [b"\x00\x01t".as_slice(), &[properties.len() as u8], &properties, b"p"].concat();
    assert_wire(V5_0, &Packet::Publish(publish.clone()), &packet(0x30, &body));
    // Before 5.0 there are none, and nothing stands for them.
    assert_eq!(encode(V3_1_1, &Packet::Publish(publish)), b"\x30\x04\x00\x01tp");
}

#[test]
fn user_properties_keep_their_order_and_their_doubles() {
    // [MQTT-3.3.2-18]
    let mut publish = Publish::new(topic("t"), Bytes::new());
    for (name, value) in [("b", "1"), ("a", "2"), ("b", "1")] {
        publish.properties.user_properties.push(string(name), string(value));
    }
    let sent = Packet::Publish(publish);
    assert_eq!(decode(V5_0, &encode(V5_0, &sent)), Ok(sent));
}

#[test]
fn qos_3_and_dup_with_qos_0_are_malformed() {
    // [MQTT-3.3.1-4], [MQTT-3.3.1-2]
    assert_eq!(
        refusal(V5_0, 0x36, b"\x00\x01t\x00\x01\x00"),
        (MalformedPacket, "PUBLISH: the QoS is 3, which there is not".to_owned())
    );
    assert_eq!(refusal(V3_1_1, 0x36, b"\x00\x01t\x00\x01").0, MalformedPacket);
    assert_eq!(
        refusal(V3_1_1, 0x38, b"\x00\x01t"),
        (MalformedPacket, "PUBLISH: DUP is set with QoS 0".to_owned())
    );
}

#[test]
fn qos_0_has_no_packet_identifier() {
    // [MQTT-2.2.1-2], [3.1.1 MQTT-2.3.1-5]
    let publish = Publish::new(topic("t"), Bytes::from_static(b"\x00\x07"));
    let packet = Packet::Publish(publish.clone());
    assert_wire(V3_1_1, &packet, b"\x30\x05\x00\x01t\x00\x07");
    assert_wire(V5_0, &packet, b"\x30\x06\x00\x01t\x00\x00\x07");
    let wrong = Packet::Publish(Publish { packet_id: Some(id(7)), ..publish });
    assert!(wrong.encoded_len(V5_0).is_err());
}

#[test]
fn the_response_topic_and_the_content_type_are_well_formed() {
    // [MQTT-3.3.2-13], [MQTT-3.3.2-19]
    for property in [0x08, 0x03] {
        for bad in [&b"\x00\x01\xff"[..], b"\x00\x03\xed\xa0\x80", b"\x00\x01\x00", b"\x00\x09t"] {
            let body = [&b"\x00\x01t"[..], &[bad.len() as u8 + 1, property], bad].concat();
            assert_eq!(refusal(V5_0, 0x30, &body).0, MalformedPacket, "{property}: {bad:x?}");
        }
    }
}

#[test]
fn both_halves_of_a_user_property_are_well_formed() {
    // [MQTT-1.5.7-1]
    for bad in [
        &b"\x00\x01\xff\x00\x01v"[..],
        b"\x00\x01k\x00\x01\xff",
        b"\x00\x01\x00\x00\x01v",
        b"\x00\x01k\x00\x01\x00",
    ] {
        let body = [&b"\x00\x01t"[..], &[bad.len() as u8 + 1, 0x26], bad].concat();
        assert_eq!(refusal(V5_0, 0x30, &body).0, MalformedPacket, "{bad:x?}");
    }
}

#[test]
fn the_packet_identifier_is_not_0() {
    // [MQTT-2.2.1-3], [3.1.1 MQTT-2.3.1-1]
    for (version, body) in [(V3_1_1, &b"\x00\x01t\x00\x00"[..]), (V5_0, b"\x00\x01t\x00\x00\x00")] {
        assert_eq!(refusal(version, 0x32, body).0, ProtocolError);
    }
}

#[test]
fn the_topic_name_is_well_formed_and_without_wildcards() {
    // [MQTT-3.3.2-1], [MQTT-3.3.2-2], [MQTT-4.7.0-1], [MQTT-4.7.3-2], [MQTT-1.5.4-1], [MQTT-1.5.4-2]
    for bad in [
        &b"\x00\x01+\x00"[..],
        b"\x00\x03a/#\x00",
        b"\x00\x02\xc3\x28\x00",
        b"\x00\x01\x00\x00",
        b"\x00\x05t",
    ] {
        assert_eq!(refusal(V5_0, 0x30, bad).0, MalformedPacket, "{bad:x?}");
        assert_eq!(refusal(V3_1_1, 0x30, bad).0, MalformedPacket, "{bad:x?}");
    }
}

#[test]
fn an_empty_topic_needs_an_alias_and_5_0() {
    // §3.3.2.1, [MQTT-4.7.3-1]
    assert_eq!(
        refusal(V5_0, 0x30, b"\x00\x00\x00p"),
        (ProtocolError, "PUBLISH: the Topic Name is empty, and there is no Topic Alias".to_owned())
    );
    assert_eq!(refusal(V3_1_1, 0x30, b"\x00\x00p").0, MalformedPacket);
    let Ok(Packet::Publish(publish)) = decode(V5_0, b"\x30\x07\x00\x00\x03\x23\x00\x07p") else {
        panic!("no PUBLISH")
    };
    assert_eq!((publish.topic, publish.properties.topic_alias), (None, NonZeroU16::new(7)));
}

#[test]
fn the_topic_alias_is_not_0() {
    // [MQTT-3.3.2-8]
    assert_eq!(refusal(V5_0, 0x30, b"\x00\x01t\x03\x23\x00\x00").0, TopicAliasInvalid);
}

#[test]
fn publish_properties_keep_to_their_values_and_come_once() {
    // §3.3.2.3, [MQTT-3.3.2-14]
    for (bad, reason) in [
        (&b"\x01\x02"[..], ProtocolError),              // Payload Format Indicator 2
        (b"\x01\x00\x01\x00", ProtocolError),           // Payload Format Indicator twice
        (b"\x23\x00\x01\x23\x00\x01", ProtocolError),   // Topic Alias twice
        (b"\x03\x00\x00\x03\x00\x00", ProtocolError),   // Content Type twice
        (b"\x0b\x00", ProtocolError),                   // Subscription Identifier 0
        (b"\x08\x00\x01#", MalformedPacket),            // Response Topic with a wildcard
        (b"\x0b\x80\x80\x80\x80\x01", MalformedPacket), // Subscription Identifier of five bytes
        (b"\x11\x00\x00\x00\x01", MalformedPacket),     // Session Expiry Interval: not a PUBLISH property
        (b"\x26\x00\x01k", MalformedPacket),            // half a User Property
        (b"\x02\x00\x00\x00", MalformedPacket),         // cut off by the Property Length
    ] {
        let body = [b"\x00\x01t".as_slice(), &[bad.len() as u8], bad, b"payload"].concat();
        let refused = refusal(V5_0, 0x30, &body);
        assert_eq!(refused.0, reason, "{bad:x?}: {}", refused.1);
    }
}

#[test]
fn a_client_sends_no_subscription_identifier() {
    // [MQTT-3.3.4-6]
    let bytes = packet(0x30, b"\x00\x01t\x02\x0b\x01");
    assert_eq!(decode_as(Role::Server, V5_0, &bytes).unwrap_err().reason(), ProtocolError);
    assert!(decode_as(Role::Client, V5_0, &bytes).is_ok());
}

#[test]
fn the_payload_may_be_empty_and_may_be_anything() {
    // §3.3.3
    let Ok(Packet::Publish(publish)) = decode(V5_0, b"\x30\x04\x00\x01t\x00") else { panic!("no PUBLISH") };
    assert!(publish.payload.is_empty());
    let Ok(Packet::Publish(publish)) = decode(V5_0, b"\x30\x06\x00\x01t\x00\xff\x00") else {
        panic!("no PUBLISH")
    };
    assert_eq!(&*publish.payload, b"\xff\x00");
}

#[test]
fn a_payload_that_is_not_the_text_it_is_said_to_be_is_noticed_on_request() {
    // §3.3.2.3.2
    let mut publish = Publish::new(topic("t"), Bytes::from_static(b"\xff"));
    assert!(publish.payload_has_its_format());
    publish.properties.payload_format_indicator = Some(PayloadFormatIndicator::Utf8);
    assert!(!publish.payload_has_its_format());
}

#[test]
fn what_breaks_a_rule_is_not_written() {
    let publish = || Publish::new(topic("t"), Bytes::new());
    let refused = |publish: Publish, version| Packet::Publish(publish).encoded_len(version).is_err();
    assert!(refused(Publish { packet_id: Some(id(1)), ..publish() }, V5_0));
    assert!(refused(Publish { qos: QoS::AtLeastOnce, ..publish() }, V5_0));
    assert!(refused(Publish { dup: true, ..publish() }, V5_0));
    assert!(refused(Publish { topic: None, ..publish() }, V5_0));
    let mut aliased = Publish { topic: None, ..publish() };
    aliased.properties.topic_alias = NonZeroU16::new(1);
    assert!(!refused(aliased.clone(), V5_0));
    assert!(refused(aliased, V3_1_1));
    let mut identified = publish();
    identified.properties.subscription_identifiers = vec![268_435_456];
    assert!(refused(identified, V5_0));
    let mut correlated = publish();
    correlated.properties.correlation_data = Some(Bytes::from(vec![0; 65_536]));
    assert!(refused(correlated, V5_0));
}

#[test]
fn a_packet_above_the_protocols_limit_is_not_written() {
    let payload = Bytes::from(vec![0; 268_435_455 - 3]);
    let largest = Packet::Publish(Publish::new(topic("t"), payload.clone()));
    assert_eq!(largest.encoded_len(V3_1_1), Ok(268_435_460));
    let larger = Packet::Publish(Publish::new(topic("tt"), payload));
    assert_eq!(
        larger.encoded_len(V3_1_1),
        Err(EncodeError::PacketTooLarge { packet: PacketType::Publish, remaining_length: 268_435_456 })
    );
}

proptest! {
    #[test]
    fn the_head_and_the_payload_are_the_packet(
        (version, publish) in arbitrary::version()
            .prop_flat_map(|version| (Just(version), arbitrary::publish(version))),
    ) {
        let mut whole = BytesMut::new();
        let layout = publish.as_ref().encode(version, &mut whole).unwrap();
        let mut head = BytesMut::from(&b"before"[..]);
        prop_assert_eq!(publish.as_ref().encode_head(version, &mut head).unwrap(), layout);
        let head = head.split_off(6);
        prop_assert_eq!(layout.head_len as usize, head.len());
        prop_assert_eq!(layout.payload_len as usize, publish.payload.len());
        prop_assert_eq!([&head[..], &publish.payload].concat(), &whole[..]);
        let packet_id = layout.packet_id_at.map(|at| {
            let at = at as usize;
            u16::from_be_bytes([whole[at], whole[at + 1]])
        });
        prop_assert_eq!(packet_id, publish.packet_id.map(PacketId::value));
    }

    #[test]
    fn each_copy_of_a_shape_is_what_encoding_it_alone_gives(
        (version, publish) in arbitrary::version()
            .prop_flat_map(|version| (Just(version), arbitrary::publish(version))),
        packet_id in any::<NonZeroU16>(),
        retain in any::<bool>(),
        dup in any::<bool>(),
    ) {
        let shape = PublishShape::new(version, &publish.as_ref()).unwrap();
        let packet_id = publish.packet_id.map(|_| PacketId::from(packet_id));
        let dup = dup && publish.qos != QoS::AtMostOnce;
        let mut copy = BytesMut::from(&b"before"[..]);
        shape.write(dup, retain, packet_id, &mut copy);
        let alone = Packet::Publish(Publish { dup, retain, packet_id, ..publish.clone() });
        prop_assert_eq!(&copy[6..], &encode(version, &alone)[..]);
        prop_assert_eq!(shape.len() + 6, copy.len());
        let head = PublishShape::without_payload(version, &publish.as_ref()).unwrap();
        prop_assert_eq!(head.len() + publish.payload.len(), shape.len());
    }

    #[test]
    fn what_changes_from_hop_to_hop_replaces_what_came_in(
        publish in arbitrary::publish(V5_0),
        expiry in proptest::option::of(any::<u32>()),
        identifiers in proptest::collection::vec(1..=268_435_455_u32, 0..3),
        alias in any::<NonZeroU16>(),
    ) {
        let forwarded = PublishRef {
            message_expiry_interval: expiry,
            topic_alias: Some(alias),
            subscription_identifiers: &identifiers,
            ..publish.as_ref()
        };
        let mut out = BytesMut::new();
        forwarded.encode(V5_0, &mut out).unwrap();
        let mut expected = publish.clone();
        expected.properties.message_expiry_interval = expiry;
        expected.properties.topic_alias = Some(alias);
        expected.properties.subscription_identifiers = identifiers.clone();
        prop_assert_eq!(decode(V5_0, &out), Ok(Packet::Publish(expected)));
    }
}
