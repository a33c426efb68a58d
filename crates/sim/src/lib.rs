//! The simulated home: a house with its physics, and devices that are real MQTT clients.
//!
//! A [`Home`] is sans-IO, like the broker and the client it is made for: the host opens a connection for each device,
//! carries the bytes, and tells the time. The same seed and the same inputs give the same bytes on every target.
//!
//! A [`wire`] is a connection that can be slow, silent and short; whole systems of clients and a broker are run over such
//! wires.

mod behaviour;
pub mod blueprint;
mod chance;
mod clock;
mod device;
pub mod discovery;
mod home;
pub mod house;
mod number;
pub mod plan;
mod thermal;
pub mod wire;
mod world;

pub use blueprint::{Blueprint, Edit, EditError};
pub use chance::Chance;
pub use home::{Command, DeviceId, Home, Input, Output, Power, Setup};
pub use number::number;
