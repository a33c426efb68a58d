use yew::prelude::*;

use super::SetPoint;
use super::glyph::scaled_glyph;
use crate::app::opening;
use crate::geometry::{Anchor, Place};
use crate::hooks::{use_actions, use_turn};
use crate::state::{Route, StateAction};
use crate::wire::{Action, Control, DeviceKind, DeviceView, Presence, Reading, Shown};

/// A device in the house: its drawing, which is its control if it has one, and its label, which opens its
/// card.
#[derive(Properties, PartialEq)]
pub(crate) struct DeviceProps {
    pub(crate) device: DeviceView,
    /// The name of its room, for those who do not see the room around it.
    pub(crate) room: AttrValue,
    /// Where it is in the drawing; `None` where rooms are lists.
    #[prop_or_default]
    pub(crate) place: Option<Place>,
    /// Messages a second, where they are too many for beads.
    #[prop_or_default]
    pub(crate) rate: Option<u32>,
    /// How long a change waits for its turn, in milliseconds.
    #[prop_or_default]
    pub(crate) late: Option<u32>,
}

#[component]
pub(crate) fn DeviceTile(props: &DeviceProps) -> Html {
    let actions = use_actions();
    let DeviceProps { device, room, place, rate, late } = props;
    let late = late.filter(|_| device.asked.is_none());
    let (device, rate) = &use_turn().late(&(device.clone(), *rate), late);
    let open = actions.going(Route::Home(Some(device.id.clone())));
    let style = use_memo(place.as_ref().map(|place| place.area), |area| {
        area.as_ref().map(|area| AttrValue::from(super::house::place(area)))
    });
    let classes = classes!(
        "device",
        format!("{:?}", device.kind).to_ascii_lowercase(),
        (device.presence == Presence::Offline).then_some("offline"),
        device.asked.is_some().then_some("asked"),
        place.as_ref().map(|place| if place.anchor == Anchor::Floor { "placed upright" } else { "placed" }),
    );
    let drawn = scaled_glyph(device, place.as_ref().map_or(1.0, |place| place.scale));
    let label = words(device);
    let lines = lines(device, place.as_ref());
    let name = format!("{} {label}, {room}", device.name);
    let drawing = match toggle(device) {
        Some((control, verb, pressed)) => {
            let (actions, id) = (actions.clone(), device.id.clone());
            let window = device.kind == DeviceKind::Window;
            let onclick = Callback::from(move |_: MouseEvent| {
                actions.act.emit(Action::Control { device: id.clone(), control });
                if window {
                    opening::followed();
                    actions.dispatch.emit(StateAction::Followed);
                }
            });
            html! {
                <button class="draw" tabindex="-1" {onclick} aria-pressed={pressed} aria-label={format!("{name}. {verb}")}>
                    { drawn }
                </button>
            }
        }
        None => html! {
            <button class="draw" tabindex="-1" onclick={open.clone()} aria-label={format!("{name}. Open its card")}>
                { drawn }
            </button>
        },
    };
    let climate = match device.shown {
        Shown::Climate { target: Some(_), .. } => {
            html! { <SetPoint device={device.clone()} room={room.clone()} stops={false} /> }
        }
        _ => Html::default(),
    };
    let (dot, says) = match device.simulated {
        true => ("dot hollow", "simulated"),
        false => ("dot", "real"),
    };
    html! {
        <li class={classes} style={(*style).clone()} data-device={device.id.clone()}>
            { drawing }
            // Always one child, or the drawing would be made anew, and lose the focus, when it comes and goes.
            if let Some(rate) = rate {
                <span class="rate" title="messages a second">{ format!("{rate}/s") }</span>
            }
            <button class={classes!("tag", (!lines.0).then_some("bare"))} tabindex="-1" onclick={open} title={format!("{}, {says}", device.name)} aria-label={format!("{name}. Open its card")}>
                <span class="name"><i class={dot}></i>if lines.0 { <span>{ &device.name }{ " " }</span> }</span>
                if lines.1 { <span class="value">{ briefly(device, label, place.is_some()) }</span> }
            </button>
            { climate }
        </li>
    }
}

/// What there is room for below a drawing: a wish in one word, since the card and the phone tell it whole; and in a list of rooms, how often
/// it rang as a number alone.
fn briefly(device: &DeviceView, label: String, placed: bool) -> String {
    match &device.asked {
        Some(asked) if asked.why.is_some() => return "asked ?".into(),
        Some(_) => return "asked".into(),
        None if device.presence == Presence::Offline => return label,
        None => {}
    }
    match &device.shown {
        Shown::Bell { rang: Some(ago), .. } if ago.ends_with(" s ago") || ago == "just now" => "rang".into(),
        Shown::Bell { .. } => "quiet".into(),
        Shown::Value(rings) if device.kind == DeviceKind::Chime && !placed => format!("{}×", rings.value),
        _ => label,
    }
}

/// Whether the label has a line for the name, and one for the value: as many as there is room for. The room
/// itself shows what its thermometer measures.
fn lines(device: &DeviceView, place: Option<&Place>) -> (bool, bool) {
    let Some(place) = place else { return (true, true) };
    if device.kind == DeviceKind::Sensor {
        let offline = device.presence == Presence::Offline;
        return (place.named && !offline, offline);
    }
    (place.named, true)
}

/// What a click on the drawing asks for.
fn toggle(device: &DeviceView) -> Option<(Control, &'static str, &'static str)> {
    let pressed = |on: Option<bool>| if on == Some(true) { "true" } else { "false" };
    match &device.shown {
        Shown::Switch { on, settable: true, .. } => {
            let next = on != &Some(true);
            Some((Control::Switch(next), if next { "Switch on" } else { "Switch off" }, pressed(*on)))
        }
        Shown::Contact { active, settable: true, .. } => {
            let next = active != &Some(true);
            Some((Control::Open(next), if next { "Open" } else { "Close" }, pressed(*active)))
        }
        Shown::Cover { position, settable: true } => {
            let open = position.is_some_and(|position| position > 0);
            Some((Control::Open(!open), if open { "Close" } else { "Open" }, pressed(Some(open))))
        }
        Shown::Bell { settable: true, .. } => Some((Control::Press, "Press", "false")),
        _ => None,
    }
}

/// What the device shows, in a word or a number: what was asked comes before what is.
pub(crate) fn words(device: &DeviceView) -> String {
    if device.presence == Presence::Offline {
        return "offline".into();
    }
    if let Some(asked) = &device.asked {
        let question = if asked.why.is_some() { " ?" } else { "" };
        return format!("asked: {}{question}", asked.control.wanted());
    }
    match &device.shown {
        Shown::Nothing => "–".into(),
        Shown::Value(reading) => match (device.kind, reading.value.as_str()) {
            (DeviceKind::Radiator | DeviceKind::AirConditioner, "0") => "off".into(),
            (DeviceKind::Chime, "1") => "1 ring".into(),
            (DeviceKind::Chime, rings) => format!("{rings} rings"),
            _ => text(reading),
        },
        Shown::Switch { on, reading, .. } => {
            let state = match on {
                Some(true) => "on",
                Some(false) => "off",
                None => "not known",
            };
            match reading {
                Some(reading) if *on == Some(true) => text(reading),
                _ => state.into(),
            }
        }
        Shown::Contact { word, .. } => word.clone(),
        Shown::Cover { position, .. } => match position {
            Some(0) => "closed".into(),
            Some(100) => "open".into(),
            Some(percent) => format!("{percent}\u{a0}%"),
            None => "not known".into(),
        },
        Shown::Bell { rang, .. } => rang.as_ref().map_or_else(|| "quiet".into(), |ago| format!("rang {ago}")),
        Shown::Climate { action, .. } => action.clone().unwrap_or_else(|| "–".into()),
    }
}

/// A reading with its unit.
pub(crate) fn text(reading: &Reading) -> String {
    let space = if reading.unit.is_empty() { "" } else { "\u{a0}" };
    format!("{}{space}{}", reading.value, reading.unit)
}
