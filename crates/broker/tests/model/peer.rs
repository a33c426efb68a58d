//! A client's own half of every exchange; it behaves well.

use std::collections::{BTreeMap, VecDeque};

use lacewing_broker::ConnId;
use lacewing_protocol::{Ack, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode};

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) conn: Option<ConnId>,
    pub(crate) version: ProtocolVersion,
    /// Answers that it owes, in the order in which they are to be given [MQTT-4.6.0-2], [MQTT-4.6.0-3].
    due: VecDeque<Packet>,
    outbox: Vec<Unfinished>,
    /// Identifiers of its SUBSCRIBE and UNSUBSCRIBE packets on the way.
    asked: Vec<u16>,
    /// How many messages the broker takes at once, as CONNACK says.
    receive_maximum: u16,
    /// What the aliases of this connection stand for.
    pub(crate) aliases: BTreeMap<u16, &'static str>,
    /// CONNACK came on this connection.
    is_in: bool,
    resends: bool,
}

/// A QoS 1 or 2 message on its way to the broker.
#[derive(Debug)]
struct Unfinished {
    publish: Publish,
    /// PUBREC came.
    received: bool,
    /// PUBREL was sent on this connection.
    released: bool,
    conn: Option<ConnId>,
}

impl Peer {
    pub(crate) fn new() -> Self {
        Self {
            conn: None,
            version: ProtocolVersion::V5_0,
            due: VecDeque::new(),
            outbox: Vec::new(),
            asked: Vec::new(),
            receive_maximum: u16::MAX,
            aliases: BTreeMap::new(),
            is_in: false,
            resends: true,
        }
    }

    /// It dials anew.
    pub(crate) fn connects(&mut self, conn: ConnId, version: ProtocolVersion, clean: bool, resends: bool) {
        self.conn = Some(conn);
        self.version = version;
        self.due.clear();
        self.asked.clear();
        self.aliases.clear();
        self.receive_maximum = 1;
        self.is_in = false;
        self.resends = resends;
        if clean {
            self.outbox.clear();
        }
        for unfinished in &mut self.outbox {
            unfinished.released = false;
        }
    }

    /// Whether it was let in on this connection.
    pub(crate) fn is_in(&self) -> bool {
        self.conn.is_some() && self.is_in
    }

    /// The smallest Packet Identifier it does not use.
    pub(crate) fn free_id(&self) -> PacketId {
        let is_used = |id: &PacketId| {
            self.asked.contains(&id.value())
                || self.outbox.iter().any(|unfinished| unfinished.publish.packet_id == Some(*id))
        };
        std::iter::successors(Some(PacketId::MIN), |id| Some(id.next())).find(|id| !is_used(id)).unwrap()
    }

    pub(crate) fn asks(&mut self, id: PacketId) {
        self.asked.push(id.value());
    }

    /// Whether the broker takes one more message with QoS 1 or 2 [MQTT-3.3.4-7].
    pub(crate) fn may_publish(&self) -> bool {
        self.outbox.len() < usize::from(self.receive_maximum)
    }

    pub(crate) fn publishes(&mut self, publish: &Publish) {
        if publish.qos != QoS::AtMostOnce {
            let mut publish = publish.clone();
            publish.properties.topic_alias = None;
            self.outbox.push(Unfinished { publish, received: false, released: false, conn: self.conn });
        }
    }

    /// Something came.
    pub(crate) fn receives(&mut self, packet: &Packet) {
        match packet {
            Packet::ConnAck(ack) => {
                self.is_in = true;
                let most = if self.version.is_v5() { u16::MAX } else { 20 };
                self.receive_maximum = ack.properties.receive_maximum.map_or(most, |max| max.get());
                if !ack.session_present {
                    let conn = self.conn;
                    self.outbox.retain(|unfinished| unfinished.conn == conn);
                }
            }
            Packet::Publish(Publish { qos, packet_id: Some(id), .. }) => self.due.push_back(match qos {
                QoS::ExactlyOnce => Packet::PubRec(Ack::success(*id)),
                _ => Packet::PubAck(Ack::success(*id)),
            }),
            Packet::PubRel(ack) => self.due.push_back(Packet::PubComp(Ack::success(ack.packet_id))),
            Packet::PubAck(ack) | Packet::PubComp(ack) => self.forget(ack.packet_id),
            Packet::PubRec(ack) if ack.reason.is_error() => self.forget(ack.packet_id),
            Packet::PubRec(ack) => {
                if let Some(unfinished) = self.find(ack.packet_id) {
                    unfinished.received = true;
                    unfinished.released = false;
                }
            }
            Packet::SubAck(ack) => self.asked.retain(|id| *id != ack.packet_id.value()),
            Packet::UnsubAck(ack) => self.asked.retain(|id| *id != ack.packet_id.value()),
            _ => {}
        }
    }

    /// Everything that is to be sent again after a reconnect, in its order [MQTT-4.4.0-1].
    pub(crate) fn resend(&mut self) -> Vec<Packet> {
        if !std::mem::take(&mut self.resends) || self.conn.is_none() {
            return Vec::new();
        }
        let conn = self.conn;
        let mut packets = Vec::new();
        let most = usize::from(self.receive_maximum);
        for unfinished in self.outbox.iter_mut().filter(|unfinished| unfinished.conn != conn).take(most) {
            unfinished.conn = conn;
            packets.push(unfinished.once_more());
        }
        packets
    }

    /// The same, on the connection it was sent on before.
    pub(crate) fn again(&mut self) -> Vec<Packet> {
        let conn = self.conn;
        let here = self.outbox.iter_mut().filter(|unfinished| unfinished.conn == conn);
        here.map(Unfinished::once_more).collect()
    }

    /// An answer that is due: of each kind the oldest, out of turn only where that is allowed.
    pub(crate) fn answer(&mut self, which: u8, failing: bool) -> Option<Packet> {
        let mut kinds = Vec::new();
        let mut firsts = Vec::new();
        for (at, packet) in self.due.iter().enumerate() {
            // PUBCOMP may come in any order.
            if !kinds.contains(&packet.packet_type()) || matches!(packet, Packet::PubComp(_)) {
                kinds.push(packet.packet_type());
                firsts.push(at);
            }
        }
        let at = *firsts.get(usize::from(which) % firsts.len().max(1))?;
        let mut packet = self.due.remove(at)?;
        if let (Packet::PubRec(ack), true, true) = (&mut packet, failing, self.version.is_v5()) {
            ack.reason = ReasonCode::ImplementationSpecificError;
        }
        Some(packet)
    }

    /// Whether it has something to acknowledge.
    pub(crate) fn owes_answer(&self) -> bool {
        !self.due.is_empty()
    }

    /// Whether it has a PUBREL to send.
    pub(crate) fn owes_release(&self) -> bool {
        self.outbox.iter().any(|unfinished| unfinished.is_to_be_released(self.conn))
    }

    /// The first PUBREL that is due [MQTT-4.3.3-4].
    pub(crate) fn release(&mut self) -> Option<Packet> {
        let conn = self.conn;
        let mut due = self.outbox.iter_mut().filter(|unfinished| unfinished.is_to_be_released(conn));
        due.next().map(Unfinished::once_more)
    }

    fn find(&mut self, id: PacketId) -> Option<&mut Unfinished> {
        self.outbox.iter_mut().find(|unfinished| unfinished.publish.packet_id == Some(id))
    }

    fn forget(&mut self, id: PacketId) {
        self.outbox.retain(|unfinished| unfinished.publish.packet_id != Some(id));
    }
}

impl Unfinished {
    fn is_to_be_released(&self, conn: Option<ConnId>) -> bool {
        self.received && !self.released && self.conn == conn
    }

    fn once_more(&mut self) -> Packet {
        match (self.received, self.publish.packet_id) {
            (true, Some(id)) => {
                self.released = true;
                Packet::PubRel(Ack::success(id))
            }
            _ => Packet::Publish(Publish { dup: true, ..self.publish.clone() }),
        }
    }
}
