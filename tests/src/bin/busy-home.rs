//! `cargo run -p lacewing-tests --bin busy-home -- PORT [RATE] [SECONDS]`: a home of forty devices that publish RATE
//! messages a second together (20 without it) to the broker at this port, for SECONDS (60 without them).

#![allow(clippy::print_stdout, reason = "it talks to the person at the terminal")]

use std::process::ExitCode;
use std::time::Duration;

use lacewing_tests::busy_home::{BusyHome, DEVICES};

fn main() -> ExitCode {
    let numbers: Vec<Option<u32>> = std::env::args().skip(1).map(|word| word.parse().ok()).collect();
    let number = |place: usize, or| numbers.get(place).copied().unwrap_or(or);
    let (Some(port), Some(rate), Some(seconds)) = (number(0, None), number(1, Some(20)), number(2, Some(60)))
    else {
        println!("busy-home PORT [RATE] [SECONDS]");
        return ExitCode::FAILURE;
    };
    let Ok(port) = u16::try_from(port) else { return ExitCode::FAILURE };
    let mut home = BusyHome::move_in(port);
    println!("{DEVICES} devices are in; {rate} messages a second for {seconds} s");
    let said = home.talk(rate, Duration::from_secs(u64::from(seconds)));
    println!("{said} messages");
    ExitCode::SUCCESS
}
