//! A message encoded once for all receivers that get the same bytes.

use bytes::BytesMut;
use lacewing_protocol::{EncodeError, ProtocolVersion, PublishLayout, PublishRef, QoS};

/// What makes the bytes of a PUBLISH differ between receivers without Subscription Identifiers; the Packet Identifier
/// is written over a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) version: ProtocolVersion,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
}

/// The shapes of one message.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    /// The encoded shapes one after the other.
    bytes: BytesMut,
    known: Vec<(Shape, Encoded)>,
}

/// Where an encoded shape is.
#[derive(Debug, Clone, Copy)]
struct Encoded {
    start: usize,
    end: usize,
    layout: PublishLayout,
}

impl Shapes {
    /// Forgets the former message.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.known.clear();
    }

    /// Appends `packet`, whose shape is `shape`, to `out`; only its head with `head_only`.
    ///
    /// # Errors
    /// See [`PublishRef::encode`].
    pub(crate) fn copy(
        &mut self,
        shape: Shape,
        packet: &PublishRef<'_>,
        head_only: bool,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let known = self.known.iter().find(|(known, _)| *known == shape).map(|(_, encoded)| *encoded);
        let encoded = match known {
            Some(encoded) => encoded,
            None => self.encode(shape, packet, head_only)?,
        };
        let at = out.len();
        out.extend_from_slice(&self.bytes[encoded.start..encoded.end]);
        if let (Some(id), Some(id_at)) = (packet.packet_id, encoded.layout.packet_id_at) {
            let id_at = at + id_at as usize;
            out[id_at..id_at + 2].copy_from_slice(&id.value().to_be_bytes());
        }
        Ok(())
    }

    fn encode(
        &mut self,
        shape: Shape,
        packet: &PublishRef<'_>,
        head_only: bool,
    ) -> Result<Encoded, EncodeError> {
        let start = self.bytes.len();
        let layout = match head_only {
            true => packet.encode_head(shape.version, &mut self.bytes)?,
            false => packet.encode(shape.version, &mut self.bytes)?,
        };
        let encoded = Encoded { start, end: self.bytes.len(), layout };
        self.known.push((shape, encoded));
        Ok(encoded)
    }
}
