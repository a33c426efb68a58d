//! What the wire format promises: by the specification's numbered statements, by property, and against another codec.

#![allow(clippy::unwrap_used, reason = "functions beside the tests are part of the tests")]

mod acks;
mod arbitrary;
mod connect;
mod differential;
mod publish;
mod raw;
mod roundtrip;
mod subscribe;
