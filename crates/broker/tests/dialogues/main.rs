//! Dialogues between clients and a broker, on virtual time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod durable;
mod publish;
mod retained;
mod session;
mod story;
mod will;
