//! A broker that an operator brought as an image takes the place of the one that runs.

use lacewing_broker::{Command, ConnId, EventMask, Input, Now};
use lacewing_link::CloseCode;

use super::broker::BrokerHost;

/// Rounds in which everybody is told that it is over.
const ROUNDS: u32 = 32;

impl BrokerHost {
    /// If a broker is there to take the place of this one, goes on with it, as after a restart.
    pub(super) fn replace(&mut self, now: Now) {
        let Some(broker) = self.desk.replacement() else { return };
        self.broker.handle(now, Input::Command(Command::Shutdown));
        for _ in 0..ROUNDS {
            let asked = self.drain_broker(now);
            if !self.serve_ready(now) && !asked {
                break;
            }
            if self.broker.poll_timeout().is_some_and(|due| due <= now.awake) {
                self.broker.handle(now, Input::Tick);
            }
        }
        // Who takes nothing, or waits for what will never be durable.
        let left: Vec<ConnId> = self.broker.connections().collect();
        for conn in left {
            self.household.close(now, conn, &mut self.broker, &mut self.batch);
            self.cut(now, conn, CloseCode::ShuttingDown);
        }
        let former = std::mem::replace(&mut self.broker, *broker);
        match &mut self.ledger {
            Some(ledger) => ledger.replace(self.broker.image()),
            None => self.desk.replaced(),
        }
        let rules = Box::new(former.rules().clone());
        self.broker.handle(now, Input::Command(Command::Rules(rules)));
        self.mask = EventMask::NONE;
    }
}
