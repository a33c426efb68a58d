//! The ways into the site, with TLS and without, and what is told to those who took the wrong one.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracing::warn;

use super::gate::Gate;
use super::tls_stream::TlsStream;
use crate::hub::LineLimit;
use crate::tls::{self, Certificates, Tongue};

/// How long a handshake may take.
const WITHIN: Duration = Duration::from_secs(10);
/// How long somebody who is sent away is listened to.
const DRAINED: Duration = Duration::from_millis(300);

/// One way in: the same for all listeners of an address.
pub(crate) struct Entrance {
    /// Whom it lets in.
    pub(super) gate: Gate,
    /// What it shows, with TLS.
    certificates: Option<Arc<Certificates>>,
    /// The origin of the other way, if there is one.
    other: Option<String>,
    lines: RefCell<LineLimit>,
}

/// Who has come in.
pub(super) struct Visitor {
    pub(super) entrance: Rc<Entrance>,
    pub(super) peer: SocketAddr,
    /// The name in a verified client certificate.
    pub(super) identity: Option<String>,
}

/// A connection that has come in.
pub(super) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream>),
}

impl Entrance {
    /// A way in that is plain, or shows `certificates`; `other` is the origin of the other one.
    pub(crate) fn new(gate: Gate, certificates: Option<Arc<Certificates>>, other: Option<String>) -> Self {
        Self { gate, certificates, other, lines: RefCell::default() }
    }

    /// Whether TLS is spoken here.
    pub(super) fn is_secure(&self) -> bool {
        self.certificates.is_some()
    }

    /// Whether a device has to show a certificate here.
    pub(super) fn wants_certificate(&self) -> bool {
        self.certificates.as_ref().is_some_and(|certificates| certificates.client_required())
    }

    /// Greets who has come. `None` when that came to nothing, and was told.
    pub(super) async fn admit(
        self: &Rc<Self>,
        socket: TcpStream,
        peer: SocketAddr,
    ) -> Option<(Stream, Visitor)> {
        match tokio::time::timeout(WITHIN, self.greet(socket)).await {
            Ok(Ok((stream, identity))) => {
                let entrance = Rc::clone(self);
                Some((stream, Visitor { entrance, peer, identity }))
            }
            Ok(Err(Some(why))) => {
                self.tell(peer, &why);
                None
            }
            Ok(Err(None)) => None,
            Err(_) if self.is_secure() => {
                self.tell(peer, "its TLS handshake was not finished within 10 s");
                None
            }
            Err(_) => None,
        }
    }

    async fn greet(&self, socket: TcpStream) -> Result<(Stream, Option<String>), Option<String>> {
        let mut first = [0; 2];
        let length = socket.peek(&mut first).await.map_err(|_| None)?;
        let tongue = match &first[..length] {
            [] => return Err(None),
            first => Tongue::of(first),
        };
        let Some(certificates) = &self.certificates else {
            if tongue == Tongue::Tls {
                part(socket, tls::NO_TLS_HERE).await;
                return Err(Some(match &self.other {
                    Some(other) => format!("it speaks TLS where HTTP is plain: over TLS it is {other}/"),
                    None => "it speaks TLS where HTTP is plain: start lacewing with --https, or open http://"
                        .to_owned(),
                }));
            }
            return Ok((Stream::Plain(socket), None));
        };
        if tongue != Tongue::Tls {
            if tongue == Tongue::Http {
                let words = format!("This is TLS: open {}/\n", self.gate.home());
                let answer = format!(
                    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
                     Connection: close\r\n\r\n{words}",
                    words.len()
                );
                part(socket, answer.as_bytes()).await;
            }
            return Err(Some(format!(
                "it does without TLS where TLS is spoken: it should open {}/",
                self.gate.home()
            )));
        }
        let stream = TlsStream::greet(socket, certificates.for_pages()).await.map_err(Some)?;
        let identity = stream.session().identity().map_err(|error| Some(error.to_string()))?;
        Ok((Stream::Secure(Box::new(stream)), identity))
    }

    fn tell(&self, peer: SocketAddr, why: &str) {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.lines.borrow_mut().allows_at(wall.as_micros() as u64) {
            warn!("turned away {peer}: {why}");
        }
    }
}

/// Says `words` and closes. What the other end still sends is read and thrown away for a moment, because unread bytes
/// would take the words back.
async fn part(mut socket: TcpStream, words: &[u8]) {
    if socket.write_all(words).await.is_err() || socket.shutdown().await.is_err() {
        return;
    }
    let mut scrap = [0; 1024];
    let drained = async { while socket.read(&mut scrap).await.is_ok_and(|length| length > 0) {} };
    let _ = tokio::time::timeout(DRAINED, drained).await;
}
