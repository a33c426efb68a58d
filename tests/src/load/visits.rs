//! Clients that come, are let in, say DISCONNECT and are gone, some of them at a time.

use std::time::{Duration, Instant};

use std::io::{ErrorKind, Read, Write};

use bytes::BytesMut;
use lacewing_protocol::{Disconnect, Packet, ReasonCode};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::client::lets_in;
use super::packets::split;
use super::{Load, STALLED};
use crate::device;

/// So many are on their way at once.
const AT_ONCE: usize = 50;

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Visits {
    /// Clients that came and were closed by the broker after their DISCONNECT.
    pub ended: u64,
    /// From the first to the last.
    pub elapsed: Duration,
    /// Why it ended early.
    pub trouble: Option<String>,
}

struct Visitor {
    socket: TcpStream,
    said_goodbye: bool,
}

/// Has `count` clients come and go.
pub fn visits(load: &Load, count: u64) -> Visits {
    let mut outcome = Visits::default();
    if let Err(error) = come_and_go(load, count, &mut outcome) {
        outcome.trouble = Some(error.to_string());
    }
    outcome
}

fn come_and_go(load: &Load, count: u64, outcome: &mut Visits) -> std::io::Result<()> {
    let mut poll = Poll::new()?;
    let mut visitors: Vec<Option<Visitor>> = (0..AT_ONCE).map(|_| None).collect();
    let mut events = Events::with_capacity(AT_ONCE);
    let mut goodbye = BytesMut::new();
    let packet = Packet::Disconnect(Box::new(Disconnect::new(ReasonCode::Success)));
    packet.encode(load.version, &mut goodbye).expect("the packet can be written");
    let (mut came, began) = (0, Instant::now());
    let mut progress = began;
    while outcome.ended < count {
        for (place, visitor) in visitors.iter_mut().enumerate() {
            if visitor.is_none() && came < count {
                let mut new = enter(load, came)?;
                poll.registry().register(&mut new.socket, Token(place), Interest::READABLE)?;
                *visitor = Some(new);
                came += 1;
            }
        }
        poll.poll(&mut events, Some(super::PATIENCE))?;
        for event in &events {
            let Token(place) = event.token();
            let Some(visitor) = &mut visitors[place] else { continue };
            if serve(visitor, &goodbye)? {
                visitors[place] = None;
                outcome.ended += 1;
                progress = Instant::now();
            }
        }
        if progress.elapsed() > STALLED {
            return Err(std::io::Error::other("nobody is let in or out any more"));
        }
    }
    outcome.elapsed = progress - began;
    Ok(())
}

fn enter(load: &Load, number: u64) -> std::io::Result<Visitor> {
    let mut socket = std::net::TcpStream::connect(("127.0.0.1", load.port))?;
    socket.set_nodelay(true)?;
    let mut hello = BytesMut::new();
    let packet = Packet::Connect(Box::new(device::connect(load.version, &format!("visitor-{number}"))));
    packet.encode(load.version, &mut hello).expect("the packet can be written");
    socket.write_all(&hello)?;
    socket.set_nonblocking(true)?;
    Ok(Visitor { socket: TcpStream::from_std(socket), said_goodbye: false })
}

/// Reads what has come; whether that was the end.
fn serve(visitor: &mut Visitor, goodbye: &[u8]) -> std::io::Result<bool> {
    let mut piece = [0; 256];
    loop {
        match visitor.socket.read(&mut piece) {
            Ok(0) if visitor.said_goodbye => return Ok(true),
            Ok(0) => return Err(std::io::Error::other("the broker ended a connection")),
            Ok(read) if !visitor.said_goodbye => {
                let Some((0x20, body, _)) = split(&piece[..read]) else {
                    return Err(std::io::Error::other("CONNECT was answered with something else"));
                };
                lets_in(body)?;
                visitor.socket.write_all(goodbye)?;
                visitor.said_goodbye = true;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            // A broker that closes at once may reset what it did not read.
            Err(error) if error.kind() == ErrorKind::ConnectionReset && visitor.said_goodbye => {
                return Ok(true);
            }
            Err(error) => return Err(error),
        }
    }
}
