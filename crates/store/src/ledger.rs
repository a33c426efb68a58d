//! What a broker records, on its way to its store.

use std::time::Duration;

use lacewing_broker::{Record, Seq};

use crate::Changes;

/// What became of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// All records up to this one are durable; the commit took so long.
    Durable(Seq, Duration),
    /// There is no room for them. They are tried again by themselves.
    Full(String),
    /// They cannot be kept, nor any others.
    Failed(String),
}

/// Records that become durable together.
pub trait Lot: Default {
    /// Adds a record. Their numbers ascend.
    fn push(&mut self, seq: Seq, record: Record);
    /// Whether there is none.
    fn is_empty(&self) -> bool;
    /// How many there are.
    fn len(&self) -> u64;
    /// About how much memory they take, in bytes.
    fn bytes(&self) -> u64;
}

/// The broker's side of its store. It gathers records as [`Changes`], or as [`Packed`](crate::Packed) ones for a store elsewhere.
///
/// While one commit runs, what is recorded meanwhile becomes the next, so commits group by themselves. The broker bounds how
/// much that can be ([`Config::backlog_bytes`](lacewing_broker::Config::backlog_bytes)).
#[derive(Debug, Default)]
pub struct Ledger<L = Changes> {
    changes: L,
    /// Whether a commit runs.
    is_busy: bool,
    full: Option<String>,
    counts: Counts,
}

/// What a ledger has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Commits.
    pub commits: u64,
    /// Records given to commits.
    pub records: u64,
    /// The time that commits took.
    pub spent: Duration,
}

impl<L: Lot> Ledger<L> {
    /// Takes what is to become durable.
    pub fn record(&mut self, seq: Seq, record: Record) {
        self.changes.push(seq, record);
    }

    /// What is to be committed now: everything that has come, unless a commit runs already. For the end of a turn.
    pub fn due(&mut self) -> Option<L> {
        if self.is_busy { None } else { self.rest() }
    }

    /// Everything that has come, also while a commit runs: for a host that ends.
    pub fn rest(&mut self) -> Option<L> {
        if self.changes.is_empty() {
            return None;
        }
        self.is_busy = true;
        self.counts.records += self.changes.len();
        Some(std::mem::take(&mut self.changes))
    }

    /// Takes what became of a commit. Returns what is durable now.
    ///
    /// # Errors
    /// Why nothing can be kept any more.
    pub fn settle(&mut self, outcome: Committed) -> Result<Option<Seq>, String> {
        match outcome {
            Committed::Durable(seq, took) => {
                self.is_busy = false;
                self.full = None;
                self.counts.commits += 1;
                self.counts.spent += took;
                Ok(Some(seq))
            }
            Committed::Full(why) => {
                self.full = Some(why);
                Ok(None)
            }
            Committed::Failed(why) => Err(why),
        }
    }

    /// Why there is no room for the commit that runs; `None` while there is.
    pub fn full(&self) -> Option<&str> {
        self.full.as_deref()
    }

    /// About how many bytes of records wait for a commit.
    pub fn waiting(&self) -> u64 {
        self.changes.bytes()
    }

    /// What it has counted.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use lacewing_broker::{Change, Table};

    use super::*;

    fn record(key: &'static str) -> Record {
        Record { table: Table::Will, key: Bytes::from_static(key.as_bytes()), change: Change::Delete }
    }

    fn durable(seq: u64) -> Committed {
        Committed::Durable(Seq(seq), Duration::from_millis(2))
    }

    #[test]
    fn what_comes_while_a_commit_runs_is_the_next_one() {
        let mut ledger = Ledger::<Changes>::default();
        assert!(ledger.due().is_none());
        ledger.record(Seq(1), record("a"));
        assert_eq!(ledger.due().unwrap().last(), Seq(1));
        ledger.record(Seq(2), record("b"));
        ledger.record(Seq(3), record("c"));
        assert!(ledger.due().is_none(), "one at a time");
        assert_eq!(ledger.settle(durable(1)), Ok(Some(Seq(1))));
        assert_eq!(ledger.due().unwrap().last(), Seq(3));
        assert_eq!(ledger.settle(durable(3)), Ok(Some(Seq(3))));
        let counts = Counts { commits: 2, records: 3, spent: Duration::from_millis(4) };
        assert_eq!((ledger.counts(), ledger.waiting()), (counts, 0));
    }

    #[test]
    fn without_room_nothing_is_durable_until_there_is_some() {
        let mut ledger = Ledger::<Changes>::default();
        ledger.record(Seq(1), record("a"));
        ledger.due();
        assert_eq!(ledger.settle(Committed::Full("the disk is full".into())), Ok(None));
        ledger.record(Seq(2), record("b"));
        assert!(ledger.due().is_none(), "the commit still runs");
        assert_eq!(ledger.full(), Some("the disk is full"));
        assert_eq!(ledger.settle(durable(1)), Ok(Some(Seq(1))));
        assert_eq!(ledger.full(), None);
        assert!(ledger.due().is_some());
        assert!(ledger.settle(Committed::Failed("gone".into())).is_err());
    }
}
