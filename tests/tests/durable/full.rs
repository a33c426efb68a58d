//! A disk that is full: what cannot be kept is not acknowledged, everything else goes on, and all is well when there is room.

use lacewing_protocol::{Packet, PacketId, ProtocolVersion, QoS};
use lacewing_tests::device::{self, Device};
use lacewing_tests::lacewing::Lacewing;
use lacewing_tests::mosquitto::{Subscriber, publish, subscribe};
use lacewing_tests::patience::eventually;
use lacewing_tests::small_disk::SmallDisk;

/// Messages of 64 KiB: more than a new store has room for in the file that it has.
const LARGE: u16 = 64;

#[test]
fn on_a_full_disk_promises_wait_and_nothing_that_was_acknowledged_is_lost() {
    let disk = SmallDisk::new();
    let mut lacewing = Lacewing::start_durable_on(&disk);
    let port = lacewing.mqtt_port;
    publish(port, &["-q", "1", "-r", "-t", "kept/before", "-m", "on"]);
    let session = ["-c", "-i", "reader", "-q", "1", "-t", "mail"];
    Subscriber::start(port, &session).disconnect();
    let mut hoarder = Device::connect(port, ProtocolVersion::V5_0, "hoarder");

    disk.fill(lacewing.id(), &lacewing.folder().join("broker.store"));
    for number in 1..=LARGE {
        let mut large = device::publish(&format!("kept/large/{number}"), &vec![b'x'; 64 << 10]);
        (large.retain, large.qos, large.packet_id) = (true, QoS::AtLeastOnce, PacketId::new(number));
        hoarder.send(&Packet::Publish(large));
    }
    let said = lacewing.program().line_with("no room");
    assert!(said.contains("not acknowledged until") && said.contains("tried again by itself"), "{said}");
    assert!(metrics(&lacewing).contains("\nlacewing_store_full 1\n"));
    // Some may have found room before the last of it was gone.
    let mut acknowledged = 0;
    while hoarder.has_word() {
        assert!(matches!(hoarder.receive(), Packet::PubAck(_)));
        acknowledged += 1;
    }
    // Who is promised nothing does not wait.
    let mut quick = Device::connect(port, ProtocolVersion::V5_0, "quick");
    quick.subscribe("echo", QoS::AtMostOnce);
    for _ in 0..100 {
        quick.publish("echo", b"here", QoS::AtMostOnce);
        assert_eq!(quick.message().payload, "here");
        quick.ping();
    }
    // Who is promised something does, and whoever has it waits as well.
    let mut sender = Device::connect(port, ProtocolVersion::V5_0, "sender");
    let mut letter = device::publish("mail", b"letter");
    (letter.qos, letter.packet_id) = (QoS::AtLeastOnce, PacketId::new(1));
    sender.send(&Packet::Publish(letter));
    quick.ping();
    assert!(!hoarder.has_word() && !sender.has_word(), "{acknowledged} of {LARGE} had room");
    assert!(acknowledged < LARGE);

    disk.make_room(lacewing.id());
    lacewing.program().line_with("there is room again");
    for _ in acknowledged..LARGE {
        assert!(matches!(hoarder.receive(), Packet::PubAck(_)));
    }
    assert!(matches!(sender.receive(), Packet::PubAck(_)));
    eventually("its metrics say nothing of it any more", || {
        metrics(&lacewing).contains("\nlacewing_store_full 0\n").then_some(())
    });

    lacewing.restart();
    assert_eq!(subscribe(port, &["-t", "kept/before", "-C", "1"]), ["on"]);
    let mut all = Device::connect(port, ProtocolVersion::V5_0, "all");
    all.subscribe("kept/large/+", QoS::AtMostOnce);
    let mut numbers: Vec<_> = (1..=LARGE).map(|_| all.message().topic).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), usize::from(LARGE));
    assert_eq!(Subscriber::start(port, &session).message().payload, "letter");
}

fn metrics(lacewing: &Lacewing) -> String {
    lacewing.ask("/metrics", &[&format!("Host: localhost:{}", lacewing.http_port)])
}
