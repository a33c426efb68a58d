//! The simulated devices as an operator sees and orders them.

use serde::{Deserialize, Serialize};

/// How a simulated device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DevicePower {
    /// It runs.
    On,
    /// It said DISCONNECT and is off: no will.
    Off,
    /// Its program ended and its socket closed with it: the will is published at once.
    Crashed,
    /// Its cable is cut: silence, and the will after one and a half keep-alive intervals.
    Cut,
}

/// What can be done to a simulated device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceOrder {
    /// The device's id.
    pub device: String,
    /// How it shall stand from now on.
    pub power: DevicePower,
}
