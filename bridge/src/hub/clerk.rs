//! Brings what the broker records to the thread that commits it, and says in the log how that goes.

use std::io;

use lacewing_broker::{Record, Seq};
use lacewing_store::{Committed, Ledger};
use tracing::{error, info};

use super::metrics;
use crate::store::Keeper;

/// Between the broker and its store.
#[derive(Debug)]
pub(crate) struct Clerk {
    keeper: Keeper,
    ledger: Ledger,
}

impl Clerk {
    /// One with nothing to do yet.
    pub(crate) fn new(keeper: Keeper) -> Self {
        Self { keeper, ledger: Ledger::default() }
    }

    /// Takes what is to become durable.
    pub(crate) fn record(&mut self, seq: Seq, record: Record) {
        self.ledger.record(seq, record);
    }

    /// Takes the image of a broker that has taken the place of the last one; everything else goes.
    pub(crate) fn replace(&mut self, image: impl Iterator<Item = Record>) {
        self.ledger.replace(image);
    }

    /// Whether that is durable; once.
    pub(crate) fn has_replaced(&mut self) -> bool {
        self.ledger.has_replaced()
    }

    /// Has everything that has come committed, unless a commit runs already. For the end of a turn.
    pub(crate) fn pass_on(&mut self) {
        if let Some(changes) = self.ledger.due() {
            self.keeper.give(changes);
        }
    }

    /// Wants an image of all that is durable.
    ///
    /// # Errors
    /// See [`Keeper::take_image`].
    pub(crate) fn take_image(&self) -> Result<(), String> {
        self.keeper.take_image()
    }

    /// Takes what became of a commit. Returns what is durable now.
    ///
    /// # Errors
    /// Nothing can be kept any more.
    pub(crate) fn settle(&mut self, outcome: Committed) -> io::Result<Option<Seq>> {
        let was_full = self.ledger.full().is_some();
        let durable = self
            .ledger
            .settle(outcome)
            .map_err(|why| io::Error::other(format!("the broker's state cannot be kept: {why}")))?;
        match self.ledger.full() {
            Some(why) => error!(
                "there is no room to keep the broker's state ({why}). What has to be kept is not acknowledged until \
                 there is; nothing is lost. It is tried again by itself."
            ),
            None if was_full => info!("there is room again: everything is kept"),
            None => {}
        }
        Ok(durable)
    }

    /// Why there is no room; `None` while there is.
    pub(crate) fn full(&self) -> Option<&str> {
        self.ledger.full()
    }

    /// Waits until everything is durable.
    pub(crate) fn close(&mut self) {
        if let Some(changes) = self.ledger.rest() {
            self.keeper.give(changes);
        }
        self.keeper.close();
    }

    /// Adds what was counted, in the text format of Prometheus.
    pub(crate) fn metrics(&self, text: &mut String) {
        let counts = self.ledger.counts();
        metrics::durations(
            text,
            "commit_seconds",
            "How long commits of the broker's state took.",
            &counts.commits,
        );
        let of_records = "How long the commit took that a record was in, for each record.";
        metrics::durations(text, "kept_record_seconds", of_records, &counts.records);
        let waiting = self.ledger.waiting();
        metrics::one(text, "uncommitted_bytes", "Bytes of records that wait for a commit.", "gauge", waiting);
        let full = u64::from(self.ledger.full().is_some());
        metrics::one(
            text,
            "store_full",
            "1 while there is no room to keep the broker's state.",
            "gauge",
            full,
        );
    }
}
