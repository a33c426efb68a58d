//! Dialogues between a client and a scripted server, on virtual time.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod connecting;
mod hostile;
mod keep_alive;
mod order;
mod publishing;
mod receiving;
mod script;
mod subscribing;
