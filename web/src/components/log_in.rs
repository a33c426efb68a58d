use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::hooks::use_page;
use crate::wire::{Action, Login};

#[derive(Properties, PartialEq)]
pub(crate) struct LogInProps {
    /// Where the broker is.
    pub(crate) url: AttrValue,
    /// The user name to start from.
    #[prop_or_default]
    pub(crate) username: AttrValue,
}

/// Asks for the user name and password of a broker elsewhere.
#[component]
pub(crate) fn LogIn(props: &LogInProps) -> Html {
    let page = use_page();
    let login = use_state(|| Login { username: props.username.to_string(), ..Login::default() });
    let keep = use_state(|| false);
    let edit = |set: fn(&mut Login, String)| {
        let login = login.clone();
        Callback::from(move |event: InputEvent| {
            let mut changed = (*login).clone();
            set(&mut changed, event.target_unchecked_into::<HtmlInputElement>().value());
            login.set(changed);
        })
    };
    let onsubmit = {
        let (page, login, keep, url) = (page.clone(), login.clone(), keep.clone(), props.url.to_string());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            page.act(Action::LogIn { url: url.clone(), login: (*login).clone(), keep: *keep });
        })
    };
    let onkeep = {
        let keep = keep.clone();
        move |event: InputEvent| keep.set(event.target_unchecked_into::<HtmlInputElement>().checked())
    };
    html! {
        <form class="login" {onsubmit}>
            <label>{ "User name" }
                <input value={login.username.clone()} required=true autocomplete="username" autocapitalize="off" spellcheck="false"
                    oninput={edit(|login, text| login.username = text)} /></label>
            <label>{ "Password" }
                <input type="password" value={login.password.clone()} autocomplete="current-password"
                    oninput={edit(|login, text| login.password = text)} /></label>
            <label class="check"><input type="checkbox" checked={*keep} oninput={onkeep} />{ "Remember it in this browser" }</label>
            if is_exposed(&props.url) {
                <p class="hint">{ "It goes to the broker unencrypted; an address with wss:// would hide it." }</p>
            }
            <p class="buttons"><button type="submit" class="primary">{ "Log in" }</button></p>
        </form>
    }
}

/// Whether others on the way could read what is sent there.
fn is_exposed(url: &str) -> bool {
    let here = ["ws://localhost", "ws://127.0.0.1", "ws://[::1]"];
    url.starts_with("ws://") && !here.iter().any(|here| url.starts_with(here))
}
