//! From bytes to packets to what they ask for.

use bytes::Bytes;
use lacewing_protocol::{DecodeError, Packet, ReasonCode};

use crate::connection::{ConnKey, Phase};
use crate::{Broker, ConnId, EventKind, EventMask, Output};

impl Broker {
    pub(crate) fn received(&mut self, conn: ConnId, bytes: Bytes) {
        let Some(&key) = self.connection_keys.get(&conn) else { return };
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if matches!(connection.phase, Phase::Closing) {
            return;
        }
        self.metrics.bytes_in += bytes.len() as u64;
        connection.bytes_in += bytes.len() as u64;
        connection.last_heard = self.now.awake;
        connection.decoder.push(bytes);
        if !connection.is_held() && !connection.listed {
            return self.read(key);
        }
        let held = connection.decoder.buffered();
        if !connection.paused {
            connection.paused = true;
            self.outputs.push_back(Output::PauseRead { conn });
        }
        if held > self.config.held_bytes as usize {
            self.refuse(key, ReasonCode::QuotaExceeded, "too much came while the connection was paused");
        }
    }

    /// Handles the packets of a connection until there is none, it is held, or the budget is used up.
    pub(crate) fn read(&mut self, key: ConnKey) {
        loop {
            let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
            if connection.is_held() {
                return;
            }
            if self.budget == 0 {
                return self.read_later(key);
            }
            self.budget -= 1;
            match connection.decoder.next() {
                Ok(Some(packet)) => {
                    let challenged = matches!(connection.phase, Phase::Challenged(_));
                    let before = self.seq;
                    self.packet(key, packet, challenged);
                    if self.seq > before {
                        self.hold_for_records(key);
                    }
                    self.hold_if_flooded(key);
                }
                Ok(None) => return self.forget_if_ended(key),
                Err(error) => return self.decode_error(key, &error),
            }
        }
    }

    /// Puts a connection in line to be read by a later tick.
    pub(crate) fn read_later(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if !connection.listed {
            connection.listed = true;
            self.unread.push_back(connection.id);
        }
    }

    /// Reads the connections in line while the budget lasts.
    pub(crate) fn read_unread(&mut self) {
        for _ in 0..self.unread.len() {
            if self.budget == 0 {
                return;
            }
            let Some(conn) = self.unread.pop_front() else { return };
            let Some(&key) = self.connection_keys.get(&conn) else { continue };
            let Some(connection) = self.connections.get_mut(key.0 as usize) else { continue };
            connection.listed = false;
            self.read(key);
            let Some(connection) = self.connections.get_mut(key.0 as usize) else { continue };
            if connection.paused && !connection.is_held() && !connection.listed {
                connection.paused = false;
                connection.last_heard = self.now.awake;
                self.outputs.push_back(Output::ResumeRead { conn });
            }
        }
    }

    fn packet(&mut self, key: ConnKey, packet: Packet, challenged: bool) {
        self.metrics.packets_in += 1;
        if self.watch.wants(EventMask::PACKETS) {
            self.packet_event(key, &packet);
        }
        if challenged {
            return self.packet_in_exchange(key, packet);
        }
        match packet {
            Packet::Publish(publish) => self.publish(key, publish),
            Packet::PubAck(ack) => self.puback(key, &ack),
            Packet::PubRec(ack) => self.pubrec(key, &ack),
            Packet::PubRel(ack) => self.pubrel(key, &ack),
            Packet::PubComp(ack) => self.pubcomp(key, &ack),
            Packet::Subscribe(subscribe) => self.subscribe(key, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(key, unsubscribe),
            Packet::PingReq => self.send(key, &Packet::PingResp),
            Packet::Connect(connect) => self.connect(key, connect),
            Packet::Disconnect(disconnect) => self.disconnect(key, &disconnect),
            Packet::Auth(auth) => self.reauthenticate(key, *auth),
            Packet::ConnAck(_) | Packet::SubAck(_) | Packet::UnsubAck(_) | Packet::PingResp => {
                self.refuse(key, ReasonCode::ProtocolError, "the packet goes the other way");
            }
        }
    }

    fn decode_error(&mut self, key: ConnKey, error: &DecodeError) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if let Some(version) = connection.decoder.version() {
            connection.version = version;
        }
        match connection.phase {
            Phase::New | Phase::Challenged(_) => self.refuse_connect(key, error.reason(), &error.to_string()),
            _ => self.refuse(key, error.reason(), &error.to_string()),
        }
    }

    #[cold]
    fn packet_event(&mut self, key: ConnKey, packet: &Packet) {
        let Some((conn, client_id)) = self.who(key) else { return };
        self.event(EventKind::PacketIn {
            conn,
            client_id: client_id.unwrap_or_default(),
            line: line(packet),
        });
    }

    /// A connection's number and its client id, if it has one yet.
    pub(crate) fn who(&self, key: ConnKey) -> Option<(ConnId, Option<String>)> {
        let connection = self.connections.get(key.0 as usize)?;
        let session = connection.session().and_then(|session| self.sessions.get(session.0 as usize));
        Some((connection.id, session.map(|session| session.client_id.to_string())))
    }
}

/// A packet as one line of text.
pub(crate) fn line(packet: &Packet) -> String {
    packet.to_string()
}
