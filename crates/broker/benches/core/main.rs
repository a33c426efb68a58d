//! The broker without IO, on one core: `cargo bench -p lacewing-broker`, or with the start of a case's name after `--`.
//!
//! Only the calls to the broker are timed, not what the clients do, and in processor time where there is a clock for it. The rates are messages that left the broker a
//! second, or whatever else the case counts; `longest` is the longest single call of `handle` or of a drain.
//!
//! Where a case frees hundreds of thousands of small pieces, glibc now and then joins all of them in one call, for tens of
//! milliseconds; with `GLIBC_TUNABLES=glibc.malloc.mxfast=0` it joins each at once, and `longest` is the broker's own.
#![expect(clippy::print_stdout, reason = "a bench prints its results")]

mod cases;
mod harness;

use harness::Harness;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    println!("{:<34}{:>12}{:>14}{:>10}{:>12}", "case", "count", "per second", "ns each", "longest µs");
    for (name, case) in cases::ALL {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| name.starts_with(wanted.as_str())) {
            continue;
        }
        let mut harness = Harness::new();
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
