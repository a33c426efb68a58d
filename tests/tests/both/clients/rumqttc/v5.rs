//! rumqttc's 5.0.

use bytes::Bytes;
use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnectProperties, LastWill, LastWillProperties, Packet, PublishProperties, SubscribeProperties,
};
use rumqttc::v5::{Client, Connection, Event as Theirs, MqttOptions, RecvTimeoutError};

use super::{BETWEEN_LOOKS, REQUESTS, Step, place};
use crate::clients::peer::{Event, Greeting, Message, Properties};

pub(super) fn connect(greeting: &Greeting) -> (Client, Connection) {
    let (host, port, transport) = place(greeting);
    let mut options = MqttOptions::new(&greeting.client_id, host, port);
    options.set_transport(transport).set_clean_start(greeting.clean);
    let mut properties = ConnectProperties::new();
    properties.session_expiry_interval = greeting.session_expiry;
    options.set_connect_properties(properties);
    if let Some(will) = &greeting.will {
        let told = PublishProperties::from(&will.properties);
        let properties = LastWillProperties {
            delay_interval: None,
            payload_format_indicator: told.payload_format_indicator,
            message_expiry_interval: told.message_expiry_interval,
            content_type: told.content_type,
            response_topic: told.response_topic,
            correlation_data: told.correlation_data,
            user_properties: told.user_properties,
        };
        let (topic, payload) = (&will.topic, will.payload.clone());
        options.set_last_will(LastWill::new(topic, payload, qos(will.qos), will.retain, Some(properties)));
    }
    Client::new(options, REQUESTS)
}

pub(super) fn subscribe(client: &Client, filter: String, at: u8, subscription_id: Option<u32>) {
    let id = subscription_id.map(|id| id as usize);
    let properties = SubscribeProperties { id, user_properties: Vec::new() };
    client.subscribe_with_properties(filter, qos(at), properties).expect("it is connected");
}

pub(super) fn publish(client: &Client, message: Message) {
    let properties = PublishProperties::from(&message.properties);
    let Message { topic, payload, qos: at, retain, .. } = message;
    client.publish_with_properties(topic, qos(at), retain, payload, properties).expect("it is connected");
}

pub(super) fn step(connection: &mut Connection) -> Step {
    match connection.recv_timeout(BETWEEN_LOOKS) {
        Ok(Ok(event)) => heard(event),
        Ok(Err(error)) => Step::Heard(Event::Error { why: error.to_string() }),
        Err(RecvTimeoutError::Timeout) => Step::Nothing,
        Err(RecvTimeoutError::Disconnected) => Step::Over,
    }
}

fn heard(event: Theirs) -> Step {
    match event {
        Theirs::Incoming(Packet::ConnAck(answer)) => {
            Step::Heard(Event::Connected { session_present: Some(answer.session_present) })
        }
        Theirs::Incoming(Packet::SubAck(_)) => Step::Heard(Event::Subscribed),
        Theirs::Incoming(Packet::PubAck(_) | Packet::PubComp(_)) | Theirs::Outgoing(Outgoing::Publish(0)) => {
            Step::Heard(Event::Published)
        }
        Theirs::Incoming(Packet::Publish(publish)) => Step::Heard(Event::Message {
            message: Message {
                topic: text(&publish.topic),
                payload: text(&publish.payload),
                qos: publish.qos as u8,
                retain: publish.retain,
                properties: publish.properties.map(Properties::from).unwrap_or_default(),
            },
        }),
        Theirs::Outgoing(Outgoing::Disconnect) => Step::Over,
        _ => Step::Nothing,
    }
}

impl From<&Properties> for PublishProperties {
    fn from(told: &Properties) -> Self {
        Self {
            payload_format_indicator: told.payload_format,
            message_expiry_interval: told.expiry,
            topic_alias: told.topic_alias,
            response_topic: told.response_topic.clone(),
            correlation_data: told.correlation_data.clone().map(Bytes::from),
            user_properties: told.user.clone(),
            subscription_identifiers: Vec::new(),
            content_type: told.content_type.clone(),
        }
    }
}

impl From<PublishProperties> for Properties {
    fn from(came: PublishProperties) -> Self {
        Self {
            user: came.user_properties,
            response_topic: came.response_topic,
            correlation_data: came.correlation_data.map(|data| text(&data)),
            content_type: came.content_type,
            payload_format: came.payload_format_indicator,
            expiry: came.message_expiry_interval,
            topic_alias: came.topic_alias,
            subscription_ids: came.subscription_identifiers.into_iter().map(|id| id as u32).collect(),
        }
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn qos(qos: u8) -> QoS {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(qos)]
}
