//! After a reconnect: what was in flight goes again, under its identifiers and in order (§4.4, §4.6).

use lacewing_protocol::{AckType, PacketId, ReasonCode};

use crate::connection::ConnKey;
use crate::route::Passing;
use crate::routing::SessionKey;
use crate::send::{Content, Form};
use crate::session::Transit;
use crate::{Broker, NotDelivered};

/// How many messages are taken together to be sent again.
const AT_ONCE: usize = 64;

impl Broker {
    /// Sends all in flight again, then what waits, as far as there is room [MQTT-4.4.0-1].
    pub(crate) fn resume(&mut self, session_key: SessionKey) {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return };
        let Some(transit) = &mut session.transit else { return };
        transit.incoming.reconnected();
        transit.window.reconnected();
        transit.resend_from = transit.window.iter().next().map(|(id, _)| id);
        transit.releases_resent = false;
        self.refill(session_key);
    }

    /// Sends some more of what was in flight again, as far as there is room and Receive Maximum lets it; whether to go
    /// on.
    pub(crate) fn resend(&mut self, session_key: SessionKey) -> bool {
        let Some(session) = self.sessions.get_mut(session_key.0 as usize) else { return false };
        let (Some(conn), Some(transit)) = (session.conn, &mut session.transit) else { return false };
        let Some(window) = self.connections.get(conn.0 as usize).map(|connection| connection.window) else {
            return false;
        };
        let Some(from) = transit.resend_from else { return true };
        let mut room = transit.window.room(window);
        let (mut batch, mut next, mut blocked) = (Vec::new(), None, false);
        for (id, sent) in transit.window.iter_from(from) {
            if sent.released && transit.releases_resent {
                continue;
            }
            blocked = room == 0 && !sent.released;
            if blocked || batch.len() == AT_ONCE {
                next = Some(id);
                break;
            }
            if !sent.released {
                room -= 1;
            }
            batch.push((id, sent.qos, sent.retain, sent.released, sent.ids.clone(), sent.message.clone()));
        }
        transit.resend_from = next;
        let mut made_room = false;
        for (id, qos, retain, released, ids, message) in batch {
            let Some(message) = message.filter(|_| !released) else {
                self.send_ack(conn, AckType::PubRel, id, ReasonCode::Success);
                continue;
            };
            let ids = ids.as_deref().unwrap_or_default();
            let form = Form { dup: true, qos, retain, packet_id: Some(id), ids };
            if self.send_publish(conn, &Content::from(&*message), &form, false) {
                if let Some(transit) = self.transit_mut(session_key) {
                    transit.window.count(id);
                }
                continue;
            }
            // This connection takes less than the one before: as if it had been acknowledged [MQTT-3.1.2-25].
            self.metrics.dropped_large += 1;
            self.dropped(session_key, &Passing::of(&message), NotDelivered::TooLarge);
            self.end_flight(session_key, id);
            made_room = true;
        }
        if blocked {
            self.resend_releases(session_key, conn);
        }
        next.is_none() || ((!blocked || made_room) && !self.is_slow(conn))
    }

    /// No PUBREL waits for a PUBLISH that Receive Maximum holds back [MQTT-3.3.4-10].
    fn resend_releases(&mut self, session_key: SessionKey, conn: ConnKey) {
        let Some(transit) = self.transit_mut(session_key).filter(|transit| !transit.releases_resent) else {
            return;
        };
        transit.releases_resent = true;
        let Some(from) = transit.resend_from else { return };
        let released = transit.window.iter_from(from).filter(|(_, sent)| sent.released);
        let released: Vec<PacketId> = released.map(|(id, _)| id).collect();
        for id in released {
            self.send_ack(conn, AckType::PubRel, id, ReasonCode::Success);
        }
    }

    fn transit_mut(&mut self, session_key: SessionKey) -> Option<&mut Transit> {
        self.sessions.get_mut(session_key.0 as usize)?.transit.as_deref_mut()
    }
}
