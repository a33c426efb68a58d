//! Several tabs, one broker.

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::device::Device;
use lacewing_tests::mosquitto::{Subscriber, publish};
use lacewing_tests::stand::Stand;

const STATUS: &str = "header.bar";

#[test]
fn a_second_tab_joins_the_first_and_takes_over_when_it_closes() {
    let mut stand = Stand::tab();
    let first = stand.tab.take().expect("the stand has a tab");
    let chromium = stand.chromium.as_ref().expect("the stand has a browser");
    let mut device = Subscriber::start(stand.port(), &["-t", "news"]);

    let second = chromium.profile().open(&stand.lacewing.origin());
    second.shows(STATUS, "Another tab is the broker; this one joined it");
    first.shows(STATUS, "This tab is the broker");
    publish(stand.port(), &["-t", "news", "-m", "two tabs"]);
    assert_eq!(device.said().1, "two tabs");

    first.close();
    second.shows(STATUS, "This tab is the broker");
    device.skip_to("Subscribed (mid");
    publish(stand.port(), &["-t", "news", "-m", "one tab"]);
    assert_eq!(device.said().1, "one tab");
}

#[test]
fn another_browser_may_move_the_devices_to_its_tab() {
    let stand = Stand::tab();
    let first = stand.tab.as_ref().expect("the stand has a tab");
    let mut device = Device::connect(stand.port(), ProtocolVersion::V5_0, "moved");
    device.subscribe("echo", QoS::AtMostOnce);

    let elsewhere = stand.chromium.as_ref().expect("the stand has a browser").another_profile();
    let second = elsewhere.open(&stand.lacewing.page());
    second.shows(STATUS, "another browser's page has the real devices");
    device.publish("echo", b"not moved yet", QoS::AtMostOnce);
    assert_eq!(device.message().payload, "not moved yet");

    second.press("Move them here");
    first.shows(STATUS, "another browser's page has the real devices");
    second.shows(STATUS, &format!("localhost:{}", stand.port()));
    while device.receive_or_end().is_some() {}
    stand.is_up();
    Device::connect(stand.port(), ProtocolVersion::V5_0, "moved").ping();
}
