//! What clients say, in few words.

use bytes::Bytes;
use lacewing_broker::ConnId;
use lacewing_protocol::{
    Connect, ConnectProperties, Packet, ProtocolVersion, Publish, QoS, Subscribe, SubscriptionOptions,
    TopicFilter, TopicName, Unsubscribe, UserProperties, Utf8String, Will, WillProperties,
};

use crate::host::{Host, id};

pub(crate) fn connect(version: ProtocolVersion, client_id: &str) -> Connect {
    Connect {
        version,
        client_id: text(client_id),
        clean_start: true,
        keep_alive: 0,
        will: None,
        username: Some(text("kim")),
        password: Some(Bytes::from_static(b"right")),
        properties: ConnectProperties::default(),
    }
}

/// A 5.0 client whose session outlives its connection by 1000 seconds.
pub(crate) fn persistent(client_id: &str) -> Connect {
    let mut connect = connect(ProtocolVersion::V5_0, client_id);
    connect.clean_start = false;
    connect.properties.session_expiry_interval = Some(1000);
    connect
}

pub(crate) fn with_will(mut connect: Connect, delay: u32) -> Connect {
    let mut properties = WillProperties::default();
    if connect.version == ProtocolVersion::V5_0 {
        properties.will_delay_interval = Some(delay);
        properties.content_type = Some(text("text/plain"));
    }
    connect.will = Some(Will {
        topic: topic(&format!("will/{}", connect.client_id)),
        payload: Bytes::from_static(b"offline"),
        qos: QoS::AtLeastOnce,
        retain: false,
        properties,
    });
    connect
}

pub(crate) fn message(name: &str, payload: &str, qos: QoS) -> Publish {
    let mut message = Publish::new(topic(name), Bytes::copy_from_slice(payload.as_bytes()));
    message.qos = qos;
    message.packet_id = (qos != QoS::AtMostOnce).then(|| id(100));
    message
}

pub(crate) fn publish(host: &mut Host, conn: ConnId, name: &str, payload: &str, qos: QoS) {
    host.say(conn, Packet::Publish(message(name, payload, qos)));
    host.turn();
}

pub(crate) fn clear_retained(host: &mut Host, conn: ConnId, name: &str) {
    let mut nothing = message(name, "", QoS::AtLeastOnce);
    nothing.retain = true;
    host.say(conn, Packet::Publish(nothing));
    host.turn();
}

pub(crate) fn options(qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions { qos, ..SubscriptionOptions::default() }
}

pub(crate) fn subscribe(host: &mut Host, conn: ConnId, text: &str, qos: QoS) {
    subscribe_with(host, conn, None, &[(text, options(qos))]);
}

pub(crate) fn subscribe_with(
    host: &mut Host,
    conn: ConnId,
    number: Option<u32>,
    filters: &[(&str, SubscriptionOptions)],
) {
    let subscribe = Subscribe {
        packet_id: id(500),
        filters: filters.iter().map(|(text, options)| (filter(text), *options)).collect(),
        subscription_identifier: number,
        user_properties: UserProperties::new(),
    };
    host.say(conn, Packet::Subscribe(subscribe));
    host.turn();
}

pub(crate) fn unsubscribe(host: &mut Host, conn: ConnId, filters: &[&str]) {
    let filters = filters.iter().map(|text| filter(text)).collect();
    let user_properties = UserProperties::new();
    host.say(conn, Packet::Unsubscribe(Unsubscribe { packet_id: id(501), filters, user_properties }));
    host.turn();
}

pub(crate) fn leave(host: &mut Host, conns: &[ConnId]) {
    for conn in conns {
        host.say(*conn, Packet::Disconnect(Box::default()));
    }
    host.turn();
}

/// The messages that a client has got since this was last asked.
pub(crate) fn messages(host: &mut Host, conn: ConnId) -> Vec<Publish> {
    let publish = |packet| match packet {
        Packet::Publish(publish) => Some(publish),
        _ => None,
    };
    host.inbox(conn).into_iter().filter_map(publish).collect()
}

pub(crate) fn user_properties(pairs: &[(&str, &str)]) -> UserProperties {
    pairs.iter().map(|(name, value)| (text(name), text(value))).collect()
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName::try_from(name).unwrap()
}

pub(crate) fn filter(text: &str) -> TopicFilter {
    TopicFilter::try_from(text).unwrap()
}

pub(crate) fn text(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap()
}
