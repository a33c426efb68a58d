//! What a newcomer sees first. It is about time, so it stands in a target of its own: nothing else runs beside it.

use std::io::Write;
use std::time::{Duration, Instant};

use lacewing_tests::browser::Chromium;
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::mosquitto;
use lacewing_tests::patience::within;

/// Where the house shows its temperature.
const LIVING_ROOM: &str = ".scene [data-room=livingroom] data";

/// From the navigation on, with nothing in cache and an empty profile.
const IN_TIME: Duration = Duration::from_secs(3);

#[test]
fn the_page_shows_within_3_s_what_mosquitto_sub_prints() {
    let lacewing = Lacewing::start(BrokerHome::Tab);
    let chromium = Chromium::start();
    let mut terminal = mosquitto::watch(lacewing.mqtt_port, &["-t", "home/livingroom/temperature"]);
    let began = Instant::now();
    let page = chromium.profile().open(&lacewing.page());
    let shown = within(IN_TIME, "the page shows what mosquitto_sub prints", || {
        page.attribute(LIVING_ROOM, "value").filter(|shown| terminal.said_so_far().last() == Some(shown))
    });
    let took = began.elapsed();
    assert!(shown.parse::<f64>().is_ok_and(|degrees| (0.0..40.0).contains(&degrees)), "{shown} degrees");
    assert!(took <= IN_TIME, "it took {took:?}");
    // Seen with --nocapture.
    let _ = writeln!(std::io::stderr(), "the page showed {shown} after {took:?}");
}
