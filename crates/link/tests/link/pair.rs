//! Two links and the messages on the way between them.

use std::collections::VecDeque;

use bytes::Bytes;
use lacewing_link::{
    BrokerId, CloseCode, CloseReason, Config, Event, Hello, Link, Listener, Open, Side, StreamId,
};

pub(crate) const SECOND: u64 = 1_000_000;

/// One link, what it was told, and the messages on the way to it.
pub(crate) struct End {
    pub(crate) link: Link,
    pub(crate) events: VecDeque<Event>,
    pub(crate) arriving: VecDeque<Bytes>,
}

impl End {
    fn new(side: Side, config: &Config) -> Self {
        Self { link: Link::new(side, config.clone(), 0), events: VecDeque::new(), arriving: VecDeque::new() }
    }

    pub(crate) fn open(&mut self) -> StreamId {
        self.link.open(Open::new(Listener::Mqtt, "127.0.0.1:50312")).expect("a stream")
    }

    pub(crate) fn send(&mut self, stream: StreamId, bytes: &[u8]) {
        self.link.send(stream, bytes).expect("credit for the bytes");
    }

    /// The next event, which has to be there.
    pub(crate) fn event(&mut self) -> Event {
        self.events.pop_front().expect("an event")
    }

    pub(crate) fn opened(&mut self) -> StreamId {
        let Event::Opened { stream, .. } = self.event() else { panic!("Opened") };
        stream
    }

    /// All bytes of `stream` among the events that came so far, which it takes out, as it does `Writable`.
    pub(crate) fn bytes(&mut self, stream: StreamId) -> Vec<u8> {
        let mut all = Vec::new();
        self.events.retain(|event| match event {
            Event::Data { stream: of, bytes } if *of == stream => {
                all.extend_from_slice(bytes);
                false
            }
            Event::Writable { .. } => false,
            _ => true,
        });
        all
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.events.is_empty() && !self.link.has_transmit()
    }
}

/// The tab dials, the bridge accepts.
pub(crate) struct Pair {
    pub(crate) now: u64,
    pub(crate) tab: End,
    pub(crate) bridge: End,
}

impl Pair {
    /// Both at the start, nothing said.
    pub(crate) fn new(config: &Config) -> Self {
        Self { now: 0, tab: End::new(Side::Dialler, config), bridge: End::new(Side::Acceptor, config) }
    }

    /// Both after their HELLOs.
    pub(crate) fn greeted(config: &Config) -> Self {
        let mut pair = Self::new(config);
        pair.tab.link.hello(hello()).expect("HELLO is the first");
        pair.settle();
        assert_eq!(pair.bridge.event(), Event::Hello(hello()));
        pair.bridge.link.hello(hello()).expect("HELLO is the first");
        pair.settle();
        assert_eq!(pair.tab.event(), Event::Hello(hello()));
        pair
    }

    pub(crate) fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Dialler => &mut self.tab,
            Side::Acceptor => &mut self.bridge,
        }
    }

    /// Puts one message of `from` on its way, if it has one.
    pub(crate) fn transmit(&mut self, from: Side) -> bool {
        let Some(message) = self.end(from).link.transmit() else { return false };
        self.end(other(from)).arriving.push_back(message);
        true
    }

    /// Lets one message reach `to`, if one is on the way.
    pub(crate) fn arrive(&mut self, to: Side) -> bool {
        let now = self.now;
        let end = self.end(to);
        let Some(message) = end.arriving.pop_front() else { return false };
        end.link.receive(now, message).expect("an honest peer breaks no rule");
        while let Some(event) = end.link.poll_event() {
            end.events.push_back(event);
        }
        true
    }

    /// Lets everything go and arrive, until both are quiet.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut moved = false;
            for side in [Side::Dialler, Side::Acceptor] {
                while self.transmit(side) || self.arrive(side) {
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }
}

pub(crate) fn other(side: Side) -> Side {
    match side {
        Side::Dialler => Side::Acceptor,
        Side::Acceptor => Side::Dialler,
    }
}

pub(crate) fn hello() -> Hello {
    Hello::new(BrokerId([7; 16])).with_token("secret").with_info("{}")
}

pub(crate) fn ended() -> CloseReason {
    CloseCode::Ended.into()
}
