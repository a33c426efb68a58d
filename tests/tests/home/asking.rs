//! Why a message did not come is asked where it was missed: at the message, and at the client.

use lacewing_tests::browser::Page;
use lacewing_tests::mosquitto::publish;
use lacewing_tests::stand::Stand;

const ANSWER: &str = ".ask [role=status]";

#[test]
fn one_asks_at_a_message_and_at_a_client_why_it_did_not_come() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    open_a_message(page, &stand);
    page.shows(".detail", "Published by terminal");
    page.write(".ask input", "sim-kitchen-light");
    page.key("Enter");
    let says = page.shows(ANSWER, "sim-kitchen-light: It is not subscribed to the topic.");
    assert!(says.contains("What comes nearest is home/kitchen/light/set"), "{says}");
    page.write(".ask input", "sim-kitchen-lamp");
    page.press("Ask");
    page.shows(ANSWER, "sim-kitchen-lamp: The broker knows no client of this name");
    page.write(".ask input", "sim-livingroom-light");
    page.press("Ask");
    page.shows(ANSWER, "It is in the list: delivered");

    page.navigate(&format!("{}/#/clients/sim-kitchen-light", stand.lacewing.origin()));
    page.shows(".card", "home/kitchen/light/set");
    page.write(".ask input", "home/kitchen/light/set");
    page.key("Enter");
    page.shows(ANSWER, "It gets what is published now, by its subscription to home/kitchen/light/set");
}

#[test]
fn a_client_of_a_broker_elsewhere_is_told_who_could_tell() {
    let stand = Stand::tab();
    let chromium = stand.chromium.as_ref().expect("the stand has a browser");
    let address = format!("{}/?broker={}", stand.lacewing.origin(), stand.lacewing.websocket());
    let visitor = chromium.another_profile().open(&address);
    visitor.shows("header.bar", "Connected to the broker at ws://localhost:");
    visitor.value("location.hash = '#/messages/home/livingroom/light/set'");
    // Nothing is subscribed unasked at a broker elsewhere.
    visitor.press("Subscribe");
    visitor.shows(".subscriptions", "QoS 0");
    publish(stand.port(), &["-i", "terminal", "-t", "home/livingroom/light/set", "-m", "ON"]);
    visitor.shows(".stream .row", "home/livingroom/light/set");
    visitor.click(".stream .row");
    visitor.shows(".detail", "only the broker's own page can tell");
    assert_eq!(visitor.text(".ask"), None);
}

/// Has a light switched from outside, and opens that message.
fn open_a_message(page: &Page, stand: &Stand) {
    page.navigate(&format!("{}/#/messages/home/livingroom/light/set", stand.lacewing.origin()));
    // It is subscribed when something has come.
    page.shows(".count", "seen since");
    publish(stand.port(), &["-i", "terminal", "-t", "home/livingroom/light/set", "-m", "ON"]);
    page.shows(".stream .row", "home/livingroom/light/set");
    page.click(".stream .row");
}
