//! What was sent and what has arrived of it.

use super::frame::Head;
use super::outcome::Outcome;
use super::plan::Plan;

/// The account of a load.
#[derive(Debug)]
pub(super) struct Tally {
    subscribers: Vec<Subscriber>,
    /// Messages by publisher: how often they are to arrive, and have arrived.
    due: Vec<u64>,
    got: Vec<u64>,
    all_due: u64,
    all_got: u64,
    sent_by_topic: Vec<u64>,
    /// Acknowledgements that publishers have got.
    pub(super) acknowledged: u64,
    doubled: u64,
    disordered: u64,
    astray: u64,
    /// From sending to arriving, in tenths of a microsecond.
    latencies: Vec<u32>,
}

#[derive(Debug)]
struct Subscriber {
    /// By publisher, or of the only one.
    tracks: Vec<Track>,
    only: Option<u32>,
    got: u64,
}

/// The messages of one publisher at one subscriber.
#[derive(Debug, Clone, Default)]
struct Track {
    /// One bit a message.
    seen: Vec<u64>,
    next: u32,
}

impl Tally {
    pub(super) fn new(plan: &Plan) -> Self {
        let subscriber = |number| Subscriber {
            tracks: vec![Track::default(); plan.heard_by_each()],
            only: plan.only_publisher(number),
            got: 0,
        };
        Self {
            subscribers: (0..plan.subscribers() as u32).map(subscriber).collect(),
            due: vec![0; plan.publishers()],
            got: vec![0; plan.publishers()],
            all_due: 0,
            all_got: 0,
            sent_by_topic: vec![0; plan.frames.len()],
            acknowledged: 0,
            doubled: 0,
            disordered: 0,
            astray: 0,
            latencies: Vec::new(),
        }
    }

    /// Notes that a publisher sends a message to a topic.
    pub(super) fn sent(&mut self, publisher: usize, topic: usize, plan: &Plan) {
        let receivers = plan.receivers(topic).len() as u64;
        self.due[publisher] += receivers;
        self.all_due += receivers;
        self.sent_by_topic[topic] += 1;
    }

    /// Ticks off what has arrived at a subscriber.
    #[inline]
    pub(super) fn arrived(&mut self, subscriber: u32, head: Head, now: u64) {
        let Head { time, publisher, number } = head;
        let at = &mut self.subscribers[subscriber as usize];
        let expected = at.only.is_none_or(|only| only == publisher);
        let place = if at.only.is_some() { 0 } else { publisher as usize };
        let Some(track) = at.tracks.get_mut(place).filter(|_| expected) else {
            self.astray += 1;
            return;
        };
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= track.seen.len() {
            track.seen.resize(word + 1, 0);
        }
        if track.seen[word] & bit != 0 {
            self.doubled += 1;
            return;
        }
        track.seen[word] |= bit;
        self.disordered += u64::from(number < track.next);
        track.next = track.next.max(number + 1);
        at.got += 1;
        self.all_got += 1;
        self.got[publisher as usize] += 1;
        self.latencies.push(u32::try_from(now.saturating_sub(time) / 100).unwrap_or(u32::MAX));
    }

    /// How many messages of a publisher are under way, if each has `reach` receivers.
    pub(super) fn undelivered(&self, publisher: usize, reach: f64) -> u64 {
        let deliveries = self.due[publisher].saturating_sub(self.got[publisher]);
        if reach == 1.0 { deliveries } else { (deliveries as f64 / reach).ceil() as u64 }
    }

    /// Whether nothing is under way.
    pub(super) fn all_arrived(&self) -> bool {
        self.all_got >= self.all_due
    }

    /// Adds what has become of all messages.
    pub(super) fn close(mut self, plan: &Plan, outcome: Outcome) -> Outcome {
        let mut due = vec![0; self.subscribers.len()];
        for (topic, sent) in self.sent_by_topic.iter().enumerate() {
            for &subscriber in plan.receivers(topic) {
                due[subscriber as usize] += sent;
            }
        }
        let extra = |(subscriber, due): (&Subscriber, &u64)| subscriber.got.saturating_sub(*due);
        let astray = self.astray + self.subscribers.iter().zip(&due).map(extra).sum::<u64>();
        self.latencies.sort_unstable();
        Outcome {
            due: self.all_due,
            arrived: self.all_got,
            doubled: self.doubled,
            disordered: self.disordered,
            astray,
            latencies: self.latencies,
            ..outcome
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Load, Shape};
    use super::*;

    fn outcome(shape: Shape, sent: &[(usize, u32)], arrived: &[(u32, u32, u32)]) -> Outcome {
        let plan = Plan::new(&shape, &Load::new(0));
        let mut tally = Tally::new(&plan);
        for &(publisher, number) in sent {
            tally.sent(publisher, plan.topic(publisher, number.into()), &plan);
        }
        for &(subscriber, publisher, number) in arrived {
            tally.arrived(subscriber, Head { time: 500, publisher, number }, 1_200);
        }
        tally.close(&plan, Outcome { sent: sent.len() as u64, ..Outcome::default() })
    }

    #[test]
    fn what_comes_twice_or_late_is_counted() {
        let sent = [(0, 0), (0, 1), (0, 2), (0, 3)];
        let outcome =
            outcome(Shape::Pairs(1), &sent, &[(0, 0, 0), (0, 0, 1), (0, 0, 3), (0, 0, 1), (0, 0, 2)]);
        assert_eq!((outcome.arrived, outcome.doubled, outcome.disordered, outcome.lost()), (4, 1, 1, 0));
        assert_eq!(outcome.latency(50.0).as_nanos(), 700);
    }

    #[test]
    fn what_comes_to_somebody_else_is_counted_and_missed() {
        let sent = [(0, 0), (1, 0)];
        let outcome = outcome(Shape::Pairs(2), &sent, &[(0, 0, 0), (0, 1, 0)]);
        assert_eq!((outcome.arrived, outcome.astray, outcome.lost()), (1, 1, 1));
    }

    #[test]
    fn each_receiver_counts() {
        let outcome = outcome(Shape::FanOut(3), &[(0, 0)], &[(0, 0, 0), (2, 0, 0)]);
        assert_eq!((outcome.sent, outcome.due, outcome.lost()), (1, 3, 1));
    }
}
