//! One transport and the client on it.

use std::num::NonZeroU16;

use lacewing_protocol::{Decoder, ProtocolVersion, TopicName};

use crate::auth::{Entering, Reauthentication};
use crate::outgoing::Outgoing;
use crate::routing::SessionKey;
use crate::sent_aliases::SentAliases;
use crate::terms::Features;
use crate::{CloseCause, ConnId, Transport};

/// A connection's place in the broker's slab; used again when it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnKey(pub(crate) u32);

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnId,
    pub(crate) phase: Phase,
    pub(crate) version: ProtocolVersion,
    pub(crate) decoder: Decoder,
    /// Where it came from, until its client is in and its session knows.
    pub(crate) transport: Option<Box<Transport>>,
    /// Present while bytes wait or publishers are held for it.
    pub(crate) outgoing: Option<Box<Outgoing>>,
    /// Present if the client takes topic aliases and the broker is to use them.
    pub(crate) sent_aliases: Option<Box<SentAliases>>,
    /// What only some connections have.
    pub(crate) extras: Option<Box<Extras>>,
    /// The keep-alive in force, seconds; 0 is none.
    pub(crate) keep_alive: u16,
    /// QoS 1 and 2 messages that may be in flight to the client.
    pub(crate) window: u16,
    /// The Receive Maximum that its CONNACK said.
    pub(crate) receive_maximum: u16,
    /// The Topic Alias Maximum that its CONNACK said.
    pub(crate) topic_alias_maximum: u16,
    /// QoS 1 and 2 messages that came on this connection and are not answered to the end. Less than none when a message
    /// of an earlier connection was, which gives the client one more (§4.9).
    pub(crate) unanswered: i32,
    /// What its CONNACK said the broker can do.
    pub(crate) features: Features,
    /// The largest packet the client takes.
    pub(crate) maximum_packet_size: u32,
    /// When bytes came last, awake microseconds.
    pub(crate) last_heard: u64,
    /// On how many slow receivers it waits.
    pub(crate) holds: u32,
    /// It asks faster than it takes the answers.
    pub(crate) flooded: bool,
    /// One request of it takes more than one call.
    pub(crate) busy: bool,
    /// Its CONNECT asked for a session that outlives it.
    pub(crate) asked_to_last: bool,
    /// The host was told not to read from it.
    pub(crate) paused: bool,
    /// The host was told that it has bytes to send.
    pub(crate) ready: bool,
    /// It waits in the broker's list of connections with bytes left to read.
    pub(crate) listed: bool,
    /// Its transport has ended, and what came before that is still to be read.
    pub(crate) ended: Option<CloseCause>,
    /// It did not catch up while its publishers were held: messages to it are dropped until it has.
    pub(crate) exhausted: bool,
    pub(crate) messages_in: u64,
    pub(crate) messages_out: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// How far a connection has come.
#[derive(Debug)]
pub(crate) enum Phase {
    /// CONNECT has not come.
    New,
    /// The host was asked about this client.
    Asked(Box<Entering>),
    /// This client was sent an AUTH and is to answer.
    Challenged(Box<Entering>),
    /// The client is in.
    Open(SessionKey),
    /// The host was told to close it.
    Closing,
}

/// What a connection has only if its client makes use of it.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// What the client's topic aliases stand for, by alias less 1.
    pub(crate) aliases: Vec<Option<TopicName>>,
    /// The length of those topics.
    pub(crate) alias_bytes: usize,
    /// The broker gave it its client id.
    pub(crate) assigned: bool,
    /// The client does not want reason strings [MQTT-3.1.2-29].
    pub(crate) no_problem_information: bool,
    /// The client has an Authentication Method.
    pub(crate) reauthentication: Option<Box<Reauthentication>>,
}

impl Connection {
    pub(crate) fn new(id: ConnId, transport: Transport, decoder: Decoder, awake: u64) -> Self {
        Self {
            id,
            phase: Phase::New,
            version: ProtocolVersion::V3_1_1,
            decoder,
            transport: Some(Box::new(transport)),
            outgoing: None,
            sent_aliases: None,
            extras: None,
            keep_alive: 0,
            window: 1,
            receive_maximum: u16::MAX,
            topic_alias_maximum: 0,
            unanswered: 0,
            features: Features::ALL,
            maximum_packet_size: u32::MAX,
            last_heard: awake,
            holds: 0,
            flooded: false,
            busy: false,
            asked_to_last: false,
            paused: false,
            ready: false,
            listed: false,
            ended: None,
            exhausted: false,
            messages_in: 0,
            messages_out: 0,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Whether no further packet of it may be handled for now.
    pub(crate) fn is_held(&self) -> bool {
        self.holds > 0 || self.flooded || self.busy || matches!(self.phase, Phase::Asked(_) | Phase::Closing)
    }

    /// Whether bytes came that are read only later.
    pub(crate) fn has_unread(&self) -> bool {
        (self.listed || self.is_held()) && self.decoder.buffered() > 0
    }

    /// The session of the client that is in.
    pub(crate) fn session(&self) -> Option<SessionKey> {
        match self.phase {
            Phase::Open(session) => Some(session),
            _ => None,
        }
    }

    /// How many bytes wait to be transmitted.
    pub(crate) fn waiting(&self) -> usize {
        self.outgoing.as_ref().map_or(0, |outgoing| outgoing.len())
    }

    /// The topic behind `alias`, which is within the limit.
    pub(crate) fn alias(&self, alias: NonZeroU16) -> Option<&TopicName> {
        self.extras.as_ref()?.aliases.get(usize::from(alias.get()) - 1)?.as_ref()
    }

    /// Makes `alias`, which is within the limit, stand for `topic` [MQTT-3.3.2-12]; `false` if all aliases together would
    /// stand for more than `most` bytes.
    pub(crate) fn set_alias(&mut self, alias: NonZeroU16, topic: &TopicName, most: u32) -> bool {
        let extras = self.extras.get_or_insert_default();
        let at = usize::from(alias.get()) - 1;
        if extras.aliases.len() <= at {
            extras.aliases.resize(at + 1, None);
        }
        let former = extras.aliases[at].as_ref().map_or(0, |topic| topic.len());
        let bytes = extras.alias_bytes - former + topic.len();
        if bytes > most as usize {
            return false;
        }
        extras.alias_bytes = bytes;
        extras.aliases[at] = Some(topic.compact());
        true
    }

    /// Whether reason strings may be sent to the client.
    pub(crate) fn wants_problem_information(&self) -> bool {
        self.version.is_v5() && self.extras.as_ref().is_none_or(|extras| !extras.no_problem_information)
    }
}
