//! Signs of life.

use lacewing_link::{CloseCode, Config, Event, LinkError, Side};

use crate::pair::{Pair, SECOND};

impl Pair {
    /// Lets time pass to the next deadline of either end.
    fn wait(&mut self) -> Result<(), LinkError> {
        let deadlines = [self.tab.link.poll_timeout(), self.bridge.link.poll_timeout()];
        self.now = deadlines.into_iter().flatten().min().expect("a deadline");
        self.tab.link.tick(self.now)?;
        self.bridge.link.tick(self.now)
    }
}

#[test]
fn idle_ends_keep_each_other_alive() {
    let mut pair = Pair::greeted(&Config::default());
    while pair.now < 3600 * SECOND {
        pair.wait().unwrap();
        pair.settle();
    }
    assert!(pair.tab.events.is_empty() && pair.bridge.events.is_empty(), "and the hosts hear nothing of it");
}

#[test]
fn a_peer_silent_for_thirty_seconds_is_given_up_and_told_so() {
    let mut pair = Pair::greeted(&Config::default());
    pair.now = 5 * SECOND;
    pair.tab.open();
    pair.settle();
    let mut pings = 0;
    let error = loop {
        let now = pair.bridge.link.poll_timeout().unwrap();
        if let Err(error) = pair.bridge.link.tick(now) {
            assert_eq!(now, 35 * SECOND);
            break error;
        }
        assert!(pair.transmit(Side::Acceptor), "PING");
        pings += 1;
    };
    assert_eq!((pings, error.clone()), (2, LinkError::Silent { seconds: 30 }));
    assert!(pair.bridge.link.is_over());
    pair.settle();
    assert_eq!(pair.tab.event(), Event::Goodbye { reason: error.reason() });
    assert_eq!(error.reason().code, CloseCode::TimedOut);
}

#[test]
fn a_dialler_that_says_nothing_is_given_up_after_ten_seconds() {
    let mut pair = Pair::new(&Config::default());
    assert_eq!(pair.bridge.link.poll_timeout(), Some(10 * SECOND));
    assert_eq!(pair.bridge.link.tick(10 * SECOND - 1), Ok(()));
    assert_eq!(pair.bridge.link.tick(10 * SECOND), Err(LinkError::NoHello { seconds: 10 }));
    pair.settle();
    assert!(matches!(pair.tab.event(), Event::Goodbye { .. }));
}

#[test]
fn any_message_counts_as_a_sign_of_life() {
    let mut pair = Pair::greeted(&Config::default());
    let stream = pair.tab.open();
    for second in 1..120 {
        pair.now = second * SECOND;
        pair.tab.send(stream, b"x");
        while pair.transmit(Side::Dialler) && pair.arrive(Side::Acceptor) {}
        pair.bridge.link.tick(pair.now).unwrap();
        assert!(!pair.bridge.link.has_transmit(), "no PING at {second} s");
    }
}
