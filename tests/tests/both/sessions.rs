//! A session outlives its connections.

use std::collections::BTreeSet;

use lacewing_protocol::{Packet, ProtocolVersion, ReasonCode};
use lacewing_tests::device::Device;
use lacewing_tests::mosquitto::{Subscriber, publish};
use lacewing_tests::patience::PATIENCE;
use lacewing_tests::stand::Stand;

pub(crate) fn a_persistent_session_gets_what_it_missed(stand: &Stand) {
    let versions: [&[&str]; 2] = [&["-V", "311", "-c"], &["-V", "5", "-c", "-x", "3600"]];
    for (args, id) in versions.into_iter().zip(["old-reader", "new-reader"]) {
        let topic = format!("missed/{id}");
        let args = [args, &["-i", id, "-q", "2", "-t", &topic]].concat();
        Subscriber::start(stand.port(), &args).disconnect();
        for qos in ["1", "2"] {
            publish(stand.port(), &["-q", qos, "-t", &topic, "-m", &format!("while away, QoS {qos}")]);
        }
        let mut reader = Subscriber::start(stand.port(), &args);
        // Order holds within a QoS, not between two [MQTT-4.6.0-6].
        let heard = BTreeSet::from([reader.message(), reader.message()].map(|message| message.payload));
        assert_eq!(heard, ["1", "2"].map(|qos| format!("while away, QoS {qos}")).into(), "{id}");
        reader.disconnect();
    }
}

/// [MQTT-3.1.4-3]: the first one is told `Session taken over` and disconnected.
pub(crate) fn a_second_client_with_the_same_id_takes_the_session_over(stand: &Stand) {
    let mut first = Device::connect(stand.port(), ProtocolVersion::V5_0, "twin");
    let mut second = Device::connect(stand.port(), ProtocolVersion::V5_0, "twin");
    match first.receive() {
        Packet::Disconnect(goodbye) => assert_eq!(goodbye.reason, ReasonCode::SessionTakenOver),
        other => panic!("a DISCONNECT was due and {other:?} came"),
    }
    first.ends_within(PATIENCE);
    second.ping();
}
