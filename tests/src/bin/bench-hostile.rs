//! `cargo xtask bench hostile`: a QoS 1 pair at 100 messages a second, alone and beside clients that no broker likes.
//!
//! For the native broker and the one in a tab. Fails when a message is lost, p99 is more than 20 ms above the undisturbed one,
//! or memory (in a tab the browser's renderers included) grows by 64 MiB. One argument: the seconds of each run, 20 without it.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::time::Duration;

use lacewing_protocol::QoS;
use lacewing_tests::hostile::Hostile;
use lacewing_tests::lacewing::BrokerHome;
use lacewing_tests::load::{Amount, Load, Outcome, Shape};
use lacewing_tests::machine::machine;
use lacewing_tests::memory::{Watch, resident};
use lacewing_tests::stand::Stand;

/// How much later a message may arrive.
const LATER: Duration = Duration::from_millis(20);
/// How much memory may grow, in bytes.
const GROWTH: u64 = 64 << 20;
/// Messages a second.
const RATE: f64 = 100.0;

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(20);
    println!("{}", machine());
    println!("a QoS 1 pair at {RATE:.0} messages a second, {seconds} s alone and {seconds} s in bad company");
    let mut good = true;
    for (name, home) in [("native", BrokerHome::Native), ("tab", BrokerHome::Tab)] {
        good &= endures(name, &Stand::start(home), seconds);
    }
    if !good {
        println!("The contract is broken: nothing lost, p99 within {LATER:?}, growth below 64 MiB.");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn endures(name: &str, stand: &Stand, seconds: u64) -> bool {
    let load = Load {
        shape: Shape::Pairs(1),
        qos: QoS::AtLeastOnce,
        amount: Amount::Messages(seconds * RATE as u64),
        rate: Some(RATE),
        ..Load::new(stand.port())
    };
    let alone = load.run();
    let before = resident(&stand.processes());
    let watch = Watch::start(stand.processes());
    let mut hostile = Hostile::start(stand.port());
    let beside = load.run();
    let growth = watch.most().saturating_sub(before);
    hostile.idle_ones_are_served();

    for (when, outcome) in [("alone", &alone), ("in bad company", &beside)] {
        println!(
            "  {name}, {when}: p50 {}, p99 {}, {} lost, {} doubled",
            millis(outcome, 50.0),
            millis(outcome, 99.0),
            outcome.lost(),
            outcome.doubled
        );
    }
    println!("  {name}: memory grew from {} MiB by {} MiB", before >> 20, growth >> 20);
    let lossless = [&alone, &beside].iter().all(|outcome| outcome.lost() + outcome.unacknowledged == 0);
    lossless && beside.latency(99.0) <= alone.latency(99.0) + LATER && growth < GROWTH
}

fn millis(outcome: &Outcome, percent: f64) -> String {
    format!("{:.2} ms", outcome.latency(percent).as_secs_f64() * 1000.0)
}
