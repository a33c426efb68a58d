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
