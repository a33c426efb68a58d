//! `cargo xtask bench tab`: a load over TCP through the bridge, the tab of a headless Chromium and back.
//!
//! Fails when QoS 0 carries fewer than 50 000 messages of 64 bytes a second, or anything is lost. One argument: the
//! number of rounds, 5 without it.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::time::Duration;

use lacewing_protocol::QoS;
use lacewing_tests::load::{Load, Outcome};
use lacewing_tests::machine::{machine, median};
use lacewing_tests::stand::Stand;

/// What QoS 0 has to exceed, in messages a second.
const GOAL: f64 = 50_000.0;

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let stand = Stand::tab();
    println!("{}", machine());
    println!("{}, the broker in its tab", stand.chromium.as_ref().map(|it| it.version()).unwrap_or_default());
    println!("TCP, MQTT 3.1.1, 64-byte payloads, 10 pairs, medians of {rounds} rounds");

    let load = Load::new(stand.port());
    let cases = [
        ("QoS 0", Load { qos: QoS::AtMostOnce, count: 30_000, window: 500, ..load.clone() }),
        ("QoS 1", Load { qos: QoS::AtLeastOnce, count: 10_000, ..load.clone() }),
        ("QoS 2", Load { qos: QoS::ExactlyOnce, count: 5_000, ..load.clone() }),
    ];
    let mut good = true;
    for (name, load) in cases {
        // The first run warms up the browser's compiler.
        load.run();
        let outcomes: Vec<Outcome> = (0..rounds).map(|_| load.run()).collect();
        let rate = median(&outcomes.iter().map(Outcome::rate).collect::<Vec<_>>());
        let perfect = outcomes.iter().all(Outcome::is_perfect);
        let fast = load.qos != QoS::AtMostOnce || rate > GOAL;
        good &= perfect && fast;
        println!("  {name}: {rate:>8.0} messages a second, {}", verdict(&outcomes));
    }
    let slow = Load { pairs: 1, count: 5_000, rate: Some(1_000.0), ..load };
    let outcome = slow.run();
    println!(
        "  QoS 0 at 1 000 a second: p50 {}, p99 {}, {}",
        millis(outcome.latency(50.0)),
        millis(outcome.latency(99.0)),
        verdict(std::slice::from_ref(&outcome))
    );
    good &= outcome.is_perfect();
    if !good {
        println!("The goal is missed: more than {GOAL:.0} a second at QoS 0, and nothing lost.");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn verdict(outcomes: &[Outcome]) -> String {
    if outcomes.iter().all(Outcome::is_perfect) {
        return "all arrived, once and in order".to_owned();
    }
    let sum = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
    format!(
        "{} lost, {} doubled, {} out of order, {} not acknowledged, of {}",
        sum(Outcome::lost),
        sum(|it| it.doubled),
        sum(|it| it.disordered),
        sum(|it| it.unacknowledged),
        sum(|it| it.sent)
    )
}

fn millis(latency: Duration) -> String {
    format!("{:.2} ms", latency.as_secs_f64() * 1000.0)
}
