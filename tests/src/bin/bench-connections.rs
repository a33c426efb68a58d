//! `cargo xtask bench connections`: 10 000 clients at once, each with a subscription of its own and a message a second to itself, with QoS 1.
//!
//! Fails when one is not let in, a message is lost, or memory grows by more than 16 KiB a client. Arguments: how many clients, and for how many
//! seconds, 10 without it.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::figures;
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::load::{Amount, Load, Shape};
use lacewing_tests::machine::{allow_open_files, machine};
use lacewing_tests::memory::{Watch, resident};
use lacewing_tests::processor;

/// Files of this process that are no client's socket.
const OTHER_FILES: u64 = 64;
/// How much memory each client may take, in bytes.
const MEMORY_EACH: u64 = 16 << 10;

fn main() -> ExitCode {
    let number = |at, default| std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (clients, seconds) = (number(1, 10_000), number(2, 10));
    let machine = machine();
    println!("{machine}");
    if let Some(files) = allow_open_files()
        && files < clients as u64 + OTHER_FILES
    {
        println!(
            "{clients} clients need as many open files, and this system allows {files}: raise `ulimit -Hn`"
        );
        return ExitCode::FAILURE;
    }
    let mut good = true;
    let mut text = format!(
        "{machine}. {clients} clients, each with a subscription of its own and a message of 64 bytes a second to itself, QoS 1, for {seconds} s.\n\n\
         | | not perfect | p50 | p99 | processor | memory each, connected and subscribed | the most while all talk |\n|---|---|---|---|---|---|---|\n"
    );
    for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5_0] {
        let (line, kept) = run(version, clients, seconds as u64);
        println!("{line}");
        text.push_str(&line);
        text.push('\n');
        good &= kept;
    }
    figures::leave("connections", &text);
    if !good {
        println!(
            "The contract is broken: nothing lost, no more than {} KiB for each client.",
            MEMORY_EACH >> 10
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run(version: ProtocolVersion, clients: usize, seconds: u64) -> (String, bool) {
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--log", "warn"]);
    let broker = [lacewing.id()];
    let empty = resident(&broker);
    let load = Load {
        version,
        shape: Shape::Selves(clients),
        qos: QoS::AtLeastOnce,
        amount: Amount::Messages(seconds),
        rate: Some(clients as f64),
        ..Load::new(lacewing.mqtt_port)
    };
    let began = Instant::now();
    let ready = match load.connect() {
        Ok(ready) => ready,
        Err(trouble) => return (format!("| {version:?} | {trouble} |"), false),
    };
    println!("{clients} clients came in and subscribed in {:.1} s", began.elapsed().as_secs_f64());
    let each = |bytes: u64| bytes.saturating_sub(empty) as f64 / clients as f64;
    let connected = each(resident(&broker));
    let (watch, before) = (Watch::start(broker.to_vec()), processor::seconds(&broker));
    let outcome = ready.run();
    let spent = processor::seconds(&broker) - before;
    let most = each(watch.most());
    let perfect = outcome.is_perfect();
    let faults = format!(
        "{} of {} {}",
        outcome.lost() + outcome.doubled + outcome.disordered + outcome.unacknowledged,
        outcome.due,
        outcome.trouble.clone().unwrap_or_default()
    );
    let millis = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    let line = format!(
        "| {version:?} | {} | {} | {} | {:.0} % of a core | {:.2} KiB | {:.2} KiB |",
        faults.trim(),
        millis(outcome.latency(50.0)),
        millis(outcome.latency(99.0)),
        spent * 100.0 / outcome.elapsed.as_secs_f64().max(1e-9),
        connected / 1024.0,
        most / 1024.0
    );
    (line, perfect && (most as u64) <= MEMORY_EACH)
}
