//! When to ask the peer for a sign of life, and when to give it up.

use crate::{Config, LinkError};

#[derive(Debug)]
pub(crate) struct Liveness {
    started: u64,
    heard: u64,
    asked: u64,
}

const SECOND: u64 = 1_000_000;

impl Liveness {
    pub(crate) fn new(now: u64) -> Self {
        Self { started: now, heard: now, asked: now }
    }

    pub(crate) fn heard(&mut self, now: u64) {
        self.heard = self.heard.max(now);
    }

    /// Whether a PING is due now, or the peer is to be given up. `greeted` once its HELLO is here.
    pub(crate) fn check(&mut self, now: u64, greeted: bool, config: &Config) -> Result<bool, LinkError> {
        if !greeted && now >= self.started.saturating_add(config.hello_within) {
            return Err(LinkError::NoHello { seconds: config.hello_within / SECOND });
        }
        if now >= self.heard.saturating_add(config.silent_after) {
            return Err(LinkError::Silent { seconds: config.silent_after / SECOND });
        }
        let ping = greeted && now >= self.next_ping(config);
        if ping {
            self.asked = now;
        }
        Ok(ping)
    }

    /// When [`check`](Self::check) has something to say.
    pub(crate) fn deadline(&self, greeted: bool, config: &Config) -> u64 {
        let silent = self.heard.saturating_add(config.silent_after);
        let other =
            if greeted { self.next_ping(config) } else { self.started.saturating_add(config.hello_within) };
        silent.min(other)
    }

    fn next_ping(&self, config: &Config) -> u64 {
        self.heard.max(self.asked).saturating_add(config.ping_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_asked_twice_and_given_up_after_thirty_seconds() {
        let (config, mut liveness) = (Config::default(), Liveness::new(0));
        liveness.heard(SECOND);
        let mut asked = Vec::new();
        loop {
            let now = liveness.deadline(true, &config);
            match liveness.check(now, true, &config) {
                Ok(ping) => assert!(ping),
                Err(error) => {
                    assert_eq!((now, error), (31 * SECOND, LinkError::Silent { seconds: 30 }));
                    break;
                }
            }
            asked.push(now / SECOND);
        }
        assert_eq!(asked, [11, 21]);
    }

    #[test]
    fn a_peer_without_hello_gets_ten_seconds() {
        let (config, mut liveness) = (Config::default(), Liveness::new(5 * SECOND));
        liveness.heard(9 * SECOND);
        assert_eq!(liveness.deadline(false, &config), 15 * SECOND);
        assert_eq!(liveness.check(15 * SECOND - 1, false, &config), Ok(false));
        assert_eq!(liveness.check(15 * SECOND, false, &config), Err(LinkError::NoHello { seconds: 10 }));
    }
}
