//! When the program itself fails: what is said, and the report that can be saved.

use std::panic::{self, PanicHookInfo};

use wasm_bindgen::{JsCast, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

/// What happened, before the report.
pub(crate) const WHAT: &str =
    "Lacewing made a mistake that it could not recover from. The report says where.";
/// What is lost and what is not.
pub(crate) const SAFE: &str = "Your home and your settings are kept in this browser, and so is what the broker of this tab acknowledged, unless the \
                               page said that nothing is saved. Devices connect again by themselves.";
/// The name of the file that a report is saved as.
pub(crate) const FILE: &str = "lacewing-report.txt";

/// Shows any panic of the page: after one, nothing on it works any more. The workers go on until it is reloaded.
pub(crate) fn catch_panics() {
    panic::set_hook(Box::new(|info| show(&said(info))));
}

/// Tells the page of any panic of this worker, which is of no use after it.
pub(crate) fn tell_panics() {
    panic::set_hook(Box::new(|info| {
        let text = said(info);
        if let Ok(worker) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() {
            // A page that is gone needs no report.
            let _ = worker.post_message(&JsValue::from_str(&text));
        }
    }));
}

fn said(info: &PanicHookInfo<'_>) -> String {
    let text = info.to_string();
    web_sys::console::error_1(&JsValue::from_str(&text));
    text
}

/// A report with what else helps: which version this is and where it ran.
pub(crate) fn whole(what: &str) -> String {
    let window = web_sys::window();
    let agent = window.as_ref().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default();
    let at = String::from(js_sys::Date::new_0().to_iso_string());
    format!("Lacewing {}, {at}\n{agent}\n\n{what}\n", env!("CARGO_PKG_VERSION"))
}

/// The address of a file that holds `report`.
pub(crate) fn address(report: &str) -> String {
    format!("data:text/plain;charset=utf-8,{}", String::from(js_sys::encode_uri_component(report)))
}

/// Puts the report in place of the page, without the program that drew it.
fn show(what: &str) {
    let Some(body) = web_sys::window().and_then(|window| window.document()).and_then(|it| it.body()) else {
        return;
    };
    let report = whole(what);
    body.set_inner_html(&format!(
        "<div class=\"stopped\" role=\"alert\"><h1>This page has stopped</h1><p>{WHAT}</p><p>{SAFE}</p><p><a class=\"button primary\" \
         href=\"\">Reload</a></p><pre class=\"report\" tabindex=\"0\"></pre><p><a class=\"button\" download=\"{FILE}\" href=\"{}\">Save the \
         report</a></p></div>",
        address(&report)
    ));
    if let Some(place) = body.query_selector("pre").ok().flatten() {
        place.set_text_content(Some(&report));
    }
}
