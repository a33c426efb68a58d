//! Headless Chromium, steered through the protocol of its developer tools.

mod chromium;
mod devtools;
mod page;
mod trace;

pub use chromium::{Chromium, Profile};
pub use page::Page;
pub use trace::MainThread;
