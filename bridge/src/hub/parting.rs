//! The connections of a broker that another one has replaced.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use lacewing_broker::{Batch, Broker, CloseReason, Command, ConnId, Input, Now, Output};

use super::native::farewell;
use super::{Action, Farewell};

/// Those that are still to be told that it is over.
#[derive(Debug, Default)]
pub(super) struct Parting {
    /// What each is still to be sent: mostly a DISCONNECT.
    last_words: BTreeMap<ConnId, Bytes>,
    actions: VecDeque<Action>,
}

/// The most that one is still sent.
const LAST_WORDS: usize = 64 << 10;

impl Parting {
    /// Lets a broker say goodbye, as at its end. Gives its connections.
    pub(super) fn part(&mut self, now: Now, former: &mut Broker) -> Vec<ConnId> {
        let conns: Vec<ConnId> = former.connections().collect();
        former.handle(now, Input::Command(Command::Shutdown));
        // As many calls as it takes for all, and for what was begun before.
        for _ in 0..=conns.len() {
            while let Some(output) = former.poll_output() {
                if let Output::Close { conn, reason } = output {
                    self.close(conn, farewell(reason), former, now);
                }
            }
            if former.poll_timeout().is_none_or(|at| at > now.awake) {
                break;
            }
            former.handle(now, Input::Tick);
        }
        // Those that wait for what will never be durable hear nothing more.
        for conn in &conns {
            if !self.last_words.contains_key(conn) {
                self.close(*conn, farewell(CloseReason::Shutdown), former, now);
            }
        }
        conns
    }

    /// What the reactor is to do.
    pub(super) fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What a connection is still to be sent, once, if it is one of these.
    pub(super) fn last_words(&mut self, conn: ConnId) -> Option<Bytes> {
        self.last_words.get_mut(&conn).map(std::mem::take)
    }

    /// A connection is gone.
    pub(super) fn closed(&mut self, conn: ConnId) {
        self.last_words.remove(&conn);
    }

    fn close(&mut self, conn: ConnId, farewell: Farewell, former: &mut Broker, now: Now) {
        let mut batch = Batch::new();
        former.transmit(now, conn, LAST_WORDS, &mut batch);
        self.last_words.insert(conn, batch.to_bytes());
        self.actions.push_back(Action::Close(conn, farewell));
    }
}
