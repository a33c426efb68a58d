use std::rc::Rc;

use yew::prelude::*;

use super::place;
use crate::geometry::{Area, Street, px};
use crate::hooks::use_actions;
use crate::state::{Route, Sheet};
use crate::wire::{Bridge, Passer};

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
            ("linked", addresses.mqtt.first().map_or("linked", |address| address).to_owned())
        }
        Bridge::Linking => ("linking", "linking".into()),
        Bridge::Lost { .. } => ("lost", "lost".into()),
        Bridge::Refused { .. } => ("lost", "refused".into()),
        Bridge::Elsewhere => ("none", "at another page".into()),
        Bridge::None => ("none", "none yet".into()),
    };
    html! {
        <button class={classes!("cabinet", class)} style={place(&props.area)} onclick={actions.opening(Some(Sheet::Connect))}
            aria-label={format!("Bridge: {says}")} title="The bridge listens for real devices and carries them to the broker in this tab">
            <svg viewBox="0 0 44 58" aria-hidden="true"><path d="M8 10h28M8 16h28M22 24v30M18 36v6M26 36v6" /></svg>
            <span class="says">if class != "linked" { { "bridge: " } }<b>{ says }</b></span>
        </button>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct PavementProps {
    pub(super) street: Rc<Street>,
    pub(super) passers: Vec<Passer>,
    pub(super) more: u32,
    /// Those with too many messages for beads, and how many a second.
    pub(super) busy: Vec<(String, u32)>,
    /// Whether one can connect a device of one's own here.
    pub(super) own: bool,
}

/// Real clients under their ids, on signs at a post, and a free one for the next.
#[component]
pub(super) fn Pavement(props: &PavementProps) -> Html {
    let actions = use_actions();
    let PavementProps { street, passers, more, busy, own } = props;
    let rate = |id: &str| {
        busy.iter().find(|(busy, _)| busy == id).map(|(_, rate)| format!("{rate} messages a second"))
    };
    let hidden = *more + passers.len().saturating_sub(street.signs.len()) as u32;
    let [(x, foot), (_, top)] = street.post;
    html! {
        <>
            if *own || !passers.is_empty() {
            <i class="post" style={format!("left:{}px;top:{}px;height:{}px", px(x - 4.0), px(top), px(foot - top))}></i>
            }
            <ul class="pavement" aria-label="Real clients">
                { for passers.iter().zip(&street.signs).map(|(passer, sign)| html! {
                    <li key={passer.client_id.clone()} class={passer.left.is_some().then_some("left")} style={place(&sign.area)}>
                        <a href={Route::Clients(Some(passer.client_id.clone())).fragment()} title={passer.client_id.clone()}>
                            <code>{ &passer.client_id }</code>
                        </a>
                        <span><i class="dot"></i>{ match &passer.left {
                            Some(how) => format!("just left: {how}"),
                            None => rate(&passer.client_id).unwrap_or_else(|| "connected".into()),
                        } }</span>
                    </li>
                }) }
                { for street.free.as_ref().filter(|_| *own || hidden > 0).map(|area| html! {
                    <li class="free" style={place(area)}>
                        if hidden > 0 {
                            <a href={Route::Clients(None).fragment()}>{ format!("{hidden} more") }</a>
                        } else {
                            <button class="link" onclick={actions.opening(Some(Sheet::Connect))}>{ "your device here" }</button>
                        }
                    </li>
                }) }
            </ul>
        </>
    }
}
