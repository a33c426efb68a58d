//! What was published and why, until it is certain what became of it.

use lacewing_client::{State, Token};
use lacewing_protocol::QoS;

use super::client::ClientHost;
use crate::model::{Errand, Outcome, Who};

/// Publishes whose outcome is awaited; of further ones the oldest is forgotten.
const ERRANDS: usize = 256;

impl ClientHost {
    /// Something is on its way; its errand is kept until it is certain what became of it.
    pub(super) fn sent(&mut self, who: Who, token: Token, errand: Errand, qos: QoS) {
        if qos == QoS::AtMostOnce && self.member(who).client.state() == State::Connected {
            return self.model.posted(errand, Outcome::Sent);
        }
        if self.errands.len() == ERRANDS {
            self.errands.pop_front();
        }
        self.errands.push_back((who, token, errand));
    }

    /// What became of it.
    pub(super) fn posted(&mut self, who: Who, token: Token, outcome: Outcome) {
        let at = self.errands.iter().position(|(whose, known, _)| (*whose, *known) == (who, token));
        if let Some((_, _, errand)) = at.and_then(|at| self.errands.remove(at)) {
            self.model.posted(errand, outcome);
        }
    }
}
