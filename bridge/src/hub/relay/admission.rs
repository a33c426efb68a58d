//! Users and rules of the broker in the linked tab: what its host is told, and what it asks.

use lacewing_auth::veiled;
use lacewing_broker::{ConnId, Now, Verdict};
use lacewing_control::ControlError;
use lacewing_control::service::{FromBridge, FromHost};
use lacewing_link::{CloseCode, CloseReason};
use tracing::{info, warn};

use super::RelayHub;
use super::service::Service;
use crate::hub::Asker;

impl RelayHub {
    /// Opens the service stream of the tab that has just been linked, and says the rules; devices follow once they are in force.
    pub(super) fn begin_service(&mut self, tab: ConnId) {
        let Some(link) = self.doors.linked() else { return };
        match Service::open(link) {
            Ok(service) => self.service = Some(service),
            Err(error) => return self.end_service(tab, &error.to_string()),
        }
        self.say_rules();
    }

    /// Tells the linked tab the rules as they are now.
    pub(super) fn say_rules(&mut self) {
        let rules = veiled(&self.doorkeeper.rules_for_broker(), &self.noise);
        self.say(&FromBridge::Rules(Box::new(rules)));
    }

    /// Takes what the tab's host says.
    pub(super) fn hear_service(&mut self, now: Now, tab: ConnId, bytes: &[u8]) {
        if let (Some(service), Some(link)) = (&mut self.service, self.doors.linked()) {
            service.receive(link, bytes);
        }
        while let Some(service) = &mut self.service {
            match service.take() {
                Ok(None) => break,
                Ok(Some(said)) => self.serve(now, said),
                Err(error) => self.end_service(tab, &error.to_string()),
            }
        }
        self.ring();
    }

    fn serve(&mut self, now: Now, said: FromHost) {
        match said {
            FromHost::Ready => self.admit_held(now),
            FromHost::Question(question) => {
                let (conn, request) = question.into_request();
                if let Some(verdict) = self.doorkeeper.ask(now, conn, &request) {
                    self.tell_verdict(now, conn, verdict);
                }
            }
            FromHost::Gone { conn } => self.doorkeeper.closed(ConnId(conn)),
            FromHost::ReloadRules { operator } => {
                if let Some(service) = &mut self.service {
                    service.wait_for_rules(operator);
                }
                if let Err(why) = self.reloads.ask(Asker(operator)) {
                    self.tell_reloaded(Asker(operator), Err(why));
                }
            }
        }
    }

    /// Tells the tab's host whether a device may come in.
    pub(super) fn tell_verdict(&mut self, now: Now, conn: ConnId, verdict: Verdict) {
        if let Verdict::Deny { reason } = &verdict
            && self.lines.allows(now)
        {
            info!("a device was not let in: {}", reason.description());
        }
        self.say(&FromBridge::Verdict { conn: conn.0, decision: verdict.into() });
    }

    /// Tells the operator who asked what came of reading the rules again.
    pub(super) fn tell_reloaded(&mut self, asker: Asker, outcome: Result<String, String>) {
        // Whoever asked another tab, which is gone, is not told in this one.
        if self.service.as_mut().is_some_and(|service| service.waited(asker)) {
            self.say(&FromBridge::RulesReloaded { operator: asker.0, outcome });
        }
    }

    fn say(&mut self, message: &FromBridge) {
        let (Some(service), Some(link)) = (&mut self.service, self.doors.linked()) else { return };
        let said: Result<(), ControlError> = service.say(link, message);
        if let Err(error) = said {
            warn!("the tab could not be told of users and rules: {error}");
        }
        self.ring();
    }

    /// Without it nobody knows who may come in: the link ends.
    pub(super) fn end_service(&mut self, tab: ConnId, why: &str) {
        self.service = None;
        self.dismiss(tab, CloseReason::new(CloseCode::ProtocolError, why), 4400);
    }
}
