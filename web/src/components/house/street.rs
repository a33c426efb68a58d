use yew::prelude::*;

use super::place;
use crate::geometry::Area;
use crate::hooks::use_actions;
use crate::state::Sheet;
use crate::wire::Bridge;

#[derive(Properties, PartialEq)]
pub(super) struct CabinetProps {
    pub(super) area: Area,
    pub(super) bridge: Bridge,
}

/// The cabinet of the bridge at the kerb: dashed until there is one.
#[component]
pub(super) fn Cabinet(props: &CabinetProps) -> Html {
    let actions = use_actions();
    let (class, says) = match &props.bridge {
        Bridge::Linked(addresses) => {
            ("linked", addresses.mqtt.first().cloned().unwrap_or_else(|| "linked".into()))
        }
        Bridge::Linking => ("linking", "linking".into()),
        Bridge::Lost { .. } => ("lost", "lost".into()),
        Bridge::Refused { .. } => ("lost", "refused".into()),
        Bridge::Elsewhere => ("none", "at another page".into()),
        Bridge::None => ("none", "none yet".into()),
    };
    html! {
        <button class={classes!("cabinet", class)} style={place(&props.area)} onclick={actions.opening(Some(Sheet::Connect))}>
            <svg viewBox="0 0 44 58" aria-hidden="true"><path d="M8 10h28M8 16h28M22 24v30M18 36v6M26 36v6" /></svg>
            <span class="says">{ "bridge: " }<b>{ says }</b></span>
        </button>
    }
}
