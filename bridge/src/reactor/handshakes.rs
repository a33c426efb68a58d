//! How TLS connections are greeted, and turned away: each has a bounded time, and the hub hears of it once it is in.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use lacewing_broker::{CloseCause, ConnId, Listener, Now};
use tracing::{debug, warn};

use super::Reactor;
use super::connection::Phase;
use super::leaving::FLUSH_WITHIN;
use crate::hub::{Arrival, Role};
use crate::tls::{self, Certificates, Session, Tongue};

/// How long a handshake may take, in microseconds.
const WITHIN: u64 = 10_000_000;
/// Handshakes that go on in one turn: each costs up to a millisecond, and everyone else waits for it.
pub(super) const PER_TURN: u32 = 8;

/// The TLS of a connection.
#[derive(Debug)]
pub(crate) struct Tls {
    /// The records.
    pub(crate) session: Session,
    /// Who is being greeted, until that is done.
    greeting: Option<SocketAddr>,
}

impl Tls {
    /// TLS with somebody who was greeted elsewhere.
    pub(super) fn greeted(session: Session) -> Self {
        Self { session, greeting: None }
    }

    /// Whether the other end is not in yet.
    pub(crate) fn is_greeting(&self) -> bool {
        self.greeting.is_some()
    }
}

/// Where else one could connect, for those who came to the wrong door.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    /// The port without TLS.
    pub(super) plain: Option<u16>,
    /// The port with TLS.
    pub(super) secure: Option<u16>,
    /// What the secure one shows.
    pub(super) certificates: Option<Arc<Certificates>>,
}

impl Doors {
    /// TLS with `peer`, which has just come in by the secure one.
    pub(super) fn greet(&self, peer: SocketAddr) -> Result<Tls, rustls::Error> {
        let certificates =
            self.certificates.as_ref().ok_or_else(|| rustls::Error::General("no certificate".to_owned()))?;
        Ok(Tls { session: Session::new(certificates.for_devices())?, greeting: Some(peer) })
    }
}

/// When the handshake of `conn`, which begins now, is given up.
pub(super) fn deadline(now: Now, conn: ConnId) -> (u64, ConnId) {
    (now.awake + WITHIN, conn)
}

impl Reactor {
    /// Ends those that took too long to greet; when stopping, all that are not in.
    pub(super) fn end_handshakes(&mut self, now: Now, all: bool) {
        while let Some((by, conn)) = self.handshakes.front().copied()
            && (all || by <= now.awake)
        {
            self.handshakes.pop_front();
            let greeting =
                self.connections.find(conn).and_then(|connection| connection.tls.as_ref()?.greeting);
            if let Some(peer) = greeting {
                self.ended.push((conn, CloseCause::Local));
                if !all {
                    self.tell(now, peer, "its TLS handshake was not finished within 10 s");
                }
            }
        }
    }

    /// Takes records of a TLS connection.
    pub(super) fn decrypt(&mut self, now: Now, conn: ConnId, first: bool, bytes: BytesMut) {
        let Some(tls) = self.connections.find(conn).and_then(|connection| connection.tls.as_mut()) else {
            return;
        };
        if let Some(peer) = tls.greeting.filter(|_| first)
            && let tongue = Tongue::of(&bytes)
            && tongue != Tongue::Tls
        {
            self.ended.push((conn, CloseCause::Local));
            self.tell(now, peer, &self.in_the_clear(tongue));
            return;
        }
        let received = tls.session.receive(bytes);
        let (ended, outgoing) = (tls.session.has_ended(), tls.session.has_outgoing());
        if outgoing {
            self.queue_write(conn);
        }
        match received {
            Ok(plain) => {
                if self.welcome(now, conn) && !plain.is_empty() {
                    self.received(now, conn, plain);
                }
            }
            Err(error) => return self.fail(now, conn, &error),
        }
        if ended {
            if let Some(tls) = self.connections.find(conn).and_then(|connection| connection.tls.as_mut()) {
                tls.session.close();
            }
            self.queue_write(conn);
            self.ended.push((conn, CloseCause::Peer));
        }
    }

    /// Tells the hub of a connection whose handshake is done. False when it is not in.
    fn welcome(&mut self, now: Now, conn: ConnId) -> bool {
        let Some(connection) = self.connections.find(conn) else { return false };
        let Some(tls) = connection.tls.as_mut() else { return false };
        if tls.session.is_handshaking() {
            return false;
        }
        let Some(peer) = tls.greeting.take() else { return true };
        match tls.session.identity() {
            Ok(identity) => {
                connection.known = true;
                let (role, listener) = (Role::Device, Listener::Tls);
                self.hub.opened(now, conn, Arrival { role, listener, peer: peer.to_string(), identity });
                true
            }
            Err(error) => {
                self.tell(now, peer, &error.to_string());
                self.turn_away(now, conn);
                false
            }
        }
    }

    /// The connection cannot go on; the alert that says why goes out.
    fn fail(&mut self, now: Now, conn: ConnId, error: &rustls::Error) {
        let tls = self.connections.find(conn).and_then(|connection| connection.tls.as_mut());
        match tls.and_then(|tls| tls.greeting.take()) {
            Some(peer) => self.tell(now, peer, &tls::why(error)),
            None => debug!(%conn, "TLS failed: {error}"),
        }
        self.leave(now, conn, CloseCause::Failed);
        self.turn_away(now, conn);
    }

    /// Takes the first bytes of a connection without TLS. False when they are TLS, and so nobody's here.
    pub(super) fn is_at_the_right_door(&mut self, now: Now, conn: ConnId, bytes: &[u8]) -> bool {
        if Tongue::of(bytes) != Tongue::Tls {
            return true;
        }
        let Some(connection) = self.connections.find(conn) else { return false };
        let peer = connection.socket.peer_addr();
        connection.leave_to_write(Bytes::from_static(tls::NO_TLS_HERE));
        if let Ok(peer) = peer {
            let way = match self.doors.secure {
                Some(port) => format!("let it use port {port}"),
                None => {
                    "start lacewing with --mqtts localhost:8883 and a certificate, or let it do without TLS"
                        .to_owned()
                }
            };
            self.tell(now, peer, &format!("it speaks TLS at a port for plain MQTT: {way}"));
        }
        self.leave(now, conn, CloseCause::Failed);
        self.turn_away(now, conn);
        false
    }

    fn in_the_clear(&self, tongue: Tongue) -> String {
        match (tongue, self.doors.plain) {
            (Tongue::Mqtt, Some(port)) => format!(
                "it speaks plain MQTT at a port for TLS: let it use TLS (mosquitto's clients: --cafile FILE), or port {port}"
            ),
            (Tongue::Http, _) => {
                "it speaks HTTP at a port for MQTT over TLS: the dashboard is elsewhere".to_owned()
            }
            _ => "it does not speak TLS".to_owned(),
        }
    }

    /// Flushes and closes a connection that the hub does not have.
    fn turn_away(&mut self, now: Now, conn: ConnId) {
        let Some(connection) = self.connections.find(conn) else { return };
        connection.phase = Phase::Flushing { drain: true };
        connection.paused = false;
        self.flushing.push_back((now.awake + FLUSH_WITHIN, conn));
        // Something may be left to write that was never tried.
        if !std::mem::replace(&mut connection.queued_to_write, true) {
            self.to_write.push_back(conn);
        }
        self.queue_read(conn);
    }

    /// A line about somebody who was turned away, unless there are too many.
    fn tell(&mut self, now: Now, peer: SocketAddr, why: &str) {
        self.turned_away += 1;
        if self.lines.allows(now) {
            warn!("turned away {peer}: {why}");
        }
    }
}
