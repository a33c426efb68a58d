mod properties;

use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use self::properties::Properties;
use crate::app::drafts;
use crate::components::SheetFrame;
use crate::hooks::use_page;
use crate::model::written;
use crate::state::StateAction;
use crate::wire::{Action, Draft};

/// The sheet that publishes a message and says what became of it.
#[derive(yew::Properties, PartialEq)]
pub(crate) struct ComposeProps {
    /// The topic to start from; empty to start from the last message.
    pub(crate) topic: AttrValue,
}

#[component]
pub(crate) fn Compose(props: &ComposeProps) -> Html {
    let page = use_page();
    let draft = use_state(|| match props.topic.as_str() {
        "" => (*page.state.draft).clone(),
        topic => Draft { topic: topic.into(), ..Draft::default() },
    });
    // As it is written, and whether in hex.
    let payload = use_state(|| written::shown(&draft.payload));
    let mistake = use_state(|| None::<String>);
    {
        let act = page.act.clone();
        use_effect_with(draft.topic.clone(), move |topic| act.emit(Action::Suggest(topic.clone())));
    }
    let set = {
        let draft = draft.clone();
        Callback::from(move |changed: Draft| draft.set(changed))
    };
    let ontopic = {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| {
            let topic = event.target_unchecked_into::<HtmlInputElement>().value();
            draft.set(Draft { topic, ..(*draft).clone() });
        })
    };
    let onpayload = {
        let payload = payload.clone();
        Callback::from(move |event: InputEvent| {
            payload.set((event.target_unchecked_into::<HtmlTextAreaElement>().value(), payload.1));
        })
    };
    let onhex = {
        let payload = payload.clone();
        Callback::from(move |event: Event| {
            let hex = event.target_unchecked_into::<HtmlInputElement>().checked();
            let text = match (hex, written::payload(&payload.0, !hex)) {
                (true, Ok(bytes)) => written::hex(&bytes),
                (false, Ok(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
                (_, Err(_)) => payload.0.clone(),
            };
            payload.set((text, hex));
        })
    };
    let onretain = {
        let draft = draft.clone();
        Callback::from(move |event: Event| {
            let retain = event.target_unchecked_into::<HtmlInputElement>().checked();
            draft.set(Draft { retain, ..(*draft).clone() });
        })
    };
    let onsubmit = {
        let (page, draft, payload, mistake) = (page.clone(), draft.clone(), payload.clone(), mistake.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let bytes = match written::payload(&payload.0, payload.1) {
                Ok(bytes) => bytes,
                Err(why) => return mistake.set(Some(why)),
            };
            mistake.set(None);
            let published = Draft { payload: bytes, ..(*draft).clone() };
            drafts::remember(&published);
            page.dispatch.emit(StateAction::Drafted(published.clone()));
            page.act(Action::Publish(published));
        })
    };
    html! {
        <SheetFrame title="Publish a message">
            <form class="compose" {onsubmit}>
                <label>{ "Topic" }
                    <input class="mono" value={draft.topic.clone()} required=true autofocus=true placeholder="test/topic" list="topics"
                        oninput={ontopic} autocomplete="off" autocapitalize="off" spellcheck="false" /></label>
                <datalist id="topics">{ for page.state.topics.iter().map(|topic| html! { <option key={topic.clone()} value={topic.clone()} /> }) }</datalist>
                <label>{ "Payload" }
                    <textarea class="mono" rows="5" value={payload.0.clone()} oninput={onpayload} spellcheck="false" /></label>
                <label class="check"><input type="checkbox" checked={payload.1} onchange={onhex} />{ "Write the payload as bytes in hex" }</label>
                <div class="line">
                    <fieldset>
                        <legend>{ "QoS" }</legend>
                        { for [(0u8, "0", "at most once"), (1, "1", "at least once"), (2, "2", "exactly once")].map(|(level, name, means)| {
                            let draft = draft.clone();
                            let checked = draft.qos == level;
                            html! {
                                <label class="check" title={means}>
                                    <input type="radio" name="qos" {checked}
                                        onchange={move |_| draft.set(Draft { qos: level, ..(*draft).clone() })} />{ name }</label>
                            }
                        }) }
                    </fieldset>
                    <label class="check"><input type="checkbox" checked={draft.retain} onchange={onretain} />
                        { "Retain: the broker keeps it for later subscribers" }</label>
                </div>
                <Properties draft={(*draft).clone()} {set} />
                <footer>
                    <p class="buttons"><button type="submit" class="primary">{ "Publish" }</button></p>
                    <div role="status">
                        { for mistake.as_ref().map(|why| html! { <p class="why">{ why }</p> }) }
                        { for page.state.posted.as_ref().map(|posted| html! {
                            <p class={if posted.well { "well" } else { "why" }}>{ &posted.text }</p>
                        }) }
                    </div>
                </footer>
            </form>
        </SheetFrame>
    }
}
