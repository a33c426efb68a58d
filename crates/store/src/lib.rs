//! The durable state of a broker: its [`Record`](lacewing_broker::Record)s in a redb database, over any
//! [`StorageBackend`]: a file natively, an OPFS handle in a tab.
//!
//! [`Store::open`] checks everything, and [`Store::read`] gives the state back as a [`Reading`]. [`Changes`] collects what turns of
//! the broker record, [`Store::commit`] makes it durable as a whole or not at all. A host collects in a [`Ledger`], so that one
//! commit runs at a time and what comes meanwhile is the next.
//!
//! **Nothing is lost in silence.** The database has a checksum for every page, and a tree of them whose root is checked when
//! the store is opened. Beyond that each record carries a checksum of its own, a count and a digest of all of
//! them are kept, and a page in front of the database notes how many commits are surely in it: a
//! commit that was acknowledged and is gone is an error, not an older state.
//!
//! A panic inside the database is not caught here; the host does that, where panics can be caught.

mod changes;
mod durations;
mod error;
mod journal;
mod ledger;
mod reading;
mod schema;
mod seal;
mod store;
mod title;

pub use redb::StorageBackend;

pub use changes::{Changes, Malformed, pack, unpack};
pub use durations::Durations;
pub use error::StoreError;
pub use ledger::{Committed, Counts, Ledger};
pub use reading::Reading;
pub use schema::SCHEMA;
pub use store::{Sizes, Store};
