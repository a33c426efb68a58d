//! The Web Lock that makes one broker per origin: who holds it runs the broker.
//!
//! `web-sys` keeps the Web Locks API behind an unstable flag, so its one call is made by name.

use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Array, Function, Object, Promise, Reflect};
use web_sys::wasm_bindgen::{JsCast, JsValue, closure::Closure};

const NAME: &str = "lacewing-broker";

/// Whether this page may hold locks at all: it must be a secure context, and the browser must know Web Locks.
pub(crate) fn is_supported() -> bool {
    manager().is_some()
}

/// Takes the lock and keeps it until the page goes away.
///
/// With `only_if_free`, resolves to `false` at once when another tab has it; otherwise waits for its turn.
///
/// # Errors
/// When the browser refuses locks to this page.
pub(crate) async fn take(only_if_free: bool) -> Result<bool, JsValue> {
    let manager = manager().ok_or_else(|| JsValue::from_str("this page cannot hold locks"))?;
    let request: Function = Reflect::get(&manager, &"request".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &only_if_free.into())?;

    // The browser holds the lock for as long as the promise that the callback returns is pending: forever, here.
    let mut pending = Ok(JsValue::UNDEFINED);
    let granted = Promise::new(&mut |resolve, _| {
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let held = !lock.is_null();
            // Resolving cannot throw.
            let _ = resolve.call1(&JsValue::NULL, &held.into());
            if held { Promise::new(&mut |_, _| {}).into() } else { JsValue::NULL }
        });
        pending = request.call3(&manager, &NAME.into(), &options, &callback);
    });
    // The request itself settles first only when it is refused.
    let outcome = Promise::race(&Array::of2(&granted, &pending?));
    JsFuture::from(outcome).await.map(|held| held.is_truthy())
}

fn manager() -> Option<JsValue> {
    let navigator = web_sys::window()?.navigator();
    Reflect::get(&navigator, &"locks".into()).ok().filter(|locks| locks.is_object())
}
