//! What became of a message from the composer.

use serde::{Deserialize, Serialize};

/// Told once the broker has answered, or it is certain that it will not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Whether the broker has it, as far as is known.
    pub well: bool,
    /// A sentence.
    pub text: String,
}
