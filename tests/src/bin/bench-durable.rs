//! `cargo xtask bench durable`: `lacewing --broker native --data DIR`: how fast it keeps what it acknowledges, and how
//! long it takes to start with a lot to keep.
//!
//! Arguments: retained messages and sessions for the start, 1 000 000 and 10 000 without them. Fails when anything is lost.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use lacewing_protocol::QoS;
use lacewing_tests::commits::Commits;
use lacewing_tests::filled::fill;
use lacewing_tests::lacewing::Lacewing;
use lacewing_tests::load::{Amount, Load, Shape};
use lacewing_tests::machine::machine;

fn main() -> ExitCode {
    let number = |at, default| std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (retained, sessions) = (number(1, 1_000_000), number(2, 10_000));
    println!("{}", machine());
    let lossless = throughput();
    start(retained, sessions);
    if lossless { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Every message goes to a session that lasts, so it is kept until it is acknowledged.
fn throughput() -> bool {
    println!("TCP, MQTT 3.1.1, 64-byte payloads, subscribers with sessions that last");
    let mut lossless = true;
    for (qos, count) in [(QoS::AtLeastOnce, 40_000), (QoS::ExactlyOnce, 15_000)] {
        for (pairs, window) in [(10, 200), (10, 1000), (50, 200)] {
            let lacewing = Lacewing::start_durable();
            let before = Commits::of(&lacewing);
            let amount = Amount::Messages(count * 10 / pairs as u64);
            let load = Load {
                qos,
                amount,
                shape: Shape::Pairs(pairs),
                window,
                lasting: true,
                ..Load::new(lacewing.mqtt_port)
            };
            let outcome = load.run();
            let commits = Commits::of(&lacewing).since(&before);
            println!(
                "  {qos:?}, {pairs} pairs, window {window}: {:.0} a second, p50 {}, p99 {}; {} commits of {:.0} records each, p50 {}, p99 {}{}",
                outcome.rate(),
                millis(outcome.latency(50.0)),
                millis(outcome.latency(99.0)),
                commits.each.count(),
                commits.by_record.count() / commits.each.count().max(1.0),
                millis(commits.by_record.percentile(50.0)),
                millis(commits.by_record.percentile(99.0)),
                if outcome.is_perfect() { "" } else { ", NOT PERFECT" },
            );
            lossless &= outcome.lost() + outcome.unacknowledged == 0;
        }
    }
    lossless
}

fn start(retained: u32, sessions: u32) {
    let mut lacewing = Lacewing::start_durable();
    fill(lacewing.mqtt_port, retained, sessions);
    lacewing.program().interrupt();
    lacewing.program().ended();
    for how in ["after Ctrl-C", "after a kill"] {
        let began = Instant::now();
        lacewing.restart();
        println!(
            "  start with {retained} retained messages and {sessions} sessions {how}: {}",
            millis(began.elapsed())
        );
    }
}

fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
