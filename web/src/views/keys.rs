use yew::prelude::*;

use crate::components::SheetFrame;

/// Every key that does something, with what it does.
const KEYS: &[(&[&str], &str)] = &[
    (&["g", "h"], "Go home"),
    (&["g", "m"], "Go to the messages"),
    (&["g", "c"], "Go to the clients"),
    (&["/"], "Filter the messages"),
    (&["p"], "Publish a message"),
    (&["?"], "This list"),
    (&["Esc"], "Close what is open: a sheet, or else a card"),
    (&["Tab"], "To the next thing that can be used"),
    (&["←", "↑", "→", "↓"], "In the house: to the next device"),
    (&["Enter"], "In the house: open its card"),
    (&["Space"], "In the house: switch it"),
];

/// The keyboard's shortcuts.
#[component]
pub(crate) fn Keys() -> Html {
    html! {
        <SheetFrame title="Keys">
            <dl class="keys">
                { for KEYS.iter().map(|(keys, what)| html! {
                    <div>
                        <dt>{ for keys.iter().map(|key| html! { <kbd>{ *key }</kbd> }) }</dt>
                        <dd>{ *what }</dd>
                    </div>
                }) }
            </dl>
            <p class="hint">{ "Letters do this while nothing is being typed." }</p>
        </SheetFrame>
    }
}
