//! Everything a broker was given, to be given to another one.

mod form;
mod recorder;
mod transcript;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

pub use recorder::Recorder;
pub use transcript::{Reaction, Transcript};

use crate::{Batch, Broker, Config, ConnId, Input, Now, Record, RestoreError};
use form::{HeadForm, StepForm};

/// A broker's config, seed and image, and every call that was made to it, with its time.
///
/// A broker that gets the same calls answers with the same outputs and bytes, on every target. As text it is one JSON
/// object a line: first the head, then each step, so that a recording can be written as it grows.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// What the broker was made from.
    pub head: Head,
    /// The calls, in order.
    pub steps: Vec<Step>,
}

/// What a recorded broker was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "HeadForm", into = "HeadForm")]
pub struct Head {
    /// Its limits.
    pub config: Config,
    /// Its seed.
    pub seed: u64,
    /// When it was made.
    pub start: Now,
    /// The records it was restored from; none for a new broker.
    pub image: Vec<Record>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StepForm", into = "StepForm")]
pub struct Step {
    /// Its time.
    pub at: Now,
    /// What was called.
    pub call: Call,
}

/// What can be called.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// [`Broker::handle`].
    Handle(Input),
    /// [`Broker::poll_output`] until there was no more, then [`Broker::poll_timeout`].
    Drain,
    /// [`Broker::transmit`].
    Transmit {
        /// To which connection.
        conn: ConnId,
        /// At most how many bytes.
        max_bytes: u32,
    },
}

/// Why a text is not a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// There is no first line.
    #[error("the recording is empty")]
    Empty,
    /// A line cannot be read.
    #[error("line {line}: {error}")]
    Line {
        /// Which, from 1.
        line: u32,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

impl Recording {
    /// Reads the text of a recording.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub fn from_text(text: &str) -> Result<Self, RecordingError> {
        let mut lines = (1..).zip(text.lines());
        let (line, head) = lines.next().ok_or(RecordingError::Empty)?;
        let head = serde_json::from_str(head).map_err(|error| RecordingError::Line { line, error })?;
        let step =
            |(line, step)| serde_json::from_str(step).map_err(|error| RecordingError::Line { line, error });
        Ok(Self { head, steps: lines.map(step).collect::<Result<_, _>>()? })
    }

    /// Its text.
    ///
    /// # Errors
    /// None that is known: the types of a recording all have a JSON form.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string(&self.head)?;
        for step in &self.steps {
            let _ = write!(text, "\n{}", serde_json::to_string(step)?);
        }
        text.push('\n');
        Ok(text)
    }

    /// Makes the calls to a broker of this build and notes how it reacts.
    ///
    /// # Errors
    /// The image cannot be restored.
    pub fn replay(&self) -> Result<Transcript, RestoreError> {
        let mut broker = self.head.broker()?;
        let mut transcript = Transcript::default();
        for step in &self.steps {
            transcript.reactions.push(step.run(&mut broker));
        }
        Ok(transcript)
    }
}

impl Head {
    /// A broker made from it.
    ///
    /// # Errors
    /// The image cannot be restored.
    pub fn broker(&self) -> Result<Broker, RestoreError> {
        if self.image.is_empty() {
            return Ok(Broker::new(self.config.clone(), self.seed, self.start));
        }
        let mut restore = Broker::restore(self.config.clone(), self.seed, self.start);
        for record in &self.image {
            restore.push(record.clone())?;
        }
        restore.finish(self.start)
    }
}

impl Step {
    /// Makes the call.
    pub fn run(&self, broker: &mut Broker) -> Reaction {
        match &self.call {
            Call::Handle(input) => {
                broker.handle(self.at, input.clone());
                Reaction::Taken
            }
            Call::Drain => {
                let outputs = std::iter::from_fn(|| broker.poll_output()).collect();
                Reaction::Drained { outputs, timeout: broker.poll_timeout() }
            }
            Call::Transmit { conn, max_bytes } => {
                let mut batch = Batch::new();
                let more = broker.transmit(self.at, *conn, *max_bytes as usize, &mut batch);
                Reaction::Sent { conn: *conn, bytes: batch.to_bytes(), more }
            }
        }
    }
}
