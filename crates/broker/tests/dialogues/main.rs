//! Dialogues between clients and a broker, on virtual time.

mod publish;
mod retained;
mod session;
mod story;
mod will;
