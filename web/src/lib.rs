//! The page and its workers.
//!
//! [`wire`] is what the page and the client worker say to each other, [`model`] turns MQTT messages and
//! control answers into what the page shows. Both are plain Rust and are tested natively; everything that
//! touches the browser is compiled for wasm only.

pub mod host;
pub mod model;
pub mod roles;
#[cfg(target_arch = "wasm32")]
pub mod tab;
pub mod wire;
#[cfg(target_arch = "wasm32")]
pub mod worker;
