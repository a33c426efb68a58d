//! The broker without IO, on one core: `cargo bench -p lacewing-broker`, or with the start of a case's name after `--`.
//!
//! Only the calls to the broker are timed, not what the clients do, and in processor time where there is a clock for it. The rates are messages that left the broker a
//! second, or whatever else the case counts; `longest` is the longest single call of `handle` or of a drain. `--every=50` does only every fiftieth of
//! it and looks at no clock, for those who count instructions; `web/benches/core.rs` runs the same cases in a browser.
//! The allocator is told what the `lacewing` program tells it too.
#![expect(clippy::print_stdout, reason = "a bench prints its results")]

mod cases;
mod clock;
mod harness;

use harness::Harness;

fn main() {
    lacewing_heap::prepare();
    let (flags, wanted): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let every = flags.iter().find_map(|flag| flag.strip_prefix("--every=")?.parse().ok()).unwrap_or(1);
    println!("{:<34}{:>12}{:>14}{:>10}{:>12}", "case", "count", "per second", "ns each", "longest µs");
    for (name, case) in cases::ALL {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| name.starts_with(wanted.as_str())) {
            continue;
        }
        let mut harness = Harness::new(every);
        case(&mut harness);
        let measured = harness.measured();
        println!(
            "{name:<34}{:>12}{:>14.0}{:>10.1}{:>12.1}",
            measured.count,
            measured.count as f64 / measured.spent.as_secs_f64(),
            measured.spent.as_nanos() as f64 / measured.count.max(1) as f64,
            measured.longest.as_nanos() as f64 / 1000.0,
        );
    }
}
