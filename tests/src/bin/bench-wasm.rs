//! `cargo xtask bench wasm`: the broker without IO on one core, natively and in headless Chromium, in rounds that take turns.
//!
//! In the browser it runs as the page ships it, built for size, and once more built for speed. Fails when something cannot be run. One
//! argument: the number of rounds, 5 without it.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use lacewing_tests::browser::Chromium;
use lacewing_tests::figures;
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::machine::{machine, median};
use lacewing_tests::patience::within;

/// What the core has to do in a second at least, natively.
const GOALS: [(&str, f64); 2] = [("one-to-one QoS 0, 10 pairs", 3e6), ("fan-out 1 to 1000", 15e6)];
/// What it has to do in the browser of what it does natively.
const RATIO: f64 = 0.6;

/// How long a browser may take for all cases.
const PATIENCE: Duration = Duration::from_secs(600);

/// Messages a second, by case.
type Rates = BTreeMap<String, Vec<f64>>;

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let variable = |name| PathBuf::from(std::env::var_os(name).unwrap_or_default());
    let (bench, pages) = (variable("LACEWING_CORE"), variable("LACEWING_CORE_WASM"));
    let chromium = Chromium::start();
    let mut rates = [Rates::new(), Rates::new(), Rates::new()];
    for _ in 0..rounds {
        native(&bench, &mut rates[0]);
        for (build, rates) in ["size", "speed"].into_iter().zip(&mut rates[1..]) {
            in_browser(&chromium, &pages.join(build), rates);
        }
    }
    let text =
        markdown(&format!("{}. {}. Medians of {rounds} rounds.", machine(), chromium.version()), &rates);
    figures::leave("core", &text);
    println!("{text}");
    ExitCode::SUCCESS
}

fn native(bench: &Path, rates: &mut Rates) {
    let said =
        Command::new(bench).args(["one-to-one", "fan-", "wildcards"]).output().expect("the bench starts");
    for line in String::from_utf8_lossy(&said.stdout).lines().skip(1) {
        // A name has up to 34 letters; what follows are numbers.
        let (name, numbers) = line.split_at_checked(34).unwrap_or((line, ""));
        let mut numbers = numbers.split_whitespace();
        if let Some(rate) = numbers.nth(1).and_then(|rate| rate.parse().ok()) {
            rates.entry(name.trim().to_owned()).or_default().push(rate);
        }
    }
}

fn in_browser(chromium: &Chromium, folder: &Path, rates: &mut Rates) {
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--page", &folder.to_string_lossy()]);
    let page = chromium.profile().open(&format!("{}/", lacewing.origin()));
    let text = within(PATIENCE, "the browser has run the bench", || {
        page.value("window.figures")?.as_str().map(str::to_owned)
    });
    assert!(!text.starts_with("failed"), "in the browser the bench {text}");
    for line in text.lines() {
        let mut parts = line.split('\t');
        let (Some(name), Some(each)) = (parts.next(), parts.nth(1).and_then(|each| each.parse::<f64>().ok()))
        else {
            continue;
        };
        rates.entry(name.to_owned()).or_default().push(1e9 / each);
    }
    page.close();
}

fn markdown(head: &str, [native, size, speed]: &[Rates; 3]) -> String {
    let mut text = format!(
        "{head}\n\n| case | native, a second | promised | in Chromium, as shipped | built for speed |\n|---|---|---|---|---|\n"
    );
    for (name, rates) in native {
        let natively = median(rates);
        let goal = GOALS.iter().find(|(case, _)| case == name).map(|(_, goal)| *goal);
        let promised = goal.map_or("–".to_owned(), |goal| {
            format!("{:.0} M: {}", goal / 1e6, if natively > goal { "kept" } else { "missed" })
        });
        let there = |rates: &Rates| {
            rates.get(name).map_or("–".to_owned(), |rates| {
                let rate = median(rates);
                format!("{:.2} M, {:.2}×", rate / 1e6, rate / natively)
            })
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {name} | {:.2} M | {promised} | {} | {} |",
            natively / 1e6,
            there(size),
            there(speed)
        );
    }
    let ratios: Vec<f64> =
        size.iter().filter_map(|(name, rates)| Some(median(rates) / median(native.get(name)?))).collect();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let _ = write!(
        text,
        "\nIn the browser it is to do at least {RATIO}× of what it does natively; as shipped it does at least {least:.2}×, {:.2}× in the middle.\n",
        median(&ratios)
    );
    text
}
