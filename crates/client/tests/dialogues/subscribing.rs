use lacewing_client::{Event, QueueFull, Token};
use lacewing_protocol::{
    AckProperties, Packet, PacketId, QoS, ReasonCode, SubAck, Subscribe, SubscriptionOptions, UnsubAck,
};

use crate::script::*;

fn subscribe(dialogue: &mut Dialogue, filters: &[&str]) -> Token {
    let options = SubscriptionOptions { qos: QoS::AtLeastOnce, ..Default::default() };
    let filters = filters.iter().map(|text| (filter(text), options)).collect();
    dialogue.client.subscribe(dialogue.now, filters).unwrap()
}

fn subscribed(dialogue: &mut Dialogue) -> Subscribe {
    match dialogue.packet() {
        Packet::Subscribe(subscribe) => subscribe,
        other => panic!("not SUBSCRIBE: {other:?}"),
    }
}

fn filters(subscribe: &Subscribe) -> Vec<&str> {
    subscribe.filters.iter().map(|(filter, _)| filter.as_str()).collect()
}

fn suback(packet_id: PacketId, reasons: Vec<ReasonCode>) -> Packet {
    Packet::SubAck(SubAck { packet_id, reasons, properties: AckProperties::default() })
}

#[test]
fn a_subscription_made_offline_is_sent_once_connected_and_its_outcome_told() {
    let mut dialogue = Dialogue::start(options(V5));
    let token = subscribe(&mut dialogue, &["a", "b"]);
    dialogue.open();
    dialogue.accept(false);
    let packet = subscribed(&mut dialogue);
    assert_eq!(filters(&packet), ["a", "b"]);
    let reasons = vec![ReasonCode::GrantedQoS1, ReasonCode::NotAuthorized];
    dialogue.send(suback(packet.packet_id, reasons));
    let results = vec![(filter("a"), ReasonCode::GrantedQoS1), (filter("b"), ReasonCode::NotAuthorized)];
    assert_eq!(dialogue.event(), Event::Subscribed { token: Some(token), results });
    let remembered: Vec<_> = dialogue.client.subscriptions().map(|(filter, _)| filter.as_str()).collect();
    assert_eq!(remembered, ["a"]);
}

#[test]
fn subscriptions_are_renewed_when_the_server_lost_the_session_and_only_then() {
    let mut dialogue = Dialogue::connected(persistent(V5));
    subscribe(&mut dialogue, &["a"]);
    let packet = subscribed(&mut dialogue);
    dialogue.send(suback(packet.packet_id, vec![ReasonCode::GrantedQoS1]));
    dialogue.event();
    dialogue.reconnect();
    dialogue.accept(true);
    dialogue.silent();
    dialogue.reconnect();
    dialogue.accept(false);
    let packet = subscribed(&mut dialogue);
    assert_eq!(packet.filters[0].1.qos, QoS::AtLeastOnce);
    dialogue.send(suback(packet.packet_id, vec![ReasonCode::GrantedQoS1]));
    assert!(matches!(dialogue.event(), Event::Subscribed { token: None, .. }));
}

#[test]
fn a_subscription_without_an_answer_is_sent_again_and_its_token_kept() {
    for session_present in [true, false] {
        let mut dialogue = Dialogue::connected(persistent(V5));
        let token = subscribe(&mut dialogue, &["a"]);
        subscribed(&mut dialogue);
        dialogue.reconnect();
        dialogue.accept(session_present);
        let packet = subscribed(&mut dialogue);
        dialogue.silent();
        dialogue.send(suback(packet.packet_id, vec![ReasonCode::GrantedQoS1]));
        assert!(matches!(dialogue.event(), Event::Subscribed { token: Some(told), .. } if told == token));
    }
}

#[test]
fn what_was_unsubscribed_is_not_renewed() {
    for version in [V3, V5] {
        let mut dialogue = Dialogue::connected(options(version));
        subscribe(&mut dialogue, &["a", "b"]);
        let packet = subscribed(&mut dialogue);
        dialogue.send(suback(packet.packet_id, vec![ReasonCode::GrantedQoS1; 2]));
        dialogue.event();
        let token = dialogue.client.unsubscribe(dialogue.now, vec![filter("a")]).unwrap();
        let Packet::Unsubscribe(packet) = dialogue.packet() else { panic!() };
        let (reasons, properties) = (vec![ReasonCode::Success], AckProperties::default());
        dialogue.send(Packet::UnsubAck(UnsubAck { packet_id: packet.packet_id, reasons, properties }));
        let results = vec![(filter("a"), ReasonCode::Success)];
        assert_eq!(dialogue.event(), Event::Unsubscribed { token, results });
        dialogue.reconnect();
        dialogue.accept(false);
        assert_eq!(filters(&subscribed(&mut dialogue)), ["b"]);
    }
}

#[test]
fn a_subscription_goes_out_before_a_message_that_was_published_after_it() {
    let mut dialogue = Dialogue::start(options(V3));
    subscribe(&mut dialogue, &["t"]);
    dialogue.publish(message("x", QoS::AtMostOnce));
    dialogue.open();
    dialogue.accept(false);
    subscribed(&mut dialogue);
    dialogue.published();
}

#[test]
fn many_subscriptions_are_renewed_in_packets_of_moderate_size() {
    let mut dialogue = Dialogue::start(options(V5));
    for number in 0..200 {
        subscribe(&mut dialogue, &[&format!("a/{number}")]);
    }
    dialogue.open();
    dialogue.accept(false);
    for _ in 0..200 {
        let packet = subscribed(&mut dialogue);
        dialogue.send(suback(packet.packet_id, vec![ReasonCode::GrantedQoS1]));
        dialogue.event();
    }
    dialogue.reconnect();
    dialogue.accept(false);
    let sizes = [(); 4].map(|()| subscribed(&mut dialogue).filters.len());
    assert_eq!(sizes, [64, 64, 64, 8]);
    dialogue.silent();
}

#[test]
fn subscriptions_are_bounded() {
    let mut options = options(V5);
    options.subscriptions_maximum = 2;
    let mut dialogue = Dialogue::start(options);
    subscribe(&mut dialogue, &["a", "b"]);
    let more = vec![(filter("c"), SubscriptionOptions::default())];
    assert_eq!(dialogue.client.subscribe(0, more), Err(QueueFull::Subscriptions));
    assert_eq!(dialogue.client.subscribe(0, Vec::new()), Err(QueueFull::Subscriptions));
    assert_eq!(dialogue.client.unsubscribe(0, vec![filter("a")]), Err(QueueFull::Subscriptions));
}

#[test]
fn a_subscription_larger_than_the_server_takes_is_told_as_refused() {
    use std::num::NonZeroU32;
    let mut dialogue = Dialogue::start(options(V5));
    dialogue.open();
    let maximum_packet_size = NonZeroU32::new(20);
    dialogue.accept_with(
        false,
        lacewing_protocol::ConnAckProperties { maximum_packet_size, ..Default::default() },
    );
    let token = subscribe(&mut dialogue, &["a/filter/of/more/than/twenty/bytes"]);
    let Event::Subscribed { token: told, results } = dialogue.event() else { panic!() };
    assert_eq!((told, results[0].1), (Some(token), ReasonCode::PacketTooLarge));
    dialogue.silent();
}
