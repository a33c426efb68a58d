//! The account of bytes that were sent and not yet given back, kept in the same way by sender and receiver.
//!
//! A receiver's account never shows more than the sender's did when it sent: CREDIT leaves the receiver's account
//! before it reaches the sender's, and a stream that ends leaves both in the order of its frames. So what the sender
//! was allowed to send the receiver has to accept.

use crate::config::Limits;

/// The bytes of all streams in one direction that are above their stream's reserve.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    used: u32,
}

/// The bytes of one stream in one direction.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    held: u32,
}

impl Balance {
    pub(crate) fn held(&self) -> u32 {
        self.held
    }

    fn above(&self, limits: &Limits) -> u32 {
        self.held.saturating_sub(limits.stream_reserve)
    }
}

impl Pool {
    /// How many bytes more the stream may have.
    pub(crate) fn room(&self, balance: &Balance, limits: &Limits) -> u32 {
        let own = limits.stream_reserve.saturating_sub(balance.held);
        let shared = limits.connection_credit.saturating_sub(self.used);
        limits.stream_credit.saturating_sub(balance.held).min(own.saturating_add(shared))
    }

    /// Adds bytes that fit [`room`](Self::room).
    pub(crate) fn take(&mut self, balance: &mut Balance, bytes: u32, limits: &Limits) {
        let before = balance.above(limits);
        balance.held += bytes;
        self.used += balance.above(limits) - before;
    }

    /// Takes bytes off, at most those held.
    pub(crate) fn give_back(&mut self, balance: &mut Balance, bytes: u32, limits: &Limits) {
        let before = balance.above(limits);
        balance.held -= bytes.min(balance.held);
        self.used -= before - balance.above(limits);
    }

    /// Takes off all that the stream has.
    pub(crate) fn clear(&mut self, balance: &mut Balance, limits: &Limits) {
        self.give_back(balance, balance.held, limits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn limits() -> Limits {
        Limits::of(&Config {
            stream_reserve: 1024,
            stream_credit: 4096,
            connection_credit: 5000,
            ..Config::default()
        })
    }

    #[test]
    fn a_full_pool_leaves_every_stream_its_reserve() {
        let (limits, mut pool) = (limits(), Pool::default());
        let (mut first, mut second, mut third) = Default::default();
        assert_eq!(pool.room(&first, &limits), 4096);
        pool.take(&mut first, 4096, &limits);
        assert_eq!(pool.room(&first, &limits), 0);
        assert_eq!(pool.room(&second, &limits), 1024 + 5000 - 3072);
        pool.take(&mut second, 2952, &limits);
        assert_eq!(pool.room(&second, &limits), 0);
        assert_eq!(pool.room(&third, &limits), 1024);
        pool.take(&mut third, 1000, &limits);
        assert_eq!(pool.room(&third, &limits), 24);
    }

    #[test]
    fn what_is_given_back_is_there_for_the_others() {
        let (limits, mut pool) = (limits(), Pool::default());
        let (mut first, mut second) = Default::default();
        pool.take(&mut first, 4096, &limits);
        pool.take(&mut second, 2952, &limits);
        pool.give_back(&mut first, 100, &limits);
        assert_eq!(pool.room(&second, &limits), 100);
        pool.clear(&mut first, &limits);
        assert_eq!(pool.room(&second, &limits), 4096 - 2952);
        pool.clear(&mut second, &limits);
        assert_eq!(pool.used, 0);
    }
}
