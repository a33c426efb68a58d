//! The whole home against a real broker, in one process and on virtual time.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod at_rest;
mod climate;
mod determinism;
mod discovery;
mod edits;
mod power;
mod street;
