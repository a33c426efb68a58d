//! The home on its page, seen by a person with two browsers and a terminal.

mod asking;
mod edited;
mod ends;
mod inspector;
mod native;
mod real_device;
mod two_browsers;
mod views;

use lacewing_tests::browser::Page;

/// Where the page shows the temperature of the living room: in the house, and in the phone app beside it.
const IN_THE_HOUSE: &str = ".scene [data-room=livingroom] data";
const IN_THE_PHONE: &str = ".phone [data-room=livingroom] data";

/// The number that the page shows at `selector`, without its unit.
fn number(page: &Page, selector: &str) -> Option<String> {
    page.attribute(selector, "value")
}

/// The drawing of a device, which is its switch if it has one.
fn drawing(device: &str) -> String {
    format!("[data-device={device}] .draw")
}
