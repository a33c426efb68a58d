//! Any packet that the specification allows, for property tests.

use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;
use lacewing_protocol::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Any version of the protocol.
pub(crate) fn version() -> impl Strategy<Value = ProtocolVersion> {
    select(vec![ProtocolVersion::V3_1, ProtocolVersion::V3_1_1, ProtocolVersion::V5_0])
}

/// Any packet of any version, with that version.
pub(crate) fn versioned_packet() -> impl Strategy<Value = (ProtocolVersion, Packet)> {
    version().prop_flat_map(|version| (Just(version), packet(version)))
}

/// Any packet that loses nothing when it is encoded in `version`.
pub(crate) fn packet(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let any_version = prop_oneof![
        1 => connect(version).prop_map(|packet| Packet::Connect(Box::new(packet))),
        1 => connack(version).prop_map(|packet| Packet::ConnAck(Box::new(packet))),
        4 => publish(version).prop_map(Packet::Publish),
        1 => ack(PacketType::PubAck, version).prop_map(Packet::PubAck),
        1 => ack(PacketType::PubRec, version).prop_map(Packet::PubRec),
        1 => ack(PacketType::PubRel, version).prop_map(Packet::PubRel),
        1 => ack(PacketType::PubComp, version).prop_map(Packet::PubComp),
        1 => subscribe(version).prop_map(Packet::Subscribe),
        1 => suback(version).prop_map(Packet::SubAck),
        1 => unsubscribe(version).prop_map(Packet::Unsubscribe),
        1 => unsuback(version).prop_map(Packet::UnsubAck),
        1 => Just(Packet::PingReq),
        1 => Just(Packet::PingResp),
    ];
    if !version.is_v5() {
        let disconnect = Just(Packet::Disconnect(Box::default()));
        return prop_oneof![13 => any_version, 1 => disconnect].boxed();
    }
    prop_oneof![
        13 => any_version,
        1 => disconnect().prop_map(|packet| Packet::Disconnect(Box::new(packet))),
        1 => auth().prop_map(|packet| Packet::Auth(Box::new(packet))),
    ]
    .boxed()
}

/// Any PUBLISH that loses nothing when it is encoded in `version`.
pub(crate) fn publish(version: ProtocolVersion) -> impl Strategy<Value = Publish> {
    let topic = (topic_name(), any::<bool>());
    let properties =
        if version.is_v5() { publish_properties().boxed() } else { Just(PublishProperties::new()).boxed() };
    let payload = prop_oneof![9 => vec(any::<u8>(), 0..200), 1 => vec(any::<u8>(), 16_000..17_000)];
    (any::<bool>(), qos(), any::<bool>(), topic, packet_id(), payload, properties).prop_map(
        |(dup, qos, retain, (topic, by_alias), packet_id, payload, properties)| Publish {
            dup: dup && qos != QoS::AtMostOnce,
            qos,
            retain,
            topic: (!by_alias || properties.topic_alias.is_none()).then_some(topic),
            packet_id: (qos != QoS::AtMostOnce).then_some(packet_id),
            payload: Bytes::from(payload),
            properties,
        },
    )
}

fn connect(version: ProtocolVersion) -> impl Strategy<Value = Connect> {
    let properties = if version.is_v5() {
        connect_properties().boxed()
    } else {
        Just(ConnectProperties::default()).boxed()
    };
    (string(), any::<bool>(), any::<u16>(), of(will(version)), of(string()), of(binary()), properties)
        .prop_map(move |(client_id, clean_start, keep_alive, will, username, password, properties)| {
            let password = password.filter(|_| version.is_v5() || username.is_some());
            Connect { version, client_id, clean_start, keep_alive, will, username, password, properties }
        })
}

fn will(version: ProtocolVersion) -> impl Strategy<Value = Will> {
    let properties =
        if version.is_v5() { will_properties().boxed() } else { Just(WillProperties::default()).boxed() };
    (topic_name(), binary(), qos(), any::<bool>(), properties).prop_map(
        |(topic, payload, qos, retain, properties)| Will { topic, payload, qos, retain, properties },
    )
}

fn connack(version: ProtocolVersion) -> BoxedStrategy<ConnAck> {
    if version.is_v5() {
        return (any::<bool>(), reason(PacketType::ConnAck), connack_properties())
            .prop_map(|(session_present, reason, properties)| ConnAck {
                session_present: session_present && !reason.is_error(),
                reason,
                properties,
            })
            .boxed();
    }
    (any::<bool>(), 0..=5_u8)
        .prop_map(move |(session_present, code)| {
            let session_present = session_present && code == 0 && version == ProtocolVersion::V3_1_1;
            ConnAck::new(session_present, ConnectReturnCode::from_value(code).unwrap().into())
        })
        .boxed()
}

fn ack(packet: PacketType, version: ProtocolVersion) -> BoxedStrategy<Ack> {
    if !version.is_v5() {
        return packet_id().prop_map(Ack::success).boxed();
    }
    (packet_id(), reason(packet), ack_properties())
        .prop_map(|(packet_id, reason, properties)| Ack { packet_id, reason, properties })
        .boxed()
}

fn subscribe(version: ProtocolVersion) -> impl Strategy<Value = Subscribe> {
    let v5 = version.is_v5();
    let filters = vec((topic_filter(), subscription_options(version)), 1..5);
    (packet_id(), filters, of(subscription_identifier()), user_properties()).prop_map(
        move |(packet_id, mut filters, subscription_identifier, user_properties)| {
            for (filter, options) in &mut filters {
                options.no_local &= filter.share_name().is_none();
            }
            Subscribe {
                packet_id,
                filters,
                subscription_identifier: subscription_identifier.filter(|_| v5),
                user_properties: if v5 { user_properties } else { UserProperties::new() },
            }
        },
    )
}

fn subscription_options(version: ProtocolVersion) -> BoxedStrategy<SubscriptionOptions> {
    if !version.is_v5() {
        return qos().prop_map(SubscriptionOptions::new).boxed();
    }
    let retain_handling =
        select(vec![RetainHandling::SendAlways, RetainHandling::SendIfNew, RetainHandling::DoNotSend]);
    (qos(), any::<bool>(), any::<bool>(), retain_handling)
        .prop_map(|(qos, no_local, retain_as_published, retain_handling)| SubscriptionOptions {
            qos,
            no_local,
            retain_as_published,
            retain_handling,
        })
        .boxed()
}

fn suback(version: ProtocolVersion) -> BoxedStrategy<SubAck> {
    if version.is_v5() {
        return (packet_id(), vec(reason(PacketType::SubAck), 1..5), ack_properties())
            .prop_map(|(packet_id, reasons, properties)| SubAck { packet_id, reasons, properties })
            .boxed();
    }
    let reason = select(vec![
        ReasonCode::GRANTED_QOS_0,
        ReasonCode::GrantedQoS1,
        ReasonCode::GrantedQoS2,
        ReasonCode::UnspecifiedError,
    ]);
    (packet_id(), vec(reason, 1..5))
        .prop_map(|(packet_id, reasons)| SubAck { packet_id, reasons, properties: AckProperties::default() })
        .boxed()
}

fn unsubscribe(version: ProtocolVersion) -> impl Strategy<Value = Unsubscribe> {
    (packet_id(), vec(topic_filter(), 1..5), user_properties()).prop_map(
        move |(packet_id, filters, user_properties)| Unsubscribe {
            packet_id,
            filters,
            user_properties: if version.is_v5() { user_properties } else { UserProperties::new() },
        },
    )
}

fn unsuback(version: ProtocolVersion) -> BoxedStrategy<UnsubAck> {
    if !version.is_v5() {
        return packet_id()
            .prop_map(|packet_id| UnsubAck {
                packet_id,
                reasons: Vec::new(),
                properties: AckProperties::default(),
            })
            .boxed();
    }
    (packet_id(), vec(reason(PacketType::UnsubAck), 1..5), ack_properties())
        .prop_map(|(packet_id, reasons, properties)| UnsubAck { packet_id, reasons, properties })
        .boxed()
}

fn disconnect() -> impl Strategy<Value = Disconnect> {
    let properties = (of(any::<u32>()), of(string()), of(string()), user_properties()).prop_map(
        |(session_expiry_interval, reason_string, server_reference, user_properties)| DisconnectProperties {
            session_expiry_interval,
            reason_string,
            server_reference,
            user_properties,
        },
    );
    let properties = prop_oneof![Just(DisconnectProperties::default()), properties];
    (reason(PacketType::Disconnect), properties)
        .prop_map(|(reason, properties)| Disconnect { reason, properties })
}

fn auth() -> impl Strategy<Value = Auth> {
    let properties = (string(), of(binary()), of(string()), user_properties()).prop_map(
        |(method, authentication_data, reason_string, user_properties)| AuthProperties {
            authentication_method: Some(method),
            authentication_data,
            reason_string,
            user_properties,
        },
    );
    let full =
        (reason(PacketType::Auth), properties).prop_map(|(reason, properties)| Auth { reason, properties });
    prop_oneof![1 => Just(Auth::default()), 4 => full]
}

fn ack_properties() -> impl Strategy<Value = AckProperties> {
    let properties = (of(string()), user_properties())
        .prop_map(|(reason_string, user_properties)| AckProperties { reason_string, user_properties });
    prop_oneof![Just(AckProperties::default()), properties]
}

fn connect_properties() -> impl Strategy<Value = ConnectProperties> {
    let numbers = (of(any::<u32>()), of(any::<NonZeroU16>()), of(any::<NonZeroU32>()), of(any::<u16>()));
    let authentication = of((string(), of(binary())));
    (numbers, of(any::<bool>()), of(any::<bool>()), authentication, user_properties()).prop_map(
        |(numbers, response, problem, authentication, user_properties)| {
            let (authentication_method, authentication_data) = authentication.unzip();
            ConnectProperties {
                session_expiry_interval: numbers.0,
                receive_maximum: numbers.1,
                maximum_packet_size: numbers.2,
                topic_alias_maximum: numbers.3,
                request_response_information: response,
                request_problem_information: problem,
                authentication_method,
                authentication_data: authentication_data.flatten(),
                user_properties,
            }
        },
    )
}

fn connack_properties() -> impl Strategy<Value = ConnAckProperties> {
    let numbers = (
        of(any::<u32>()),
        of(any::<NonZeroU16>()),
        of(any::<NonZeroU32>()),
        of(any::<u16>()),
        of(any::<u16>()),
    );
    let booleans = (of(any::<bool>()), of(any::<bool>()), of(any::<bool>()), of(any::<bool>()));
    let strings = (of(string()), of(string()), of(string()), of(string()), of(string()), of(binary()));
    let maximum_qos = of(select(vec![QoS::AtMostOnce, QoS::AtLeastOnce]));
    let properties = (numbers, booleans, strings, maximum_qos, user_properties()).prop_map(
        |(numbers, booleans, strings, maximum_qos, user_properties)| ConnAckProperties {
            session_expiry_interval: numbers.0,
            receive_maximum: numbers.1,
            maximum_qos,
            retain_available: booleans.0,
            maximum_packet_size: numbers.2,
            assigned_client_identifier: strings.0,
            topic_alias_maximum: numbers.3,
            reason_string: strings.1,
            wildcard_subscription_available: booleans.1,
            subscription_identifiers_available: booleans.2,
            shared_subscription_available: booleans.3,
            server_keep_alive: numbers.4,
            response_information: strings.2,
            server_reference: strings.3,
            authentication_method: strings.4,
            authentication_data: strings.5,
            user_properties,
        },
    );
    prop_oneof![Just(ConnAckProperties::default()), properties]
}

fn will_properties() -> impl Strategy<Value = WillProperties> {
    let numbers = (of(any::<u32>()), of(payload_format()), of(any::<u32>()));
    (numbers, of(string()), of(topic_name()), of(binary()), user_properties()).prop_map(
        |(numbers, content_type, response_topic, correlation_data, user_properties)| WillProperties {
            will_delay_interval: numbers.0,
            payload_format_indicator: numbers.1,
            message_expiry_interval: numbers.2,
            content_type,
            response_topic,
            correlation_data,
            user_properties,
        },
    )
}

fn publish_properties() -> impl Strategy<Value = PublishProperties> {
    let numbers = (of(payload_format()), of(any::<u32>()), of(any::<NonZeroU16>()));
    let identifiers = vec(subscription_identifier(), 0..4);
    let properties = (numbers, of(topic_name()), of(binary()), identifiers, of(string()), user_properties())
        .prop_map(
            |(numbers, response_topic, correlation_data, identifiers, content_type, user_properties)| {
                PublishProperties::from(PublishPropertyFields {
                    payload_format_indicator: numbers.0,
                    message_expiry_interval: numbers.1,
                    topic_alias: numbers.2,
                    response_topic,
                    correlation_data,
                    subscription_identifiers: identifiers,
                    content_type,
                    user_properties,
                })
            },
        );
    prop_oneof![Just(PublishProperties::new()), properties]
}

fn reason(packet: PacketType) -> impl Strategy<Value = ReasonCode> {
    select(ReasonCode::ALL.iter().copied().filter(|reason| reason.is_valid_in(packet)).collect::<Vec<_>>())
}

fn qos() -> impl Strategy<Value = QoS> {
    select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
}

fn packet_id() -> impl Strategy<Value = PacketId> {
    any::<NonZeroU16>().prop_map(PacketId::from)
}

fn subscription_identifier() -> impl Strategy<Value = u32> {
    prop_oneof![1..=127_u32, 128..=16_383_u32, 1..=268_435_455_u32]
}

fn payload_format() -> impl Strategy<Value = PayloadFormatIndicator> {
    select(vec![PayloadFormatIndicator::Unspecified, PayloadFormatIndicator::Utf8])
}

fn user_properties() -> impl Strategy<Value = UserProperties> {
    vec((string(), string()), 0..3).prop_map(UserProperties::from_iter)
}

fn binary() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..30).prop_map(Bytes::from)
}

fn string() -> impl Strategy<Value = Utf8String> {
    prop_oneof!["[a-z0-9]{0,12}", "\\PC{0,6}"].prop_map(|text| Utf8String::try_from(text).unwrap())
}

fn topic_name() -> impl Strategy<Value = TopicName> {
    prop_oneof!["[a-c$]{1,3}(/[a-c]{0,3}){0,3}", "[^\\x00+#]{1,6}"]
        .prop_map(|text| TopicName::try_from(text).unwrap())
}

/// Any topic filter, one in three of them of a shared subscription.
pub(crate) fn topic_filter() -> impl Strategy<Value = TopicFilter> {
    let level = prop_oneof![Just("+".to_owned()), "[a-c$é]{0,3}"];
    (of("[a-z]{1,4}"), vec(level, 1..4), any::<bool>()).prop_map(|(share, levels, multi)| {
        let mut text = share.map_or(String::new(), |share| format!("$share/{share}/"));
        text += &levels.join("/");
        if multi || levels.concat().is_empty() {
            text += "/#";
        }
        TopicFilter::try_from(text).unwrap()
    })
}
