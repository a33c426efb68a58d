//! What the broker owes each connection, and whether what comes is that.

use std::collections::BTreeMap;

use lacewing_broker::ConnId;
use lacewing_protocol::{AckProperties, Packet, PacketType, Publish, PublishProperties, QoS, TopicName};

use crate::dialogue::Client;

/// One connection, from CONNECT to its end.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) client: Client,
    pub(crate) v5: bool,
    /// How many more QoS 1 and 2 messages may be sent (§4.9).
    pub(crate) quota: u16,
    /// The largest packet the client takes.
    pub(crate) maximum_packet_size: u32,
    /// Seconds; 0 is none.
    pub(crate) keep_alive: u16,
    /// When something was last heard, awake microseconds.
    pub(crate) last_heard: u64,
    pub(crate) aliases: BTreeMap<u16, TopicName>,
    pub(crate) expected: Vec<Expected>,
    /// The broker closes it when it has sent what it owes.
    pub(crate) closing: bool,
}

/// A packet that is to come.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) gate: Gate,
    pub(crate) what: What,
}

/// How long a packet waits for records: at least until those of one turn are durable, at most until those of another are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl Gate {
    /// It promises nothing.
    pub(crate) const FREE: Self = Self { least: 0, most: 0 };

    /// It promises what this turn has made.
    pub(crate) fn waits(turn: u64) -> Self {
        Self { least: turn, most: turn }
    }

    /// It promises what both promise.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { least: self.least.max(other.least), most: self.most.max(other.most) }
    }

    /// It promises what an earlier turn has made, and may wait for this one.
    pub(crate) fn since(earlier: u64, turn: u64) -> Self {
        Self { least: earlier, most: turn }
    }
}

#[derive(Debug)]
pub(crate) enum What {
    ConnAck {
        session_present: bool,
        expiry: u32,
        keep_alive: u16,
        asked: (u32, u16),
    },
    /// Any of these, without regard to what is said to people.
    OneOf(Vec<Packet>),
    Publish(Box<Coming>),
}

/// A PUBLISH that is to come.
#[derive(Debug)]
pub(crate) struct Coming {
    /// The delivery it is part of; none with QoS 0.
    pub(crate) uid: Option<u64>,
    /// Without packet identifier, DUP and expiry.
    pub(crate) publish: Publish,
    /// What DUP has to be, where it has to be something.
    pub(crate) dup: Option<bool>,
    /// The least and the most that the Message Expiry Interval may say.
    pub(crate) left: Option<(u32, u32)>,
}

/// All connections, and what clients have seen. A crash of the broker does not undo what was seen.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) all: BTreeMap<ConnId, Line>,
    /// Under which Packet Identifier a client got a delivery.
    pub(crate) seen: BTreeMap<u64, u16>,
    /// The turn up to which all records are durable.
    pub(crate) durable_turn: u64,
    last_uid: u64,
}

impl Lines {
    pub(crate) fn next_uid(&mut self) -> u64 {
        self.last_uid += 1;
        self.last_uid
    }

    pub(crate) fn expect(&mut self, conn: ConnId, gate: Gate, what: What) {
        if let Some(line) = self.all.get_mut(&conn).filter(|line| !line.closing) {
            line.expected.push(Expected { gate, what });
        }
    }

    /// A packet came. `others` are the deliveries in flight to this client.
    pub(crate) fn received(&mut self, conn: ConnId, packet: &Packet, others: &[u64]) -> Result<(), String> {
        let Self { all, seen, durable_turn, .. } = self;
        let line = all.get_mut(&conn).ok_or("it came on a connection that has ended")?;
        let is_conn_ack = matches!(packet, Packet::ConnAck(_));
        let owes_conn_ack = line.expected.iter().any(|one| matches!(one.what, What::ConnAck { .. }));
        if owes_conn_ack && !is_conn_ack {
            return Err("CONNACK is the first packet [MQTT-3.2.0-1]".into());
        }
        let at = line.expected.iter().position(|one| one.what.lane() == lane(packet));
        let at = at.ok_or("nothing of the kind was due")?;
        let Expected { gate, what } = line.expected.remove(at);
        if gate.least > *durable_turn {
            return Err(format!("it left before the records of turn {} were durable", gate.least));
        }
        if matches!(packet, Packet::Disconnect(_)) && !line.expected.is_empty() {
            return Err(format!("DISCONNECT came before {:?}", line.expected));
        }
        match (&what, packet) {
            (What::Publish(coming), Packet::Publish(publish)) => coming.is(publish, line.v5, seen, others),
            (What::ConnAck { session_present, expiry, keep_alive, asked }, Packet::ConnAck(ack)) => {
                let told_expiry = ack.properties.session_expiry_interval.unwrap_or(asked.0);
                let told_keep_alive = ack.properties.server_keep_alive.unwrap_or(asked.1);
                let told = (ack.reason.value(), ack.session_present, told_keep_alive);
                if told != (0, *session_present, *keep_alive) || (line.v5 && told_expiry != *expiry) {
                    return Err(format!("{what:?} was due"));
                }
                Ok(())
            }
            (What::OneOf(packets), packet) if packets.contains(&terse(packet)) => Ok(()),
            (what, _) => Err(format!("{what:?} was due")),
        }
    }

    /// Whether everything has come on a connection that is to have come by now; what is missing.
    pub(crate) fn missing(&self, conn: ConnId, is_closed: bool) -> Result<(), String> {
        let Some(line) = self.all.get(&conn) else { return Ok(()) };
        let waits = line.expected.iter().any(|one| one.gate.most > self.durable_turn);
        if !line.expected.is_empty() && (is_closed || !waits) {
            return Err(format!("c{} did not get {:?}", line.client, line.expected));
        }
        match (line.closing, is_closed) {
            (false, true) => Err(format!("the connection of c{} was closed for no reason", line.client)),
            (true, false) if !waits => Err(format!("the connection of c{} was not closed", line.client)),
            _ => Ok(()),
        }
    }
}

impl What {
    /// What has this in common comes in order.
    fn lane(&self) -> (PacketType, bool) {
        match self {
            Self::ConnAck { .. } => (PacketType::ConnAck, false),
            Self::OneOf(packets) => lane(&packets[0]),
            Self::Publish(coming) => (PacketType::Publish, coming.uid.is_some()),
        }
    }
}

fn lane(packet: &Packet) -> (PacketType, bool) {
    let acknowledged = matches!(packet, Packet::Publish(publish) if publish.qos != QoS::AtMostOnce);
    (packet.packet_type(), acknowledged)
}

impl Coming {
    fn is(
        &self,
        publish: &Publish,
        v5: bool,
        seen: &mut BTreeMap<u64, u16>,
        others: &[u64],
    ) -> Result<(), String> {
        let mut got = publish.clone();
        if got.properties.is_empty() {
            got.properties = PublishProperties::new();
        } else {
            got.properties.message_expiry_interval = None;
            got.properties.subscription_identifiers.sort_unstable();
        }
        (got.packet_id, got.dup) = (None, false);
        if got != self.publish {
            return Err(format!("{:?} was due", self.publish));
        }
        if self.dup.is_some_and(|dup| dup != publish.dup) {
            return Err(format!("DUP is to be {:?}", self.dup));
        }
        let left = publish.properties.message_expiry_interval;
        let fits = match (self.left.filter(|_| v5), left) {
            (None, None) => true,
            (Some((least, most)), Some(left)) => (least..=most).contains(&left),
            _ => false,
        };
        if !fits {
            return Err(format!("the expiry interval is to be {:?}", self.left));
        }
        let (Some(uid), Some(id)) = (self.uid, publish.packet_id) else { return Ok(()) };
        let id = id.value();
        if others.iter().any(|other| *other != uid && seen.get(other) == Some(&id)) {
            return Err(format!("Packet Identifier {id} is in use [MQTT-2.2.1-4]"));
        }
        match seen.insert(uid, id) {
            Some(former) if former != id => Err(format!("it was sent under {former} before [MQTT-4.4.0-1]")),
            _ => Ok(()),
        }
    }
}

/// The packet without what it says to people.
fn terse(packet: &Packet) -> Packet {
    let mut packet = packet.clone();
    let none = AckProperties::default();
    match &mut packet {
        Packet::PubAck(ack) | Packet::PubRec(ack) | Packet::PubRel(ack) | Packet::PubComp(ack) => {
            ack.properties = none;
        }
        Packet::ConnAck(ack) => ack.properties = Default::default(),
        Packet::SubAck(ack) => ack.properties = none,
        Packet::UnsubAck(ack) => ack.properties = none,
        Packet::Disconnect(disconnect) => disconnect.properties = Default::default(),
        _ => {}
    }
    packet
}
