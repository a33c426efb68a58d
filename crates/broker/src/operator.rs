//! What the operator asks for.

use std::cell::Cell;
use std::rc::Rc;

use lacewing_protocol::{PublishProperties, ReasonCode};

use crate::broker::AwakeTimer;
use crate::jobs::Job;
use crate::message::{Message, compact};
use crate::route::Publisher;
use crate::routing::SessionKey;
use crate::{Broker, CloseReason, Command, Config, Ending, WillCancelled};

impl Broker {
    pub(crate) fn command(&mut self, command: Command) {
        match command {
            Command::Kick { client_id, reason } => {
                if let Some(&session_key) = self.clients.get(&*client_id) {
                    self.kick(session_key, reason);
                }
            }
            Command::EndSession { client_id } => {
                if let Some(&session_key) = self.clients.get(&*client_id) {
                    self.cancel_will(session_key, WillCancelled::Operator);
                    self.kick(session_key, ReasonCode::AdministrativeAction);
                    self.end_session(session_key);
                }
            }
            Command::Publish { topic, payload, qos, retain, properties } => {
                let expiry = properties.message_expiry_interval;
                let mut properties: PublishProperties = properties;
                if !properties.is_empty() {
                    properties.message_expiry_interval = None;
                    properties.topic_alias = None;
                    properties.subscription_identifiers = Vec::new();
                }
                self.last_message += 1;
                let message = Message {
                    number: self.last_message,
                    topic,
                    payload: compact(&payload),
                    properties,
                    qos,
                    retain,
                    expires: expiry.map(|seconds| self.now.wall + u64::from(seconds) * 1_000_000),
                    recorded: Cell::new(0),
                };
                self.route_kept(Publisher::default(), Rc::new(message));
            }
            Command::DropRetained { filter } => {
                let cursor = Box::new(self.retained.cursor(&filter));
                self.jobs.push_back(Job::DropRetained(cursor));
                self.run_jobs();
            }
            Command::Watch { events } => self.watch.mask = events,
            Command::Shutdown => {
                self.shutting_down = true;
                self.jobs.push_back(Job::Shutdown(0));
                self.run_jobs();
            }
            Command::Redirect(redirect) => self.redirect(redirect),
            Command::Rules(rules) => self.set_rules(*rules),
            Command::Reconfigure(config) => self.reconfigure(*config),
        }
    }

    fn kick(&mut self, session_key: SessionKey, reason: ReasonCode) {
        let Some(key) = self.sessions.get(session_key.0 as usize).and_then(|session| session.conn) else {
            return;
        };
        let reason = if reason.is_valid_in_server_disconnect() && reason.is_error() {
            reason
        } else {
            ReasonCode::AdministrativeAction
        };
        self.say_goodbye(key, reason, "");
        self.part(key, Ending::Kicked, reason);
        self.close(key, CloseReason::Kicked);
    }

    fn reconfigure(&mut self, config: Config) {
        let durable = self.config.durable;
        self.config = Config { durable, ..config.checked() };
        self.awake_timers.clear(AwakeTimer::Sys);
        self.watch_sys();
    }
}
