//! How many QoS 1 and 2 messages a client may send before they are answered: its Receive Maximum (§3.3.4, §4.9).
//!
//! A message counts from its PUBLISH until the PUBACK, the PUBCOMP or the PUBREC that turns it away has begun to leave: not
//! while that waits for a record, for the receivers or for the client to read.

use lacewing_protocol::{AckType, Publish, QoS, ReasonCode};

use crate::Broker;
use crate::connection::ConnKey;
use crate::incoming::Attempt;
use crate::send::outgoing;

impl Broker {
    /// Whether a message is to be routed: it is not one that came before, nor one too many.
    pub(crate) fn admit_publish(&mut self, key: ConnKey, publish: &Publish) -> bool {
        let Some(id) = publish.packet_id else { return true };
        let attempt = match publish.qos {
            QoS::ExactlyOnce => self.attempt(key, id.value()),
            _ => Attempt::First,
        };
        if attempt != Attempt::Again && !self.count(key) {
            return false;
        }
        if attempt == Attempt::First {
            return true;
        }
        // A second attempt is acknowledged again and not routed again [MQTT-4.3.3-10].
        let session = self.connections.get(key.0 as usize).and_then(|connection| connection.session());
        let session = session.and_then(|session| self.sessions.get_mut(session.0 as usize));
        let Some(session) = session else { return false };
        session.transit_mut().incoming.insert(id.value());
        if session.durable {
            self.promise(key);
        }
        self.send_ack(key, AckType::PubRec, id, ReasonCode::Success);
        false
    }

    /// Notes that what is put in line next answers a message to the end.
    pub(crate) fn ends_flight(&mut self, key: ConnKey) {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return };
        if connection.version.is_v5() {
            outgoing(connection, &mut self.spares).answer();
        }
    }

    fn attempt(&self, key: ConnKey, id: u16) -> Attempt {
        let session = self.connections.get(key.0 as usize).and_then(|connection| connection.session());
        let session = session.and_then(|session| self.sessions.get(session.0 as usize));
        let transit = session.and_then(|session| session.transit.as_ref());
        transit.map_or(Attempt::First, |transit| transit.incoming.attempt(id))
    }

    /// Counts one message more; `false` if that is too many, and the client was sent away.
    fn count(&mut self, key: ConnKey) -> bool {
        let Some(connection) = self.connections.get_mut(key.0 as usize) else { return false };
        if !connection.version.is_v5() {
            return true;
        }
        if connection.unanswered >= i32::from(connection.receive_maximum) {
            // §3.3.4
            let why = "more messages are in flight than the maximum";
            self.refuse(key, ReasonCode::ReceiveMaximumExceeded, why);
            return false;
        }
        connection.unanswered += 1;
        true
    }
}
