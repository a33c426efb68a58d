//! The other end of a transport: keeps what it said, to know what may be said to it.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use bytes::Bytes;
use lacewing_broker::ConnId;
use lacewing_protocol::{DecodeLimits, Decoder, Packet, ProtocolVersion, Role};

/// A client, or what pretends to be one.
pub(super) struct Peer {
    pub(super) conn: ConnId,
    /// Reads along what it says, as a server would.
    said: Decoder,
    /// Reads what it is told, once it is known in which version.
    heard: Option<Decoder>,
    /// It takes what is there for it.
    pub(super) reads: bool,
    /// There is something for it to take.
    pub(super) ready: bool,
    /// The broker wants the transport closed.
    pub(super) closing: bool,
    /// How much it takes in one piece.
    pub(super) piece: usize,
    largest: u32,
    /// How many topic aliases it takes, and those it was told of.
    alias_maximum: u16,
    aliases: BTreeSet<u16>,
    /// It called itself the witness.
    pub(super) is_impostor: bool,
}

impl Peer {
    pub(super) fn new(conn: ConnId, piece: usize) -> Self {
        let said = Decoder::new(Role::Server, DecodeLimits::default());
        let largest = DecodeLimits::default().max_packet_size;
        Self {
            conn,
            said,
            heard: None,
            reads: true,
            ready: false,
            closing: false,
            piece,
            largest,
            alias_maximum: 0,
            aliases: BTreeSet::new(),
            is_impostor: false,
        }
    }

    /// The version it speaks, or would.
    pub(super) fn version(&self) -> ProtocolVersion {
        self.said.version().unwrap_or(ProtocolVersion::V5_0)
    }

    /// It says this.
    pub(super) fn says(&mut self, bytes: &[u8], witness: &str) {
        self.said.push(Bytes::copy_from_slice(bytes));
        while let Ok(Some(packet)) = self.said.next() {
            let Packet::Connect(connect) = packet else { continue };
            self.largest = connect.properties.maximum_packet_size.map_or(self.largest, NonZeroU32::get);
            self.alias_maximum = connect.properties.topic_alias_maximum.unwrap_or(0);
            self.is_impostor |= &*connect.client_id == witness;
        }
    }

    /// It is told this, which has to be what a client of its version understands.
    pub(super) fn hears(&mut self, bytes: Bytes) -> Vec<Packet> {
        if bytes.is_empty() {
            return Vec::new();
        }
        let limits = DecodeLimits { max_packet_size: self.largest };
        let said = self.said.version();
        let heard = self.heard.get_or_insert_with(|| {
            let mut decoder = Decoder::new(Role::Client, limits);
            // A CONNECT that names no version we know is answered as 5.0 has it if it is from the future (§3.1.2.2).
            let guess =
                if bytes.get(1) == Some(&2) { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5_0 };
            decoder.set_version(said.unwrap_or(guess));
            decoder
        });
        heard.push(bytes);
        let mut packets = Vec::new();
        loop {
            match heard.next() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(error) => panic!("{} ({said:?}) was sent what it cannot understand: {error}", self.conn),
            }
        }
        packets.iter().for_each(|packet| self.knows_the_alias(packet));
        packets
    }

    /// A topic alias it is sent is one it takes, and stands for something.
    fn knows_the_alias(&mut self, packet: &Packet) {
        let Packet::Publish(publish) = packet else { return };
        let Some(alias) = publish.properties.topic_alias else { return };
        assert!(alias.get() <= self.alias_maximum, "{} was sent the alias {alias}", self.conn);
        let is_known = !self.aliases.insert(alias.get());
        assert!(is_known || publish.topic.is_some(), "{} does not know the alias {alias}", self.conn);
    }
}
