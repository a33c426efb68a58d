//! The store worker: keeps what the broker of this page's tab records.

#[cfg(target_arch = "wasm32")]
fn main() {
    if let Err(error) = lacewing_web::worker::start_store() {
        web_sys::console::error_1(&error);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
