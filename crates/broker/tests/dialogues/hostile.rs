//! Peers that send anything at all.

use lacewing_broker::Config;
use lacewing_protocol::{ProtocolVersion, QoS};
use proptest::prelude::*;

use crate::story::*;

/// Packets whole and broken, and plain noise.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let connect = Just(b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00".to_vec());
    let old_connect = Just(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01n".to_vec());
    let publish = Just(b"\x30\x04\x00\x01nx".to_vec());
    let subscribe = Just(b"\x82\x08\x00\x01\x00\x00\x02n#\x01".to_vec());
    let acks = (0x40u8..0x80, any::<u16>()).prop_map(|(first, id)| {
        let [high, low] = id.to_be_bytes();
        vec![first, 2, high, low]
    });
    let qos2 = any::<u8>().prop_map(|id| vec![0x34, 7, 0, 1, b'n', 0, id, 0, b'x']);
    let piece = prop_oneof![
        2 => prop::collection::vec(any::<u8>(), 0..20),
        3 => acks,
        3 => qos2,
        2 => subscribe,
        2 => publish,
        1 => old_connect.clone(),
        1 => connect.clone(),
    ];
    (prop_oneof![connect, old_connect], prop::collection::vec(piece, 0..20))
        .prop_map(|(first, rest)| [first, rest.concat()].concat())
}

proptest! {
    #[test]
    fn bytes_on_one_connection_disturb_no_other(
        streams in prop::collection::vec((noise(), 1..30usize), 1..4),
        raw in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let story = Story::with(Config { receive_maximum: 5, ..Config::default() });
        let (publisher, subscriber) = (story.client("p"), story.client("s"));
        subscriber.subscribe("quiet/t", QoS::ExactlyOnce);
        for (n, (stream, split)) in streams.into_iter().enumerate() {
            let rude = story.dial(ProtocolVersion::V5_0);
            // What comes back is of whichever version the bytes asked for: it is not looked at.
            rude.stops_reading();
            for piece in stream.chunks(split) {
                rude.send_bytes(piece);
            }
            let text = n.to_string();
            publisher.publish_qos("quiet/t", &text, QoS::ExactlyOnce, 1);
            let got = subscriber.expect("quiet/t", &text);
            subscriber.acknowledge(&got);
        }
        let rude = story.dial(ProtocolVersion::V3_1_1);
        rude.stops_reading();
        rude.send_bytes(&raw);
        publisher.publish_qos("quiet/t", "last", QoS::ExactlyOnce, 1);
        subscriber.expect("quiet/t", "last");
        subscriber.hears_nothing();
        publisher.hears_nothing();
        prop_assert!(!publisher.is_closed() && !subscriber.is_closed());
    }
}

#[test]
fn a_malformed_packet_ends_its_connection_with_the_reason() {
    // [MQTT-4.13.1-1], §4.13
    let story = Story::new();
    let (new, old) = (story.client("new"), story.old_client("old"));
    for client in [&new, &old] {
        client.send_bytes(b"\x36\x05\x00\x01t\x00\x01");
        assert!(client.is_closed());
    }
    new.is_sent_away(lacewing_protocol::ReasonCode::MalformedPacket);
    old.hears_nothing();
}

/// What is acknowledged by the packet of another QoS, or out of turn, contradicts what the broker knows: a Protocol Error
/// (§1.2, §4.13.1; [3.1.1 MQTT-4.8.0-1] of 3.1.1).
#[test]
fn an_acknowledgement_of_another_kind_than_is_due_ends_its_connection() {
    // To QoS 1: PUBREC and PUBCOMP. To QoS 2: PUBACK, and PUBCOMP before PUBREC.
    for (qos, kind) in [(1, 0x50), (1, 0x70), (2, 0x40), (2, 0x70)] {
        let story = Story::new();
        let publisher = story.client("publisher");
        let (new, old) = (story.client("new"), story.old_client("old"));
        let qos = QoS::try_from(qos).unwrap();
        for client in [&new, &old] {
            client.subscribe("t", qos);
        }
        publisher.publish_qos("t", "due", qos, 1);
        for client in [&new, &old] {
            let id = client.expect("t", "due").packet_id.unwrap();
            let [high, low] = id.value().to_be_bytes();
            client.send_bytes(&[kind, 2, high, low]);
            assert!(client.is_closed(), "{kind:#x} after QoS {qos:?}");
        }
        new.is_sent_away(lacewing_protocol::ReasonCode::ProtocolError);
        old.hears_nothing();
        assert!(!publisher.is_closed());
    }
}

/// A client may not remember that a message is done with: what is acknowledged again does no harm.
#[test]
fn an_acknowledgement_that_comes_again_is_passed_over() {
    let story = Story::new();
    let (publisher, client) = (story.client("publisher"), story.client("client"));
    client.subscribe("t", QoS::ExactlyOnce);
    publisher.publish_qos("t", "first", QoS::ExactlyOnce, 1);
    let first = client.expect("t", "first").packet_id.unwrap();
    let [high, low] = first.value().to_be_bytes();
    for _ in 0..2 {
        // PUBREC and PUBREL.
        client.send_bytes(&[0x50, 2, high, low]);
        assert!(matches!(client.receive(), lacewing_protocol::Packet::PubRel(_)));
    }
    for kind in [0x70, 0x70, 0x40] {
        client.send_bytes(&[kind, 2, high, low]);
    }
    assert!(!client.is_closed());
}
