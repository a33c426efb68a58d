//! In bad company nobody else is disturbed. How fast things go then is `cargo xtask bench hostile`'s to say.

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::device::Device;
use lacewing_tests::hostile::Hostile;
use lacewing_tests::lacewing::BrokerHome;
use lacewing_tests::load::{Amount, Load, Shape};
use lacewing_tests::stand::Stand;

/// By how much the memory that is held may grow, in bytes.
const GROWTH: u64 = 64 << 20;

/// For how long.
const SECONDS: u32 = 10;

#[test]
fn the_native_broker_serves_everyone_in_bad_company() {
    serves_everyone_in_bad_company(&Stand::start(BrokerHome::Native));
}

#[test]
fn the_tabs_broker_serves_everyone_in_bad_company() {
    serves_everyone_in_bad_company(&Stand::start(BrokerHome::Tab));
}

fn serves_everyone_in_bad_company(stand: &Stand) {
    let a_second = Load {
        shape: Shape::Pairs(1),
        qos: QoS::AtLeastOnce,
        amount: Amount::Messages(100),
        rate: Some(100.0),
        ..Load::new(stand.port())
    };
    let mut witness = Device::connect(stand.port(), ProtocolVersion::V5_0, "witness");
    // What a broker takes for its first messages is not growth.
    a_second.run();
    let before = stand.memory();
    let mut hostile = Hostile::start(stand.port());
    let mut growth = u64::MAX;
    for second in 1..=SECONDS {
        let outcome = a_second.run();
        assert!(
            outcome.is_perfect(),
            "in second {second}: {} lost, {} doubled",
            outcome.lost(),
            outcome.doubled
        );
        // A browser lets some 64 MiB of buffers come together before it gives those back that nobody refers to any more: what
        // is held is what is left after that.
        if second > SECONDS / 2 {
            growth = growth.min(stand.memory().saturating_sub(before));
        }
    }
    assert!(growth < GROWTH, "memory grew from {} by {} KiB", before >> 10, growth >> 10);
    witness.ping();
    hostile.idle_ones_are_served();
}
