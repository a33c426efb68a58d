//! Random dialogues of two honest hosts over a channel that delays at will: nothing is lost, doubled, reordered or
//! refused, and everything moves on once the receivers read.

use std::collections::BTreeMap;

use lacewing_link::{CloseCode, Config, Event, Listener, Open, Side, StreamId};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::pair::{Pair, other};

#[derive(Debug, Clone)]
enum Step {
    Open(Side),
    /// Sends up to so many bytes on the n-th stream, as credit allows.
    Send(Side, usize, u16),
    /// Uses up to so many bytes of the n-th stream.
    Consume(Side, usize, u16),
    Close(Side, usize),
    Reset(Side, usize),
    Transmit(Side),
    Arrive(Side),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Dialler), Just(Side::Acceptor)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => side().prop_map(Step::Open),
        8 => (side(), any::<usize>(), 0..3000u16).prop_map(|(side, n, len)| Step::Send(side, n, len)),
        6 => (side(), any::<usize>(), 0..3000u16).prop_map(|(side, n, len)| Step::Consume(side, n, len)),
        2 => (side(), any::<usize>()).prop_map(|(side, n)| Step::Close(side, n)),
        1 => (side(), any::<usize>()).prop_map(|(side, n)| Step::Reset(side, n)),
        6 => side().prop_map(Step::Transmit),
        6 => side().prop_map(Step::Arrive),
    ]
}

/// What one host knows of a stream.
#[derive(Debug, Default, Clone)]
struct Half {
    sent: u32,
    received: u32,
    consumed: u32,
    closed: bool,
    peer_closed: bool,
}

/// Two hosts and the channel between their links.
struct World {
    pair: Pair,
    halves: [BTreeMap<StreamId, Half>; 2],
    /// Streams that either host dropped: their bytes may be cut short.
    dropped: Vec<StreamId>,
}

/// The byte at a place in a direction of a stream: any mix-up shows.
fn byte(seed: u32, at: u32) -> u8 {
    (at.wrapping_add(seed).wrapping_mul(0x9e37_79b1) >> 24) as u8
}

/// What tells one direction of one stream from the others.
fn seed(stream: StreamId, from: Side) -> u32 {
    stream
        .to_string()
        .bytes()
        .fold(from as u32 + 1, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
}

impl World {
    fn new(config: &Config) -> Self {
        Self { pair: Pair::greeted(config), halves: Default::default(), dropped: Vec::new() }
    }

    fn halves(&mut self, side: Side) -> &mut BTreeMap<StreamId, Half> {
        &mut self.halves[side as usize]
    }

    fn nth(&mut self, side: Side, n: usize) -> Option<StreamId> {
        let halves = self.halves(side);
        let n = n.checked_rem(halves.len())?;
        halves.keys().nth(n).copied()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Open(side) => {
                if let Ok(stream) = self.pair.end(side).link.open(Open::new(Listener::Home, "lamp")) {
                    self.halves(side).insert(stream, Half::default());
                }
            }
            Step::Send(side, n, len) => {
                if let Some(stream) = self.nth(side, n) {
                    self.send(side, stream, len.into());
                }
            }
            Step::Consume(side, n, len) => {
                if let Some(stream) = self.nth(side, n) {
                    self.consume(side, stream, len.into());
                }
            }
            Step::Close(side, n) => {
                if let Some(stream) = self.nth(side, n) {
                    self.close(side, stream);
                }
            }
            Step::Reset(side, n) => {
                if let Some(stream) = self.nth(side, n) {
                    self.pair.end(side).link.reset(stream, CloseCode::Aborted);
                    self.halves(side).remove(&stream);
                    self.dropped.push(stream);
                }
            }
            Step::Transmit(side) => {
                self.pair.transmit(side);
            }
            Step::Arrive(side) => self.arrive(side),
        }
    }

    /// Sends at most `len` bytes, returns how many.
    fn send(&mut self, side: Side, stream: StreamId, len: u32) -> u32 {
        let Some(half) = self.halves[side as usize].get_mut(&stream).filter(|half| !half.closed) else {
            return 0;
        };
        let link = &mut self.pair.end(side).link;
        let len = len.min(link.writable(stream));
        let seed = seed(stream, side);
        let bytes: Vec<u8> = (half.sent..half.sent + len).map(|at| byte(seed, at)).collect();
        // A stream that the peer has dropped, which this host has yet to hear, takes nothing.
        if link.send(stream, &bytes).is_ok() {
            half.sent += len;
        }
        len
    }

    fn consume(&mut self, side: Side, stream: StreamId, len: u32) {
        let Some(half) = self.halves[side as usize].get_mut(&stream) else { return };
        let len = len.min(half.received - half.consumed);
        half.consumed += len;
        self.pair.end(side).link.consume(stream, len);
    }

    fn close(&mut self, side: Side, stream: StreamId) {
        let Some(half) = self.halves[side as usize].get_mut(&stream) else { return };
        half.closed = true;
        self.pair.end(side).link.close(stream, CloseCode::Ended);
    }

    fn arrive(&mut self, side: Side) {
        self.pair.arrive(side);
        while let Some(event) = self.pair.end(side).events.pop_front() {
            self.event(side, event);
        }
    }

    fn event(&mut self, side: Side, event: Event) {
        let halves = &mut self.halves[side as usize];
        match event {
            Event::Opened { stream, .. } => {
                assert!(halves.insert(stream, Half::default()).is_none(), "{stream} was used before");
            }
            Event::Data { stream, bytes } => {
                let half = halves.get_mut(&stream).expect("DATA of a stream this host has");
                assert!(!half.peer_closed, "DATA after CLOSE");
                let seed = seed(stream, other(side));
                for &arrived in &bytes {
                    assert_eq!(arrived, byte(seed, half.received), "{stream} at {}", half.received);
                    half.received += 1;
                }
            }
            Event::Closed { stream, .. } => {
                let half = halves.get_mut(&stream).expect("CLOSE of a stream this host has");
                assert!(!std::mem::replace(&mut half.peer_closed, true), "closed twice");
                let received = half.received;
                if let Some(far) = self.halves[other(side) as usize].get(&stream) {
                    assert_eq!(received, far.sent, "CLOSE came before the last DATA");
                }
            }
            Event::Reset { stream, .. } => {
                assert!(halves.remove(&stream).is_some(), "RESET of a stream this host has");
                assert!(self.dropped.contains(&stream));
            }
            Event::Writable { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    fn settle(&mut self) {
        loop {
            let mut moved = false;
            for side in [Side::Dialler, Side::Acceptor] {
                while self.pair.transmit(side) {
                    moved = true;
                }
                while !self.pair.end(side).arriving.is_empty() {
                    self.arrive(side);
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Both hosts use what they have, and still want to send `more` on each stream; then they close.
    fn finish(&mut self, more: u32) {
        let mut wanted = BTreeMap::new();
        for round in 0.. {
            assert!(round < 1000, "the streams have stalled");
            self.settle();
            let mut waiting = false;
            for side in [Side::Dialler, Side::Acceptor] {
                let streams: Vec<StreamId> = self.halves(side).keys().copied().collect();
                for stream in streams {
                    self.consume(side, stream, u32::MAX);
                    let left = wanted.entry((side as u8, stream)).or_insert(more);
                    if self.halves[side as usize][&stream].closed {
                        continue;
                    }
                    *left -= self.send(side, stream, *left);
                    waiting |= *left > 0;
                }
            }
            if !waiting {
                break;
            }
        }
        for side in [Side::Dialler, Side::Acceptor] {
            let streams: Vec<StreamId> = self.halves(side).keys().copied().collect();
            streams.into_iter().for_each(|stream| self.close(side, stream));
        }
        for _ in 0..2 {
            self.settle();
            for side in [Side::Dialler, Side::Acceptor] {
                let streams: Vec<StreamId> = self.halves(side).keys().copied().collect();
                streams.into_iter().for_each(|stream| self.consume(side, stream, u32::MAX));
            }
        }
        self.settle();
    }

    fn check_end(&mut self, config: &Config) {
        // A stream that had ended at the far end when it was dropped here is never told as dropped there.
        let dropped = std::mem::take(&mut self.dropped);
        self.halves.iter_mut().for_each(|halves| halves.retain(|stream, _| !dropped.contains(stream)));
        let [dialler, acceptor] = &self.halves;
        assert_eq!(dialler.len(), acceptor.len());
        for (stream, here) in dialler {
            let there = &acceptor[stream];
            assert_eq!((here.sent, there.sent), (there.received, here.received), "{stream} is whole");
            assert!(here.peer_closed && there.peer_closed, "{stream} is closed");
        }
        for side in [Side::Dialler, Side::Acceptor] {
            let end = self.pair.end(side);
            assert_eq!((end.link.streams(), end.link.queued()), (0, 0));
            let stream = end.open();
            let all = config.stream_credit.min(config.stream_reserve + config.connection_credit);
            assert_eq!(end.link.writable(stream), all, "no credit is lost");
        }
    }
}

proptest! {
    #[test]
    fn every_byte_arrives_once_in_order_and_nothing_stalls(
        steps in vec(step(), 1..300),
        stream_credit in 1024..6000u32,
        connection_credit in prop_oneof![Just(0), 1..8000u32],
        max_streams in 1..6u32,
    ) {
        let config = Config {
            max_message: 4096,
            stream_credit,
            stream_reserve: 1024,
            connection_credit,
            max_streams,
            ..Config::default()
        };
        let mut world = World::new(&config);
        for step in steps {
            world.step(step);
        }
        world.finish(10_000);
        world.check_end(&config);
    }
}
