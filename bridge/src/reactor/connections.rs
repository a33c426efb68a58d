//! The table of connections. A connection's number says where it is in the table, so that no map is needed.

use lacewing_broker::ConnId;
use slab::Slab;

use super::connection::Connection;

/// Bits of a [`ConnId`] that are the place in the table; those above count up, so that no number comes twice.
const PLACE_BITS: u32 = 24;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    slab: Slab<Connection>,
    accepted: u64,
}

impl Connections {
    /// The most there can be.
    pub(crate) const MAX: u32 = 1 << PLACE_BITS;

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// How many there have been.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Adds the connection that `make` makes with its number and its place.
    pub(crate) fn add<E>(
        &mut self,
        make: impl FnOnce(ConnId, usize) -> Result<Connection, E>,
    ) -> Result<ConnId, E> {
        let entry = self.slab.vacant_entry();
        let id = ConnId(self.accepted << PLACE_BITS | entry.key() as u64);
        let connection = make(id, entry.key())?;
        entry.insert(connection);
        self.accepted += 1;
        Ok(id)
    }

    /// The connection `id`, if it is still there.
    pub(crate) fn find(&mut self, id: ConnId) -> Option<&mut Connection> {
        self.slab.get_mut((id.0 & PLACE_MASK) as usize).filter(|connection| connection.id == id)
    }

    /// The connection at `place`.
    pub(crate) fn at(&mut self, place: usize) -> Option<&mut Connection> {
        self.slab.get_mut(place)
    }

    /// Takes the connection `id` out.
    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Connection> {
        self.find(id)?;
        self.slab.try_remove((id.0 & PLACE_MASK) as usize)
    }
}
