use yew::prelude::*;

use super::Envelope;
use crate::hooks::use_page;
use crate::state::{Sheet, StateAction};
use crate::wire::{Action, Power};

#[derive(Properties, PartialEq)]
pub(super) struct PowerSwitchProps {
    /// The device id.
    pub(super) id: String,
    /// How it stands; `Err` says why that cannot be changed from here.
    pub(super) power: Result<Power, String>,
    /// Seconds until the broker publishes its will.
    pub(super) will_in: Option<u32>,
}

/// The three ends of a device, each with what it means for the broker.
#[component]
pub(super) fn PowerSwitch(props: &PowerSwitchProps) -> Html {
    let page = use_page();
    let id = &props.id;
    let power = match &props.power {
        Ok(power) => *power,
        Err(why) => {
            return html! {
                <p class="why">{ why }{ " " }
                    <button class="link" onclick={page.opening(Some(Sheet::Connect))}>{ "How devices connect" }</button></p>
            };
        }
    };
    let set = |power: Power| page.acting::<MouseEvent>(Action::Power { device: id.clone(), power });
    let crash = {
        let (crash, dispatch) = (set(Power::Crashed), page.dispatch.clone());
        Callback::from(move |event: MouseEvent| {
            crash.emit(event);
            dispatch.emit(StateAction::Crashed);
        })
    };
    let says = match power {
        Power::Cut if props.will_in.is_none() => {
            "Its cable is cut. The broker heard nothing for one and a half keep-alives, gave it up and published its will."
        }
        Power::On => "It runs.",
        Power::Off => "Its power is off. It said goodbye first, so the broker keeps its will to itself.",
        Power::Crashed => {
            "Crashed: its socket closed without a goodbye, so the broker published its will at once."
        }
        Power::Cut => {
            "Its cable is cut: the broker hears nothing, and publishes its will after one and a half keep-alives."
        }
    };
    html! {
        <div class="power">
            <p>{ says }</p>
            { for props.will_in.map(|seconds| html! {
                <p class="will countdown"><Envelope />{ format!("Its will in {seconds} s.") }</p>
            }) }
            // Each stays in its place: a second press is never one of something else.
            <div class="ends">
                { match power {
                    Power::On => html! { <button onclick={set(Power::Off)} title="DISCONNECT: no will">{ "Power off" }</button> },
                    Power::Cut => html! { <button class="primary" onclick={set(Power::On)}>{ "Mend the cable" }</button> },
                    Power::Off | Power::Crashed => html! { <button class="primary" onclick={set(Power::On)}>{ "Power up" }</button> },
                } }
                <button class="danger" disabled={power != Power::On} onclick={crash} title="The socket closes: the will at once">{ "Crash" }</button>
                <button class="danger" disabled={power != Power::On} onclick={set(Power::Cut)} title="Silence: the will after 1.5 × keep-alive">{ "Cut the cable" }</button>
            </div>
        </div>
    }
}
