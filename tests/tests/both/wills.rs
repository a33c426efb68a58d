//! A will is published when a client is lost, and only then.

use lacewing_protocol::ProtocolVersion;
use lacewing_tests::device::{self, Device};
use lacewing_tests::mosquitto::{Subscriber, publish};
use lacewing_tests::stand::Stand;

const WILL: [&str; 10] = [
    "-t",
    "lamp/set",
    "--will-topic",
    "lamp/status",
    "--will-payload",
    "offline",
    "--will-qos",
    "1",
    "--will-retain",
    "-d",
];

/// [MQTT-3.1.2-8]
pub(crate) fn a_will_is_published_when_a_client_is_killed(stand: &Stand) {
    let mut watcher = Subscriber::start(stand.port(), &["-t", "lamp/status", "-q", "1"]);
    for version in ["311", "5"] {
        let lamp = Subscriber::start(stand.port(), &[&["-V", version, "-i", "lamp"], &WILL[..]].concat());
        lamp.kill();
        let message = watcher.message();
        assert_eq!((message.qos, message.payload.as_str()), (1, "offline"), "in version {version}");
    }
    // A device that is nothing but a lost socket.
    let connect = device::connect(ProtocolVersion::V5_0, "raw-lamp");
    let connect = device::with_will(connect, "lamp/status", "raw offline");
    drop(Device::ask(stand.port(), connect));
    assert_eq!(watcher.said().1, "raw offline");
}

/// [MQTT-3.1.2-10]
pub(crate) fn a_will_is_not_published_after_disconnect(stand: &Stand) {
    let mut watcher = Subscriber::start(stand.port(), &["-t", "lamp/status", "-q", "1"]);
    for version in ["311", "5"] {
        // It says goodbye after its first message.
        let args = [&["-V", version, "-i", "lamp", "-C", "1"], &WILL[..]].concat();
        let mut lamp = Subscriber::start(stand.port(), &args);
        publish(stand.port(), &["-t", "lamp/set", "-m", "off"]);
        assert_eq!(lamp.said().1, "off");
        lamp.ended();
        // A second connection of the same id is let in after the first is over.
        Device::connect(stand.port(), ProtocolVersion::V3_1_1, "lamp").disconnect();
        publish(stand.port(), &["-t", "lamp/status", "-m", "the next thing said", "-q", "1"]);
        assert_eq!(watcher.said().1, "the next thing said", "in version {version}");
    }
}

/// Normal Disconnection keeps the will, 0x04 asks for it (§3.14.2.1). `mosquitto_sub -V 5` says 0x04 when it is interrupted.
pub(crate) fn a_will_is_published_when_disconnect_asks_for_it(stand: &Stand) {
    let mut watcher = Subscriber::start(stand.port(), &["-t", "lamp/status", "-q", "1"]);
    let lamp = Subscriber::start(stand.port(), &[&["-V", "5", "-i", "lamp"], &WILL[..]].concat());
    lamp.disconnect();
    assert_eq!(watcher.said().1, "offline");
}
