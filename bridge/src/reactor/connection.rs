//! One socket: what is known about it and how it is written. Small, because there are many idle ones.

use std::io::{self, IoSlice, Write};

use bytes::{Buf, Bytes, BytesMut};
use lacewing_broker::{Batch, ConnId};
use mio::net::TcpStream;

use super::websocket::{Header, WebSocket, binary_header};
use crate::hub::Role;

/// Slices given to one write.
const SLICES: usize = 64;

/// A connected socket.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The socket, non-blocking.
    pub(crate) socket: TcpStream,
    /// Its number in the hub.
    pub(crate) id: ConnId,
    /// What is at the other end.
    pub(crate) role: Role,
    /// How far it is.
    pub(crate) phase: Phase,
    /// The system may have bytes for us, or the end of the stream.
    pub(crate) readable: bool,
    /// The other end has ended its direction: a short read is not the last one.
    pub(crate) hung_up: bool,
    /// The hub wants nothing to be read.
    pub(crate) paused: bool,
    /// It waits in the queue of sockets to read.
    pub(crate) queued_to_read: bool,
    /// It waits in the queue of sockets to write.
    pub(crate) queued_to_write: bool,
    /// The hub was told that it opened, and not yet that it closed.
    pub(crate) known: bool,
    /// The framing, of a WebSocket.
    pub(crate) websocket: Option<Box<WebSocket>>,
    /// What the socket did not take: it is written before anything else once the socket is writable. Boxed, because
    /// few connections ever have any.
    leftover: Option<Box<Bytes>>,
}

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Bytes move.
    Open,
    /// What is left goes out; what comes in is ignored. Then the socket is drained, or closed at once.
    Flushing {
        /// The other end may still be sending.
        drain: bool,
    },
    /// Our direction has ended. What comes is thrown away for a moment, so that the last packet is not lost to a reset.
    Draining,
}

impl Connection {
    /// A connection whose hub knows about it.
    pub(crate) fn new(socket: TcpStream, id: ConnId, role: Role, websocket: Option<WebSocket>) -> Self {
        Self {
            socket,
            id,
            role,
            phase: Phase::Open,
            readable: false,
            hung_up: false,
            paused: false,
            queued_to_read: false,
            queued_to_write: false,
            known: true,
            websocket: websocket.map(Box::new),
            leftover: None,
        }
    }

    /// Whether the socket takes no more for now.
    pub(crate) fn is_blocked(&self) -> bool {
        self.leftover.is_some()
    }

    /// Whether what is left goes out before the end.
    pub(crate) fn is_flushing(&self) -> bool {
        matches!(self.phase, Phase::Flushing { .. })
    }

    /// Writes what an earlier write left, and a WebSocket's control frames. False when the socket takes no more.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        if !self.flush_leftover()? {
            return Ok(false);
        }
        if let Some(websocket) = &mut self.websocket
            && websocket.has_replies()
        {
            self.leftover = Some(Box::new(websocket.take_replies()));
        }
        self.flush_leftover()
    }

    /// Writes what an earlier write left. False when the socket takes no more.
    pub(crate) fn flush_leftover(&mut self) -> io::Result<bool> {
        let Some(leftover) = &mut self.leftover else { return Ok(true) };
        write_bytes(&mut self.socket, leftover)?;
        if leftover.is_empty() {
            self.leftover = None;
        }
        Ok(!self.is_blocked())
    }

    /// Writes the whole batch, as one message on a WebSocket. What the socket does not take is kept.
    pub(crate) fn write(&mut self, batch: &mut Batch) -> io::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let header = self.websocket.as_ref().map_or(Header::default(), |_| binary_header(batch.len()));
        let mut head = header.as_ref();
        while !head.is_empty() || !batch.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for chunk in
                Some(head).filter(|head| !head.is_empty()).into_iter().chain(batch.chunks()).take(SLICES)
            {
                slices[count] = IoSlice::new(chunk);
                count += 1;
            }
            let written = match self.socket.write_vectored(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.keep(head, batch);
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let of_head = written.min(head.len());
            head = &head[of_head..];
            batch.advance(written - of_head);
        }
        Ok(())
    }

    fn keep(&mut self, head: &[u8], batch: &mut Batch) {
        let mut left = BytesMut::with_capacity(head.len() + batch.len());
        left.extend_from_slice(head);
        for chunk in batch.chunks() {
            left.extend_from_slice(chunk);
        }
        batch.clear();
        self.leftover = Some(Box::new(left.freeze()));
    }
}

/// Writes as much as the socket takes.
fn write_bytes(socket: &mut TcpStream, bytes: &mut Bytes) -> io::Result<()> {
    while !bytes.is_empty() {
        match socket.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes.advance(written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        // 40 in a release build: mio keeps eight bytes of its own for debug assertions.
        assert!(size_of::<Connection>() <= 48, "{} bytes", size_of::<Connection>());
    }
}
