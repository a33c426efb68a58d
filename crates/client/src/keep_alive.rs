/// When to send PINGREQ, and when to give the connection up (§3.1.2.10).
#[derive(Debug)]
pub(crate) struct KeepAlive {
    /// Three quarters of the Keep Alive in microseconds, so that a ping is never late; 0 for no Keep Alive.
    interval: u64,
    timeout: u64,
    sent: u64,
    received: u64,
    /// Since when an answer is awaited.
    pinged: Option<u64>,
    /// When the last ping was due, whether or not it has gone.
    asked: u64,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Ping,
    GiveUp,
}

impl KeepAlive {
    pub(crate) fn new(now: u64, keep_alive_s: u16, timeout: u64) -> Self {
        let interval = u64::from(keep_alive_s) * 750_000;
        Self { interval, timeout, sent: now, received: now, pinged: None, asked: now }
    }

    pub(crate) fn sent(&mut self, now: u64) {
        self.sent = now;
    }

    pub(crate) fn received(&mut self, now: u64) {
        self.received = now;
    }

    pub(crate) fn pong(&mut self) {
        self.pinged = None;
    }

    /// A ping goes out before it is due; whether none is on its way already.
    pub(crate) fn ping(&mut self, now: u64) -> bool {
        if self.interval == 0 || self.pinged.is_some() {
            return false;
        }
        self.pinged = Some(now);
        self.asked = now;
        true
    }

    /// When [`due`](Self::due) has something to say.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if self.interval == 0 {
            return None;
        }
        Some(match self.gives_up() {
            // The answer may be behind much else, and the server wants to hear something all the same [MQTT-3.1.2-20].
            Some(at) => at.min(self.sent.max(self.asked).saturating_add(self.interval)),
            // A client that publishes much and hears nothing pings too, or it would not notice a dead link.
            None => self.sent.min(self.received).saturating_add(self.interval),
        })
    }

    /// When the wait for an answer is over. Whatever arrives shows that somebody is there.
    fn gives_up(&self) -> Option<u64> {
        self.pinged.map(|pinged| pinged.max(self.received).saturating_add(self.timeout))
    }

    /// What is due at `now`; a ping that is due counts as sent.
    pub(crate) fn due(&mut self, now: u64) -> Option<Due> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        if self.gives_up().is_some_and(|at| at <= now) {
            return Some(Due::GiveUp);
        }
        self.pinged.get_or_insert(now);
        self.asked = now;
        Some(Due::Ping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn a_ping_goes_out_before_the_keep_alive_is_over_and_only_once() {
        let mut keep_alive = KeepAlive::new(0, 60, 10 * SECOND);
        assert_eq!(keep_alive.deadline(), Some(45 * SECOND));
        assert_eq!(keep_alive.due(45 * SECOND - 1), None);
        assert_eq!(keep_alive.due(45 * SECOND), Some(Due::Ping));
        assert_eq!(keep_alive.due(46 * SECOND), None);
        assert_eq!(keep_alive.due(55 * SECOND), Some(Due::GiveUp));
    }

    #[test]
    fn one_who_sends_but_never_hears_pings_too() {
        let mut keep_alive = KeepAlive::new(0, 60, 10 * SECOND);
        keep_alive.sent(40 * SECOND);
        assert_eq!(keep_alive.due(45 * SECOND), Some(Due::Ping));
        keep_alive.pong();
        keep_alive.received(46 * SECOND);
        assert_eq!(keep_alive.deadline(), Some(85 * SECOND));
    }

    #[test]
    fn bytes_that_arrive_keep_the_connection_while_the_answer_is_outstanding() {
        let mut keep_alive = KeepAlive::new(0, 60, 10 * SECOND);
        keep_alive.due(45 * SECOND);
        keep_alive.received(54 * SECOND);
        assert_eq!(keep_alive.due(60 * SECOND), None);
        assert_eq!(keep_alive.due(64 * SECOND), Some(Due::GiveUp));
    }

    #[test]
    fn while_the_answer_is_behind_much_else_the_pings_go_on() {
        // [MQTT-3.1.2-20]
        let mut keep_alive = KeepAlive::new(0, 4, 10 * SECOND);
        assert_eq!(keep_alive.due(3 * SECOND), Some(Due::Ping));
        keep_alive.sent(3 * SECOND);
        keep_alive.received(5 * SECOND);
        assert_eq!(keep_alive.deadline(), Some(6 * SECOND));
        assert_eq!(keep_alive.due(6 * SECOND), Some(Due::Ping));
        // Also one that the transport does not take counts, or there would be no end of them.
        assert_eq!(keep_alive.deadline(), Some(9 * SECOND));
        assert_eq!(keep_alive.due(9 * SECOND), Some(Due::Ping));
        assert_eq!(keep_alive.due(14 * SECOND), Some(Due::Ping));
        assert_eq!(keep_alive.due(15 * SECOND), Some(Due::GiveUp));
    }

    #[test]
    fn without_a_keep_alive_nothing_is_ever_due() {
        let mut keep_alive = KeepAlive::new(0, 0, 10 * SECOND);
        assert_eq!(keep_alive.deadline(), None);
        assert_eq!(keep_alive.due(u64::MAX), None);
    }
}
