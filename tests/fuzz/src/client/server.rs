//! Well-formed things for a server to say: few names and numbers, so that they meet.

use std::num::{NonZeroU16, NonZeroU32};

use bytes::{Bytes, BytesMut};
use lacewing_protocol::{
    Ack, AckProperties, ConnAck, ConnAckProperties, Disconnect, Packet, PacketId, PacketType,
    ProtocolVersion, Publish, PublishProperties, QoS, ReasonCode, SubAck, TopicName, UnsubAck, Utf8String,
};

use crate::choices::Choices;

/// A CONNACK, encoded.
pub(super) fn conn_ack(choices: &mut Choices<'_>, version: ProtocolVersion) -> Vec<u8> {
    let bits = choices.byte();
    let reason = if bits & 7 == 7 { reason(choices, PacketType::ConnAck) } else { ReasonCode::Success };
    let mut properties = ConnAckProperties::default();
    if bits & 16 != 0 {
        properties.receive_maximum = NonZeroU16::new(choices.one_of(&[1, 2, 3]));
        properties.maximum_packet_size = NonZeroU32::new(choices.one_of(&[2, 10, 40, 100]));
    }
    if bits & 32 != 0 {
        properties.maximum_qos = Some(choices.one_of(&[QoS::AtMostOnce, QoS::AtLeastOnce]));
        properties.retain_available = Some(choices.flag());
    }
    if bits & 64 != 0 {
        properties.server_keep_alive = Some(choices.one_of(&[0, 1, 5, 65_535]));
        properties.assigned_client_identifier = Utf8String::from_static("assigned").ok();
    }
    properties.session_expiry_interval = (bits & 128 != 0).then_some(7);
    let session_present = bits & 8 != 0 && !reason.is_error();
    encode(&Packet::ConnAck(Box::new(ConnAck { session_present, reason, properties })), version)
}

/// Any other packet that a server may send, encoded.
pub(super) fn packet(choices: &mut Choices<'_>, version: ProtocolVersion) -> Vec<u8> {
    let kind = choices.byte();
    let packet_id = id(kind >> 4);
    let mut ack = |packet| Ack::new(packet_id, reason(choices, packet));
    let packet = match kind & 15 {
        0 | 1 => Packet::PubAck(ack(PacketType::PubAck)),
        2 => Packet::PubRec(ack(PacketType::PubRec)),
        3 | 4 => Packet::PubRel(ack(PacketType::PubRel)),
        5 => Packet::PubComp(ack(PacketType::PubComp)),
        6..=10 => Packet::Publish(publish(packet_id, choices, version)),
        11 => sub_ack(packet_id, choices),
        12 => unsub_ack(packet_id, choices),
        13 => Packet::PingResp,
        14 => Packet::Disconnect(Box::new(Disconnect::new(reason(choices, PacketType::Disconnect)))),
        // One that only a client sends.
        _ => Packet::PingReq,
    };
    encode(&packet, version)
}

/// What an honest server answers, if it answers at all.
pub(super) fn answer(
    packet: &Packet,
    choices: &mut Choices<'_>,
    version: ProtocolVersion,
) -> Option<Vec<u8>> {
    let answer = match packet {
        Packet::Connect(_) => return Some(conn_ack(choices, version)),
        Packet::Publish(publish) => {
            let id = publish.packet_id?;
            match publish.qos {
                QoS::AtLeastOnce => Packet::PubAck(Ack::success(id)),
                _ => Packet::PubRec(Ack::success(id)),
            }
        }
        Packet::PubRec(ack) => Packet::PubRel(Ack::success(ack.packet_id)),
        Packet::PubRel(ack) => Packet::PubComp(Ack::success(ack.packet_id)),
        Packet::Subscribe(subscribe) => Packet::SubAck(SubAck {
            packet_id: subscribe.packet_id,
            reasons: subscribe.filters.iter().map(|(_, options)| ReasonCode::granted(options.qos)).collect(),
            properties: AckProperties::default(),
        }),
        Packet::Unsubscribe(unsubscribe) => Packet::UnsubAck(UnsubAck {
            packet_id: unsubscribe.packet_id,
            reasons: vec![ReasonCode::Success; unsubscribe.filters.len()],
            properties: AckProperties::default(),
        }),
        Packet::PingReq => Packet::PingResp,
        _ => return None,
    };
    Some(encode(&answer, version))
}

fn publish(packet_id: PacketId, choices: &mut Choices<'_>, version: ProtocolVersion) -> Publish {
    let bits = choices.byte();
    let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce][usize::from(bits & 3)];
    let mut properties = PublishProperties::new();
    let mut topic = TopicName::from_static(["a", "a/b"][usize::from(bits >> 7)]).ok();
    if version.is_v5() && bits & 8 != 0 {
        properties.topic_alias = NonZeroU16::new(u16::from(bits >> 4 & 3) + 1);
        topic = topic.filter(|_| bits & 64 == 0);
    }
    Publish {
        dup: bits & 4 != 0 && qos > QoS::AtMostOnce,
        qos,
        retain: bits & 16 != 0,
        topic,
        packet_id: Some(packet_id).filter(|_| qos > QoS::AtMostOnce),
        payload: Bytes::from_static(b"something"),
        properties,
    }
}

fn sub_ack(packet_id: PacketId, choices: &mut Choices<'_>) -> Packet {
    let count = usize::from(choices.byte() & 3).max(1);
    let reasons = (0..count).map(|_| reason(choices, PacketType::SubAck)).collect();
    Packet::SubAck(SubAck { packet_id, reasons, properties: AckProperties::default() })
}

fn unsub_ack(packet_id: PacketId, choices: &mut Choices<'_>) -> Packet {
    let count = usize::from(choices.byte() & 3).max(1);
    let reasons = (0..count).map(|_| reason(choices, PacketType::UnsubAck)).collect();
    Packet::UnsubAck(UnsubAck { packet_id, reasons, properties: AckProperties::default() })
}

/// One that the packet may have.
fn reason(choices: &mut Choices<'_>, packet: PacketType) -> ReasonCode {
    let valid: Vec<_> = ReasonCode::ALL.iter().copied().filter(|reason| reason.is_valid_in(packet)).collect();
    let choice = choices.byte();
    // Mostly the first, which is success where there is one.
    if choice < 128 { valid[0] } else { valid[usize::from(choice) % valid.len()] }
}

fn id(choice: u8) -> PacketId {
    PacketId::new(u16::from(choice & 7) + 1).unwrap_or(PacketId::MIN)
}

/// Nothing when the version has no such packet.
fn encode(packet: &Packet, version: ProtocolVersion) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    if packet.encode(version, &mut bytes).is_err() {
        bytes.clear();
    }
    bytes.to_vec()
}
