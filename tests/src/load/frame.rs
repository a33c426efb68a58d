//! A PUBLISH that is written once and patched for each message.

use bytes::BytesMut;
use lacewing_protocol::{Packet, PacketId, QoS};

use super::Load;
use crate::device;

/// What the first 16 bytes of each payload say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// When it was sent, nanoseconds since the load began.
    pub(super) time: u64,
    /// Whose it is.
    pub(super) publisher: u32,
    /// Its number among those of its publisher, from 0.
    pub(super) number: u32,
}

impl Head {
    const LENGTH: usize = 16;

    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::LENGTH] = payload.first_chunk()?;
        let whole = u128::from_be_bytes(*bytes);
        Some(Self { time: (whole >> 64) as u64, publisher: (whole >> 32) as u32, number: whole as u32 })
    }

    fn bytes(self) -> [u8; Self::LENGTH] {
        let whole = u128::from(self.time) << 64 | u128::from(self.publisher) << 32 | u128::from(self.number);
        whole.to_be_bytes()
    }
}

/// A message of one topic.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: BytesMut,
    packet_id: Option<usize>,
    payload: usize,
}

impl Frame {
    pub(super) fn new(load: &Load, topic: &str) -> Self {
        Self::with_retain(load, topic, false)
    }

    pub(super) fn with_retain(load: &Load, topic: &str, retain: bool) -> Self {
        let mut publish = device::publish(topic, &vec![0; load.payload.max(Head::LENGTH)]);
        publish.qos = load.qos;
        publish.retain = retain;
        publish.packet_id = (load.qos != QoS::AtMostOnce).then_some(PacketId::MIN);
        let length = publish.payload.len();
        let mut bytes = BytesMut::new();
        Packet::Publish(publish).encode(load.version, &mut bytes).expect("a PUBLISH can be written");
        let payload = bytes.len() - length;
        // Between them stands, from 5.0 on, one byte: no properties.
        let packet_id = payload - 2 - usize::from(load.version.is_v5());
        Self { bytes, packet_id: (load.qos != QoS::AtMostOnce).then_some(packet_id), payload }
    }

    /// How many bytes it is.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The message of this number, the publisher's `number`th on its connection.
    pub(super) fn fill(&mut self, head: Head) -> &[u8] {
        if let Some(at) = self.packet_id {
            let id = (head.number % u32::from(u16::MAX)) as u16 + 1;
            self.bytes[at..at + 2].copy_from_slice(&id.to_be_bytes());
        }
        self.bytes[self.payload..self.payload + Head::LENGTH].copy_from_slice(&head.bytes());
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use lacewing_protocol::{DecodeLimits, Decoder, ProtocolVersion, Role};

    use super::super::packets::{Arrived, read, split};
    use super::*;

    #[test]
    fn a_patched_frame_is_the_message_it_says() {
        for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5_0] {
            let load = Load { version, qos: QoS::AtLeastOnce, ..Load::new(0) };
            let mut frame = Frame::with_retain(&load, "load/7", true);
            let head = Head { time: 9, publisher: 3, number: 65_535 };
            let bytes = bytes::Bytes::copy_from_slice(frame.fill(head));
            let (first, body, _) = split(&bytes).unwrap();
            let arrived = read(first, body, version.is_v5());
            assert_eq!(arrived, Ok(Arrived::Message { qos: 1, retain: true, id: [0, 1], head }));
            let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
            decoder.set_version(version);
            decoder.push(bytes);
            let Ok(Some(Packet::Publish(publish))) = decoder.next() else { panic!() };
            assert_eq!(publish.packet_id, Some(PacketId::MIN));
            assert_eq!((publish.payload.len(), Head::read(&publish.payload)), (64, Some(head)));
        }
    }
}
