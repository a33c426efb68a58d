use bytes::Bytes;
use lacewing_client::{Cause, Client, Message};
use lacewing_protocol::{
    Ack, AckProperties, ConnAck, ConnAckProperties, Packet, QoS, ReasonCode, SubAck, SubscriptionOptions,
};
use proptest::prelude::*;

use crate::script::*;

/// Sends `packet` to a connected client and says with which reason it left.
fn provoke(packet: Packet) -> ReasonCode {
    let mut dialogue = Dialogue::connected(options(V5));
    dialogue.send(packet);
    let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!("no DISCONNECT") };
    let (cause, retry_at) = dialogue.disconnected();
    assert!(matches!(cause, Cause::Protocol { .. }), "{cause:?}");
    assert!(retry_at.is_some());
    assert!(!dialogue.is_open());
    disconnect.reason
}

#[test]
fn packets_out_of_place_end_the_connection_with_a_reason() {
    // [MQTT-4.13.1-1]
    let (reason, properties) = (ReasonCode::Success, ConnAckProperties::default());
    let connack = Packet::ConnAck(Box::new(ConnAck { session_present: false, reason, properties }));
    let suback = SubAck { packet_id: id(1), reasons: vec![reason], properties: AckProperties::default() };
    for packet in [
        connack,
        Packet::SubAck(suback),
        Packet::PubAck(Ack::success(id(1))),
        Packet::PubRec(Ack::success(id(1))),
        Packet::PingReq,
    ] {
        assert_eq!(provoke(packet.clone()), ReasonCode::ProtocolError, "{packet:?}");
    }
}

#[test]
fn a_puback_for_a_qos_2_message_ends_the_connection() {
    let mut dialogue = Dialogue::connected(options(V5));
    dialogue.publish(message("x", QoS::ExactlyOnce));
    let packet_id = dialogue.published().packet_id.unwrap();
    dialogue.send(Packet::PubAck(Ack::success(packet_id)));
    assert!(matches!(dialogue.packet(), Packet::Disconnect(_)));
}

#[test]
fn malformed_bytes_and_large_packets_end_the_connection_with_their_reasons() {
    for (bytes, expected) in [
        (&[0x00, 0x00][..], ReasonCode::MalformedPacket),
        (&[0x30, 0xFF, 0xFF, 0xFF, 0xFF], ReasonCode::MalformedPacket),
        (&[0x30, 0xFF, 0xFF, 0xFF, 0x7F], ReasonCode::PacketTooLarge),
    ] {
        let mut dialogue = Dialogue::connected(options(V5));
        dialogue.send_bytes(Bytes::from_static(bytes));
        let Packet::Disconnect(disconnect) = dialogue.packet() else { panic!() };
        assert_eq!(disconnect.reason, expected);
        assert!(disconnect.properties.reason_string.is_some());
    }
}

#[test]
fn an_older_server_is_left_without_a_word_so_that_the_will_is_sent() {
    let mut dialogue = Dialogue::connected(options(V3));
    dialogue.send_bytes(Bytes::from_static(&[0x00, 0x00]));
    assert!(matches!(dialogue.disconnected().0, Cause::Protocol { .. }));
    dialogue.silent();
}

#[test]
fn a_server_that_talks_before_its_connack_is_left() {
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    dialogue.send(Packet::PingResp);
    assert!(matches!(dialogue.packet(), Packet::Disconnect(_)));
    assert!(matches!(dialogue.disconnected().0, Cause::Protocol { .. }));
}

#[derive(Debug, Clone)]
enum Move {
    Start,
    Stop,
    Connected,
    Closed,
    Bytes(Vec<u8>),
    Accept(bool),
    Tick(u32),
    Publish(u8),
    Subscribe,
    Transmit(u8),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        1 => Just(Move::Start),
        1 => Just(Move::Stop),
        3 => Just(Move::Connected),
        1 => Just(Move::Closed),
        3 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Move::Bytes),
        // Acknowledgements of small identifiers, which hit what is in flight.
        4 => (4_u8..12, 1_u8..4).prop_map(|(kind, id)| {
            let flags = if kind == 6 { 2 } else { 0 };
            Move::Bytes(vec![kind << 4 | flags, 2, 0, id])
        }),
        4 => any::<bool>().prop_map(Move::Accept),
        1 => any::<u32>().prop_map(Move::Tick),
        4 => (0_u8..3).prop_map(Move::Publish),
        1 => Just(Move::Subscribe),
        4 => any::<u8>().prop_map(Move::Transmit),
    ]
}

proptest! {
    #[test]
    fn no_server_and_no_host_make_a_client_panic(
        v5: bool,
        moves in prop::collection::vec(any_move(), 0..120),
    ) {
        let mut client = Client::new(persistent(if v5 { V5 } else { V3 }));
        let mut now = 0;
        let mut out = bytes::BytesMut::new();
        for step in moves {
            match step {
                Move::Start => client.start(now),
                Move::Stop => client.stop(now),
                Move::Connected => client.connected(now),
                Move::Closed => client.closed(now),
                Move::Bytes(bytes) => client.received(now, bytes.into()),
                Move::Accept(present) => {
                    let connack = [0x20, if v5 { 3 } else { 2 }, u8::from(present), 0, 0];
                    let length = if v5 { 5 } else { 4 };
                    client.received(now, Bytes::copy_from_slice(&connack[..length]));
                }
                Move::Tick(later) => {
                    now += u64::from(later);
                    client.tick(now);
                }
                Move::Publish(qos) => {
                    let qos = QoS::try_from(qos).unwrap();
                    let _ = client.publish(now, Message::new(topic("t"), "x").qos(qos));
                }
                Move::Subscribe => {
                    let _ = client.subscribe(now, vec![(filter("#"), SubscriptionOptions::default())]);
                }
                Move::Transmit(most) => {
                    client.transmit(now, usize::from(most), &mut out);
                }
            }
            client.poll_output();
            prop_assert!(client.poll_timeout().is_none() || client.unsent() <= 1000);
        }
    }
}
