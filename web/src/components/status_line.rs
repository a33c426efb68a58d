use yew::prelude::*;

use super::{Copy, Mark};
use crate::app::brokers;
use crate::hooks::use_page;
use crate::model::standing::{self, Health};
use crate::state::Sheet;
use crate::wire::{Action, Devices};

/// The top bar: the name, where the broker is and how it is, and the two actions that are always there.
#[component]
pub(crate) fn StatusLine() -> Html {
    let page = use_page();
    let status = &page.state.status;
    let place = standing::place(status);
    let (before, words, address) = standing::in_parts(&place);
    let clock = status.clock.clone();
    html! {
        <header class="bar">
            <p class="brand"><Mark /><b>{ "Lacewing" }</b></p>
            <div class="status">
                <span class={classes!("lamp", lamp(standing::health(status)))} aria-hidden="true"></span>
                <p>
                    <span class="where" role="status">{ before }<i>{ words }</i>{ address }</span>
                    { for standing::figures(status).map(|text| html! { <span class="figures">{ text }</span> }) }
                    <span class={classes!("bridge", (standing::health(status) == Health::Well).then_some("fine"))}>{ standing::bridge(status) }</span>
                </p>
                { for standing::address(status).map(|text| html! { <Copy text={text.clone()} what={format!("the address {text}")} /> }) }
                { for standing::unsaved(status).map(|(what, why)| html! { <button class="quiet unsaved" title={why} onclick={page.opening(Some(Sheet::Broker))}>{ what }</button> }) }
                <button class="quiet switch-broker" aria-haspopup="dialog" aria-label="Switch broker" onclick={page.opening(Some(Sheet::Broker))}>{ "Switch" }</button>
                if status.devices == Devices::OtherTab {
                    <button class="primary" onclick={|_| brokers::join()} title="This page shows that house, as a client of its broker">{ "Join its house" }</button>
                    <button onclick={page.acting(Action::MoveHere)}>{ "Move them here" }</button>
                }
                if standing::can_retry(status) {
                    <button onclick={page.acting(Action::Retry)}>{ "Try now" }</button>
                }
            </div>
            { for clock.map(|clock| html! { <p class="clock" title="The time in the house">{ clock }</p> }) }
            <div class="actions">
                <button onclick={page.opening(Some(Sheet::Compose(String::new())))}>{ "Publish" }</button>
                <button class={(!standing::wants_login(status)).then_some("primary")} onclick={page.opening(Some(Sheet::Connect))}>{ "Connect a device" }</button>
            </div>
        </header>
    }
}

/// The class of the lamp beside the words.
fn lamp(health: Health) -> &'static str {
    match health {
        Health::Busy => "busy",
        Health::Well => "well",
        Health::Warned => "warned",
        Health::Ill => "ill",
    }
}
