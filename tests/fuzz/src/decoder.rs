//! A peer that sends anything, in pieces of any size: the decoder never panics, gives the same packets however the
//! stream is cut, and what it understood it also writes.

use bytes::{Bytes, BytesMut};
use lacewing_protocol::{DecodeError, DecodeLimits, Decoder, Packet, ProtocolVersion, Role};

/// One stream: a byte for version and role, a byte for the size of the pieces, then the stream.
pub fn run(data: &[u8]) {
    let [choice, piece, stream @ ..] = data else { return };
    let version =
        [ProtocolVersion::V3_1, ProtocolVersion::V3_1_1, ProtocolVersion::V5_0][usize::from(choice & 3) % 3];
    let role = [Role::Server, Role::Client, Role::Any][usize::from(choice >> 2 & 3) % 3];
    let told = (choice & 0x80 != 0 || role != Role::Server).then_some(version);
    let (whole, error) = packets(role, told, stream.chunks(usize::MAX));
    let (pieces, error_in_pieces) = packets(role, told, stream.chunks(usize::from(*piece).max(1)));
    assert_eq!(whole, pieces);
    assert_eq!(error, error_in_pieces);
    for (version, packet) in whole {
        let mut bytes = BytesMut::new();
        packet.encode(version, &mut bytes).expect("what was decoded can be encoded");
        assert_eq!(packet.encoded_len(version), Ok(bytes.len() as u32));
        let (again, _) = packets(Role::Any, Some(version), std::iter::once(&bytes[..]));
        assert_eq!(again, [(version, packet)]);
    }
}

/// What comes out of a decoder that is given these pieces, each packet with the version it was read in.
fn packets<'a>(
    role: Role,
    told: Option<ProtocolVersion>,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (Vec<(ProtocolVersion, Packet)>, Option<DecodeError>) {
    let mut decoder = Decoder::new(role, DecodeLimits { max_packet_size: 1 << 20 });
    if let Some(version) = told {
        decoder.set_version(version);
    }
    let mut packets = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next() {
                Ok(Some(packet)) => {
                    let version = decoder.version().expect("told, or read from the CONNECT");
                    assert!(!packet.to_string().is_empty());
                    packets.push((version, packet));
                }
                Ok(None) => break,
                Err(error) => {
                    assert!(error.reason().is_error());
                    return (packets, Some(error));
                }
            }
        }
    }
    (packets, None)
}
