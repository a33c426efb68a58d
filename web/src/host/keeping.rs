//! What the broker records, on its way to the store worker.

use bytes::Bytes;
use lacewing_broker::{Input, Now, Record, Seq};
use lacewing_control::{Saving, Taken};

use super::broker::{BrokerHost, Output};
use super::store_port::{FromStore, ToStore, hear, say};

impl BrokerHost {
    /// Takes what is to become durable.
    pub(super) fn record(&mut self, seq: Seq, record: Record) {
        // Without a ledger the broker makes no records.
        if let Some(ledger) = &mut self.ledger {
            ledger.record(seq, record);
        }
    }

    /// Has everything that has come committed, unless a commit runs already. For the end of a turn.
    pub(super) fn pass_on(&mut self) {
        if let Some(changes) = self.ledger.as_mut().and_then(|ledger| ledger.due()) {
            self.outputs.push_back(Output::Store(say(&ToStore::Commit, &changes.into_bytes())));
        }
    }

    /// Wants an image of all that is durable.
    pub(super) fn take_image(&mut self) {
        self.outputs.push_back(Output::Store(say(&ToStore::TakeImage, &[])));
    }

    /// The store's host said something.
    pub fn store_message(&mut self, now: Now, message: Bytes) {
        let Some(ledger) = &mut self.ledger else { return };
        let Some((head, body)) = hear::<FromStore>(message) else { return };
        if let FromStore::Taken(taken) = head {
            return self.desk.taken(taken.map(|contents| Taken { bytes: body.into(), contents }));
        }
        let Some(outcome) = head.committed() else { return };
        match ledger.settle(outcome) {
            Ok(durable) => {
                self.desk.saving(match ledger.full() {
                    Some(why) => Saving::NoRoom { why: why.to_owned() },
                    None => Saving::Everything,
                });
                if ledger.has_replaced() {
                    self.desk.replaced();
                }
                if let Some(seq) = durable {
                    self.broker.handle(now, Input::Persisted { seq });
                }
            }
            Err(why) => self.outputs.push_back(Output::Failed(why)),
        }
    }
}
