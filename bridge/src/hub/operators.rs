//! Pages that operate the broker in this process: let in by the pairing token, then served by the control desk.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use lacewing_broker::{Batch, Broker, ConnId, Event, EventMask, Now};
use lacewing_control::{
    Addresses, BridgeState, Desk, Effect, HostKind, Household, OperatorId, Request, Saving, Taken,
};
use tracing::{info, warn};

use super::{Action, Asker, Farewell};
use crate::token::Token;

/// How long a page has to show the token, in microseconds.
const TOKEN_WITHIN: u64 = 5_000_000;
/// Pages at a time, those at the door included.
const PAGES: usize = 32;
/// Messages that wait to be written to one page; beyond them no more are taken from the desk.
const WAITING: usize = 64;

/// The pages, and the desk that serves them.
pub(crate) struct Operators {
    token: Token,
    desk: Desk,
    pages: BTreeMap<ConnId, Page>,
    actions: VecDeque<Action>,
}

struct Page {
    peer: String,
    standing: Standing,
    outbox: VecDeque<Bytes>,
}

enum Standing {
    /// At the door until this time.
    Door(u64),
    Inside,
    /// On its way out: nothing that it says counts.
    Leaving,
}

impl Operators {
    /// No pages yet; they are told where devices connect, whether anything outlives the broker, and whether there is a home.
    pub(crate) fn new(token: Token, addresses: Addresses, saves: bool, home: bool) -> Self {
        let why = "The broker keeps its state in memory: it is gone when the broker stops.";
        let saving = if saves { Saving::Everything } else { Saving::Nothing { why: why.to_owned() } };
        let mut desk = Desk::new(HostKind::Native, saving, home);
        // No bridge is needed where the broker itself listens, and devices connect all the same.
        desk.bridge(&BridgeState::Linked(addresses));
        Self { token, desk, pages: BTreeMap::new(), actions: VecDeque::new() }
    }

    /// There is no room to keep the broker's state, for this reason, or there is some.
    pub(crate) fn room(&mut self, full: Option<&str>) {
        self.desk.saving(match full {
            Some(why) => Saving::NoRoom { why: why.to_owned() },
            None => Saving::Everything,
        });
        self.post();
    }

    /// The home may have changed; whether it has.
    pub(crate) fn household(&mut self, household: &Household) -> bool {
        let changed = self.desk.household(household);
        self.post();
        changed
    }

    /// The home that was kept could not be read, for this reason.
    pub(crate) fn home_damaged(&mut self, why: String) {
        self.desk.home_damaged(why);
    }

    /// What a page wanted done to the home was not done, for this reason.
    pub(crate) fn refused(&mut self, page: ConnId, why: String) {
        self.desk.refused(OperatorId(page.0), why);
    }

    /// Whether `conn` is a page.
    pub(crate) fn has(&self, conn: ConnId) -> bool {
        !self.pages.is_empty() && self.pages.contains_key(&conn)
    }

    /// A page is at the door. Its first message is the token.
    pub(crate) fn opened(&mut self, now: Now, conn: ConnId, peer: String) {
        let standing = Standing::Door(now.awake + TOKEN_WITHIN);
        let full = self.pages.len() >= PAGES;
        self.pages.insert(conn, Page { peer, standing, outbox: VecDeque::new() });
        if full {
            self.turn_away(conn, 1013, "too many pages operate this broker");
        }
    }

    /// A message of a page. What it wants done to the broker comes out.
    pub(crate) fn received(
        &mut self,
        now: Now,
        conn: ConnId,
        bytes: &[u8],
        broker: &Broker,
    ) -> Option<Effect> {
        let page = self.pages.get_mut(&conn)?;
        match page.standing {
            Standing::Leaving => None,
            Standing::Inside => match lacewing_control::decode::<Request>(bytes) {
                Ok(request) => {
                    let effect = self.desk.request(now, OperatorId(conn.0), request, broker);
                    self.post();
                    effect
                }
                Err(error) => {
                    self.turn_away(conn, 1008, &error.to_string());
                    None
                }
            },
            Standing::Door(_) if std::str::from_utf8(bytes).is_ok_and(|shown| self.token.is(shown)) => {
                info!("a page at {} operates the broker", page.peer);
                page.standing = Standing::Inside;
                self.desk.open(OperatorId(conn.0));
                self.post();
                None
            }
            Standing::Door(_) => {
                warn!("a page at {} showed a wrong token", page.peer);
                self.turn_away(
                    conn,
                    4401,
                    "the pairing token is wrong: open the address that lacewing prints",
                );
                None
            }
        }
    }

    /// The rules that a page wanted read again are in force, or not.
    pub(crate) fn rules_reloaded(&mut self, asker: Asker, outcome: Result<String, String>) {
        self.desk.rules_reloaded(OperatorId(asker.0), outcome);
        self.post();
    }

    /// An image that a page wanted is there, or not.
    pub(crate) fn taken(&mut self, taken: Result<Taken, String>) {
        self.desk.taken(taken);
        self.post();
    }

    /// A broker that a page brought, which is to take the place of this one.
    pub(crate) fn replacement(&mut self) -> Option<Box<Broker>> {
        self.desk.replacement()
    }

    /// It has, for good if anything is kept.
    pub(crate) fn replaced(&mut self) {
        self.desk.replaced();
        self.post();
    }

    /// A connection is gone. False when it is not a page's.
    pub(crate) fn closed(&mut self, conn: ConnId) -> bool {
        if self.pages.remove(&conn).is_none() {
            return false;
        }
        self.desk.close(OperatorId(conn.0));
        true
    }

    /// The events that pages want to hear about.
    pub(crate) fn mask(&self) -> EventMask {
        self.desk.mask()
    }

    /// The broker reported something.
    pub(crate) fn event(&mut self, event: Event) {
        if !self.pages.is_empty() {
            self.desk.event(event);
        }
    }

    /// Lets the desk look at the broker, and turns away who showed no token.
    pub(crate) fn tick(&mut self, now: Now, broker: &Broker) {
        if self.desk.poll_timeout().is_some_and(|deadline| deadline <= now.awake) {
            self.desk.tick(now, broker);
            self.post();
        }
        let late: Vec<ConnId> = self
            .pages
            .iter()
            .filter(|(_, page)| matches!(page.standing, Standing::Door(until) if until <= now.awake))
            .map(|(conn, _)| *conn)
            .collect();
        for conn in late {
            self.turn_away(conn, 4401, "no pairing token came");
        }
    }

    /// When [`tick`](Self::tick) is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let doors = self.pages.values().filter_map(|page| match page.standing {
            Standing::Door(until) => Some(until),
            Standing::Inside | Standing::Leaving => None,
        });
        doors.chain(self.desk.poll_timeout()).min()
    }

    /// What the reactor is to do.
    pub(crate) fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next message for a page. True when there are more.
    pub(crate) fn transmit(&mut self, conn: ConnId, batch: &mut Batch) -> bool {
        let Some(page) = self.pages.get_mut(&conn) else { return false };
        if let Some(message) = page.outbox.pop_front() {
            batch.chain(message);
        }
        !page.outbox.is_empty()
    }

    /// Says goodbye to all pages.
    pub(crate) fn shutdown(&mut self) {
        let all: Vec<ConnId> = self.pages.keys().copied().collect();
        for conn in all {
            self.turn_away(conn, 1001, "the broker shuts down");
        }
    }

    fn post(&mut self) {
        while let Some((to, response)) = self.desk.poll() {
            let conn = ConnId(to.0);
            let Some(page) = self.pages.get_mut(&conn) else { continue };
            // A page that does not read misses what it did not read; it is told anew every second.
            if page.outbox.len() >= WAITING {
                page.outbox.pop_front();
            }
            match lacewing_control::encode(&response) {
                Ok(bytes) => page.outbox.push_back(bytes.into()),
                Err(error) => warn!("an answer to the page at {} was left out: {error}", page.peer),
            }
            self.actions.push_back(Action::Ready(conn));
        }
    }

    fn turn_away(&mut self, conn: ConnId, code: u16, reason: &str) {
        let Some(page) = self.pages.get_mut(&conn) else { return };
        if matches!(page.standing, Standing::Inside) {
            self.desk.close(OperatorId(conn.0));
        }
        page.standing = Standing::Leaving;
        self.actions.push_back(Action::Close(conn, Farewell::new(code, reason)));
    }
}
