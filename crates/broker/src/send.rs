//! Into a connection's outgoing bytes.

use bytes::Bytes;
use lacewing_protocol::{
    AckType, Disconnect, EncodeError, Packet, PacketId, PublishProperties, PublishRef, QoS, ReasonCode,
    TopicName, encode_ack,
};

use crate::broker::AwakeTimer;
use crate::connection::{ConnKey, Connection};
use crate::message::{Message, seconds_left};
use crate::outgoing::{Outgoing, Spares};
use crate::receive::line;
use crate::shapes::Shape;
use crate::{Broker, EventKind, EventMask, Output, Seq};

/// From this length on a payload is sent from where it is instead of being copied.
const CHAINED_FROM: usize = 8 << 10;

/// The parts of a message that are forwarded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) topic: &'a TopicName,
    pub(crate) payload: &'a Bytes,
    pub(crate) properties: &'a PublishProperties,
    pub(crate) expires: Option<u64>,
}

impl<'a> From<&'a Message> for Content<'a> {
    fn from(message: &'a Message) -> Self {
        let Message { topic, payload, properties, expires, .. } = message;
        Self { topic, payload, properties, expires: *expires }
    }
}

/// How one receiver gets a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'a> {
    pub(crate) dup: bool,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) packet_id: Option<PacketId>,
    pub(crate) ids: &'a [u32],
}

impl<'a> Content<'a> {
    /// The PUBLISH of this message in this form.
    pub(crate) fn packet(&self, form: &Form<'a>, wall: u64) -> PublishRef<'a> {
        PublishRef {
            dup: form.dup,
            qos: form.qos,
            retain: form.retain,
            packet_id: form.packet_id,
            message_expiry_interval: self.expires.map(|expires| seconds_left(expires, wall)),
            subscription_identifiers: form.ids,
            ..PublishRef::new(self.topic, self.payload, self.properties)
        }
    }
}

/// The outgoing bytes of a connection, made of spare memory when there are none.
pub(crate) fn outgoing<'a>(connection: &'a mut Connection, spares: &mut Spares) -> &'a mut Outgoing {
    connection.outgoing.get_or_insert_with(|| spares.take())
}

impl Broker {
    /// Puts any packet but PUBLISH in line.
    ///
    /// One that is larger than the client takes goes without what it says to people; if even that is too large, nothing
    /// goes and the connection ends [MQTT-3.1.2-24].
    pub(crate) fn send(&mut self, key: ConnKey, packet: &Packet) {
        if self.fits(key, packet) {
            return self.put_in_line(key, packet);
        }
        match terse(packet) {
            Some(packet) if self.fits(key, &packet) => self.put_in_line(key, &packet),
            // These are the last on their connection anyway.
            Some(_) => {}
            None => {
                self.refuse(key, ReasonCode::PacketTooLarge, "an answer is larger than the client takes");
            }
        }
    }

    /// Whether the client takes a packet as large as this one.
    pub(crate) fn fits(&self, key: ConnKey, packet: &Packet) -> bool {
        let Some(connection) = self.connections.get(key.0 as usize) else { return false };
        let maximum = connection.maximum_packet_size;
        maximum == u32::MAX || packet.encoded_len(connection.version).is_ok_and(|len| len <= maximum)
    }

    fn put_in_line(&mut self, key: ConnKey, packet: &Packet) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let version = connection.version;
        if packet.encode(version, &mut outgoing(connection, &mut self.spares).bytes).is_err() {
            debug_assert!(false, "the broker makes valid packets");
            return;
        }
        self.metrics.packets_out += 1;
        if self.watch.wants(EventMask::PACKETS) {
            self.packet_out_event(key, line(packet));
        }
        self.written(key);
    }

    /// Puts an acknowledgement in line.
    pub(crate) fn send_ack(&mut self, key: ConnKey, ack: AckType, id: PacketId, reason: ReasonCode) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        let version = connection.version;
        encode_ack(ack, id, reason, version, &mut outgoing(connection, &mut self.spares).bytes);
        self.metrics.packets_out += 1;
        if self.watch.wants(EventMask::PACKETS) {
            self.packet_out_event(key, format!("{ack:?} id={id} {reason:?}"));
        }
        self.written(key);
    }

    /// Puts a PUBLISH in line, unless it is larger than the receiver takes; whether it was.
    ///
    /// With `many`, the message goes to others as well, and what was encoded for one is copied for the next.
    pub(crate) fn send_publish(
        &mut self,
        key: ConnKey,
        content: &Content<'_>,
        form: &Form<'_>,
        many: bool,
    ) -> bool {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return false };
        let version = connection.version;
        let maximum = connection.maximum_packet_size as usize;
        let mut packet = content.packet(form, self.now.wall);
        if connection.sent_aliases.is_some() {
            connection.alias_topic(&mut packet);
        }
        let is_common = many && form.ids.is_empty() && !form.dup && packet.topic_alias.is_none();
        let chained = content.payload.len() >= CHAINED_FROM;
        let outgoing = outgoing(connection, &mut self.spares);
        let start = outgoing.bytes.len();
        let encoded = if is_common {
            let shape = Shape { version, qos: form.qos, retain: form.retain };
            self.shapes.copy(shape, &packet, chained, &mut outgoing.bytes)
        } else if chained {
            packet.encode_head(version, &mut outgoing.bytes).map(|_| ())
        } else {
            packet.encode(version, &mut outgoing.bytes).map(|_| ())
        };
        let len = outgoing.bytes.len() - start + if chained { content.payload.len() } else { 0 };
        if !was_encoded(encoded) || len > maximum {
            outgoing.bytes.truncate(start);
            return false;
        }
        if chained {
            outgoing.chain(content.payload.clone());
        }
        connection.messages_out += 1;
        self.metrics.packets_out += 1;
        self.metrics.delivered[form.qos as usize] += 1;
        self.metrics.payload_out += content.payload.len() as u64;
        if self.watch.wants(EventMask::PACKETS) {
            self.packet_out_event(key, publish_line(content, form));
        }
        self.written(key);
        true
    }

    /// Whether a PUBLISH in this form is larger than the receiver takes [MQTT-3.1.2-25].
    pub(crate) fn is_too_large(&self, key: ConnKey, content: &Content<'_>, form: &Form<'_>) -> bool {
        let connection = self.connections.get(key.0 as usize);
        connection.is_some_and(|connection| exceeds(connection, content, form, self.now.wall))
    }

    /// Says that what is put in line from now on depends on all records made so far.
    pub(crate) fn promise(&mut self, key: ConnKey) {
        let seq = self.seq;
        if seq <= self.durable {
            return;
        }
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if outgoing(connection, &mut self.spares).gate(seq) {
            self.gated.push_back((seq, connection.id));
        }
    }

    /// Tells the host that a connection has something to send, if it has and was not told yet.
    pub(crate) fn written(&mut self, key: ConnKey) {
        let durable: Seq = self.durable;
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if !connection.ready
            && connection.ended.is_none()
            && connection.outgoing.as_ref().is_some_and(|outgoing| outgoing.has_free(durable))
        {
            connection.ready = true;
            self.outputs.push_back(Output::Ready { conn: connection.id });
        }
    }

    /// Keeps the memory of a connection that has nothing to send for another one.
    pub(crate) fn recycle(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if let Some(outgoing) = connection.outgoing.take() {
            self.spares.give(outgoing);
        }
    }

    /// Starts the time in which something must be heard of the client (§3.1.2.10).
    pub(crate) fn start_keep_alive(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get(key.0 as usize) else { return };
        if connection.keep_alive > 0 {
            let at = connection.last_heard + u64::from(connection.keep_alive) * 1_500_000;
            self.awake_timers.set(AwakeTimer::KeepAlive(key), at);
        }
    }

    #[cold]
    fn packet_out_event(&mut self, key: ConnKey, line: String) {
        let Some((conn, client_id)) = self.who(key) else { return };
        self.event(EventKind::PacketOut { conn, client_id: client_id.unwrap_or_default(), line });
    }
}

/// Whether a PUBLISH in this form is larger than the client of `connection` takes [MQTT-3.1.2-24].
pub(crate) fn exceeds(connection: &Connection, content: &Content<'_>, form: &Form<'_>, wall: u64) -> bool {
    let maximum = connection.maximum_packet_size;
    maximum < u32::MAX
        && content.packet(form, wall).encoded_len(connection.version).is_ok_and(|len| len > maximum)
}

/// A refusal or a good-bye without what it says to people [MQTT-3.2.2-19], [MQTT-3.14.2-3].
fn terse(packet: &Packet) -> Option<Packet> {
    match packet {
        Packet::ConnAck(ack) => {
            let mut ack = ack.clone();
            ack.properties.reason_string = None;
            Some(Packet::ConnAck(ack))
        }
        Packet::Disconnect(disconnect) => {
            Some(Packet::Disconnect(Box::new(Disconnect::new(disconnect.reason))))
        }
        _ => None,
    }
}

fn was_encoded(result: Result<(), EncodeError>) -> bool {
    debug_assert!(result.is_ok(), "what was decoded can be encoded: {result:?}");
    result.is_ok()
}

fn publish_line(content: &Content<'_>, form: &Form<'_>) -> String {
    let Form { dup, qos, retain, packet_id, .. } = form;
    let id = packet_id.map(|id| format!(" id={id}")).unwrap_or_default();
    let flags = [(*dup, " dup"), (*retain, " retain")];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    format!("PUBLISH{id} qos={qos}{flags} {} ({} bytes)", content.topic, content.payload.len())
}
