//! `cargo xtask bench native`: `lacewing --broker native`, Debian's mosquitto and rumqttd side by side, in rounds that take turns.
//!
//! Each run has a broker of its own, freshly started. Arguments: `--rounds 5`, `--seconds 1.5` of each run, `--without rumqttd`, and the
//! beginnings of the names of cases; without any, all. Fails when Lacewing loses anything.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

mod brokers;
mod cases;
mod measure;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use lacewing_tests::figures;
use lacewing_tests::machine::{allow_open_files, machine};

use self::brokers::{Broker, Cast};
use self::cases::Case;
use self::measure::Sample;
use self::report::{Report, Row};

fn main() -> ExitCode {
    let wish = match Wish::read(std::env::args().skip(1)) {
        Ok(wish) => wish,
        Err(why) => {
            println!("{why}");
            return ExitCode::from(2);
        }
    };
    allow_open_files();
    let cast = Cast::gather(&wish.without);
    let head = report::head(&machine(), &cast, wish.rounds, wish.time);
    println!("{head}");
    let mut report = Report::new(head);
    for case in cases::all().into_iter().filter(|case| wish.wants(case)) {
        println!("{}", case.name);
        let row = run(&case, &cast, &wish);
        println!("{}", row.lines());
        report.add(row);
    }
    let text = report.markdown();
    figures::leave("native", &text);
    println!("\n{text}");
    if report.is_lossless() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a case with each broker in turn, again and again.
fn run(case: &Case, cast: &Cast, wish: &Wish) -> Row {
    let mut samples: Vec<(Broker, Vec<Sample>)> =
        cast.brokers(case).map(|broker| (broker, Vec::new())).collect();
    for _ in 0..case.rounds(wish.rounds) {
        for (broker, samples) in &mut samples {
            // Who could not do it once is not waited for again.
            let gave_up =
                *broker != Broker::Lacewing && samples.iter().any(|sample: &Sample| sample.trouble.is_some());
            if !gave_up {
                samples.push(measure::measure(case, *broker, cast, wish.time));
            }
        }
    }
    Row::new(case, samples)
}

/// What is asked for.
struct Wish {
    rounds: usize,
    time: Duration,
    without: Vec<String>,
    cases: Vec<String>,
}

impl Wish {
    fn read(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wish =
            Self { rounds: 5, time: Duration::from_millis(1500), without: Vec::new(), cases: Vec::new() };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} wants a value"));
            match arg.as_str() {
                "--rounds" => wish.rounds = value()?.parse().map_err(|_| "--rounds wants a number")?,
                "--seconds" => {
                    let seconds =
                        value()?.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                    wish.time = seconds.ok_or("--seconds wants a number")?;
                }
                "--without" => wish.without.push(value()?),
                _ if arg.starts_with('-') => {
                    return Err(format!("{arg}: there is --rounds, --seconds and --without"));
                }
                _ => wish.cases.push(arg),
            }
        }
        if let Some(unknown) =
            wish.cases.iter().find(|wanted| !cases::all().iter().any(|case| case.is_called(wanted)))
        {
            let names: Vec<&str> = cases::all().iter().map(|case| case.name).collect();
            return Err(format!("no case begins with {unknown}; there is: {}", names.join(", ")));
        }
        Ok(wish)
    }

    fn wants(&self, case: &Case) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|wanted| case.is_called(wanted))
    }
}
