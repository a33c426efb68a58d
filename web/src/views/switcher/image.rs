use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, HtmlInputElement, Url};
use yew::prelude::*;

use crate::hooks::use_page;
use crate::wire::Action;

/// What the broker keeps as a file: taken out, or put in the place of what is there.
#[component]
pub(super) fn Image() -> Html {
    let page = use_page();
    let chosen = use_state(|| None::<(String, Rc<Vec<u8>>)>);
    let address = use_memo(page.state.image.clone(), |image| address(image.as_deref()?));
    let choose = {
        let chosen = chosen.clone();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
            // The same file can be chosen again.
            input.set_value("");
            let chosen = chosen.clone();
            spawn_local(async move {
                // A file that cannot be read is as good as an empty one, and is told as one.
                let bytes = JsFuture::from(file.array_buffer()).await;
                let bytes = bytes.map(|bytes| Uint8Array::new(&bytes).to_vec()).unwrap_or_default();
                chosen.set(Some((file.name(), Rc::new(bytes))));
            });
        })
    };
    let decide = |image: Option<Rc<Vec<u8>>>| {
        let (chosen, act) = (chosen.clone(), page.act.clone());
        Callback::from(move |_: MouseEvent| {
            chosen.set(None);
            if let Some(image) = &image {
                act.emit(Action::Import { image: image.to_vec() });
            }
        })
    };
    html! {
        <section>
            <h2>{ "What it keeps" }</h2>
            <p class="hint">{ "Sessions, subscriptions, messages on their way, retained messages and wills, as one file: an image. Another tab, \
                another browser and lacewing --broker native go on from it." }</p>
            <div class="edit-line">
                <button onclick={page.acting(Action::Export)}>{ "Export" }</button>
                <label class="button">{ "Import" }<input class="hidden" type="file" onchange={choose} /></label>
            </div>
            if let Some((name, image)) = &*chosen {
                <p role="alert">{ format!("Put {name} in the place of all that this broker keeps? Its sessions and messages go, and every client has \
                    to connect again.") }</p>
                <p class="buttons">
                    <button onclick={decide(Some(image.clone()))}>{ "Replace it" }</button>
                    <button onclick={decide(None)}>{ "Leave it" }</button>
                </p>
            }
            <p class="hint" role="status">{ page.state.status.moving.clone() }</p>
            { for (*address).clone().map(|url| html! { <p><a class="button" download="broker.image" href={url}>{ "Save the image" }</a></p> }) }
        </section>
    }
}

/// An address for what is in memory, for as long as the page is there.
fn address(image: &[u8]) -> Option<String> {
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(image))).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
}
