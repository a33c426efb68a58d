//! `cargo xtask bench durable-tab`: a broker in the tab of a headless Chromium, with an ordinary profile: how fast it keeps what it
//! acknowledges, and how long it takes to start with a lot to keep.
//!
//! Arguments: retained messages and sessions for the second start, 1 000 000 and 10 000 without them; the first has 100 000 and
//! none. Fails when anything is lost, or when the first start takes 3 s.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use lacewing_protocol::QoS;
use lacewing_tests::filled::fill;
use lacewing_tests::load::{Amount, Load};
use lacewing_tests::machine::machine;
use lacewing_tests::stand::Stand;

/// How long a start with 100 000 retained messages may take.
const GOAL: Duration = Duration::from_secs(3);
/// How long a start is waited for.
const PATIENCE: Duration = Duration::from_secs(300);
fn main() -> ExitCode {
    let number = |at, default| std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (retained, sessions) = (number(1, 1_000_000), number(2, 10_000));
    println!("{}", machine());
    let lossless = throughput();
    let fast = start(100_000, 0) < GOAL;
    if retained > 0 {
        start(retained, sessions);
    }
    if lossless && fast { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Every message goes to a session that lasts, so it is kept until it is acknowledged; then to one that does not.
fn throughput() -> bool {
    println!("TCP, MQTT 3.1.1, 64-byte payloads, 10 pairs");
    let mut lossless = true;
    for (qos, count) in [(QoS::AtLeastOnce, 10_000), (QoS::ExactlyOnce, 5_000)] {
        for lasting in [true, false] {
            let stand = Stand::tab();
            let load = Load { qos, amount: Amount::Messages(count), lasting, ..Load::new(stand.port()) };
            // The first run warms up the browser's compiler; it leaves no sessions that the second would find.
            Load { lasting: false, ..load.clone() }.run();
            let outcome = load.run();
            println!(
                "  {qos:?}, sessions that {}: {:.0} a second, p50 {}, p99 {}{}",
                if lasting { "last" } else { "end with their connections" },
                outcome.rate(),
                millis(outcome.latency(50.0)),
                millis(outcome.latency(99.0)),
                if outcome.is_perfect() { "" } else { ", NOT PERFECT" },
            );
            if let Some(trouble) = &outcome.trouble {
                println!("    {trouble}");
            }
            lossless &= outcome.is_perfect() && outcome.unacknowledged == 0;
        }
    }
    lossless
}

/// From the moment the page is asked for until its broker runs.
fn start(retained: u32, sessions: u32) -> Duration {
    let stand = Stand::tab();
    fill(stand.port(), retained, sessions);
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let began = Instant::now();
    page.reload();
    page.shows_within(PATIENCE, "header.bar", "This tab is the broker");
    let took = began.elapsed();
    println!(
        "  start with {retained} retained messages and {sessions} sessions, page and all: {}",
        millis(took)
    );
    stand.is_up();
    took
}

fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
