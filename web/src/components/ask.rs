use web_sys::HtmlInputElement;
use yew::prelude::*;

/// A question about one client or one topic, which is asked in a line of its own.
#[derive(Properties, PartialEq)]
pub(crate) struct AskProps {
    /// What is asked, beside the field.
    pub(crate) label: AttrValue,
    /// What may be asked about, to be chosen from.
    pub(crate) known: Vec<String>,
    /// What was asked about last, and the answer.
    pub(crate) answer: Option<(String, String)>,
    /// What was typed or chosen, and is to be asked about.
    pub(crate) ask: Callback<String>,
    /// Something is being typed.
    #[prop_or_default]
    pub(crate) typed: Callback<String>,
}

#[component]
pub(crate) fn Ask(props: &AskProps) -> Html {
    let field = use_node_ref();
    let onsubmit = {
        let (field, ask) = (field.clone(), props.ask.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let typed = field.cast::<HtmlInputElement>().map(|field| field.value().trim().to_owned());
            typed.filter(|typed| !typed.is_empty()).into_iter().for_each(|typed| ask.emit(typed));
        })
    };
    let oninput =
        props.typed.reform(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().value());
    html! {
        <form class="ask" {onsubmit}>
            <label>{ &props.label }
                <input ref={field} class="mono" list="known" required=true {oninput} autocomplete="off" autocapitalize="off" spellcheck="false" /></label>
            <datalist id="known">{ for props.known.iter().map(|one| html! { <option key={one.clone()} value={one.clone()} /> }) }</datalist>
            <button type="submit">{ "Ask" }</button>
            <p role="status">
                { for props.answer.iter().map(|(about, says)| html! { <><code>{ about }</code>{ ": " }{ says }</> }) }
            </p>
        </form>
    }
}
