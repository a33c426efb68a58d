//! Whole systems on virtual time: clients, faulty wires, a broker that crashes, and an account of every message.
//!
//! `LACEWING_SYSTEMS=100000` runs so many of them (`5000..6000` those) instead of the usual thousand and says how far it
//! is; `LACEWING_STORY=4711` runs one and tells what happens, line by line. Both want `-- --nocapture`.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(clippy::print_stderr, reason = "a run by command says how far it is, and tells its story")]

mod account;
mod party;
mod relay;
mod scenario;
mod server;
mod store;
mod story;
mod wires;
mod world;

use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use world::{Outcome, run};

/// Seeds of an ordinary run.
const SEEDS: u64 = 1000;

#[test]
fn qos_1_is_never_lost_qos_2_comes_exactly_once_and_every_loss_is_a_counted_drop() {
    // [MQTT-4.3.2-1], [MQTT-4.3.3-1], [MQTT-4.4.0-1], [MQTT-4.5.0-1], [MQTT-4.6.0-2], [MQTT-4.6.0-3], [MQTT-4.6.0-6]
    if let Some(seed) = asked("LACEWING_STORY") {
        let outcome = run(seed.parse().expect("a number"), true);
        return assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    }
    let asked = asked("LACEWING_SYSTEMS");
    let failed = run_all(asked.as_deref().map_or(0..SEEDS, range), asked.is_some());
    assert!(failed.is_empty(), "to see one: LACEWING_STORY=… with --nocapture; failed: {failed:?}");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 0..20 {
        assert_eq!(run(seed, false).hash, run(seed, false).hash, "seed {seed}");
    }
}

fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// `1000` or `1000..2000`.
fn range(text: &str) -> Range<u64> {
    let number = |text: &str| text.parse().expect("LACEWING_SYSTEMS is a number or a range of them");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(text),
    }
}

/// Runs the seeds on all cores; those that failed.
fn run_all(seeds: Range<u64>, is_watched: bool) -> Vec<u64> {
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(Vec::new());
    let totals = Mutex::new([0; 3]);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let findings = match catch_unwind(|| run(seed, false)) {
                Ok(Outcome { findings, published, arrived, dropped, .. }) => {
                    let mut totals = totals.lock().unwrap();
                    for (total, more) in totals.iter_mut().zip([published, arrived, dropped]) {
                        *total += more;
                    }
                    findings
                }
                Err(_) => vec!["it panicked".to_owned()],
            };
            if !findings.is_empty() {
                eprintln!("seed {seed}: {findings:#?}");
                failed.lock().unwrap().push(seed);
            }
            let done = seed - seeds.start + 1;
            if is_watched && done.is_multiple_of(1000) {
                eprintln!("{done} seeds, {} failed", failed.lock().unwrap().len());
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let [published, arrived, dropped] = totals.into_inner().unwrap();
    eprintln!("{published} messages published, {arrived} arrived, {dropped} counted as dropped");
    failed.into_inner().unwrap()
}
