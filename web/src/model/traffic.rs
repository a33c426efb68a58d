//! Who told what to whom, from the broker's events: the last messages of each client, and the journeys of the latest messages.

use std::collections::VecDeque;

use lacewing_control::{Event, EventKind, Preview};

use super::words;
use crate::sorted::ByName;
use crate::wire::{Journey, Receiver, TrafficRow};

/// How many messages of a client are kept.
const LINES: usize = 20;
/// How many clients' messages are kept; the one that was quiet for longest makes room.
const CLIENTS: usize = 300;
/// How many messages' journeys are kept.
const TRACED: usize = 400;
/// How far apart the broker's clock and this page's may be for the same message, in microseconds.
const NEAR: u64 = 5_000_000;
/// How long after a message the broker may still tell of it when some of what it tells is left out, in microseconds.
const RECENT: u64 = 2_000_000;

/// What is said of a message that is in its client's queue.
const WAITS: &str = "waits for it";

/// What is remembered of messages and their ways.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// By client id, oldest first.
    lines: ByName<VecDeque<Line>>,
    /// Oldest first.
    traced: VecDeque<Traced>,
    /// The client whose will is published next, and its topic.
    will: Option<(String, String)>,
}

#[derive(Debug)]
struct Line {
    at: u64,
    sent: bool,
    topic: String,
    value: Option<String>,
    fate: String,
    failed: bool,
}

/// A message, and what the broker told of its way.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    pub(crate) message: u64,
    /// When it was published, in microseconds since 1970.
    pub(crate) at: u64,
    pub(crate) topic: String,
    pub(crate) payload: Preview,
    pub(crate) journey: Journey,
    /// The shared subscriptions it belonged to, and whose turn it was in each.
    pub(crate) turns: Vec<(String, String)>,
    /// Whether the broker may have told more of it than reached this page.
    pub(crate) is_partial: bool,
}

impl Traffic {
    /// An event of the broker.
    pub(crate) fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Published { message, from, topic, payload, receivers, .. } => {
                if self.traced.len() == TRACED {
                    self.traced.pop_front();
                }
                let will = self.will.take();
                let is_will = will.is_some_and(|(client, of)| from.as_ref() == Some(&client) && of == *topic);
                let journey = Journey { from: from.clone(), is_will, ..Journey::default() };
                if let Some(from) = from {
                    let reached = match receivers {
                        0 => "to nobody: no one is subscribed".into(),
                        1 => "to 1 receiver".into(),
                        more => format!("to {more} receivers"),
                    };
                    let by = if is_will { "its will, published by the broker, " } else { "" };
                    let fate = format!("{by}{reached}");
                    let value = value(payload);
                    let topic = topic.clone();
                    self.line(from, Line { at: event.at, sent: true, topic, value, fate, failed: false });
                }
                let (topic, payload) = (topic.clone(), payload.clone());
                let known =
                    Traced { message: *message, at: event.at, topic, payload, journey, ..Traced::default() };
                self.traced.push_back(known);
            }
            EventKind::Delivered { message, to, topic, qos, shared, queued, filters, was_retained } => {
                let group = shared.as_ref().map_or(String::new(), |share| format!(", its turn in {share}"));
                let how = match (*was_retained, *queued) {
                    (true, _) => "later, as what was retained",
                    (false, true) => WAITS,
                    (false, false) => "delivered",
                };
                let why = match (&filters[..], *was_retained) {
                    ([], _) => String::new(),
                    (filters, true) => format!(", since it subscribed to {}", words::list(filters)),
                    (filters, false) => format!(", by its subscription to {}", words::list(filters)),
                };
                let receiver = Receiver {
                    client_id: to.clone(),
                    how: format!("{how}, QoS {qos}{group}{why}"),
                    failed: false,
                };
                let waits = match (*was_retained, *queued) {
                    (true, _) => Some("retained from before"),
                    (false, true) => Some(WAITS),
                    (false, false) => None,
                };
                self.reached(event.at, *message, topic, receiver, waits);
                if let (Some(_), [filter], Some(traced)) = (shared, &filters[..], self.traced(*message))
                    && traced.turns.len() < Journey::RECEIVERS
                {
                    traced.turns.push((filter.clone(), to.clone()));
                }
            }
            EventKind::NotDelivered { message, to, topic, why } => {
                let how = format!("not delivered: {}", words::obstacle(*why));
                let receiver = Receiver { client_id: to.clone(), how: how.clone(), failed: true };
                self.reached(event.at, *message, topic, receiver, Some(&how));
            }
            // What waited goes out to it now, and no event tells of each.
            EventKind::Connected { client_id, .. } => {
                for line in self.lines.get_mut(client_id).into_iter().flatten() {
                    if line.fate == WAITS {
                        line.fate = "waited for it until it was back".into();
                    }
                }
            }
            EventKind::WillSent { client_id, topic } => self.will = Some((client_id.clone(), topic.clone())),
            EventKind::Refused { client_id: Some(client_id), why, .. } => {
                let fate = format!("refused: {why}");
                let line =
                    Line { at: event.at, sent: true, topic: String::new(), value: None, fate, failed: true };
                self.line(client_id, line);
            }
            _ => {}
        }
    }

    /// A message that this page heard itself, where no broker tells it of the others: `device` sent it, or it was meant for it.
    pub(crate) fn heard(&mut self, at: u64, device: &str, sent: bool, topic: &str, value: Option<String>) {
        let topic = topic.to_owned();
        self.line(device, Line { at, sent, topic, value, fate: String::new(), failed: false });
    }

    /// The last messages from and to a client, newest first.
    pub(crate) fn of(&self, now: u64, client_id: &str) -> Vec<TrafficRow> {
        let lines = self.lines.get(client_id).into_iter().flatten().rev();
        lines
            .map(|line| TrafficRow {
                sent: line.sent,
                topic: line.topic.clone(),
                value: line.value.clone(),
                fate: line.fate.clone(),
                age: words::ago(now, line.at),
                failed: line.failed,
            })
            .collect()
    }

    /// Some of what the broker tells was left out before `at`.
    pub(crate) fn missed(&mut self, at: u64) {
        let latest = self.traced.iter_mut().rev().take_while(|traced| at.saturating_sub(traced.at) < RECENT);
        latest.for_each(|traced| traced.is_partial = true);
    }

    /// The message that came to this page `at` that time, and its way.
    pub(crate) fn find(&self, at: u64, topic: &str, payload: &[u8]) -> Option<&Traced> {
        let same = |traced: &&Traced| {
            traced.at.abs_diff(at) < NEAR
                && traced.topic == topic
                && traced.payload.len as usize == payload.len()
                && payload.starts_with(&traced.payload.head)
        };
        self.traced.iter().filter(same).min_by_key(|traced| traced.at.abs_diff(at))
    }

    /// The control channel is gone and with it what it said.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    fn traced(&mut self, message: u64) -> Option<&mut Traced> {
        self.traced.iter_mut().rev().find(|traced| traced.message == message)
    }

    fn reached(&mut self, at: u64, message: u64, topic: &str, receiver: Receiver, trouble: Option<&str>) {
        let traced = self.traced(message);
        let from = traced.as_ref().and_then(|traced| traced.journey.from.as_deref());
        let fate = match (trouble, from) {
            (Some(trouble), _) => trouble.to_owned(),
            (None, Some(from)) => format!("from {from}"),
            (None, None) => String::new(),
        };
        let value = traced.as_ref().and_then(|traced| value(&traced.payload));
        let (to, failed) = (receiver.client_id.clone(), receiver.failed);
        if let Some(traced) = traced {
            match traced.journey.receivers.len() {
                Journey::RECEIVERS.. => traced.journey.more += 1,
                _ => traced.journey.receivers.push(receiver),
            }
        }
        self.line(&to, Line { at, sent: false, topic: topic.into(), value, fate, failed });
    }

    fn line(&mut self, client_id: &str, line: Line) {
        if !self.lines.contains_key(client_id) && self.lines.len() == CLIENTS {
            let quietest = self.lines.iter().min_by_key(|(_, lines)| lines.back().map(|line| line.at));
            if let Some(quietest) = quietest.map(|(id, _)| id.clone()) {
                self.lines.remove(&quietest);
            }
        }
        let lines = self.lines.get_or_insert_with(client_id, VecDeque::new);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

fn value(payload: &Preview) -> Option<String> {
    (payload.len > 0).then(|| words::preview(payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lacewing_control::NotDelivered;

    const SECOND: u64 = 1_000_000;

    fn event(at: u64, kind: EventKind) -> Event {
        Event { number: 1, at, kind }
    }

    fn published(message: u64, from: &str) -> EventKind {
        EventKind::Published {
            message,
            from: Some(from.into()),
            topic: "a/b".into(),
            qos: 0,
            retain: false,
            payload: Preview { head: b"20.4".to_vec(), len: 4 },
            receivers: 2,
        }
    }

    fn delivered(message: u64, to: &str) -> EventKind {
        EventKind::Delivered {
            message,
            to: to.into(),
            topic: "a/b".into(),
            qos: 1,
            shared: None,
            queued: false,
            filters: vec!["#".into()],
            was_retained: false,
        }
    }

    #[test]
    fn sender_and_receivers_each_remember_a_message_from_their_side() {
        let mut traffic = Traffic::default();
        traffic.event(&event(SECOND, published(7, "sensor")));
        traffic.event(&event(SECOND, delivered(7, "radiator")));
        let (sent, got) = (traffic.of(5 * SECOND, "sensor"), traffic.of(5 * SECOND, "radiator"));
        assert_eq!(
            (sent[0].sent, sent[0].fate.as_str(), sent[0].age.as_str()),
            (true, "to 2 receivers", "4 s ago")
        );
        assert_eq!((got[0].sent, got[0].fate.as_str()), (false, "from sensor"));
        assert_eq!(got[0].value.as_deref(), Some("20.4"));
    }

    #[test]
    fn a_will_is_told_from_what_its_client_published_itself() {
        let mut traffic = Traffic::default();
        traffic.event(&event(SECOND, published(6, "lamp")));
        traffic.event(&event(SECOND, EventKind::WillSent { client_id: "lamp".into(), topic: "a/b".into() }));
        traffic.event(&event(2 * SECOND, published(7, "lamp")));
        let rows = traffic.of(2 * SECOND, "lamp");
        assert_eq!(rows[0].fate, "its will, published by the broker, to 2 receivers");
        assert_eq!(rows[1].fate, "to 2 receivers");
        assert!(traffic.find(2 * SECOND, "a/b", b"20.4").is_some_and(|traced| traced.journey.is_will));
    }

    #[test]
    fn the_last_twenty_messages_of_a_client_are_kept_newest_first() {
        let mut traffic = Traffic::default();
        (1..=30)
            .for_each(|second| traffic.heard(second * SECOND, "lamp", true, "a", Some(second.to_string())));
        let rows = traffic.of(30 * SECOND, "lamp");
        assert_eq!(
            (rows.len(), rows[0].value.as_deref(), rows[19].value.as_deref()),
            (20, Some("30"), Some("11"))
        );
    }

    #[test]
    fn the_quietest_client_makes_room_for_a_new_one() {
        let mut traffic = Traffic::default();
        (0..=CLIENTS as u64).for_each(|id| traffic.heard(id, &format!("client-{id}"), true, "a", None));
        assert_eq!(traffic.lines.len(), CLIENTS);
        assert!(traffic.of(0, "client-0").is_empty() && !traffic.of(0, "client-1").is_empty());
    }

    #[test]
    fn what_waited_for_a_client_does_so_no_longer_when_it_is_back() {
        let mut traffic = Traffic::default();
        let mut waits = delivered(7, "lamp");
        if let EventKind::Delivered { queued, .. } = &mut waits {
            *queued = true;
        }
        traffic.event(&event(SECOND, published(7, "sensor")));
        traffic.event(&event(SECOND, waits));
        assert_eq!(traffic.of(SECOND, "lamp")[0].fate, "waits for it");
        let connected = EventKind::Connected {
            conn: lacewing_broker::ConnId(1),
            client_id: "lamp".into(),
            version: "5.0".into(),
            user: None,
            keep_alive: 30,
            clean_start: false,
            session_present: true,
            session_expiry: 60,
            will: false,
        };
        traffic.event(&event(2 * SECOND, connected));
        assert_eq!(traffic.of(2 * SECOND, "lamp")[0].fate, "waited for it until it was back");
    }

    #[test]
    fn a_message_of_the_stream_is_traced_to_its_receivers() {
        let mut traffic = Traffic::default();
        traffic.event(&event(SECOND, published(7, "sensor")));
        traffic.event(&event(SECOND, delivered(7, "radiator")));
        let lost = EventKind::NotDelivered {
            message: 7,
            to: "away".into(),
            topic: "a/b".into(),
            why: NotDelivered::Away,
        };
        traffic.event(&event(SECOND, lost));
        let journey = &traffic.find(2 * SECOND, "a/b", b"20.4").unwrap().journey;
        assert_eq!(journey.from.as_deref(), Some("sensor"));
        assert_eq!(journey.receivers[0].how, "delivered, QoS 1, by its subscription to #");
        assert!(journey.receivers[1].failed && journey.receivers[1].how.contains("away"));
        assert!(traffic.find(2 * SECOND, "a/b", b"20.5").is_none());
        assert!(traffic.find(20 * SECOND, "a/b", b"20.4").is_none(), "an old one of the same words");
    }
}
