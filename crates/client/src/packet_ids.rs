use std::collections::BTreeSet;

use lacewing_protocol::PacketId;

/// The Packet Identifiers of this client's PUBLISH, SUBSCRIBE and UNSUBSCRIBE packets that are not yet acknowledged
/// [MQTT-2.2.1-3].
#[derive(Debug)]
pub(crate) struct PacketIds {
    next: PacketId,
    used: BTreeSet<PacketId>,
}

impl PacketIds {
    pub(crate) fn new() -> Self {
        Self { next: PacketId::MIN, used: BTreeSet::new() }
    }

    /// An identifier that is not in use; `None` when all 65 535 are.
    pub(crate) fn take(&mut self) -> Option<PacketId> {
        if self.used.len() == usize::from(u16::MAX) {
            return None;
        }
        while !self.used.insert(self.next) {
            self.next = self.next.next();
        }
        let id = self.next;
        self.next = id.next();
        Some(id)
    }

    /// How many are in use.
    pub(crate) fn used(&self) -> u16 {
        u16::try_from(self.used.len()).unwrap_or(u16::MAX)
    }

    pub(crate) fn release(&mut self, id: PacketId) {
        self.used.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_in_use_is_not_given_again() {
        // [MQTT-2.2.1-3]
        let mut ids = PacketIds::new();
        let first = ids.take().unwrap();
        for _ in 1..u16::MAX {
            assert_ne!(ids.take(), Some(first));
        }
        assert_eq!(ids.take(), None);
        // Not the one whose turn it would be, which is in use.
        let fifth = PacketId::new(5).unwrap();
        ids.release(fifth);
        assert_eq!(ids.take(), Some(fifth));
        ids.release(first);
        assert_eq!(ids.take(), Some(first));
    }
}
