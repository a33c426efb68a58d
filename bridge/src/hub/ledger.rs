//! What the broker records, on its way to the store.
//!
//! While one commit runs, what is recorded meanwhile becomes the next, so commits group by themselves. The broker
//! bounds how much that can be ([`Config::backlog_bytes`](lacewing_broker::Config::backlog_bytes)).

use std::io;
use std::time::Duration;

use lacewing_broker::{Record, Seq};
use lacewing_store::Changes;
use tracing::{error, info};

use super::metrics;
use crate::store::{Committed, Keeper};

/// The broker's side of its store.
#[derive(Debug)]
pub(crate) struct Ledger {
    keeper: Keeper,
    changes: Changes,
    /// Whether a commit runs.
    is_busy: bool,
    is_full: bool,
    commits: u64,
    kept: u64,
    spent: Duration,
}

impl Ledger {
    /// An empty one.
    pub(crate) fn new(keeper: Keeper) -> Self {
        Self {
            keeper,
            changes: Changes::default(),
            is_busy: false,
            is_full: false,
            commits: 0,
            kept: 0,
            spent: Duration::ZERO,
        }
    }

    /// Takes what is to become durable.
    pub(crate) fn record(&mut self, seq: Seq, record: Record) {
        self.changes.push(seq, record);
    }

    /// Has everything that has come committed, unless a commit runs already. For the end of a turn.
    pub(crate) fn pass_on(&mut self) {
        if !self.is_busy && !self.changes.is_empty() {
            self.is_busy = true;
            self.kept += self.changes.len();
            self.keeper.give(std::mem::take(&mut self.changes));
        }
    }

    /// Takes what became of a commit. Returns what is durable now.
    ///
    /// # Errors
    /// Nothing can be kept any more.
    pub(crate) fn settle(&mut self, outcome: Committed) -> io::Result<Option<Seq>> {
        match outcome {
            Committed::Durable(seq, took) => {
                self.is_busy = false;
                self.commits += 1;
                self.spent += took;
                if std::mem::take(&mut self.is_full) {
                    info!("there is room again: everything is kept");
                }
                Ok(Some(seq))
            }
            Committed::Full(why) => {
                self.is_full = true;
                error!(
                    "there is no room to keep the broker's state ({why}). What has to be kept is not acknowledged until \
                     there is; nothing is lost. It is tried again by itself."
                );
                Ok(None)
            }
            Committed::Failed(why) => {
                Err(io::Error::other(format!("the broker's state cannot be kept: {why}")))
            }
        }
    }

    /// Waits until everything is durable.
    pub(crate) fn close(&mut self) {
        if !self.changes.is_empty() {
            self.keeper.give(std::mem::take(&mut self.changes));
        }
        self.keeper.close();
    }

    /// Adds what was counted, in the text format of Prometheus.
    pub(crate) fn metrics(&self, text: &mut String) {
        metrics::one(text, "commits_total", "Commits of the broker's state.", "counter", self.commits);
        let micros = u64::try_from(self.spent.as_micros()).unwrap_or(u64::MAX);
        metrics::one(text, "commit_microseconds_total", "Time that commits took.", "counter", micros);
        metrics::one(text, "kept_records_total", "Records given to commits.", "counter", self.kept);
        let waiting = self.changes.bytes();
        metrics::one(text, "uncommitted_bytes", "Bytes of records that wait for a commit.", "gauge", waiting);
        let full = u64::from(self.is_full);
        metrics::one(
            text,
            "store_full",
            "1 while there is no room to keep the broker's state.",
            "gauge",
            full,
        );
    }
}
