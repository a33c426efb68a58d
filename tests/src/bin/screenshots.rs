//! Pictures of every view, wide and on a phone, light and dark, from a tab that is the broker.
//!
//! `LACEWING_BIN=… LACEWING_DIST=… cargo run -p lacewing-tests --bin screenshots [FOLDER]`; `target/screenshots` without one.

#![allow(clippy::print_stdout, reason = "it says where the pictures are")]

use std::fs;
use std::path::PathBuf;

use lacewing_tests::browser::Page;
use lacewing_tests::mosquitto::publish;
use lacewing_tests::stand::Stand;

const SIZES: [(&str, u32, u32); 2] = [("wide", 1440, 900), ("phone", 390, 844)];

/// Each view: its name, its fragment, and what is there once it is drawn.
const VIEWS: [(&str, &str, &str); 4] = [
    ("home", "#/home", "[data-room=livingroom] data"),
    ("card", "#/home/sim-livingroom-thermostat", ".card"),
    ("messages", "#/messages", ".messages"),
    ("clients", "#/clients", ".clients"),
];

fn main() {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("target/screenshots"), PathBuf::from);
    fs::create_dir_all(&folder).expect("the folder can be made");
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    publish(stand.port(), &["-t", "home/livingroom/light/set", "-m", "ON"]);
    for (size, width, height) in SIZES {
        page.resize(width, height);
        for dark in [false, true] {
            page.dark(dark);
            let scheme = if dark { "dark" } else { "light" };
            for (view, fragment, drawn) in VIEWS {
                page.navigate(&format!("{}/{fragment}", stand.lacewing.origin()));
                page.shows(drawn, "");
                settle(page);
                page.picture(&folder.join(format!("{view}-{size}-{scheme}.png")));
            }
            page.press("Connect a device");
            page.shows("dialog", "mosquitto_sub");
            settle(page);
            page.picture(&folder.join(format!("connect-{size}-{scheme}.png")));
            page.press("Close");
        }
    }
    println!("The pictures are in {}", folder.display());
}

/// Waits until the fonts are there, what moves has come to rest, and a frame was drawn.
fn settle(page: &Page) {
    let rest = "document.fonts.ready.then(() => Promise.allSettled(document.getAnimations()\
                .filter(it => it.effect.getComputedTiming().endTime < Infinity).map(it => it.finished)))\
                .then(() => new Promise(requestAnimationFrame)).then(() => 1)";
    page.value(rest);
}
