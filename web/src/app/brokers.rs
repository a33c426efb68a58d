//! The brokers elsewhere that were used, kept by the browser; and going from one to another.

use crate::tab::{served, storage};

const BROKERS: &str = "lacewing.brokers";
/// How many are kept.
const KEPT: usize = 5;

/// The addresses of the last brokers, newest first.
pub(crate) fn recall() -> Vec<String> {
    let kept = storage::recall(BROKERS).unwrap_or_default();
    kept.lines().map(str::to_owned).collect()
}

/// Remembers that a broker was used.
pub(crate) fn remember(url: &str) {
    let mut known = recall();
    known.retain(|one| one != url);
    known.insert(0, url.into());
    known.truncate(KEPT);
    storage::remember(BROKERS, &known.join("\n"));
}

/// Opens this page again as a client of the broker at `url`; without one, at this browser's own.
pub(crate) fn go(url: Option<&str>) {
    let Some(window) = web_sys::window() else { return };
    let search = url.map_or_else(String::new, |url| {
        remember(url);
        format!("?broker={}", String::from(js_sys::encode_uri_component(url)))
    });
    // A page can always be left, unless the person decides otherwise.
    let _ = window.location().set_search(&search);
}

/// Opens this page again as a client of the house that another browser has open at this address.
pub(crate) fn join() {
    go(Some(&served::address("mqtt")));
}

/// The address at which another browser of this computer shows the same house.
pub(crate) fn second_screen() -> String {
    let location = web_sys::window().map(|window| window.location());
    let page = location.and_then(|location| Some(location.origin().ok()? + &location.pathname().ok()?));
    format!("{}?broker={}", page.unwrap_or_default(), served::address("mqtt"))
}

/// Whether this page came over https.
pub(crate) fn is_secure() -> bool {
    let location = web_sys::window().map(|window| window.location());
    location.and_then(|location| location.protocol().ok()).is_some_and(|scheme| scheme == "https:")
}
