use std::rc::Rc;

use yew::prelude::*;

use super::house::{part, temperature, turn};
use super::{SetPoint, device};
use crate::hooks::{use_actions, use_turn};
use crate::late::turns;
use crate::wire::{Action, Control, DeviceView, HouseView, Presence, Shown};

/// The phone app: an MQTT client like any other, drawn beside the house.
#[derive(Properties, PartialEq)]
pub(crate) struct PhoneProps {
    pub(crate) house: Rc<HouseView>,
    /// The time in the house, "08:31", where there is a clock.
    pub(crate) clock: Option<String>,
}

#[component]
pub(crate) fn Phone(props: &PhoneProps) -> Html {
    let house = &props.house;
    let find = |id: &String| {
        house.rooms.iter().enumerate().find_map(|(index, room)| {
            let place = room.devices.iter().position(|device| device.id == *id)?;
            // With the device itself.
            let late = turn(house, index).map(|turn| turn + part(place) - turns::PHONE);
            Some((room, &room.devices[place], late))
        })
    };
    let room = house.rooms.iter().find(|room| house.phone.room.as_ref() == Some(&room.id));
    html! {
        <section class="phone" aria-label="Phone app">
            <header>
                <span>{ props.clock.clone().unwrap_or_default() }</span>
                <span class="id">{ if house.phone.connected { &house.phone.client_id } else { "not connected" } }</span>
            </header>
            if let Some(room) = room {
                <div class="hero">
                    <h2>{ &room.name }</h2>
                    { temperature(room) }
                </div>
            }
            <ul>
                { for house.phone.devices.iter().filter_map(find).map(|(room, device, late)| html! {
                    <li key={device.id.clone()}><Row device={device.clone()} room={room.name.clone()} {late} /></li>
                }) }
            </ul>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    device: DeviceView,
    room: AttrValue,
    /// How long a change waits for its turn, in milliseconds.
    late: Option<u32>,
}

#[component]
fn Row(props: &RowProps) -> Html {
    let actions = use_actions();
    let room = &props.room;
    let device = &use_turn().late(&props.device, props.late.filter(|_| props.device.asked.is_none()));
    let control = match &device.shown {
        Shown::Climate { .. } => html! { <SetPoint device={device.clone()} room={room.clone()} /> },
        Shown::Switch { on, .. } => {
            let next = *on != Some(true);
            let onclick = actions.acting::<MouseEvent>(Action::Control {
                device: device.id.clone(),
                control: Control::Switch(next),
            });
            html! {
                <button class={classes!("switch", device.asked.is_some().then_some("asked"))} role="switch" {onclick}
                    aria-checked={if *on == Some(true) { "true" } else { "false" }}
                    aria-label={format!("{}, {room}", device.name)}><i></i></button>
            }
        }
        _ => Html::default(),
    };
    let says = if device.presence == Presence::Offline { "offline".into() } else { device::words(device) };
    // Beside a set point there is no room for more, and what it sets is plain.
    let what = match &device.shown {
        Shown::Climate { .. } => says,
        _ => format!("{} · {says}", device.name),
    };
    html! {
        <>
            <div class="what"><b>{ room }</b><span>{ what }</span></div>
            { control }
        </>
    }
}
