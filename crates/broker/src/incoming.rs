//! QoS 2 messages from a client that it has not yet released (§4.3.3).

use crate::identifiers::Identifiers;

/// The Packet Identifiers of messages that came and are not released, those of this connection apart from older ones:
/// Receive Maximum starts anew with each connection (§4.9).
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    present: Identifiers,
    former: Identifiers,
}

/// What a PUBLISH with some identifier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// A message that has not been here.
    First,
    /// A message that came on an earlier connection.
    OnAnotherConnection,
    /// A message that came on this connection.
    Again,
}

impl Incoming {
    /// What a PUBLISH with this identifier is.
    pub(crate) fn attempt(&self, id: u16) -> Attempt {
        if self.present.contains(id) {
            Attempt::Again
        } else if self.former.contains(id) {
            Attempt::OnAnotherConnection
        } else {
            Attempt::First
        }
    }

    /// Notes that a message has come on this connection.
    pub(crate) fn insert(&mut self, id: u16) {
        self.former.remove(id);
        self.present.insert(id);
    }

    /// Whether a message is here and not released.
    pub(crate) fn contains(&self, id: u16) -> bool {
        self.attempt(id) != Attempt::First
    }

    /// Releases a message; whether it was here.
    pub(crate) fn remove(&mut self, id: u16) -> bool {
        self.present.remove(id) || self.former.remove(id)
    }

    /// The identifiers of all that are here.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> {
        self.present.iter().chain(self.former.iter())
    }

    /// Takes any one out.
    pub(crate) fn pop(&mut self) -> Option<u16> {
        self.present.pop().or_else(|| self.former.pop())
    }

    /// The client is on another connection.
    pub(crate) fn reconnected(&mut self) {
        let present = std::mem::take(&mut self.present);
        if self.former.is_empty() {
            self.former = present;
        } else {
            present.iter().for_each(|id| self.former.insert(id));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.present.is_empty() && self.former.is_empty()
    }
}
