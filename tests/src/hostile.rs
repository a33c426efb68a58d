//! Clients that no broker likes, all at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::BytesMut;
use lacewing_protocol::{Packet, ProtocolVersion, QoS};

use crate::device::{self, Device};
use crate::machine::allow_open_files;

/// Clients that connected and say nothing.
const IDLE: usize = 2_000;
/// Bytes of a message to the one that does not read, and the time between two: 3 MiB a second.
const FLOOD: usize = 16 << 10;
const FLOOD_EVERY: Duration = Duration::from_millis(5);
/// What is thrown out comes back after a moment.
const AGAIN: Duration = Duration::from_millis(100);

/// The bad company, there until it is dropped.
#[derive(Debug)]
pub struct Hostile {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// 2 000 that connected and say nothing.
    idle: Vec<Device>,
    /// One that subscribed to everything and does not read.
    _deaf: Device,
}

impl Hostile {
    /// Connects everyone: one that sends random bytes, before and after a CONNECT, one that sends a byte a second, before and after
    /// a CONNECT, one with a packet of 256 MiB, one that subscribed to everything and stops reading, one that floods it,
    /// and 2 000 idle ones.
    ///
    /// # Panics
    /// When an idle one is not let in.
    pub fn start(port: u16) -> Self {
        allow_open_files();
        let mut idle: Vec<Device> = (0..IDLE)
            .map(|number| {
                let mut device = Device::dial(port, ProtocolVersion::V3_1_1);
                let connect = device::connect(ProtocolVersion::V3_1_1, &format!("idle-{number}"));
                device.send(&Packet::Connect(Box::new(connect)));
                device
            })
            .collect();
        for device in &mut idle {
            assert!(matches!(device.receive(), Packet::ConnAck(_)), "an idle client is let in");
        }
        let mut deaf = Device::connect(port, ProtocolVersion::V3_1_1, "deaf");
        deaf.subscribe("#", QoS::AtMostOnce);

        let stop = Arc::new(AtomicBool::new(false));
        let behaviours: [fn(u16, &AtomicBool); 6] = [
            |port, stop| random_bytes(port, stop, false),
            |port, stop| random_bytes(port, stop, true),
            |port, stop| a_byte_a_second(port, stop, false),
            |port, stop| a_byte_a_second(port, stop, true),
            a_packet_of_256_mib,
            flood,
        ];
        let threads = behaviours
            .map(|behave| {
                let stop = Arc::clone(&stop);
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        behave(port, &stop);
                        thread::sleep(AGAIN);
                    }
                })
            })
            .into();
        Self { stop, threads, idle, _deaf: deaf }
    }

    /// Whether every idle client is still served.
    ///
    /// # Panics
    /// When one is not.
    pub fn idle_ones_are_served(&mut self) {
        for device in &mut self.idle {
            device.ping();
        }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A hostile client that could not even connect was heard of by its test.
            let _ = thread.join();
        }
    }
}

fn random_bytes(port: u16, stop: &AtomicBool, connected: bool) {
    let Some(mut socket) = dial(port, connected) else { return };
    // Another one for every connection: its port is new each time.
    let own = socket.local_addr().map_or(1, |address| address.port());
    let mut state = (u64::from(own) << 1 | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut bytes = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        for byte in &mut bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 56) as u8;
        }
        if socket.write_all(&bytes).is_err() || has_ended(&mut socket) {
            return;
        }
    }
}

/// A CONNECT, or a PUBLISH after it, so slow that it never ends.
fn a_byte_a_second(port: u16, stop: &AtomicBool, connected: bool) {
    let Some(mut socket) = dial(port, connected) else { return };
    let packet = if connected {
        Packet::Publish(device::publish("slow/topic", &[b'.'; 600]))
    } else {
        Packet::Connect(Box::new(device::connect(ProtocolVersion::V3_1_1, &"slow".repeat(50))))
    };
    for byte in encoded(&packet) {
        for _ in 0..10 {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        if socket.write_all(&[byte]).is_err() || has_ended(&mut socket) {
            return;
        }
    }
}

fn a_packet_of_256_mib(port: u16, stop: &AtomicBool) {
    let Some(mut socket) = dial(port, true) else { return };
    // PUBLISH with the largest Remaining Length there is, and a topic.
    let mut sent = socket.write_all(b"\x30\xFF\xFF\xFF\x7F\x00\x04huge");
    let piece = [b'.'; 64 << 10];
    for _ in 0..(256 << 20) / piece.len() {
        if sent.is_err() || stop.load(Ordering::Relaxed) {
            return;
        }
        sent = socket.write_all(&piece);
    }
}

/// Publishes more than the deaf one could ever hold.
fn flood(port: u16, stop: &AtomicBool) {
    let Some(mut socket) = dial(port, true) else { return };
    let message = encoded(&Packet::Publish(device::publish("flood/topic", &[b'.'; FLOOD])));
    while !stop.load(Ordering::Relaxed) {
        match socket.write_all(&message) {
            Ok(()) => thread::sleep(FLOOD_EVERY),
            // A publisher that is held back waits, and looks up now and then.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
            Err(_) => return,
        }
    }
}

/// A socket that blocks for a second at most, after a CONNECT that was granted if it is to be `connected`.
fn dial(port: u16, connected: bool) -> Option<TcpStream> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.set_write_timeout(Some(Duration::from_secs(1))).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    if connected {
        let connect = device::connect(ProtocolVersion::V3_1_1, "");
        socket.write_all(&encoded(&Packet::Connect(Box::new(connect)))).ok()?;
        socket.read_exact(&mut [0; 4]).ok()?;
    }
    Some(socket)
}

/// Whether the other side has closed.
fn has_ended(socket: &mut TcpStream) -> bool {
    if socket.set_nonblocking(true).is_err() {
        return true;
    }
    let mut ended = false;
    loop {
        match socket.read(&mut [0; 256]) {
            Ok(0) => ended = true,
            Ok(_) => continue,
            Err(error) => ended |= error.kind() != std::io::ErrorKind::WouldBlock,
        }
        break;
    }
    ended || socket.set_nonblocking(false).is_err()
}

fn encoded(packet: &Packet) -> BytesMut {
    let mut bytes = BytesMut::new();
    packet.encode(ProtocolVersion::V3_1_1, &mut bytes).expect("the packet can be written");
    bytes
}
