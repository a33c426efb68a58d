//! Bytes over TCP, with or without TLS.

use std::io::{self, Read, Write};

use rustls::ClientConnection;

use super::tls::Trust;

/// How a load's clients reach their broker.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Plain TCP.
    Tcp,
    /// A WebSocket at `/mqtt`.
    WebSocket,
    /// TLS over TCP, with a certificate from someone who is trusted.
    Tls(Trust),
}

/// A socket `S`, and TLS over it where there is any.
#[derive(Debug)]
pub(super) struct Stream<S> {
    pub(super) socket: S,
    pub(super) tls: Option<Box<ClientConnection>>,
}

impl<S> Stream<S> {
    /// Whether all that has come is read by a read that fills less than it could.
    pub(super) fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    /// Whether records wait to be written.
    pub(super) fn is_writing(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }
}

impl<S: Read + Write> Read for Stream<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.read(bytes),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.socket).read(bytes),
        }
    }
}

impl<S: Read + Write> Write for Stream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.write(bytes),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.socket).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.socket).flush(),
        }
    }
}
