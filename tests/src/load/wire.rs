//! One socket of a load, with what was read and is to be written.

use std::io::{ErrorKind, Read, Write};

use bytes::{Bytes, BytesMut};
use lacewing_protocol::{AckType, Decoder, Packet, PacketId, ProtocolVersion, ReasonCode};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::device::Device;

/// Bytes of one read.
const PIECE: usize = 64 << 10;

/// A connected client.
#[derive(Debug)]
pub(super) struct Wire {
    socket: TcpStream,
    decoder: Decoder,
    version: ProtocolVersion,
    out: BytesMut,
}

impl Wire {
    /// The connection of a device that has said what it had to.
    pub(super) fn new(device: Device, registry: &Registry, token: Token) -> Self {
        let (socket, decoder, version) = device.into_parts();
        socket.set_nonblocking(true).expect("a socket option can be set");
        let mut socket = TcpStream::from_std(socket);
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut socket, token, interest).expect("a socket can be watched");
        Self { socket, decoder, version, out: BytesMut::new() }
    }

    /// Bytes that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Lets bytes wait to be written.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Lets an acknowledgement wait to be written.
    pub(super) fn acknowledge(&mut self, kind: AckType, id: PacketId) {
        lacewing_protocol::encode_ack(kind, id, ReasonCode::Success, self.version, &mut self.out);
    }

    /// Writes as much as the socket takes.
    pub(super) fn flush(&mut self) {
        while !self.out.is_empty() {
            match self.socket.write(&self.out) {
                Ok(written) => drop(self.out.split_to(written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("the broker ended a connection: {error}"),
            }
        }
    }

    /// Reads all there is.
    pub(super) fn read(&mut self, mut take: impl FnMut(&mut Self, Packet)) {
        let mut piece = [0; PIECE];
        loop {
            match self.socket.read(&mut piece) {
                Ok(0) => panic!("the broker ended a connection"),
                Ok(read) => self.decoder.push(Bytes::copy_from_slice(&piece[..read])),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("the broker ended a connection: {error}"),
            }
            while let Some(packet) = self.decoder.next().expect("what comes is MQTT") {
                take(self, packet);
            }
        }
    }
}
