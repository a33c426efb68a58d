//! One socket: what is known about it and how it is written. Small, because there are many idle ones.

use std::io::{self, IoSlice, Write};

use bytes::{Buf, Bytes, BytesMut};
use lacewing_broker::{Batch, ConnId};
use mio::net::TcpStream;

use super::handshakes::Tls;
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
    /// The records, of a connection with TLS.
    pub(crate) tls: Option<Box<Tls>>,
    /// The framing, of a WebSocket.
    pub(crate) websocket: Option<Box<WebSocket>>,
    /// What the socket did not take: it is written before anything else once the socket is writable. Boxed, because
    /// few connections ever have any.
    leftover: Option<Box<Bytes>>,
}

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Bytes move, and none has come yet.
    New,
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
    /// A connection whose hub knows about it, unless it has to be greeted first.
    pub(crate) fn new(
        socket: TcpStream,
        id: ConnId,
        role: Role,
        tls: Option<Tls>,
        websocket: Option<WebSocket>,
    ) -> Self {
        Self {
            socket,
            id,
            role,
            phase: Phase::New,
            readable: false,
            hung_up: false,
            paused: false,
            queued_to_read: false,
            queued_to_write: false,
            known: tls.as_ref().is_none_or(|tls| !tls.is_greeting()),
            tls: tls.map(Box::new),
            websocket: websocket.map(Box::new),
            leftover: None,
        }
    }

    /// Whether the socket takes no more for now.
    pub(crate) fn is_blocked(&self) -> bool {
        self.leftover.is_some()
    }

    /// Whether bytes move.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::New | Phase::Open)
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
        let replies = self.websocket.as_mut().filter(|websocket| websocket.has_replies());
        let replies = replies.map(|websocket| websocket.take_replies());
        match &mut self.tls {
            Some(tls) if replies.is_some() || tls.session.has_outgoing() => {
                let records = tls.session.encrypt(&replies.unwrap_or_default()).map_err(io::Error::other)?;
                self.leave_to_write(records.into());
            }
            Some(_) => {}
            None => replies.into_iter().for_each(|replies| self.leave_to_write(replies)),
        }
        self.flush_leftover()
    }

    /// Has `bytes` written before anything else. Nothing else may be left.
    pub(crate) fn leave_to_write(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.leftover = Some(Box::new(bytes));
        }
    }

    /// Says that nothing more comes from here, where TLS has words for it. False when the socket takes no more.
    pub(crate) fn end(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(true) };
        tls.session.close();
        self.flush()
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
        if self.tls.is_some() {
            return self.write_records(header, batch);
        }
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

    /// The same in records: all of them are made, and those that the socket does not take are kept.
    fn write_records(&mut self, header: Header, batch: &mut Batch) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        // One slice makes few records of many small chunks.
        let plain = gathered(header.as_ref(), batch);
        let records = tls.session.encrypt(&plain).map_err(io::Error::other)?;
        self.leave_to_write(records.into());
        self.flush_leftover().map(drop)
    }

    fn keep(&mut self, head: &[u8], batch: &mut Batch) {
        let left = gathered(head, batch);
        self.leave_to_write(left);
    }
}

/// A header and the whole batch in one piece.
fn gathered(head: &[u8], batch: &mut Batch) -> Bytes {
    let mut bytes = BytesMut::with_capacity(head.len() + batch.len());
    bytes.extend_from_slice(head);
    for chunk in batch.chunks() {
        bytes.extend_from_slice(chunk);
    }
    batch.clear();
    bytes.freeze()
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
        // 48 in a release build: mio keeps eight bytes of its own for debug assertions.
        assert!(size_of::<Connection>() <= 56, "{} bytes", size_of::<Connection>());
    }
}
