//! The short packets, byte for byte: PUBACK to PUBCOMP, PINGREQ, PINGRESP, DISCONNECT and AUTH.

use bytes::{Bytes, BytesMut};
use lacewing_protocol::ProtocolVersion::{V3_1_1, V5_0};
use lacewing_protocol::ReasonCode::{MalformedPacket, ProtocolError};
use lacewing_protocol::*;

use crate::raw::{USER, assert_wire, decode, decode_as, encode, id, packet, refusal, string, user};

const TYPES: [(AckType, u8); 4] =
    [(AckType::PubAck, 0x40), (AckType::PubRec, 0x50), (AckType::PubRel, 0x62), (AckType::PubComp, 0x70)];

fn packet_of(ack_type: AckType, ack: Ack) -> Packet {
    match ack_type {
        AckType::PubAck => Packet::PubAck(ack),
        AckType::PubRec => Packet::PubRec(ack),
        AckType::PubRel => Packet::PubRel(ack),
        AckType::PubComp => Packet::PubComp(ack),
    }
}

#[test]
fn success_is_left_out() {
    // §3.4.2.1
    for (ack_type, first) in TYPES {
        let packet = packet_of(ack_type, Ack::success(id(0x1234)));
        for version in [V3_1_1, V5_0] {
            assert_wire(version, &packet, &[first, 2, 0x12, 0x34]);
        }
        // The longer forms say the same.
        assert_eq!(decode(V5_0, &[first, 3, 0x12, 0x34, 0]).as_ref(), Ok(&packet));
        assert_eq!(decode(V5_0, &[first, 4, 0x12, 0x34, 0, 0]).as_ref(), Ok(&packet));
    }
}

#[test]
fn a_reason_takes_a_byte_and_properties_their_length() {
    // §3.4.2.2.1
    let plain = Ack::new(id(1), ReasonCode::NotAuthorized);
    assert_wire(V5_0, &Packet::PubAck(plain.clone()), &[0x40, 3, 0, 1, 0x87]);
    let properties = AckProperties { reason_string: Some(string("r")), user_properties: user() };
    let full = Packet::PubAck(Ack { properties, ..plain });
    let body = [b"\x00\x01\x87\x0b\x1f\x00\x01r".as_slice(), USER].concat();
    assert_wire(V5_0, &full, &packet(0x40, &body));
    assert_eq!(encode(V3_1_1, &full), [0x40, 2, 0, 1]);
}

#[test]
fn the_short_way_writes_the_same_bytes() {
    for (ack_type, _) in TYPES {
        for version in [V3_1_1, V5_0] {
            for &reason in ReasonCode::ALL.iter().filter(|reason| reason.is_valid_in(ack_type.into())) {
                let mut short = BytesMut::new();
                encode_ack(ack_type, id(7), reason, version, &mut short);
                let ack = Ack::new(id(7), reason);
                assert_eq!(&short[..], encode(version, &packet_of(ack_type, ack.clone())));
                let mut direct = BytesMut::new();
                ack.encode(ack_type, version, &mut direct).unwrap();
                assert_eq!(short, direct);
            }
        }
    }
}

#[test]
fn each_packet_has_its_own_reason_codes() {
    // [MQTT-3.4.2-1], [MQTT-3.5.2-1], [MQTT-3.6.2-1], [MQTT-3.7.2-1]
    for (first, reason) in [(0x40, 0x92), (0x50, 0x11), (0x62, 0x10), (0x70, 0x87)] {
        assert_eq!(refusal(V5_0, first, &[0, 1, reason]).0, ProtocolError, "{first:#x} {reason:#x}");
        assert_eq!(refusal(V5_0, first, &[0, 1, 0x03]).0, MalformedPacket);
    }
    let wrong = Packet::PubRel(Ack::new(id(1), ReasonCode::NoMatchingSubscribers));
    assert!(wrong.encoded_len(V5_0).is_err());
}

#[test]
fn nothing_follows_an_acknowledgement_before_5_0() {
    for (_, first) in TYPES {
        assert_eq!(refusal(V3_1_1, first, &[0, 1, 0]).0, MalformedPacket);
        assert_eq!(refusal(V3_1_1, first, &[0]).0, MalformedPacket);
        assert_eq!(refusal(V3_1_1, first, &[0, 0]).0, ProtocolError);
    }
}

#[test]
fn a_reason_string_comes_once() {
    // §3.4.2.2.2
    assert_eq!(refusal(V5_0, 0x40, b"\x00\x01\x00\x06\x1f\x00\x00\x1f\x00\x00").0, ProtocolError);
}

#[test]
fn pings_are_two_bytes() {
    // §3.12, §3.13
    for version in [V3_1_1, V5_0] {
        assert_wire(version, &Packet::PingReq, &[0xC0, 0]);
        assert_wire(version, &Packet::PingResp, &[0xD0, 0]);
        assert_eq!(refusal(version, 0xC0, &[0]).0, MalformedPacket);
    }
}

#[test]
fn a_normal_disconnection_is_two_bytes() {
    // §3.14.2.1
    let normal = Packet::Disconnect(Box::default());
    assert_wire(V3_1_1, &normal, &[0xE0, 0]);
    assert_wire(V5_0, &normal, &[0xE0, 0]);
    assert_eq!(decode(V5_0, &[0xE0, 1, 0]).as_ref(), Ok(&normal));
    assert_eq!(decode(V5_0, &[0xE0, 2, 0, 0]).as_ref(), Ok(&normal));
    assert_eq!(refusal(V3_1_1, 0xE0, &[0]).0, MalformedPacket);
    let shutdown = Packet::Disconnect(Box::new(Disconnect::new(ReasonCode::ServerShuttingDown)));
    assert_wire(V5_0, &shutdown, &[0xE0, 1, 0x8B]);
}

#[test]
fn every_disconnect_property_has_its_identifier() {
    // §3.14.2.2
    let packet = Packet::Disconnect(Box::new(Disconnect {
        reason: ReasonCode::ServerMoved,
        properties: DisconnectProperties {
            session_expiry_interval: Some(1),
            reason_string: Some(string("r")),
            server_reference: Some(string("s")),
            user_properties: user(),
        },
    }));
    let body = [b"\x9d\x14\x11\x00\x00\x00\x01\x1f\x00\x01r\x1c\x00\x01s".as_slice(), USER].concat();
    assert_wire(V5_0, &packet, &crate::raw::packet(0xE0, &body));
}

#[test]
fn each_end_disconnects_for_its_own_reasons() {
    // [MQTT-3.14.2-1], table 3-10
    let reason = |role, code| decode_as(role, V5_0, &[0xE0, 1, code]).map_err(|error| error.reason());
    assert_eq!(reason(Role::Server, 0x8B), Err(ProtocolError));
    assert!(reason(Role::Client, 0x8B).is_ok());
    assert!(reason(Role::Server, 0x04).is_ok());
    assert_eq!(reason(Role::Client, 0x04), Err(ProtocolError));
}

#[test]
fn a_server_does_not_set_the_session_expiry_when_it_disconnects() {
    // [MQTT-3.14.2-2]
    let bytes = [0xE0, 7, 0, 5, 0x11, 0, 0, 0, 1];
    assert_eq!(decode_as(Role::Client, V5_0, &bytes).unwrap_err().reason(), ProtocolError);
    assert!(decode_as(Role::Server, V5_0, &bytes).is_ok());
}

#[test]
fn auth_is_of_5_0_and_names_its_method() {
    // §3.15
    let auth = Packet::Auth(Box::new(Auth {
        reason: ReasonCode::ContinueAuthentication,
        properties: AuthProperties {
            authentication_method: Some(string("m")),
            authentication_data: Some(Bytes::from_static(b"d")),
            reason_string: Some(string("r")),
            user_properties: user(),
        },
    }));
    let body = [b"\x18\x13\x15\x00\x01m\x16\x00\x01d\x1f\x00\x01r".as_slice(), USER].concat();
    assert_wire(V5_0, &auth, &packet(0xF0, &body));
    assert_eq!(auth.encoded_len(V3_1_1), Err(EncodeError::NotInVersion { packet: PacketType::Auth }));
    assert_eq!(refusal(V5_0, 0xF0, &[0x18, 0]).0, ProtocolError);
    assert_wire(V5_0, &Packet::Auth(Box::default()), &[0xF0, 0]);
}

#[test]
fn only_a_server_ends_and_only_a_client_restarts_an_authentication() {
    // [MQTT-3.15.2-1], table 3-11
    let auth = |role, reason| {
        decode_as(role, V5_0, &packet(0xF0, &[&[reason, 4][..], b"\x15\x00\x01m"].concat())).is_ok()
    };
    assert!(auth(Role::Client, 0x00) && !auth(Role::Server, 0x00));
    assert!(auth(Role::Client, 0x18) && auth(Role::Server, 0x18));
    assert!(!auth(Role::Client, 0x19) && auth(Role::Server, 0x19));
}
