mod image;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use self::image::Image;
use crate::app::brokers;
use crate::components::{SaveReport, SheetFrame, Snippet};
use crate::hooks::use_page;
use crate::model::standing;
use crate::wire::{Action, Devices, Operator, Place};

/// The sheet behind the status line: how the broker is in full, and the way to another.
#[component]
pub(crate) fn Switcher() -> Html {
    let page = use_page();
    let status = &page.state.status;
    let address = use_state(String::new);
    let mistake = use_state(|| None::<String>);
    let here = matches!(status.place, Place::Starting | Place::ThisTab | Place::OtherTab);
    let bridge = standing::bridge(status);
    let oninput = {
        let address = address.clone();
        Callback::from(move |event: InputEvent| {
            address.set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    let onsubmit = {
        let (address, mistake) = (address.clone(), mistake.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match standing::broker_address(&address, brokers::is_secure()) {
                Ok(url) => brokers::go(Some(&url)),
                Err(why) => mistake.set(Some(why)),
            }
        })
    };
    let recent = brokers::recall();
    html! {
        <SheetFrame title="Broker">
            <p class="hint">{ "Whoever has something to say tells the broker. It passes that on to all who asked for it." }</p>
            <p><b>{ standing::place(status) }{ "." }</b></p>
            if !bridge.is_empty() { <p>{ "Bridge: " }{ bridge }{ "." }</p> }
            { for standing::unsaved(status).map(|(_, why)| html! { <p class="why">{ why }</p> }) }
            { for standing::address(status).map(|text| html! { <Snippet text={text} what="the address" /> }) }
            if let Place::Stopped { report } = &status.place { <SaveReport report={report.clone()} /> }
            <div class="ends">
                if status.devices == Devices::OtherTab {
                    <button class="primary" onclick={|_| brokers::join()}>{ "Join its house" }</button>
                    <button onclick={page.acting(Action::MoveHere)}>{ "Move the real devices here" }</button>
                }
                if standing::can_retry(status) {
                    <button onclick={page.acting(Action::Retry)}>{ "Try now" }</button>
                }
            </div>
            if status.operator == Operator::Yes { <Image /> }
            <h2>{ "Go to another broker" }</h2>
            <form class="compose" {onsubmit}>
                <label>{ "Its WebSocket address" }
                    <input class="mono" value={(*address).clone()} {oninput} required=true placeholder="ws://localhost:9001/mqtt"
                        autocapitalize="off" spellcheck="false" inputmode="url" /></label>
                { for mistake.as_ref().map(|why| html! { <p class="why" role="alert">{ why }</p> }) }
                <p class="hint">{ standing::leaving(status) }{ " There this page is an ordinary client: it subscribes to nothing unasked but what draws \
                    a house, and cannot see who else is connected." }</p>
                <p class="buttons"><button type="submit">{ "Go there" }</button></p>
            </form>
            if !recent.is_empty() {
                <h2>{ "Used before" }</h2>
                <ul class="brokers">
                    { for recent.into_iter().map(|url| {
                        let to = url.clone();
                        html! { <li key={url.clone()}><button class="link" onclick={move |_| brokers::go(Some(&to))}><code>{ url }</code></button></li> }
                    }) }
                </ul>
            }
            if !here {
                <h2>{ "Back to this browser's broker" }</h2>
                <p class="hint">{ "It runs in this tab, or in the tab that has it already. " }{ standing::leaving(status) }</p>
                <p><button class="primary" onclick={|_| brokers::go(None)}>{ "Go back" }</button></p>
            }
        </SheetFrame>
    }
}
