//! One run of one case with one broker.

use std::thread;
use std::time::Duration;

use lacewing_tests::commits::Commits;
use lacewing_tests::device::Device;
use lacewing_tests::load::{Amount, Load, Outcome, retained, visits};
use lacewing_tests::memory::resident;
use lacewing_tests::processor;

use crate::brokers::{Broker, Cast, Running};
use crate::cases::{Case, Work};

/// What a broker does just after it has started is not what is measured.
const SETTLING: Duration = Duration::from_millis(200);
/// As long a broker may go on with what many new clients have started.
const TIDYING: Duration = Duration::from_secs(1);

/// What one run gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Deliveries a second, or whatever else the case counts; for an idle client bytes.
    pub(crate) value: f64,
    /// Processor seconds of the broker for a million of them.
    pub(crate) cost: Option<f64>,
    /// Latencies in microseconds: p50 and p99.
    pub(crate) latency: Option<(f64, f64)>,
    /// How much of its time the load was at work.
    pub(crate) busy: Option<f64>,
    /// The broker's commits meanwhile, if it keeps anything.
    pub(crate) commits: Option<Commits>,
    /// What went wrong.
    pub(crate) trouble: Option<String>,
}

/// Runs `case` with a new `broker`, for `time` where it is not a number that is counted up to.
pub(crate) fn measure(case: &Case, broker: Broker, cast: &Cast, time: Duration) -> Sample {
    let running = match cast.start(broker, case) {
        Ok(running) => running,
        Err(why) => return failed(why),
    };
    thread::sleep(SETTLING);
    // A client that is refused panics, as in a test.
    let run = std::panic::AssertUnwindSafe(|| run(case, &running, time));
    std::panic::catch_unwind(run).unwrap_or_else(|_| failed("a client was turned away".to_owned()))
}

fn run(case: &Case, running: &Running, time: Duration) -> Sample {
    let at = |load: &Load| Load { port: running.port, transport: running.transport.clone(), ..load.clone() };
    match &case.work {
        Work::Flow(load) => flow(&Load { amount: Amount::Time(time), ..at(load) }, running),
        Work::Pace(load) => Sample { cost: None, ..flow(&at(load), running) },
        Work::Keep(load) => keep(&Load { amount: Amount::Time(time), ..at(load) }, running),
        Work::Idle(count) => idle(*count, running),
        Work::Visits(count) => come_and_go(&at(&Load::new(0)), *count, running),
        Work::Retained(count) => take(&at(&Load::new(0)), *count),
    }
}

fn flow(load: &Load, running: &Running) -> Sample {
    let ready = match load.connect() {
        Ok(ready) => ready,
        Err(trouble) => return failed(trouble),
    };
    let before = processor::seconds(&[running.process]);
    let outcome = ready.run();
    let spent = processor::seconds(&[running.process]) - before;
    of(&outcome, spent)
}

fn of(outcome: &Outcome, spent: f64) -> Sample {
    let micros = |percent| outcome.latency(percent).as_nanos() as f64 / 1000.0;
    Sample {
        value: outcome.rate(),
        cost: Some(spent * 1e6 / outcome.arrived.max(1) as f64),
        latency: Some((micros(50.0), micros(99.0))),
        busy: Some(outcome.busy.as_secs_f64() / outcome.elapsed.as_secs_f64().max(1e-9)),
        commits: None,
        trouble: trouble(outcome),
    }
}

fn trouble(outcome: &Outcome) -> Option<String> {
    if outcome.is_perfect() {
        return None;
    }
    let counts = [
        (outcome.lost(), "lost"),
        (outcome.doubled, "doubled"),
        (outcome.disordered, "out of order"),
        (outcome.astray, "astray"),
        (outcome.unacknowledged, "not acknowledged"),
    ];
    let mut words: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    words.extend(outcome.trouble.clone());
    Some(words.join(", "))
}

fn keep(load: &Load, running: &Running) -> Sample {
    let Some(lacewing) = running.lacewing() else { return failed("it has no metrics".to_owned()) };
    let before = Commits::of(lacewing);
    let sample = flow(load, running);
    Sample { commits: Some(Commits::of(lacewing).since(&before)), ..sample }
}

fn idle(count: usize, running: &Running) -> Sample {
    let before = resident(&[running.process]);
    let load = Load::new(0);
    let held: Vec<Device> = (0..count)
        .map(|number| Device::connect(running.port, load.version, &format!("idle-{number}")))
        .collect();
    thread::sleep(TIDYING);
    let bytes = resident(&[running.process]).saturating_sub(before);
    Sample { value: bytes as f64 / held.len() as f64, ..Sample::default() }
}

fn come_and_go(load: &Load, count: u64, running: &Running) -> Sample {
    let before = processor::seconds(&[running.process]);
    let outcome = visits(load, count);
    let spent = processor::seconds(&[running.process]) - before;
    Sample {
        value: outcome.ended as f64 / outcome.elapsed.as_secs_f64().max(1e-9),
        cost: Some(spent * 1e6 / outcome.ended.max(1) as f64),
        trouble: outcome.trouble,
        ..Sample::default()
    }
}

fn take(load: &Load, count: u64) -> Sample {
    let outcome = retained(load, count);
    let lost = (outcome.arrived < count).then(|| format!("{} of {count} came", outcome.arrived));
    Sample {
        value: outcome.arrived as f64 / outcome.taking.as_secs_f64().max(1e-9),
        trouble: outcome.trouble.map(|trouble| [lost.unwrap_or_default(), trouble].join(", ")),
        ..Sample::default()
    }
}

fn failed(trouble: String) -> Sample {
    Sample { trouble: Some(trouble), ..Sample::default() }
}
