//! Who this page is: fresh randomness, and the name of the origin's broker, which outlives a reload.

use gloo::storage::{LocalStorage, Storage};

const BROKER: &str = "lacewing.broker";

/// A random number from the browser.
pub(crate) fn seed() -> u64 {
    let (high, low) = (js_sys::Math::random(), js_sys::Math::random());
    (((high * 4_294_967_296.0) as u64) << 32) | (low * 4_294_967_296.0) as u64
}

/// The name of this origin's broker: made once and kept, so that a reloaded page is known as the same one. Where nothing can be
/// kept, a new one each time.
pub(crate) fn broker() -> [u8; 16] {
    if let Ok(kept) = LocalStorage::get::<[u8; 16]>(BROKER) {
        return kept;
    }
    let mut fresh = [0; 16];
    fresh[..8].copy_from_slice(&seed().to_be_bytes());
    fresh[8..].copy_from_slice(&seed().to_be_bytes());
    // A private window may refuse to keep it; then a reload counts as another broker.
    let _ = LocalStorage::set(BROKER, fresh);
    fresh
}
