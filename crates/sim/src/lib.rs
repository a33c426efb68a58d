//! The simulated home: a house with its physics, and devices that are real MQTT clients.
//!
//! A [`Home`] is sans-IO, like the broker and the client it is made for: the host opens a connection for each device,
//! carries the bytes, and tells the time. The same seed and the same inputs give the same bytes on every target.

mod behaviour;
mod chance;
mod clock;
mod device;
pub mod discovery;
mod home;
pub mod house;
pub mod plan;
mod thermal;
mod world;

pub use home::{Command, DeviceId, Home, Input, Output, Power, Setup};
