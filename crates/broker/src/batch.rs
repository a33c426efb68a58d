use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// Bytes for one connection, to be written in order.
///
/// Small pieces are copied together; large payloads are chained without a copy.
#[derive(Debug, Default)]
pub struct Batch {
    /// Whole chunks before `tail`.
    front: VecDeque<Bytes>,
    tail: BytesMut,
    len: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes wait in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What to write, in order; no chunk is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.front.iter().map(Bytes::as_ref).chain((!self.tail.is_empty()).then_some(self.tail.as_ref()))
    }

    /// Forgets the first `n` bytes, which were written; all of them if there are fewer.
    pub fn advance(&mut self, n: usize) {
        let mut n = n.min(self.len);
        self.len -= n;
        while let Some(first) = self.front.front_mut() {
            if n < first.len() {
                first.advance(n);
                return;
            }
            n -= first.len();
            self.front.pop_front();
        }
        if n == self.tail.len() {
            // Unlike `advance`, this keeps the whole capacity for the next turn.
            self.tail.clear();
        } else {
            self.tail.advance(n);
        }
    }

    /// Forgets everything and keeps the memory for the next turn.
    pub fn clear(&mut self) {
        self.front.clear();
        self.tail.clear();
        self.len = 0;
    }

    /// All of it in one piece, leaving the batch empty.
    pub fn to_bytes(&mut self) -> Bytes {
        if self.front.is_empty() {
            self.len = 0;
            return self.tail.split().freeze();
        }
        let mut whole = BytesMut::with_capacity(self.len);
        for chunk in self.chunks() {
            whole.extend_from_slice(chunk);
        }
        self.clear();
        whole.freeze()
    }

    /// Copies `bytes` to the end.
    pub fn copy(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Exchanges the memory of an empty batch for `bytes`, which are then all of it.
    pub(crate) fn swap_tail(&mut self, bytes: &mut BytesMut) {
        debug_assert!(self.is_empty(), "what was in the batch would be lost");
        self.tail.clear();
        std::mem::swap(&mut self.tail, bytes);
        self.len = self.tail.len();
    }

    /// Chains `bytes` to the end.
    pub fn chain(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        self.len += bytes.len();
        if !self.tail.is_empty() {
            let tail = self.tail.split().freeze();
            self.front.push_back(tail);
        }
        self.front.push_back(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_out_in_the_order_they_went_in() {
        let mut batch = Batch::new();
        batch.copy(b"ab");
        batch.chain(Bytes::from_static(b"cdef"));
        batch.copy(b"gh");
        assert_eq!(batch.chunks().collect::<Vec<_>>(), [&b"ab"[..], b"cdef", b"gh"]);
        batch.advance(3);
        assert_eq!((batch.len(), batch.chunks().collect::<Vec<_>>()), (5, vec![&b"def"[..], b"gh"]));
        assert_eq!(batch.to_bytes(), &b"defgh"[..]);
        assert!(batch.is_empty());
    }

    #[test]
    fn an_advance_may_end_anywhere() {
        for n in 0..=9 {
            let mut batch = Batch::new();
            batch.copy(b"ab");
            batch.chain(Bytes::from_static(b"cdef"));
            batch.copy(b"gh");
            batch.advance(n);
            assert_eq!(batch.to_bytes(), b"abcdefgh"[n.min(8)..]);
        }
    }
}
