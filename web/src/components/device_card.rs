mod controls;
mod power;

use lacewing_control::HomeCommand;
use yew::prelude::*;

use self::controls::Controls;
use self::power::PowerSwitch;
use super::{device, glyph};
use crate::hooks::use_page;
use crate::state::Route;
use crate::wire::{Action, DeviceDetail, Operator, TopicRow, TrafficRow};

/// A device's card: what it is, what it says, whom it hears, its will and its power.
#[derive(Properties, PartialEq)]
pub(crate) struct DeviceCardProps {
    pub(crate) detail: DeviceDetail,
}

#[component]
pub(crate) fn DeviceCard(props: &DeviceCardProps) -> Html {
    let page = use_page();
    let detail = &props.detail;
    let device = &detail.device;
    let operator = page.state.status.operator == Operator::Yes;
    let kind = match (device.simulated, device.handed_to.is_some() || operator) {
        (true, _) => "simulated",
        (false, true) => "real",
        (false, false) => "not simulated here",
    };
    html! {
        <section class="card" tabindex="-1" aria-label={format!("{} in the {}", device.name, detail.room)}>
            <header>
                { glyph(device) }
                <div>
                    <h2>{ &device.name }</h2>
                    <p>
                        { &detail.room }{ " · " }
                        <span class={classes!("dot", device.simulated.then_some("hollow"))}></span>{ kind }
                    </p>
                </div>
                <button class="quiet" onclick={page.going(Route::Home(None))}>{ "Close" }</button>
            </header>
            <div class="now">
                <p class="value">{ device::words(device) }</p>
                <Controls device={detail.device.clone()} room={detail.room.clone()} />
            </div>
            <div role="status">
                { for device.asked.as_ref().map(|asked| match &asked.why {
                    Some(why) => html! { <p class="why">{ why }</p> },
                    None => html! { <p class="asked">{ format!("Asked for: {}. It changes when it says so itself.", asked.control.wanted()) }</p> },
                }) }
            </div>
            { for detail.rival.as_ref().map(|(client, topic)| html! {
                <p class="why">{ "Two clients publish " }<code>{ topic }</code>{ ": this one and " }<code>{ client }</code>{ ". " }
                    <button onclick={page.acting(hand_over(&device.id, Some(client.clone())))}>{ "Let the real one take over" }</button></p>
            }) }
            { for device.handed_to.as_ref().map(|client| html! {
                <p class="why">{ "A real client, " }<code>{ client }</code>{ ", is this device now. " }
                    <button onclick={page.acting(hand_over(&device.id, None))}>{ "Simulate it again" }</button></p>
            }) }
            <p class="presence">{ &detail.presence }</p>
            { topics("Publishes", &detail.publishes) }
            { topics("Listens to", &detail.listens) }
            { for detail.will.as_ref().map(|will| html! {
                <>
                    <h3>{ "Will" }</h3>
                    <p class="will"><Envelope />{ will }</p>
                </>
            }) }
            <h3>{ "Last messages" }</h3>
            <Last rows={detail.last.clone()} />
            if !operator { <p class="hint">{ "Only those that this page hears itself." }</p> }
            <h3>{ "Session" }</h3>
            { match &detail.session {
                Ok(lines) => html! { <p>{ lines.join(" ") }</p> },
                Err(why) => html! { <p class="hint">{ why }</p> },
            } }
            <footer>
                <h3>{ "Power" }</h3>
                <PowerSwitch id={detail.device.id.clone()} power={detail.power.clone()} will_in={detail.will_in} />
            </footer>
        </section>
    }
}

fn hand_over(device: &str, to: Option<String>) -> Action {
    Action::Home(HomeCommand::HandOver { device: device.into(), to })
}

fn topics(title: &str, rows: &[TopicRow]) -> Html {
    if rows.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <h3>{ title.to_owned() }</h3>
            <ul class="topics">
                { for rows.iter().map(|row| html! {
                    <li key={row.topic.clone()}>
                        <code>{ &row.topic }</code>
                        <span>
                            { for row.value.as_ref().map(|value| html! { <samp>{ value }</samp> }) }
                            { " " }{ &row.age }
                            if row.retained { <em class="retained" title="The broker keeps it for later subscribers">{ " retained" }</em> }
                        </span>
                    </li>
                }) }
            </ul>
        </>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct LastProps {
    pub(crate) rows: Vec<TrafficRow>,
}

/// The last messages of a client, newest first.
#[component]
pub(crate) fn Last(props: &LastProps) -> Html {
    if props.rows.is_empty() {
        return html! { <p>{ "None since this page looks." }</p> };
    }
    html! {
        <ol class="last" tabindex="0" aria-label="Last messages, newest first">
            { for props.rows.iter().map(|row| html! {
                <li class={row.failed.then_some("failed")}>
                    <span class="way">{ if row.sent { "↑ sent" } else { "↓ got" } }</span>
                    <code>{ &row.topic }</code>
                    { for row.value.as_ref().map(|value| html! { <samp>{ value }</samp> }) }
                    <span>{ &row.fate }{ if row.fate.is_empty() { "" } else { ", " } }{ &row.age }</span>
                </li>
            }) }
        </ol>
    }
}

/// A sealed envelope.
#[component]
pub(crate) fn Envelope() -> Html {
    html! { <svg viewBox="0 0 20 14" width="20" height="14" aria-hidden="true"><path d="M1 1h18v12H1zM1 1l9 7 9-7" /></svg> }
}
