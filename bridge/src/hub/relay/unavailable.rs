//! The answer to a CONNECT that no broker is there to read.

use bytes::{Bytes, BytesMut};
use lacewing_protocol::{ConnAck, DecodeLimits, Decoder, Packet, ReasonCode, Role};

/// The longest CONNECT that is understood here; a longer one is closed without an answer.
const CONNECT_MAX: u32 = 64 << 10;

/// Whether nothing more has to be read to answer: the packet is complete, or is none.
pub(crate) fn is_whole(said: &[u8]) -> bool {
    !matches!(first_packet(said), Ok(None))
}

/// CONNACK "server unavailable" in the version of the CONNECT (3.1.1: 3, 5.0: 0x88); none to anything else.
pub(crate) fn answer(said: &[u8]) -> Option<Bytes> {
    let Ok(Some(Packet::Connect(connect))) = first_packet(said) else { return None };
    let mut answer = BytesMut::new();
    let refusal = Packet::ConnAck(Box::new(ConnAck::new(false, ReasonCode::ServerUnavailable)));
    refusal.encode(connect.version, &mut answer).ok()?;
    Some(answer.freeze())
}

fn first_packet(said: &[u8]) -> Result<Option<Packet>, lacewing_protocol::DecodeError> {
    let mut decoder = Decoder::new(Role::Server, DecodeLimits { max_packet_size: CONNECT_MAX });
    decoder.push(Bytes::copy_from_slice(said));
    decoder.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECT_3_1_1: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a";
    const CONNECT_5_0: &[u8] = b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01a";

    #[test]
    fn each_version_gets_the_answer_it_knows() {
        assert_eq!(answer(CONNECT_3_1_1).unwrap(), &[0x20, 2, 0, 3][..]);
        assert_eq!(answer(CONNECT_5_0).unwrap(), &[0x20, 3, 0, 0x88, 0][..]);
    }

    #[test]
    fn what_is_no_connect_gets_none() {
        assert_eq!(answer(b""), None);
        assert_eq!(answer(&CONNECT_5_0[..9]), None);
        assert_eq!(answer(b"\xC0\x00"), None);
        assert_eq!(answer(b"GET / HTTP/1.1\r\n\r\n"), None);
    }

    #[test]
    fn reading_stops_when_the_answer_is_known() {
        assert!(!is_whole(b""));
        assert!(!is_whole(&CONNECT_5_0[..9]));
        assert!(is_whole(CONNECT_5_0));
        assert!(is_whole(b"\xC0\x00"));
        assert!(is_whole(b"\x10\xFF\xFF\xFF\x7F"));
    }
}
