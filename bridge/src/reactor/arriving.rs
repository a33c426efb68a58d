//! How connections come in: devices from the listeners, WebSockets from the HTTP side.

use std::io;
use std::net::SocketAddr;

use bytes::BytesMut;
use lacewing_broker::{ConnId, Listener, Now};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use tracing::{debug, warn};

use super::connection::Connection;
use super::connections::Connections;
use super::handshakes::{self, Tls};
use super::websocket::WebSocket;
use super::{Adopted, Reactor};
use crate::hub::{Arrival, Role};

/// The longest message of a tab.
const MESSAGE_MAX: usize = 1 << 20;
/// At most one line about refused connections in this time, in microseconds.
const REFUSALS_EVERY: u64 = 10_000_000;

impl Reactor {
    pub(super) fn accept(&mut self, now: Now) {
        let Self { acceptor, connections, poll, hub, max_connections, refused, doors, handshakes, .. } = self;
        acceptor.accept(now.awake, |socket, peer, secure| {
            if connections.len() >= *max_connections {
                *refused += 1;
                return;
            }
            let peer = canonical(peer);
            let tls = match secure.then(|| doors.greet(peer)).transpose() {
                Ok(tls) => tls,
                Err(error) => return warn!("{peer} was not greeted: {error}"),
            };
            match open(connections, poll.registry(), socket, Role::Device, tls, None) {
                Ok(conn) if secure => handshakes.push_back(handshakes::deadline(now, conn)),
                Ok(conn) => {
                    let (role, listener, peer) = (Role::Device, Listener::Tcp, peer.to_string());
                    hub.opened(now, conn, Arrival { role, listener, peer, identity: None });
                }
                Err(error) => debug!("{peer} was gone at once: {error}"),
            }
        });
        self.tell_refusals(now);
    }

    pub(super) fn adopt(&mut self, now: Now, adopted: Adopted) {
        let Adopted { socket, tls, read, arrival } = adopted;
        // However many devices there are, a page gets in: the hub has a limit of its own for pages.
        let full = arrival.role == Role::Device && self.connections.len() >= self.max_connections;
        if full || self.stop_by.is_some() {
            self.refused += 1;
            return;
        }
        let websocket = match arrival.role {
            Role::Device => WebSocket::stream(),
            Role::Link | Role::Control => WebSocket::messages(MESSAGE_MAX),
        };
        let socket = TcpStream::from_std(socket);
        let (role, tls) = (arrival.role, tls.map(|session| Tls::greeted(*session)));
        match open(&mut self.connections, self.poll.registry(), socket, role, tls, Some(websocket)) {
            Ok(conn) => {
                self.hub.opened(now, conn, arrival);
                self.received(now, conn, BytesMut::from(&read[..]));
                // A session may have brought something that HTTP did not send.
                self.queue_write(conn);
            }
            Err(error) => debug!("{} was gone at once: {error}", arrival.peer),
        }
    }

    fn tell_refusals(&mut self, now: Now) {
        let due = self.refusals_told.is_none_or(|told| told + REFUSALS_EVERY <= now.awake);
        if self.refused > 0 && due {
            warn!("closed {} new connections: all {} are in use", self.refused, self.max_connections);
            self.refused = 0;
            self.refusals_told = Some(now.awake);
        }
    }
}

fn open(
    connections: &mut Connections,
    registry: &Registry,
    mut socket: TcpStream,
    role: Role,
    tls: Option<Tls>,
    websocket: Option<WebSocket>,
) -> io::Result<ConnId> {
    connections.add(|id, place| {
        // What is there to read already is an event of the next turn.
        registry.register(&mut socket, Token(place), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Connection::new(socket, id, role, tls, websocket))
    })
}

/// An IPv4 address as such, also on a socket that takes both families.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}
