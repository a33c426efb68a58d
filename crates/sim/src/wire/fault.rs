//! What can go wrong with a wire.

use super::End;
use crate::Chance;

/// Something that goes wrong with a [`Wire`](super::Wire).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing arrives at this end for a while; bytes pile up and come later.
    Stall {
        /// Which end waits.
        to: End,
        /// For how long, in microseconds.
        micros: u64,
    },
    /// From now on nothing arrives at this end and nobody is told. The other direction goes on.
    Silence {
        /// Which end hears nothing any more.
        to: End,
    },
    /// The connection is gone in both directions.
    Break {
        /// The end whose arriving bytes are counted.
        to: End,
        /// How many more bytes arrive there, from 0: at any byte of any packet.
        after: u32,
        /// Who learns of it.
        told: Told,
    },
}

/// Who learns of a break at once. The others believe in the connection until they miss something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Both ends: a reset.
    Both,
    /// The client: for the broker the connection is half-open.
    Client,
    /// The broker: for the client the connection is half-open.
    Broker,
    /// Nobody: only their timers can tell.
    Neither,
}

impl Fault {
    /// One of all these, by chance. Stalls last for up to `longest_stall` microseconds.
    pub fn by_chance(chance: &mut Chance, longest_stall: u64) -> Self {
        let to = if chance.between(0, 1) == 0 { End::Client } else { End::Broker };
        match chance.between(0, 9) {
            0..=2 => Self::Stall { to, micros: chance.between(1, longest_stall.max(1)) },
            3 => Self::Silence { to },
            kind => {
                // Most breaks come within a packet or two.
                let after =
                    if chance.between(0, 3) == 0 { chance.between(0, 4000) } else { chance.between(0, 60) };
                let told = match kind {
                    4 => Told::Client,
                    5 => Told::Broker,
                    6 => Told::Neither,
                    _ => Told::Both,
                };
                Self::Break { to, after: after as u32, told }
            }
        }
    }
}

impl Told {
    pub(super) fn client(self) -> bool {
        matches!(self, Self::Both | Self::Client)
    }

    pub(super) fn broker(self) -> bool {
        matches!(self, Self::Both | Self::Broker)
    }
}
