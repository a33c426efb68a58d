//! From MQTT messages and control answers to what the page shows, and from clicks to what is to be done.
//!
//! [`Model`] runs in the client worker and touches nothing itself: the worker hands it what came and the wall
//! clock, carries out its [`Effect`]s, and at most ten times a second posts its [`Model::views`] to the page.
//! All times are wall clock in microseconds since 1970.

mod draft;
mod effect;
mod payload;
mod rate;
mod roster;
mod stream;
mod words;

pub use effect::{Effect, Who};
