//! The page and its workers.
//!
//! [`wire`] is what the page and the client worker say to each other, [`model`] turns MQTT messages and
//! control answers into what the page shows, [`geometry`] lays out the drawing. These are plain Rust and are
//! tested natively; everything that touches the browser is compiled for wasm only.

#[cfg(test)]
mod contrast;
pub mod geometry;
pub mod host;
pub mod late;
pub mod model;
mod order;
pub mod replay;
pub mod roles;
pub mod route;
pub mod settings;
mod sorted;
pub mod wire;

#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod hooks;
#[cfg(target_arch = "wasm32")]
mod opfs;
#[cfg(target_arch = "wasm32")]
mod report;
#[cfg(target_arch = "wasm32")]
mod state;
#[cfg(target_arch = "wasm32")]
pub mod tab;
#[cfg(target_arch = "wasm32")]
mod timer;
#[cfg(target_arch = "wasm32")]
mod views;
#[cfg(target_arch = "wasm32")]
pub mod worker;
