use yew::prelude::*;

use crate::hooks::use_actions;
use crate::wire::{Action, Control, DeviceView, Shown, tenths_text};

/// The set-point of a thermostat with − and +.
#[derive(Properties, PartialEq)]
pub(crate) struct SetPointProps {
    pub(crate) device: DeviceView,
    pub(crate) room: AttrValue,
    /// Whether its buttons are tab stops. In the house they are not: there + and − do it.
    #[prop_or(true)]
    pub(crate) stops: bool,
}

#[component]
pub(crate) fn SetPoint(props: &SetPointProps) -> Html {
    let actions = use_actions();
    let SetPointProps { device, room, stops } = props;
    let tabindex = (!stops).then_some("-1");
    let Shown::Climate { target: Some(target), range, step, .. } = device.shown else {
        return Html::default();
    };
    // Two quick clicks ask for two steps, though the first was not confirmed yet.
    let from = match device.asked.as_ref().map(|asked| asked.control) {
        Some(Control::Target(asked)) => asked,
        _ => target,
    };
    let ask = |to: i32| {
        let control = Control::Target(to.clamp(range.0, range.1));
        actions.acting::<MouseEvent>(Action::Control { device: device.id.clone(), control })
    };
    html! {
        <div class="setpoint" role="group" aria-label={format!("Set-point of the {room}")}>
            <button {tabindex} onclick={ask(from - step)} disabled={from <= range.0} aria-label="Half a degree less">{ "−" }</button>
            <output>{ tenths_text(target) }<span class="unit">{ "°C" }</span></output>
            <button {tabindex} onclick={ask(from + step)} disabled={from >= range.1} aria-label="Half a degree more">{ "+" }</button>
        </div>
    }
}
