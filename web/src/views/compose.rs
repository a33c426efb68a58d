use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::components::SheetFrame;
use crate::hooks::use_page;
use crate::state::StateAction;
use crate::wire::{Action, Draft};

/// The sheet that publishes a message.
#[derive(Properties, PartialEq)]
pub(crate) struct ComposeProps {
    /// The topic to start from; empty for none.
    pub(crate) topic: AttrValue,
}

#[component]
pub(crate) fn Compose(props: &ComposeProps) -> Html {
    let page = use_page();
    let draft = use_state(|| Draft { topic: props.topic.to_string(), ..Draft::default() });
    let payload = use_state(String::new);
    let edit = |set: fn(&mut Draft, &HtmlInputElement)| {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| {
            let mut changed = (*draft).clone();
            set(&mut changed, &event.target_unchecked_into::<HtmlInputElement>());
            draft.set(changed);
        })
    };
    let onpayload = {
        let payload = payload.clone();
        Callback::from(move |event: InputEvent| {
            payload.set(event.target_unchecked_into::<HtmlTextAreaElement>().value());
        })
    };
    let onsubmit = {
        let (page, draft, payload) = (page.clone(), draft.clone(), payload.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            page.act(Action::Publish(Draft { payload: payload.as_bytes().to_vec(), ..(*draft).clone() }));
            page.dispatch.emit(StateAction::Sheet(None));
        })
    };
    let property = {
        let draft = draft.clone();
        move |index: usize, name: bool| {
            let draft = draft.clone();
            Callback::from(move |event: InputEvent| {
                let mut changed = (*draft).clone();
                let text = event.target_unchecked_into::<HtmlInputElement>().value();
                if let Some(pair) = changed.user_properties.get_mut(index) {
                    *(if name { &mut pair.0 } else { &mut pair.1 }) = text;
                }
                draft.set(changed);
            })
        }
    };
    let add = {
        let draft = draft.clone();
        Callback::from(move |_: MouseEvent| {
            let mut changed = (*draft).clone();
            changed.user_properties.push((String::new(), String::new()));
            draft.set(changed);
        })
    };
    html! {
        <SheetFrame title="Publish a message">
            <form class="compose" {onsubmit}>
                <label>{ "Topic" }
                    <input class="mono" value={draft.topic.clone()} required=true autofocus=true placeholder="test/topic"
                        oninput={edit(|draft, input| draft.topic = input.value())} autocapitalize="off" spellcheck="false" /></label>
                <label>{ "Payload" }
                    <textarea class="mono" rows="5" value={(*payload).clone()} oninput={onpayload} spellcheck="false" /></label>
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
                    <label class="check"><input type="checkbox" checked={draft.retain}
                        oninput={edit(|draft, input| draft.retain = input.checked())} />{ "Retain: the broker keeps it for later subscribers" }</label>
                </div>
                <details>
                    <summary>{ "Properties (MQTT 5.0)" }</summary>
                    <label>{ "Content type" }<input class="mono" value={draft.content_type.clone()} placeholder="application/json"
                        oninput={edit(|draft, input| draft.content_type = input.value())} /></label>
                    <label>{ "Response topic" }<input class="mono" value={draft.response_topic.clone()}
                        oninput={edit(|draft, input| draft.response_topic = input.value())} /></label>
                    <label>{ "Correlation data" }<input class="mono"
                        oninput={edit(|draft, input| draft.correlation_data = input.value().into_bytes())} /></label>
                    <label>{ "Expires after, seconds" }<input type="number" min="0" max="4294967295"
                        oninput={edit(|draft, input| draft.expiry = input.value().parse().ok())} /></label>
                    <label class="check"><input type="checkbox" checked={draft.utf8}
                        oninput={edit(|draft, input| draft.utf8 = input.checked())} />{ "The payload is UTF-8 text" }</label>
                    <fieldset class="pairs">
                        <legend>{ "User properties" }</legend>
                        { for draft.user_properties.iter().enumerate().map(|(index, (name, value))| html! {
                            <div class="line" key={index}>
                                <input class="mono" aria-label="Name" placeholder="name" value={name.clone()} oninput={property(index, true)} />
                                <input class="mono" aria-label="Value" placeholder="value" value={value.clone()} oninput={property(index, false)} />
                            </div>
                        }) }
                        <button type="button" onclick={add}>{ "Add a user property" }</button>
                    </fieldset>
                </details>
                <p class="buttons"><button type="submit" class="primary">{ "Publish" }</button></p>
            </form>
        </SheetFrame>
    }
}
