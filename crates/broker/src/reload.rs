//! Other users and rules while the broker runs.
//!
//! They are compiled in steps, and the former ones are in force until the new ones are complete. Those that are given
//! while others are being compiled take their place. Until the first are complete nobody comes in to whom they will apply.
//!
//! Clients that could not come in again as they are now are disconnected: their user is gone, what their password is
//! checked against is another, or clients without a user name may not come in any more. Their sessions stay. Everyone else
//! goes on, and the new access rules hold from the next packet on, for subscriptions that exist and messages that wait as
//! well. Terms hold from the next CONNECT on.

use lacewing_protocol::ReasonCode;

use crate::access::{Compiling, Policy, is_own};
use crate::connection::ConnKey;
use crate::jobs::Job;
use crate::session::Origin;
use crate::{Broker, EventKind, EventMask, Rules};

/// How many bytes of a password are compared for one unit of a call's budget.
const BYTES_PER_COST: usize = 512;

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
        match self.compiling.replace(Box::new(Compiling::new(rules))) {
            Some(abandoned) => self.jobs.push_back(Job::Forget(Box::new(abandoned.abandon()))),
            None if self.go_on_compiling() => {}
            None => self.jobs.push_back(Job::Compile),
        }
        self.run_jobs();
    }

    /// Whether the first users and rules are still being compiled: nobody is to come in without them.
    pub(crate) fn awaits_rules(&self) -> bool {
        self.policy.edition == 0 && self.compiling.is_some()
    }

    /// Goes on compiling users and rules, which come into force when that is done; whether it is.
    pub(crate) fn go_on_compiling(&mut self) -> bool {
        let Some(mut compiling) = self.compiling.take() else { return true };
        if !compiling.go_on(&mut self.budget) {
            self.compiling = Some(compiling);
            return false;
        }
        let policy = compiling.into_policy(self.policy.edition.wrapping_add(1).max(1));
        let former = std::mem::replace(&mut self.policy, policy);
        if self.watch.wants(EventMask::CLIENTS) {
            let (users, rules) = (self.policy.rules.users.len(), self.policy.rules.access_len());
            self.event(EventKind::RulesSet { users: users as u32, rules: rules as u32 });
        }
        self.jobs.push_back(Job::Reload(Box::new(Reload { former, next: 0 })));
        true
    }

    /// Goes on with a look through the connections, then with freeing what was in force; whether both are done.
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
            let known = session.origin.user.as_deref().and_then(|user| reload.former.user(user));
            let cost = known.map_or(0, |user| user.bytes() / BYTES_PER_COST) as u32;
            let why = self.is_out(&reload.former, &session.origin);
            self.spend(cost);
            if let Some(why) = why {
                self.spend(8);
                self.refuse(key, ReasonCode::NotAuthorized, why);
            }
        }
        reload.former.take_apart(&mut self.budget)
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
