//! One MQTT client of the page and whatever carries it at the moment.

use bytes::{Buf, Bytes, BytesMut};
use lacewing_client::{Backoff, Cause, Client, Options};
use lacewing_link::{CloseCode, Link, Listener, Open, StreamId};
use lacewing_protocol::{ProtocolVersion, ReasonCode, Utf8String};

use crate::model::Who;
use crate::wire::Login;

/// The longest wait between two attempts to connect, in microseconds.
const SLOWEST_RETRY: u64 = 5_000_000;
const FIRST_RETRY: u64 = 200_000;
/// What is taken from the client for a WebSocket at a time.
const SOCKET_PIECE: usize = 64 * 1024;

/// What carries a member's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Nothing; the client waits for its next attempt, or has not been asked.
    None,
    /// It wants to be carried, and there is no road yet.
    Wanted,
    /// A stream of the link to the broker worker.
    Stream(StreamId),
    /// A WebSocket of its own that is being opened.
    Opening,
    /// A WebSocket of its own.
    Socket,
}

/// An MQTT client of the page.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) who: Who,
    pub(crate) client: Client,
    pub(crate) carrier: Carrier,
    options: Options,
    /// Taken from the client and not yet taken by the stream.
    left: Bytes,
    /// Whether this broker has let it in before, so that it knows the version of the protocol.
    welcome: bool,
    /// Whether the present attempt got as far as the broker.
    reached: bool,
}

impl Member {
    pub(crate) fn new(who: Who, client_id: &str, seed: u64, now: u64) -> Self {
        // The ids are this page's own and plain ASCII; an empty one asks the broker for a name.
        let client_id = Utf8String::try_from(client_id).unwrap_or_default();
        let mut options = Options::new(ProtocolVersion::V5_0, client_id);
        options.seed = seed;
        options.backoff = Backoff { min: FIRST_RETRY, max: SLOWEST_RETRY, ..Backoff::default() };
        let mut client = Client::new(options.clone());
        client.start(now);
        Self {
            who,
            client,
            carrier: Carrier::None,
            options,
            left: Bytes::new(),
            welcome: false,
            reached: false,
        }
    }

    /// The broker let it in.
    pub(crate) fn welcomed(&mut self) {
        self.welcome = true;
    }

    /// A connection ended. A broker that was reached and would not talk may not know 5.0: then the next attempt, which is made at
    /// once, uses 3.1.1. What was subscribed is kept.
    pub(crate) fn fall_back(&mut self, now: u64, cause: &Cause) {
        let strange = match cause {
            Cause::Refused { reason, .. } => *reason == ReasonCode::UnsupportedProtocolVersion,
            Cause::TransportClosed | Cause::Protocol { .. } => self.reached && !self.welcome,
            _ => false,
        };
        if !strange || self.options.version != ProtocolVersion::V5_0 {
            return;
        }
        self.options.version = ProtocolVersion::V3_1_1;
        self.begin_again(now);
    }

    /// Says from now on that it is this user. True when it begins again for that; what carried it is to be closed.
    pub(crate) fn log_in(&mut self, now: u64, login: Option<&Login>) -> bool {
        let username = login.and_then(|login| Utf8String::try_from(login.username.as_str()).ok());
        let password = login.map(|login| Bytes::copy_from_slice(login.password.as_bytes()));
        if (&username, &password) == (&self.options.username, &self.options.password) {
            return false;
        }
        // 3.1.1 allows no password without a user name [MQTT-3.1.2-22].
        self.options.password = password.filter(|_| username.is_some());
        self.options.username = username;
        self.lost(now);
        self.begin_again(now);
        true
    }

    /// The user name that it says, empty for none.
    pub(crate) fn username(&self) -> String {
        self.options.username.as_ref().map(|name| name.to_string()).unwrap_or_default()
    }

    /// Connects now, also if it was told that there is no use in it.
    pub(crate) fn retry(&mut self, now: u64) {
        self.client.start(now);
        self.client.retry(now);
    }

    /// Another client in its place, by the options as they are now.
    fn begin_again(&mut self, now: u64) {
        let subscriptions: Vec<_> =
            self.client.subscriptions().map(|(filter, options)| (filter.clone(), *options)).collect();
        self.client = Client::new(self.options.clone());
        if !subscriptions.is_empty() {
            // As many as the last client took.
            let _ = self.client.subscribe(now, subscriptions);
        }
        self.client.start(now);
    }

    /// Another broker: it is not known what it speaks.
    pub(crate) fn strange(&mut self) {
        self.welcome = false;
        self.reached = false;
    }

    /// Its WebSocket is open.
    pub(crate) fn opened(&mut self, now: u64) {
        if self.carrier == Carrier::Opening {
            self.carrier = Carrier::Socket;
            self.reached = true;
            self.client.connected(now);
        }
    }

    /// Its WebSocket is to be opened.
    pub(crate) fn opening(&mut self) {
        self.carrier = Carrier::Opening;
        self.reached = false;
    }

    /// What carried it is gone.
    pub(crate) fn lost(&mut self, now: u64) {
        if self.carrier != Carrier::Wanted {
            self.carrier = Carrier::None;
            self.left = Bytes::new();
            self.client.closed(now);
        }
    }

    /// Opens a stream, if the link is ready for one.
    pub(crate) fn board(&mut self, now: u64, link: &mut Link) {
        let Ok(stream) = link.open(Open::new(Listener::Page, "this browser")) else {
            self.carrier = Carrier::Wanted;
            return;
        };
        self.carrier = Carrier::Stream(stream);
        self.client.connected(now);
    }

    /// Moves what the client has to say to its stream.
    pub(crate) fn transmit_stream(&mut self, now: u64, link: &mut Link) {
        let Carrier::Stream(stream) = self.carrier else { return };
        loop {
            let room = link.writable(stream) as usize;
            if self.left.is_empty() && room > 0 {
                let mut piece = BytesMut::new();
                self.client.transmit(now, room, &mut piece);
                self.left = piece.freeze();
            }
            let size = self.left.len().min(room);
            if size == 0 || link.send(stream, &self.left[..size]).is_err() {
                return;
            }
            self.left.advance(size);
        }
    }

    /// What the client has to say on its own WebSocket.
    pub(crate) fn transmit_socket(&mut self, now: u64) -> Option<Bytes> {
        if self.carrier != Carrier::Socket {
            return None;
        }
        let mut piece = BytesMut::new();
        self.client.transmit(now, SOCKET_PIECE, &mut piece);
        (!piece.is_empty()).then(|| piece.freeze())
    }

    /// Ends its stream after what was said, or at once.
    pub(crate) fn leave_stream(&mut self, link: &mut Link) {
        if let Carrier::Stream(stream) = self.carrier {
            link.close(stream, CloseCode::Ended);
        }
    }
}
