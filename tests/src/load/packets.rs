//! MQTT packets as far as a load looks at them.

use super::frame::Head;

/// The packet at the start of `bytes`: its first byte, its body, and what comes after it. `None` when it is not all there.
pub(super) fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let mut length = 0;
    for (index, byte) in bytes.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            let (body, rest) = bytes[2 + index..].split_at_checked(length)?;
            return Some((bytes[0], body, rest));
        }
    }
    None
}

/// What arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived<'a> {
    /// A message, with its packet id where it has one.
    Message { qos: u8, retain: bool, id: [u8; 2], head: Head },
    /// PUBACK or PUBCOMP.
    Done,
    /// PUBREC of this packet id.
    Received([u8; 2]),
    /// PUBREL of this packet id.
    Released([u8; 2]),
    /// CONNACK, SUBACK or PINGRESP with its body.
    Other(u8, &'a [u8]),
}

/// Reads a packet.
///
/// # Errors
/// It is none that a client may be sent, or says that something was refused.
pub(super) fn read(first: u8, body: &[u8], is_v5: bool) -> Result<Arrived<'_>, String> {
    let id = || body.first_chunk().copied().ok_or("a packet without a packet id");
    let refused = body.get(2).filter(|reason| **reason >= 0x80);
    Ok(match first >> 4 {
        3 => return message(first, body, is_v5).ok_or_else(|| "a message that is too short".to_owned()),
        4 | 5 | 7 if refused.is_some() => return Err(format!("refused with reason {:#x}", body[2])),
        4 | 7 => Arrived::Done,
        5 => Arrived::Received(id()?),
        6 => Arrived::Released(id()?),
        kind @ (2 | 9 | 13) => Arrived::Other(kind, body),
        14 => return Err(format!("the broker says DISCONNECT, reason {:#x}", body.first().unwrap_or(&0))),
        kind => return Err(format!("the broker sends a packet of type {kind}")),
    })
}

fn message(first: u8, body: &[u8], is_v5: bool) -> Option<Arrived<'_>> {
    let topic = usize::from(u16::from_be_bytes(*body.first_chunk()?));
    let mut rest = body.get(2 + topic..)?;
    let (qos, mut id) = (first >> 1 & 3, [0; 2]);
    if qos > 0 {
        id = *rest.first_chunk()?;
        rest = &rest[2..];
    }
    if is_v5 {
        let mut length = 0;
        for shift in (0..28).step_by(7) {
            let (byte, after) = rest.split_first()?;
            rest = after;
            length |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        rest = rest.get(length..)?;
    }
    Some(Arrived::Message { qos, retain: first & 1 == 1, id, head: Head::read(rest)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_split_off_once_it_is_all_there() {
        let bytes = [&[0x30, 0x80, 0x01][..], &[7; 128], &[0xD0, 0]].concat();
        for length in 0..131 {
            assert_eq!(split(&bytes[..length]), None);
        }
        let (first, body, rest) = split(&bytes).unwrap();
        assert_eq!((first, body.len(), rest), (0x30, 128, &[0xD0, 0][..]));
    }

    #[test]
    fn refusals_are_errors() {
        assert_eq!(read(0x40, &[0, 1], true), Ok(Arrived::Done));
        assert!(read(0x40, &[0, 1, 0x97], true).is_err());
        assert_eq!(read(0x50, &[0, 9], false), Ok(Arrived::Received([0, 9])));
        assert!(read(0x10, &[], false).is_err());
    }
}
