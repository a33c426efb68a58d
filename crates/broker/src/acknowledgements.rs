//! What clients say to messages that were sent to them (§4.3.2, §4.3.3).

use lacewing_protocol::{Ack, AckType, PacketId, QoS, ReasonCode};

use crate::Broker;
use crate::connection::ConnKey;
use crate::routing::SessionKey;
use crate::window::Sent;

/// Why a client is sent away that acknowledges a message by the packet of another QoS, or out of turn.
const NOT_DUE: &str = "another acknowledgement is due";

impl Broker {
    /// QoS 1 is delivered.
    pub(crate) fn puback(&mut self, key: ConnKey, ack: &Ack) {
        self.acknowledged(key, ack.packet_id, |sent| sent.qos == QoS::AtLeastOnce);
    }

    /// QoS 2 is delivered.
    pub(crate) fn pubcomp(&mut self, key: ConnKey, ack: &Ack) {
        self.acknowledged(key, ack.packet_id, |sent| sent.released);
    }

    fn acknowledged(&mut self, key: ConnKey, id: PacketId, is_due: impl FnOnce(&Sent) -> bool) {
        let Some(session_key) =
            self.connections.get(key.0 as usize).and_then(|connection| connection.session())
        else {
            return;
        };
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        let Some(transit) = &mut session.transit else { return };
        // One that is not known was acknowledged before.
        let Some(sent) = transit.window.find(id) else { return };
        if !is_due(sent) {
            return self.refuse(key, ReasonCode::ProtocolError, NOT_DUE);
        }
        self.end_flight(session_key, id);
        self.refill(session_key);
        self.relax(key);
    }

    /// Ends the flight of a message: its identifier may be used again.
    pub(crate) fn end_flight(&mut self, session_key: SessionKey, id: PacketId) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        let (durable, serial) = (session.durable, session.serial);
        let Some(transit) = &mut session.transit else { return };
        let Some(sent) = transit.window.remove(id) else { return };
        self.forget_outgoing(durable, serial, sent.order, sent.message.as_deref());
    }

    /// The client has a QoS 2 message: from now on only PUBREL is sent for it (§4.3.3).
    pub(crate) fn pubrec(&mut self, key: ConnKey, ack: &Ack) {
        let Some(session_key) =
            self.connections.get(key.0 as usize).and_then(|connection| connection.session())
        else {
            return;
        };
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        let durable = session.durable;
        let transit = session.transit.as_mut();
        let Some(sent) = transit.and_then(|transit| transit.window.find(ack.packet_id)) else {
            return self.send_ack(key, AckType::PubRel, ack.packet_id, ReasonCode::PacketIdentifierNotFound);
        };
        if sent.qos != QoS::ExactlyOnce {
            return self.refuse(key, ReasonCode::ProtocolError, NOT_DUE);
        }
        if ack.reason.is_error() {
            // §4.3.3: the message is not sent again.
            self.end_flight(session_key, ack.packet_id);
            self.refill(session_key);
            return self.relax(key);
        }
        if !sent.released {
            sent.released = true;
            let message = sent.message.take();
            if durable {
                self.record_released(session_key, ack.packet_id, message);
            }
        }
        if durable {
            self.promise(key);
        }
        self.send_ack(key, AckType::PubRel, ack.packet_id, ReasonCode::Success);
    }
}
