use yew::prelude::*;

use crate::components::SaveReport;
use crate::hooks::Page;
use crate::tab::kept_store;
use crate::wire::{Action, Trouble};

/// What is left when the broker of this tab does not run, and a person has to say how it goes on.
#[derive(Properties, PartialEq)]
pub(crate) struct NoBrokerProps {
    pub(crate) page: Page,
    pub(crate) trouble: Trouble,
    pub(crate) why: AttrValue,
}

#[component]
pub(crate) fn NoBroker(props: &NoBrokerProps) -> Html {
    let saved = use_state(String::new);
    let save = {
        let saved = saved.clone();
        Callback::from(move |_| {
            let saved = saved.clone();
            kept_store::save(move |how| saved.set(how));
        })
    };
    let damaged = props.trouble == Trouble::Damaged;
    html! {
        <div class="stopped" role="alert">
            if damaged {
                <h1>{ "What was kept cannot be used" }</h1>
                <p>{ "The broker of this tab begins with what this browser kept of it, and that is not as it was written: " }
                    { &props.why }{ ". Nothing was thrown away, and no broker runs, until you say how it goes on." }</p>
            } else {
                <h1>{ "The broker stopped three times" }</h1>
                <p>{ "It is not started again by itself. What it acknowledged is kept in this browser, and the report says where it stopped." }</p>
            }
            <p class="buttons">
                <a class="button primary" href="">{ "Try again" }</a>
                <button onclick={save}>{ "Save what is kept" }</button>
                if damaged { <button onclick={props.page.acting(Action::StartEmpty)}>{ "Start empty" }</button> }
            </p>
            <p role="status">{ &*saved }</p>
            if damaged {
                <p class="hint">{ "To start empty sets the file aside: it stays in this browser, under its name, beside the new one. An image that was exported \
                    before can be imported then, behind Switch. The file is what \
                    lacewing --data DIR keeps as DIR/broker.store." }</p>
            } else {
                <SaveReport report={props.why.clone()} />
            }
        </div>
    }
}
