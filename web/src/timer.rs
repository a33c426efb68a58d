//! The browser's timers, for what happens once.
//!
//! gloo's `Timeout` keeps for good what it holds when it is forgotten, and a busy house forgets some seventy a second.

use wasm_bindgen::prelude::*;

/// Calls `then` once, in this many milliseconds, and gives back what it holds.
pub(crate) fn after(milliseconds: u32, then: impl FnOnce() + 'static) {
    // One function for whatever is to happen: there are many places like this, and each would have a copy of what follows.
    let then: Box<dyn FnOnce()> = Box::new(then);
    set_timeout(&Closure::once_into_js(then), milliseconds);
}

#[wasm_bindgen]
extern "C" {
    /// Calls a function in this many milliseconds, unless the number that it returns is cleared before.
    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(then: &JsValue, milliseconds: u32) -> f64;

    /// Has nothing of this number called any more.
    #[wasm_bindgen(js_name = clearTimeout)]
    pub(crate) fn clear_timeout(number: f64);
}
