//! Where the focus is, and where it goes when what had it is taken away.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// What has the focus; `None` when nothing has, as after it was taken away.
pub(crate) fn focused() -> Option<Element> {
    let element = web_sys::window()?.document()?.active_element()?;
    (!element.matches("body, dialog").unwrap_or_default()).then_some(element)
}

/// Gives the focus to the first element that `selector` finds, and selects what is written in it; whether there is such an element and it
/// took the focus.
pub(crate) fn focus(selector: &str) -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    let found = document.and_then(|document| document.query_selector(selector).ok().flatten());
    let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) else { return false };
    if let Some(field) = element.dyn_ref::<HtmlInputElement>() {
        field.select();
    }
    // What cannot take it leaves it where it is, as is seen here.
    let _ = element.focus();
    focused().is_some_and(|focused| focused.is_same_node(Some(&element)))
}

/// A selector of the elements whose `attribute` has this value.
pub(crate) fn marked(attribute: &str, value: &str) -> String {
    format!("[{attribute}=\"{}\"]", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Takes the focus to a card when it opens, and when it closes back to what it is about; `open` is its id. Where nobody had the focus, as
/// when the page opens with a card, it is left alone.
#[hook]
pub(crate) fn use_card_focus(open: Option<String>, of: fn(&str) -> String) {
    let before = use_mut_ref(|| None::<String>);
    use_effect_with(open, move |open| match (before.replace(open.clone()), open) {
        (_, Some(_)) if focused().is_some() => drop(focus("aside .card")),
        (Some(closed), None) if focused().is_none() => drop(focus(&of(&closed)) || focus("#view")),
        _ => {}
    });
}
