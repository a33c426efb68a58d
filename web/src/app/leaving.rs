//! Leaving the page: asked about only while real devices would lose their broker.

use std::rc::Rc;

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::Event;

use crate::tab::Tab;

/// Has the browser ask before the page is closed or left, for as long as devices depend on it.
pub(super) fn ask(tab: Rc<Tab>) {
    let Some(window) = web_sys::window() else { return };
    let leaving = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        if tab.carries_devices() {
            event.prevent_default();
        }
    });
    window.set_onbeforeunload(Some(leaving.as_ref().unchecked_ref()));
    leaving.forget();
}
