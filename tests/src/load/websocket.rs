//! The client's side of a WebSocket that carries MQTT.

use std::io::{self, Read, Write};

/// The kind of a frame with payload.
const BINARY: u8 = 2;
/// The longest answer to a handshake, in bytes.
const ANSWER: usize = 8 << 10;

/// Puts frames around what is sent, and takes them off what comes.
#[derive(Debug)]
pub(super) struct Framing {
    /// A frame of which only a part has come.
    partial: Vec<u8>,
    mask: u32,
}

impl Framing {
    /// Opens a WebSocket on `stream`, which blocks.
    pub(super) fn open(stream: &mut (impl Read + Write), port: u16) -> io::Result<Self> {
        write!(
            stream,
            "GET /mqtt HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: bGFjZXdpbmcncyBsb2FkLg==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: mqtt\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") && answer.len() < ANSWER {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.extend_from_slice(&byte);
        }
        if !answer.starts_with(b"HTTP/1.1 101 ") {
            let answer = String::from_utf8_lossy(&answer);
            return Err(io::Error::other(format!(
                "no WebSocket: {}",
                answer.lines().next().unwrap_or_default()
            )));
        }
        Ok(Self { partial: Vec::new(), mask: 0x5EED_1E55 })
    }

    /// Adds `payload` to `out` as one frame.
    pub(super) fn wrap(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        out.push(0x80 | BINARY);
        match payload.len() {
            length @ 0..126 => out.push(0x80 | length as u8),
            length @ 126..0x1_0000 => {
                out.push(0x80 | 126);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                out.push(0x80 | 127);
                out.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        // Another mask for each frame, as a browser has it, and made with next to nothing.
        self.mask = self.mask.wrapping_mul(0x9E37_79B1).wrapping_add(1);
        let mask = self.mask.to_ne_bytes();
        out.extend_from_slice(&mask);
        let start = out.len();
        out.extend_from_slice(payload);
        let wide = u64::from(self.mask) << 32 | u64::from(self.mask);
        let (words, rest) = out[start..].as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
    }

    /// Adds the payload of the frames in `bytes` to `payload`.
    pub(super) fn unwrap(&mut self, bytes: &[u8], payload: &mut Vec<u8>) -> Result<(), String> {
        self.partial.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((kind, header, length)) = header(&self.partial[at..]) {
            let Some(inside) = self.partial.get(at + header..at + header + length) else { break };
            match kind {
                0 | BINARY => payload.extend_from_slice(inside),
                8 => return Err("the broker closes the WebSocket".to_owned()),
                _ => {}
            }
            at += header + length;
        }
        self.partial.drain(..at);
        Ok(())
    }
}

/// Kind, length and length of payload of the frame at the start of `bytes`.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    let (header, length) = match second & 0x7F {
        126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*rest.first_chunk()?) as usize),
        length => (2, usize::from(length)),
    };
    Some((first & 0x0F, header, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_comes_out_of_frames_however_they_are_split() {
        let mut bytes = vec![0x82, 2, b'a', b'b', 0x89, 0, 0x82, 126, 1, 0];
        bytes.extend_from_slice(&[7; 256]);
        for piece in 1..bytes.len() {
            let (mut framing, mut payload) = (Framing { partial: Vec::new(), mask: 1 }, Vec::new());
            for piece in bytes.chunks(piece) {
                framing.unwrap(piece, &mut payload).unwrap();
            }
            assert_eq!(payload, [&b"ab"[..], &[7; 256]].concat());
        }
    }

    #[test]
    fn a_frame_is_masked_with_the_mask_it_says() {
        let mut framing = Framing { partial: Vec::new(), mask: 1 };
        let mut out = Vec::new();
        framing.wrap(b"hello world", &mut out);
        assert_eq!(out[..2], [0x82, 0x80 | 11]);
        let plain: Vec<u8> =
            out[6..].iter().zip(out[2..6].iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(plain, b"hello world");
    }
}
