//! Sessions are put together of their records.

use std::rc::Rc;

use bytes::Bytes;
use lacewing_protocol::{PacketId, ProtocolVersion, QoS, RetainHandling, SubscriptionOptions, TopicFilter};

use super::{HIGHEST, Restore, SLOT, has_number, number_at};
use crate::Ending;
use crate::broker::WallTimer;
use crate::encoding::Reader;
use crate::message::Message;
use crate::queue::Waiting;
use crate::records::Stage;
use crate::retained::{Cursor, Place};
use crate::retained_delivery::RetainedDelivery;
use crate::routing::{GroupKey, SessionKey};
use crate::session::{Origin, Session, Will};
use crate::subscription_list::Subscription;
use crate::window::Sent;

impl Restore {
    /// A session goes on unless it was to end with its connection.
    pub(super) fn session(&mut self, key: &Bytes, reader: &mut Reader) -> Option<bool> {
        let serial = reader.number().filter(|serial| *serial <= HIGHEST)?;
        let version = match reader.number()? {
            3 => ProtocolVersion::V3_1,
            4 => ProtocolVersion::V3_1_1,
            5 => ProtocolVersion::V5_0,
            _ => return None,
        };
        let (expiry, was_here, since) = (reader.small()?, reader.flag()?, reader.number()?);
        let origin = reader.origin()?;
        let client_id: Rc<str> = Rc::from(std::str::from_utf8(key).ok()?);
        let broker = &mut self.broker;
        broker.last_serial = broker.last_serial.max(serial);
        if expiry == 0 {
            return Some(false);
        }
        let since = if was_here { broker.now.wall } else { since };
        let ended = if was_here { Some(Ending::Crash) } else { None };
        let durable = broker.config.durable;
        let session = Session { version, expiry, durable, ..away(client_id, serial, since, ended, origin) };
        let session_key = self.add(session);
        if self.sessions.insert(serial, session_key).is_some() {
            // Two with one serial number would have each other's records.
            return None;
        }
        self.progress.of += 1;
        if expiry != u32::MAX {
            let at = since.saturating_add(u64::from(expiry) * 1_000_000);
            self.broker.wall_timers.set(WallTimer::Expiry(session_key), at);
        }
        Some(true)
    }

    fn add(&mut self, session: Session) -> SessionKey {
        let client_id = session.client_id.clone();
        let session_key = SessionKey(self.broker.sessions.insert(session) as u32);
        self.broker.clients.insert(client_id, session_key);
        session_key
    }

    /// The session whose serial number a key starts with.
    fn owner(&mut self, key: &[u8]) -> Option<Option<SessionKey>> {
        let serial = number_at(key, 0)?;
        self.broker.last_serial = self.broker.last_serial.max(serial);
        Some(self.sessions.get(&serial).copied())
    }

    pub(super) fn subscription(&mut self, key: &Bytes, reader: &mut Reader) -> Option<bool> {
        let (flags, id) = (reader.small::<u8>()?, reader.maybe()?);
        let filter = TopicFilter::try_from(Bytes::copy_from_slice(key.get(8..)?)).ok()?;
        let options = SubscriptionOptions {
            qos: QoS::try_from(flags & 0b11).ok()?,
            no_local: flags & 0b100 != 0,
            retain_as_published: flags & 0b1000 != 0,
            retain_handling: match flags >> 4 {
                0 => RetainHandling::SendAlways,
                1 => RetainHandling::SendIfNew,
                2 => RetainHandling::DoNotSend,
                _ => return None,
            },
        };
        let id = id.map(u32::try_from).transpose().ok()?;
        let owed = if reader.is_done() {
            None
        } else {
            let until = reader.number()?;
            let place = Place { passed: reader.flag()?, key: reader.bytes()?.to_vec() };
            let cursor = Cursor::at(filter.clone(), place);
            Some(RetainedDelivery { cursor, qos: options.qos, id, no_local: options.no_local, until })
        };
        let Some(session_key) = self.owner(key)? else { return Some(false) };
        self.broker.subscriptions.insert(&filter, session_key, options, id);
        let session = self.broker.sessions.get_mut(session_key.0 as usize)?;
        if let Some(delivery) = owed {
            session.transit_mut().retained.insert(filter.clone(), delivery);
        }
        session.subscriptions.insert(filter, Subscription { options, id });
        Some(true)
    }

    /// Whether it is to be kept, and whether its message is missing.
    pub(super) fn outgoing(&mut self, key: &Bytes, reader: &mut Reader) -> Option<(bool, bool)> {
        let (stage, id) = (reader.number()?, PacketId::new(reader.small()?));
        let stage = match (stage, id) {
            (0, None) => Stage::Waiting,
            (1, Some(id)) => Stage::Sent(id),
            (2, Some(id)) => Stage::Released(id),
            _ => return None,
        };
        let (number, qos, retain) = (reader.number()?, reader.qos()?, reader.flag()?);
        let mut ids = Vec::new();
        for _ in 0..reader.number()? {
            ids.push(reader.small::<u32>()?);
        }
        let ids = (!ids.is_empty()).then(|| ids.into_boxed_slice());
        let share = if reader.is_done() { None } else { Some(TopicFilter::try_from(reader.bytes()?).ok()?) };
        let order = number_at(key, 8).filter(|_| key.len() == 16)?;
        let owner = self.owner(key)?;
        let message = self.messages.get(&number).filter(|_| !matches!(stage, Stage::Released(_))).cloned();
        let group = share.as_ref().and_then(|share| self.broker.subscriptions.group(share));
        let session = owner.and_then(|key| self.broker.sessions.get_mut(key.0 as usize));
        let Some(session) = session else {
            // What the session left to its shared subscriptions was not yet handed over [MQTT-4.8.2-5].
            let passes_on = stage == Stage::Waiting || qos == QoS::AtLeastOnce;
            let left = group.zip(message).filter(|_| passes_on);
            let Some((group, message)) = left else { return Some((false, false)) };
            self.leave_behind(key, order, group, message);
            return Some((true, false));
        };
        if message.is_none() && !matches!(stage, Stage::Released(_)) {
            return Some((true, true));
        }
        if let (Stage::Waiting, Some(share)) = (stage, &share)
            && session.subscriptions.find(share).is_none()
        {
            // The session had left the share.
            let Some((group, message)) = group.zip(message) else { return Some((false, false)) };
            self.leave_behind(key, order, group, message);
            return Some((true, false));
        }
        if let Some(message) = &message {
            message.recorded.set(message.recorded.get() + 1);
        }
        let transit = session.transit_mut();
        transit.next_order = transit.next_order.max(order + 1);
        match (stage, message) {
            (Stage::Waiting, Some(message)) => {
                transit.queue.push(Waiting { order, message, qos, retain, group, ids });
                self.broker.metrics.queued += 1;
            }
            (Stage::Sent(id) | Stage::Released(id), message) => {
                let released = matches!(stage, Stage::Released(_));
                let sent = Sent { order, qos, retain, released, counted: false, group, ids, message };
                // Who asked for this sees whether there is memory for it.
                if self.memory.take(transit.window.slots_for(id) * SLOT).is_ok() {
                    transit.window.restore(id, sent).then_some(())?;
                }
            }
            (Stage::Waiting, None) => {}
        }
        Some((true, false))
    }

    /// Notes a message that a member of a shared subscription left behind.
    fn leave_behind(&mut self, key: &[u8], order: u64, group: GroupKey, message: Rc<Message>) {
        message.recorded.set(message.recorded.get() + 1);
        let record = number_at(key, 0).map(|serial| (serial, order));
        self.left_behind.add(group, message, record.filter(|_| self.broker.config.durable));
    }

    pub(super) fn incoming(&mut self, key: &Bytes) -> Option<bool> {
        let id = u16::from_be_bytes(key.get(8..)?.try_into().ok()?);
        let Some(session_key) = self.owner(key)? else { return Some(false) };
        self.broker.sessions.get_mut(session_key.0 as usize)?.transit_mut().incoming.insert(id);
        Some(true)
    }

    pub(super) fn will(&mut self, key: &Bytes, reader: &mut Reader) -> Option<bool> {
        let (delay, expiry, due) = (reader.small::<u32>()?, reader.maybe()?, reader.maybe()?);
        let message = Rc::new(reader.message().filter(has_number)?);
        let origin = reader.origin()?;
        let expiry = expiry.map(u32::try_from).transpose().ok()?;
        let client_id = std::str::from_utf8(key).ok()?;
        let broker = &mut self.broker;
        broker.last_message = broker.last_message.max(message.number);
        let grace = u64::from(broker.config.restart_grace.max(delay)) * 1_000_000;
        let at = due.unwrap_or(broker.now.wall.saturating_add(grace));
        let wall = broker.now.wall;
        let existing = broker.clients.get(client_id).copied();
        let session_key = match existing {
            Some(session_key) => session_key,
            // The session ended with its connection; only its will is still to come.
            None => {
                self.broker.last_serial += 1;
                let serial = self.broker.last_serial;
                self.add(away(Rc::from(client_id), serial, wall, Some(Ending::Crash), origin))
            }
        };
        let crashed = due.is_none();
        let session = self.broker.sessions.get_mut(session_key.0 as usize)?;
        session.will = Some(Box::new(Will { message, delay, expiry, crashed }));
        self.broker.wall_timers.set(WallTimer::Will(session_key), at);
        Some(true)
    }
}

/// A session without a client, with nothing in it.
fn away(client_id: Rc<str>, serial: u64, since: u64, ended: Option<Ending>, origin: Origin) -> Session {
    Session {
        client_id,
        serial,
        conn: None,
        version: ProtocolVersion::V5_0,
        expiry: 0,
        durable: false,
        ended: false,
        since,
        subscriptions: Default::default(),
        transit: None,
        will: None,
        origin: Origin { ended, last_heard: since, ..origin },
    }
}
