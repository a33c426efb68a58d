use super::*;

const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00";

fn server(max_packet_size: u32) -> Decoder {
    Decoder::new(Role::Server, DecodeLimits { max_packet_size })
}

/// A server's decoder that has seen a CONNECT of this version.
fn connected(version: ProtocolVersion) -> Decoder {
    let mut decoder = server(1024);
    decoder.set_version(version);
    decoder
}

fn error(decoder: &mut Decoder, bytes: &'static [u8]) -> DecodeError {
    decoder.push(Bytes::from_static(bytes));
    decoder.next().expect_err("these bytes should have been refused")
}

#[test]
fn a_publish_in_one_piece_is_made_of_slices_of_it() {
    let mut decoder = connected(ProtocolVersion::V3_1_1);
    let bytes = Bytes::from(b"\x30\x06\x00\x01tabc".to_vec());
    let range = bytes.as_ptr_range();
    decoder.push(bytes);
    let Ok(Some(Packet::Publish(publish))) = decoder.next() else { panic!("no PUBLISH") };
    let topic = publish.topic.unwrap();
    assert!(range.contains(&topic.as_bytes().as_ptr()));
    assert!(range.contains(&publish.payload.as_ptr()));
    assert_eq!((topic.as_str(), &*publish.payload), ("t", &b"abc"[..]));
}

#[test]
fn an_oversized_packet_is_refused_before_it_is_buffered() {
    let mut decoder = server(100);
    decoder.push(Bytes::from_static(CONNECT));
    assert!(decoder.next().unwrap().is_some());
    // A PUBLISH of 256 MiB: its fixed header is enough.
    let error = error(&mut decoder, b"\x30\xff\xff\xff\x7f");
    assert_eq!(
        error,
        DecodeError::PacketTooLarge { packet: PacketType::Publish, size: 268_435_460, limit: 100 }
    );
    assert_eq!(error.reason(), ReasonCode::PacketTooLarge);
    assert_eq!(error.to_string(), "PUBLISH of 268435460 bytes is larger than the 100 bytes accepted");
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn a_packet_of_exactly_the_limit_is_taken() {
    let mut decoder = server(15);
    decoder.push(Bytes::from_static(CONNECT));
    assert!(decoder.next().unwrap().is_some());
    let mut decoder = server(14);
    assert_eq!(error(&mut decoder, CONNECT).reason(), ReasonCode::PacketTooLarge);
}

#[test]
fn memory_grows_with_what_arrived_not_with_what_was_announced() {
    let mut decoder = Decoder::new(Role::Any, DecodeLimits::default());
    decoder.push(Bytes::from_static(b"\x30\xff\xff\xff\x7f"));
    assert_eq!(decoder.next(), Ok(None));
    assert!(decoder.partial.capacity() < 1024);
    assert_eq!(decoder.buffered(), 5);
}

#[test]
fn the_first_packet_must_be_connect() {
    // [MQTT-3.1.0-1]
    assert_eq!(
        error(&mut server(100), b"\xc0\x00"),
        DecodeError::ExpectedConnect { packet: PacketType::PingReq }
    );
}

#[test]
fn a_second_connect_is_a_protocol_error() {
    // [MQTT-3.1.0-2]
    let mut decoder = server(100);
    decoder.push(Bytes::from_static(CONNECT));
    assert!(decoder.next().unwrap().is_some());
    let error = error(&mut decoder, CONNECT);
    assert_eq!(error, DecodeError::SecondConnect);
    assert_eq!(error.reason(), ReasonCode::ProtocolError);
}

#[test]
fn each_end_refuses_packets_that_only_the_other_end_receives() {
    for first in [0x20, 0x90, 0xB0, 0xD0] {
        let mut decoder = connected(ProtocolVersion::V5_0);
        decoder.push(Bytes::copy_from_slice(&[first, 0]));
        assert!(matches!(decoder.next(), Err(DecodeError::WrongDirection { .. })), "{first:#x}");
    }
    for first in [0x10, 0x82, 0xA2, 0xC0] {
        let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
        decoder.set_version(ProtocolVersion::V5_0);
        decoder.push(Bytes::copy_from_slice(&[first, 0]));
        assert!(matches!(decoder.next(), Err(DecodeError::WrongDirection { .. })), "{first:#x}");
    }
}

#[test]
fn a_server_says_disconnect_only_in_5_0() {
    let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
    assert!(matches!(error(&mut decoder, b"\xe0\x00"), DecodeError::WrongDirection { .. }));
    let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
    decoder.set_version(ProtocolVersion::V5_0);
    decoder.push(Bytes::from_static(b"\xe0\x01\x8b"));
    assert!(matches!(decoder.next(), Ok(Some(Packet::Disconnect(_)))));
}

#[test]
fn reserved_packet_types_are_malformed() {
    let mut decoder = connected(ProtocolVersion::V3_1_1);
    assert_eq!(error(&mut decoder, b"\xf0\x00"), DecodeError::ReservedPacketType(15));
    let mut decoder = connected(ProtocolVersion::V5_0);
    assert_eq!(error(&mut decoder, b"\x00\x00"), DecodeError::ReservedPacketType(0));
}

#[test]
fn reserved_flags_are_checked_from_the_first_byte() {
    // [MQTT-2.1.3-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1], [MQTT-3.6.1-1], [MQTT-3.14.1-1]
    for first in 0x10..=0xFF_u8 {
        let packet = PacketType::from_number(first >> 4).unwrap();
        let mut decoder = Decoder::new(Role::Any, DecodeLimits::default());
        decoder.set_version(ProtocolVersion::V5_0);
        decoder.push(Bytes::copy_from_slice(&[first]));
        let fine = packet.reserved_flags().is_none_or(|flags| flags == first & 0x0F);
        assert_eq!(decoder.next().is_ok(), fine, "{first:#x}");
    }
}

#[test]
fn mqtt_3_1_repeats_pubrel_with_dup() {
    let mut decoder = connected(ProtocolVersion::V3_1);
    decoder.push(Bytes::from_static(b"\x6a\x02\x00\x01"));
    assert!(matches!(decoder.next(), Ok(Some(Packet::PubRel(_)))));
}

#[test]
fn a_remaining_length_in_a_longer_form_than_needed_is_refused_in_5_0_only() {
    // [MQTT-1.5.5-1]
    let mut decoder = connected(ProtocolVersion::V3_1_1);
    decoder.push(Bytes::from_static(b"\xc0\x80\x00"));
    assert_eq!(decoder.next(), Ok(Some(Packet::PingReq)));
    let mut decoder = connected(ProtocolVersion::V5_0);
    assert_eq!(error(&mut decoder, b"\xc0\x80\x00").reason(), ReasonCode::MalformedPacket);
}

#[test]
fn a_remaining_length_of_five_bytes_is_malformed() {
    let error = error(&mut connected(ProtocolVersion::V3_1_1), b"\x30\x80\x80\x80\x80\x01");
    assert_eq!(error, DecodeError::RemainingLengthTooLong { packet: PacketType::Publish });
}

#[test]
fn after_an_error_there_is_only_that_error() {
    let mut decoder = connected(ProtocolVersion::V5_0);
    let first = error(&mut decoder, b"\x00\x00");
    assert_eq!(error(&mut decoder, b"\xc0\x00"), first);
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn bytes_pushed_before_the_packets_were_taken_keep_their_order() {
    let mut decoder = connected(ProtocolVersion::V3_1_1);
    for byte in *b"\xc0\x00\x30\x04\x00\x01ta\xe0\x00" {
        decoder.push(Bytes::copy_from_slice(&[byte]));
    }
    assert_eq!(decoder.next(), Ok(Some(Packet::PingReq)));
    assert!(matches!(decoder.next(), Ok(Some(Packet::Publish(_)))));
    assert!(matches!(decoder.next(), Ok(Some(Packet::Disconnect(_)))));
    assert_eq!(decoder.next(), Ok(None));
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn the_version_is_known_even_when_the_connect_is_then_refused() {
    let mut decoder = server(100);
    // The reserved connect flag is set.
    assert_eq!(
        error(&mut decoder, b"\x10\x0d\x00\x04MQTT\x05\x03\x00\x3c\x00\x00\x00").reason(),
        ReasonCode::MalformedPacket
    );
    assert_eq!(decoder.version(), Some(ProtocolVersion::V5_0));
}
