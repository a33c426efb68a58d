//! Our codec beside an independent one, mqtt-protocol-core.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use lacewing_protocol::*;
use mqtt_protocol_core::mqtt::packet::{v3_1_1, v5_0};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::arbitrary;

/// What the other codec makes of a packet: its own encoding of what it understood, or the error.
fn theirs(version: ProtocolVersion, first: u8, body: &[u8]) -> Result<Vec<u8>, String> {
    /// Takes the whole body and gives the whole packet.
    macro_rules! parse {
        ($packet:path, $($argument:expr),*) => {{
            use $packet as Packet;
            match Packet::parse($($argument),*) {
                Ok((packet, used)) if used == body.len() => Ok(packet.to_continuous_buffer()),
                Ok((_, used)) => Err(format!("{} bytes left", body.len() - used)),
                Err(error) => Err(format!("{error:?}")),
            }
        }};
    }
    let packet = PacketType::from_number(first >> 4).ok_or("reserved type")?;
    if packet.reserved_flags().is_some_and(|flags| flags != first & 0x0F) {
        return Err("reserved flags".to_owned());
    }
    if version.is_v5() {
        return match packet {
            PacketType::Connect => parse!(v5_0::Connect, body),
            PacketType::ConnAck => parse!(v5_0::Connack, body),
            PacketType::Publish => parse!(v5_0::Publish, first & 0x0F, Arc::from(body)),
            PacketType::PubAck => parse!(v5_0::Puback, body),
            PacketType::PubRec => parse!(v5_0::Pubrec, body),
            PacketType::PubRel => parse!(v5_0::Pubrel, body),
            PacketType::PubComp => parse!(v5_0::Pubcomp, body),
            PacketType::Subscribe => parse!(v5_0::Subscribe, body),
            PacketType::SubAck => parse!(v5_0::Suback, body),
            PacketType::Unsubscribe => parse!(v5_0::Unsubscribe, body),
            PacketType::UnsubAck => parse!(v5_0::Unsuback, body),
            PacketType::PingReq => parse!(v5_0::Pingreq, body),
            PacketType::PingResp => parse!(v5_0::Pingresp, body),
            PacketType::Disconnect => parse!(v5_0::Disconnect, body),
            PacketType::Auth => parse!(v5_0::Auth, body),
        };
    }
    match packet {
        PacketType::Connect => parse!(v3_1_1::Connect, body),
        PacketType::ConnAck => parse!(v3_1_1::Connack, body),
        PacketType::Publish => parse!(v3_1_1::Publish, first & 0x0F, Arc::from(body)),
        PacketType::PubAck => parse!(v3_1_1::Puback, body),
        PacketType::PubRec => parse!(v3_1_1::Pubrec, body),
        PacketType::PubRel => parse!(v3_1_1::Pubrel, body),
        PacketType::PubComp => parse!(v3_1_1::Pubcomp, body),
        PacketType::Subscribe => parse!(v3_1_1::Subscribe, body),
        PacketType::SubAck => parse!(v3_1_1::Suback, body),
        PacketType::Unsubscribe => parse!(v3_1_1::Unsubscribe, body),
        PacketType::UnsubAck => parse!(v3_1_1::Unsuback, body),
        PacketType::PingReq => parse!(v3_1_1::Pingreq, body),
        PacketType::PingResp => parse!(v3_1_1::Pingresp, body),
        PacketType::Disconnect => parse!(v3_1_1::Disconnect, body),
        PacketType::Auth => Err("reserved type".to_owned()),
    }
}

fn ours(version: ProtocolVersion, bytes: &[u8]) -> Result<Packet, DecodeError> {
    let mut decoder = Decoder::new(Role::Any, DecodeLimits::default());
    decoder.set_version(version);
    decoder.push(Bytes::copy_from_slice(bytes));
    Ok(decoder.next()?.expect("a whole packet was pushed"))
}

fn body(packet: &[u8]) -> &[u8] {
    let header = 1 + packet[1..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    &packet[header..]
}

/// What the specification allows and the other codec refuses.
fn is_refused_there(packet: &Packet) -> bool {
    match packet {
        // 5.0 allows a Password without a User Name (§3.1.2.9).
        Packet::Connect(connect) => connect.password.is_some() && connect.username.is_none(),
        // Table 2-6 gives it to DISCONNECT, table 3-10 does not.
        Packet::Disconnect(disconnect) => disconnect.reason == ReasonCode::BadAuthenticationMethod,
        _ => false,
    }
}

fn version() -> impl Strategy<Value = ProtocolVersion> {
    prop_oneof![Just(ProtocolVersion::V3_1_1), Just(ProtocolVersion::V5_0)]
}

fn versioned_packet() -> impl Strategy<Value = (ProtocolVersion, Packet)> {
    version().prop_flat_map(|version| (Just(version), arbitrary::packet(version)))
}

/// One small change to the bytes after the fixed header.
#[derive(Debug, Clone)]
enum Damage {
    FlipBit(Index, u8),
    Remove(Index),
    Insert(Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Damage::FlipBit(at, bit)),
        any::<Index>().prop_map(Damage::Remove),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
    ]
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::FlipBit(at, bit) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Remove(at) if !bytes.is_empty() => {
                bytes.remove(at.index(bytes.len()));
            }
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len() + 1), *byte),
            _ => {}
        }
    }
}

/// A whole packet with this body.
fn with_header(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut len = body.len();
    while len > 0x7F {
        packet.push((len & 0x7F) as u8 | 0x80);
        len >>= 7;
    }
    packet.push(len as u8);
    packet.extend_from_slice(body);
    packet
}

proptest! {
    #[test]
    fn the_other_codec_understands_our_packets_and_writes_them_alike((version, packet) in versioned_packet()) {
        prop_assume!(!is_refused_there(&packet));
        let mut bytes = BytesMut::new();
        packet.encode(version, &mut bytes).unwrap();
        let theirs = theirs(version, bytes[0], body(&bytes));
        prop_assert_eq!(theirs.as_ref().map(Vec::as_slice), Ok(&bytes[..]), "{:?}", packet);
    }

    /// What we accept the other codec accepts, and understands alike. We refuse more: wildcards out of place, U+0000,
    /// reserved bits, bytes after the last field, Session Present with a refusal.
    #[test]
    fn of_a_damaged_packet_we_accept_no_more_than_the_other_codec(
        (version, packet) in versioned_packet(),
        damage in damage(),
    ) {
        let mut bytes = BytesMut::new();
        packet.encode(version, &mut bytes).unwrap();
        let mut damaged = body(&bytes).to_vec();
        damage.apply(&mut damaged);
        let Ok(ours_read) = ours(version, &with_header(bytes[0], &damaged)) else { return Ok(()) };
        let other_version = matches!(&ours_read, Packet::Connect(connect) if connect.version != version);
        prop_assume!(!other_version && !is_refused_there(&ours_read));
        match theirs(version, bytes[0], &damaged) {
            Ok(theirs) => prop_assert_eq!(ours(version, &theirs), Ok(ours_read)),
            Err(error) => prop_assert!(false, "they refuse {ours_read:?}: {error}"),
        }
    }
}
