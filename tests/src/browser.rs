//! Headless Chromium, steered through the protocol of its developer tools.

mod chromium;
mod devtools;
mod heap;
mod page;
mod trace;

pub use chromium::{Chromium, Profile};
pub use heap::Heap;
pub use page::Page;
pub use trace::MainThread;
