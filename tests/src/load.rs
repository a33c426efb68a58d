//! A load with checks: pairs of a publisher and a subscriber on one thread, every message numbered and timed.

mod pair;
mod wire;

use std::time::{Duration, Instant};

use lacewing_protocol::{ProtocolVersion, QoS};
use mio::{Events, Poll, Token};

use self::pair::Pair;

/// Without any progress for as long, what is missing is lost.
const STALLED: Duration = Duration::from_secs(10);

/// What is to be sent, and how.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where the broker listens, on 127.0.0.1.
    pub port: u16,
    /// The protocol of all clients.
    pub version: ProtocolVersion,
    /// Publishers, each with a subscriber and a topic of its own.
    pub pairs: u32,
    /// The QoS of messages and subscriptions.
    pub qos: QoS,
    /// Messages of each publisher.
    pub count: u64,
    /// Bytes of each payload, at least 16.
    pub payload: usize,
    /// The most messages of a pair under way: sent, and not yet delivered or not yet acknowledged.
    pub window: u64,
    /// Messages a second of all pairs together; as fast as the window allows without it.
    pub rate: Option<f64>,
    /// Whether subscribers have sessions that outlive their connections, so that a broker has to keep their messages.
    pub lasting: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Messages sent.
    pub sent: u64,
    /// Different messages that arrived.
    pub arrived: u64,
    /// Messages that arrived again.
    pub doubled: u64,
    /// Messages that arrived after a later one of the same publisher.
    pub disordered: u64,
    /// Messages whose acknowledgement never came.
    pub unacknowledged: u64,
    /// From the first message to the last delivery or acknowledgement.
    pub elapsed: Duration,
    /// Microseconds from sending to arriving, sorted.
    latencies: Vec<u32>,
}

impl Load {
    /// 64-byte messages with QoS 0 of MQTT 3.1.1 in ten pairs with a window of 200 each.
    pub fn new(port: u16) -> Self {
        Self {
            port,
            version: ProtocolVersion::V3_1_1,
            pairs: 10,
            qos: QoS::AtMostOnce,
            count: 10_000,
            payload: 64,
            window: 200,
            rate: None,
            lasting: false,
        }
    }

    /// Connects everyone, sends everything, and waits until it has arrived or nothing comes any more.
    ///
    /// # Panics
    /// When a client is refused or disconnected.
    pub fn run(&self) -> Outcome {
        let mut poll = Poll::new().expect("the system can be asked which sockets are ready");
        let mut pairs: Vec<Pair> =
            (0..self.pairs).map(|number| Pair::connect(self, number, poll.registry())).collect();
        let mut events = Events::with_capacity(1024);
        let began = Instant::now();
        let mut progress = began;
        loop {
            let now = Instant::now();
            for pair in &mut pairs {
                pair.publish(self, self.due(now - began), began);
            }
            if pairs.iter().all(|pair| pair.is_done(self)) {
                break;
            }
            if now - progress > STALLED {
                break;
            }
            poll.poll(&mut events, Some(self.until_due(&pairs, now - began)))
                .expect("the system says which sockets are ready");
            for event in &events {
                let Token(token) = event.token();
                if pairs[token / 2].serve(token % 2, began) {
                    progress = Instant::now();
                }
            }
        }
        let elapsed = progress - began;
        let mut outcome = Outcome { elapsed, ..Outcome::default() };
        for pair in pairs {
            pair.tell(&mut outcome);
        }
        outcome.latencies.sort_unstable();
        outcome
    }

    /// How many messages a publisher should have sent by now.
    fn due(&self, elapsed: Duration) -> u64 {
        let Some(rate) = self.rate else { return self.count };
        let due = elapsed.as_secs_f64() * rate / f64::from(self.pairs);
        (due as u64 + 1).min(self.count)
    }

    /// How long there is nothing to be sent.
    fn until_due(&self, pairs: &[Pair], elapsed: Duration) -> Duration {
        const AT_MOST: Duration = Duration::from_millis(100);
        let Some(rate) = self.rate else { return AT_MOST };
        let sent = pairs.iter().map(Pair::sent).filter(|sent| *sent < self.count).min();
        sent.map_or(AT_MOST, |sent| {
            let due = Duration::from_secs_f64(sent as f64 * f64::from(self.pairs) / rate);
            due.saturating_sub(elapsed).clamp(Duration::from_micros(100), AT_MOST)
        })
    }
}

impl Outcome {
    /// Messages that were sent and never arrived.
    pub fn lost(&self) -> u64 {
        self.sent - self.arrived
    }

    /// Whether everything arrived and was acknowledged, in order and once.
    pub fn is_perfect(&self) -> bool {
        self.lost() + self.doubled + self.disordered + self.unacknowledged == 0
    }

    /// Arrived messages a second.
    pub fn rate(&self) -> f64 {
        self.arrived as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that `percent` of the messages did not exceed.
    pub fn latency(&self, percent: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * percent / 100.0).round() as usize;
        Duration::from_micros(self.latencies.get(at).copied().unwrap_or(0).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_read_off_the_sorted_latencies() {
        let outcome = Outcome { latencies: (1..=101).collect(), ..Outcome::default() };
        assert_eq!(outcome.latency(50.0), Duration::from_micros(51));
        assert_eq!(outcome.latency(99.0), Duration::from_micros(100));
        assert_eq!(Outcome::default().latency(99.0), Duration::ZERO);
    }

    #[test]
    fn a_rate_is_shared_by_all_pairs() {
        let load = Load { rate: Some(100.0), pairs: 2, ..Load::new(0) };
        assert_eq!(load.due(Duration::ZERO), 1);
        assert_eq!(load.due(Duration::from_secs(2)), 101);
    }
}
