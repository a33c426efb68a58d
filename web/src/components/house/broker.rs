use yew::prelude::*;

use super::place;
use crate::geometry::Area;
use crate::hooks::{use_actions, use_turn};
use crate::late::turns;
use crate::state::Route;
use crate::wire::{Passed, Status};

#[derive(Properties, PartialEq)]
pub(crate) struct BrokerProps {
    /// Where it stands; `None` where the style sheet says it.
    #[prop_or_default]
    pub(crate) area: Option<Area>,
    /// How many clients there are, and how much they say.
    pub(crate) clients: AttrValue,
    pub(crate) passed: Vec<Passed>,
}

/// The broker in the cellar: who is connected, and what it passed on last.
#[component]
pub(crate) fn BrokerBox(props: &BrokerProps) -> Html {
    let actions = use_actions();
    let passed = use_turn().late(&props.passed, Some(turns::BROKER));
    html! {
        <button class="broker" style={props.area.as_ref().map(place)} onclick={actions.going(Route::Clients(None))}
            title="Whoever publishes tells the broker; whoever has subscribed hears it from the broker">
            <span class="head"><strong>{ "Broker" }</strong>{ " " }<span>{ &props.clients }</span></span>
            <span class="task">{ "Whoever has something to say tells the broker. It passes that on to all who asked for it." }</span>
            <span class="passed">
                { for passed.iter().map(|passed| html! {
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

/// How many clients there are, and how much they say if it is much.
pub(crate) fn clients(status: &Status) -> AttrValue {
    let clients = match status.clients {
        Some(1) => "1 client".into(),
        Some(clients) => format!("{clients} clients"),
        None => "passes messages on".into(),
    };
    match status.rate {
        rate if rate >= 8.0 => format!("{clients} · {} msg/s", rate.round() as u32).into(),
        _ => clients.into(),
    }
}
