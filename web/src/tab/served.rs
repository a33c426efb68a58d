//! Who served this page: a bridge says so in `bridge.json`, a static host has no such file.

use wasm_bindgen_futures::JsFuture;
use web_sys::Response;
use web_sys::wasm_bindgen::JsCast;

/// What served the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// A bridge whose broker is the tab.
    Bridge,
    /// A `lacewing` process that runs the broker itself.
    Native,
}

/// Asks who served this page; `None` for any host that is not Lacewing's.
pub(crate) async fn by() -> Option<Served> {
    let window = web_sys::window()?;
    let response: Response =
        JsFuture::from(window.fetch_with_str("./bridge.json")).await.ok()?.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let description = JsFuture::from(response.json().ok()?).await.ok()?;
    let broker = js_sys::Reflect::get(&description, &"broker".into()).ok()?.as_string()?;
    Some(if broker == "native" { Served::Native } else { Served::Bridge })
}

/// The WebSocket address of `path` at the host that served the page.
pub(crate) fn address(path: &str) -> String {
    let location = web_sys::window().map(|window| window.location());
    let part = |read: fn(&web_sys::Location) -> Result<String, web_sys::wasm_bindgen::JsValue>| {
        location.as_ref().and_then(|location| read(location).ok()).unwrap_or_default()
    };
    let scheme = if part(web_sys::Location::protocol) == "https:" { "wss" } else { "ws" };
    format!("{scheme}://{}/{path}", part(web_sys::Location::host))
}
