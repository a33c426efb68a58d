//! Dialogues between clients and a broker, on virtual time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod aliases;
mod answers;
mod auth;
mod brink;
mod connect;
mod determinism;
mod durable;
mod exactly_once;
mod fan_out;
mod flow;
mod hostile;
mod image;
mod limits;

mod operator;
mod publish;
mod quota;
mod reload;
mod restore;
mod retained;
mod rules;
mod session;
mod shared;
mod story;
mod subscriptions;
mod sys;
mod terms;
mod version_3_1_1;
mod will;
