//! Sending a client away, and ending its session: the one cannot be undone, the other for a while.

use lacewing_control::Request;

use super::{Effect, Model, NOTICES};
use crate::wire::{Action, Notice, Operator};

impl Model {
    /// Has a client disconnected, and says what that means.
    pub(super) fn kick(&mut self, client_id: String) -> Effect {
        if self.status.operator == Operator::Yes {
            let session = match self.roster.find(&client_id).map(|client| client.session_expiry) {
                Some(0) => "Its session ends with its connection",
                _ => "Its session stays",
            };
            let text =
                format!("{client_id} is told to go. {session}, and most clients come back by themselves.");
            self.notify(Notice::done(text));
        }
        Effect::Control(Request::Kick { client_id })
    }

    /// Ends a session when there was time to think better of it.
    pub(super) fn end_session(&mut self, now: u64, client_id: String) -> Result<(), String> {
        if let Operator::No { why } = &self.status.operator {
            return Err(why.clone());
        }
        if self.ending.len() >= NOTICES {
            return Err("Several sessions are about to end already.".into());
        }
        let text = format!(
            "The session of {client_id} ends in {} s: its subscriptions go, and what waits for it.",
            Notice::DECIDING_MS / 1_000
        );
        self.ending.push_back((now + u64::from(Notice::DECIDING_MS) * 1_000, client_id.clone()));
        self.notify(Notice::done(text).undone_by(Action::KeepSession { client_id }));
        Ok(())
    }

    /// Does not end a session after all.
    pub(super) fn keep_session(&mut self, client_id: &str) -> Result<(), String> {
        let before = self.ending.len();
        self.ending.retain(|(_, ending)| ending != client_id);
        if self.ending.len() == before {
            return Err(format!("Too late: the session of {client_id} has ended."));
        }
        Ok(())
    }

    /// Ends the sessions that nobody wanted to keep.
    pub(super) fn end_sessions(&mut self, now: u64) {
        while self.ending.front().is_some_and(|(due, _)| *due <= now)
            && let Some((_, client_id)) = self.ending.pop_front()
        {
            self.effects.push_back(Effect::Control(Request::EndSession { client_id }));
        }
    }
}
