//! Takes new TCP connections, a bounded number a turn, and rests when the system has no more room.

use std::io;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use tracing::warn;

/// Connections taken in one turn from one listener.
const PER_TURN: usize = 128;
/// How long nothing is accepted after the system had no room, in microseconds.
const REST: u64 = 500_000;
/// Listeners have the tokens from here upwards; no connection's place is that high.
const FIRST_TOKEN: usize = usize::MAX - 64;

/// The device listeners.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listeners: Vec<Entrance>,
    rests_until: Option<u64>,
}

#[derive(Debug)]
struct Entrance {
    listener: TcpListener,
    /// It is for TLS.
    secure: bool,
    /// Someone may be waiting.
    ready: bool,
}

impl Acceptor {
    /// Listens on the listeners, which are bound and non-blocking: without TLS on `plain`, with it on `secure`.
    pub(crate) fn new(
        plain: Vec<std::net::TcpListener>,
        secure: Vec<std::net::TcpListener>,
        registry: &Registry,
    ) -> io::Result<Self> {
        let plain = plain.into_iter().map(|listener| (listener, false));
        let all = plain.chain(secure.into_iter().map(|listener| (listener, true)));
        let mut registered = Vec::new();
        for (index, (listener, secure)) in all.enumerate() {
            let mut listener = TcpListener::from_std(listener);
            registry.register(&mut listener, Token(FIRST_TOKEN + index), Interest::READABLE)?;
            registered.push(Entrance { listener, secure, ready: true });
        }
        Ok(Self { listeners: registered, rests_until: None })
    }

    /// Notes that someone is waiting. False when `token` is not a listener's.
    pub(crate) fn note(&mut self, token: Token) -> bool {
        let index = token.0.checked_sub(FIRST_TOKEN);
        let Some(entrance) = index.and_then(|index| self.listeners.get_mut(index)) else { return false };
        entrance.ready = true;
        true
    }

    /// When to [`accept`](Self::accept) next, if someone is waiting.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.listeners.iter().any(|entrance| entrance.ready).then(|| self.rests_until.unwrap_or(0))
    }

    /// Hands each new connection to `take`, and tells it whether TLS is spoken there.
    pub(crate) fn accept(&mut self, now: u64, mut take: impl FnMut(TcpStream, std::net::SocketAddr, bool)) {
        if self.rests_until.is_some_and(|until| now < until) {
            return;
        }
        self.rests_until = None;
        for Entrance { listener, secure, ready } in &mut self.listeners {
            if !*ready {
                continue;
            }
            for _ in 0..PER_TURN {
                match listener.accept() {
                    Ok((socket, peer)) => take(socket, peer, *secure),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        *ready = false;
                        break;
                    }
                    // The other end has gone again.
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => {
                        warn!("no room for new connections: {error}; trying again in half a second");
                        self.rests_until = Some(now + REST);
                        return;
                    }
                }
            }
        }
    }

    /// Listens no more.
    pub(crate) fn stop(&mut self) {
        self.listeners.clear();
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
