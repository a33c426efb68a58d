use lacewing_control::HomeCommand;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::SetPoint;
use crate::hooks::use_page;
use crate::wire::{Action, Control, DeviceKind, DeviceView, Operator, Shown};

#[derive(Properties, PartialEq)]
pub(super) struct ControlsProps {
    pub(super) device: DeviceView,
    pub(super) room: String,
}

/// What a device can be asked over MQTT; and for one that cannot be asked, what somebody in the house could do to it.
#[component]
pub(super) fn Controls(props: &ControlsProps) -> Html {
    let page = use_page();
    let device = &props.device;
    let ask =
        |control: Control| page.acting::<MouseEvent>(Action::Control { device: device.id.clone(), control });
    match &device.shown {
        Shown::Climate { .. } => html! { <SetPoint device={device.clone()} room={props.room.clone()} /> },
        Shown::Switch { on, settable: true, .. } => {
            let next = *on != Some(true);
            html! { <button onclick={ask(Control::Switch(next))}>{ if next { "Turn on" } else { "Turn off" } }</button> }
        }
        Shown::Contact { active, settable: true, .. } => {
            let next = *active != Some(true);
            html! { <button onclick={ask(Control::Open(next))}>{ if next { "Open it" } else { "Shut it" } }</button> }
        }
        Shown::Bell { settable: true, .. } => {
            html! { <button onclick={ask(Control::Press)}>{ "Ring" }</button> }
        }
        Shown::Cover { position, settable: true } => {
            let onchange = {
                let (page, id) = (page.clone(), device.id.clone());
                Callback::from(move |event: Event| {
                    let wanted = event.target_unchecked_into::<HtmlInputElement>().value().parse();
                    let control = Control::Position(wanted.unwrap_or(100));
                    page.act(Action::Control { device: id.clone(), control });
                })
            };
            let value = position.unwrap_or(0).to_string();
            html! {
                <div class="ends cover">
                    <input type="range" min="0" max="100" step="5" {value} {onchange} aria-label="How far it is open, in percent" />
                    <button onclick={ask(Control::Open(true))}>{ "Raise" }</button>
                    <button onclick={ask(Control::Open(false))}>{ "Lower" }</button>
                </div>
            }
        }
        _ => {
            let operator = page.state.status.operator == Operator::Yes && device.simulated;
            let by_hand = by_hand(device.kind).filter(|_| operator);
            let use_it = Action::Home(HomeCommand::Use { device: device.id.clone() });
            by_hand.map_or_else(
                Html::default,
                |says| html! { <button onclick={page.acting(use_it)}>{ says }</button> },
            )
        }
    }
}

/// What a person in the house does with a device that takes no commands.
fn by_hand(kind: DeviceKind) -> Option<&'static str> {
    match kind {
        DeviceKind::Door => Some("Use the door"),
        DeviceKind::SmokeAlarm => Some("Press its test button"),
        DeviceKind::LeakSensor => Some("Spill or dry water"),
        _ => None,
    }
}
