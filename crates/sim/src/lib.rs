//! The simulated home and its devices.

pub mod plan;
