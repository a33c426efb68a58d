use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use lacewing_tests::browser::Chromium;
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::mosquitto::{self, Subscriber};
use lacewing_tests::patience::within;
use lacewing_tests::stand::Stand;

use crate::{IN_THE_HOUSE, number};

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
        number(&page, IN_THE_HOUSE).filter(|shown| terminal.said_so_far().last() == Some(shown))
    });
    let took = began.elapsed();
    assert!(shown.parse::<f64>().is_ok_and(|degrees| (0.0..40.0).contains(&degrees)), "{shown} degrees");
    assert!(took <= IN_TIME, "it took {took:?}");
    // Seen with --nocapture.
    let _ = writeln!(std::io::stderr(), "the page showed {shown} after {took:?}");
}

#[test]
fn mosquitto_sub_prints_the_home() {
    let stand = Stand::tab();
    let mut terminal = Subscriber::start(stand.port(), &["-t", "home/#"]);
    let rooms = ["hall", "livingroom", "kitchen", "bathroom", "bedroom", "study"];
    let mut said = BTreeMap::new();
    let is_whole = |said: &BTreeMap<String, String>| {
        rooms.iter().all(|room| {
            let says = |thing: &str| said.get(&format!("home/{room}/{thing}")).map(String::as_str);
            says("temperature").is_some_and(|text| text.parse::<f64>().is_ok())
                && says("light/state").is_some()
                && says("light/status") == Some("online")
                && says("sensor/status") == Some("online")
        }) && said.contains_key("home/livingroom/thermostat/state")
    };
    while !is_whole(&said) {
        said.extend([terminal.said()]);
    }
}
