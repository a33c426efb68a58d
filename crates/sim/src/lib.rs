//! The simulated world: the home, its physics and its devices.
