use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

/// A button that copies a text. Where a page may not use the clipboard (plain http on a LAN) the text is
/// selected instead, to be copied by hand.
#[derive(Properties, PartialEq)]
pub(crate) struct CopyProps {
    pub(crate) text: AttrValue,
    /// What is copied, for those who do not see it beside the button.
    pub(crate) what: AttrValue,
    /// The element that shows the text.
    #[prop_or_default]
    pub(crate) shown: Option<NodeRef>,
}

#[component]
pub(crate) fn Copy(props: &CopyProps) -> Html {
    let says = use_state(|| "Copy");
    let onclick = {
        let (says, text, shown) = (says.clone(), props.text.clone(), props.shown.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(window) = web_sys::window() else { return };
            if !window.is_secure_context() {
                select(shown.as_ref());
                return says.set("Selected");
            }
            let copying = window.navigator().clipboard().write_text(&text);
            let (says, shown) = (says.clone(), shown.clone());
            spawn_local(async move {
                match JsFuture::from(copying).await {
                    Ok(_) => says.set("Copied"),
                    Err(_) => {
                        select(shown.as_ref());
                        says.set("Selected");
                    }
                }
            });
        })
    };
    html! { <button class="copy" {onclick} aria-label={format!("Copy {}", props.what)}>{ *says }</button> }
}

fn select(shown: Option<&NodeRef>) {
    let Some(element) = shown.and_then(|node| node.cast::<web_sys::Node>()) else { return };
    let selection = web_sys::window().and_then(|window| window.get_selection().ok()?);
    let _ = selection.map(|selection| selection.select_all_children(&element));
}

/// A command or an address with its copy button.
#[derive(Properties, PartialEq)]
pub(crate) struct SnippetProps {
    pub(crate) text: AttrValue,
    pub(crate) what: AttrValue,
}

#[component]
pub(crate) fn Snippet(props: &SnippetProps) -> Html {
    let code = use_node_ref();
    html! {
        <div class="snippet">
            <pre tabindex="0"><code ref={code.clone()}>{ &props.text }</code></pre>
            <Copy text={props.text.clone()} what={props.what.clone()} shown={code} />
        </div>
    }
}
