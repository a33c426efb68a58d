use lacewing_control::Edit as Change;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::change;
use crate::hooks::use_page;
use crate::model::editing;
use crate::state::StateAction;
use crate::wire::{Notice, WorkerToPage};

/// The home as a file: saved, opened, or put back to the one that everybody begins with.
#[derive(Properties, PartialEq)]
pub(super) struct HomeFileProps {
    pub(super) name: String,
}

#[component]
pub(super) fn HomeFile(props: &HomeFileProps) -> Html {
    let page = use_page();
    let file = page.state.home_file.clone().unwrap_or_else(|| "".into());
    let href =
        format!("data:application/json;charset=utf-8,{}", String::from(js_sys::encode_uri_component(&file)));
    let import = {
        let page = page.clone();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            let Some(chosen) = input.files().and_then(|files| files.get(0)) else { return };
            // The same file can be chosen again once it was mended.
            input.set_value("");
            let page = page.clone();
            spawn_local(async move {
                let name = chosen.name();
                // A file that cannot be read is as good as an empty one, and is told as one.
                let text = JsFuture::from(chosen.text()).await.ok().and_then(|text| text.as_string());
                let home = text.unwrap_or_default();
                change(&page, Change::Replace { home }, Some(format!("This is the home from {name}.")));
            });
        })
    };
    let reset = {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| {
            change(&page, Change::Reset, Some("This is the Lacewing house as it comes.".to_owned()));
        })
    };
    let saved_as = editing::file_name(&props.name);
    let exported = {
        let (dispatch, told) =
            (page.dispatch.clone(), format!("The home goes to the downloads as {saved_as}."));
        Callback::from(move |_: MouseEvent| {
            dispatch.emit(StateAction::Heard(WorkerToPage::Notice(Notice::done(told.clone()))));
        })
    };
    html! {
        <section>
            <h2>{ "The home as a file" }</h2>
            <div class="edit-line">
                <a class="button" download={saved_as} {href} onclick={exported}>{ "Export" }</a>
                <label class="button">{ "Import" }
                    <input class="hidden" type="file" accept=".json,application/json" onchange={import} /></label>
                <button onclick={reset}>{ "Start again with the Lacewing house" }</button>
            </div>
            <p class="hint">{ "Rooms, devices and names. Importing replaces the home that is here. A device that is in both goes on as it is." }</p>
        </section>
    }
}
