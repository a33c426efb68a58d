//! The bytes that wait to be transmitted on one connection.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use crate::{Batch, ConnId, Seq};

/// What one connection has yet to send, in order; a connection has one only while something waits.
///
/// Packets are encoded straight into [`bytes`](Self::bytes). A gate holds back all that comes after it until its
/// record is durable.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// The copied bytes, of all pieces together.
    pub(crate) bytes: BytesMut,
    /// Everything up to the last gate or chained payload; what `bytes` has beyond its pieces comes after them.
    pieces: VecDeque<Piece>,
    /// How much of `bytes` belongs to `pieces`.
    in_pieces: usize,
    chained: usize,
    last_gate: Seq,
    /// Where the first byte is of answers that end the flight of messages, and how many come there together.
    answers: VecDeque<(u64, i32)>,
    /// Whether the last of `answers` may have gone, or waits for another record than what comes now.
    parted: bool,
    /// How much was ever taken.
    taken: u64,
    /// Publishers that are held until this connection has caught up.
    pub(crate) waiters: Vec<ConnId>,
    /// How long they are held.
    pub(crate) patience: Patience,
}

/// How long publishers wait for a receiver.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patience {
    /// When it ends in any case, awake microseconds.
    pub(crate) ends: u64,
    /// What the receiver had taken when it was last looked at, in bytes.
    pub(crate) taken: u64,
}

#[derive(Debug)]
enum Piece {
    /// The next so many of the copied bytes.
    Copied(usize),
    Chained(Bytes),
    Gate(Seq),
}

impl Outgoing {
    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + self.chained
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is of no use for now.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_empty() && self.waiters.is_empty()
    }

    /// Whether anything waits for a record that is not durable.
    pub(crate) fn is_gated(&self, durable: Seq) -> bool {
        self.last_gate > durable && !self.is_empty()
    }

    /// Holds back what is added from now on until `seq` is durable. Returns whether that is news.
    pub(crate) fn gate(&mut self, seq: Seq) -> bool {
        if seq <= self.last_gate {
            return false;
        }
        self.last_gate = seq;
        self.parted = true;
        self.close_piece();
        self.pieces.push_back(Piece::Gate(seq));
        true
    }

    /// Notes that what is added next ends the flight of a message.
    pub(crate) fn answer(&mut self) {
        if !self.parted
            && let Some((_, count)) = self.answers.back_mut()
        {
            *count += 1;
            return;
        }
        self.parted = false;
        self.answers.push_back((self.taken + self.len() as u64, 1));
    }

    /// How many answers have begun to leave since this was last asked; of those that lie together, all with the first.
    pub(crate) fn answers_gone(&mut self) -> i32 {
        let mut gone = 0;
        while let Some((_, count)) = self.answers.pop_front_if(|(at, _)| *at < self.taken) {
            gone += count;
        }
        gone
    }

    /// Adds bytes without copying them.
    pub(crate) fn chain(&mut self, bytes: Bytes) {
        self.close_piece();
        self.chained += bytes.len();
        self.pieces.push_back(Piece::Chained(bytes));
    }

    fn close_piece(&mut self) {
        let open = self.bytes.len() - self.in_pieces;
        if open > 0 {
            self.pieces.push_back(Piece::Copied(open));
            self.in_pieces = self.bytes.len();
        }
    }

    /// Whether something may go when all records up to `durable` are.
    pub(crate) fn has_free(&self, durable: Seq) -> bool {
        for piece in &self.pieces {
            match piece {
                Piece::Gate(seq) if *seq > durable => return false,
                Piece::Gate(_) => {}
                Piece::Copied(_) | Piece::Chained(_) => return true,
            }
        }
        self.bytes.len() > self.in_pieces
    }

    /// Moves at most `most` bytes that may go to `batch`.
    pub(crate) fn take(&mut self, durable: Seq, most: usize, batch: &mut Batch) -> usize {
        let taken = self.take_pieces(durable, most, batch);
        self.taken += taken as u64;
        self.parted = true;
        taken
    }

    fn take_pieces(&mut self, durable: Seq, mut most: usize, batch: &mut Batch) -> usize {
        let before = self.len();
        if self.pieces.is_empty() && self.bytes.len() <= most && batch.is_empty() {
            batch.swap_tail(&mut self.bytes);
            return before;
        }
        while most > 0 {
            match self.pieces.front_mut() {
                Some(Piece::Gate(seq)) if *seq > durable => break,
                Some(Piece::Gate(_)) => {
                    self.pieces.pop_front();
                }
                Some(Piece::Copied(left)) => {
                    let n = most.min(*left);
                    *left -= n;
                    if *left == 0 {
                        self.pieces.pop_front();
                    }
                    self.in_pieces -= n;
                    most -= n;
                    self.copy_out(n, batch);
                }
                Some(Piece::Chained(bytes)) => {
                    let n = most.min(bytes.len());
                    batch.chain(bytes.split_to(n));
                    if bytes.is_empty() {
                        self.pieces.pop_front();
                    }
                    self.chained -= n;
                    most -= n;
                }
                None => {
                    let n = most.min(self.bytes.len());
                    self.copy_out(n, batch);
                    break;
                }
            }
        }
        before - self.len()
    }

    fn copy_out(&mut self, n: usize, batch: &mut Batch) {
        batch.copy(&self.bytes[..n]);
        if n == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.advance(n);
        }
    }

    /// Makes it as good as new but for its memory.
    pub(crate) fn reset(&mut self) {
        self.bytes.clear();
        self.pieces.clear();
        self.in_pieces = 0;
        self.chained = 0;
        self.last_gate = Seq(0);
        self.answers.clear();
        self.waiters.clear();
    }
}

/// Memory of connections that have nothing to send, for those that will.
#[derive(Debug, Default)]
pub(crate) struct Spares {
    #[expect(clippy::vec_box, reason = "they go from one connection to another without being moved")]
    outgoing: Vec<Box<Outgoing>>,
    bytes: usize,
}

impl Spares {
    /// How much memory is kept, of how many connections.
    const BYTES: usize = 4 << 20;
    const CONNECTIONS: usize = 4096;

    /// Empty memory, used before or not.
    pub(crate) fn take(&mut self) -> Box<Outgoing> {
        let Some(outgoing) = self.outgoing.pop() else { return Box::default() };
        self.bytes -= outgoing.bytes.capacity();
        outgoing
    }

    /// Keeps memory that is not needed any more, unless there is enough.
    pub(crate) fn give(&mut self, mut outgoing: Box<Outgoing>) {
        let bytes = self.bytes + outgoing.bytes.capacity();
        if bytes <= Self::BYTES && self.outgoing.len() < Self::CONNECTIONS {
            outgoing.reset();
            self.bytes += outgoing.bytes.capacity();
            self.outgoing.push(outgoing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(outgoing: &mut Outgoing, durable: u64, most: usize) -> Vec<u8> {
        let mut batch = Batch::new();
        outgoing.take(Seq(durable), most, &mut batch);
        batch.to_bytes().to_vec()
    }

    #[test]
    fn bytes_behind_a_gate_wait_and_those_before_it_do_not() {
        let mut outgoing = Outgoing::default();
        outgoing.bytes.extend_from_slice(b"free");
        assert!(outgoing.gate(Seq(3)));
        assert!(!outgoing.gate(Seq(3)));
        outgoing.bytes.extend_from_slice(b"held");
        outgoing.chain(Bytes::from_static(b"large"));
        outgoing.bytes.extend_from_slice(b"tail");
        assert_eq!(taken(&mut outgoing, 0, 100), b"free");
        assert!(!outgoing.has_free(Seq(2)));
        assert!(outgoing.has_free(Seq(3)));
        assert_eq!(taken(&mut outgoing, 3, 6), b"heldla");
        assert_eq!(taken(&mut outgoing, 3, 100), b"rgetail");
        assert!(outgoing.is_empty());
    }

    #[test]
    fn answers_count_from_when_they_begin_to_leave() {
        let mut outgoing = Outgoing::default();
        outgoing.bytes.extend_from_slice(b"xx");
        for _ in 0..2 {
            outgoing.answer();
            outgoing.bytes.extend_from_slice(b"ok");
        }
        outgoing.gate(Seq(1));
        outgoing.answer();
        outgoing.bytes.extend_from_slice(b"ok");
        assert_eq!((taken(&mut outgoing, 0, 2).len(), outgoing.answers_gone()), (2, 0));
        assert_eq!((taken(&mut outgoing, 0, 100).len(), outgoing.answers_gone()), (4, 2));
        assert_eq!((taken(&mut outgoing, 0, 100).len(), outgoing.answers_gone()), (0, 0));
        outgoing.answer();
        outgoing.bytes.extend_from_slice(b"ok");
        assert_eq!((taken(&mut outgoing, 1, 2).len(), outgoing.answers_gone()), (2, 1));
        assert_eq!((taken(&mut outgoing, 1, 2).len(), outgoing.answers_gone()), (2, 1));
    }

    #[test]
    fn what_comes_after_a_gate_that_opened_goes_in_order() {
        let mut outgoing = Outgoing::default();
        outgoing.gate(Seq(1));
        outgoing.bytes.extend_from_slice(b"a");
        outgoing.gate(Seq(2));
        outgoing.bytes.extend_from_slice(b"b");
        assert_eq!(taken(&mut outgoing, 1, 100), b"a");
        assert_eq!(taken(&mut outgoing, 2, 100), b"b");
    }
}
