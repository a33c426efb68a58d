use yew::prelude::*;

use super::place;
use crate::geometry::Area;
use crate::hooks::use_page;
use crate::state::Route;

#[derive(Properties, PartialEq)]
pub(super) struct BrokerProps {
    pub(super) area: Area,
}

/// The broker in the cellar: who is connected, and what it passed on.
#[component]
pub(super) fn BrokerBox(props: &BrokerProps) -> Html {
    let page = use_page();
    let lines = match page.state.status.clients {
        Some(1) => "1 client".into(),
        Some(clients) => format!("{clients} clients"),
        None => String::new(),
    };
    html! {
        <button class="broker" style={place(&props.area)} onclick={page.going(Route::Clients(None))}>
            <strong>{ "Broker" }</strong>
            <span>{ lines }</span>
        </button>
    }
}
