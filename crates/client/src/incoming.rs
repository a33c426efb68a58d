//! Messages on their way in: QoS 2 exactly once, and topic aliases.

use std::collections::BTreeMap;

use lacewing_protocol::{PacketId, Publish, ReasonCode, TopicName};

/// A rule that the server broke: the reason for DISCONNECT, and what was wrong.
pub(crate) type Problem = (ReasonCode, &'static str);

/// QoS 2 messages that were handed on and wait for PUBREL: part of the session (§4.1).
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// For each, whether its PUBLISH came on the present connection.
    unreleased: BTreeMap<PacketId, bool>,
    /// For how many it did: what counts against Receive Maximum, which starts anew with each connection (§4.9).
    arrived: u16,
}

impl Incoming {
    /// Takes a QoS 2 message; whether it is new, and not one that came before [MQTT-4.3.3-10].
    ///
    /// # Errors
    /// There are `maximum` on their way already [MQTT-3.3.4-9]; it was not taken.
    pub(crate) fn take(&mut self, id: PacketId, maximum: u16) -> Result<bool, Problem> {
        let known = self.unreleased.get(&id).copied();
        if known != Some(true) {
            if self.arrived >= maximum {
                let why = "more QoS 2 messages than the Receive Maximum";
                return Err((ReasonCode::ReceiveMaximumExceeded, why));
            }
            self.arrived += 1;
            self.unreleased.insert(id, true);
        }
        Ok(known.is_none())
    }

    /// PUBREL came; whether there was anything to release.
    pub(crate) fn release(&mut self, id: PacketId) -> bool {
        let known = self.unreleased.remove(&id);
        self.arrived -= u16::from(known == Some(true));
        known.is_some()
    }

    /// How many messages are unreleased; at most 65 535, one for each identifier.
    pub(crate) fn len(&self) -> usize {
        self.unreleased.len()
    }

    /// The session goes on, on another connection.
    pub(crate) fn session_kept(&mut self) {
        self.arrived = 0;
        self.unreleased.values_mut().for_each(|here| *here = false);
    }

    pub(crate) fn session_lost(&mut self) {
        *self = Self::default();
    }
}

/// The topic aliases of the server, which last as long as the connection (§3.3.2.3.4).
#[derive(Debug)]
pub(crate) struct Aliases {
    maximum: u16,
    topics: Vec<Option<TopicName>>,
}

impl Aliases {
    pub(crate) fn new(maximum: u16) -> Self {
        Self { maximum, topics: Vec::new() }
    }

    /// Gives a message that came with an alias alone its topic, and learns those that came with both.
    pub(crate) fn resolve(&mut self, publish: &mut Publish) -> Result<(), Problem> {
        let Some(alias) = publish.properties.topic_alias else {
            let no_topic = (ReasonCode::ProtocolError, "PUBLISH without a topic");
            return if publish.topic.is_some() { Ok(()) } else { Err(no_topic) };
        };
        if alias.get() > self.maximum {
            return Err((ReasonCode::TopicAliasInvalid, "a topic alias above the maximum"));
        }
        let index = usize::from(alias.get()) - 1;
        if let Some(topic) = &publish.topic {
            if self.topics.len() <= index {
                self.topics.resize(index + 1, None);
            }
            self.topics[index] = Some(topic.compact());
            return Ok(());
        }
        let Some(Some(topic)) = self.topics.get(index) else {
            return Err((ReasonCode::ProtocolError, "a topic alias that stands for nothing"));
        };
        publish.topic = Some(topic.clone());
        Ok(())
    }
}
