//! What the wire format promises: by property, by the specification's numbered statements, and against another codec.

#![allow(clippy::unwrap_used, reason = "functions beside the tests are part of the tests")]

mod arbitrary;
mod differential;
mod roundtrip;
