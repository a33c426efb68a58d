use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::model::written;
use crate::wire::Draft;

/// The properties of a PUBLISH in MQTT 5.0 (§3.3.2.3); a connection of 3.1.1 leaves them out.
#[derive(yew::Properties, PartialEq)]
pub(super) struct PropertiesProps {
    pub(super) draft: Draft,
    pub(super) set: Callback<Draft>,
}

#[component]
pub(super) fn Properties(props: &PropertiesProps) -> Html {
    let draft = &props.draft;
    let edit = |change: fn(&mut Draft, &HtmlInputElement)| {
        let (draft, set) = (draft.clone(), props.set.clone());
        Callback::from(move |event: InputEvent| {
            let mut changed = draft.clone();
            change(&mut changed, &event.target_unchecked_into::<HtmlInputElement>());
            set.emit(changed);
        })
    };
    let pair = |index: usize, name: bool| {
        let (draft, set) = (draft.clone(), props.set.clone());
        Callback::from(move |event: InputEvent| {
            let mut changed = draft.clone();
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            if let Some(pair) = changed.user_properties.get_mut(index) {
                *(if name { &mut pair.0 } else { &mut pair.1 }) = text;
            }
            set.emit(changed);
        })
    };
    let count = |index: Option<usize>| {
        let (draft, set) = (draft.clone(), props.set.clone());
        Callback::from(move |_: MouseEvent| {
            let mut changed = draft.clone();
            match index {
                Some(index) => drop(changed.user_properties.remove(index)),
                None => changed.user_properties.push((String::new(), String::new())),
            }
            set.emit(changed);
        })
    };
    let has_any = *draft
        != Draft {
            topic: draft.topic.clone(),
            payload: draft.payload.clone(),
            qos: draft.qos,
            retain: draft.retain,
            ..Draft::default()
        };
    let open = use_state(|| has_any);
    let last = use_node_ref();
    {
        // A property that was just added is written next.
        let (last, before) = (last.clone(), use_mut_ref(|| draft.user_properties.len()));
        use_effect_with(draft.user_properties.len(), move |&now| {
            if now > before.replace(now)
                && let Some(input) = last.cast::<HtmlInputElement>()
            {
                let _ = input.focus();
            }
        });
    }
    html! {
        <details open={*open}>
            <summary>{ "Properties (MQTT 5.0)" }</summary>
            <label>{ "Content type" }<input class="mono" value={draft.content_type.clone()} placeholder="application/json"
                oninput={edit(|draft, input| draft.content_type = input.value())} /></label>
            <label>{ "Response topic" }<input class="mono" value={draft.response_topic.clone()}
                oninput={edit(|draft, input| draft.response_topic = input.value())} /></label>
            <label>{ "Correlation data" }<input class="mono" value={written::shown(&draft.correlation_data).0}
                oninput={edit(|draft, input| draft.correlation_data = input.value().into_bytes())} /></label>
            <label>{ "Expires after, seconds" }<input type="number" min="0" max="4294967295"
                value={draft.expiry.map_or_else(String::new, |seconds| seconds.to_string())}
                oninput={edit(|draft, input| draft.expiry = input.value().parse().ok())} /></label>
            <label class="check"><input type="checkbox" checked={draft.utf8}
                oninput={edit(|draft, input| draft.utf8 = input.checked())} />{ "The payload is UTF-8 text" }</label>
            <fieldset class="pairs">
                <legend>{ "User properties" }</legend>
                { for draft.user_properties.iter().enumerate().map(|(index, (name, value))| html! {
                    <div class="line" key={index}>
                        <input class="mono" aria-label="Name" placeholder="name" required=true value={name.clone()} oninput={pair(index, true)}
                            ref={if index + 1 == draft.user_properties.len() { last.clone() } else { NodeRef::default() }} />
                        <input class="mono" aria-label="Value" placeholder="value" value={value.clone()} oninput={pair(index, false)} />
                        <button type="button" class="quiet" aria-label={format!("Remove the user property {name}")} onclick={count(Some(index))}>{ "×" }</button>
                    </div>
                }) }
                <button type="button" onclick={count(None)}>{ "Add a user property" }</button>
            </fieldset>
        </details>
    }
}
