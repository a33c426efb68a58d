//! The worker's clock: where the core's [`Now`] comes from in a browser.

use std::cell::Cell;

use lacewing_broker::Now;
use web_sys::WorkerGlobalScope;
use web_sys::wasm_bindgen::JsCast;

/// Reads the browser's clocks.
///
/// `awake` is `performance.now()`, which never runs backwards; `wall` is `Date.now()`, held still while somebody
/// sets the machine's clock back.
pub(crate) struct Clock {
    performance: Option<web_sys::Performance>,
    latest_wall: Cell<u64>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let scope = js_sys::global().dyn_into::<WorkerGlobalScope>().ok();
        Self { performance: scope.and_then(|scope| scope.performance()), latest_wall: Cell::new(0) }
    }

    /// The present moment in microseconds.
    pub(crate) fn now(&self) -> Now {
        let wall = ((js_sys::Date::now() * 1_000.0) as u64).max(self.latest_wall.get());
        self.latest_wall.set(wall);
        let awake = self.performance.as_ref().map_or(wall, |clock| (clock.now() * 1_000.0) as u64);
        Now { awake, wall }
    }
}
