//! What the crash left over is cleared away.

use bytes::Bytes;

use super::{Restore, spend};
use crate::jobs::Job;
use crate::{Broker, Table};

impl Restore {
    /// Clears away what means nothing any more while the budget lasts; whether all is clear.
    pub(super) fn tidy(&mut self, budget: &mut u32) -> bool {
        while *budget > 0 {
            spend(budget, 0);
            self.progress.done += 1;
            if let Some((table, key)) = self.leftovers.pop_front() {
                self.forget(table, key);
            } else if let Some((number, message)) = self.messages.pop_first() {
                self.broker.last_message = self.broker.last_message.max(number);
                if message.recorded.get() == 0 {
                    self.forget(Table::Message, crate::records::key(number, &[]));
                }
            } else if self.publishers.pop_first().is_none() && self.sessions.pop_first().is_none() {
                self.progress.done -= 1;
                return true;
            }
        }
        false
    }

    /// The broker, with what is there counted.
    pub(super) fn done(self) -> Box<Broker> {
        let mut broker = self.broker;
        if !self.left_behind.is_empty() {
            broker.jobs.push_back(Job::HandOver(Box::new(self.left_behind)));
        }
        broker.metrics.sessions = broker.clients.len() as u32;
        broker.count_subscriptions();
        broker.count_retained();
        broker.watch_sys();
        broker
    }

    fn forget(&mut self, table: Table, key: Bytes) {
        if self.broker.config.durable {
            self.broker.forget(table, key);
        }
    }
}
