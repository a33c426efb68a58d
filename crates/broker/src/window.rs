//! What was sent to a client with QoS 1 or 2 and is not yet acknowledged.

use std::collections::VecDeque;
use std::rc::Rc;

use lacewing_protocol::{PacketId, QoS};

use crate::message::Message;
use crate::routing::GroupKey;

/// A message in flight.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Its place among all that the session was ever given, and its record's key.
    pub(crate) order: u64,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    /// PUBREC came: only PUBREL is to be sent again [MQTT-4.3.3-10].
    pub(crate) released: bool,
    /// It was sent on this connection, and counts against the client's Receive Maximum (§4.9).
    pub(crate) counted: bool,
    /// The shared subscription it came by.
    pub(crate) group: Option<GroupKey>,
    pub(crate) ids: Option<Box<[u32]>>,
    /// What to send again; `None` when it never has to be.
    pub(crate) message: Option<Rc<Message>>,
}

/// Messages in flight by Packet Identifier, in the order in which they were first sent [MQTT-4.6.0-6].
///
/// Identifiers are given in turn, so that finding one is an index into a short list.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The slot of `first` and those after it; acknowledged ones in between are empty.
    slots: VecDeque<Option<Sent>>,
    /// The identifier of the first slot, less 1.
    first: u16,
    len: u16,
    counted: u16,
}

/// The identifiers there are.
const IDS: u16 = u16::MAX;

impl Window {
    /// How many messages are in flight.
    pub(crate) fn len(&self) -> u16 {
        self.len
    }

    /// How many more may be sent on this connection with at most `limit` unacknowledged [MQTT-3.3.4-9].
    pub(crate) fn room(&self, limit: u16) -> u16 {
        limit.saturating_sub(self.counted)
    }

    /// Whether one more may be sent with at most `limit` unacknowledged.
    ///
    /// A client that leaves one message unacknowledged while it goes on with many later ones, which the protocol does
    /// not allow, waits for itself at some point.
    pub(crate) fn has_room(&self, limit: u16) -> bool {
        self.room(limit) > 0
            && self.slots.len() < usize::from(limit).saturating_mul(8).clamp(1024, usize::from(IDS))
    }

    /// The client is on another connection, on which nothing was sent.
    pub(crate) fn reconnected(&mut self) {
        self.counted = 0;
        for sent in self.slots.iter_mut().flatten() {
            sent.counted = false;
        }
    }

    /// Notes that the message under `id` was sent on this connection.
    pub(crate) fn count(&mut self, id: PacketId) {
        let at = self.index(id);
        if let Some(Some(sent)) = self.slots.get_mut(at)
            && !std::mem::replace(&mut sent.counted, true)
        {
            self.counted += 1;
        }
    }

    /// Takes the next identifier for a message.
    pub(crate) fn push(&mut self, sent: Sent) -> PacketId {
        let at = self.slots.len();
        self.counted += u16::from(sent.counted);
        self.slots.push_back(Some(sent));
        self.len += 1;
        self.id_at(at)
    }

    /// How many slots it would need more to [restore](Self::restore) a message under `id`.
    pub(crate) fn slots_for(&self, id: PacketId) -> u64 {
        if self.slots.is_empty() { 1 } else { (self.index(id) + 1).saturating_sub(self.slots.len()) as u64 }
    }

    /// Puts a message back under the identifier it had, for a session that is restored in its order.
    pub(crate) fn restore(&mut self, id: PacketId, sent: Sent) -> bool {
        if self.slots.is_empty() {
            self.first = id.value() - 1;
        }
        let at = self.index(id);
        if at < self.slots.len() && self.slots[at].is_some() {
            return false;
        }
        while self.slots.len() <= at {
            self.slots.push_back(None);
        }
        self.slots[at] = Some(sent);
        self.len += 1;
        true
    }

    /// The message in flight under `id`.
    pub(crate) fn find(&mut self, id: PacketId) -> Option<&mut Sent> {
        let at = self.index(id);
        self.slots.get_mut(at)?.as_mut()
    }

    /// Ends the flight of `id`.
    pub(crate) fn remove(&mut self, id: PacketId) -> Option<Sent> {
        let at = self.index(id);
        let sent = self.slots.get_mut(at)?.take()?;
        self.len -= 1;
        self.counted -= u16::from(sent.counted);
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            self.first = (self.first + 1) % IDS;
        }
        Some(sent)
    }

    /// Takes the oldest out.
    pub(crate) fn pop(&mut self) -> Option<Sent> {
        let id = self.iter().next()?.0;
        self.remove(id)
    }

    /// All in flight, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PacketId, &Sent)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| Some((self.id_at(at), slot.as_ref()?)))
    }

    /// Those from `id` on, in order; all if there is no such identifier any more.
    pub(crate) fn iter_from(&self, id: PacketId) -> impl Iterator<Item = (PacketId, &Sent)> {
        let from = self.index(id);
        let from = if from < self.slots.len() { from } else { 0 };
        let slots = self.slots.range(from..).enumerate();
        slots.filter_map(move |(at, slot)| Some((self.id_at(from + at), slot.as_ref()?)))
    }

    /// How many slots it has memory for.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// Lets memory go that no slot uses.
    pub(crate) fn shrink(&mut self) {
        self.slots.shrink_to_fit();
    }

    fn index(&self, id: PacketId) -> usize {
        let first = u32::from(self.first);
        let value = u32::from(id.value() - 1);
        ((value + u32::from(IDS) - first) % u32::from(IDS)) as usize
    }

    fn id_at(&self, at: usize) -> PacketId {
        let value = (u32::from(self.first) + at as u32) % u32::from(IDS);
        // At most 65 534, so that one more is an identifier.
        PacketId::new(value as u16 + 1).unwrap_or(PacketId::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(order: u64) -> Sent {
        Sent {
            order,
            qos: QoS::AtLeastOnce,
            retain: false,
            released: false,
            counted: true,
            group: None,
            ids: None,
            message: None,
        }
    }

    #[test]
    fn identifiers_are_given_in_turn_and_none_is_in_use_twice() {
        let mut window = Window::default();
        for order in 0..200_000 {
            let id = window.push(sent(order));
            assert_eq!(u64::from(id.value()), order % 65_535 + 1);
            if order >= 3 {
                let oldest = window.iter().next().map(|(id, _)| id).unwrap();
                assert_eq!(window.remove(oldest).unwrap().order, order - 3);
            }
        }
        assert_eq!(window.len(), 3);
    }

    #[test]
    fn an_acknowledgement_out_of_order_is_found() {
        let mut window = Window::default();
        let ids: Vec<_> = (0..5).map(|order| window.push(sent(order))).collect();
        for at in [3, 0, 4, 1] {
            assert_eq!(window.remove(ids[at]).unwrap().order, at as u64);
            assert!(window.remove(ids[at]).is_none());
        }
        assert_eq!(window.iter().map(|(id, _)| id).collect::<Vec<_>>(), [ids[2]]);
    }

    #[test]
    fn what_was_in_flight_keeps_its_identifiers_when_it_is_restored() {
        let mut window = Window::default();
        for (order, id) in [65_534, 65_535, 2].into_iter().enumerate() {
            let id = PacketId::new(id).unwrap();
            let slots = window.slots.len() as u64 + window.slots_for(id);
            assert!(window.restore(id, sent(order as u64)));
            assert_eq!((window.slots.len() as u64, window.slots_for(id)), (slots, 0));
        }
        assert_eq!(window.iter().map(|(id, _)| id.value()).collect::<Vec<_>>(), [65_534, 65_535, 2]);
        assert_eq!(window.push(sent(3)).value(), 3);
    }

    #[test]
    fn one_that_is_never_acknowledged_holds_up_what_is_sent_far_behind_it() {
        for (limit, expected) in [(10, 1024), (200, 1600), (u16::MAX, u64::from(IDS))] {
            let mut window = Window::default();
            window.push(sent(0));
            let mut given = 1;
            while window.has_room(limit) {
                let id = window.push(sent(given));
                assert!(window.remove(id).is_some());
                given += 1;
            }
            assert_eq!(given, expected);
        }
    }

    #[test]
    fn room_is_what_is_left_of_the_limit_on_this_connection() {
        let mut window = Window::default();
        let ids: Vec<_> = (0..3).map(|order| window.push(sent(order))).collect();
        assert_eq!((window.len(), window.room(5), window.room(3), window.room(2)), (3, 2, 0, 0));
        assert!(window.has_room(4) && !window.has_room(3));
        window.remove(ids[1]);
        assert_eq!(window.room(3), 1);
        window.reconnected();
        assert_eq!((window.len(), window.room(3)), (2, 3));
        for _ in 0..2 {
            window.count(ids[2]);
            assert_eq!(window.room(3), 2, "sent again, it counts, and once");
        }
        window.remove(ids[0]);
        assert_eq!(window.room(3), 2, "what was not sent on this connection did not count");
        window.remove(ids[2]);
        assert_eq!((window.len(), window.room(3)), (0, 3));
    }

    #[test]
    fn an_identifier_is_restored_once() {
        let mut window = Window::default();
        let id = |value| PacketId::new(value).unwrap();
        for (order, value) in [(0, 5), (1, 7)] {
            assert!(window.restore(id(value), sent(order)));
        }
        assert!(!window.restore(id(7), sent(2)) && !window.restore(id(5), sent(2)));
        assert!(window.restore(id(6), sent(3)), "the gap is free");
        assert_eq!(window.iter().map(|(_, sent)| sent.order).collect::<Vec<_>>(), [0, 3, 1]);
        assert_eq!(window.len(), 3);
    }

    #[test]
    fn it_is_gone_through_from_any_identifier_also_across_the_last_one() {
        let mut window = Window::default();
        for order in 0..65_533 {
            let id = window.push(sent(order));
            assert_eq!(window.remove(id).map(|sent| sent.order), Some(order));
        }
        let ids: Vec<_> = (0..5).map(|order| window.push(sent(order))).collect();
        let values = |ids: &[PacketId]| ids.iter().map(|id| id.value()).collect::<Vec<_>>();
        assert_eq!(values(&ids), [65_534, 65_535, 1, 2, 3]);
        let from = |window: &Window, id| window.iter_from(id).map(|(id, _)| id.value()).collect::<Vec<_>>();
        assert_eq!(from(&window, ids[1]), values(&ids[1..]));
        assert_eq!(from(&window, ids[4]), [3]);
        assert_eq!(from(&window, PacketId::new(4).unwrap()), values(&ids), "one that is not there");
        assert_eq!(window.pop().map(|sent| sent.order), Some(0));
        assert_eq!(from(&window, ids[3]), [2, 3]);
    }
}
