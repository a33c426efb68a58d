use wasm_bindgen::{JsCast, closure::Closure};
use yew::prelude::*;

/// Whether a media query holds, now and after every change.
#[hook]
pub(crate) fn use_media(query: &'static str) -> bool {
    let list =
        use_memo(query, |query| web_sys::window().and_then(|window| window.match_media(query).ok()?));
    let holds = use_state_eq(|| list.as_ref().as_ref().is_some_and(|list| list.matches()));
    {
        let holds = holds.clone();
        use_effect_with(query, move |_| {
            let watched = (*list).clone();
            let changed = watched.clone().map(|list| {
                let seen = list.clone();
                let closure = Closure::<dyn FnMut()>::new(move || holds.set(seen.matches()));
                list.set_onchange(Some(closure.as_ref().unchecked_ref()));
                closure
            });
            move || {
                if let Some(list) = watched {
                    list.set_onchange(None);
                }
                drop(changed);
            }
        });
    }
    *holds
}
