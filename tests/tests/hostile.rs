//! In bad company nobody else is disturbed. How fast things go then is `cargo xtask bench hostile`'s to say.

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::device::Device;
use lacewing_tests::hostile::Hostile;
use lacewing_tests::lacewing::BrokerHome;
use lacewing_tests::load::Load;
use lacewing_tests::memory::{Watch, resident};
use lacewing_tests::stand::Stand;

/// By how much memory may grow, in bytes.
const GROWTH: u64 = 64 << 20;

#[test]
fn the_native_broker_serves_everyone_in_bad_company() {
    serves_everyone_in_bad_company(&Stand::start(BrokerHome::Native));
}

#[test]
fn the_tabs_broker_serves_everyone_in_bad_company() {
    serves_everyone_in_bad_company(&Stand::start(BrokerHome::Tab));
}

fn serves_everyone_in_bad_company(stand: &Stand) {
    let load =
        Load { pairs: 1, qos: QoS::AtLeastOnce, count: 1_000, rate: Some(100.0), ..Load::new(stand.port()) };
    let mut witness = Device::connect(stand.port(), ProtocolVersion::V5_0, "witness");
    // What a broker takes for its first messages is not growth.
    Load { count: 100, ..load.clone() }.run();
    let before = resident(&stand.processes());
    let watch = Watch::start(stand.processes());
    let mut hostile = Hostile::start(stand.port());
    let outcome = load.run();
    let growth = watch.most().saturating_sub(before);
    assert!(outcome.is_perfect(), "{} lost, {} doubled", outcome.lost(), outcome.doubled);
    assert!(growth < GROWTH, "memory grew from {} by {} KiB", before >> 10, growth >> 10);
    witness.ping();
    hostile.idle_ones_are_served();
}
