//! A broker is rebuilt from its records, a part at a time.

mod sessions;
mod tidying;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use lacewing_protocol::TopicName;

use crate::encoding::Reader;
use crate::message::Message;
use crate::retain::RetainedMessage;
use crate::routing::SessionKey;
use crate::shared::HandOver;
use crate::{Broker, Change, Config, Now, Record, Table};

/// A broker that is being rebuilt from its records.
///
/// [`push`](Self::push) is called for one record at a time and reads messages at once; then [`step`](Self::step) puts
/// sessions together, until it returns the broker. Between two calls the host may do as it likes.
#[derive(Debug)]
pub struct Restore {
    broker: Box<Broker>,
    phase: Phase,
    progress: Progress,
    records: BTreeMap<(Table, Bytes), Bytes>,
    messages: BTreeMap<u64, Rc<Message>>,
    sessions: BTreeMap<u64, SessionKey>,
    /// Records that mean nothing any more: of sessions that ended, or whose time is over.
    leftovers: VecDeque<(Table, Bytes)>,
    /// Those whose messages are retained.
    publishers: BTreeSet<Rc<str>>,
    /// What is to go to other members of shared subscriptions.
    left_behind: HandOver,
    memory: Memory,
}

/// About how much memory what is restored may take, and does, in bytes.
#[derive(Debug, Clone, Copy)]
struct Memory {
    most: u64,
    taken: u64,
}

/// What one step of a [`Restore`] came to.
#[allow(clippy::large_enum_variant, reason = "it is moved once in a thousand records")]
#[derive(Debug)]
pub enum RestoreStep {
    /// There is more to do.
    More(Restore),
    /// The broker as it was, its connections lost at the crash. Its first outputs may be records that clear away what the
    /// crash left over.
    Done(Box<Broker>),
}

/// How far a [`Restore`] is since its last record was pushed; not in time, but close to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much. It may grow a little on the way.
    pub of: u64,
}

/// What the next step goes on with.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Records are pushed.
    Pushing,
    /// Messages from this number on are made one with the retained ones.
    Joining(u64),
    /// Sessions get what is theirs.
    Sessions,
    /// What nobody refers to goes.
    Tidying,
}

/// Why a record cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A key or value is not what any version of this broker wrote.
    #[error("a record of table {0:?} cannot be read")]
    Unreadable(Table),
    /// A record refers to one that is not there.
    #[error("a record of table {0:?} refers to one that is missing")]
    Dangling(Table),
    /// It would take more memory than it [may](Restore::within), in bytes.
    #[error("a broker made of it would take more than {} MB of memory", .0 >> 20)]
    TooLarge(u64),
}

impl Restore {
    pub(crate) fn new(config: Config, seed: u64, now: Now) -> Self {
        Self {
            broker: Box::new(Broker::new(config, seed, now)),
            phase: Phase::Pushing,
            progress: Progress::default(),
            records: BTreeMap::new(),
            messages: BTreeMap::new(),
            sessions: BTreeMap::new(),
            leftovers: VecDeque::new(),
            publishers: BTreeSet::new(),
            left_behind: HandOver::default(),
            memory: Memory { most: u64::MAX, taken: 0 },
        }
    }

    /// Refuses what would take more than about so many bytes of memory. For records that came from anywhere: a few bytes can
    /// say that a session has sent 65 535 messages, or that a topic has as many levels.
    #[must_use]
    pub fn within(mut self, bytes: u64) -> Self {
        self.memory.most = bytes;
        self
    }

    /// Takes one record, in any order of tables; a later one for the same table and key replaces an earlier one.
    ///
    /// # Errors
    /// The record's message cannot be read, or there is no memory for it. Other records are read by [`step`](Self::step).
    pub fn push(&mut self, record: Record) -> Result<(), RestoreError> {
        self.memory.take(memory_of(&record))?;
        let Record { table, key, change } = record;
        // Most of a store is messages: they are read as they come, so that what is kept of them is the message alone.
        match (table, change) {
            (Table::Retained, Change::Put(value)) => {
                let retained = read(table, value, |reader| {
                    let message = Rc::new(reader.message().filter(has_number)?);
                    let from = if reader.is_done() { None } else { Some(self.publisher(&reader.bytes()?)?) };
                    Some(RetainedMessage { message, from })
                })?;
                let Message { number, topic, expires, .. } = &*retained.message;
                self.broker.last_message = self.broker.last_message.max(*number);
                if let Some(at) = expires {
                    self.broker.sweep_after(*at);
                }
                self.broker.retained.set(&topic.clone(), retained);
            }
            (Table::Retained, Change::Delete) => {
                let topic = TopicName::try_from(key).map_err(|_| RestoreError::Unreadable(table))?;
                self.broker.retained.clear(&topic);
            }
            (Table::Message, Change::Put(value)) => {
                let message = read(table, value, |reader| reader.message().filter(has_number))?;
                self.messages.insert(message.number, Rc::new(message));
            }
            (Table::Message, Change::Delete) => {
                let number = number_at(&key, 0).ok_or(RestoreError::Unreadable(table))?;
                self.messages.remove(&number);
            }
            (_, Change::Put(value)) => {
                self.records.insert((table, key), value);
            }
            (_, Change::Delete) => {
                self.records.remove(&(table, key));
            }
        }
        Ok(())
    }

    /// Goes on for about `budget` records and messages; 1000 take a millisecond or two. The broker that comes of it does not
    /// depend on the budgets.
    ///
    /// The time of sessions whose connections were lost at the crash runs from `now` on, and their wills are held back for
    /// [`Config::restart_grace`].
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn step(mut self, now: Now, budget: u32) -> Result<RestoreStep, RestoreError> {
        self.broker.now.awake = self.broker.now.awake.max(now.awake);
        self.broker.now.wall = self.broker.now.wall.max(now.wall);
        let mut budget = budget.max(1);
        while budget > 0 {
            let next = match self.phase {
                Phase::Pushing => {
                    let (messages, records) = (self.messages.len(), self.records.len());
                    self.progress.of = (2 * messages + records + self.publishers.len()) as u64;
                    Some(Phase::Joining(0))
                }
                Phase::Joining(from) => self.join_retained(from, &mut budget),
                Phase::Sessions => self.put_together(&mut budget)?.then_some(Phase::Tidying),
                Phase::Tidying => {
                    if self.tidy(&mut budget) {
                        return Ok(RestoreStep::Done(self.done()));
                    }
                    None
                }
            };
            self.phase = next.unwrap_or(self.phase);
        }
        Ok(RestoreStep::More(self))
    }

    /// How far the steps have come.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// All steps one after the other, for a host that has nobody to serve meanwhile.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn finish(self, now: Now) -> Result<Broker, RestoreError> {
        let mut restore = self;
        loop {
            match restore.step(now, u32::MAX)? {
                RestoreStep::More(more) => restore = more,
                RestoreStep::Done(broker) => return Ok(*broker),
            }
        }
    }

    /// The client id of one who published a retained message, held once for all of them.
    fn publisher(&mut self, client_id: &[u8]) -> Option<Rc<str>> {
        let client_id = std::str::from_utf8(client_id).ok()?;
        if let Some(known) = self.publishers.get(client_id) {
            return Some(known.clone());
        }
        let publisher: Rc<str> = Rc::from(client_id);
        self.publishers.insert(publisher.clone());
        Some(publisher)
    }

    /// Makes one message again of those that are both retained and on their way, from this number on: what refers to it is
    /// counted in one place. Says what comes next.
    fn join_retained(&mut self, from: u64, budget: &mut u32) -> Option<Phase> {
        for (number, message) in self.messages.range_mut(from..) {
            if *budget == 0 {
                return Some(Phase::Joining(*number));
            }
            let retained = self.broker.retained.message(&message.topic);
            if let Some(retained) = retained.filter(|retained| retained.message.number == *number) {
                *message = retained.message.clone();
            }
            self.progress.done += 1;
            spend(budget, message.topic.len());
        }
        Some(Phase::Sessions)
    }

    /// Puts sessions together of their records; whether there are no more.
    fn put_together(&mut self, budget: &mut u32) -> Result<bool, RestoreError> {
        // Tables in their order: each refers only to those before it.
        while *budget > 0 {
            let Some(((table, key), value)) = self.records.pop_first() else { return Ok(true) };
            self.progress.done += 1;
            spend(budget, key.len() + value.len());
            let belongs = match table {
                Table::Session => read(table, value, |reader| self.session(&key, reader))?,
                Table::Subscription => read(table, value, |reader| self.subscription(&key, reader))?,
                Table::Outgoing => {
                    let (belongs, dangling) = read(table, value, |reader| self.outgoing(&key, reader))?;
                    if dangling {
                        return Err(RestoreError::Dangling(table));
                    }
                    self.memory.take(0)?;
                    belongs
                }
                Table::Incoming => read(table, value, |_| self.incoming(&key))?,
                Table::Will => read(table, value, |reader| self.will(&key, reader))?,
                // Taken when they came.
                Table::Message | Table::Retained => true,
            };
            if !belongs {
                self.progress.of += 1;
                self.leftovers.push_back((table, key));
            }
        }
        Ok(false)
    }
}

impl Memory {
    /// Counts so many bytes more.
    fn take(&mut self, bytes: u64) -> Result<(), RestoreError> {
        self.taken = self.taken.saturating_add(bytes);
        if self.taken > self.most { Err(RestoreError::TooLarge(self.most)) } else { Ok(()) }
    }
}

/// What is taken for any record, beside what is in it; for each level of a topic or filter; for a place in a window.
const RECORD: u64 = 256;
const LEVEL: u64 = 64;
const SLOT: u64 = 64;

fn memory_of(Record { table, key, change }: &Record) -> u64 {
    let value = match change {
        Change::Put(value) => value.len() as u64,
        Change::Delete => return 0,
    };
    let levels = match table {
        Table::Subscription | Table::Retained => key.iter().filter(|byte| **byte == b'/').count() as u64,
        _ => 0,
    };
    RECORD + key.len() as u64 + value + levels * LEVEL
}

/// How many bytes are read for one unit of a step's budget.
const BYTES_PER_COST: usize = 64;

/// Takes what a record of so many bytes costs from a step's budget.
fn spend(budget: &mut u32, bytes: usize) {
    *budget = budget.saturating_sub(1 + (bytes / BYTES_PER_COST) as u32);
}

/// Reads a whole value.
fn read<T>(
    table: Table,
    value: Bytes,
    what: impl FnOnce(&mut Reader) -> Option<T>,
) -> Result<T, RestoreError> {
    let unreadable = RestoreError::Unreadable(table);
    let mut reader = Reader::new(value).ok_or(unreadable)?;
    let read = what(&mut reader).ok_or(unreadable)?;
    if reader.is_done() { Ok(read) } else { Err(unreadable) }
}

fn number_at(key: &[u8], at: usize) -> Option<u64> {
    let number = u64::from_be_bytes(key.get(at..at + 8)?.try_into().ok()?);
    (number <= HIGHEST).then_some(number)
}

fn has_number(message: &Message) -> bool {
    message.number <= HIGHEST
}

/// Higher numbers are no count of anything; what comes after this one still has room.
const HIGHEST: u64 = u64::MAX / 2;
