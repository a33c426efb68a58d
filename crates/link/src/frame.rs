//! The frames as bytes.

use bytes::{BufMut, Bytes, BytesMut};

use crate::config::Limits;
use crate::hello::{MAX_INFO, MAX_TOKEN};
use crate::open::{MAX_IDENTITY, MAX_PEER};
use crate::reason::MAX_TEXT;
use crate::{BrokerId, CloseReason, Hello, LinkError, Open, VERSION, varint};

const HELLO: u8 = 0x01;
const OPEN: u8 = 0x02;
const DATA: u8 = 0x03;
const CREDIT: u8 = 0x04;
const CLOSE: u8 = 0x05;
const RESET: u8 = 0x06;
const DONE: u8 = 0x07;
const PING: u8 = 0x08;
const PONG: u8 = 0x09;
const GOODBYE: u8 = 0x0a;

/// HELLO's flag bit for [`Hello::takeover`]; the others are ignored.
const TAKEOVER: u8 = 0x01;

/// No frame but DATA, HELLO and OPEN is longer: type, stream, code, text with its length.
pub(crate) const MAX_SHORT: usize = 1 + varint::MAX_LEN + 1 + 2 + MAX_TEXT;
/// No OPEN is longer: type, stream, listener, two texts with their lengths.
pub(crate) const MAX_OPEN: usize = 1 + varint::MAX_LEN + 1 + 2 + MAX_PEER + 2 + MAX_IDENTITY;
/// DATA without its bytes.
pub(crate) const DATA_HEAD: usize = 1 + 2 * varint::MAX_LEN;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Hello { hello: Hello, limits: Limits },
    Open { stream: u32, open: Open },
    Data { stream: u32, bytes: Bytes },
    Credit { stream: u32, bytes: u32 },
    Close { stream: u32, reason: CloseReason },
    Reset { stream: u32, reason: CloseReason },
    Done { stream: u32 },
    Ping,
    Pong,
    Goodbye { reason: CloseReason },
}

/// Takes a message apart, without copying DATA.
pub(crate) struct Reader {
    message: Bytes,
    at: usize,
}

impl Reader {
    pub(crate) fn new(message: Bytes) -> Self {
        Self { message, at: 0 }
    }

    /// The next frame, `None` at the end of the message.
    pub(crate) fn frame(&mut self) -> Result<Option<Frame>, LinkError> {
        if self.at == self.message.len() {
            return Ok(None);
        }
        let frame = match self.byte()? {
            HELLO => self.hello()?,
            OPEN => Frame::Open { stream: self.number()?, open: self.open()? },
            DATA => {
                let stream = self.number()?;
                let len = self.number()?;
                Frame::Data { stream, bytes: self.slice(len)? }
            }
            CREDIT => Frame::Credit { stream: self.number()?, bytes: self.number()? },
            CLOSE => Frame::Close { stream: self.number()?, reason: self.reason()? },
            RESET => Frame::Reset { stream: self.number()?, reason: self.reason()? },
            DONE => Frame::Done { stream: self.number()? },
            PING => Frame::Ping,
            PONG => Frame::Pong,
            GOODBYE => Frame::Goodbye { reason: self.reason()? },
            other => return Err(LinkError::UnknownFrame(other)),
        };
        Ok(Some(frame))
    }

    fn open(&mut self) -> Result<Open, LinkError> {
        let (listener, peer) = (self.byte()?.into(), self.text(MAX_PEER)?);
        let identity = Some(self.text(MAX_IDENTITY)?).filter(|identity| !identity.is_empty());
        Ok(Open { listener, peer, identity })
    }

    fn hello(&mut self) -> Result<Frame, LinkError> {
        let version = u16::from_be_bytes([self.byte()?, self.byte()?]);
        if version != VERSION {
            return Err(LinkError::Version { ours: VERSION, theirs: version });
        }
        let len = self.number()?;
        // Fields that a later build of this version appends are left unread.
        let mut body = Reader::new(self.slice(len)?);
        let mut broker = BrokerId::default();
        for byte in &mut broker.0 {
            *byte = body.byte()?;
        }
        let takeover = body.byte()? & TAKEOVER != 0;
        let limits = Limits {
            max_message: body.number()?,
            stream_credit: body.number()?,
            stream_reserve: body.number()?,
            connection_credit: body.number()?,
            max_streams: body.number()?,
        };
        let hello = Hello { broker, token: body.text(MAX_TOKEN)?, takeover, info: body.text(MAX_INFO)? };
        Ok(Frame::Hello { hello, limits: limits.checked()? })
    }

    fn reason(&mut self) -> Result<CloseReason, LinkError> {
        Ok(CloseReason { code: self.byte()?.into(), text: self.text(MAX_TEXT)? })
    }

    fn text(&mut self, max: usize) -> Result<String, LinkError> {
        let len = self.number()?;
        if len as usize > max {
            return Err(LinkError::Text("it is longer than its field allows"));
        }
        let bytes = self.slice(len)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(LinkError::Text("it is not UTF-8")),
        }
    }

    fn number(&mut self) -> Result<u32, LinkError> {
        let (value, len) = varint::read(&self.message[self.at..])?;
        self.at += len;
        Ok(value)
    }

    fn byte(&mut self) -> Result<u8, LinkError> {
        let byte = *self.message.get(self.at).ok_or(LinkError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    fn slice(&mut self, len: u32) -> Result<Bytes, LinkError> {
        let len = len as usize;
        if len > self.message.len() - self.at {
            return Err(LinkError::Truncated);
        }
        let slice = self.message.slice(self.at..self.at + len);
        self.at += len;
        Ok(slice)
    }
}

pub(crate) fn put_hello(out: &mut BytesMut, hello: &Hello, limits: &Limits) {
    let mut body = Vec::new();
    body.put_slice(&hello.broker.0);
    body.put_u8(if hello.takeover { TAKEOVER } else { 0 });
    varint::put(&mut body, limits.max_message);
    varint::put(&mut body, limits.stream_credit);
    varint::put(&mut body, limits.stream_reserve);
    varint::put(&mut body, limits.connection_credit);
    varint::put(&mut body, limits.max_streams);
    put_text(&mut body, &hello.token);
    put_text(&mut body, &hello.info);
    out.put_u8(HELLO);
    out.put_u16(VERSION);
    varint::put(out, body.len() as u32);
    out.put_slice(&body);
}

pub(crate) fn put_open(out: &mut BytesMut, stream: u32, open: &Open) {
    put_head(out, OPEN, stream);
    out.put_u8(open.listener.into());
    put_text(out, &open.peer);
    put_text(out, open.identity.as_deref().unwrap_or_default());
}

/// The head of DATA; `len` bytes have to follow.
pub(crate) fn put_data_head(out: &mut BytesMut, stream: u32, len: u32) {
    put_head(out, DATA, stream);
    varint::put(out, len);
}

pub(crate) fn put_credit(out: &mut BytesMut, stream: u32, bytes: u32) {
    put_head(out, CREDIT, stream);
    varint::put(out, bytes);
}

pub(crate) fn put_close(out: &mut BytesMut, stream: u32, reason: &CloseReason) {
    put_head(out, CLOSE, stream);
    put_reason(out, reason);
}

pub(crate) fn put_reset(out: &mut BytesMut, stream: u32, reason: &CloseReason) {
    put_head(out, RESET, stream);
    put_reason(out, reason);
}

pub(crate) fn put_done(out: &mut BytesMut, stream: u32) {
    put_head(out, DONE, stream);
}

pub(crate) fn put_ping(out: &mut BytesMut) {
    out.put_u8(PING);
}

pub(crate) fn put_pong(out: &mut BytesMut) {
    out.put_u8(PONG);
}

pub(crate) fn put_goodbye(out: &mut BytesMut, reason: &CloseReason) {
    out.put_u8(GOODBYE);
    put_reason(out, reason);
}

fn put_head(out: &mut BytesMut, kind: u8, stream: u32) {
    out.put_u8(kind);
    varint::put(out, stream);
}

fn put_reason(out: &mut BytesMut, reason: &CloseReason) {
    out.put_u8(reason.code.into());
    put_text(out, reason.wire_text());
}

fn put_text(out: &mut impl BufMut, text: &str) {
    varint::put(out, text.len() as u32);
    out.put_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CloseCode, Config, Listener};

    #[test]
    fn every_frame_comes_back_as_it_was_put() {
        let hello = Hello::new(BrokerId([9; 16])).with_token("t").with_takeover(true).with_info("{}");
        let limits = Limits::of(&Config::default());
        let open = Open::new(Listener::Other(200), "[::1]:50312");
        let named = Open::new(Listener::MqttTls, "[::1]:50314").with_identity(Some("sensor-7".to_owned()));
        let reason = CloseReason::new(CloseCode::Busy, "another tab has the devices");
        let mut out = BytesMut::new();
        put_hello(&mut out, &hello, &limits);
        put_open(&mut out, 300, &open);
        put_open(&mut out, 302, &named);
        put_data_head(&mut out, 300, 3);
        out.put_slice(b"abc");
        put_credit(&mut out, 301, 4096);
        put_close(&mut out, 1, &reason);
        put_reset(&mut out, 2, &CloseCode::Aborted.into());
        put_done(&mut out, 2);
        put_ping(&mut out);
        put_pong(&mut out);
        put_goodbye(&mut out, &reason);

        let mut reader = Reader::new(out.freeze());
        let mut frames = Vec::new();
        while let Some(frame) = reader.frame().unwrap() {
            frames.push(frame);
        }
        assert_eq!(
            frames,
            [
                Frame::Hello { hello, limits },
                Frame::Open { stream: 300, open },
                Frame::Open { stream: 302, open: named },
                Frame::Data { stream: 300, bytes: Bytes::from_static(b"abc") },
                Frame::Credit { stream: 301, bytes: 4096 },
                Frame::Close { stream: 1, reason: reason.clone() },
                Frame::Reset { stream: 2, reason: CloseCode::Aborted.into() },
                Frame::Done { stream: 2 },
                Frame::Ping,
                Frame::Pong,
                Frame::Goodbye { reason },
            ]
        );
    }

    #[test]
    fn data_is_a_slice_of_the_message() {
        let message = Bytes::from_static(b"\x03\x05\x04data");
        let Ok(Some(Frame::Data { bytes, .. })) = Reader::new(message.clone()).frame() else {
            panic!("DATA")
        };
        assert_eq!(bytes.as_ptr(), message[3..].as_ptr());
    }

    #[test]
    fn the_longest_texts_fit_the_bounds_of_their_frames() {
        let mut out = BytesMut::new();
        put_reset(&mut out, u32::MAX, &CloseReason::new(CloseCode::Ended, "x".repeat(1000)));
        assert_eq!(out.len(), MAX_SHORT);
        out.clear();
        let open = Open::new(Listener::Mqtt, "x".repeat(MAX_PEER));
        put_open(&mut out, u32::MAX, &open.with_identity(Some("x".repeat(MAX_IDENTITY))));
        assert_eq!(out.len(), MAX_OPEN);
    }

    #[test]
    fn a_text_is_cut_at_a_character() {
        let mut out = BytesMut::new();
        put_goodbye(&mut out, &CloseReason::new(CloseCode::Ended, "é".repeat(200) + "x"));
        let Ok(Some(Frame::Goodbye { reason })) = Reader::new(out.freeze()).frame() else {
            panic!("GOODBYE")
        };
        assert_eq!(reason.text, "é".repeat(128));
    }

    #[test]
    fn a_frame_that_is_cut_short_is_refused_at_every_byte() {
        let mut out = BytesMut::new();
        put_hello(
            &mut out,
            &Hello::new(BrokerId::default()).with_token("token"),
            &Limits::of(&Config::default()),
        );
        let whole = out.freeze();
        for len in 1..whole.len() {
            assert_eq!(Reader::new(whole.slice(..len)).frame(), Err(LinkError::Truncated), "{len} bytes");
        }
        assert_eq!(Reader::new(Bytes::from_static(b"\x03\x00\x05abc")).frame(), Err(LinkError::Truncated));
    }

    #[test]
    fn another_version_is_told_before_its_body_is_read() {
        let hello = Bytes::from_static(b"\x01\x00\x09");
        assert_eq!(Reader::new(hello).frame(), Err(LinkError::Version { ours: VERSION, theirs: 9 }));
    }

    #[test]
    fn bad_texts_and_types_are_refused() {
        assert!(matches!(
            Reader::new(Bytes::from_static(b"\x0a\x00\x01\xff")).frame(),
            Err(LinkError::Text(_))
        ));
        let mut long = vec![OPEN, 0, 0, 0x81, 0x02];
        long.resize(400, b'x');
        assert!(matches!(Reader::new(long.into()).frame(), Err(LinkError::Text(_))));
        assert_eq!(Reader::new(Bytes::from_static(b"\x0b")).frame(), Err(LinkError::UnknownFrame(0x0b)));
    }
}
