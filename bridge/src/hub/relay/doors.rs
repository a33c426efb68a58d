//! The tabs at the door, and which of them is linked.

use std::collections::BTreeMap;

use bytes::Bytes;
use lacewing_broker::{Batch, ConnId, Now};
use lacewing_link::{
    BrokerId, CloseCode, CloseReason, Config, Event, Hello, Link, LinkError, Side, StreamId,
};

use crate::token::Token;

/// Tabs at a time, linked or not; further ones are closed at once.
const TABS: usize = 16;

/// All tabs.
pub(crate) struct Doors {
    token: Token,
    tabs: BTreeMap<ConnId, Tab>,
    linked: Option<ConnId>,
    /// The linked tab's socket is to be written already.
    rung: bool,
}

struct Tab {
    link: Link,
    peer: String,
    /// Known from its HELLO on.
    broker: Option<BrokerId>,
}

/// What a HELLO is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It may be the broker.
    Welcome,
    /// It may be the broker instead of this one: the same broker after a reload, or one that asked to take over.
    Instead(ConnId),
    /// Another one is the broker.
    Busy,
    /// It does not belong to this bridge.
    WrongToken,
}

impl Doors {
    /// No tabs yet.
    pub(crate) fn new(token: Token) -> Self {
        Self { token, tabs: BTreeMap::new(), linked: None, rung: false }
    }

    /// Whether `conn` is a tab.
    pub(crate) fn has(&self, conn: ConnId) -> bool {
        self.tabs.contains_key(&conn)
    }

    /// A tab's channel opened. False when there are too many.
    pub(crate) fn opened(&mut self, now: Now, conn: ConnId, peer: String) -> bool {
        let room = self.tabs.len() < TABS;
        let config = Config { max_streams: 100_000, ..Config::default() };
        let link = Link::new(Side::Acceptor, config, now.awake);
        self.tabs.insert(conn, Tab { link, peer, broker: None });
        room
    }

    /// A tab's channel is gone.
    pub(crate) fn closed(&mut self, conn: ConnId) {
        self.unlink(conn);
        self.tabs.remove(&conn);
    }

    /// A message of a tab.
    pub(crate) fn receive(&mut self, now: Now, conn: ConnId, message: Bytes) -> Result<(), LinkError> {
        self.tabs.get_mut(&conn).map_or(Ok(()), |tab| tab.link.receive(now.awake, message))
    }

    /// The next thing that a tab's link reports.
    pub(crate) fn event(&mut self, conn: ConnId) -> Option<Event> {
        self.tabs.get_mut(&conn)?.link.poll_event()
    }

    /// Whether the tab that says `hello` may be the broker.
    pub(crate) fn answer(&self, conn: ConnId, hello: &Hello) -> Answer {
        if !self.token.is(&hello.token) {
            return Answer::WrongToken;
        }
        match self.linked {
            Some(linked) if linked != conn => {
                let same = self.tabs.get(&linked).is_some_and(|tab| tab.broker == Some(hello.broker));
                if same || hello.takeover { Answer::Instead(linked) } else { Answer::Busy }
            }
            _ => Answer::Welcome,
        }
    }

    /// Makes `conn` the linked tab.
    pub(crate) fn link(&mut self, conn: ConnId, welcome: Hello) {
        let Some(tab) = self.tabs.get_mut(&conn) else { return };
        tab.broker = Some(welcome.broker);
        // Its HELLO was the first one, and ours is short: there is nothing to refuse.
        if tab.link.hello(welcome).is_ok() {
            self.linked = Some(conn);
            self.rung = false;
        }
    }

    /// No tab is linked any more, if `conn` was it. Says whether it was.
    pub(crate) fn unlink(&mut self, conn: ConnId) -> bool {
        let was = self.linked == Some(conn);
        if was {
            self.linked = None;
        }
        was
    }

    /// The link to the broker.
    pub(crate) fn linked(&mut self) -> Option<&mut Link> {
        self.tabs.get_mut(&self.linked?).map(|tab| &mut tab.link)
    }

    /// Whether there is one.
    pub(crate) fn is_linked(&self) -> bool {
        self.linked.is_some()
    }

    /// The linked tab, if its link has something to send and nobody was told yet.
    pub(crate) fn take_ring(&mut self) -> Option<ConnId> {
        let linked = self.linked?;
        if self.rung || !self.tabs.get(&linked)?.link.has_transmit() {
            return None;
        }
        self.rung = true;
        Some(linked)
    }

    /// Refuses a stream that a tab opened.
    pub(crate) fn reset(&mut self, conn: ConnId, stream: StreamId, code: CloseCode) {
        if let Some(tab) = self.tabs.get_mut(&conn) {
            tab.link.reset(stream, code);
        }
    }

    /// Ends a tab's link in words.
    pub(crate) fn goodbye(&mut self, conn: ConnId, reason: CloseReason) {
        if let Some(tab) = self.tabs.get_mut(&conn) {
            tab.link.goodbye(reason);
        }
    }

    /// The next message for a tab. True when there are more.
    pub(crate) fn transmit(&mut self, conn: ConnId, batch: &mut Batch) -> bool {
        let Some(tab) = self.tabs.get_mut(&conn) else { return false };
        if let Some(message) = tab.link.transmit() {
            batch.chain(message);
        }
        let more = tab.link.has_transmit();
        if self.linked == Some(conn) {
            self.rung = more;
        }
        more
    }

    /// Lets time pass; tabs that were silent for too long come out.
    pub(crate) fn tick(&mut self, now: Now) -> Vec<(ConnId, LinkError)> {
        let tick =
            |(conn, tab): (&ConnId, &mut Tab)| tab.link.tick(now.awake).err().map(|error| (*conn, error));
        self.tabs.iter_mut().filter_map(tick).collect()
    }

    /// When [`tick`](Self::tick) is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.tabs.values().filter_map(|tab| tab.link.poll_timeout()).min()
    }

    /// Where a tab is.
    pub(crate) fn peer(&self, conn: ConnId) -> &str {
        self.tabs.get(&conn).map_or("", |tab| &tab.peer)
    }

    /// All tabs.
    pub(crate) fn all(&self) -> Vec<ConnId> {
        self.tabs.keys().copied().collect()
    }
}
