//! The worker: runs the broker or the page's clients, as the page's first message says.

#[cfg(target_arch = "wasm32")]
fn main() {
    if let Err(error) = lacewing_web::worker::start() {
        web_sys::console::error_1(&error);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
