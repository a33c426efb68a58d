//! `cargo xtask bench tab`: a load over TCP through the bridge, the tab of a headless Chromium and back; and what an idle home costs.
//!
//! Fails when QoS 0 carries fewer than 100 000 messages of 64 bytes a second, half of 1 000 a second take longer than 3 ms, an idle home in a hidden
//! page takes more than 5 % of a core, or anything is lost. One argument: the number of rounds, 5 without it.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::fmt::Write as _;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use lacewing_protocol::QoS;
use lacewing_tests::figures;
use lacewing_tests::load::{Amount, Load, Outcome, Shape};
use lacewing_tests::machine::{machine, median};
use lacewing_tests::patience::eventually;
use lacewing_tests::processor;
use lacewing_tests::stand::Stand;

/// What QoS 0 has to exceed, in messages a second.
const RATE: f64 = 100_000.0;
/// What half of the messages may take at 1 000 a second.
const HALF: Duration = Duration::from_millis(3);
/// How much of a core an idle home may take in a hidden page.
const IDLE: f64 = 0.05;
/// What the browser does when a page is new is not what it does all day.
const SETTLING: Duration = Duration::from_secs(5);
/// How long an idle home is watched.
const WATCHED: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let stand = Stand::tab();
    let browser = stand.chromium.as_ref().map(|it| it.version()).unwrap_or_default();
    let mut text = format!(
        "{}. {browser}, the broker and the home in its tab. TCP, MQTT 3.1.1, 64-byte payloads, 10 pairs; medians of {rounds} rounds.\n\n\
         | case | measured | promised | kept |\n|---|---|---|---|\n",
        machine()
    );
    let mut good = true;
    let mut line = |case: &str, measured: &str, promised: &str, kept: bool| {
        println!("  {case}: {measured} (promised: {promised}){}", if kept { "" } else { ", NOT KEPT" });
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {case} | {measured} | {promised} | {} |", if kept { "yes" } else { "no" });
        good &= kept;
    };

    let load = Load { amount: Amount::Time(Duration::from_millis(1500)), ..Load::new(stand.port()) };
    for (name, load, goal) in [
        ("QoS 0", Load { qos: QoS::AtMostOnce, window: 500, ..load.clone() }, RATE),
        ("QoS 1", Load { qos: QoS::AtLeastOnce, ..load.clone() }, 0.0),
        ("QoS 2", Load { qos: QoS::ExactlyOnce, ..load.clone() }, 0.0),
    ] {
        // The first run warms up the browser's compiler.
        load.run();
        let before = processor::seconds(&stand.processes());
        let outcomes: Vec<Outcome> = (0..rounds).map(|_| load.run()).collect();
        let spent = processor::seconds(&stand.processes()) - before;
        let rate = median(&outcomes.iter().map(Outcome::rate).collect::<Vec<_>>());
        let cost = spent * 1e6 / outcomes.iter().map(|outcome| outcome.arrived).sum::<u64>().max(1) as f64;
        let promised =
            if goal > 0.0 { format!("over {goal:.0} a second") } else { "all, once and in order".to_owned() };
        let measured = format!("{rate:.0} a second · {cost:.1} CPU s per million; {}", verdict(&outcomes));
        line(name, &measured, &promised, outcomes.iter().all(Outcome::is_perfect) && rate > goal);
    }
    let slow = Load { shape: Shape::Pairs(1), amount: Amount::Messages(3_000), rate: Some(1_000.0), ..load };
    let outcomes: Vec<Outcome> = (0..rounds.min(3)).map(|_| slow.run()).collect();
    let at =
        |percent| median(&outcomes.iter().map(|it| it.latency(percent).as_secs_f64()).collect::<Vec<_>>());
    line(
        "QoS 0 at 1 000 a second",
        &format!("p50 {:.2} ms, p99 {:.2} ms; {}", at(50.0) * 1e3, at(99.0) * 1e3, verdict(&outcomes)),
        "p50 under 3 ms",
        at(50.0) < HALF.as_secs_f64() && outcomes.iter().all(Outcome::is_perfect),
    );
    drop(stand);
    let (browser, bridge) = idle();
    line(
        "an idle home at 1×, the page hidden",
        &format!("{:.1} % of a core in the browser, {:.1} % in the bridge", browser * 100.0, bridge * 100.0),
        "under 5 % of a core",
        browser + bridge < IDLE,
    );
    figures::leave("tab", &text);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How much of a core the home takes, in the browser and in the bridge, when nobody looks and nothing is done to it.
fn idle() -> (f64, f64) {
    let stand = Stand::tab();
    let (Some(tab), Some(chromium)) = (&stand.tab, &stand.chromium) else { return (1.0, 0.0) };
    tab.shows("[data-room=livingroom] data", "°C");
    tab.hide();
    eventually("the page is hidden", || (tab.value("document.hidden")? == true).then_some(()));
    thread::sleep(SETTLING);
    // The browser process is asked for nothing meanwhile: its answers cost something too.
    let browser = chromium.processes();
    let before = (processor::seconds(&browser), processor::seconds(&[stand.lacewing.id()]));
    thread::sleep(WATCHED);
    let share = |before, processes: &[u32]| (processor::seconds(processes) - before) / WATCHED.as_secs_f64();
    (share(before.0, &browser), share(before.1, &[stand.lacewing.id()]))
}

fn verdict(outcomes: &[Outcome]) -> String {
    if outcomes.iter().all(Outcome::is_perfect) {
        return "all arrived, once and in order".to_owned();
    }
    let sum = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
    let trouble = outcomes.iter().find_map(|outcome| outcome.trouble.clone()).unwrap_or_default();
    format!(
        "{} lost, {} doubled, {} out of order, {} not acknowledged, of {} {trouble}",
        sum(Outcome::lost),
        sum(|it| it.doubled),
        sum(|it| it.disordered),
        sum(|it| it.unacknowledged),
        sum(|it| it.sent)
    )
}
