//! Who this page is: fresh randomness, and the name of the origin's broker, which outlives a reload.

use super::storage;

const BROKER: &str = "lacewing.broker";

/// A random number from the browser.
pub(crate) fn seed() -> u64 {
    let (high, low) = (js_sys::Math::random(), js_sys::Math::random());
    (((high * 4_294_967_296.0) as u64) << 32) | (low * 4_294_967_296.0) as u64
}

/// The name of this origin's broker: made once and kept, so that a reloaded page is known as the same one. Where nothing can be
/// kept, a new one each time.
pub(crate) fn broker() -> [u8; 16] {
    let kept = storage::recall(BROKER).filter(|kept| kept.len() == 32);
    let name = kept.and_then(|kept| u128::from_str_radix(&kept, 16).ok()).unwrap_or_else(|| {
        let fresh = (u128::from(seed()) << 64) | u128::from(seed());
        // A private window may refuse to keep it; then a reload counts as another broker.
        storage::remember(BROKER, &format!("{fresh:032x}"));
        fresh
    });
    name.to_be_bytes()
}
