//! Messages on their way out: the queue, and those the server has not acknowledged.

use std::collections::VecDeque;

use lacewing_protocol::{PacketId, Publish, QoS, ReasonCode};

use crate::event::{DropCause, Event, Message, QueueFull, Token};
use crate::incoming::Problem;
use crate::options::QueueLimits;
use crate::packet_ids::PacketIds;

/// What a server takes, by its CONNACK.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepts {
    pub(crate) maximum_qos: QoS,
    pub(crate) retain: bool,
}

#[derive(Debug)]
pub(crate) struct Outgoing {
    limits: QueueLimits,
    in_flight_maximum: usize,
    queue: VecDeque<Held>,
    /// PUBLISH sent, in the order of the first sending; neither PUBACK nor PUBREC has come.
    unacknowledged: VecDeque<(PacketId, Held)>,
    /// How many of `unacknowledged`, from the front, were sent on this connection.
    sent: usize,
    /// PUBREC came, in this order, and PUBCOMP has not.
    releasing: VecDeque<Releasing>,
    /// Bytes of the messages in `queue` and `unacknowledged`.
    bytes: u64,
    /// PUBLISH packets with QoS 1 or 2 that this connection's server takes before it acknowledges some (§4.9).
    quota: u16,
    receive_maximum: u16,
}

/// A message and what the application knows it by.
#[derive(Debug)]
struct Held {
    token: Token,
    message: Message,
    since: u64,
}

/// A message that has arrived.
#[derive(Debug)]
struct Releasing {
    id: PacketId,
    token: Token,
    /// Its PUBLISH went on this connection, and counts against Receive Maximum.
    counts: bool,
}

impl Held {
    /// Takes the time it waited from its Message Expiry Interval; whether any is left, or there is none.
    fn age(&mut self, now: u64) -> bool {
        let Some(interval) = self.message.properties.message_expiry_interval else { return true };
        let waited = now.saturating_sub(self.since) / 1_000_000;
        if waited == 0 {
            return true;
        }
        let left = u64::from(interval).saturating_sub(waited);
        self.since += waited * 1_000_000;
        self.message.properties.message_expiry_interval = u32::try_from(left).ok();
        left > 0
    }
}

/// The next thing to do about a waiting message.
#[derive(Debug)]
pub(crate) enum Step {
    Send { token: Token, publish: Publish },
    Drop(Event),
}

/// What to do after PUBREC.
#[derive(Debug)]
pub(crate) enum Received {
    Release,
    Refused(Event),
}

impl Outgoing {
    pub(crate) fn new(limits: QueueLimits, in_flight_maximum: u16) -> Self {
        Self {
            limits,
            in_flight_maximum: usize::from(in_flight_maximum.max(1)),
            queue: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            sent: 0,
            releasing: VecDeque::new(),
            bytes: 0,
            quota: 0,
            receive_maximum: 0,
        }
    }

    pub(crate) fn push(&mut self, now: u64, token: Token, mut message: Message) -> Result<(), QueueFull> {
        if !message.properties.is_empty() {
            message.properties.topic_alias = None;
            message.properties.subscription_identifiers.clear();
        }
        if self.queue.len() >= usize::try_from(self.limits.messages).unwrap_or(usize::MAX) {
            return Err(QueueFull::Messages);
        }
        let bytes = self.bytes + weight(&message);
        if bytes > u64::from(self.limits.bytes) {
            return Err(QueueFull::Bytes);
        }
        self.bytes = bytes;
        self.queue.push_back(Held { token, message, since: now });
        Ok(())
    }

    /// How many messages wait or are unacknowledged.
    pub(crate) fn len(&self) -> usize {
        self.queue.len() + self.unacknowledged.len() + self.releasing.len()
    }

    /// A connection goes on with the session: everything unacknowledged is sent again, PUBREL at once in the order
    /// of the PUBRECs [MQTT-4.6.0-4], and PUBLISH as [`next`](Self::next) [MQTT-4.4.0-1].
    pub(crate) fn resume(&mut self, receive_maximum: u16) -> impl Iterator<Item = PacketId> {
        self.sent = 0;
        self.quota = receive_maximum;
        self.receive_maximum = receive_maximum;
        self.releasing.iter_mut().map(|releasing| {
            releasing.counts = false;
            releasing.id
        })
    }

    /// The server has no session. A QoS 1 message is sent again as a new one. A QoS 2 message whose PUBREC came has
    /// arrived; one without may have arrived, and sending it again could double it, so that is left to the application.
    pub(crate) fn session_lost(&mut self, ids: &mut PacketIds) -> Vec<Event> {
        let mut events = Vec::new();
        for Releasing { id, token, .. } in self.releasing.drain(..) {
            ids.release(id);
            events.push(Event::Published { token, reason: ReasonCode::Success });
        }
        let mut again = VecDeque::new();
        for (id, held) in self.unacknowledged.drain(..) {
            ids.release(id);
            if held.message.qos == QoS::AtLeastOnce {
                again.push_back(held);
            } else {
                self.bytes -= weight(&held.message);
                events.push(Event::Dropped { token: held.token, cause: DropCause::SessionLost });
            }
        }
        again.append(&mut self.queue);
        self.queue = again;
        events
    }

    /// There is no connection any more. What is QoS 0 may not be worth keeping.
    pub(crate) fn connection_lost(&mut self) -> Vec<Event> {
        self.sent = 0;
        if self.limits.qos0_offline {
            return Vec::new();
        }
        let (dropped, kept) = self.queue.drain(..).partition(|held| held.message.qos == QoS::AtMostOnce);
        self.queue = kept;
        let dropped: VecDeque<Held> = dropped;
        self.bytes -= dropped.iter().map(|held| weight(&held.message)).sum::<u64>();
        dropped
            .into_iter()
            .map(|held| Event::Dropped { token: held.token, cause: DropCause::Offline })
            .collect()
    }

    /// Whether [`next`](Self::next) has something.
    pub(crate) fn is_ready(&self) -> bool {
        if self.sent < self.unacknowledged.len() {
            return self.quota > 0;
        }
        self.queue.front().is_some_and(|held| held.message.qos == QoS::AtMostOnce || self.has_room())
    }

    fn has_room(&self) -> bool {
        self.quota > 0 && self.unacknowledged.len() + self.releasing.len() < self.in_flight_maximum
    }

    /// The next PUBLISH to be sent: what was sent on an earlier connection comes first, as DUP.
    pub(crate) fn next(&mut self, now: u64, accepts: Accepts, ids: &mut PacketIds) -> Option<Step> {
        if let Some((id, held)) = self.unacknowledged.get(self.sent) {
            if let Some(cause) = refused(&held.message, accepts) {
                // The server took it once, and says now that it does not.
                let (id, held) = self.unacknowledged.remove(self.sent)?;
                ids.release(id);
                self.bytes -= weight(&held.message);
                return Some(Step::Drop(Event::Dropped { token: held.token, cause }));
            }
            if self.quota == 0 {
                return None;
            }
            self.quota -= 1;
            self.sent += 1;
            return Some(Step::Send { token: held.token, publish: publish(&held.message, Some(*id), true) });
        }
        let next = self.queue.front_mut()?;
        let expired = (!next.age(now)).then_some(DropCause::Expired);
        if let Some(cause) = expired.or_else(|| refused(&next.message, accepts)) {
            let held = self.queue.pop_front()?;
            self.bytes -= weight(&held.message);
            return Some(Step::Drop(Event::Dropped { token: held.token, cause }));
        }
        if next.message.qos == QoS::AtMostOnce {
            let held = self.queue.pop_front()?;
            self.bytes -= weight(&held.message);
            return Some(Step::Send { token: held.token, publish: publish(&held.message, None, false) });
        }
        if !self.has_room() {
            return None;
        }
        let id = ids.take()?;
        let held = self.queue.pop_front()?;
        self.quota -= 1;
        self.sent += 1;
        let step = Step::Send { token: held.token, publish: publish(&held.message, Some(id), false) };
        self.unacknowledged.push_back((id, held));
        Some(step)
    }

    /// The packet with this identifier that [`next`](Self::next) gave cannot be sent.
    pub(crate) fn forget(&mut self, id: PacketId, ids: &mut PacketIds) {
        if let Some(at) = self.position(id) {
            self.remove(at, ids);
        }
    }

    /// PUBACK came.
    pub(crate) fn acknowledged(
        &mut self,
        id: PacketId,
        reason: ReasonCode,
        ids: &mut PacketIds,
    ) -> Result<Event, Problem> {
        let at = self.expect(id, QoS::AtLeastOnce, "PUBACK for nothing that was published with QoS 1")?;
        let held = self.remove(at, ids).ok_or((ReasonCode::ProtocolError, "PUBACK for nothing"))?;
        Ok(Event::Published { token: held.token, reason })
    }

    /// PUBREC came: the message arrived and PUBREL is to follow, or it was refused and is done with.
    pub(crate) fn received(
        &mut self,
        id: PacketId,
        reason: ReasonCode,
        ids: &mut PacketIds,
    ) -> Result<Received, Problem> {
        if self.releasing.iter().any(|releasing| releasing.id == id) {
            return Ok(Received::Release);
        }
        let at = self.expect(id, QoS::ExactlyOnce, "PUBREC for nothing that was published with QoS 2")?;
        if reason.is_error() {
            let held = self.remove(at, ids).ok_or((ReasonCode::ProtocolError, "PUBREC for nothing"))?;
            return Ok(Received::Refused(Event::Published { token: held.token, reason }));
        }
        if let Some((_, held)) = self.unacknowledged.remove(at) {
            self.sent -= 1;
            self.bytes -= weight(&held.message);
            self.releasing.push_back(Releasing { id, token: held.token, counts: true });
        }
        Ok(Received::Release)
    }

    /// PUBCOMP came. It may be for a PUBREL that said the identifier is unknown; then there is nothing to tell.
    pub(crate) fn completed(&mut self, id: PacketId, ids: &mut PacketIds) -> Option<Event> {
        let at = self.releasing.iter().position(|releasing| releasing.id == id)?;
        let Releasing { id, token, counts } = self.releasing.remove(at)?;
        ids.release(id);
        if counts {
            // §4.9 counts every PUBCOMP; but one for an earlier connection's message would let more be under way than
            // [MQTT-3.3.4-7] allows.
            self.more_quota();
        }
        Some(Event::Published { token, reason: ReasonCode::Success })
    }

    /// Acknowledgements come in the order of sending, so the search ends at its start.
    fn position(&self, id: PacketId) -> Option<usize> {
        self.unacknowledged.iter().take(self.sent).position(|(sent, _)| *sent == id)
    }

    fn expect(&self, id: PacketId, qos: QoS, problem: &'static str) -> Result<usize, Problem> {
        let at = self.position(id).filter(|&at| self.unacknowledged[at].1.message.qos == qos);
        at.ok_or((ReasonCode::ProtocolError, problem))
    }

    fn remove(&mut self, at: usize, ids: &mut PacketIds) -> Option<Held> {
        let (id, held) = self.unacknowledged.remove(at)?;
        ids.release(id);
        self.sent -= 1;
        self.bytes -= weight(&held.message);
        self.more_quota();
        Some(held)
    }

    fn more_quota(&mut self) {
        self.quota = self.quota.saturating_add(1).min(self.receive_maximum);
    }
}

/// What a message counts in bytes: what the application gave.
fn weight(message: &Message) -> u64 {
    let properties = &message.properties;
    let user = properties.user_properties.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let correlation = properties.correlation_data.as_ref().map_or(0, |data| data.len());
    (message.topic.len() + message.payload.len() + user + correlation) as u64
}

fn refused(message: &Message, accepts: Accepts) -> Option<DropCause> {
    if message.qos > accepts.maximum_qos {
        return Some(DropCause::QoSNotSupported);
    }
    (message.retain && !accepts.retain).then_some(DropCause::RetainNotSupported)
}

fn publish(message: &Message, packet_id: Option<PacketId>, dup: bool) -> Publish {
    Publish {
        dup,
        qos: message.qos,
        retain: message.retain,
        topic: Some(message.topic.clone()),
        packet_id,
        payload: message.payload.clone(),
        properties: message.properties.clone(),
    }
}
