use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

use super::Notices;
use crate::hooks::{focused, use_page};
use crate::timer::after;

/// A sheet over the page: at the side on a wide screen, at the bottom of a narrow one. Escape closes it, and
/// the browser keeps the focus inside.
#[derive(Properties, PartialEq)]
pub(crate) struct SheetFrameProps {
    pub(crate) title: AttrValue,
    pub(crate) children: Html,
}

#[component]
pub(crate) fn SheetFrame(props: &SheetFrameProps) -> Html {
    let page = use_page();
    let node = use_node_ref();
    use_effect_with(node.clone(), |node| {
        let before = focused().and_then(|element| element.dyn_into::<HtmlElement>().ok());
        if let Some(dialog) = node.cast::<HtmlDialogElement>() {
            // It fails only for a dialog that is open already.
            let _ = dialog.show_modal();
        }
        // Who opened it goes on there, once nothing lies over it any more.
        move || {
            after(0, move || before.iter().for_each(|element| drop(element.focus())));
        }
    });
    let close = page.opening::<MouseEvent>(None);
    html! {
        <dialog class="sheet" ref={node} aria-labelledby="sheet-title" onclose={page.opening::<Event>(None)}>
            <header>
                <h1 id="sheet-title">{ &props.title }</h1>
                <button class="quiet" onclick={close}>{ "Close" }</button>
            </header>
            { props.children.clone() }
            <Notices />
        </dialog>
    }
}
