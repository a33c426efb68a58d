//! Who knocked: the last attempts of real devices to connect, and what the broker answered.

use std::collections::VecDeque;

use lacewing_broker::ConnId;
use lacewing_control::{Event, EventKind, Listener};

use super::words;
use crate::wire::{Arrival, Outcome};

/// How many attempts are kept.
const ATTEMPTS: usize = 6;

/// The last attempts to connect.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// Oldest first.
    attempts: VecDeque<Attempt>,
    /// Whether any real client was let in since the page opened.
    welcomed: bool,
}

#[derive(Debug)]
struct Attempt {
    conn: ConnId,
    at: u64,
    listener: Listener,
    peer: String,
    client_id: Option<String>,
    outcome: Outcome,
}

impl Arrivals {
    /// An event of the broker; `own` are this page's client ids. A sentence for the first real client that comes in.
    pub(crate) fn event(&mut self, event: &Event, own: &[&str]) -> Option<String> {
        match &event.kind {
            EventKind::Opened { conn, listener, peer } if is_real(*listener) => {
                if self.attempts.len() == ATTEMPTS {
                    self.attempts.pop_front();
                }
                self.attempts.push_back(Attempt {
                    conn: *conn,
                    at: event.at,
                    listener: *listener,
                    peer: peer.clone(),
                    client_id: None,
                    outcome: Outcome::Waiting,
                });
                None
            }
            EventKind::Connected { conn, client_id, .. }
                if own.contains(&client_id.as_str()) || words::other_page(client_id).is_some() =>
            {
                self.attempts.retain(|attempt| attempt.conn != *conn);
                None
            }
            EventKind::Connected { conn, client_id, .. } => {
                let first = !self.welcomed;
                let attempt = self.attempt(*conn)?;
                attempt.client_id = Some(client_id.clone());
                attempt.outcome = Outcome::LetIn;
                let says = format!(
                    "{client_id} has connected, over {} from {}: the first client since this page opened that is no page.",
                    words::listener(attempt.listener),
                    attempt.peer
                );
                self.welcomed = true;
                first.then_some(says)
            }
            EventKind::Refused { conn, client_id, why, .. } => {
                let attempt = self.attempt(*conn)?;
                if attempt.outcome == Outcome::Waiting {
                    attempt.client_id = client_id.clone().filter(|id| !id.is_empty());
                    attempt.outcome = Outcome::TurnedAway { why: why.clone() };
                }
                None
            }
            EventKind::Closed { conn, .. } => {
                let attempt = self.attempt(*conn)?;
                if attempt.outcome == Outcome::Waiting {
                    attempt.outcome = Outcome::Silent;
                }
                None
            }
            _ => None,
        }
    }

    /// The attempts, newest first.
    pub(crate) fn view(&self, now: u64) -> Vec<Arrival> {
        let attempts = self.attempts.iter().rev();
        attempts
            .map(|attempt| Arrival {
                client_id: attempt.client_id.clone(),
                from: format!("{} {}", words::listener(attempt.listener), attempt.peer),
                local: is_local(&attempt.peer),
                outcome: attempt.outcome.clone(),
                age: words::ago(now, attempt.at),
            })
            .collect()
    }

    /// How a client of late came: "TCP 127.0.0.1:5000".
    pub(crate) fn from(&self, client_id: &str) -> Option<String> {
        let attempt = self.attempts.iter().rev().find(|one| one.client_id.as_deref() == Some(client_id))?;
        Some(format!("{} {}", words::listener(attempt.listener), attempt.peer))
    }

    /// The control channel is gone and with it what it said.
    pub(crate) fn forget(&mut self) {
        self.attempts.clear();
    }

    fn attempt(&mut self, conn: ConnId) -> Option<&mut Attempt> {
        self.attempts.iter_mut().rev().find(|attempt| attempt.conn == conn)
    }
}

fn is_local(peer: &str) -> bool {
    ["127.", "[::1]", "localhost"].iter().any(|name| peer.starts_with(name))
}

fn is_real(listener: Listener) -> bool {
    !matches!(listener, Listener::Home | Listener::Page | Listener::Link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lacewing_control::CloseCause;

    const SECOND: u64 = 1_000_000;
    const CONN: ConnId = ConnId(1);

    fn told(arrivals: &mut Arrivals, kind: EventKind) -> Option<String> {
        arrivals.event(&Event { number: 1, at: SECOND, kind }, &["page"])
    }

    fn opened(listener: Listener) -> EventKind {
        EventKind::Opened { conn: CONN, listener, peer: "127.0.0.1:5000".into() }
    }

    fn connected() -> EventKind {
        EventKind::Connected {
            conn: CONN,
            client_id: "esp32".into(),
            version: "3.1.1".into(),
            user: None,
            keep_alive: 60,
            clean_start: true,
            session_present: false,
            session_expiry: 0,
            will: false,
        }
    }

    fn outcome(arrivals: &Arrivals) -> Outcome {
        arrivals.view(SECOND)[0].outcome.clone()
    }

    #[test]
    fn a_device_is_followed_from_its_socket_to_the_answer_to_its_connect() {
        let mut arrivals = Arrivals::default();
        told(&mut arrivals, opened(Listener::Tcp));
        assert_eq!(outcome(&arrivals), Outcome::Waiting);
        let says = told(&mut arrivals, connected()).unwrap();
        assert!(says.contains("esp32 has connected, over TCP from 127.0.0.1:5000"), "{says}");
        assert_eq!(outcome(&arrivals), Outcome::LetIn);
        told(&mut arrivals, opened(Listener::Tcp));
        assert_eq!(told(&mut arrivals, connected()), None, "the second is no news");
    }

    #[test]
    fn a_refusal_is_told_with_its_reason_and_silence_as_silence() {
        let mut arrivals = Arrivals::default();
        told(&mut arrivals, opened(Listener::Tcp));
        let why = "bad user name or password".to_owned();
        let refused = EventKind::Refused { conn: CONN, client_id: None, reason: 0x86, why: why.clone() };
        told(&mut arrivals, refused);
        let closed = EventKind::Closed { conn: CONN, client_id: None, cause: CloseCause::Peer };
        told(&mut arrivals, closed.clone());
        assert_eq!(outcome(&arrivals), Outcome::TurnedAway { why });
        told(&mut arrivals, opened(Listener::Tcp));
        told(&mut arrivals, closed);
        assert_eq!(outcome(&arrivals), Outcome::Silent);
    }

    #[test]
    fn this_page_itself_is_no_arrival_where_it_comes_by_websocket() {
        let mut arrivals = Arrivals::default();
        told(&mut arrivals, opened(Listener::WebSocket));
        let mut page = connected();
        if let EventKind::Connected { client_id, .. } = &mut page {
            *client_id = "page".into();
        }
        assert_eq!(told(&mut arrivals, page), None);
        assert!(arrivals.view(SECOND).is_empty());
    }

    #[test]
    fn pages_and_simulated_devices_are_no_arrivals() {
        let mut arrivals = Arrivals::default();
        told(&mut arrivals, opened(Listener::Home));
        told(&mut arrivals, opened(Listener::Page));
        assert!(arrivals.view(SECOND).is_empty());
    }
}
