use lacewing_tests::mosquitto::{Subscriber, publish};
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;

use crate::{IN_THE_HOUSE, IN_THE_PHONE, number};

const SENSOR: &str = "[data-device=sim-livingroom-sensor] .tag";
const THERMOSTAT: &str = "[data-device=sim-livingroom-thermostat]";

/// The first thing to try with a terminal: be the sensor.
#[test]
fn a_terminal_may_be_the_sensor_that_the_thermostat_follows() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows(THERMOSTAT, "idle");
    page.click(SENSOR);
    page.press("Power off");
    page.shows(".card", "it said goodbye");
    page.press("Close");
    page.shows(".scene .temperature[data-room=livingroom]", "last known");

    let mut thermostat = Subscriber::start(stand.port(), &["-t", "home/livingroom/thermostat/state"]);
    publish(stand.port(), &["-t", "home/livingroom/temperature", "-m", "15.5"]);
    while !thermostat.said().1.contains(r#""action":"heating""#) {}
    page.shows(THERMOSTAT, "heating");
    for place in [IN_THE_HOUSE, IN_THE_PHONE] {
        eventually("the page shows 15.5", || number(page, place).filter(|number| number == "15.5"));
    }
}

#[test]
fn a_device_that_is_switched_off_leaves_no_will_and_one_that_crashes_does() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let mut terminal = Subscriber::start(stand.port(), &["-t", "home/livingroom/sensor/status", "-q", "1"]);
    let first = terminal.message();
    assert_eq!((first.retain, first.payload.as_str()), (true, "online"));
    page.click(SENSOR);
    page.press("Power off");
    page.shows(".card", "it said goodbye");
    publish(stand.port(), &["-t", "home/livingroom/sensor/status", "-m", "the next thing said", "-q", "1"]);
    assert_eq!(terminal.said().1, "the next thing said");
    page.press("Power up");
    assert_eq!(terminal.said().1, "online");
    page.press("Crash");
    assert_eq!(terminal.said().1, "offline");
    page.press("Power up");
    assert_eq!(terminal.said().1, "online");
}

/// Those who see the page before they see a terminal: the cable is plugged in, and who only came by is still seen.
#[test]
fn the_cabinet_is_plugged_in_and_a_client_that_lived_a_moment_lingers_on_the_pavement() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows(".cabinet.linked", &format!("localhost:{}", stand.port()));
    page.shows("header.bar", &format!("devices at localhost:{}", stand.port()));
    publish(stand.port(), &["-i", "esp32", "-t", "test/topic", "-m", "a moment"]);
    page.shows(".pavement .left", "esp32");
    page.shows(".pavement .left", "just left");
    eventually("it is forgotten again", || {
        page.text(".pavement").is_some_and(|text| !text.contains("esp32")).then_some(())
    });
}
