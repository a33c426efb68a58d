//! The frames of a WebSocket (RFC 6455, §5), server side, sans-IO.
//!
//! A device's WebSocket is a stream: packets may span messages, so payload is handed on as it comes and no message is
//! ever held. A tab's WebSocket carries messages, which are put together up to a limit.

use std::io::Cursor;

use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::hub::Farewell;

/// The longest header of a frame.
const HEADER_MAX: usize = 14;
/// The longest payload of a control frame (§5.5).
const CONTROL_MAX: u64 = 125;

/// One end of a WebSocket.
#[derive(Debug)]
pub(crate) struct WebSocket {
    /// A header of which only a part has come.
    head: [u8; HEADER_MAX],
    head_len: u8,
    frame: Frame,
    /// A fragmented message is not complete yet.
    continues: bool,
    /// `None` for a stream of bytes, else the message that is being put together.
    message: Option<Box<Message>>,
    /// The payload of the control frame that is being read.
    control: Vec<u8>,
    /// Control frames to be sent, at most one pong and one close.
    replies: Replies,
}

/// The frame whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: Kind,
    last: bool,
    remaining: u64,
    mask: [u8; 4],
    masked: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Ping,
    Pong,
    Close,
}

#[derive(Debug)]
struct Message {
    bytes: BytesMut,
    max: usize,
}

#[derive(Debug, Default)]
struct Replies {
    pong: Option<Vec<u8>>,
    close: Option<Vec<u8>>,
    close_sent: bool,
}

/// Why a WebSocket has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Violation {
    /// The other end says goodbye, which is no offence.
    #[error("the WebSocket was closed")]
    Closed,
    /// Text where MQTT wants bytes [MQTT-6.0.0-1].
    #[error("text frames are not MQTT: send binary ones")]
    Text,
    /// The framing is broken.
    #[error("the WebSocket frames are broken: {0}")]
    Framing(&'static str),
    /// A message longer than this end puts together.
    #[error("a message of more than {0} bytes")]
    TooLong(usize),
}

impl Violation {
    /// What the other end is told (§7.4.1).
    pub(crate) fn farewell(&self) -> Farewell {
        let code = match self {
            Self::Closed => return Farewell::normal(),
            Self::Text => 1003,
            Self::Framing(_) => 1002,
            Self::TooLong(_) => 1009,
        };
        Farewell::new(code, self.to_string())
    }
}

impl WebSocket {
    /// One whose payload is a stream of bytes.
    pub(crate) fn stream() -> Self {
        Self::new(None)
    }

    /// One that carries messages of at most `max` bytes.
    pub(crate) fn messages(max: usize) -> Self {
        Self::new(Some(Box::new(Message { bytes: BytesMut::new(), max })))
    }

    fn new(message: Option<Box<Message>>) -> Self {
        let frame = Frame { kind: Kind::Data, last: true, remaining: 0, mask: [0; 4], masked: 0 };
        let replies = Replies::default();
        Self {
            head: [0; HEADER_MAX],
            head_len: 0,
            frame,
            continues: false,
            message,
            control: Vec::new(),
            replies,
        }
    }

    /// Takes what the socket gave and calls `sink` with payload: of a stream once at most, with all payload that is in
    /// `bytes`; of messages once for each that is complete.
    pub(crate) fn receive(
        &mut self,
        mut bytes: BytesMut,
        sink: &mut impl FnMut(Bytes),
    ) -> Result<(), Violation> {
        // Payload of a stream moves forward over the headers between its frames, so that it becomes one slice.
        let mut kept = 0;
        let result = self.frames(&mut bytes, &mut kept, sink);
        if kept > 0 {
            bytes.truncate(kept);
            sink(bytes.freeze());
        }
        result
    }

    /// Whether there are control frames to send.
    pub(crate) fn has_replies(&self) -> bool {
        self.replies.pong.is_some() || self.replies.close.is_some()
    }

    /// The control frames to send, before any further data.
    pub(crate) fn take_replies(&mut self) -> Bytes {
        let mut frames = Vec::new();
        if let Some(payload) = self.replies.pong.take() {
            frames.extend_from_slice(&[0x8A, payload.len() as u8]);
            frames.extend_from_slice(&payload);
        }
        if let Some(payload) = self.replies.close.take() {
            frames.extend_from_slice(&[0x88, payload.len() as u8]);
            frames.extend_from_slice(&payload);
        }
        frames.into()
    }

    /// Queues a close frame, unless one was sent.
    pub(crate) fn close(&mut self, farewell: &Farewell) {
        if std::mem::replace(&mut self.replies.close_sent, true) {
            return;
        }
        let reason = &farewell.reason[..farewell.reason.floor_char_boundary(CONTROL_MAX as usize - 2)];
        let mut payload = farewell.code.to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_bytes());
        self.replies.close = Some(payload);
    }

    fn frames(
        &mut self,
        bytes: &mut [u8],
        kept: &mut usize,
        sink: &mut impl FnMut(Bytes),
    ) -> Result<(), Violation> {
        let mut at = 0;
        while at < bytes.len() {
            if self.frame.remaining == 0 {
                match self.header(&bytes[at..])? {
                    Some(used) => at += used,
                    None => return Ok(()),
                }
            }
            let here = usize::try_from(self.frame.remaining).unwrap_or(usize::MAX).min(bytes.len() - at);
            self.frame.unmask(&mut bytes[at..at + here]);
            match (self.frame.kind, &mut self.message) {
                (Kind::Data, None) => {
                    bytes.copy_within(at..at + here, *kept);
                    *kept += here;
                }
                (Kind::Data, Some(message)) => {
                    if message.bytes.len() + here > message.max {
                        return Err(Violation::TooLong(message.max));
                    }
                    message.bytes.extend_from_slice(&bytes[at..at + here]);
                }
                _ => self.control.extend_from_slice(&bytes[at..at + here]),
            }
            at += here;
            if self.frame.remaining == 0 {
                self.end_of_frame(sink)?;
            }
        }
        Ok(())
    }

    /// Reads a header from what is kept of it and `bytes`; says how many of `bytes` it took, all if it is not complete.
    fn header(&mut self, bytes: &[u8]) -> Result<Option<usize>, Violation> {
        let had = usize::from(self.head_len);
        let more = bytes.len().min(HEADER_MAX - had);
        self.head[had..had + more].copy_from_slice(&bytes[..more]);
        let mut cursor = Cursor::new(&self.head[..had + more]);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Violation::Framing("an unknown opcode"))?;
        let Some((header, length)) = parsed else {
            self.head_len = (had + more) as u8;
            return Ok(None);
        };
        let used = cursor.position() as usize - had;
        self.head_len = 0;
        self.frame = self.checked(&header, length)?;
        Ok(Some(used))
    }

    fn checked(&mut self, header: &FrameHeader, length: u64) -> Result<Frame, Violation> {
        let Some(mask) = header.mask else { return Err(Violation::Framing("a client masks its frames")) };
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Violation::Framing("a reserved bit is set"));
        }
        if length >> 63 != 0 {
            return Err(Violation::Framing("a length of 64 bits"));
        }
        let kind = match header.opcode {
            OpCode::Data(Data::Text) => return Err(Violation::Text),
            OpCode::Data(Data::Binary) if self.continues => {
                return Err(Violation::Framing("a new message inside another"));
            }
            OpCode::Data(Data::Continue) if !self.continues => {
                return Err(Violation::Framing("a continuation of nothing"));
            }
            OpCode::Data(_) => Kind::Data,
            OpCode::Control(Control::Ping) => Kind::Ping,
            OpCode::Control(Control::Pong) => Kind::Pong,
            OpCode::Control(_) => Kind::Close,
        };
        if kind == Kind::Data {
            self.continues = !header.is_final;
        } else if !header.is_final || length > CONTROL_MAX {
            return Err(Violation::Framing("a control frame that is too long or fragmented"));
        }
        Ok(Frame { kind, last: header.is_final, remaining: length, mask, masked: 0 })
    }

    fn end_of_frame(&mut self, sink: &mut impl FnMut(Bytes)) -> Result<(), Violation> {
        match self.frame.kind {
            Kind::Data => {
                if let Some(message) = &mut self.message
                    && self.frame.last
                {
                    sink(message.bytes.split().freeze());
                }
            }
            // Of many pings the last is answered, which §5.5.3 allows.
            Kind::Ping => self.replies.pong = Some(std::mem::take(&mut self.control)),
            Kind::Pong => self.control = Vec::new(),
            Kind::Close => {
                self.control = Vec::new();
                return Err(Violation::Closed);
            }
        }
        Ok(())
    }
}

impl Frame {
    fn unmask(&mut self, bytes: &mut [u8]) {
        let turned = |by: u8| {
            let mut mask = self.mask;
            mask.rotate_left(usize::from(by % 4));
            mask
        };
        let mask = turned(self.masked);
        let wide =
            u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= key;
        }
        self.masked = (self.masked + (bytes.len() % 4) as u8) % 4;
        self.remaining -= bytes.len() as u64;
    }
}

/// The header of an unmasked binary message of `length` bytes.
pub(crate) fn binary_header(length: usize) -> Header {
    let mut bytes = [0; 10];
    bytes[0] = 0x82;
    let len = match length {
        0..=125 => {
            bytes[1] = length as u8;
            2
        }
        126..=0xFFFF => {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            bytes[1] = 127;
            bytes[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    Header { bytes, len }
}

/// What goes before a frame's payload; empty on a plain socket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Header {
    bytes: [u8; 10],
    len: u8,
}

impl AsRef<[u8]> for Header {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            len @ 0..=125 => frame.push(0x80 | len as u8),
            len => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(len as u16).to_be_bytes());
            }
        }
        frame.extend_from_slice(&MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
        frame
    }

    fn fed(socket: &mut WebSocket, bytes: &[u8], piece: usize) -> (Vec<Bytes>, Result<(), Violation>) {
        let mut got = Vec::new();
        for piece in bytes.chunks(piece) {
            if let Err(violation) = socket.receive(BytesMut::from(piece), &mut |bytes| got.push(bytes)) {
                return (got, Err(violation));
            }
        }
        (got, Ok(()))
    }

    #[test]
    fn a_streams_payload_is_one_slice_whatever_the_frames() {
        let long = vec![7; 300];
        let bytes = [masked(0x82, b"ab"), masked(0x02, b"cde"), masked(0x80, &long)].concat();
        let (got, result) = fed(&mut WebSocket::stream(), &bytes, usize::MAX >> 1);
        assert_eq!((got, result), (vec![Bytes::from([&b"abcde"[..], &long].concat())], Ok(())));
    }

    #[test]
    fn any_split_of_the_bytes_gives_the_same_payload() {
        let long: Vec<u8> = (0..200).collect();
        let bytes =
            [masked(0x82, b"hello"), masked(0x89, b"ping"), masked(0x02, &long), masked(0x80, b"!")].concat();
        for piece in 1..bytes.len() {
            let mut socket = WebSocket::stream();
            let (got, result) = fed(&mut socket, &bytes, piece);
            assert_eq!(result, Ok(()));
            assert_eq!(got.concat(), [&b"hello"[..], &long, b"!"].concat());
            assert_eq!(socket.take_replies(), &b"\x8A\x04ping"[..]);
        }
    }

    #[test]
    fn messages_are_put_together_up_to_their_limit() {
        let mut socket = WebSocket::messages(8);
        let bytes = [masked(0x02, b"one"), masked(0x80, b" 1"), masked(0x82, b"two")].concat();
        assert_eq!(fed(&mut socket, &bytes, 3).0, [&b"one 1"[..], b"two"]);
        assert_eq!(fed(&mut socket, &masked(0x82, &[0; 9]), 4).1, Err(Violation::TooLong(8)));
    }

    #[test]
    fn text_is_refused_with_1003() {
        let (_, result) = fed(&mut WebSocket::stream(), &masked(0x81, b"{}"), 1);
        assert_eq!(result.unwrap_err().farewell().code, 1003);
    }

    #[test]
    fn broken_frames_are_refused_with_1002() {
        let unmasked = [0x82, 0x01, b'a'].to_vec();
        let long_ping = masked(0x89, &[0; 126]);
        let continuation = masked(0x80, b"a");
        let nested = [masked(0x02, b"a"), masked(0x82, b"b")].concat();
        let reserved = masked(0xC2, b"a");
        let opcode = masked(0x83, b"a");
        for bytes in [unmasked, long_ping, continuation, nested, reserved, opcode] {
            let (_, result) = fed(&mut WebSocket::stream(), &bytes, usize::MAX >> 1);
            assert_eq!(result.unwrap_err().farewell().code, 1002, "{bytes:x?}");
        }
    }

    #[test]
    fn a_close_frame_is_said_once_with_its_reason() {
        let mut socket = WebSocket::stream();
        assert_eq!(fed(&mut socket, &masked(0x88, &[3, 232]), 9).1, Err(Violation::Closed));
        socket.close(&Farewell::new(4401, "wrong token"));
        socket.close(&Farewell::normal());
        assert_eq!(socket.take_replies(), &b"\x88\x0D\x11\x31wrong token"[..]);
        assert!(!socket.has_replies());
    }

    #[test]
    fn a_header_says_the_length_in_its_shortest_form() {
        assert_eq!(binary_header(125).as_ref(), [0x82, 125]);
        assert_eq!(binary_header(126).as_ref(), [0x82, 126, 0, 126]);
        assert_eq!(binary_header(65_536).as_ref(), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
