use lacewing_protocol::ProtocolVersion;
use lacewing_tests::device::Device;
use lacewing_tests::mosquitto::publish;
use lacewing_tests::stand::Stand;

#[test]
fn a_real_client_is_listed_under_its_id() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let device = Device::connect(stand.port(), ProtocolVersion::V5_0, "a-real-thermometer");
    page.navigate(&format!("{}/#/clients", stand.lacewing.origin()));
    page.shows("main", "a-real-thermometer");
    page.shows("main", "sim-livingroom-sensor");
    device.disconnect();
}

#[test]
fn a_message_from_a_terminal_is_seen_in_messages() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.navigate(&format!("{}/#/messages", stand.lacewing.origin()));
    page.shows("main", "home/livingroom/temperature");
    publish(stand.port(), &["-t", "terminal/says", "-m", "hello, page"]);
    page.shows("main", "terminal/says");
}
