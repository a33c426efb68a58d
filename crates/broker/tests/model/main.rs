//! Random dialogues in which the broker and a reference model have to agree.
//!
//! The [reference](reference) is the obvious, slow broker, written from the specification: it looks through every
//! subscription for every message. A [dialogue](dialogue) connects, drops, subscribes, publishes, acknowledges late,
//! lets time pass and crashes; the broker and the reference [play](play) it together, and after each step every packet
//! and every session are compared. Where the specification leaves a choice (which member of a shared subscription, in
//! which order retained messages come) the reference looks at the broker's events and checks that the choice is allowed.
//!
//! `LACEWING_DIALOGUES=10000 cargo test --release -p lacewing-broker --test model` plays as many, from the seed
//! `LACEWING_SEED` (0) on. One that fails is made shorter and printed as a test for `kept.rs`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chance;
mod dialogue;
mod host;
mod kept;
mod lines;
mod oracle;
mod peer;
mod play;
mod reference;
mod search;

/// What is played with every run of the tests.
const DIALOGUES: u64 = 256;

#[test]
fn the_broker_and_the_reference_agree_in_random_dialogues() {
    let number = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => default,
    };
    search::play_seeds(number("LACEWING_SEED", 0), number("LACEWING_DIALOGUES", DIALOGUES));
}
