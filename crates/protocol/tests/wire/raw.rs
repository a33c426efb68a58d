//! Packets as bytes, and what a decoder says to them.

use bytes::{Bytes, BytesMut};
use lacewing_protocol::*;

/// A whole packet with this first byte and this body of less than 16 384 bytes.
pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    match body.len() {
        len @ 0..=0x7F => packet.push(len as u8),
        len => packet.extend_from_slice(&[(len & 0x7F) as u8 | 0x80, (len >> 7) as u8]),
    }
    packet.extend_from_slice(body);
    packet
}

/// What an onlooker's decoder of this version makes of the bytes.
pub(crate) fn decode(version: ProtocolVersion, bytes: &[u8]) -> Result<Packet, DecodeError> {
    decode_as(Role::Any, version, bytes)
}

pub(crate) fn decode_as(role: Role, version: ProtocolVersion, bytes: &[u8]) -> Result<Packet, DecodeError> {
    let mut decoder = Decoder::new(role, DecodeLimits::default());
    if !(role == Role::Server && bytes[0] >> 4 == 1) {
        decoder.set_version(version);
    }
    decoder.push(Bytes::copy_from_slice(bytes));
    decoder.next().map(|packet| packet.expect("the bytes should be a whole packet"))
}

/// The reason code and the sentence with which a packet is refused.
pub(crate) fn refusal(version: ProtocolVersion, first: u8, body: &[u8]) -> (ReasonCode, String) {
    let error = decode(version, &packet(first, body)).expect_err("this packet should be refused");
    (error.reason(), error.to_string())
}

pub(crate) fn encode(version: ProtocolVersion, packet: &Packet) -> Vec<u8> {
    let mut out = BytesMut::new();
    packet.encode(version, &mut out).unwrap();
    out.to_vec()
}

/// Checks that the packet and the bytes are each other's.
pub(crate) fn assert_wire(version: ProtocolVersion, packet: &Packet, bytes: &[u8]) {
    assert_eq!(encode(version, packet), bytes, "{packet:?}");
    assert_eq!(decode(version, bytes).as_ref(), Ok(packet));
}

pub(crate) fn string(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap()
}

pub(crate) fn topic(text: &str) -> TopicName {
    TopicName::try_from(text).unwrap()
}

pub(crate) fn filter(text: &str) -> TopicFilter {
    TopicFilter::try_from(text).unwrap()
}

pub(crate) fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

/// One User Property, `k` = `v`.
pub(crate) fn user() -> UserProperties {
    UserProperties::from_iter([(string("k"), string("v"))])
}

/// That property on the wire.
pub(crate) const USER: &[u8] = b"\x26\x00\x01k\x00\x01v";
