//! Records that are not durable yet: when there are too many, who makes more of them waits.

use std::collections::VecDeque;

use crate::connection::ConnKey;
use crate::{Broker, Change, ConnId, Record, Seq};

/// What waits to become durable.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// How many bytes all records up to a number come to, at some of the numbers.
    marks: VecDeque<(Seq, u64)>,
    made: u64,
    durable: u64,
    /// Clients that are held until there is less.
    waiting: Vec<ConnId>,
}

/// Marks are at least so many bytes apart.
const GRAIN: u64 = 4096;
/// What a record takes beside its key and value.
const OVERHEAD: u64 = 64;

impl Backlog {
    pub(crate) fn add(&mut self, seq: Seq, record: &Record) {
        let value = match &record.change {
            Change::Put(value) => value.len(),
            Change::Delete => 0,
        };
        self.made += (record.key.len() + value) as u64 + OVERHEAD;
        let former = self.marks.len().checked_sub(2).and_then(|index| self.marks.get(index));
        let begins = former.map_or(self.durable, |(_, bytes)| *bytes);
        match self.marks.back_mut() {
            Some(last) if last.1 - begins < GRAIN => *last = (seq, self.made),
            _ => self.marks.push_back((seq, self.made)),
        }
    }

    fn shrink(&mut self, durable: Seq) {
        while let Some((_, bytes)) = self.marks.pop_front_if(|(seq, _)| *seq <= durable) {
            self.durable = bytes;
        }
    }

    fn bytes(&self) -> u64 {
        self.made - self.durable
    }
}

impl Broker {
    /// Reads no more from a client that has just made a record, if too many wait.
    pub(crate) fn hold_for_records(&mut self, key: ConnKey) {
        if self.backlog.bytes() <= u64::from(self.config.backlog_bytes) {
            return;
        }
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        connection.holds += 1;
        if connection.holds == 1 {
            self.metrics.paused += 1;
        }
        self.backlog.waiting.push(connection.id);
    }

    /// Lets those go on who wait for records to become durable, once half of what may wait is left.
    pub(crate) fn shrink_backlog(&mut self) {
        self.backlog.shrink(self.durable);
        if self.backlog.bytes() <= u64::from(self.config.backlog_bytes / 2) {
            for conn in std::mem::take(&mut self.backlog.waiting) {
                self.release(conn);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Table;

    #[test]
    fn what_is_durable_is_no_backlog_any_more() {
        let mut backlog = Backlog::default();
        let record =
            Record { table: Table::Will, key: Bytes::new(), change: Change::Put(vec![0; 936].into()) };
        for seq in 1..=100 {
            backlog.add(Seq(seq), &record);
        }
        assert_eq!(backlog.bytes(), 100_000);
        assert!(backlog.marks.len() <= 25, "{}", backlog.marks.len());
        backlog.shrink(Seq(50));
        assert!((50_000..=50_000 + GRAIN + 1000).contains(&backlog.bytes()), "{}", backlog.bytes());
        backlog.shrink(Seq(100));
        assert_eq!((backlog.bytes(), backlog.marks.len()), (0, 0));
        backlog.add(Seq(101), &record);
        assert_eq!(backlog.bytes(), 1000);
    }
}
