//! A network connection between a client and a broker, with everything that can be wrong with one.

mod fault;
mod pipe;

use bytes::Bytes;

pub use fault::{Fault, Told};
use pipe::Pipe;

/// One of the two ends of a [`Wire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Whoever dialled.
    Client,
    /// Whoever was dialled.
    Broker,
}

impl End {
    /// The end across.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Broker,
            Self::Broker => Self::Client,
        }
    }
}

/// How good a wire is when nothing is wrong with it. The same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// How long a byte is on its way, in microseconds.
    pub latency: u64,
    /// Bytes that pass in a second, at least 1.
    pub bytes_per_second: u32,
    /// Bytes of one direction that may be on their way or wait to be taken at the far end. A sender has no room beyond
    /// them, as with the buffers of two sockets.
    pub window: u32,
}

/// What comes out at an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// The next bytes.
    Bytes(Bytes),
    /// The other end closed, and all its bytes have come. Comes once.
    Closed,
    /// The connection broke, and what was on its way is lost. Comes once.
    Reset,
}

/// Two directions of bytes between a client and a broker, which a [`Fault`] makes slow, silent or short.
///
/// It is sans-IO: `now` is in microseconds of one clock that never runs backwards, whoever sleeps at either end. What
/// comes out depends on what went in and when, and on nothing else.
#[derive(Debug)]
pub struct Wire {
    up: Pipe,
    down: Pipe,
    /// The break to come, and the end whose arriving bytes it is counted by.
    due: Option<(End, u32, Told)>,
    broken: bool,
}

impl Wire {
    /// A connection that was just made.
    pub fn new(quality: Quality) -> Self {
        Self { up: Pipe::new(quality), down: Pipe::new(quality), due: None, broken: false }
    }

    /// How many bytes [`send`](Self::send) takes from this end now.
    pub fn room(&self, from: End) -> usize {
        self.towards(from.other()).room()
    }

    /// Takes as many of the bytes as there is room for, and says how many that is.
    pub fn send(&mut self, now: u64, from: End, bytes: &[u8]) -> usize {
        self.towards_mut(from.other()).push(now, bytes)
    }

    /// Nothing more comes from this end; the other one hears [`Arrival::Closed`] after the last byte.
    pub fn close(&mut self, now: u64, from: End) {
        self.towards_mut(from.other()).close(now);
    }

    /// What has arrived at an end, at most `most` bytes at a time; `None` when there is nothing now.
    pub fn receive(&mut self, now: u64, at: End, most: usize) -> Option<Arrival> {
        let most = match self.due {
            // A break at a byte lets those before it through.
            Some((end, left, _)) if end == at => most.min(left as usize),
            _ => most,
        };
        let arrival = self.towards_mut(at).pop(now, most);
        if let (Some((end, left, told)), Some(Arrival::Bytes(bytes))) = (&mut self.due, &arrival)
            && *end == at
        {
            *left = left.saturating_sub(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            if *left == 0 {
                let told = *told;
                self.break_off(now, told);
            }
        }
        arrival
    }

    /// When [`receive`](Self::receive) has something for this end, if nothing else happens before.
    pub fn poll_timeout(&self, at: End) -> Option<u64> {
        self.towards(at).poll_timeout()
    }

    /// Something goes wrong. A wire breaks once: what comes later changes nothing.
    pub fn fail(&mut self, now: u64, fault: Fault) {
        if self.broken {
            return;
        }
        match fault {
            Fault::Stall { to, micros } => self.towards_mut(to).stall(now.saturating_add(micros)),
            Fault::Silence { to } => self.towards_mut(to).swallow(),
            Fault::Break { to: _, after: 0, told } => self.break_off(now, told),
            Fault::Break { to, after, told } => self.due = Some((to, after, told)),
        }
    }

    /// A break that has not come does not come, and stalls are over. What is silent stays silent.
    pub fn heal(&mut self) {
        self.due = None;
        self.up.stall(0);
        self.down.stall(0);
    }

    /// Whether what is sent from either end arrives at the other one, sooner or later.
    pub fn is_sound(&self) -> bool {
        self.up.is_sound() && self.down.is_sound()
    }

    fn break_off(&mut self, now: u64, told: Told) {
        self.broken = true;
        self.due = None;
        for (end, is_told) in [(End::Client, told.client()), (End::Broker, told.broker())] {
            let pipe = self.towards_mut(end);
            if is_told { pipe.reset(now) } else { pipe.swallow() }
        }
    }

    fn towards(&self, end: End) -> &Pipe {
        match end {
            End::Broker => &self.up,
            End::Client => &self.down,
        }
    }

    fn towards_mut(&mut self, end: End) -> &mut Pipe {
        match end {
            End::Broker => &mut self.up,
            End::Client => &mut self.down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1000;
    const GOOD: Quality = Quality { latency: 5 * MILLISECOND, bytes_per_second: 1_000_000, window: 1000 };

    fn all(wire: &mut Wire, now: u64, at: End) -> (Vec<u8>, Option<Arrival>) {
        let mut bytes = Vec::new();
        loop {
            match wire.receive(now, at, 7) {
                Some(Arrival::Bytes(piece)) => bytes.extend_from_slice(&piece),
                last => return (bytes, last),
            }
        }
    }

    #[test]
    fn bytes_arrive_in_order_when_their_time_has_come_and_then_the_end() {
        let mut wire = Wire::new(GOOD);
        assert_eq!(wire.send(0, End::Client, b"one "), 4);
        assert_eq!(wire.send(MILLISECOND, End::Client, b"two"), 3);
        wire.close(MILLISECOND, End::Client);
        assert_eq!(wire.receive(4 * MILLISECOND, End::Broker, 100), None);
        assert_eq!(wire.poll_timeout(End::Broker), Some(5 * MILLISECOND + 4));
        assert_eq!(
            all(&mut wire, 7 * MILLISECOND, End::Broker),
            (b"one two".to_vec(), Some(Arrival::Closed))
        );
        assert_eq!(wire.receive(8 * MILLISECOND, End::Broker, 100), None);
        assert_eq!((wire.poll_timeout(End::Broker), wire.poll_timeout(End::Client)), (None, None));
    }

    #[test]
    fn a_narrow_wire_takes_its_time_and_no_more_than_its_window() {
        let mut wire = Wire::new(Quality { latency: 0, bytes_per_second: 1000, window: 100 });
        assert_eq!(wire.send(0, End::Broker, &[1; 150]), 100);
        assert_eq!(wire.room(End::Broker), 0);
        assert_eq!(wire.receive(63 * MILLISECOND, End::Client, 100), None);
        assert_eq!(wire.poll_timeout(End::Client), Some(64 * MILLISECOND));
        assert_eq!(all(&mut wire, 100 * MILLISECOND, End::Client).0.len(), 100);
        assert_eq!(wire.room(End::Broker), 100);
    }

    #[test]
    fn while_a_wire_stalls_bytes_pile_up_and_come_later() {
        let mut wire = Wire::new(GOOD);
        wire.fail(0, Fault::Stall { to: End::Broker, micros: 20 * MILLISECOND });
        assert_eq!(wire.send(0, End::Client, &[0; 2000]), 1000);
        assert_eq!(wire.receive(19 * MILLISECOND, End::Broker, 100), None);
        assert_eq!(wire.poll_timeout(End::Broker), Some(20 * MILLISECOND));
        assert_eq!(all(&mut wire, 20 * MILLISECOND, End::Broker).0.len(), 1000);
    }

    #[test]
    fn a_wire_breaks_at_the_byte_it_is_to_break_at_and_tells_whom_it_is_to_tell() {
        for (told, client, broker) in
            [(Told::Both, true, true), (Told::Client, true, false), (Told::Broker, false, true)]
        {
            let mut wire = Wire::new(GOOD);
            wire.fail(0, Fault::Break { to: End::Broker, after: 3, told });
            wire.send(0, End::Client, b"abcdef");
            wire.send(0, End::Broker, b"an answer");
            let reset = |is_told: bool| is_told.then_some(Arrival::Reset);
            assert_eq!(all(&mut wire, 10 * MILLISECOND, End::Broker), (b"abc".to_vec(), reset(broker)));
            assert_eq!(all(&mut wire, 10 * MILLISECOND, End::Client), (Vec::new(), reset(client)));
        }
    }

    #[test]
    fn a_half_open_wire_swallows_a_window_and_then_takes_no_more() {
        let mut wire = Wire::new(GOOD);
        wire.fail(0, Fault::Break { to: End::Broker, after: 0, told: Told::Client });
        assert_eq!(wire.send(0, End::Broker, &[0; 3000]), 1000);
        assert_eq!(wire.send(0, End::Broker, &[0; 1]), 0);
        assert_eq!(wire.receive(1, End::Client, 10), Some(Arrival::Reset));
        assert_eq!((wire.poll_timeout(End::Broker), wire.poll_timeout(End::Client)), (None, None));
    }

    #[test]
    fn one_direction_can_be_silent_while_the_other_goes_on() {
        let mut wire = Wire::new(GOOD);
        wire.fail(0, Fault::Silence { to: End::Broker });
        assert!(!wire.is_sound());
        wire.send(0, End::Client, b"lost");
        wire.send(0, End::Broker, b"found");
        assert_eq!(all(&mut wire, 10 * MILLISECOND, End::Broker), (Vec::new(), None));
        assert_eq!(all(&mut wire, 10 * MILLISECOND, End::Client), (b"found".to_vec(), None));
    }
}
