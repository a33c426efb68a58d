use std::collections::VecDeque;
use std::rc::Rc;

use web_sys::Element;
use yew::prelude::*;

use super::DeviceTile;
use super::house::{Beads, BrokerBox, Ways, busy_in, cat_drawing, is_lit, sky, temperature, walk, warmth};
use crate::geometry::{emblem, px};
use crate::hooks::{Launch, use_actions};
use crate::order::sort_few_by_key;
use crate::state::{Route, Sheet};
use crate::wire::{Bridge, DeviceKind, DeviceView, HouseView, Presence, RoomView};

/// How many devices of a room are drawn before "+2".
const DRAWN: usize = 5;
/// With so few there is room for a piece of furniture.
const ROOMY: usize = 2;

/// The house re-laid for a narrow screen: two columns of rooms either side of a wiring shaft.
#[derive(Properties, PartialEq)]
pub(crate) struct HouseNarrowProps {
    pub(crate) house: Rc<HouseView>,
    /// The time in the house, "08:31", where there is a clock.
    pub(crate) clock: Option<String>,
    pub(crate) bridge: Bridge,
    /// How many clients there are, and how much they say.
    pub(crate) clients: AttrValue,
    /// Whether the broker is this browser's, so that a bridge could be linked to it.
    pub(crate) own: bool,
    /// Whether the windows still invite to be opened.
    pub(crate) invited: bool,
    /// Whether nothing is to move.
    pub(crate) still: bool,
    pub(crate) launches: VecDeque<Launch>,
    /// Whether motion is unwelcome.
    pub(crate) reduced: bool,
}

#[component]
pub(crate) fn HouseNarrow(props: &HouseNarrowProps) -> Html {
    let stage = use_node_ref();
    let HouseNarrowProps { house, clock, bridge, clients, own, invited, still, launches, reduced } = props;
    let phone = house.phone.client_id.clone();
    let ways: Rc<dyn Ways> = use_memo((stage.clone(), phone), |(stage, phone)| Measured {
        stage: stage.clone(),
        phone: phone.clone(),
    });
    {
        let stage = stage.clone();
        use_effect(move || {
            if let Some(house) = stage.cast::<Element>() {
                walk::settle(&house);
            }
        });
    }
    let mut rooms: Vec<_> = house.rooms.iter().collect();
    sort_few_by_key(&mut rooms, |room| (-room.floor, room.column));
    html! {
        <div class={classes!("house-narrow", sky::phase(clock.as_deref()).class(), invited.then_some("inviting"), still.then_some("still"))} ref={stage}
            onkeydown={|event: KeyboardEvent| walk::key(&event)} onfocusin={|event: FocusEvent| walk::focused(&event)}>
            <div class="heaven">{ sky::strip(clock.as_deref()) }</div>
            <svg class="gable" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <path d="M0 10 50 0l50 10z" />
            </svg>
            <div class="floors">
            <i class="trunk-line" aria-hidden="true"></i>
            <ul class="rooms" aria-label="Rooms">
                { for rooms.iter().map(|room| html! {
                    <RoomTile key={room.id.clone()} room={(*room).clone()} cat={house.cat.as_ref() == Some(&room.id)}
                        busy={busy_in(house, room)} />
                }) }
            </ul>
            </div>
            <div class="cellar">
                <BrokerBox clients={clients.clone()} passed={house.passed.clone()} />
                <Kerb house={house.clone()} bridge={bridge.clone()} own={*own} />
            </div>
            <Beads launches={launches.clone()} {ways} reduced={*reduced} />
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct RoomTileProps {
    room: RoomView,
    cat: bool,
    busy: Vec<(String, u32)>,
}

#[component]
fn RoomTile(props: &RoomTileProps) -> Html {
    let whole = use_state(|| false);
    let room = &props.room;
    let devices = drawn(room);
    let all = *whole || devices.len() <= DRAWN + 1;
    let few = if all { devices.len() } else { DRAWN };
    let more = {
        let whole = whole.clone();
        Callback::from(move |_: MouseEvent| whole.set(true))
    };
    let lit = room.devices.iter().any(is_lit);
    let piece = (devices.len() <= ROOMY).then(|| emblem(&room.id, &room.name));
    html! {
        <li class={classes!("room", warmth(room.warmth), lit.then_some("lit"))}>
            <header><h2>{ &room.name }</h2>{ temperature(room) }</header>
            <ul class="devices" aria-label={format!("Devices in the {}", room.name)}>
                { for devices.iter().take(few).map(|device| html! {
                    <DeviceTile key={device.id.clone()} device={(*device).clone()} room={room.name.clone()}
                        rate={props.busy.iter().find(|(id, _)| *id == device.id).map(|(_, rate)| *rate)} />
                }) }
                if !all {
                    <li class="more"><button onclick={more}
                        aria-label={format!("{} more devices in the {}", devices.len() - DRAWN, room.name)}>
                        { format!("+{}", devices.len() - DRAWN) }
                    </button></li>
                }
                if props.cat { <li class="furnished" aria-label="The cat">{ cat_drawing() }</li> }
            </ul>
            { for piece.map(|piece| html! {
                <svg class="fittings" viewBox={format!("0 0 {} {}", px(piece.width), px(piece.height))} aria-hidden="true">
                    <path class="filled" d={piece.paths[0]} /><path d={piece.paths[1]} />
                </svg>
            }) }
        </li>
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
    sort_few_by_key(&mut devices, |device| match device.kind {
        DeviceKind::Light => 0,
        DeviceKind::Window => 1,
        DeviceKind::Plug => 2,
        // It needs a line of its own, for its set-point.
        DeviceKind::Thermostat => 9,
        _ => 5,
    });
    devices
}

#[derive(Properties, PartialEq)]
struct KerbProps {
    house: Rc<HouseView>,
    bridge: Bridge,
    own: bool,
}

/// The bridge, and real clients under their ids.
#[component]
fn Kerb(props: &KerbProps) -> Html {
    let actions = use_actions();
    let says = match &props.bridge {
        Bridge::Linked(addresses) => addresses.mqtt.first().cloned().unwrap_or_default(),
        Bridge::None => "no bridge yet".into(),
        Bridge::Linking => "linking the bridge".into(),
        Bridge::Lost { .. } => "bridge lost".into(),
        Bridge::Refused { .. } => "bridge refused".into(),
        Bridge::Elsewhere => "devices at another page".into(),
    };
    let linked = matches!(props.bridge, Bridge::Linked(_));
    html! {
        <ul class="kerb" aria-label="Real clients">
            if props.own {
                <li><button class={classes!("cabinet", linked.then_some("linked"))} onclick={actions.opening(Some(Sheet::Connect))}>{ says }</button></li>
            }
            { for props.house.pavement.iter().map(|passer| html! {
                <li key={passer.client_id.clone()} class={classes!("passer", passer.left.is_some().then_some("left"))}
                    data-device={passer.client_id.clone()}>
                    <i class="dot"></i>
                    <a href={Route::Clients(Some(passer.client_id.clone())).fragment()}><code>{ &passer.client_id }</code></a>
                    if passer.left.is_some() { <span>{ "just left" }</span> }
                </li>
            }) }
            if props.house.more_passers > 0 {
                <li><a href={Route::Clients(None).fragment()}>{ format!("{} more", props.house.more_passers) }</a></li>
            }
        </ul>
    }
}

/// The ways as the browser has laid them out: aside into the shaft, and down to the broker.
struct Measured {
    stage: NodeRef,
    /// The client id of the phone: that is this very screen.
    phone: String,
}

impl Ways for Measured {
    fn of(&self, client: &str) -> Option<Vec<(f64, f64)>> {
        let stage = self.stage.cast::<Element>()?;
        let origin = stage.get_bounding_client_rect();
        let broker = stage.query_selector(".broker").ok()??.get_bounding_client_rect();
        let (x, y) = (broker.x() + broker.width() / 2.0 - origin.x(), broker.y() - origin.y());
        if client == self.phone {
            return Some(vec![(x, origin.height()), (x, y + 20.0)]);
        }
        let selector = format!("[data-device=\"{}\"]", client.replace('\\', "\\\\").replace('"', "\\\""));
        let device = stage.query_selector(&selector).ok()??;
        let device =
            device.query_selector(".glyph").ok().flatten().unwrap_or(device).get_bounding_client_rect();
        let (from_x, from_y) =
            (device.x() + device.width() / 2.0 - origin.x(), device.y() + device.height() / 2.0 - origin.y());
        let shaft = origin.width() / 2.0;
        Some(vec![(from_x, from_y), (shaft, from_y), (shaft, y)])
    }
}
