//! What is measured, and what is promised of it.

use std::time::Duration;

use lacewing_protocol::QoS;
use lacewing_tests::load::{Amount, Load, Shape};

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What it is called in the table.
    pub(crate) title: &'static str,
    pub(crate) work: Work,
    /// How the clients reach the broker.
    pub(crate) way: Way,
    pub(crate) goal: Goal,
}

/// What the clients do.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// They publish as fast as their window allows.
    Flow(Load),
    /// They publish at a steady pace.
    Pace(Load),
    /// They publish to sessions that last, of a broker that keeps them on a disk.
    Keep(Load),
    /// So many are connected and say nothing.
    Idle(usize),
    /// So many come and go.
    Visits(u64),
    /// So many messages are retained, then taken at once.
    Retained(u64),
}

/// How clients reach a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Tcp,
    WebSocket,
    Tls,
}

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// So many times the rate of the fastest other broker.
    TimesTheBest(f64),
    /// The same, and at less processor time than any other.
    TimesTheBestForLess(f64),
    /// Less than any other broker.
    BelowTheBest,
    /// More than so many a second.
    Over(f64),
    /// 99 of 100 within the time of so many commits, of which 99 of 100 as well took no longer.
    Commits(f64),
    /// It is measured, and nothing is promised.
    Nothing,
}

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Case> {
    use QoS::{AtLeastOnce, AtMostOnce, ExactlyOnce};
    let flow = |shape, qos, window| {
        Work::Flow(Load { shape, qos, window, amount: Amount::Time(Duration::ZERO), ..Load::new(0) })
    };
    let pairs = |qos| flow(Shape::Pairs(10), qos, 200);
    let half_more = Goal::TimesTheBest(1.5);
    let case = |name, title, work, goal| Case { name, title, work, way: Way::Tcp, goal };
    let steady =
        Load { qos: AtLeastOnce, rate: Some(5_000.0), amount: Amount::Messages(5_000), ..Load::new(0) };
    let kept = Load { qos: AtLeastOnce, lasting: true, amount: Amount::Time(Duration::ZERO), ..Load::new(0) };
    vec![
        case("qos0", "10 pairs, QoS 0", pairs(AtMostOnce), Goal::TimesTheBestForLess(1.5)),
        case("qos1", "10 pairs, QoS 1", pairs(AtLeastOnce), half_more),
        case("qos2", "10 pairs, QoS 2", pairs(ExactlyOnce), half_more),
        case("window4-qos1", "10 pairs, QoS 1, window 4", flow(Shape::Pairs(10), AtLeastOnce, 4), half_more),
        case("window4-qos2", "10 pairs, QoS 2, window 4", flow(Shape::Pairs(10), ExactlyOnce, 4), half_more),
        case("fan-out", "fan-out 1→500, QoS 0", flow(Shape::FanOut(500), AtMostOnce, 20), half_more),
        case("fan-in", "fan-in 200→1, QoS 0", flow(Shape::FanIn(200), AtMostOnce, 20), half_more),
        case(
            "wildcards",
            "wildcards, 200 × 5 filters, QoS 0",
            flow(Shape::Wildcards(200), AtMostOnce, 20),
            half_more,
        ),
        Case {
            way: Way::WebSocket,
            ..case("websocket", "10 pairs, QoS 0, WebSocket", pairs(AtMostOnce), half_more)
        },
        Case { way: Way::Tls, ..case("tls", "10 pairs, QoS 0, TLS 1.3", pairs(AtMostOnce), Goal::Nothing) },
        case("idle", "10 000 idle, memory each", Work::Idle(10_000), Goal::BelowTheBest),
        case("visits", "connect and disconnect", Work::Visits(10_000), Goal::BelowTheBest),
        case(
            "retained",
            "retained 100 000, then `#`, QoS 1",
            Work::Retained(100_000),
            Goal::TimesTheBest(3.0),
        ),
        case("latency", "5 000 a second, QoS 1", Work::Pace(steady), Goal::BelowTheBest),
        case("durable", "10 pairs, QoS 1, durable", Work::Keep(kept.clone()), Goal::Over(50_000.0)),
        case(
            "durable-pace",
            "50 000 a second, QoS 1, durable",
            Work::Keep(Load { rate: Some(50_000.0), ..kept }),
            Goal::Commits(3.0),
        ),
    ]
}

impl Case {
    /// Whether it is asked for.
    pub(crate) fn is_called(&self, wanted: &str) -> bool {
        self.name.starts_with(wanted)
    }

    /// How often it is measured when others are `rounds` times: memory is the same each time.
    pub(crate) fn rounds(&self, rounds: usize) -> usize {
        if matches!(self.work, Work::Idle(_)) { rounds.min(3) } else { rounds }
    }
}
