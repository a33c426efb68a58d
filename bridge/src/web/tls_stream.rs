//! A TLS connection for the HTTP side: a socket and its session, read and written as plain bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::tls::{self, Session};

/// Bytes that are read at a time.
const READ_SIZE: usize = 16 << 10;
/// Plain bytes that are encrypted at a time.
const WRITE_SIZE: usize = 16 << 10;

/// The plain side of a TLS connection whose handshake is done.
pub(super) struct TlsStream {
    socket: TcpStream,
    session: Session,
    /// Received and not read yet.
    plain: BytesMut,
    /// Encrypted and not sent yet.
    records: BytesMut,
}

impl TlsStream {
    /// Greets the other end of `socket`. An error says in words why that came to nothing; the other end has got an alert.
    pub(super) async fn greet(socket: TcpStream, config: Arc<ServerConfig>) -> Result<Self, String> {
        let session = Session::new(config).map_err(|error| error.to_string())?;
        let mut stream = Self { socket, session, plain: BytesMut::new(), records: BytesMut::new() };
        let broken = |error: io::Error| error.to_string();
        while stream.session.is_handshaking() {
            let mut bytes = BytesMut::with_capacity(READ_SIZE);
            if stream.socket.read_buf(&mut bytes).await.map_err(broken)? == 0 {
                return Err("it went away in the middle of its handshake".to_owned());
            }
            let received = stream.session.receive(bytes);
            let answer = stream.session.take_outgoing();
            stream.socket.write_all(&answer).await.map_err(broken)?;
            stream.plain = received.map_err(|error| tls::why(&error))?;
        }
        Ok(stream)
    }

    /// The TLS without the socket.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// The parts: what was received and not read is plain, what was not sent is in the session again.
    pub(super) fn into_parts(self) -> (TcpStream, Session, BytesMut) {
        let Self { socket, mut session, plain, records } = self;
        session.put_back(records.into());
        (socket, session, plain)
    }

    /// Sends what is encrypted.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.session.has_outgoing() {
            self.records.extend_from_slice(&self.session.take_outgoing());
        }
        while !self.records.is_empty() {
            let sent = ready!(Pin::new(&mut self.socket).poll_write(context, &self.records))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.records.advance(sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.plain.is_empty() && !this.session.has_ended() {
            let mut bytes = BytesMut::zeroed(READ_SIZE);
            let mut room = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.socket).poll_read(context, &mut room))?;
            let length = room.filled().len();
            if length == 0 {
                return Poll::Ready(Ok(()));
            }
            bytes.truncate(length);
            let received = this.session.receive(bytes);
            // An answer, or an alert; one that does not fit now goes before the next write.
            if let Poll::Ready(Err(error)) = this.poll_send(context) {
                return Poll::Ready(Err(error));
            }
            this.plain = received.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
        let length = this.plain.len().min(into.remaining());
        into.put_slice(&this.plain.split_to(length));
        if this.plain.is_empty() {
            this.plain = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_send(context))?;
        let piece = &bytes[..bytes.len().min(WRITE_SIZE)];
        let records = this.session.encrypt(piece).map_err(io::Error::other)?;
        this.records.extend_from_slice(&records);
        // What is encrypted counts as written: the socket gets the rest with the next call.
        match this.poll_send(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(piece.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.session.close();
        ready!(this.poll_send(context))?;
        Pin::new(&mut this.socket).poll_shutdown(context)
    }
}
