//! What a client owes whatever it is sent: identifiers of its own, answers in their order, nothing held back.

use std::num::NonZeroU16;

use lacewing_protocol::{
    Ack, ConnAckProperties, Packet, PacketId, ProtocolVersion, QoS, SubscriptionOptions,
};

use crate::script::*;

const BOTH: [ProtocolVersion; 2] = [V3, V5];

#[test]
fn identifiers_are_not_0_and_not_in_use() {
    // [MQTT-2.2.1-3], [3.1.1 MQTT-2.3.1-2]
    for version in BOTH {
        let mut dialogue = Dialogue::connected(options(version));
        let mut in_use: Vec<PacketId> = Vec::new();
        for round in 0..200 {
            let packet_id = if round % 3 == 0 {
                let wanted = vec![(filter("t"), SubscriptionOptions::new(QoS::AtMostOnce))];
                dialogue.client.subscribe(dialogue.now, wanted).unwrap();
                let Packet::Subscribe(subscribe) = dialogue.packet() else { panic!("no SUBSCRIBE") };
                subscribe.packet_id
            } else {
                dialogue.publish(message("x", QoS::AtLeastOnce));
                dialogue.published().packet_id.unwrap()
            };
            assert!(!in_use.contains(&packet_id), "{packet_id:?} in round {round}");
            if round % 3 == 0 || round % 5 != 0 {
                in_use.push(packet_id);
            } else {
                // Acknowledged, it is free again.
                dialogue.puback(packet_id.value());
                dialogue.event();
            }
            if in_use.len() == 18 {
                break;
            }
        }
        assert!(in_use.len() >= 9);
    }
}

#[test]
fn messages_are_acknowledged_in_the_order_they_came() {
    // [MQTT-4.6.0-2], [MQTT-4.6.0-3], [3.1.1 MQTT-4.6.0-2], [3.1.1 MQTT-4.6.0-3]
    for version in BOTH {
        for (qos, answer) in [
            (QoS::AtLeastOnce, Packet::PubAck as fn(Ack) -> Packet),
            (QoS::ExactlyOnce, Packet::PubRec as fn(Ack) -> Packet),
        ] {
            let mut dialogue = Dialogue::connected(options(version));
            let ids = [9, 3, 12, 1, 65_535];
            for packet_id in ids {
                dialogue.send(Packet::Publish(publish("x", qos, Some(packet_id))));
            }
            for packet_id in ids {
                assert_eq!(dialogue.packet(), answer(Ack::success(id(packet_id))));
            }
        }
    }
}

#[test]
fn messages_are_released_in_the_order_their_pubrecs_came() {
    // [MQTT-4.6.0-4], [3.1.1 MQTT-4.6.0-4]
    for version in BOTH {
        let mut dialogue = Dialogue::connected(options(version));
        for payload in ["a", "b", "c"] {
            dialogue.publish(message(payload, QoS::ExactlyOnce));
        }
        let ids = [(); 3].map(|()| dialogue.published().packet_id.unwrap());
        for at in [2, 0, 1] {
            dialogue.send(Packet::PubRec(Ack::success(ids[at])));
        }
        for at in [2, 0, 1] {
            assert_eq!(dialogue.packet(), Packet::PubRel(Ack::success(ids[at])));
        }
    }
}

#[test]
fn what_was_never_subscribed_to_is_acknowledged_too() {
    // [MQTT-4.5.0-2], [3.1.1 MQTT-4.5.0-2]
    for version in BOTH {
        let mut dialogue = Dialogue::connected(options(version));
        dialogue.send(Packet::Publish(publish("unasked", QoS::AtLeastOnce, Some(1))));
        assert_eq!(dialogue.packet(), Packet::PubAck(Ack::success(id(1))));
        dialogue.send(Packet::Publish(publish("unasked", QoS::ExactlyOnce, Some(2))));
        assert_eq!(dialogue.packet(), Packet::PubRec(Ack::success(id(2))));
    }
}

#[test]
fn a_full_window_holds_back_messages_and_nothing_else() {
    // [MQTT-3.3.4-7], [MQTT-3.3.4-8], [MQTT-4.9.0-3]
    let window = ConnAckProperties { receive_maximum: NonZeroU16::new(1), ..Default::default() };
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    dialogue.accept_with(false, window);
    dialogue.publish(message("a", QoS::ExactlyOnce));
    let first = dialogue.published().packet_id.unwrap();
    dialogue.publish(message("b", QoS::AtLeastOnce));
    dialogue.silent();
    let wanted = vec![(filter("t"), SubscriptionOptions::new(QoS::AtMostOnce))];
    dialogue.client.subscribe(dialogue.now, wanted).unwrap();
    assert!(matches!(dialogue.packet(), Packet::Subscribe(_)));
    dialogue.send(Packet::Publish(publish("x", QoS::AtLeastOnce, Some(5))));
    assert_eq!(dialogue.packet(), Packet::PubAck(Ack::success(id(5))));
    dialogue.send(Packet::PubRec(Ack::success(first)));
    assert_eq!(dialogue.packet(), Packet::PubRel(Ack::success(first)));
    dialogue.pass(30 * SECOND);
    assert_eq!(dialogue.packet(), Packet::PingReq);
}
