//! `cargo xtask bench native`: `lacewing --broker native` and, where it is installed, mosquitto, in alternating rounds.
//!
//! One argument: the number of rounds, 5 without it. Fails when Lacewing loses anything.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode};

use lacewing_protocol::QoS;
use lacewing_tests::load::{Load, Outcome};
use lacewing_tests::machine::{machine, median};
use lacewing_tests::patience::eventually;
use lacewing_tests::program::Program;
use lacewing_tests::stand::Stand;
use tempfile::TempDir;

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let lacewing = Stand::native();
    let mosquitto = Mosquitto::start();
    println!("{}", machine());
    println!(
        "TCP, MQTT 3.1.1, 64-byte payloads, 10 pairs, window 200, medians of {rounds} rounds that take turns"
    );
    println!("messages a second · processor seconds of the broker per million messages");

    let mut lossless = true;
    for (name, qos, count) in [
        ("QoS 0", QoS::AtMostOnce, 50_000),
        ("QoS 1", QoS::AtLeastOnce, 20_000),
        ("QoS 2", QoS::ExactlyOnce, 8_000),
    ] {
        let brokers = [
            Some(("lacewing", lacewing.port(), lacewing.lacewing.id())),
            mosquitto.as_ref().map(|it| ("mosquitto", it.port, it.program.id())),
        ];
        let mut figures = vec![Vec::new(); brokers.len()];
        for _ in 0..rounds {
            for (&broker, figures) in brokers.iter().zip(&mut figures) {
                let Some((_, port, process)) = broker else { continue };
                let before = processor_seconds(process);
                let outcome = Load { qos, count, ..Load::new(port) }.run();
                let spent = processor_seconds(process) - before;
                figures.push((outcome, spent));
            }
        }
        for (broker, figures) in brokers.iter().zip(&figures) {
            let Some((broker, ..)) = broker else { continue };
            let rate = median(&figures.iter().map(|(outcome, _)| outcome.rate()).collect::<Vec<_>>());
            let cost = |(outcome, spent): &(Outcome, f64)| spent * 1e6 / outcome.arrived as f64;
            let cost = median(&figures.iter().map(cost).collect::<Vec<_>>());
            let lost: u64 = figures.iter().map(|(outcome, _)| outcome.lost()).sum();
            let lost_in_words = if lost == 0 { String::new() } else { format!(", {lost} lost") };
            println!("  {name} {broker:>9}: {rate:>8.0} · {cost:.1}{lost_in_words}");
            lossless &= lost == 0 || *broker != "lacewing";
        }
    }
    if lossless { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Debian's broker, for comparison.
struct Mosquitto {
    program: Program,
    port: u16,
    _settings: TempDir,
}

impl Mosquitto {
    /// Starts it, if it is installed.
    fn start() -> Option<Self> {
        let file = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"]
            .into_iter()
            .find(|file| Path::new(file).is_file())?;
        // It takes no port 0; the port that was free a moment ago is free still.
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let settings = TempDir::new().ok()?;
        let written = settings.path().join("mosquitto.conf");
        let lines = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n"
        );
        fs::write(&written, lines).ok()?;
        let program = Program::start(Command::new(file).arg("-c").arg(&written));
        eventually("mosquitto listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        Some(Self { program, port, _settings: settings })
    }
}

/// Processor time of a process so far, as Linux counts it: in hundredths of a second.
fn processor_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is the name, in brackets, and may hold anything.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}
