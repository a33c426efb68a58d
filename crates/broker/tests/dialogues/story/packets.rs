//! The packets that most dialogues are told in.

use super::*;

/// A 5.0 CONNECT with Clean Start.
pub(crate) fn v5(client_id: &str) -> Connect {
    Connect {
        version: ProtocolVersion::V5_0,
        client_id: Utf8String::try_from(client_id).unwrap(),
        clean_start: true,
        keep_alive: 0,
        will: None,
        username: None,
        password: None,
        properties: ConnectProperties::default(),
    }
}

/// A 3.1.1 CONNECT with a clean session.
pub(crate) fn v3(client_id: &str) -> Connect {
    Connect { version: ProtocolVersion::V3_1_1, ..v5(client_id) }
}

/// A 5.0 CONNECT with Clean Start and a session that outlives the connection.
pub(crate) fn expiring(client_id: &str, seconds: u32) -> Connect {
    let mut connect = v5(client_id);
    connect.properties.session_expiry_interval = Some(seconds);
    connect
}

pub(crate) fn will(topic: &str, payload: &str) -> Will {
    Will {
        topic: TopicName::try_from(topic).unwrap(),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        qos: QoS::AtMostOnce,
        retain: false,
        properties: WillProperties::default(),
    }
}

pub(crate) fn message(topic: &str, payload: &str) -> Publish {
    Publish::new(TopicName::try_from(topic).unwrap(), Bytes::copy_from_slice(payload.as_bytes()))
}

pub(crate) fn with_qos(publish: Publish, qos: QoS, id: u16) -> Publish {
    let packet_id = PacketId::new(id).filter(|_| qos != QoS::AtMostOnce);
    Publish { qos, packet_id, ..publish }
}

pub(crate) fn retained(topic: &str, payload: &str) -> Publish {
    Publish { retain: true, ..message(topic, payload) }
}
