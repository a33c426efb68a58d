//! One connection of a load: dialled while it may block, then read and written as it is ready.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use bytes::BytesMut;
use lacewing_protocol::{Packet, PacketId, QoS, Subscribe, SubscriptionOptions, TopicFilter, UserProperties};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::Load;
use super::client::lets_in;
use super::packets::split;
use super::stream::{Stream, Transport};
use super::websocket::Framing;
use crate::device;

/// How long a broker may take to let a client in.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection whose reads block.
#[derive(Debug)]
pub(super) struct Dialled {
    stream: Stream<std::net::TcpStream>,
    framing: Option<Framing>,
    came: Vec<u8>,
    load: Load,
}

/// A connection that never blocks.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream<TcpStream>,
    framing: Option<Framing>,
    /// The start of a packet whose end has not come.
    partial: Vec<u8>,
    /// Packets to be sent.
    out: Vec<u8>,
    /// The same in frames, on a WebSocket.
    framed: Vec<u8>,
    /// How much of them is written.
    written: usize,
}

impl Wire {
    /// Connects a client, and waits until it is let in.
    pub(super) fn dial(load: &Load, client_id: &str, lasting: bool) -> io::Result<Dialled> {
        let socket = std::net::TcpStream::connect(("127.0.0.1", load.port))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let tls = match &load.transport {
            Transport::Tls(trust) => Some(trust.client()?),
            Transport::Tcp | Transport::WebSocket => None,
        };
        let mut stream = Stream { socket, tls };
        let framing = match load.transport {
            Transport::WebSocket => Some(Framing::open(&mut stream, load.port)?),
            Transport::Tcp | Transport::Tls(_) => None,
        };
        let mut dialled = Dialled { stream, framing, came: Vec::new(), load: load.clone() };
        let mut connect = device::connect(load.version, client_id);
        connect.clean_start = !lasting;
        if lasting && load.version.is_v5() {
            connect.properties.session_expiry_interval = Some(3600);
        }
        lets_in(&dialled.ask(&Packet::Connect(Box::new(connect)), 2)?)?;
        Ok(dialled)
    }

    /// Whether bytes wait to be written.
    pub(super) fn is_writing(&self) -> bool {
        !self.out.is_empty() || !self.framed.is_empty() || self.stream.is_writing()
    }

    /// Lets bytes wait to be written.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Writes as much as the socket takes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Self { stream, framing, out, framed, written, .. } = self;
        let waiting = match framing {
            None => out,
            Some(framing) => {
                if !out.is_empty() {
                    framing.wrap(out, framed);
                    out.clear();
                }
                framed
            }
        };
        while *written < waiting.len() {
            match stream.write(&waiting[*written..]) {
                Ok(count) => *written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        waiting.clear();
        *written = 0;
        match stream.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads all there is, into `piece` first; `take` gets each packet, and adds to what is to be sent. Says whether anything came.
    ///
    /// # Errors
    /// The connection has ended, or `take` fails.
    pub(super) fn read(
        &mut self,
        piece: &mut [u8],
        mut take: impl FnMut(u8, &[u8], &mut Vec<u8>) -> Result<(), String>,
    ) -> Result<bool, String> {
        let mut came = false;
        loop {
            let read = match self.stream.read(piece) {
                Ok(0) => return Err("the broker ended a connection".to_owned()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(came),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(format!("the broker ended a connection: {error}")),
            };
            came = true;
            let all = self.stream.is_plain() && read < piece.len();
            let Self { framing, partial, out, .. } = self;
            let mut rest = &piece[..read];
            if let Some(framing) = framing {
                framing.unwrap(rest, partial)?;
                rest = &[];
            } else if !partial.is_empty() {
                partial.extend_from_slice(rest);
                rest = &[];
            }
            if rest.is_empty() {
                let mut left = &partial[..];
                while let Some((first, body, after)) = split(left) {
                    take(first, body, out)?;
                    left = after;
                }
                let used = partial.len() - left.len();
                partial.drain(..used);
            } else {
                while let Some((first, body, after)) = split(rest) {
                    take(first, body, out)?;
                    rest = after;
                }
                partial.extend_from_slice(rest);
            }
            if all {
                return Ok(true);
            }
        }
    }
}

impl Dialled {
    /// Subscribes, and waits until it is granted.
    pub(super) fn subscribe(&mut self, filters: &[String], qos: QoS) -> io::Result<()> {
        let filters = filters.iter().map(|filter| {
            (TopicFilter::try_from(filter.as_str()).expect("a topic filter"), SubscriptionOptions::new(qos))
        });
        let subscribe = Packet::Subscribe(Subscribe {
            packet_id: PacketId::MIN,
            filters: filters.collect(),
            subscription_identifier: None,
            user_properties: UserProperties::default(),
        });
        let answer = self.ask(&subscribe, 9)?;
        let granted = answer.last().copied();
        if granted == Some(u8::from(qos)) {
            return Ok(());
        }
        Err(io::Error::other(format!("a subscription was answered with {granted:?}")))
    }

    /// Sends a packet, and gives the body of the next one, which is of this kind.
    pub(super) fn ask(&mut self, packet: &Packet, kind: u8) -> io::Result<Vec<u8>> {
        self.say(packet)?;
        let mut piece = vec![0; 4096];
        loop {
            if let Some((first, body, rest)) = split(&self.came) {
                let (first, body, used) = (first, body.to_vec(), self.came.len() - rest.len());
                self.came.drain(..used);
                if first >> 4 == kind {
                    return Ok(body);
                }
                return Err(io::Error::other(format!(
                    "the broker answers with a packet of type {}",
                    first >> 4
                )));
            }
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            match &mut self.framing {
                None => self.came.extend_from_slice(&piece[..read]),
                Some(framing) => framing.unwrap(&piece[..read], &mut self.came).map_err(io::Error::other)?,
            }
        }
    }

    /// Sends a packet.
    fn say(&mut self, packet: &Packet) -> io::Result<()> {
        let mut bytes = BytesMut::new();
        packet.encode(self.load.version, &mut bytes).expect("the packet can be written");
        let mut framed = Vec::new();
        match &mut self.framing {
            None => framed.extend_from_slice(&bytes),
            Some(framing) => framing.wrap(&bytes, &mut framed),
        }
        self.stream.write_all(&framed)?;
        self.stream.flush()
    }

    /// From now on it never blocks, and `registry` hears of what happens to it.
    pub(super) fn watched(self, registry: &Registry, token: Token) -> io::Result<Wire> {
        let Self { stream: Stream { socket, tls }, framing, came, .. } = self;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        let stream = Stream { socket, tls };
        Ok(Wire { stream, framing, partial: came, out: Vec::new(), framed: Vec::new(), written: 0 })
    }
}
