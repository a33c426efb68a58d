//! Encoding and decoding are each other's inverse, whatever the packet and however the stream is split; and no bytes,
//! however broken, do more than end in an error.

use bytes::{Bytes, BytesMut};
use lacewing_protocol::*;
use proptest::prelude::*;

use crate::arbitrary;

fn encoded(packet: &Packet, version: ProtocolVersion) -> BytesMut {
    let mut out = BytesMut::new();
    packet.encode(version, &mut out).unwrap();
    out
}

fn decoder(version: ProtocolVersion) -> Decoder {
    let mut decoder = Decoder::new(Role::Any, DecodeLimits::default());
    decoder.set_version(version);
    decoder
}

fn packets(decoder: &mut Decoder) -> Result<Vec<Packet>, DecodeError> {
    std::iter::from_fn(|| decoder.next().transpose()).collect()
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded_again((version, packet) in arbitrary::versioned_packet()) {
        let bytes = encoded(&packet, version);
        prop_assert_eq!(packet.encoded_len(version), Ok(bytes.len() as u32));
        let mut decoder = decoder(version);
        decoder.push(bytes.freeze());
        prop_assert_eq!(decoder.next(), Ok(Some(packet)));
        prop_assert_eq!(decoder.next(), Ok(None));
        prop_assert_eq!(decoder.buffered(), 0);
    }

    #[test]
    fn any_split_of_the_stream_gives_the_same_packets(
        (version, sent) in arbitrary::version().prop_flat_map(|version| {
            (Just(version), proptest::collection::vec(arbitrary::packet(version), 1..6))
        }),
        mut splits in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
        drain_late in any::<bool>(),
    ) {
        // Each CONNECT sets the version anew, to the same one.
        let stream = sent.iter().fold(BytesMut::new(), |mut stream, packet| {
            packet.encode(version, &mut stream).unwrap();
            stream
        });
        let stream = stream.freeze();
        splits.sort_by_key(|split| split.index(stream.len()));
        let mut decoder = decoder(version);
        let mut received = Vec::new();
        let mut start = 0;
        for end in splits.iter().map(|split| split.index(stream.len())).chain([stream.len()]) {
            decoder.push(stream.slice(start..end));
            start = end;
            if !drain_late {
                received.extend(packets(&mut decoder).unwrap());
            }
        }
        received.extend(packets(&mut decoder).unwrap());
        prop_assert_eq!(received, sent);
        prop_assert_eq!(decoder.buffered(), 0);
    }

    #[test]
    fn a_stream_byte_by_byte_gives_the_same_packet((version, packet) in arbitrary::versioned_packet()) {
        let mut decoder = decoder(version);
        let bytes = encoded(&packet, version).freeze();
        let (last, first) = bytes.split_last().unwrap();
        for byte in first {
            decoder.push(Bytes::copy_from_slice(&[*byte]));
            prop_assert_eq!(decoder.next(), Ok(None));
        }
        decoder.push(Bytes::copy_from_slice(&[*last]));
        prop_assert_eq!(decoder.next(), Ok(Some(packet)));
    }

    #[test]
    fn the_end_of_a_packet_cut_off_is_waited_for_not_guessed(
        (version, packet) in arbitrary::versioned_packet(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let bytes = encoded(&packet, version).freeze();
        let mut decoder = decoder(version);
        decoder.push(bytes.slice(..cut.index(bytes.len())));
        prop_assert_eq!(decoder.next(), Ok(None));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        version in arbitrary::version(),
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        told in any::<bool>(),
    ) {
        for role in [Role::Server, Role::Client, Role::Any] {
            let mut decoder = Decoder::new(role, DecodeLimits { max_packet_size: 1000 });
            if told {
                decoder.set_version(version);
            }
            decoder.push(Bytes::from(bytes.clone()));
            if let Err(error) = packets(&mut decoder) {
                prop_assert!(error.reason().is_error());
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn a_packet_with_flipped_bits_is_refused_or_encodes_to_what_it_decoded_to(
        (version, packet) in arbitrary::versioned_packet(),
        flips in proptest::collection::vec(any::<proptest::sample::Index>(), 1..4),
    ) {
        let mut bytes = encoded(&packet, version);
        let bits = bytes.len() * 8;
        for flip in flips {
            let bit = flip.index(bits);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        let mut first = decoder(version);
        first.push(bytes.freeze());
        while let Ok(Some(packet)) = first.next() {
            // A flipped CONNECT may have become one of another version.
            let version = first.version().unwrap();
            let again = encoded(&packet, version).freeze();
            let mut second = decoder(version);
            second.push(again);
            prop_assert_eq!(second.next(), Ok(Some(packet)));
        }
    }

    #[test]
    fn a_packet_that_cannot_be_encoded_leaves_the_buffer_alone((version, packet) in arbitrary::versioned_packet()) {
        let Packet::Publish(mut publish) = packet else { return Ok(()) };
        publish.packet_id = match publish.packet_id {
            Some(_) => None,
            None => PacketId::new(1),
        };
        let mut out = BytesMut::from(&b"before"[..]);
        prop_assert!(Packet::Publish(publish).encode(version, &mut out).is_err());
        prop_assert_eq!(&out[..], b"before");
    }

    #[test]
    fn every_packet_is_one_line_of_text((_, packet) in arbitrary::versioned_packet()) {
        let line = packet.to_string();
        prop_assert!(line.starts_with(packet.packet_type().name()));
        prop_assert!(!line.contains(char::is_control), "{}", line);
    }
}
