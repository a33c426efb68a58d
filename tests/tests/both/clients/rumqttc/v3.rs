//! rumqttc's 3.1.1.

use rumqttc::{
    Client, Connection, Event as Theirs, LastWill, MqttOptions, Outgoing, Packet, QoS, RecvTimeoutError,
};

use super::{BETWEEN_LOOKS, REQUESTS, Step, place};
use crate::clients::peer::{Event, Greeting, Message, Properties};

pub(super) fn connect(greeting: &Greeting) -> (Client, Connection) {
    let (host, port, transport) = place(greeting);
    let mut options = MqttOptions::new(&greeting.client_id, host, port);
    options.set_transport(transport).set_clean_session(greeting.clean);
    if let Some(will) = &greeting.will {
        options.set_last_will(LastWill::new(&will.topic, will.payload.clone(), qos(will.qos), will.retain));
    }
    Client::new(options, REQUESTS)
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
                topic: publish.topic,
                payload: String::from_utf8_lossy(&publish.payload).into_owned(),
                qos: publish.qos as u8,
                retain: publish.retain,
                properties: Properties::default(),
            },
        }),
        Theirs::Outgoing(Outgoing::Disconnect) => Step::Over,
        _ => Step::Nothing,
    }
}

pub(super) fn qos(qos: u8) -> QoS {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(qos)]
}
