use std::rc::Rc;

use yew::prelude::*;

use super::DeviceTile;
use super::house::{Temperature, warmth};
use crate::hooks::use_page;
use crate::state::{Route, Sheet};
use crate::wire::{Bridge, DeviceKind, DeviceView, HouseView, Presence, RoomView};

/// How many devices of a room are drawn before "+2".
const DRAWN: usize = 5;

/// The house re-laid for a narrow screen: two columns of rooms either side of a wiring shaft.
#[derive(Properties, PartialEq)]
pub(crate) struct HouseNarrowProps {
    pub(crate) house: Rc<HouseView>,
    pub(crate) bridge: Bridge,
    /// Whether the broker is this browser's, so that a bridge could be linked to it.
    pub(crate) own: bool,
}

#[component]
pub(crate) fn HouseNarrow(props: &HouseNarrowProps) -> Html {
    let page = use_page();
    let whole = use_state(|| None::<String>);
    let mut rooms: Vec<_> = props.house.rooms.iter().collect();
    rooms.sort_by_key(|room| (-room.floor, room.column));
    let bridge = match &props.bridge {
        Bridge::Linked(addresses) => addresses.mqtt.first().cloned().unwrap_or_default(),
        Bridge::None => "no bridge yet".into(),
        Bridge::Linking => "linking the bridge".into(),
        Bridge::Lost { .. } => "bridge lost".into(),
        Bridge::Refused { .. } => "bridge refused".into(),
        Bridge::Elsewhere => "devices at another page".into(),
    };
    html! {
        <div class="house-narrow">
            <svg class="gable" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <path d="M0 10 50 0l50 10z" />
            </svg>
            <div class="rooms">
                { for rooms.iter().map(|room| {
                    let devices = drawn(room);
                    let all = whole.as_ref() == Some(&room.id) || devices.len() <= DRAWN + 1;
                    let few = if all { devices.len() } else { DRAWN };
                    let more = {
                        let (whole, id) = (whole.clone(), room.id.clone());
                        Callback::from(move |_: MouseEvent| whole.set(Some(id.clone())))
                    };
                    html! {
                        <section key={room.id.clone()} class={classes!("room", warmth(room.warmth))} aria-label={room.name.clone()}>
                            <header><h2>{ &room.name }</h2><Temperature room={(*room).clone()} /></header>
                            <ul class="devices">
                                { for devices.iter().take(few).map(|device| html! {
                                    <DeviceTile key={device.id.clone()} device={(*device).clone()} room={room.name.clone()} />
                                }) }
                                if !all {
                                    <button class="more" onclick={more}
                                        aria-label={format!("{} more devices in the {}", devices.len() - DRAWN, room.name)}>
                                        { format!("+{}", devices.len() - DRAWN) }
                                    </button>
                                }
                            </ul>
                        </section>
                    }
                }) }
            </div>
            <div class="cellar">
                <button class="broker" onclick={page.going(Route::Clients(None))}>
                    <strong>{ "Broker" }</strong>
                    <span>{ page.state.status.clients.map(|clients| format!("{clients} clients")).unwrap_or_default() }</span>
                </button>
                if props.own {
                    <button class="kerb" onclick={page.opening(Some(Sheet::Connect))}>{ bridge }</button>
                }
            </div>
        </div>
    }
}

/// A room's devices in the order of their use. A thermometer that is well is the room's number, not a drawing
/// of its own.
fn drawn(room: &RoomView) -> Vec<&DeviceView> {
    let mut devices: Vec<&DeviceView> = room
        .devices
        .iter()
        .filter(|device| device.kind != DeviceKind::Sensor || device.presence == Presence::Offline)
        .collect();
    devices.sort_by_key(|device| match device.kind {
        DeviceKind::Light => 0,
        DeviceKind::Window => 1,
        DeviceKind::Plug => 2,
        // It needs a line of its own, for its set-point.
        DeviceKind::Thermostat => 9,
        _ => 5,
    });
    devices
}
