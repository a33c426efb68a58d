//! `cargo xtask screenshots`: pictures of everything there is to see, wide and on a phone, light and dark, of a broker without a home, of
//! the home as it comes, and of one where much happens. One argument: the folder they go to.

#![allow(clippy::print_stdout, reason = "it says how far it is")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lacewing_tests::browser::{Chromium, Page};
use lacewing_tests::busy_home::BusyHome;
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::mosquitto::publish;
use lacewing_tests::sights::{Opener, SIGHTS, Sight, settle};
use lacewing_tests::stand::Stand;
use lacewing_tests::tools;

const SIZES: [(&str, u32, u32); 2] = [("wide", 1440, 900), ("phone", 390, 844)];

/// What there is to see where there is no home.
const EMPTY: &[Sight] = &[
    Sight { name: "home", fragment: "#/home", by: Opener::Address, drawn: ".empty" },
    Sight { name: "messages", fragment: "#/messages", by: Opener::Address, drawn: ".messages" },
    Sight { name: "clients", fragment: "#/clients", by: Opener::Address, drawn: ".clients tbody tr" },
];

/// Closes the notices: they tell of the tests' own clients.
const READ: &str = "document.querySelectorAll('.notices button.quiet').forEach(it => it.click())";

/// How many messages a second come into the busy home.
const RATE: u32 = 20;

fn main() {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("target/screenshots"), PathBuf::from);
    fs::create_dir_all(&folder).expect("the folder can be made");

    let (lacewing, chromium, page) = native();
    take(&folder, "empty", &page, &lacewing, EMPTY);
    drop((page, chromium, lacewing));

    let stand = Stand::tab();
    publish(stand.port(), &["-t", "home/livingroom/light/set", "-m", "ON"]);
    take(&folder, "home", stand.tab.as_ref().expect("the stand has a tab"), &stand.lacewing, SIGHTS);
    drop(stand);

    let (lacewing, _chromium, page) = native();
    let mut home = BusyHome::move_in(lacewing.mqtt_port);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                home.talk(RATE, Duration::from_secs(1));
            }
        });
        take(&folder, "busy", &page, &lacewing, SIGHTS);
        over.store(true, Ordering::Relaxed);
    });
    println!("The pictures are in {}", folder.display());
}

/// A broker of its own process, without a home, and its page.
fn native() -> (Lacewing, Chromium, Page) {
    let page = tools::page();
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--page", &page.to_string_lossy()]);
    let chromium = Chromium::start();
    let page = chromium.profile().open(&lacewing.page());
    page.shows("header.bar", "Connected to lacewing");
    (lacewing, chromium, page)
}

/// Takes pictures of all `sights`, of each size, light and dark.
fn take(folder: &Path, state: &str, page: &Page, lacewing: &Lacewing, sights: &[Sight]) {
    for (size, width, height) in SIZES {
        page.resize(width, height);
        for scheme in ["light", "dark"] {
            page.dark(scheme == "dark");
            for sight in sights {
                sight.show(page, lacewing);
                page.value(READ);
                settle(page);
                page.picture(&folder.join(format!("{}-{state}-{size}-{scheme}.png", sight.name)));
                sight.close(page);
            }
            println!("  {state}, {size}, {scheme}: {} pictures", sights.len());
        }
    }
}
