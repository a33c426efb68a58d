//! CONNECT and CONNACK, byte for byte (§3.1, §3.2).

use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;
use lacewing_protocol::ProtocolVersion::{V3_1, V3_1_1, V5_0};
use lacewing_protocol::ReasonCode::{MalformedPacket, ProtocolError, UnsupportedProtocolVersion};
use lacewing_protocol::*;

use crate::raw::{USER, assert_wire, decode, encode, packet, refusal, string, topic, user};

fn connect(version: ProtocolVersion) -> Connect {
    Connect {
        version,
        client_id: string("c"),
        clean_start: false,
        keep_alive: 10,
        will: None,
        username: None,
        password: None,
        properties: ConnectProperties::default(),
    }
}

/// A 5.0 CONNECT with these flags, properties, and what follows them.
fn v5(flags: u8, properties: &[u8], payload: &[u8]) -> Vec<u8> {
    let head = [b"\x00\x04MQTT\x05".as_slice(), &[flags, 0, 10, properties.len() as u8]].concat();
    [&head, properties, payload].concat()
}

fn v3(flags: u8, payload: &[u8]) -> Vec<u8> {
    [b"\x00\x04MQTT\x04".as_slice(), &[flags, 0, 10], payload].concat()
}

#[test]
fn each_version_names_itself() {
    // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
    let wire = |version| encode(version, &Packet::Connect(Box::new(connect(version))));
    assert_eq!(wire(V3_1), b"\x10\x0f\x00\x06MQIsdp\x03\x00\x00\x0a\x00\x01c");
    assert_eq!(wire(V3_1_1), b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x0a\x00\x01c");
    assert_eq!(wire(V5_0), b"\x10\x0e\x00\x04MQTT\x05\x00\x00\x0a\x00\x00\x01c");
}

#[test]
fn a_connect_is_written_in_its_own_version() {
    let packet = Packet::Connect(Box::new(connect(V3_1_1)));
    assert_eq!(encode(V5_0, &packet), encode(V3_1_1, &packet));
    assert_eq!(packet.encoded_len(V5_0), Ok(15));
}

#[test]
fn another_protocol_or_version_is_unsupported() {
    // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
    for (name, level) in [("MQTT", 3), ("MQTT", 6), ("MQTT", 0x84), ("MQIsdp", 4), ("MQTt", 5), ("AMQP", 1)] {
        let body = [&[0, name.len() as u8], name.as_bytes(), &[level, 2, 0, 10, 0, 0, 0]].concat();
        assert_eq!(refusal(V5_0, 0x10, &body).0, UnsupportedProtocolVersion, "{name} {level}");
    }
    let refused = refusal(V5_0, 0x10, b"\x00\x04MQTT\x06\x02\x00\x0a\x00\x00\x00");
    assert_eq!(refused.1, "CONNECT: protocol level 6 is not one of 3 (with MQIsdp), 4 and 5 (with MQTT)");
}

#[test]
fn everything_that_a_3_1_1_connect_can_say_has_its_place() {
    let packet = Packet::Connect(Box::new(Connect {
        clean_start: true,
        will: Some(Will {
            topic: topic("w"),
            payload: Bytes::from_static(b"gone"),
            qos: QoS::ExactlyOnce,
            retain: true,
            properties: WillProperties::default(),
        }),
        username: Some(string("u")),
        password: Some(Bytes::from_static(b"\x00\xff")),
        ..connect(V3_1_1)
    }));
    let wire = b"\x10\x1d\x00\x04MQTT\x04\xf6\x00\x0a\x00\x01c\x00\x01w\x00\x04gone\x00\x01u\x00\x02\x00\xff";
    assert_wire(V3_1_1, &packet, wire);
}

#[test]
fn every_connect_and_will_property_has_its_identifier() {
    // §2.2.2.2
    let packet = Packet::Connect(Box::new(Connect {
        properties: ConnectProperties {
            session_expiry_interval: Some(1),
            receive_maximum: NonZeroU16::new(2),
            maximum_packet_size: NonZeroU32::new(3),
            topic_alias_maximum: Some(4),
            request_response_information: Some(true),
            request_problem_information: Some(false),
            authentication_method: Some(string("m")),
            authentication_data: Some(Bytes::from_static(b"d")),
            user_properties: user(),
        },
        will: Some(Will {
            topic: topic("w"),
            payload: Bytes::from_static(b"p"),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: WillProperties {
                will_delay_interval: Some(5),
                payload_format_indicator: Some(PayloadFormatIndicator::Utf8),
                message_expiry_interval: Some(6),
                content_type: Some(string("t")),
                response_topic: Some(topic("r")),
                correlation_data: Some(Bytes::from_static(b"c")),
                user_properties: user(),
            },
        }),
        ..connect(V5_0)
    }));
    let connect_properties = [
        b"\x11\x00\x00\x00\x01\x21\x00\x02\x27\x00\x00\x00\x03\x22\x00\x04\x19\x01\x17\x00".as_slice(),
        b"\x15\x00\x01m\x16\x00\x01d",
        USER,
    ]
    .concat();
    let will_properties = [
        b"\x18\x00\x00\x00\x05\x01\x01\x02\x00\x00\x00\x06\x03\x00\x01t\x08\x00\x01r\x09\x00\x01c".as_slice(),
        USER,
    ]
    .concat();
    let payload =
        [b"\x00\x01c".as_slice(), &[will_properties.len() as u8], &will_properties, b"\x00\x01w\x00\x01p"]
            .concat();
    assert_wire(V5_0, &packet, &crate::raw::packet(0x10, &v5(0x04, &connect_properties, &payload)));
}

#[test]
fn the_reserved_connect_flag_is_0() {
    // [MQTT-3.1.2-3]
    assert_eq!(refusal(V5_0, 0x10, &v5(0x01, b"", b"\x00\x01c")).0, MalformedPacket);
    assert_eq!(refusal(V3_1_1, 0x10, &v3(0x01, b"\x00\x01c")).0, MalformedPacket);
    let old = packet(0x10, b"\x00\x06MQIsdp\x03\x01\x00\x0a\x00\x01c");
    assert!(decode(V3_1, &old).is_ok());
}

#[test]
fn the_will_flags_agree() {
    // [MQTT-3.1.2-11], [MQTT-3.1.2-12], [MQTT-3.1.2-13]
    for flags in [0x08, 0x10, 0x18, 0x20] {
        assert_eq!(refusal(V5_0, 0x10, &v5(flags, b"", b"\x00\x01c")).0, MalformedPacket, "{flags:#x}");
    }
    let will = b"\x00\x01c\x00\x00\x01w\x00\x00";
    assert_eq!(refusal(V5_0, 0x10, &v5(0x1C, b"", will)).0, MalformedPacket);
    assert!(decode(V5_0, &packet(0x10, &v5(0x14, b"", will))).is_ok());
}

#[test]
fn what_the_flags_announce_must_be_there() {
    // [MQTT-3.1.2-9], [MQTT-3.1.2-17], [MQTT-3.1.2-19], [MQTT-3.1.3-1]
    assert_eq!(
        refusal(V5_0, 0x10, &v5(0x04, b"", b"\x00\x01c")).1,
        "CONNECT: the Property Length is cut off by the end of the packet"
    );
    assert_eq!(
        refusal(V5_0, 0x10, &v5(0x80, b"", b"\x00\x01c")).1,
        "CONNECT: the User Name is cut off by the end of the packet"
    );
    assert_eq!(
        refusal(V5_0, 0x10, &v5(0x40, b"", b"\x00\x01c")).1,
        "CONNECT: the Password is cut off by the end of the packet"
    );
}

#[test]
fn what_the_flags_do_not_announce_must_not_be_there() {
    // [MQTT-3.1.2-16], [MQTT-3.1.2-18]
    let refused = refusal(V5_0, 0x10, &v5(0x00, b"", b"\x00\x01c\x00\x01u"));
    assert_eq!(refused, (MalformedPacket, "CONNECT: the packet has bytes after its last field".to_owned()));
}

#[test]
fn a_password_without_a_user_name_is_for_5_0_only() {
    // [3.1.1 MQTT-3.1.2-22], 5.0 §3.1.2.9
    assert_eq!(refusal(V3_1_1, 0x10, &v3(0x40, b"\x00\x01c\x00\x01p")).0, MalformedPacket);
    assert!(decode(V5_0, &packet(0x10, &v5(0x40, b"", b"\x00\x01c\x00\x01p"))).is_ok());
    let mut connect = connect(V3_1_1);
    connect.password = Some(Bytes::new());
    let mut out = bytes::BytesMut::new();
    assert!(Packet::Connect(Box::new(connect)).encode(V3_1_1, &mut out).is_err());
}

#[test]
fn the_client_identifier_is_a_well_formed_string() {
    // [MQTT-3.1.3-4], [MQTT-1.5.4-1], [MQTT-1.5.4-2]
    for bad in [&b"\x00\x01\xff"[..], b"\x00\x03\xed\xa0\x80", b"\x00\x02\xc0\x80", b"\x00\x01\x00"] {
        assert_eq!(refusal(V5_0, 0x10, &v5(0, b"", bad)).0, MalformedPacket, "{bad:x?}");
    }
}

#[test]
fn the_client_identifier_is_there_and_first() {
    // [MQTT-3.1.3-3]
    let refused = refusal(V5_0, 0x10, &v5(0, b"", b""));
    assert_eq!(
        refused,
        (MalformedPacket, "CONNECT: the Client Identifier is cut off by the end of the packet".to_owned())
    );
    let Ok(Packet::Connect(connect)) =
        decode(V5_0, &packet(0x10, &v5(0xc0, b"", b"\x00\x01c\x00\x01u\x00\x01p")))
    else {
        panic!("no CONNECT")
    };
    assert_eq!((connect.client_id.as_str(), connect.username.as_deref()), ("c", Some("u")));
}

#[test]
fn the_user_name_is_a_well_formed_string() {
    // [MQTT-3.1.3-12]
    for bad in [&b"\x00\x01c\x00\x01\xff"[..], b"\x00\x01c\x00\x03\xed\xa0\x80", b"\x00\x01c\x00\x01\x00"] {
        assert_eq!(refusal(V5_0, 0x10, &v5(0x80, b"", bad)).0, MalformedPacket, "{bad:x?}");
    }
}

#[test]
fn the_will_topic_is_a_topic_name() {
    // [MQTT-3.1.3-11]
    let refused = refusal(V5_0, 0x10, &v5(0x04, b"", b"\x00\x01c\x00\x00\x03w/#\x00\x00"));
    assert_eq!(
        refused,
        (MalformedPacket, "CONNECT: the Will Topic contains a wildcard character".to_owned())
    );
}

#[test]
fn connect_properties_keep_to_their_values_and_come_once() {
    // §3.1.2.11
    for (bad, reason) in [
        (&b"\x21\x00\x00"[..], ProtocolError),    // Receive Maximum 0
        (b"\x27\x00\x00\x00\x00", ProtocolError), // Maximum Packet Size 0
        (b"\x19\x02", ProtocolError),             // Request Response Information 2
        (b"\x17\x02", ProtocolError),             // Request Problem Information 2
        (b"\x16\x00\x01d", ProtocolError),        // Authentication Data without a method
        (b"\x11\x00\x00\x00\x01\x11\x00\x00\x00\x01", ProtocolError), // Session Expiry Interval twice
        (b"\x22\x00\x01\x22\x00\x01", ProtocolError), // Topic Alias Maximum twice
        (b"\x24\x01", MalformedPacket),           // Maximum QoS: not a CONNECT property
        (b"\x7f\x01", MalformedPacket),           // an identifier that there is not
        (b"\x91\x00\x00\x00\x00\x01", MalformedPacket), // an identifier not in its shortest form
        (b"\x21\x00", MalformedPacket),           // cut off by the Property Length
    ] {
        let refused = refusal(V5_0, 0x10, &v5(0, bad, b"\x00\x01c"));
        assert_eq!(refused.0, reason, "{bad:x?}: {}", refused.1);
    }
    let twice = [USER, USER].concat();
    assert!(decode(V5_0, &packet(0x10, &v5(0, &twice, b"\x00\x01c"))).is_ok());
}

#[test]
fn a_property_length_beyond_the_packet_is_malformed() {
    let body = b"\x00\x04MQTT\x05\x00\x00\x0a\x7f\x00\x01c";
    assert_eq!(
        refusal(V5_0, 0x10, body),
        (MalformedPacket, "CONNECT: the Property Length is cut off by the end of the packet".to_owned())
    );
}

#[test]
fn every_connack_property_has_its_identifier() {
    // §3.2.2.3
    let packet = Packet::ConnAck(Box::new(ConnAck {
        session_present: true,
        reason: ReasonCode::Success,
        properties: ConnAckProperties {
            session_expiry_interval: Some(1),
            receive_maximum: NonZeroU16::new(2),
            maximum_qos: Some(QoS::AtLeastOnce),
            retain_available: Some(true),
            maximum_packet_size: NonZeroU32::new(3),
            assigned_client_identifier: Some(string("a")),
            topic_alias_maximum: Some(4),
            reason_string: Some(string("r")),
            wildcard_subscription_available: Some(false),
            subscription_identifiers_available: Some(true),
            shared_subscription_available: Some(false),
            server_keep_alive: Some(5),
            response_information: Some(string("i")),
            server_reference: Some(string("s")),
            authentication_method: Some(string("m")),
            authentication_data: Some(Bytes::from_static(b"d")),
            user_properties: user(),
        },
    }));
    let properties = [
        b"\x11\x00\x00\x00\x01\x21\x00\x02\x24\x01\x25\x01\x27\x00\x00\x00\x03\x12\x00\x01a\x22\x00\x04".as_slice(),
        b"\x1f\x00\x01r\x28\x00\x29\x01\x2a\x00\x13\x00\x05\x1a\x00\x01i\x1c\x00\x01s\x15\x00\x01m\x16\x00\x01d",
        USER,
    ]
    .concat();
    let body = [&[1, 0, properties.len() as u8], properties.as_slice()].concat();
    assert_wire(V5_0, &packet, &crate::raw::packet(0x20, &body));
}

#[test]
fn a_refusal_travels_as_the_nearest_return_code_before_5_0() {
    // 3.1.1 §3.2.2.3
    for (reason, code) in [
        (ReasonCode::Success, 0),
        (ReasonCode::UnsupportedProtocolVersion, 1),
        (ReasonCode::ClientIdentifierNotValid, 2),
        (ReasonCode::ServerUnavailable, 3),
        (ReasonCode::ServerBusy, 3),
        (ReasonCode::QuotaExceeded, 3),
        (ReasonCode::BadUserNameOrPassword, 4),
        (ReasonCode::NotAuthorized, 5),
        (ReasonCode::Banned, 5),
    ] {
        let packet = Packet::ConnAck(Box::new(ConnAck::new(false, reason)));
        assert_eq!(encode(V3_1_1, &packet), [0x20, 2, 0, code], "{reason:?}");
    }
    assert_eq!(refusal(V3_1_1, 0x20, &[0, 6]).0, MalformedPacket);
}

#[test]
fn session_present_is_a_flag_of_success() {
    // [MQTT-3.2.2-1], [MQTT-3.2.2-6], [3.1.1 MQTT-3.2.2-4]
    assert_eq!(refusal(V5_0, 0x20, &[1, 0x87, 0]).0, ProtocolError);
    assert_eq!(refusal(V3_1_1, 0x20, &[1, 5]).0, ProtocolError);
    assert_eq!(refusal(V5_0, 0x20, &[2, 0, 0]).0, MalformedPacket);
    let resumed = Packet::ConnAck(Box::new(ConnAck::new(true, ReasonCode::Success)));
    assert_eq!(encode(V3_1_1, &resumed), [0x20, 2, 1, 0]);
    assert_eq!(encode(V3_1, &resumed), [0x20, 2, 0, 0]);
    let wrong = Packet::ConnAck(Box::new(ConnAck::new(true, ReasonCode::Banned)));
    assert!(wrong.encoded_len(V5_0).is_err());
}

#[test]
fn a_5_0_client_understands_the_refusal_of_an_old_server() {
    let Ok(Packet::ConnAck(connack)) = decode(V5_0, &[0x20, 2, 0, 1]) else { panic!("no CONNACK") };
    assert_eq!(connack.reason, UnsupportedProtocolVersion);
    assert_eq!(refusal(V5_0, 0x20, &[0, 0]).0, MalformedPacket);
}

#[test]
fn the_maximum_qos_is_0_or_1() {
    // §3.2.2.3.4
    assert_eq!(refusal(V5_0, 0x20, &[0, 0, 2, 0x24, 2]).0, ProtocolError);
    let mut connack = ConnAck::new(false, ReasonCode::Success);
    connack.properties.maximum_qos = Some(QoS::ExactlyOnce);
    assert!(Packet::ConnAck(Box::new(connack)).encoded_len(V5_0).is_err());
}
