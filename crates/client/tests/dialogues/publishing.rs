use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;
use lacewing_client::{DropCause, Event, QueueFull};
use lacewing_protocol::{Ack, ConnAckProperties, Packet, QoS, ReasonCode};

use crate::script::*;

const BOTH: [lacewing_protocol::ProtocolVersion; 2] = [V3, V5];

#[test]
fn qos_0_goes_once_and_is_forgotten() {
    // [MQTT-4.3.1-1]
    let mut dialogue = Dialogue::connected(options(V5));
    dialogue.publish(message("x", QoS::AtMostOnce));
    let publish = dialogue.published();
    assert_eq!((publish.qos, publish.dup, publish.packet_id), (QoS::AtMostOnce, false, None));
    assert_eq!(dialogue.client.unsent(), 0);
    dialogue.silent();
}

#[test]
fn qos_1_is_done_when_acknowledged() {
    // [MQTT-4.3.2-1]
    for version in BOTH {
        let mut dialogue = Dialogue::connected(options(version));
        let token = dialogue.publish(message("x", QoS::AtLeastOnce));
        let publish = dialogue.published();
        assert!(!publish.dup);
        dialogue.silent();
        dialogue.puback(publish.packet_id.unwrap().value());
        assert_eq!(dialogue.event(), Event::Published { token, reason: ReasonCode::Success });
        assert_eq!(dialogue.client.unsent(), 0);
    }
}

#[test]
fn qos_2_takes_four_steps() {
    // [MQTT-4.3.3-1], [MQTT-4.3.3-4]
    for version in BOTH {
        let mut dialogue = Dialogue::connected(options(version));
        let token = dialogue.publish(message("x", QoS::ExactlyOnce));
        let packet_id = dialogue.published().packet_id.unwrap();
        dialogue.send(Packet::PubRec(Ack::success(packet_id)));
        assert_eq!(dialogue.packet(), Packet::PubRel(Ack::success(packet_id)));
        dialogue.silent();
        dialogue.send(Packet::PubComp(Ack::success(packet_id)));
        assert_eq!(dialogue.event(), Event::Published { token, reason: ReasonCode::Success });
    }
}

#[test]
fn a_refused_message_is_done_and_the_reason_told() {
    let mut dialogue = Dialogue::connected(options(V5));
    let first = dialogue.publish(message("x", QoS::AtLeastOnce));
    let second = dialogue.publish(message("y", QoS::ExactlyOnce));
    let reason = ReasonCode::NotAuthorized;
    let ids = [dialogue.published(), dialogue.published()].map(|publish| publish.packet_id.unwrap());
    dialogue.send(Packet::PubAck(Ack::new(ids[0], reason)));
    assert_eq!(dialogue.event(), Event::Published { token: first, reason });
    dialogue.send(Packet::PubRec(Ack::new(ids[1], reason)));
    assert_eq!(dialogue.event(), Event::Published { token: second, reason });
    dialogue.silent();
}

#[test]
fn what_is_published_offline_goes_out_in_order_once_connected() {
    let mut dialogue = Dialogue::start(options(V5));
    for payload in ["a", "b", "c"] {
        dialogue.publish(message(payload, QoS::AtLeastOnce));
    }
    dialogue.open();
    dialogue.silent();
    dialogue.accept(false);
    let payloads = [(); 3].map(|()| dialogue.published().payload);
    assert_eq!(payloads, ["a", "b", "c"]);
}

#[test]
fn unacknowledged_messages_go_again_with_dup_in_order_and_before_new_ones() {
    // [MQTT-4.4.0-1], [MQTT-3.3.1-1], [MQTT-4.6.0-1], [3.1.1 MQTT-4.4.0-1], [3.1.1 MQTT-3.3.1-1],
    // [3.1.1 MQTT-4.6.0-1], [3.1.1 MQTT-2.3.1-3]
    for version in BOTH {
        let mut dialogue = Dialogue::connected(persistent(version));
        dialogue.publish(message("a", QoS::AtLeastOnce));
        dialogue.publish(message("b", QoS::ExactlyOnce));
        let sent = [dialogue.published(), dialogue.published()];
        dialogue.reconnect();
        dialogue.publish(message("c", QoS::AtLeastOnce));
        dialogue.accept(true);
        for first in sent {
            let again = dialogue.published();
            assert!(again.dup);
            assert_eq!((again.packet_id, again.payload), (first.packet_id, first.payload));
        }
        let new = dialogue.published();
        assert_eq!((new.dup, new.payload), (false, Bytes::from_static(b"c")));
    }
}

#[test]
fn a_message_that_was_received_is_released_again_and_not_published_again() {
    // [MQTT-4.3.3-6], [MQTT-4.6.0-4]
    for version in BOTH {
        let mut dialogue = Dialogue::connected(persistent(version));
        let token = dialogue.publish(message("x", QoS::ExactlyOnce));
        let packet_id = dialogue.published().packet_id.unwrap();
        dialogue.send(Packet::PubRec(Ack::success(packet_id)));
        dialogue.packet();
        dialogue.reconnect();
        dialogue.accept(true);
        assert_eq!(dialogue.packet(), Packet::PubRel(Ack::success(packet_id)));
        dialogue.send(Packet::PubComp(Ack::success(packet_id)));
        assert_eq!(dialogue.event(), Event::Published { token, reason: ReasonCode::Success });
        dialogue.silent();
    }
}

#[test]
fn when_the_session_is_lost_qos_1_goes_as_new_and_qos_2_is_told() {
    // [MQTT-3.2.2-5]
    let mut dialogue = Dialogue::connected(options(V5));
    dialogue.publish(message("once or more", QoS::AtLeastOnce));
    let doubtful = dialogue.publish(message("exactly once", QoS::ExactlyOnce));
    let arrived = dialogue.publish(message("arrived", QoS::ExactlyOnce));
    let ids = [(); 3].map(|()| dialogue.published().packet_id.unwrap());
    dialogue.send(Packet::PubRec(Ack::success(ids[2])));
    dialogue.packet();
    dialogue.reconnect();
    dialogue.accept(false);
    assert_eq!(dialogue.event(), Event::Published { token: arrived, reason: ReasonCode::Success });
    assert_eq!(dialogue.event(), Event::Dropped { token: doubtful, cause: DropCause::SessionLost });
    let again = dialogue.published();
    assert_eq!((again.dup, again.payload), (false, Bytes::from_static(b"once or more")));
    dialogue.silent();
}

#[test]
fn the_receive_maximum_of_the_server_is_a_window() {
    // [MQTT-4.9.0-1], [MQTT-4.9.0-2], [MQTT-4.9.0-3]
    let window = ConnAckProperties { receive_maximum: NonZeroU16::new(2), ..Default::default() };
    let mut dialogue = Dialogue::start(persistent(V5));
    dialogue.open();
    dialogue.accept_with(false, window.clone());
    for payload in ["a", "b", "c", "d"] {
        dialogue.publish(message(payload, QoS::AtLeastOnce));
    }
    let first = dialogue.published().packet_id.unwrap();
    assert_eq!(dialogue.published().payload, "b");
    dialogue.silent();
    dialogue.puback(first.value());
    dialogue.event();
    assert_eq!(dialogue.published().payload, "c");
    dialogue.silent();

    // The window of the next connection holds for what is sent again, too.
    dialogue.reconnect();
    dialogue.accept_with(true, ConnAckProperties { receive_maximum: NonZeroU16::new(1), ..window });
    let again = dialogue.published();
    assert_eq!(again.payload, "b");
    dialogue.silent();
    dialogue.puback(again.packet_id.unwrap().value());
    dialogue.event();
    assert_eq!(dialogue.published().payload, "c");
    dialogue.silent();
}

#[test]
fn what_an_earlier_connection_left_to_complete_makes_no_room_on_this_one() {
    // [MQTT-3.3.4-7]
    let window = ConnAckProperties { receive_maximum: NonZeroU16::new(1), ..Default::default() };
    let mut dialogue = Dialogue::start(persistent(V5));
    dialogue.open();
    dialogue.accept_with(false, window.clone());
    for payload in ["a", "b", "c"] {
        dialogue.publish(message(payload, QoS::ExactlyOnce));
    }
    let old = dialogue.published().packet_id.unwrap();
    dialogue.send(Packet::PubRec(Ack::success(old)));
    dialogue.packet();
    dialogue.reconnect();
    dialogue.accept_with(true, window);
    assert_eq!(dialogue.packet(), Packet::PubRel(Ack::success(old)));
    let new = dialogue.published();
    assert_eq!(new.payload, "b");
    dialogue.send(Packet::PubComp(Ack::success(old)));
    dialogue.event();
    dialogue.silent();
    let new = new.packet_id.unwrap();
    dialogue.send(Packet::PubRec(Ack::success(new)));
    dialogue.packet();
    dialogue.send(Packet::PubComp(Ack::success(new)));
    dialogue.event();
    assert_eq!(dialogue.published().payload, "c");
}

#[test]
fn a_release_does_not_open_the_window_and_a_completion_does() {
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    dialogue
        .accept_with(false, ConnAckProperties { receive_maximum: NonZeroU16::new(1), ..Default::default() });
    dialogue.publish(message("a", QoS::ExactlyOnce));
    dialogue.publish(message("b", QoS::ExactlyOnce));
    let packet_id = dialogue.published().packet_id.unwrap();
    dialogue.send(Packet::PubRec(Ack::success(packet_id)));
    assert!(matches!(dialogue.packet(), Packet::PubRel(_)));
    dialogue.silent();
    dialogue.send(Packet::PubComp(Ack::success(packet_id)));
    dialogue.event();
    assert_eq!(dialogue.published().payload, "b");
}

#[test]
fn the_options_bound_what_is_in_flight_where_the_server_does_not() {
    let mut options = options(V3);
    options.in_flight_maximum = 1;
    let mut dialogue = Dialogue::connected(options);
    dialogue.publish(message("a", QoS::AtLeastOnce));
    dialogue.publish(message("b", QoS::AtLeastOnce));
    assert_eq!(dialogue.published().payload, "a");
    dialogue.silent();
    dialogue.puback(1);
    dialogue.event();
    assert_eq!(dialogue.published().payload, "b");
}

#[test]
fn what_the_server_does_not_take_any_more_is_not_sent_again() {
    // [MQTT-3.2.2-11], [MQTT-3.2.2-14]
    let mut dialogue = Dialogue::connected(persistent(V5));
    let above = dialogue.publish(message("above", QoS::ExactlyOnce));
    let retained = dialogue.publish(message("retained", QoS::AtLeastOnce).retained());
    dialogue.publish(message("taken", QoS::AtLeastOnce));
    assert_eq!((0..3).map(|_| dialogue.published().payload).last().unwrap(), "taken");
    dialogue.reconnect();
    let properties = ConnAckProperties {
        maximum_qos: Some(QoS::AtLeastOnce),
        retain_available: Some(false),
        ..Default::default()
    };
    dialogue.accept_with(true, properties);
    assert_eq!(dialogue.event(), Event::Dropped { token: above, cause: DropCause::QoSNotSupported });
    assert_eq!(dialogue.event(), Event::Dropped { token: retained, cause: DropCause::RetainNotSupported });
    assert_eq!(dialogue.published().payload, "taken");
    dialogue.puback(3);
    dialogue.event();
    assert_eq!((dialogue.client.unsent(), dialogue.client.identifiers_in_use()), (0, 0));
    dialogue.silent();
}

#[test]
fn what_the_server_does_not_take_is_dropped_and_told() {
    // [MQTT-3.2.2-11], [MQTT-3.2.2-14], [MQTT-3.2.2-15]
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    let properties = ConnAckProperties {
        maximum_qos: Some(QoS::AtLeastOnce),
        retain_available: Some(false),
        maximum_packet_size: NonZeroU32::new(20),
        ..Default::default()
    };
    dialogue.accept_with(false, properties);
    let token = dialogue.publish(message("x", QoS::ExactlyOnce));
    assert_eq!(dialogue.event(), Event::Dropped { token, cause: DropCause::QoSNotSupported });
    let token = dialogue.publish(message("x", QoS::AtMostOnce).retained());
    assert_eq!(dialogue.event(), Event::Dropped { token, cause: DropCause::RetainNotSupported });
    let token = dialogue.publish(message("a payload that is too long", QoS::AtLeastOnce));
    assert_eq!(dialogue.event(), Event::Dropped { token, cause: DropCause::TooLarge });
    dialogue.publish(message("fits", QoS::AtLeastOnce));
    assert_eq!(dialogue.published().payload, "fits");
    dialogue.silent();
}

#[test]
fn the_queue_is_bounded_in_messages_and_in_bytes() {
    let mut options = options(V3);
    options.queue.messages = 2;
    options.queue.bytes = 100;
    let mut dialogue = Dialogue::start(options);
    dialogue.publish(message("a", QoS::AtMostOnce));
    let large = lacewing_client::Message::new(topic("t"), vec![0; 100]);
    assert_eq!(dialogue.client.publish(0, large), Err(QueueFull::Bytes));
    dialogue.publish(message("b", QoS::AtMostOnce));
    assert_eq!(dialogue.client.publish(0, message("c", QoS::AtMostOnce)), Err(QueueFull::Messages));
    dialogue.open();
    dialogue.accept(false);
    dialogue.publish(message("d", QoS::AtMostOnce));
    assert_eq!([(); 3].map(|()| dialogue.published().payload), ["a", "b", "d"]);
}

#[test]
fn qos_0_need_not_be_kept_while_offline() {
    let mut options = options(V3);
    options.queue.qos0_offline = false;
    options.in_flight_maximum = 1;
    let mut dialogue = Dialogue::connected(options);
    dialogue.publish(message("in flight", QoS::AtLeastOnce));
    dialogue.publish(message("behind it", QoS::AtLeastOnce));
    let waiting = dialogue.publish(message("behind that", QoS::AtMostOnce));
    dialogue.published();
    dialogue.lose();
    dialogue.disconnected();
    assert_eq!(dialogue.event(), Event::Dropped { token: waiting, cause: DropCause::Offline });
    let token = dialogue.publish(message("later", QoS::AtMostOnce));
    assert_eq!(dialogue.event(), Event::Dropped { token, cause: DropCause::Offline });
    assert_eq!(dialogue.client.unsent(), 2);
}

#[test]
fn unacknowledged_messages_survive_a_stop() {
    let mut dialogue = Dialogue::connected(persistent(V3));
    dialogue.publish(message("x", QoS::AtLeastOnce));
    dialogue.published();
    dialogue.stop();
    dialogue.packet();
    dialogue.disconnected();
    dialogue.client.start(dialogue.now);
    dialogue.open();
    dialogue.accept(true);
    assert!(dialogue.published().dup);
}

#[test]
fn a_message_expires_while_it_waits_and_the_server_is_told_what_is_left() {
    // [MQTT-3.3.2-6]
    let mut dialogue = Dialogue::start(options(V5));
    let expiring = |payload, seconds| {
        let mut message = message(payload, QoS::AtLeastOnce);
        message.properties.message_expiry_interval = Some(seconds);
        message
    };
    let token = dialogue.publish(expiring("short", 3));
    dialogue.publish(expiring("long", 60));
    dialogue.now = 5 * SECOND;
    dialogue.open();
    dialogue.accept(false);
    assert_eq!(dialogue.event(), Event::Dropped { token, cause: DropCause::Expired });
    let publish = dialogue.published();
    assert_eq!((publish.payload, publish.properties.message_expiry_interval), ("long".into(), Some(55)));
    dialogue.silent();
}
