//! What the page tells in its corner.

use serde::{Deserialize, Serialize};

use super::Action;

/// Something that happened, or did not, told in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How it is meant.
    pub tone: Tone,
    /// A sentence or two.
    pub text: String,
    /// What a click can do about it.
    pub offer: Option<Offer>,
}

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// It was done, or it came about: gone again by itself after a while.
    Done,
    /// It was not done, and why: stays until it is read.
    Problem,
    /// It can be done: stays until it is answered.
    Question,
}

/// A button of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What stands on it.
    pub label: String,
    /// What it asks of the worker.
    pub action: Action,
}

impl Notice {
    /// How long something can be undone, in milliseconds.
    pub const DECIDING_MS: u32 = 15_000;

    /// It was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { tone: Tone::Done, text: text.into(), offer: None }
    }

    /// It was not done, and why.
    pub fn problem(text: impl Into<String>) -> Self {
        Self { tone: Tone::Problem, text: text.into(), offer: None }
    }

    /// Shall it be done? `label` stands on the button that does it.
    pub fn question(text: impl Into<String>, label: &str, action: Action) -> Self {
        Self { tone: Tone::Question, text: text.into(), offer: Some(Offer { label: label.into(), action }) }
    }

    /// With a button that makes it undone.
    #[must_use]
    pub fn undone_by(mut self, action: Action) -> Self {
        self.offer = Some(Offer { label: "Undo".into(), action });
        self
    }
}
