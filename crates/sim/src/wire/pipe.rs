//! One direction of a wire.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Arrival, Quality};

#[derive(Debug)]
pub(super) struct Pipe {
    quality: Quality,
    /// What is on its way, and when it is there.
    pieces: VecDeque<(u64, Bytes)>,
    /// Bytes that were sent and not taken, swallowed ones among them.
    held: usize,
    /// When the last byte that was sent has passed.
    clear_at: u64,
    stalled_until: u64,
    swallows: bool,
    /// How it ends, and when that is known at the far end.
    end: Option<(u64, Arrival)>,
    closed: bool,
}

impl Pipe {
    pub(super) fn new(quality: Quality) -> Self {
        Self {
            quality,
            pieces: VecDeque::new(),
            held: 0,
            clear_at: 0,
            stalled_until: 0,
            swallows: false,
            end: None,
            closed: false,
        }
    }

    pub(super) fn room(&self) -> usize {
        if self.closed { 0 } else { (self.quality.window as usize).saturating_sub(self.held) }
    }

    pub(super) fn push(&mut self, now: u64, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.room());
        if taken == 0 {
            return 0;
        }
        self.held += taken;
        if self.swallows {
            return taken;
        }
        let rate = u64::from(self.quality.bytes_per_second.max(1));
        // As packets of ten milliseconds each, so that the first bytes do not wait for the last.
        for piece in bytes[..taken].chunks((rate / 100).max(64) as usize) {
            let passes = piece.len() as u64 * 1_000_000 / rate;
            self.clear_at = self.clear_at.max(now).saturating_add(passes);
            let there = self.clear_at.saturating_add(self.quality.latency);
            self.pieces.push_back((there, Bytes::copy_from_slice(piece)));
        }
        taken
    }

    pub(super) fn close(&mut self, now: u64) {
        if !self.closed && !self.swallows {
            let there = self.clear_at.max(now).saturating_add(self.quality.latency);
            self.end = Some((there, Arrival::Closed));
        }
        self.closed = true;
    }

    pub(super) fn pop(&mut self, now: u64, most: usize) -> Option<Arrival> {
        if self.poll_timeout().is_none_or(|at| now < at) || most == 0 {
            return None;
        }
        let Some((_, piece)) = self.pieces.front_mut() else {
            return self.end.take().map(|(_, arrival)| arrival);
        };
        let bytes = piece.split_to(most.min(piece.len()));
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        self.held -= bytes.len();
        Some(Arrival::Bytes(bytes))
    }

    pub(super) fn poll_timeout(&self) -> Option<u64> {
        let next = self.pieces.front().map(|(at, _)| *at);
        let end = || self.end.as_ref().map(|(at, _)| *at);
        next.or_else(end).map(|at| at.max(self.stalled_until))
    }

    pub(super) fn is_sound(&self) -> bool {
        !self.swallows
    }

    pub(super) fn stall(&mut self, until: u64) {
        self.stalled_until = until;
    }

    /// From now on nothing arrives, and nobody is told.
    pub(super) fn swallow(&mut self) {
        self.swallows = true;
        self.pieces.clear();
        self.end = None;
    }

    /// What was on its way is lost, and the end is told.
    pub(super) fn reset(&mut self, now: u64) {
        self.swallow();
        self.stalled_until = 0;
        self.end = Some((now, Arrival::Reset));
    }
}
