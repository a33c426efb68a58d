//! `cargo xtask bench flood`: what the page costs its main thread while 5 000 messages a second come to it, and whether its memory stays as it is.
//!
//! Forty devices talk; the page's phone is subscribed to all of them and its Messages to `#`, so that it gets each message twice. From minute to minute it shows the house and the
//! list of messages by turns. Fails when a task takes over 50 ms, when the work in a 60th of a second goes over 8 ms in more than one of twenty, when the page does not get
//! the messages, or when what is left on the heaps of page and workers after a collection is 5 % more at the end than after two minutes. One argument: the minutes, 10 without it.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lacewing_tests::browser::{Chromium, Heap, MainThread, Page};
use lacewing_tests::busy_home::{BusyHome, DEVICES};
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::machine::machine;
use lacewing_tests::memory::resident;
use lacewing_tests::tools;

/// Messages that the devices send a second, and how many of them the page has to get at least.
const RATE: u32 = 5_000;
const COME: f64 = 0.95;
/// The longest task, and the most work in a frame for 19 frames of 20, in milliseconds.
const TASK: f64 = 50.0;
const FRAME: f64 = 8.0;
/// After which minute the heaps are as they shall stay, and how much more they may hold at the end.
const SETTLED: u64 = 2;
const MORE: f64 = 1.05;
const MINUTE: Duration = Duration::from_secs(60);
/// What the browser lays out for the first time is not what it does all day.
const WARMING: Duration = Duration::from_secs(3);

/// What the page shows by turns, what is drawn by then, and its name.
const VIEWS: [(&str, &str, &str); 2] =
    [("#/home", "[data-room=livingroom] data", "house"), ("#/messages", ".stream .row", "messages")];

fn main() -> ExitCode {
    let minutes = std::env::args().nth(1).and_then(|minutes| minutes.parse().ok()).unwrap_or(10);
    let dist = tools::page();
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--page", &dist.to_string_lossy()]);
    let chromium = Chromium::start();
    let mut home = BusyHome::move_in(lacewing.mqtt_port);
    let page = chromium.profile().open(&lacewing.page());
    page.resize(1440, 900);
    page.shows("[data-room=livingroom] data", "");
    println!("{}", machine());
    println!(
        "{}, {DEVICES} devices, {RATE} messages a second, 1440 × 900, {minutes} min",
        chromium.version()
    );
    let talk = Talk::default();
    let good = thread::scope(|scope| {
        let (talk, home) = (&talk, &mut home);
        scope.spawn(move || talk.go_on(home));
        // However it ends, the talk ends as well.
        let _over = talk.until_dropped();
        watch(&page, &chromium, talk, minutes)
    });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the devices talk.
#[derive(Debug, Default)]
struct Talk {
    is_over: AtomicBool,
    is_paused: AtomicBool,
}

impl Talk {
    /// Has the devices talk until it is over.
    fn go_on(&self, home: &mut BusyHome) {
        while !self.is_over.load(Ordering::Relaxed) {
            match self.is_paused.load(Ordering::Relaxed) {
                true => thread::sleep(Duration::from_millis(50)),
                false => drop(home.talk(RATE, Duration::from_secs(1))),
            }
        }
    }

    /// Does something while nothing is on its way: a worker that always has messages to handle answers the developer tools late.
    fn paused<T>(&self, then: impl FnOnce() -> T) -> T {
        self.is_paused.store(true, Ordering::Relaxed);
        thread::sleep(WARMING);
        let what = then();
        self.is_paused.store(false, Ordering::Relaxed);
        what
    }

    fn until_dropped(&self) -> impl Drop {
        struct Over<'a>(&'a Talk);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.is_over.store(true, Ordering::Relaxed);
            }
        }
        Over(self)
    }
}

/// Whether all is kept while the page is watched for so many minutes.
fn watch(page: &Page, chromium: &Chromium, talk: &Talk, minutes: u64) -> bool {
    let began = Instant::now();
    let mut good = true;
    let mut settled = None;
    let mut views = [MainThread::default(), MainThread::default()];
    for minute in 1..=minutes {
        let end = began + MINUTE * u32::try_from(minute).unwrap_or(u32::MAX);
        let which = usize::from(minute % 2 == 0);
        let (fragment, drawn, name) = VIEWS[which];
        page.value(&format!("location.hash = '{fragment}'"));
        page.shows(drawn, "");
        thread::sleep(WARMING);
        let seen = page.trace(end.saturating_duration_since(Instant::now()), None);
        println!("  minute {minute}, {name}: {}", told(&seen));
        views[which].join(seen);
        if which == 1 {
            good &= comes(page);
        }
        if minute == SETTLED || minute == minutes {
            let heaps = talk.paused(|| page.heaps());
            let memory = resident(&chromium.renderers()) >> 20;
            println!("  minute {minute}: {}; {memory} MiB resident", listed(&heaps));
            let before = settled.get_or_insert_with(|| heaps.clone());
            good &= heaps.len() == before.len()
                && heaps
                    .iter()
                    .zip(before)
                    .all(|(now, before)| now.bytes() as f64 <= before.bytes() as f64 * MORE);
        }
    }
    for (seen, (.., name)) in views.iter().zip(VIEWS) {
        println!("  {name}: {}", told(seen));
        good &= seen.longest() <= TASK && seen.work_per_frame(95.0) <= FRAME;
    }
    good
}

fn told(seen: &MainThread) -> String {
    format!(
        "longest task {:.1} ms, work per frame p50 {:.2} ms, p95 {:.2} ms ({:.2} ms of processor time), {:.1}% of the main thread",
        seen.longest(),
        seen.work_per_frame(50.0),
        seen.work_per_frame(95.0),
        seen.processor_per_frame(95.0),
        seen.share() * 100.0
    )
}

/// Whether the list says that as many come as are sent.
fn comes(page: &Page) -> bool {
    let text = page.text(".tools .count").unwrap_or_default();
    let rate = text.rsplit("· ").next().and_then(|rate| rate.strip_suffix("/s")?.parse::<f64>().ok());
    let all = rate.is_some_and(|rate| rate >= f64::from(RATE) * COME);
    if !all {
        println!("  NOT ALL COME: {text}");
    }
    all
}

fn listed(heaps: &[Heap]) -> String {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let one = |heap: &Heap| format!("{} {:.2} + wasm {:.2} MiB", heap.url, mib(heap.objects), mib(heap.wasm));
    heaps.iter().map(one).collect::<Vec<_>>().join(", ")
}
