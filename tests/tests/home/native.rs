use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::browser::Chromium;
use lacewing_tests::device::Device;
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::mosquitto::publish;
use lacewing_tests::tools;

/// With `--broker native` the same page is the broker's dashboard.
#[test]
fn the_page_of_a_native_broker_shows_its_clients_and_messages() {
    let page = tools::page();
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--page", &page.to_string_lossy()]);
    let chromium = Chromium::start();
    let page = chromium.profile().open(&lacewing.page());
    page.shows("header.bar", "Connected to lacewing at ws://localhost:");

    let mut device = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "a-real-thermometer");
    device.subscribe("anything", QoS::AtMostOnce);
    page.navigate(&format!("{}/#/clients/a-real-thermometer", lacewing.origin()));
    page.shows("main", "a-real-thermometer");
    page.shows(".card", "anything");
    page.navigate(&format!("{}/#/messages", lacewing.origin()));
    page.shows("main", "Subscribed");
    publish(lacewing.mqtt_port, &["-t", "terminal/says", "-m", "hello, page"]);
    page.shows("main", "terminal/says");

    page.navigate(&format!("{}/#/clients/a-real-thermometer", lacewing.origin()));
    page.press("Disconnect");
    assert!(matches!(device.receive(), lacewing_protocol::Packet::Disconnect(_)));
}

/// Without the token a page is a client like any other, and says what it therefore does not know.
#[test]
fn a_page_without_the_token_does_not_operate_a_native_broker() {
    let page = tools::page();
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--page", &page.to_string_lossy()]);
    let chromium = Chromium::start();
    let page = chromium.profile().open(&lacewing.origin());
    page.shows("header.bar", "Connected to lacewing at ws://localhost:");
    page.navigate(&format!("{}/#/clients", lacewing.origin()));
    page.shows("main", "Who else is here is not known");
    page.shows("main", "Open the address that lacewing prints");
}
