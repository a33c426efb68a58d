//! How the page was opened: its address, and what this browser remembers.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, UrlSearchParams};

use super::brokers;
use crate::settings::Settings;
use crate::state::Route;
use crate::tab::Opened;
use crate::tab::storage::{recall, remember};

/// Where the pairing token is remembered, and that the window was once opened.
const TOKEN: &str = "lacewing.token";
const FOLLOWED: &str = "lacewing.followed";
const SETTINGS: &str = "lacewing.settings";

/// What the tab needs to know. A pairing token in the address is remembered and taken out of it, so that
/// it is not left in the history or read over a shoulder.
pub(super) fn opened() -> Opened {
    let Some(window) = web_sys::window() else { return Opened::default() };
    let location = window.location();
    let fragment = location.hash().unwrap_or_default();
    if let Some(token) = fragment.strip_prefix("#pair=") {
        remember(TOKEN, token);
        say("#/home");
    }
    let search = location.search().unwrap_or_default();
    let broker = UrlSearchParams::new_with_str(&search).ok().and_then(|query| query.get("broker"));
    broker.iter().for_each(|url| brokers::remember(url));
    Opened { broker, token: recall(TOKEN) }
}

/// The place to begin with: the address names it, or it is where one was last.
pub(super) fn route(settings: &Settings) -> Route {
    match fragment().as_str() {
        "" | "#" => Route::parse(&settings.place),
        pairing if pairing.starts_with("#pair=") => Route::parse(&settings.place),
        fragment => Route::parse(fragment),
    }
}

/// The place the address names.
pub(super) fn place() -> Route {
    Route::parse(&fragment())
}

/// What this browser remembers of the person.
pub(super) fn settings() -> Settings {
    recall(SETTINGS).map_or_else(Settings::default, |text| Settings::from_text(&text))
}

/// Remembers the settings.
pub(super) fn remember_settings(settings: &Settings) {
    remember(SETTINGS, &settings.to_text());
}

/// Has the address name the place that is looked at. To be called only when that is another one: the address may be ahead, as when somebody went
/// elsewhere a moment ago and the page was not told yet.
pub(super) fn name_place(place: &String) {
    if fragment() != *place {
        say(place);
    }
}

fn fragment() -> String {
    web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Writes `fragment` into the address without going anywhere.
fn say(fragment: &str) {
    let history = web_sys::window().and_then(|window| window.history().ok());
    // Relative to the page; browsers refuse this only when a page does it hundreds of times.
    let _ = history
        .map(|history| history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(fragment)));
}

/// Whether the window still invites to be opened.
pub(super) fn is_invited() -> bool {
    recall(FOLLOWED).is_none()
}

/// The window was opened: it need not invite again.
pub(crate) fn followed() {
    remember(FOLLOWED, "1");
}

/// Gives the focus to an element that is about to be drawn.
pub(super) fn focus_soon(id: &'static str) {
    let Some(window) = web_sys::window() else { return };
    let document = window.document();
    let focus = Closure::once_into_js(move || {
        let element = document.and_then(|document| document.get_element_by_id(id));
        if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            // An element that cannot take the focus leaves it where it is.
            let _ = element.focus();
        }
    });
    let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(focus.unchecked_ref(), 50);
}
