//! `cargo xtask bench connections`: 10 000 clients at once, each with a subscription of its own, every other one in 5.0.
//!
//! Fails when one is not let in, a message is lost, or memory grows by more than 16 KiB a client. One argument: how many clients.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::time::Instant;

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::device::Device;
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::machine::{allow_open_files, machine};
use lacewing_tests::memory::resident;

/// Files of this process that are no client's socket.
const OTHER_FILES: u64 = 64;
/// Messages to each client.
const ROUNDS: usize = 3;
/// How much memory each client may take, in bytes.
const MEMORY_EACH: u64 = 16 << 10;

fn main() -> ExitCode {
    let clients: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(10_000);
    println!("{}", machine());
    if let Some(files) = allow_open_files()
        && files < clients as u64 + OTHER_FILES
    {
        println!(
            "{clients} clients need as many open files, and this system allows {files}: raise `ulimit -Hn`"
        );
        return ExitCode::FAILURE;
    }
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--log", "warn"]);
    let empty = resident(&[lacewing.id()]);

    let began = Instant::now();
    let mut devices: Vec<Device> = (0..clients).map(|number| enter(&lacewing, number)).collect();
    println!("{clients} clients came in and subscribed in {:.1} s", began.elapsed().as_secs_f64());
    let each = resident(&[lacewing.id()]).saturating_sub(empty) / clients as u64;
    println!("the broker took {:.1} MiB before, and {:.2} KiB for each", mib(empty), each as f64 / 1024.0);

    let began = Instant::now();
    let mut publisher = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "publisher");
    for round in 0..ROUNDS {
        for number in 0..clients {
            publisher.publish(&topic(number), round.to_string().as_bytes(), QoS::AtLeastOnce);
        }
        for (number, device) in devices.iter_mut().enumerate() {
            // Waits for half a minute at most, and panics then: a message was lost.
            let message = device.message();
            let heard = message.topic.as_ref().map(|topic| topic.as_str());
            assert_eq!((heard, message.payload), (Some(topic(number).as_str()), round.to_string().into()));
        }
    }
    let messages = ROUNDS * clients;
    println!(
        "{messages} messages with QoS 1, none lost, none out of order, in {:.1} s",
        began.elapsed().as_secs_f64()
    );
    devices.iter_mut().for_each(Device::ping);
    println!("everyone is still served; the broker takes {:.1} MiB", mib(resident(&[lacewing.id()])));
    if each > MEMORY_EACH {
        println!("The contract is broken: no more than {} KiB for each client.", MEMORY_EACH >> 10);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn enter(lacewing: &Lacewing, number: usize) -> Device {
    let version = if number.is_multiple_of(2) { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5_0 };
    let mut device = Device::connect(lacewing.mqtt_port, version, &format!("client-{number}"));
    device.subscribe(&topic(number), QoS::AtLeastOnce);
    device
}

fn topic(number: usize) -> String {
    format!("each/{number}/only")
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
