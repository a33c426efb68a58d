//! The keyboard: letters go to views and open sheets while nobody is typing.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::opening;
use crate::hooks::go;
use crate::state::{Route, Sheet, State, StateAction};

/// Follows the keyboard for as long as the page lives. `filter` is what the stream is narrowed to.
pub(super) fn follow(state: UseReducerDispatcher<State>, filter: Rc<RefCell<String>>) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let mut going = false;
    let pressed = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        if event.ctrl_key()
            || event.meta_key()
            || event.alt_key()
            || event.is_composing()
            || is_typing(&event)
        {
            return;
        }
        let key = event.key();
        if key == "Shift" {
            return;
        }
        let sheet = |sheet| state.dispatch(StateAction::Sheet(Some(sheet)));
        match (std::mem::take(&mut going), key.as_str()) {
            (true, "h") => go(&Route::Home(None)),
            (true, "m") => go(&Route::Messages(filter.borrow().clone())),
            (true, "c") => go(&Route::Clients(None)),
            (_, "g") => going = true,
            (_, "p") => {
                event.prevent_default();
                sheet(Sheet::Compose(String::new()));
            }
            (_, "Escape") => match opening::place() {
                Route::Home(Some(_)) => go(&Route::Home(None)),
                Route::Clients(Some(_)) => go(&Route::Clients(None)),
                _ => {}
            },
            (_, "?") => sheet(Sheet::Keys),
            (_, "/") => {
                event.prevent_default();
                go(&Route::Messages(filter.borrow().clone()));
                opening::focus_soon("filter");
            }
            _ => {}
        }
    });
    // The document outlives the page.
    let _ = document.add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
    pressed.forget();
}

fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| {
        let is_text = || {
            let kind = element.get_attribute("type");
            !matches!(kind.as_deref(), Some("checkbox" | "radio" | "range" | "button" | "submit"))
        };
        match element.tag_name().as_str() {
            "TEXTAREA" | "SELECT" => true,
            "INPUT" => is_text(),
            _ => element.closest("dialog").is_ok_and(|dialog| dialog.is_some()),
        }
    })
}
