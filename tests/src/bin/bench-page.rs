//! `cargo xtask bench page`: what the page costs its main thread while much happens, and how soon it does what is asked.
//!
//! Fails when a task of the main thread takes over 50 ms, or the work in a 60th of a second goes over 8 ms in more than one of twenty, in a trace of 60 s
//! with 40 devices at 1440 × 900, with 20 messages a second and again with 500 and beads off. One argument: the seconds, 60 without it. With a folder in
//! `LACEWING_TRACES` the traces are kept there, with more in them, and it says what took long; the figures are then higher.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use lacewing_tests::browser::{Chromium, MainThread, Page};
use lacewing_tests::busy_home::{BusyHome, DEVICES};
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::machine::{machine, median};
use lacewing_tests::patience::{PATIENCE, within};
use lacewing_tests::stand::Stand;
use lacewing_tests::tools;

/// The longest task, and the most work in a frame for 19 frames of 20, in milliseconds.
const TASK: f64 = 50.0;
const FRAME: f64 = 8.0;
/// How often a lamp is clicked on a page that was just opened.
const CLICKS: usize = 10;
/// A second browser draws the same in this time, in milliseconds.
const SAME: f64 = 2_000.0;

/// What the browser compiles and lays out for the first time is not what it does all day.
const WARMING: Duration = Duration::from_secs(3);

/// How long an empty page is watched.
const FLOOR: Duration = Duration::from_secs(10);

/// How many kinds of work are told where the trace is kept.
const PARTS: usize = 16;

const LAMP: &str = "[data-device=sim-livingroom-light] .draw";

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(60);
    let dist = tools::page();
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--page", &dist.to_string_lossy()]);
    let chromium = Chromium::start();
    let mut home = BusyHome::move_in(lacewing.mqtt_port);
    let page = chromium.profile().open(&lacewing.page());
    page.resize(1440, 900);
    page.shows("[data-room=livingroom] data", "");
    println!("{}", machine());
    println!("{}, {DEVICES} devices, 1440 × 900, {seconds} s each", chromium.version());
    floor(&chromium);
    let mut good = true;
    for (rate, beads) in [(20, true), (500, false)] {
        if !beads {
            // Not by its name: once asked for those, the browser keeps the tree for a screen reader up to date in every frame.
            page.click(".controls .motion");
        }
        let seen = thread::scope(|scope| {
            scope.spawn(|| home.talk(rate, WARMING + Duration::from_secs(seconds)));
            thread::sleep(WARMING);
            page.trace(Duration::from_secs(seconds), keep(rate).as_deref())
        });
        good &= verdict(rate, &seen);
    }
    drop((page, chromium, lacewing));
    let stand = Stand::tab();
    click(&stand);
    good &= joins(&stand);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What this machine and this browser ask for a frame whatever a page is like: one text changes, in a page that is empty but for it.
fn floor(chromium: &Chromium) {
    let page = chromium.another_profile().open("about:blank");
    page.value("document.body.textContent = 0; setInterval(() => document.body.firstChild.data++, 50)");
    thread::sleep(WARMING);
    let seen = page.trace(FLOOR, None);
    println!(
        "  an empty page with one text that changes: work per frame p50 {:.2} ms, p95 {:.2} ms",
        seen.work_per_frame(50.0),
        seen.work_per_frame(95.0)
    );
}

/// Where the trace is kept, if it is.
fn keep(rate: u32) -> Option<PathBuf> {
    let folder = std::env::var_os("LACEWING_TRACES")?;
    Some(Path::new(&folder).join(format!("page-{rate}.json")))
}

fn verdict(rate: u32, seen: &MainThread) -> bool {
    let (longest, frame) = (seen.longest(), seen.work_per_frame(95.0));
    println!(
        "  {rate:>3} messages a second: longest task {longest:.1} ms, work per frame p50 {:.2} ms, p95 {frame:.2} ms ({:.2} ms of processor time), {:.1}% of the main thread",
        seen.work_per_frame(50.0),
        seen.processor_per_frame(95.0),
        seen.share() * 100.0
    );
    for (part, took) in keep(rate).map_or_else(Vec::new, |_| seen.longest_parts(PARTS)) {
        println!("      {took:>8.1} ms {part}");
    }
    longest <= TASK && frame <= FRAME
}

/// A lamp is clicked one second after the page was opened, which the browser has seen before.
fn click(stand: &Stand) {
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let mut waits = Vec::new();
    for _ in 0..CLICKS {
        page.navigate("about:blank");
        page.navigate(&format!("{}/#/home", stand.lacewing.origin()));
        thread::sleep(Duration::from_secs(1));
        let lit = || page.attribute(LAMP, "aria-pressed");
        let before = lit();
        let began = Instant::now();
        page.click(LAMP);
        within(PATIENCE, "the lamp says how it is", || lit().filter(|now| Some(now) != before.as_ref()));
        waits.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    println!(
        "  a lamp clicked 1 s after opening shows its state after {:.0} ms, median of {CLICKS}",
        median(&waits)
    );
}

/// A second profile without a control port draws the same rooms, devices and values.
fn joins(stand: &Stand) -> bool {
    let (first, lacewing) = (stand.tab.as_ref().expect("the stand has a tab"), &stand.lacewing);
    let chromium = stand.chromium.as_ref().expect("the stand has a browser");
    first.resize(1440, 900);
    let drawn = |page: &Page| {
        let read =
            "[...document.querySelectorAll('[data-room], [data-device]')].map(it => it.innerText).join('|')";
        page.value(read).filter(|text| text.as_str().is_some_and(|text| text.contains("°C")))
    };
    let address = format!("{}/?broker={}#/home", lacewing.origin(), lacewing.websocket());
    let began = Instant::now();
    let second = chromium.another_profile().open(&address);
    second.resize(1440, 900);
    within(PATIENCE, "both draw the same", || {
        drawn(&second).filter(|second| drawn(first).as_ref() == Some(second))
    });
    let took = began.elapsed().as_secs_f64() * 1000.0;
    println!(
        "  a second profile at ?broker= draws the same after {took:.0} ms, a cold start and {SAME:.0} at most"
    );
    took <= SAME
}
