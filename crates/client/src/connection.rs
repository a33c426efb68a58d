//! What lasts as long as one connection.

use bytes::BytesMut;
use lacewing_protocol::{ConnAckProperties, DecodeLimits, Decoder, Packet, ProtocolVersion, QoS, Role};

use crate::incoming::Aliases;
use crate::keep_alive::KeepAlive;
use crate::options::Options;
use crate::outgoing::Accepts;

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) version: ProtocolVersion,
    pub(crate) decoder: Decoder,
    /// Encoded and not yet taken by the host.
    pub(crate) wire: BytesMut,
    pub(crate) aliases: Aliases,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) accepts: Accepts,
    pub(crate) receive_maximum: u16,
    /// The longest packet the server takes.
    maximum_packet_size: usize,
}

/// A packet that cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsendable {
    TooLarge,
    Invalid,
}

impl Connection {
    pub(crate) fn new(now: u64, options: &Options) -> Self {
        let limits = DecodeLimits { max_packet_size: options.maximum_packet_size.max(2) };
        let mut decoder = Decoder::new(Role::Client, limits);
        decoder.set_version(options.version);
        Self {
            version: options.version,
            decoder,
            wire: BytesMut::new(),
            aliases: Aliases::new(if options.version.is_v5() { options.topic_alias_maximum } else { 0 }),
            keep_alive: KeepAlive::new(now, 0, options.ping_timeout),
            accepts: Accepts { maximum_qos: QoS::ExactlyOnce, retain: true },
            receive_maximum: u16::MAX,
            maximum_packet_size: usize::MAX,
        }
    }

    /// The server accepted the connection under these terms.
    pub(crate) fn accepted(
        &mut self,
        now: u64,
        properties: &ConnAckProperties,
        keep_alive_s: u16,
        options: &Options,
    ) {
        self.keep_alive = KeepAlive::new(now, keep_alive_s, options.ping_timeout);
        self.accepts = Accepts {
            maximum_qos: properties.maximum_qos.unwrap_or(QoS::ExactlyOnce),
            retain: properties.retain_available.unwrap_or(true),
        };
        self.receive_maximum = properties.receive_maximum.map_or(u16::MAX, |maximum| maximum.get());
        self.maximum_packet_size = properties
            .maximum_packet_size
            .map_or(usize::MAX, |size| usize::try_from(size.get()).unwrap_or(usize::MAX));
    }

    /// Puts a packet behind those that wait for the host, or leaves everything as it was.
    pub(crate) fn send(&mut self, packet: &Packet) -> Result<(), Unsendable> {
        let before = self.wire.len();
        let encoded = packet.encode(self.version, &mut self.wire);
        if encoded.is_ok() && self.wire.len() - before <= self.maximum_packet_size {
            return Ok(());
        }
        self.wire.truncate(before);
        Err(if encoded.is_ok() { Unsendable::TooLarge } else { Unsendable::Invalid })
    }
}
