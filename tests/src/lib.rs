//! What the tests that cross crates are made of: a running `lacewing`, clients written by others, a browser that holds
//! the page, and a load with checks.
//!
//! Everything here panics when what it waits for does not come: that is how a test fails. Every program that is started
//! is ended when its value is dropped.

pub mod axe;
pub mod browser;
pub mod busy_home;
pub mod commits;
pub mod device;
pub mod figures;
pub mod filled;
pub mod hostile;
pub mod kills;
pub mod lacewing;
pub mod load;
pub mod machine;
pub mod memory;
pub mod mosquitto;
pub mod mqttjs;
pub mod paho;
pub mod patience;
pub mod processor;
pub mod program;
pub mod sights;
#[cfg(target_os = "linux")]
pub mod small_disk;
pub mod stand;
pub mod tools;
