//! What a broker records, on its way to its store.

use std::time::Duration;

use lacewing_broker::{Record, Seq};

use crate::{Changes, Durations};

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

/// The broker's side of its store: it gathers records as [`Changes`].
///
/// While one commit runs, what is recorded meanwhile becomes the next, so commits group by themselves. The broker bounds how
/// much that can be ([`Config::backlog_bytes`](lacewing_broker::Config::backlog_bytes)).
#[derive(Debug, Default)]
pub struct Ledger {
    changes: Changes,
    /// Whether a commit runs, and how many records are in it.
    is_busy: bool,
    under_way: u64,
    /// Whether that commit is of a broker that is no more.
    is_former: bool,
    replacing: Replacing,
    full: Option<String>,
    counts: Counts,
}

/// How it is with a state that takes the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Replacing {
    #[default]
    Nothing,
    /// It is not durable yet.
    Running,
    /// It is, and nobody was told.
    Done,
}

/// What a ledger has counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// How long commits took.
    pub commits: Durations,
    /// How long the commit took that a record was in, for each record.
    pub records: Durations,
}

impl Ledger {
    /// Takes what is to become durable.
    pub fn record(&mut self, seq: Seq, record: Record) {
        self.changes.push(seq, &record);
    }

    /// Takes the image of a broker that has taken the place of the last one. Everything else goes, in the same commit.
    pub fn replace(&mut self, image: impl Iterator<Item = Record>) {
        self.changes = Changes::replacing();
        image.for_each(|record| self.changes.push(Seq(0), &record));
        self.is_former = self.is_busy;
        self.replacing = Replacing::Running;
    }

    /// Whether a state has taken the place of another for good; once.
    pub fn has_replaced(&mut self) -> bool {
        let is_done = self.replacing == Replacing::Done;
        if is_done {
            self.replacing = Replacing::Nothing;
        }
        is_done
    }

    /// What is to be committed now: everything that has come, unless a commit runs already. For the end of a turn.
    pub fn due(&mut self) -> Option<Changes> {
        if self.is_busy { None } else { self.rest() }
    }

    /// Everything that has come, also while a commit runs: for a host that ends.
    pub fn rest(&mut self) -> Option<Changes> {
        if self.changes.is_empty() {
            return None;
        }
        self.is_busy = true;
        self.under_way += self.changes.len();
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
                self.counts.commits.add(took, 1);
                self.counts.records.add(took, std::mem::take(&mut self.under_way));
                if std::mem::take(&mut self.is_former) {
                    // The numbers of another broker's records mean nothing to this one.
                    return Ok(None);
                }
                if self.replacing == Replacing::Running {
                    self.replacing = Replacing::Done;
                }
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

    /// How many bytes of records wait for a commit.
    pub fn waiting(&self) -> u64 {
        self.changes.bytes()
    }

    /// What it has counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
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
        let mut ledger = Ledger::default();
        assert!(ledger.due().is_none());
        ledger.record(Seq(1), record("a"));
        assert_eq!(ledger.due().unwrap().last(), Seq(1));
        ledger.record(Seq(2), record("b"));
        ledger.record(Seq(3), record("c"));
        assert!(ledger.due().is_none(), "one at a time");
        assert_eq!(ledger.settle(durable(1)), Ok(Some(Seq(1))));
        assert_eq!(ledger.due().unwrap().last(), Seq(3));
        assert_eq!(ledger.settle(durable(3)), Ok(Some(Seq(3))));
        let counts = ledger.counts();
        assert_eq!((counts.commits.count(), counts.records.count()), (2, 3));
        assert_eq!((counts.commits.sum(), ledger.waiting()), (Duration::from_millis(4), 0));
    }

    #[test]
    fn a_state_that_takes_the_place_of_another_waits_for_the_commit_that_runs_and_hides_its_numbers() {
        let mut ledger = Ledger::default();
        ledger.record(Seq(900), record("a"));
        assert!(ledger.due().is_some());
        ledger.record(Seq(901), record("b"));
        ledger.replace([record("c"), record("d")].into_iter());
        ledger.record(Seq(1), record("e"));
        assert!(ledger.due().is_none());
        assert_eq!(ledger.settle(durable(900)), Ok(None));
        assert!(!ledger.has_replaced());
        let changes = ledger.due().unwrap();
        assert_eq!((changes.replaces(), changes.len(), changes.last()), (true, 3, Seq(1)));
        assert_eq!(ledger.settle(durable(1)), Ok(Some(Seq(1))));
        assert!(ledger.has_replaced() && !ledger.has_replaced());
        ledger.record(Seq(2), record("f"));
        assert!(!ledger.due().unwrap().replaces());
    }

    #[test]
    fn without_room_nothing_is_durable_until_there_is_some() {
        let mut ledger = Ledger::default();
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
