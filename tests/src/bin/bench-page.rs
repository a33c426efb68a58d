//! `cargo xtask bench page`: what the page costs its main thread while much happens, and how soon it does what is asked.
//!
//! Fails when a task of the main thread takes over 50 ms, or the work in a 60th of a second goes over 8 ms in more than one of twenty, in a trace of 60 s
//! with 40 devices at 1440 × 900, with 20 messages a second and again with 500. One argument: the seconds, 60 without it.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use lacewing_tests::browser::{Chromium, MainThread, Page};
use lacewing_tests::busy::{self, Traffic};
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::machine::{machine, median};
use lacewing_tests::patience::{PATIENCE, within};
use lacewing_tests::stand::is_up;

/// The longest task, and the most work in a frame for 19 frames of 20, in milliseconds.
const TASK: f64 = 50.0;
const FRAME: f64 = 8.0;
/// How often a lamp is clicked on a page that was just opened.
const CLICKS: usize = 10;
/// A second browser draws the same in this time, in milliseconds.
const SAME: f64 = 2_000.0;

const LAMP: &str = "[data-device=sim-livingroom-light] .draw";

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(60);
    let lacewing = Lacewing::start(BrokerHome::Tab);
    let chromium = Chromium::start();
    let page = busy::open(&chromium.profile(), &lacewing);
    is_up(lacewing.mqtt_port);
    page.resize(1440, 900);
    page.shows("[data-room=livingroom] data", "");
    println!("{}", machine());
    println!("{}, {} devices, 1440 × 900, {seconds} s each", chromium.version(), busy::DEVICES);
    let mut good = true;
    for rate in [20, 500] {
        let traffic = Traffic::start(lacewing.mqtt_port, rate);
        // What the browser compiles and lays out for the first time is not what it does all day.
        thread::sleep(Duration::from_secs(3));
        let seen = page.trace(Duration::from_secs(seconds));
        drop(traffic);
        good &= verdict(rate, &seen);
    }
    good &= click(&page, &lacewing);
    good &= joins(&chromium, &page, &lacewing);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn verdict(rate: u32, seen: &MainThread) -> bool {
    let (longest, frame) = (seen.longest(), seen.work_per_frame(95.0));
    println!(
        "  {rate:>3} messages a second: longest task {longest:.1} ms, work per frame p50 {:.2} ms, p95 {frame:.2} ms, {:.1}% of the main thread",
        seen.work_per_frame(50.0),
        seen.share() * 100.0
    );
    longest <= TASK && frame <= FRAME
}

/// A lamp is clicked one second after the page was opened, which the browser has seen before.
fn click(page: &Page, lacewing: &Lacewing) -> bool {
    let mut waits = Vec::new();
    for _ in 0..CLICKS {
        page.navigate("about:blank");
        page.navigate(&format!("{}/#/home", lacewing.origin()));
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
    true
}

/// A second profile without a control port draws the same rooms, devices and values.
fn joins(chromium: &Chromium, first: &Page, lacewing: &Lacewing) -> bool {
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
