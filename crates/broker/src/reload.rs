//! Other users and rules while the broker runs.
//!
//! Clients that could not come in again as they are now are disconnected: their user is gone, what their password is
//! checked against is another, or clients without a user name may not come in any more. Their sessions stay. Everyone else
//! goes on, and the new access rules hold from the next packet on, for subscriptions that exist and messages that wait as
//! well. Terms hold from the next CONNECT on.

use lacewing_protocol::ReasonCode;

use crate::access::{Policy, is_own};
use crate::connection::ConnKey;
use crate::jobs::Job;
use crate::session::Origin;
use crate::{Broker, EventKind, EventMask, Rules};

/// A look through all connections after other users came into force.
#[derive(Debug)]
pub(crate) struct Reload {
    former: Policy,
    next: u32,
}

impl Broker {
    /// Goes on with other users and rules, if they are within their bounds.
    pub(crate) fn set_rules(&mut self, rules: Rules) {
        if let Err(error) = rules.check() {
            if self.watch.wants(EventMask::CLIENTS) {
                self.event(EventKind::RulesRefused { why: error.to_string() });
            }
            return;
        }
        let policy = Policy::new(rules, self.policy.edition.wrapping_add(1));
        let former = std::mem::replace(&mut self.policy, policy);
        if self.watch.wants(EventMask::CLIENTS) {
            let (users, rules) = (self.policy.rules.users.len(), self.policy.rules.access_len());
            self.event(EventKind::RulesSet { users: users as u32, rules: rules as u32 });
        }
        self.jobs.push_back(Job::Reload(Box::new(Reload { former, next: 0 })));
        self.run_jobs();
    }

    /// Goes on with a look through the connections; whether it is done.
    pub(crate) fn go_on_reloading(&mut self, reload: &mut Reload) -> bool {
        while (reload.next as usize) < self.connections.capacity() {
            if self.budget == 0 {
                return false;
            }
            self.spend(1);
            let key = ConnKey(reload.next);
            reload.next += 1;
            let connection = self.connections.get(key.0 as usize);
            let session = connection.and_then(|connection| connection.session());
            let Some(session) = session.and_then(|session| self.sessions.get(session.0 as usize)) else {
                continue;
            };
            if let Some(why) = self.is_out(&reload.former, &session.origin) {
                self.spend(8);
                self.refuse(key, ReasonCode::NotAuthorized, why);
            }
        }
        true
    }

    /// Why a client that came in under former rules could not come in again.
    fn is_out(&self, former: &Policy, origin: &Origin) -> Option<&'static str> {
        if is_own(origin.listener) || origin.certified || origin.edition > former.edition {
            return None;
        }
        let Some(name) = &origin.user else {
            let stays = self.policy.rules.anonymous_at(origin.listener);
            return (!stays).then_some("clients without a user name may not come in any more");
        };
        // A user that only the host knows stays the host's affair.
        let before = former.user(name)?;
        match self.policy.user(name) {
            None => Some("its user is gone"),
            Some(now) if now.password != before.password || now.scram != before.scram => {
                Some("its user has another password")
            }
            Some(_) => None,
        }
    }
}
