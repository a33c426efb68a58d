//! What each packet of the server does to the session.

use lacewing_protocol::{
    Ack, ConnAck, Disconnect, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode,
};

use crate::client::{Client, Phase};
use crate::event::{Cause, Connected, Event};
use crate::incoming::Problem;
use crate::outgoing::Received;

impl Client {
    pub(crate) fn packet(&mut self, now: u64, packet: Packet) -> Result<(), Problem> {
        if let Phase::Connecting { clean_start, .. } = self.phase {
            let Packet::ConnAck(connack) = packet else {
                return Err((ReasonCode::ProtocolError, "the first packet is not CONNACK"));
            };
            return self.connack(now, *connack, clean_start);
        }
        match packet {
            Packet::Publish(publish) => self.publish_arrived(publish),
            Packet::PubAck(ack) => {
                let event = self.outgoing.acknowledged(ack.packet_id, ack.reason, &mut self.ids)?;
                self.event(event);
                Ok(())
            }
            Packet::PubRec(ack) => self.pubrec(ack),
            Packet::PubRel(ack) => self.pubrel(ack.packet_id),
            Packet::PubComp(ack) => {
                let event = self.outgoing.completed(ack.packet_id, &mut self.ids);
                event.into_iter().for_each(|event| self.event(event));
                Ok(())
            }
            Packet::SubAck(ack) => {
                let event =
                    self.subscriptions.acknowledged(&mut self.ids, ack.packet_id, true, ack.reasons)?;
                self.event(event);
                Ok(())
            }
            Packet::UnsubAck(ack) => {
                let event =
                    self.subscriptions.acknowledged(&mut self.ids, ack.packet_id, false, ack.reasons)?;
                self.event(event);
                Ok(())
            }
            Packet::PingResp => {
                if let Some(connection) = &mut self.connection {
                    connection.keep_alive.pong();
                }
                Ok(())
            }
            Packet::Disconnect(disconnect) => {
                self.disconnect_arrived(now, *disconnect);
                Ok(())
            }
            Packet::ConnAck(_) => Err((ReasonCode::ProtocolError, "a second CONNACK")),
            Packet::Auth(_) => Err((ReasonCode::ProtocolError, "AUTH without an authentication method")),
            Packet::Connect(_) | Packet::Subscribe(_) | Packet::Unsubscribe(_) | Packet::PingReq => {
                Err((ReasonCode::ProtocolError, "a packet that only a client sends"))
            }
        }
    }

    fn connack(&mut self, now: u64, connack: ConnAck, clean_start: bool) -> Result<(), Problem> {
        let ConnAck { session_present, reason, properties } = connack;
        if reason.is_error() {
            let (reason_string, server_reference) = (properties.reason_string, properties.server_reference);
            self.close(now, Cause::Refused { reason, reason_string, server_reference });
            return Ok(());
        }
        let keep_alive_s = properties.server_keep_alive.unwrap_or(self.options.keep_alive_s);
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.accepted(now, &properties, keep_alive_s, &self.options);
        if session_present && clean_start {
            // [MQTT-3.2.2-4]: there is no session on this side.
            return Err((ReasonCode::ProtocolError, "a session where a clean start was asked for"));
        }
        let receive_maximum = connection.receive_maximum;
        let accepts = connection.accepts;
        // MQTT 3.1 does not say; a server that was not to clean the session has it.
        let session_present =
            session_present || (self.options.version == ProtocolVersion::V3_1 && !clean_start);
        if let Some(assigned) = &properties.assigned_client_identifier {
            self.options.client_id = assigned.compact();
        }
        self.phase = Phase::Connected { since: now };
        self.resumable = true;
        self.event(Event::Connected(Connected {
            session_present,
            client_id: self.options.client_id.clone(),
            keep_alive_s,
            session_expiry_s: properties.session_expiry_interval.unwrap_or(self.options.session_expiry_s),
            maximum_qos: accepts.maximum_qos,
            retain_available: accepts.retain,
        }));
        if !session_present {
            // [MQTT-3.2.2-5]
            self.incoming.session_lost();
            self.subscriptions.session_lost();
            let events = self.outgoing.session_lost(&mut self.ids);
            events.into_iter().for_each(|event| self.event(event));
        } else {
            self.incoming.session_kept();
        }
        let releasing: Vec<PacketId> = self.outgoing.resume(receive_maximum).collect();
        for id in releasing {
            self.send(&Packet::PubRel(Ack::success(id)));
        }
        Ok(())
    }

    fn publish_arrived(&mut self, mut publish: Publish) -> Result<(), Problem> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.aliases.resolve(&mut publish)?;
        let Some(id) = publish.packet_id else {
            self.event(Event::Message(publish));
            return Ok(());
        };
        if publish.qos == QoS::AtLeastOnce {
            self.event(Event::Message(publish));
            self.send(&Packet::PubAck(Ack::success(id)));
            return Ok(());
        }
        // Before 5.0 a server is not told of the maximum, and there are no more than 65 535 identifiers.
        let is_told = self.options.version.is_v5();
        let maximum = if is_told { self.options.receive_maximum.max(1) } else { u16::MAX };
        if self.incoming.take(id, maximum)? {
            self.event(Event::Message(publish));
        }
        self.send(&Packet::PubRec(Ack::success(id)));
        Ok(())
    }

    fn pubrec(&mut self, ack: Ack) -> Result<(), Problem> {
        match self.outgoing.received(ack.packet_id, ack.reason, &mut self.ids)? {
            Received::Release => {
                self.send(&Packet::PubRel(Ack::success(ack.packet_id)));
            }
            Received::Refused(event) => self.event(event),
        }
        Ok(())
    }

    fn pubrel(&mut self, id: PacketId) -> Result<(), Problem> {
        let reason = if self.incoming.release(id) {
            ReasonCode::Success
        } else {
            ReasonCode::PacketIdentifierNotFound
        };
        self.send(&Packet::PubComp(Ack::new(id, reason)));
        Ok(())
    }

    fn disconnect_arrived(&mut self, now: u64, disconnect: Disconnect) {
        let Disconnect { reason, properties } = disconnect;
        let (reason_string, server_reference) = (properties.reason_string, properties.server_reference);
        self.close(now, Cause::Server { reason, reason_string, server_reference });
    }
}
