//! What the broker is asked about the way of a message, and what it answered.

use lacewing_control::{Explanation, Request};

use super::words;

/// How many answers are kept.
const ANSWERS: usize = 64;
/// How long an answer holds, in microseconds.
const FRESH: u64 = 3_000_000;

/// Questions to the broker of the form: does this client get what is published to that topic, and why not?
#[derive(Debug, Default)]
pub(crate) struct Inquiries {
    answers: Vec<Inquiry>,
}

/// A question, when it was asked, and the last answer.
#[derive(Debug)]
struct Inquiry {
    client_id: String,
    topic: String,
    asked: u64,
    answer: Option<Explanation>,
}

impl Inquiries {
    /// The question to ask now; `None` while the last one about the same is fresh.
    pub(crate) fn ask(&mut self, now: u64, client_id: &str, topic: &str) -> Option<Request> {
        match self.find(client_id, topic) {
            Some(at) if now.saturating_sub(self.answers[at].asked) < FRESH => return None,
            Some(at) => self.answers[at].asked = now,
            None => {
                if self.answers.len() >= ANSWERS {
                    let oldest = (0..self.answers.len()).min_by_key(|&at| self.answers[at].asked)?;
                    self.answers.swap_remove(oldest);
                }
                let (client_id, topic) = (client_id.to_owned(), topic.to_owned());
                self.answers.push(Inquiry { client_id, topic, asked: now, answer: None });
            }
        }
        Some(Request::Explain { client_id: client_id.into(), topic: topic.into() })
    }

    /// The broker answered.
    pub(crate) fn answered(&mut self, client_id: String, topic: String, explanation: Explanation) {
        if let Some(at) = self.find(&client_id, &topic) {
            self.answers[at].answer = Some(explanation);
        }
    }

    /// What was answered last.
    pub(crate) fn answer(&self, client_id: &str, topic: &str) -> Option<&Explanation> {
        self.answers[self.find(client_id, topic)?].answer.as_ref()
    }

    /// The control channel is gone.
    pub(crate) fn forget(&mut self) {
        self.answers.clear();
    }

    fn find(&self, client_id: &str, topic: &str) -> Option<usize> {
        self.answers.iter().position(|one| one.client_id == client_id && one.topic == topic)
    }
}

/// Why nothing came back from a device that was sent a command on `topic`, as far as the broker knows.
pub(crate) fn no_answer(answer: &Explanation, topic: &str) -> String {
    if !answer.known {
        return "The broker has no client of this name: nobody heard it.".into();
    }
    if answer.matching.is_empty() && answer.unseen > 0 {
        return format!("Of its many subscriptions not all were looked at, and none that was is to {topic}.");
    }
    if answer.matching.is_empty() {
        return format!("It is not subscribed to {topic}: nobody heard it.");
    }
    if let Some(rule) = &answer.denied_by {
        return format!("An access rule keeps it from the device: {rule}.");
    }
    if !answer.connected {
        return match answer.granted {
            Some(_) => "It is offline. What was asked waits in its session until it is back.".into(),
            None => "It is offline, and nothing waits for it.".into(),
        };
    }
    match answer.obstacles.first() {
        Some(obstacle) => format!("The broker could not pass it on: {}.", words::obstacle(*obstacle)),
        None => "The broker passed it on. The device has not said that it did it.".into(),
    }
}

/// The rule that keeps a client from what is published to a topic, as the end of a line. Its subscriptions of today say nothing of a message that
/// did not reach it then.
pub(crate) fn by_which_rule(answer: &Explanation) -> Option<String> {
    answer.denied_by.as_ref().map(|rule| format!("kept from it by the rule {rule}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use lacewing_control::{NotDelivered, SubscriptionInfo};

    const SECOND: u64 = 1_000_000;

    /// A client that is here and subscribed to `lamp/set` with QoS 1.
    pub(crate) fn explanation() -> Explanation {
        Explanation {
            known: true,
            connected: true,
            matching: vec![SubscriptionInfo {
                filter: "lamp/set".into(),
                qos: 1,
                no_local: false,
                retain_as_published: false,
                subscription_identifier: None,
            }],
            nearest: None,
            unseen: 0,
            granted: Some(1),
            obstacles: Vec::new(),
            dropped: 0,
            shared: Vec::new(),
            denied_by: None,
        }
    }

    #[test]
    fn the_same_is_not_asked_again_while_the_answer_is_fresh() {
        let mut inquiries = Inquiries::default();
        assert!(inquiries.ask(SECOND, "lamp", "lamp/set").is_some());
        assert!(inquiries.ask(2 * SECOND, "lamp", "lamp/set").is_none());
        assert!(inquiries.ask(2 * SECOND, "lamp", "other").is_some());
        assert!(inquiries.ask(5 * SECOND, "lamp", "lamp/set").is_some());
        inquiries.answered("lamp".into(), "lamp/set".into(), explanation());
        assert!(inquiries.answer("lamp", "lamp/set").is_some());
    }

    #[test]
    fn only_so_many_answers_are_kept() {
        let mut inquiries = Inquiries::default();
        (0..1_000u64).for_each(|at| drop(inquiries.ask(at, &at.to_string(), "a")));
        assert_eq!(inquiries.answers.len(), ANSWERS);
    }

    #[test]
    fn who_missed_a_message_is_told_the_rule_and_not_what_it_is_subscribed_to_now() {
        assert_eq!(by_which_rule(&explanation()), None);
        let denied = Explanation { denied_by: Some("deny read lamp/#".into()), ..explanation() };
        assert_eq!(by_which_rule(&denied).as_deref(), Some("kept from it by the rule deny read lamp/#"));
    }

    #[test]
    fn each_reason_for_silence_is_a_sentence_of_its_own() {
        let why = |change: fn(&mut Explanation)| {
            let mut answer = explanation();
            change(&mut answer);
            no_answer(&answer, "lamp/set")
        };
        assert!(why(|answer| answer.known = false).contains("no client of this name"));
        assert!(why(|answer| answer.matching.clear()).contains("not subscribed to lamp/set"));
        let unseen = |answer: &mut Explanation| {
            answer.matching.clear();
            answer.unseen = 5;
        };
        assert!(why(unseen).contains("not all were looked at"));
        assert!(why(|answer| answer.connected = false).contains("waits in its session"));
        assert!(
            why(|answer| answer.denied_by = Some("deny subscribe #".into())).contains("deny subscribe #")
        );
        assert!(why(|answer| answer.obstacles.push(NotDelivered::QueueFull)).contains("queue is full"));
        assert!(why(|_| {}).contains("passed it on"));
    }
}
