//! Tells the log who comes and goes, and why, in lines for people.

use lacewing_broker::{Broker, CloseCause, Ending, Event, EventKind, EventMask};
use tracing::{Level, enabled, info, warn};

use super::line_limit::LineLimit;

/// The log of one broker.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    lines: LineLimit,
}

impl Journal {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The events that the log's level lets through.
    pub(crate) fn mask(&self) -> EventMask {
        if enabled!(Level::INFO) {
            EventMask::CLIENTS | EventMask::DROPS
        } else if enabled!(Level::WARN) {
            EventMask::DROPS
        } else {
            EventMask::NONE
        }
    }

    /// Writes a line about `event`, if it is worth one.
    pub(crate) fn tell(&mut self, event: &Event, broker: &Broker) {
        if !self.lines.allows_at(event.at) {
            return;
        }
        match &event.kind {
            EventKind::Connected { client_id, version, keep_alive, session_present, user, .. } => {
                let peer =
                    broker.clients(Some(client_id), 1).pop().map(|client| client.peer).unwrap_or_default();
                let session = if *session_present { ", to its session" } else { "" };
                let user = user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
                info!(
                    "{client_id} connected from {peer}{user}{session} (MQTT {version}, keep-alive {keep_alive} s)"
                );
            }
            EventKind::Disconnected { client_id, how, reason, .. } => {
                info!("{client_id} disconnected: {}", in_words(*how, *reason));
            }
            EventKind::Refused { client_id, reason, why, .. } => {
                let who = client_id.as_deref().unwrap_or("a connection without a client");
                info!("{who} was refused: {why} (0x{reason:02X})");
            }
            EventKind::Closed { client_id: None, cause: CloseCause::Failed, conn } => {
                tracing::debug!(%conn, "a connection broke before it had a client");
            }
            EventKind::Dropped { client_id, topic, cause, count } => {
                warn!("{count} messages to {client_id} were dropped, the last on {topic}: {cause:?}");
            }
            EventKind::RulesSet { users, rules } => {
                info!("{users} users and {rules} access rules are in force");
            }
            EventKind::RulesRefused { why } => warn!("the users and access rules were not taken: {why}"),
            EventKind::Overflow { missed } => warn!("{missed} events went by unseen"),
            _ => {}
        }
    }
}

fn in_words(how: Ending, reason: u8) -> String {
    let words = match how {
        Ending::Clean => "it said goodbye",
        Ending::CleanWithWill => "it said goodbye and left its will",
        Ending::Lost => "its connection was lost",
        Ending::TimedOut => "nothing was heard within one and a half times its keep-alive",
        Ending::TakenOver => "a new connection took its session over",
        Ending::Kicked => "an operator sent it away",
        Ending::Refused => return format!("it broke the rules (0x{reason:02X})"),
        Ending::Shutdown => "the broker shuts down",
        Ending::Crash => "the broker was restarted without it",
    };
    words.to_owned()
}
