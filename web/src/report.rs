//! A page that says what happened when the program itself fails.

use std::panic::{self, PanicHookInfo};

use wasm_bindgen::JsValue;

/// Shows any panic on the page: after one, nothing on it works any more.
pub(crate) fn catch_panics() {
    panic::set_hook(Box::new(show));
}

fn show(info: &PanicHookInfo<'_>) {
    let text = info.to_string();
    web_sys::console::error_1(&JsValue::from_str(&text));
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let Some(body) = document.body() else { return };
    body.set_inner_html(
        "<div class=\"stopped\" role=\"alert\"><h1>This page has stopped</h1><p>Lacewing made a mistake it could not \
         recover from. Reload the page to go on; the report below says where it happened.</p><p><a class=\"button \
         primary\" href=\"\">Reload</a></p><pre></pre></div>",
    );
    if let Some(report) = body.query_selector("pre").ok().flatten() {
        report.set_text_content(Some(&text));
    }
}
