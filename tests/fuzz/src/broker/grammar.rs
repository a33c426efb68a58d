//! Well-formed things to say to a broker: few names and numbers, so that they meet.

use std::num::{NonZeroU16, NonZeroU32};

use bytes::{Bytes, BytesMut};
use lacewing_broker::{Command, Config, EventMask, Redirect};
use lacewing_protocol::{
    Ack, Auth, AuthProperties, Connect, ConnectProperties, Disconnect, DisconnectProperties, Packet,
    PacketId, ProtocolVersion, Publish, PublishProperties, PublishPropertyFields, QoS, ReasonCode,
    RetainHandling, Subscribe, SubscriptionOptions, TopicFilter, TopicName, Unsubscribe, UserProperties,
    Utf8String, Will, WillProperties,
};

use super::rules;
use crate::choices::Choices;

pub(super) const CLIENTS: [&str; 5] = ["a", "b", "c", "", "an id that is too long for some"];
pub(super) const TOPICS: [&str; 9] = ["a", "b", "a/b", "a/a", "/", "a/b/c", "a/b/c/d/e", "$SYS/a", "$a"];
const FILTERS: [&str; 16] = [
    "a",
    "a/b",
    "a/+",
    "+/b",
    "#",
    "a/#",
    "+",
    "/+",
    "$SYS/#",
    "$a",
    "$share/g/a",
    "$share/g/#",
    "$share/h/a/+",
    "a/b/c/d/e/f",
    "+/+/+",
    "b",
];
const SECONDS: [u32; 6] = [0, 1, 2, 10, 100, u32::MAX];
const VERSIONS: [ProtocolVersion; 4] =
    [ProtocolVersion::V5_0, ProtocolVersion::V3_1_1, ProtocolVersion::V5_0, ProtocolVersion::V3_1];

/// A CONNECT, encoded.
pub(super) fn connect(choices: &mut Choices<'_>) -> Vec<u8> {
    let version = choices.one_of(&VERSIONS);
    let bits = choices.byte();
    let mut properties = ConnectProperties::default();
    if version.is_v5() {
        if bits & 4 != 0 {
            properties.session_expiry_interval = Some(choices.one_of(&SECONDS));
        }
        if bits & 8 != 0 {
            properties.receive_maximum = NonZeroU16::new(choices.one_of(&[1, 2, 5]));
            properties.topic_alias_maximum = Some(choices.one_of(&[0, 1, 3]));
        }
        if bits & 16 != 0 {
            properties.maximum_packet_size = NonZeroU32::new(choices.one_of(&[4, 12, 30, 100, 300]));
            properties.request_problem_information = Some(choices.flag());
        }
        if bits & 32 != 0 {
            properties.authentication_method = Some(text("m"));
            properties.authentication_data = Some(Bytes::from_static(b"first"));
        }
    }
    let named = bits & 64 != 0;
    let connect = Connect {
        version,
        client_id: text(choices.one_of(&CLIENTS)),
        clean_start: bits & 1 != 0,
        keep_alive: choices.one_of(&[0, 1, 10, 60]),
        will: (bits & 2 != 0).then(|| will(choices, version)),
        username: named.then(|| text("u")),
        password: named.then(|| Bytes::from_static(b"p")),
        properties,
    };
    encode(&Packet::Connect(Box::new(connect)), version)
}

/// Any other packet that a client may send, encoded.
pub(super) fn packet(choices: &mut Choices<'_>, version: ProtocolVersion) -> Vec<u8> {
    let kind = choices.byte();
    let packet = match kind & 15 {
        0..=4 => Packet::Publish(publish(choices, version)),
        5..=6 => Packet::Subscribe(subscribe(choices, version)),
        7 => Packet::Unsubscribe(Unsubscribe {
            packet_id: packet_id(choices),
            filters: filters(choices),
            user_properties: UserProperties::new(),
        }),
        8 => Packet::PubAck(ack(choices, version)),
        9 => Packet::PubRec(ack(choices, version)),
        10 => Packet::PubRel(ack(choices, version)),
        11 => Packet::PubComp(ack(choices, version)),
        12 => Packet::PingReq,
        13 => Packet::Disconnect(Box::new(disconnect(choices, version))),
        14 => Packet::Auth(Box::new(auth(choices))),
        // A second CONNECT.
        _ => return connect(choices),
    };
    encode(&packet, version)
}

/// Something an operator may want.
pub(super) fn command(choices: &mut Choices<'_>) -> Command {
    let client_id = choices.one_of(&CLIENTS).to_owned();
    match choices.byte() & 15 {
        0..=2 => Command::Kick { client_id, reason: choices.one_of(ReasonCode::ALL) },
        3..=5 => Command::EndSession { client_id },
        6..=9 => {
            let publish = publish(choices, ProtocolVersion::V5_0);
            Command::Publish {
                topic: publish.topic.unwrap_or_else(|| topic("a")),
                payload: publish.payload,
                qos: publish.qos,
                retain: publish.retain,
                properties: publish.properties,
            }
        }
        10 | 11 => Command::DropRetained { filter: filter(choices.one_of(&FILTERS)) },
        12 => Command::Watch { events: choices.one_of(&[EventMask::ALL, EventMask::NONE, EventMask::DROPS]) },
        13 | 14 => Command::Rules(Box::new(rules(choices.byte()))),
        _ => match choices.byte() & 3 {
            0 => Command::Shutdown,
            1 => Command::Redirect(Redirect::Permanently),
            2 => Command::Redirect(Redirect::Temporarily),
            _ => Command::Redirect(Redirect::Off),
        },
    }
}

/// Other limits than `config`, of those that may change without others having to leave.
pub(super) fn reconfiguration(choices: &mut Choices<'_>, config: &Config) -> Command {
    let mut config = config.clone();
    config.maximum_packet_size = choices.one_of(&[64, 300, 600, 2 << 20]);
    config.receive_maximum = choices.one_of(&[0, 1, 3, 100]);
    config.topic_alias_maximum = choices.one_of(&[0, 2, 64]);
    config.topic_aliases_sent = choices.one_of(&[0, 1, 2, 100]);
    config.sys_interval = choices.one_of(&[0, 1, 10]);
    config.inflight = choices.one_of(&[0, 1, 3, 100]);
    config.queue_messages = choices.one_of(&[0, 1, 4, 100]);
    config.outgoing_bytes = choices.one_of(&[0, 1024, 4096, 1 << 18]);
    config.pause_maximum = choices.one_of(&[0, 1, 1000]);
    config.stall_maximum = choices.one_of(&[0, 1, 100]);
    config.topic_levels = choices.one_of(&[0, 2, 4, 128]);
    Command::Reconfigure(Box::new(config))
}

fn publish(choices: &mut Choices<'_>, version: ProtocolVersion) -> Publish {
    let bits = choices.byte();
    let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce][usize::from(bits & 3)];
    let mut properties = PublishProperties::new();
    let mut name = Some(topic(choices.one_of(&TOPICS)));
    if version.is_v5() && bits & 8 != 0 {
        let fields = choices.byte();
        let alias = NonZeroU16::new(u16::from(fields & 3));
        if alias.is_some() && fields & 4 != 0 {
            name = None;
        }
        properties = PublishProperties::from(PublishPropertyFields {
            topic_alias: alias,
            message_expiry_interval: (fields & 8 != 0).then(|| choices.one_of(&SECONDS)),
            response_topic: (fields & 16 != 0).then(|| topic("b")),
            correlation_data: (fields & 16 != 0).then(|| Bytes::from_static(b"c")),
            content_type: (fields & 32 != 0).then(|| text("t")),
            user_properties: user_properties(fields & 64 != 0),
            ..PublishPropertyFields::default()
        });
    }
    Publish {
        dup: bits & 4 != 0 && qos != QoS::AtMostOnce,
        qos,
        retain: bits & 16 != 0,
        topic: name,
        packet_id: (qos != QoS::AtMostOnce).then(|| packet_id(choices)),
        payload: payload(choices),
        properties,
    }
}

fn subscribe(choices: &mut Choices<'_>, version: ProtocolVersion) -> Subscribe {
    let packet_id = packet_id(choices);
    let subscription_identifier =
        if version.is_v5() { choices.one_of(&[None, Some(1), Some(268_435_455)]) } else { None };
    let mut filters: Vec<_> = filters(choices).into_iter().map(|filter| (filter, options(choices))).collect();
    for (filter, options) in &mut filters {
        if filter.share_name().is_some() {
            options.no_local = false;
        }
    }
    Subscribe { packet_id, filters, subscription_identifier, user_properties: UserProperties::new() }
}

fn options(choices: &mut Choices<'_>) -> SubscriptionOptions {
    let bits = choices.byte();
    let handling = [RetainHandling::SendAlways, RetainHandling::SendIfNew, RetainHandling::DoNotSend];
    SubscriptionOptions {
        qos: [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(bits & 3) % 3],
        no_local: bits & 4 != 0,
        retain_as_published: bits & 8 != 0,
        retain_handling: handling[usize::from(bits >> 4 & 3) % 3],
    }
}

fn filters(choices: &mut Choices<'_>) -> Vec<TopicFilter> {
    (0..=choices.byte() & 3).map(|_| filter(choices.one_of(&FILTERS))).collect()
}

fn ack(choices: &mut Choices<'_>, version: ProtocolVersion) -> Ack {
    let packet_id = packet_id(choices);
    let failed = version.is_v5() && choices.byte() > 200;
    if failed { Ack::new(packet_id, ReasonCode::UnspecifiedError) } else { Ack::success(packet_id) }
}

fn disconnect(choices: &mut Choices<'_>, version: ProtocolVersion) -> Disconnect {
    if !version.is_v5() {
        return Disconnect::default();
    }
    let reason = choices.one_of(&[
        ReasonCode::NORMAL_DISCONNECTION,
        ReasonCode::DisconnectWithWillMessage,
        ReasonCode::UnspecifiedError,
    ]);
    let session_expiry_interval = choices.flag().then(|| choices.one_of(&SECONDS));
    Disconnect { reason, properties: DisconnectProperties { session_expiry_interval, ..Default::default() } }
}

fn auth(choices: &mut Choices<'_>) -> Auth {
    let reasons = [
        ReasonCode::Success,
        ReasonCode::ContinueAuthentication,
        ReasonCode::ReAuthenticate,
        ReasonCode::ReAuthenticate,
    ];
    Auth {
        reason: choices.one_of(&reasons),
        properties: AuthProperties {
            authentication_method: Some(text(choices.one_of(&["m", "m", "m", "n"]))),
            authentication_data: choices.flag().then(|| Bytes::from_static(b"next")),
            ..AuthProperties::default()
        },
    }
}

fn will(choices: &mut Choices<'_>, version: ProtocolVersion) -> Will {
    let bits = choices.byte();
    let mut properties = WillProperties::default();
    if version.is_v5() && bits & 8 != 0 {
        properties.will_delay_interval = Some(choices.one_of(&SECONDS));
        properties.message_expiry_interval = bits.ge(&128).then(|| choices.one_of(&SECONDS));
        properties.user_properties = user_properties(bits & 32 != 0);
    }
    Will {
        topic: topic(choices.one_of(&TOPICS)),
        payload: payload(choices),
        qos: [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(bits & 3) % 3],
        retain: bits & 4 != 0,
        properties,
    }
}

fn payload(choices: &mut Choices<'_>) -> Bytes {
    let length = choices.one_of(&[1, 0, 3, 20, 90, 200, 500]);
    vec![b'x'; length].into()
}

fn packet_id(choices: &mut Choices<'_>) -> PacketId {
    PacketId::new(choices.one_of(&[1, 2, 3, 4, 5, 6, 7, u16::MAX])).unwrap_or(PacketId::MIN)
}

fn user_properties(wanted: bool) -> UserProperties {
    let mut properties = UserProperties::new();
    if wanted {
        properties.push(text("k"), text("v"));
    }
    properties
}

fn encode(packet: &Packet, version: ProtocolVersion) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    match packet.encode(version, &mut bytes) {
        Ok(()) => bytes.to_vec(),
        // AUTH before 5.0, for example: there is no such packet to be sent.
        Err(_) => Vec::new(),
    }
}

pub(super) fn topic(name: &str) -> TopicName {
    TopicName::try_from(name).expect("a topic name")
}

pub(super) fn filter(filter: &str) -> TopicFilter {
    TopicFilter::try_from(filter).expect("a topic filter")
}

fn text(text: &str) -> Utf8String {
    Utf8String::try_from(text).expect("a string")
}
