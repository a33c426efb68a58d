//! The broker worker before there is a broker: what was kept is read and put together, step by step.

use std::collections::VecDeque;

use bytes::Bytes;
use lacewing_broker::{Broker, Change, Config, Now, Progress, Record, Restore, RestoreError, RestoreStep};
use lacewing_control::Saving;
use lacewing_store::unpack;

use super::broker::{BrokerHost, Setup};
use super::store_port::{FromStore, ToStore, hear, say};

/// Pieces of what is kept that are on their way at a time.
const PIECES: u32 = 2;
/// What one step puts together: a few milliseconds' work.
const STEP: u32 = 4096;
/// Between two words on how far it is, in microseconds.
const WORD_EVERY: u64 = 200_000;

/// A broker that is being started.
pub struct Start {
    setup: Setup,
    stage: Stage,
    /// When it was last said how far it is.
    said: Option<u64>,
    outputs: VecDeque<StartOutput>,
}

enum Stage {
    /// What is kept comes in.
    Reading(Box<Restore>),
    /// All of it has come.
    Stepping(Box<Restore>),
    /// There is nothing more to do here.
    Over,
}

/// What a start asks of its worker.
pub enum StartOutput {
    /// Send this to the store's host.
    Store(Vec<u8>),
    /// Say how far it is.
    Word(String),
    /// What was kept cannot be used, for this reason. The start is over.
    Refused(String),
    /// The broker runs. The start is over.
    Started(Box<BrokerHost>),
}

impl Start {
    /// A start that waits for the store's first word.
    pub fn new(setup: Setup, now: Now) -> Self {
        let config = Config { durable: true, ..setup.config.clone() };
        let restore = Broker::restore(config, setup.seed, now);
        let ask = StartOutput::Store(say(&ToStore::Read, &[]));
        let mut outputs = VecDeque::from([ask]);
        outputs.extend((1..PIECES).map(|_| StartOutput::Store(say(&ToStore::Read, &[]))));
        Self { setup, stage: Stage::Reading(Box::new(restore)), said: None, outputs }
    }

    /// The store's host said something.
    pub fn store_message(&mut self, now: Now, message: Bytes) {
        let Some((head, body)) = hear(message) else {
            return self.refuse("the broker and its store are of different versions".to_owned());
        };
        match head {
            FromStore::Waiting => {
                self.say(now, || "waiting until the tab before has let go of its store".into())
            }
            FromStore::Checking(bytes) => self.say(now, || format!("checking {} MB", bytes >> 20)),
            FromStore::Records { done, of } => self.take(now, body, done, of),
            FromStore::Whole => {
                self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
                    Stage::Reading(restore) => Stage::Stepping(restore),
                    other => other,
                };
            }
            FromStore::Unavailable(why) => self.run_unsaved(now, why),
            FromStore::Refused(why) | FromStore::Failed(why) => self.refuse(why),
            // It was given nothing yet.
            FromStore::Durable(..) | FromStore::Full(_) | FromStore::Taken(_) => {}
        }
    }

    /// Goes on putting together what was kept.
    pub fn turn(&mut self, now: Now) {
        let restore = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Stepping(restore) => restore,
            other => return self.stage = other,
        };
        match restore.step(now, STEP) {
            Ok(RestoreStep::More(restore)) => {
                let Progress { done, of } = restore.progress();
                self.say(now, || format!("{done} of {of} put together"));
                self.stage = Stage::Stepping(Box::new(restore));
            }
            Ok(RestoreStep::Done(broker)) => self.start(now, *broker, Saving::Everything),
            Err(error) => self.refuse(damaged(error)),
        }
    }

    /// Whether the next [`turn`](Self::turn) has something to do.
    pub fn is_stepping(&self) -> bool {
        matches!(self.stage, Stage::Stepping(_))
    }

    /// What the worker is to do next.
    pub fn poll_output(&mut self) -> Option<StartOutput> {
        self.outputs.pop_front()
    }

    fn take(&mut self, now: Now, mut packed: Bytes, done: u64, of: u64) {
        let Stage::Reading(restore) = &mut self.stage else { return };
        while !packed.is_empty() {
            let Ok(record) = unpack(&mut packed) else {
                return self.refuse("the broker and its store are of different versions".to_owned());
            };
            if let Err(error) = restore.push(on_its_own(record)) {
                return self.refuse(damaged(error));
            }
        }
        self.outputs.push_back(StartOutput::Store(say(&ToStore::Read, &[])));
        self.say(now, || format!("{done} of {of} records read"));
    }

    /// Nothing can be kept here, and nothing was: an empty broker whose state is in memory.
    fn run_unsaved(&mut self, now: Now, why: String) {
        let broker = Broker::new(self.setup.config.clone(), self.setup.seed, now);
        self.start(now, broker, Saving::Nothing { why });
    }

    fn start(&mut self, now: Now, broker: Broker, saving: Saving) {
        let host = BrokerHost::new(self.setup.clone(), broker, saving, now);
        self.stage = Stage::Over;
        self.outputs.push_back(StartOutput::Started(Box::new(host)));
    }

    fn refuse(&mut self, why: String) {
        self.stage = Stage::Over;
        self.outputs.push_back(StartOutput::Refused(why));
    }

    /// Says how far it is, and not too often.
    fn say(&mut self, now: Now, word: impl FnOnce() -> String) {
        if self.said.is_none_or(|said| now.awake >= said + WORD_EVERY) {
            self.said = Some(now.awake);
            self.outputs.push_back(StartOutput::Word(word()));
        }
    }
}

/// The record apart from the piece it came in, which it would hold in memory.
fn on_its_own(record: Record) -> Record {
    let Record { table, key, change } = record;
    let change = match change {
        Change::Put(value) => Change::Put(Bytes::copy_from_slice(&value)),
        Change::Delete => Change::Delete,
    };
    Record { table, key: Bytes::copy_from_slice(&key), change }
}

fn damaged(error: RestoreError) -> String {
    format!("it is damaged: {error}")
}
