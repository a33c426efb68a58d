use lacewing_tests::browser::Page;
use lacewing_tests::mosquitto::{Subscriber, publish};
use lacewing_tests::stand::Stand;

const LIGHT: &str = "[data-device=sim-livingroom-light] .tag";
const CARD: &str = ".card";
const CORNER: &str = ".notices";

fn page(stand: &Stand) -> &Page {
    stand.tab.as_ref().expect("the stand has a tab")
}

#[test]
fn a_control_of_a_device_without_power_says_why_nothing_comes() {
    let stand = Stand::tab();
    let page = page(&stand);
    page.click(LIGHT);
    page.press("Power off");
    page.shows(CARD, "It said goodbye first");
    page.press("Turn on");
    page.shows(CARD, "Asked for: on");
    page.shows(CARD, "No answer: it is switched off.");
}

#[test]
fn a_card_keeps_the_last_messages_with_their_senders() {
    let stand = Stand::tab();
    let page = page(&stand);
    page.click(LIGHT);
    page.shows(CARD, "Session");
    publish(stand.port(), &["-i", "remote", "-t", "home/livingroom/light/set", "-m", "ON"]);
    page.shows(".last", "from remote");
    page.shows(".last", "home/livingroom/light/state");
    page.shows(CARD, "Nothing is queued, nothing is in flight.");
}

/// The will of the simulated one is not published: it says DISCONNECT [MQTT-3.14.4-3].
#[test]
fn a_real_sensor_takes_over_from_the_simulated_one_and_that_can_be_undone() {
    let stand = Stand::tab();
    let page = page(&stand);
    let mut terminal = Subscriber::start(stand.port(), &["-t", "home/livingroom/sensor/status", "-q", "1"]);
    assert_eq!(terminal.said().1, "online");
    let mut readings = Subscriber::start(stand.port(), &["-t", "home/livingroom/temperature"]);
    readings.said();
    for reading in ["19.1", "19.2"] {
        publish(stand.port(), &["-i", "esp32", "-t", "home/livingroom/temperature", "-m", reading]);
    }
    page.shows(CORNER, "Let the real one take over?");
    page.press("Let it take over");
    page.shows(CORNER, "esp32 is the sensor in the living room now.");
    assert_ne!(terminal.said().1, "offline", "it left with a goodbye");
    page.press("Undo");
    assert_eq!(terminal.said().1, "online");
}

#[test]
fn the_composer_says_what_became_of_a_message() {
    let stand = Stand::tab();
    let page = page(&stand);
    page.press("Publish");
    page.write(".compose input", "nobody/listens");
    page.click(".compose fieldset label:nth-of-type(2)");
    page.click(".compose button[type=submit]");
    page.shows(".compose", "Nobody is subscribed to that topic");
}

#[test]
fn the_status_line_leads_to_another_broker_and_back() {
    let stand = Stand::tab();
    let chromium = stand.chromium.as_ref().expect("the stand has a browser");
    let visitor = chromium.another_profile().open(&stand.lacewing.origin());
    visitor.shows("header.bar", "This tab is the broker");
    visitor.press("Switch broker");
    visitor.shows(".sheet", "The broker in this tab stops");
    visitor.write(".sheet form input", "mqtt://localhost:1883");
    visitor.press("Go there");
    visitor.shows(".sheet", "by WebSocket, not by TCP");
    visitor.write(".sheet form input", &stand.lacewing.websocket());
    visitor.press("Go there");
    visitor.shows("header.bar", "Connected to the broker at ws://localhost:");
    visitor.press("Switch broker");
    visitor.shows(".sheet", "Used before");
    visitor.press("Go back");
    visitor.shows("header.bar", "This tab is the broker");
}
