//! What became of what this page published, in words.

use lacewing_protocol::ReasonCode;

use super::{Model, draft};
use crate::wire::{Action, Draft, Notice, Posted, WorkerToPage};

/// Why something is published, and so where its outcome is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Errand {
    /// The composer.
    Composer,
    /// A control of the device with this id.
    Control(String),
    /// The broker is to keep a topic's message no longer; the message, to be able to take it back.
    Clear(Box<Draft>),
}

/// What became of a publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on its way, and QoS 0 has no acknowledgement.
    Sent,
    /// The broker answered.
    Answered(ReasonCode),
    /// It was not sent: the end of a sentence.
    Dropped(String),
}

/// How long a refusal waits for the broker's event that names the rule, and the event for the refusal, in microseconds.
const APART: u64 = 500_000;

/// A refusal that is not told yet, since its other half may still come.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Answered by the broker, the rule not known yet; until when.
    answered: Option<(Errand, Outcome, Option<u64>)>,
    /// The rule, nothing of it answered yet; until when.
    rule: Option<(String, Option<u64>)>,
}

impl Model {
    /// What became of something that was published.
    pub fn posted(&mut self, errand: Errand, outcome: Outcome) {
        let waits = outcome == Outcome::Answered(ReasonCode::NotAuthorized) && self.is_told_of_events();
        if !waits {
            return self.tell(errand, &outcome, None);
        }
        match self.refusals.rule.take() {
            Some((rule, _)) => self.tell(errand, &outcome, Some(&rule)),
            None => {
                if let Some((errand, outcome, _)) = self.refusals.answered.replace((errand, outcome, None)) {
                    self.tell(errand, &outcome, None);
                }
            }
        }
    }

    /// The broker's event says by which rule something of this page's was refused.
    pub(super) fn refused(&mut self, rule: &str) {
        match self.refusals.answered.take() {
            Some((errand, outcome, _)) => self.tell(errand, &outcome, Some(rule)),
            None => self.refusals.rule = Some((rule.to_owned(), None)),
        }
    }

    /// Tells of refusals whose other half did not come: a message of QoS 0 is refused without an answer.
    pub(super) fn tell_refusals(&mut self, now: u64) {
        let is_over = |until: &mut Option<u64>| *until.get_or_insert(now + APART) <= now;
        if self.refusals.answered.as_mut().is_some_and(|(.., until)| is_over(until))
            && let Some((errand, outcome, _)) = self.refusals.answered.take()
        {
            self.tell(errand, &outcome, None);
        }
        if self.refusals.rule.as_mut().is_some_and(|(_, until)| is_over(until))
            && let Some((rule, _)) = self.refusals.rule.take()
        {
            self.problem(format!("The broker refused what this page sent: {rule}."));
        }
    }

    fn tell(&mut self, errand: Errand, outcome: &Outcome, rule: Option<&str>) {
        let (well, text) = told(outcome, rule);
        match errand {
            Errand::Composer => self.posted.push_back(WorkerToPage::Posted(Posted { well, text })),
            Errand::Control(device) if !well => self.house.excuse(&device, text),
            Errand::Control(device) => {
                if *outcome == Outcome::Answered(ReasonCode::NoMatchingSubscribers) {
                    self.house.excuse(&device, "Nobody is subscribed to its command topic.".into());
                }
            }
            Errand::Clear(kept) if well => {
                let text = format!("The broker keeps nothing on {} any more.", kept.topic);
                self.notify(Notice::done(text).undone_by(Action::Publish(*kept)));
            }
            Errand::Clear(_) => self.problem(text),
        }
    }

    /// Has the broker keep nothing on `topic`; what it kept, as far as this page saw it, can be put back.
    pub(super) fn clear_retained(&mut self, topic: &str) -> Result<super::Effect, String> {
        let kept = self.stream.draft_on(topic).ok_or("That message is not in the list any more.")?;
        let nothing = Draft { topic: topic.into(), qos: 1, retain: true, ..Draft::default() };
        draft::publish(nothing, Errand::Clear(Box::new(kept)))
    }
}

/// Whether it went well, and a sentence.
fn told(outcome: &Outcome, rule: Option<&str>) -> (bool, String) {
    match outcome {
        Outcome::Sent => {
            (true, "Sent. QoS 0 has no acknowledgement: whether it arrived is not known.".into())
        }
        Outcome::Answered(ReasonCode::NoMatchingSubscribers) => {
            (true, "The broker took it. Nobody is subscribed to that topic (0x10).".into())
        }
        Outcome::Answered(reason) if reason.is_error() => {
            let rule = rule.map_or(String::new(), |rule| format!(" ({rule})"));
            let code = reason.value();
            (false, format!("The broker refused it: {}, 0x{code:02X}{rule}.", reason.description()))
        }
        Outcome::Answered(_) => (true, "The broker took it and acknowledged it.".into()),
        Outcome::Dropped(why) => (false, format!("It was not sent: {why}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_of_a_publish_is_told_in_words() {
        let said = |outcome| told(&outcome, None);
        assert!(said(Outcome::Sent).1.contains("no acknowledgement"));
        assert!(said(Outcome::Answered(ReasonCode::Success)).1.contains("acknowledged"));
        assert!(said(Outcome::Answered(ReasonCode::NoMatchingSubscribers)).1.contains("Nobody"));
        let dropped = said(Outcome::Dropped("there is no connection".into()));
        assert_eq!(dropped, (false, "It was not sent: there is no connection.".into()));
    }

    #[test]
    fn a_refusal_tells_its_reason_and_the_rule() {
        let rule = "it may not publish to a: deny publish #";
        let (well, text) = told(&Outcome::Answered(ReasonCode::NotAuthorized), Some(rule));
        assert!(!well && text.contains("0x87") && text.contains("deny publish #"), "{text}");
    }
}
