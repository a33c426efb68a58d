//! Users and rules: what the bridge says of them, and what it is asked.
//!
//! The rules that the bridge said last hold until a bridge says others; while none is linked no device can come, and the page's own clients
//! are not asked. Passwords are checked by the bridge, which has the hashes.

use lacewing_broker::{AuthRequest, Command, ConnId, Input, Now, Verdict};
use lacewing_control::OperatorId;
use lacewing_control::service::{FromBridge, FromHost};
use lacewing_protocol::ReasonCode;

use super::broker::{BrokerHost, ChannelId};
use super::service::Service;

impl BrokerHost {
    /// The bridge said something on the service stream.
    pub(super) fn hear_service(&mut self, now: Now, id: ChannelId, bytes: &[u8]) {
        if let Some((service, link)) = self.service_and_link() {
            service.receive(link, bytes);
        }
        loop {
            match self.service.as_mut().map(Service::take) {
                None | Some(Ok(None)) => return,
                Some(Ok(Some(said))) => self.serve(now, said),
                Some(Err(error)) => return self.end_channel(now, id, &error.to_string()),
            }
        }
    }

    fn serve(&mut self, now: Now, said: FromBridge) {
        match said {
            FromBridge::Rules(rules) => {
                self.broker.handle(now, Input::Command(Command::Rules(rules)));
                self.say(&FromHost::Ready);
            }
            FromBridge::Verdict { conn, decision } => {
                let Some(service) = &mut self.service else { return };
                let (conn, verdict) = (ConnId(conn), service.answered(ConnId(conn), decision));
                self.broker.handle(now, Input::Authenticated { conn, verdict });
            }
            FromBridge::RulesReloaded { operator, outcome } => {
                self.desk.rules_reloaded(OperatorId(operator), outcome);
            }
        }
    }

    /// Asks the bridge whether a device may come in; where that cannot be, it may not.
    pub(super) fn ask(&mut self, now: Now, conn: ConnId, request: AuthRequest) {
        let asked = self.service_and_link().map(|(service, link)| service.ask(link, conn, request));
        let reason = match asked {
            Some(true) => return self.service_talks(),
            Some(false) => ReasonCode::ServerBusy,
            None => ReasonCode::ServerUnavailable,
        };
        self.broker.handle(now, Input::Authenticated { conn, verdict: Verdict::Deny { reason } });
    }

    /// An operator wants the rules read again.
    pub(super) fn reload_rules(&mut self, operator: OperatorId) {
        if self.service.is_some() {
            self.say(&FromHost::ReloadRules { operator: operator.0 });
        } else {
            let why = "Users and rules are kept by the bridge, and none is linked.".to_owned();
            self.desk.rules_reloaded(operator, Err(why));
        }
    }

    /// A connection is gone.
    pub(super) fn forget_question(&mut self, conn: ConnId) {
        if let Some((service, link)) = self.service_and_link() {
            service.closed(link, conn);
            self.service_talks();
        }
    }

    /// The service stream has room again.
    pub(super) fn flush_service(&mut self) {
        if let Some((service, link)) = self.service_and_link() {
            service.flush(link);
            self.service_talks();
        }
    }

    fn say(&mut self, message: &FromHost) {
        if let Some((service, link)) = self.service_and_link() {
            service.say(link, message);
            self.service_talks();
        }
    }

    fn service_talks(&mut self) {
        self.talking.extend(self.bridge_channel);
    }
}
