//! Packets as a dialogue has them.

use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;
use lacewing_protocol::{
    Connect, ConnectProperties, ProtocolVersion, Publish, QoS, TopicName, Utf8String, Will as ConnectWill,
    WillProperties,
};

use crate::dialogue::*;
use crate::reference::client_id;

/// The CONNECT of a greeting; its will has this number.
pub(super) fn as_connect(client: Client, hello: &Hello, version: ProtocolVersion, number: u32) -> Connect {
    let mut properties = ConnectProperties::default();
    if hello.v5 {
        properties.session_expiry_interval = (hello.expiry > 0).then_some(hello.expiry);
        properties.receive_maximum = NonZeroU16::new(hello.receive_maximum);
        properties.maximum_packet_size = NonZeroU32::new(hello.maximum_packet_size);
    }
    let will = hello.will.as_ref().map(|will| {
        let mut properties = WillProperties::default();
        if hello.v5 {
            properties.will_delay_interval = (will.delay > 0).then_some(will.delay);
            properties.message_expiry_interval = will.expiry;
        }
        ConnectWill {
            topic: TopicName::try_from(will.topic).unwrap(),
            payload: Bytes::from(format!("will {}", number)),
            qos: QoS::try_from(will.qos).unwrap(),
            retain: will.retain,
            properties,
        }
    });
    Connect {
        version,
        client_id: Utf8String::try_from(client_id(client).as_str()).unwrap(),
        clean_start: hello.clean,
        keep_alive: hello.keep_alive,
        will,
        username: None,
        password: None,
        properties,
    }
}

/// The PUBLISH of a text; with QoS 0 so far.
pub(super) fn as_publish(text: &Text, number: u32) -> Publish {
    let payload = match text.size {
        Size::Empty => Bytes::new(),
        Size::Short => Bytes::from(format!("{number}")),
        Size::Long => Bytes::from(format!("{number:0>100}")),
    };
    let mut publish = Publish::new(TopicName::try_from(text.topic).unwrap(), payload);
    (publish.qos, publish.retain) = (QoS::try_from(text.qos).unwrap(), text.retain);
    if text.adorned {
        publish.properties.content_type = Some("text/plain".try_into().unwrap());
        publish
            .properties
            .user_properties
            .push("n".try_into().unwrap(), number.to_string().as_str().try_into().unwrap());
    }
    if text.expiry.is_some() {
        publish.properties.message_expiry_interval = text.expiry;
    }
    publish.properties.topic_alias = text.alias.and_then(NonZeroU16::new);
    publish
}
