//! A disk in memory: what is written is durable after a while, and a crash loses what is not.

use std::collections::BTreeMap;

use bytes::Bytes;
use lacewing_broker::{Change, Record, Seq, Table};
use lacewing_sim::Chance;

pub(crate) struct Store {
    durable: BTreeMap<(Table, Bytes), Bytes>,
    /// What is being written, and when it is durable.
    writing: Option<(u64, Commit)>,
    /// What goes with the next commit.
    waiting: Commit,
    /// The longest a commit takes, in microseconds.
    slowest: u64,
    chance: Chance,
}

#[derive(Default)]
struct Commit {
    last: Seq,
    records: Vec<Record>,
}

impl Store {
    pub(crate) fn new(slowest: u64, chance: Chance) -> Self {
        Self { durable: BTreeMap::new(), writing: None, waiting: Commit::default(), slowest, chance }
    }

    /// Takes what one turn gave. Turns that come while one is written become one commit.
    pub(crate) fn commit(&mut self, now: u64, last: Seq, records: Vec<Record>) {
        self.waiting.last = last;
        self.waiting.records.extend(records);
        self.write_next(now);
    }

    /// The last record that has become durable since the last call.
    pub(crate) fn persisted(&mut self, now: u64) -> Option<Seq> {
        let (_, commit) = self.writing.take_if(|(done, _)| *done <= now)?;
        let last = commit.last;
        self.write(commit);
        self.write_next(now);
        Some(last)
    }

    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        self.writing.as_ref().map(|(done, _)| *done)
    }

    /// The power is gone. What was being written may be on the disk all the same, without anybody knowing.
    pub(crate) fn crash(&mut self) {
        let writing = self.writing.take();
        self.waiting = Commit::default();
        if let Some((_, commit)) = writing
            && self.chance.between(0, 1) == 0
        {
            self.write(commit);
        }
    }

    fn write_next(&mut self, now: u64) {
        if self.writing.is_none() && !self.waiting.records.is_empty() {
            let done = now + self.chance.between(0, self.slowest);
            self.writing = Some((done, std::mem::take(&mut self.waiting)));
        }
    }

    /// All that is on the disk.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> {
        self.durable.iter().map(|((table, key), value)| Record {
            table: *table,
            key: key.clone(),
            change: Change::Put(value.clone()),
        })
    }

    /// How many records there are in a table.
    pub(crate) fn count(&self, table: Table) -> usize {
        self.durable.keys().filter(|(found, _)| *found == table).count()
    }

    fn write(&mut self, commit: Commit) {
        for Record { table, key, change } in commit.records {
            match change {
                Change::Put(value) => {
                    self.durable.insert((table, key), value);
                }
                Change::Delete => {
                    self.durable.remove(&(table, key));
                }
            }
        }
    }
}
