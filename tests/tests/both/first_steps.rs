//! What a newcomer tries first.

use lacewing_protocol::ProtocolVersion;
use lacewing_tests::mosquitto::{Subscriber, publish};
use lacewing_tests::mqttjs;
use lacewing_tests::stand::Stand;

pub(crate) fn mqttjs_connects_subscribes_and_receives_its_own_message(stand: &Stand) {
    let url = format!("mqtt://localhost:{}", stand.port());
    let printed = mqttjs::start("hello.js", &[&url]).finish();
    assert_eq!(printed, ["connected", "subscribed", "received test/topic Hello MQTT"]);
}

pub(crate) fn mosquitto_sub_and_mosquitto_pub_meet(stand: &Stand) {
    let mut subscriber = Subscriber::start(stand.port(), &["-t", "test/topic"]);
    publish(stand.port(), &["-t", "test/topic", "-m", "hello from a terminal"]);
    assert_eq!(subscriber.said(), ("test/topic".to_owned(), "hello from a terminal".to_owned()));
}

pub(crate) fn both_loopback_addresses_are_served(stand: &Stand) {
    let mut subscriber = Subscriber::start(stand.port(), &["-t", "test/topic"]);
    for address in ["127.0.0.1", "::1"] {
        // The last -h counts.
        publish(stand.port(), &["-h", address, "-t", "test/topic", "-m", address]);
        assert_eq!(subscriber.said().1, address);
    }
    // The address of a name is the system's choice, so the raw device speaks to one of them by number.
    lacewing_tests::device::Device::connect(stand.port(), ProtocolVersion::V5_0, "by-number").disconnect();
}
