//! The simulated home and its devices.

pub mod house;
pub mod plan;
