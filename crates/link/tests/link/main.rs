//! What the link promises, told by two ends and a channel between them that the tests hold in their hands.

mod dialogues;
mod hostile;
mod interleavings;
mod keeping_time;
mod pair;
mod sharing;
