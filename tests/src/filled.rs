//! A broker with a lot to keep.

use lacewing_protocol::{Packet, PacketId, ProtocolVersion, QoS};

use crate::device::{self, Device};

/// Messages sent before it is seen that they have arrived: what is between is in memory.
const STRIDE: u32 = 10_000;

/// Gives the broker at `port` so many retained messages of twenty bytes, and sessions with a subscription each whose clients are
/// away. All of it is kept when this returns.
///
/// # Panics
/// The broker refuses it.
pub fn fill(port: u16, retained: u32, sessions: u32) {
    let mut publisher = Device::connect(port, ProtocolVersion::V3_1_1, "publisher");
    for number in 0..retained {
        let mut publish =
            device::publish(&format!("kept/{}/{number}", number % 1000), b"a value of twenty by");
        publish.retain = true;
        publisher.send(&Packet::Publish(publish));
        if number % STRIDE == 0 {
            publisher.ping();
        }
    }
    // What comes before one that is retained is kept by the time it is acknowledged.
    let mut last = device::publish("kept/all", b"done");
    (last.retain, last.qos, last.packet_id) = (true, QoS::AtLeastOnce, Some(PacketId::MIN));
    publisher.send(&Packet::Publish(last));
    assert!(matches!(publisher.receive(), Packet::PubAck(_)));
    publisher.disconnect();
    for number in 0..sessions {
        let mut connect = device::connect(ProtocolVersion::V3_1_1, &format!("session-{number}"));
        connect.clean_start = false;
        let (mut device, _) = Device::ask(port, connect);
        device.subscribe(&format!("session/{number}/#"), QoS::AtLeastOnce);
        device.disconnect();
    }
}
