use yew::prelude::*;

use super::place;
use crate::geometry::Area;
use crate::hooks::use_page;
use crate::state::Route;
use crate::wire::Passed;

#[derive(Properties, PartialEq)]
pub(crate) struct BrokerProps {
    /// Where it stands; `None` where the style sheet says it.
    #[prop_or_default]
    pub(crate) area: Option<Area>,
    pub(crate) passed: Vec<Passed>,
}

/// The broker in the cellar: who is connected, and what it passed on last.
#[component]
pub(crate) fn BrokerBox(props: &BrokerProps) -> Html {
    let page = use_page();
    let status = &page.state.status;
    let clients = match status.clients {
        Some(1) => "1 client".into(),
        Some(clients) => format!("{clients} clients"),
        None => "passes messages on".into(),
    };
    let clients = match status.rate {
        rate if rate >= 8.0 => format!("{clients} · {} msg/s", rate.round() as u32),
        _ => clients,
    };
    html! {
        <button class="broker" style={props.area.as_ref().map(place)} onclick={page.going(Route::Clients(None))}
            title="Whoever publishes tells the broker; whoever has subscribed hears it from the broker">
            <span class="head"><strong>{ "Broker" }</strong>{ " " }<span>{ clients }</span></span>
            <span class="task">{ "Whoever has something to say tells the broker. It passes that on to all who asked for it." }</span>
            <span class="passed">
                { for props.passed.iter().map(|passed| html! {
                    <span>
                        <code>{ &passed.topic }</code>
                        <span>{ match passed.receivers {
                            None => String::new(),
                            Some(0) => "to nobody".into(),
                            Some(receivers) => format!("to {receivers}"),
                        } }</span>
                    </span>
                }) }
            </span>
        </button>
    }
}
