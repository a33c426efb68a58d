//! One TLS connection without its socket: records in, plain bytes out, and the other way round.
//!
//! It keeps no buffers of its own while nothing is on the way, so that an idle connection is small; the reactor and
//! the HTTP side both move its bytes.

use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use rustls::{Error, ServerConfig};

use super::identity::{self, IdentityError};

/// What may be kept of records that are not complete: one record, with room for its frame. A handshake message that
/// needs more is refused.
const INCOMPLETE_MAX: usize = 20 << 10;
/// What a record adds to its plain bytes, and how many of those one holds.
const RECORD_FRAME: usize = 32;
const RECORD: usize = 16 << 10;

/// The server's end of a TLS connection.
pub(crate) struct Session {
    connection: UnbufferedServerConnection,
    /// The beginning of a record, or of a handshake message, whose rest has not come.
    incomplete: Vec<u8>,
    /// Records that go out before anything is encrypted.
    outgoing: Vec<u8>,
    /// The other end has said that nothing more comes.
    ended: bool,
    /// Nothing can be encrypted any more: it failed, or close_notify was said.
    closed: bool,
}

impl fmt::Debug for Session {
    /// Leaves out what holds keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("ended", &self.ended)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session that waits for a ClientHello.
    pub(crate) fn new(config: Arc<ServerConfig>) -> Result<Self, Error> {
        let connection = UnbufferedServerConnection::new(config)?;
        Ok(Self { connection, incomplete: Vec::new(), outgoing: Vec::new(), ended: false, closed: false })
    }

    /// Whether the other end is still being greeted: nothing that it says counts yet.
    pub(crate) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Whether the other end has said close_notify: everything that it sent was received.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether records wait to be sent, in answer to what was received.
    pub(crate) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// The name in the verified client certificate, if one was shown.
    pub(crate) fn identity(&self) -> Result<Option<String>, IdentityError> {
        let certificates = self.connection.peer_certificates().unwrap_or_default();
        certificates.first().map(|certificate| identity::name(certificate)).transpose()
    }

    /// Takes what the socket gave, and gives the plain bytes in it. After an error the session is over; what is
    /// outgoing then tells the other end why.
    pub(crate) fn receive(&mut self, mut bytes: BytesMut) -> Result<BytesMut, Error> {
        let mut plain = BytesMut::new();
        if self.incomplete.is_empty() {
            let used = self.records(&mut bytes, &mut plain)?;
            self.incomplete.extend_from_slice(&bytes[used..]);
        } else {
            let mut records = std::mem::take(&mut self.incomplete);
            records.extend_from_slice(&bytes);
            let used = self.records(&mut records, &mut plain)?;
            if used < records.len() {
                records.drain(..used);
                self.incomplete = records;
            }
        }
        if self.incomplete.len() > INCOMPLETE_MAX {
            self.closed = true;
            return Err(Error::PeerSentOversizedRecord);
        }
        Ok(plain)
    }

    /// The records that carry `plain`, after those that are outgoing already.
    pub(crate) fn encrypt(&mut self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut records = self.take_outgoing();
        if !plain.is_empty() && !self.closed {
            let frames = (plain.len() / RECORD + 1) * RECORD_FRAME;
            self.write(&mut records, plain.len() + frames, |traffic, room| traffic.encrypt(plain, room))?;
        }
        Ok(records)
    }

    /// Says that nothing more comes from this end. Saying it twice does nothing.
    pub(crate) fn close(&mut self) {
        if self.closed || self.is_handshaking() {
            return;
        }
        let mut records = self.take_outgoing();
        // An end that fails is an end as well.
        let _ = self.write(&mut records, RECORD_FRAME, |traffic, room| traffic.queue_close_notify(room));
        self.outgoing = records;
        self.closed = true;
    }

    /// The records that wait to be sent.
    pub(crate) fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// Has `records`, which were encrypted and not sent, go out before all others.
    pub(crate) fn put_back(&mut self, mut records: Vec<u8>) {
        records.append(&mut self.outgoing);
        self.outgoing = records;
    }

    /// Goes through whole records, and says how many bytes of `input` they were.
    fn records(&mut self, input: &mut [u8], plain: &mut BytesMut) -> Result<usize, Error> {
        let mut used = 0;
        loop {
            match step(&mut self.connection, &mut input[used..], plain, &mut self.outgoing) {
                (discard, Ok(Step::More)) => used += discard,
                (discard, Ok(Step::Ended)) => {
                    used += discard;
                    self.ended = true;
                }
                (discard, Ok(Step::Waits)) => {
                    // What follows a close_notify means nothing.
                    return Ok(if self.ended { input.len() } else { used + discard });
                }
                (_, Err(error)) => {
                    self.closed = true;
                    self.take_alert();
                    return Err(error);
                }
            }
        }
    }

    /// Takes over the alert that a failure has queued.
    fn take_alert(&mut self) {
        // Only as long as there is one: the connection must not look at its input again.
        while self.connection.wants_write() {
            let mut nothing = BytesMut::new();
            if !matches!(
                step(&mut self.connection, &mut [], &mut nothing, &mut self.outgoing),
                (_, Ok(Step::More))
            ) {
                return;
            }
        }
    }

    /// Has `put` write into about `room` bytes after `records`.
    fn write(
        &mut self,
        records: &mut Vec<u8>,
        room: usize,
        mut put: impl FnMut(&mut WriteTraffic<'_>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), Error> {
        loop {
            // It is given the same beginning of a record as before, because it remembers how far it had come in it.
            let UnbufferedStatus { state, .. } = self.connection.process_tls_records(&mut self.incomplete);
            match state? {
                ConnectionState::WriteTraffic(mut traffic) => {
                    let start = records.len();
                    records.resize(start + room, 0);
                    let written = match put(&mut traffic, &mut records[start..]) {
                        Err(EncryptError::InsufficientSize(short)) => {
                            records.resize(start + short.required_size, 0);
                            put(&mut traffic, &mut records[start..])
                        }
                        result => result,
                    };
                    records.truncate(start + written.as_ref().map_or(0, |written| *written));
                    return written.map(drop).map_err(|_| Error::EncryptError);
                }
                ConnectionState::EncodeTlsData(mut data) => encode(&mut data, records)?,
                ConnectionState::TransmitTlsData(data) => data.done(),
                _ => return Err(Error::HandshakeNotComplete),
            }
        }
    }
}

type WriteTraffic<'a> = rustls::unbuffered::WriteTraffic<'a, rustls::server::ServerConnectionData>;
type EncodeTlsData<'a> = rustls::unbuffered::EncodeTlsData<'a, rustls::server::ServerConnectionData>;

enum Step {
    More,
    /// The other end said close_notify.
    Ended,
    /// Nothing is left to do without more input.
    Waits,
}

/// Lets the connection do one thing; says how much of `input` it is done with.
fn step(
    connection: &mut UnbufferedServerConnection,
    input: &mut [u8],
    plain: &mut BytesMut,
    outgoing: &mut Vec<u8>,
) -> (usize, Result<Step, Error>) {
    let UnbufferedStatus { mut discard, state, .. } = connection.process_tls_records(input);
    let result = match state {
        Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
            match traffic.next_record() {
                Some(Ok(record)) => {
                    discard += record.discard;
                    plain.extend_from_slice(record.payload);
                }
                Some(Err(error)) => break Err(error),
                None => break Ok(Step::More),
            }
        },
        Ok(ConnectionState::EncodeTlsData(mut data)) => encode(&mut data, outgoing).map(|()| Step::More),
        Ok(ConnectionState::TransmitTlsData(data)) => {
            data.done();
            Ok(Step::More)
        }
        Ok(ConnectionState::PeerClosed) => Ok(Step::Ended),
        Ok(_) => Ok(Step::Waits),
        Err(error) => Err(error),
    };
    (discard, result)
}

fn encode(data: &mut EncodeTlsData<'_>, records: &mut Vec<u8>) -> Result<(), Error> {
    let start = records.len();
    let written = match data.encode(&mut records[start..]) {
        Err(EncodeError::InsufficientSize(short)) => {
            records.resize(start + short.required_size, 0);
            data.encode(&mut records[start..])
        }
        result => result,
    };
    records.truncate(start + written.as_ref().map_or(0, |written| *written));
    written.map(drop).map_err(|_| Error::EncryptError)
}
