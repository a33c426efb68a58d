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

/// A fatal alert for those of whose first words nothing can be made, where the connection has no better one.
const DECODE_ERROR: &[u8] = &[0x15, 3, 3, 0, 2, 2, 50];

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
                    let before = self.outgoing.len();
                    self.take_alert();
                    if self.outgoing.len() == before && self.is_handshaking() {
                        self.outgoing.extend_from_slice(DECODE_ERROR);
                    }
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::LazyLock;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use rustls::crypto::ring;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion, version};

    use super::*;
    use crate::tls::Authority;

    type Configs = (Arc<ServerConfig>, Arc<ClientConfig>);

    static TLS12: LazyLock<Configs> = LazyLock::new(|| make_configs(&version::TLS12));
    static TLS13: LazyLock<Configs> = LazyLock::new(|| make_configs(&version::TLS13));

    fn configs(version: &'static SupportedProtocolVersion) -> Configs {
        if version == &version::TLS12 { TLS12.clone() } else { TLS13.clone() }
    }

    /// Both configurations, with certificates in both directions.
    fn make_configs(version: &'static SupportedProtocolVersion) -> Configs {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open_or_make(folder.path()).unwrap();
        let server = authority.make_server(&["localhost".to_owned()]).unwrap();
        let client = authority.make_client("lamp").unwrap();
        let chain = |path| vec![CertificateDer::from_pem_file(path).unwrap()];
        let key = |path| PrivateKeyDer::from_pem_file(path).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(chain(authority.certificate()).remove(0)).unwrap();
        let (roots, provider) = (Arc::new(roots), Arc::new(ring::default_provider()));
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain(server.certificate), key(server.key))
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain(client.certificate), key(client.key))
            .unwrap();
        (Arc::new(server), Arc::new(client))
    }

    /// A client and a session, and what is damaged between them.
    struct Pair {
        client: ClientConnection,
        session: Session,
        /// The sizes in which bytes arrive, again and again.
        pieces: Vec<usize>,
        sent: usize,
        /// The byte on the way to the server that arrives as another one.
        damaged: Option<usize>,
        heard: Vec<u8>,
    }

    impl Pair {
        fn new(
            version: &'static SupportedProtocolVersion,
            pieces: Vec<usize>,
            damaged: Option<usize>,
        ) -> Self {
            let (server, client) = configs(version);
            let client = ClientConnection::new(client, "localhost".try_into().unwrap()).unwrap();
            let session = Session::new(server).unwrap();
            Self { client, session, pieces, sent: 0, damaged, heard: Vec::new() }
        }

        /// Moves bytes until nothing moves any more.
        fn settle(&mut self) -> Result<(), Error> {
            loop {
                let mut records = Vec::new();
                while self.client.wants_write() {
                    self.client.write_tls(&mut records).unwrap();
                }
                if records.is_empty() && !self.session.has_outgoing() {
                    return Ok(());
                }
                let mut pieces = self.pieces.clone().into_iter().cycle();
                let mut rest = &mut records[..];
                while !rest.is_empty() {
                    let length = pieces.next().unwrap_or(usize::MAX).min(rest.len());
                    let (piece, later) = rest.split_at_mut(length);
                    if let Some(at) =
                        self.damaged.and_then(|at| at.checked_sub(self.sent)).filter(|at| *at < length)
                    {
                        piece[at] ^= 0x55;
                    }
                    self.sent += length;
                    let plain = self.session.receive(BytesMut::from(&*piece))?;
                    self.heard.extend_from_slice(&plain);
                    // Encrypting in the middle of a record that comes in must not lose the place in it.
                    let answer = if self.session.is_handshaking() {
                        self.session.take_outgoing()
                    } else {
                        self.session.encrypt(b".")?
                    };
                    self.answer(&answer)?;
                    rest = later;
                }
                let answer = self.session.take_outgoing();
                self.answer(&answer)?;
            }
        }

        fn answer(&mut self, mut records: &[u8]) -> Result<(), Error> {
            while !records.is_empty() {
                self.client.read_tls(&mut records).unwrap();
                self.client.process_new_packets()?;
            }
            Ok(())
        }
    }

    fn any_version() -> impl Strategy<Value = &'static SupportedProtocolVersion> {
        prop_oneof![Just(&version::TLS12), Just(&version::TLS13)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_split_of_the_records_gives_the_same_plain_bytes(
            version in any_version(),
            pieces in vec(1..5000usize, 1..6),
            said in vec(any::<u8>(), 1..60_000),
        ) {
            let mut pair = Pair::new(version, pieces, None);
            pair.settle().unwrap();
            prop_assert_eq!(pair.session.identity(), Ok(Some("lamp".to_owned())));
            let mut left = &said[..];
            while !left.is_empty() {
                let written = pair.client.writer().write(left).unwrap();
                left = &left[written..];
                pair.settle().unwrap();
            }
            pair.client.send_close_notify();
            pair.settle().unwrap();
            prop_assert!(pair.heard == said);
            prop_assert!(pair.session.has_ended());
            prop_assert!(pair.session.incomplete.capacity() == 0 && pair.session.outgoing.capacity() == 0);
        }

        #[test]
        fn damage_on_the_way_is_an_error_and_never_a_panic(
            version in any_version(),
            pieces in vec(1..3000usize, 1..6),
            damaged in 0..2500usize,
        ) {
            let mut pair = Pair::new(version, pieces, Some(damaged));
            // An error of either end, or none where the byte was the last one of something that is not checked.
            let _ = pair.settle();
            let _ = pair.session.encrypt(b"whatever is left");
            pair.session.close();
        }

        #[test]
        fn no_bytes_make_a_session_panic_or_keep_much(pieces in vec(vec(any::<u8>(), 0..400), 1..40), open in any::<bool>()) {
            let mut session = Session::new(configs(&version::TLS13).0).unwrap();
            for (n, piece) in pieces.into_iter().enumerate() {
                // The head of a handshake record of 16 KiB, so that something is kept.
                let head: &[u8] = if open && n == 0 { b"\x16\x03\x01\x40\x00\x01\x00\x3f\x00" } else { b"" };
                if session.receive(BytesMut::from(&[head, &piece].concat()[..])).is_err() {
                    break;
                }
                prop_assert!(session.incomplete.len() <= INCOMPLETE_MAX);
            }
            session.close();
        }
    }
}
