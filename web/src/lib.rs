//! The page and its workers.
//!
//! [`wire`] is what the page and the client worker say to each other, [`model`] turns MQTT messages and
//! control answers into what the page shows. Both are plain Rust and are tested natively; everything that
//! touches the browser is compiled for wasm only.

pub mod model;
pub mod wire;
