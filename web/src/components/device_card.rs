use lacewing_control::HomeCommand;
use yew::prelude::*;

use super::{SetPoint, device, glyph};
use crate::hooks::use_page;
use crate::state::{Route, Sheet};
use crate::wire::{Action, Control, DeviceDetail, Operator, Power, Shown, TopicRow, TrafficRow};

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
        <section class="card" aria-label={format!("{} in the {}", device.name, detail.room)}>
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
                <Controls detail={detail.clone()} />
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
            <h3>{ "Power" }</h3>
            <PowerSwitch detail={detail.clone()} />
        </section>
    }
}

fn hand_over(device: &str, to: Option<String>) -> Action {
    Action::Home(HomeCommand::HandOver { device: device.into(), to })
}

#[component]
fn Controls(props: &DeviceCardProps) -> Html {
    let page = use_page();
    let device = &props.detail.device;
    let ask =
        |control: Control| page.acting::<MouseEvent>(Action::Control { device: device.id.clone(), control });
    match &device.shown {
        Shown::Climate { .. } => {
            html! { <SetPoint device={device.clone()} room={props.detail.room.clone()} /> }
        }
        Shown::Switch { on, settable: true, .. } => {
            let next = *on != Some(true);
            html! { <button onclick={ask(Control::Switch(next))}>{ if next { "Turn on" } else { "Turn off" } }</button> }
        }
        Shown::Contact { active, settable: true, .. } => {
            let next = *active != Some(true);
            html! { <button onclick={ask(Control::Open(next))}>{ if next { "Open" } else { "Close" } }</button> }
        }
        _ => Html::default(),
    }
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
fn Envelope() -> Html {
    html! { <svg viewBox="0 0 20 14" width="20" height="14" aria-hidden="true"><path d="M1 1h18v12H1zM1 1l9 7 9-7" /></svg> }
}

/// The three ends of a device, each with what it means for the broker.
#[component]
fn PowerSwitch(props: &DeviceCardProps) -> Html {
    let page = use_page();
    let id = &props.detail.device.id;
    let power = match &props.detail.power {
        Ok(power) => *power,
        Err(why) => {
            return html! {
                <p class="why">{ why }{ " " }
                    <button class="link" onclick={page.opening(Some(Sheet::Connect))}>{ "How devices connect" }</button></p>
            };
        }
    };
    let set = |power: Power| page.acting::<MouseEvent>(Action::Power { device: id.clone(), power });
    let says = match power {
        Power::On => "It runs.",
        Power::Off => "Switched off: it said goodbye, so the broker keeps its will to itself.",
        Power::Crashed => {
            "Crashed: its socket closed without a goodbye, so the broker published its will at once."
        }
        Power::Cut => {
            "Its cable is cut: the broker hears nothing, and publishes the will after one and a half keep-alives."
        }
    };
    html! {
        <div class="power">
            <p>{ says }</p>
            { for props.detail.will_in.map(|seconds| html! {
                <p class="will countdown"><Envelope />{ format!("Its will in {seconds} s.") }</p>
            }) }
            if power == Power::On {
                <div class="ends">
                    <button onclick={set(Power::Off)} title="DISCONNECT: no will">{ "Switch off" }</button>
                    <button class="danger" onclick={set(Power::Crashed)} title="The socket closes: the will at once">{ "Crash" }</button>
                    <button class="danger" onclick={set(Power::Cut)} title="Silence: the will after 1.5 × keep-alive">{ "Cut the cable" }</button>
                </div>
            } else {
                <button class="primary" onclick={set(Power::On)}>
                    { if power == Power::Cut { "Mend the cable" } else { "Switch on" } }
                </button>
            }
        </div>
    }
}
