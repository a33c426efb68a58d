//! Sending clients to another server (§4.11), and telling them where answers go (§4.10.1).

use lacewing_protocol::{Connect, ProtocolVersion, ReasonCode, Utf8String};
use serde::{Deserialize, Serialize};

use crate::access::is_own;
use crate::connection::ConnKey;
use crate::jobs::Job;
use crate::{Broker, CloseReason, Ending, Listener};

/// Whether clients are sent to another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirect {
    /// They are not.
    #[default]
    Off,
    /// For now: 0x9C Use another server.
    Temporarily,
    /// For good: 0x9D Server moved.
    Permanently,
}

impl Broker {
    /// Sends the clients that are here elsewhere, and those that come from now on; or no longer.
    pub(crate) fn redirect(&mut self, redirect: Redirect) {
        self.redirect = redirect;
        if redirect != Redirect::Off {
            self.jobs.push_back(Job::Redirect(0));
            self.run_jobs();
        }
    }

    /// Goes on sending clients elsewhere, from a place among the connections on; whether it is done.
    pub(crate) fn go_on_redirecting(&mut self, next: &mut u32) -> bool {
        while (*next as usize) < self.connections.capacity() {
            if self.budget == 0 {
                return false;
            }
            self.spend(1);
            let key = ConnKey(*next);
            *next += 1;
            let connection = self.connections.get(key.0 as usize);
            let Some((connection, session_key)) =
                connection.and_then(|connection| Some((connection, connection.session()?)))
            else {
                continue;
            };
            let session = self.sessions.get(session_key.0 as usize);
            let listener = session.map(|session| session.origin.listener).unwrap_or_default();
            let Some(reason) = self.redirected(listener, connection.version) else { continue };
            self.spend(8);
            self.say_goodbye(key, reason, "");
            self.part(key, Ending::Kicked, reason);
            self.close(key, CloseReason::Kicked);
        }
        true
    }

    /// Why a client is to go elsewhere, if it is. The operator's own stay.
    pub(crate) fn redirected(&self, listener: Listener, version: ProtocolVersion) -> Option<ReasonCode> {
        let reason = match self.redirect {
            Redirect::Off => return None,
            _ if is_own(listener) => return None,
            // 3.1.1 has no code for it.
            _ if !version.is_v5() => ReasonCode::ServerUnavailable,
            Redirect::Temporarily => ReasonCode::UseAnotherServer,
            Redirect::Permanently => ReasonCode::ServerMoved,
        };
        Some(reason)
    }

    /// Where clients are sent that are told this reason.
    pub(crate) fn server_reference(&self, reason: ReasonCode) -> Option<Utf8String> {
        let is_such = matches!(reason, ReasonCode::UseAnotherServer | ReasonCode::ServerMoved);
        let reference = self.config.server_reference.as_deref().filter(|_| is_such)?;
        Utf8String::try_from(reference).ok()
    }

    /// The Response Information for a client that asked for it [MQTT-3.1.2-28].
    pub(crate) fn response_information(&self, connect: &Connect) -> Option<Utf8String> {
        let is_asked = connect.properties.request_response_information == Some(true);
        let information = self.config.response_information.as_deref().filter(|_| is_asked)?;
        if connect.client_id.contains(['+', '#']) && information.contains("%c") {
            // No topic could begin with it.
            return None;
        }
        Utf8String::try_from(information.replace("%c", &connect.client_id)).ok()
    }
}
