//! What the wire format promises: by property, by the specification's numbered statements, and against another codec.

mod arbitrary;
mod roundtrip;
