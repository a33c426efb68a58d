use yew::prelude::*;

use super::{DeviceTile, device};
use crate::geometry::{self, Place, SHAFT, Wire};
use crate::hooks::{use_page, use_size};
use crate::state::{Route, Sheet};
use crate::wire::{Bead, Bridge, DeviceKind, HouseView, RoomView, Warmth};

/// The house in section, with its wiring, on a wide screen.
#[derive(Properties, PartialEq)]
pub(crate) struct HouseProps {
    pub(crate) house: HouseView,
    pub(crate) beads: Vec<Bead>,
    pub(crate) bridge: Bridge,
    /// Whether the broker is this browser's, so that a bridge could be linked to it.
    pub(crate) own: bool,
    pub(crate) invited: bool,
}

#[component]
pub(crate) fn House(props: &HouseProps) -> Html {
    let stage = use_node_ref();
    let (width, height) = use_size(stage.clone());
    let HouseProps { house, beads, bridge, own, invited } = props;
    let drawing = (width > 0.0 && height > 0.0).then(|| {
        let plan = geometry::House::lay_out(&house.rooms, width, height);
        let places = geometry::places(&house.rooms, &plan);
        let wires = geometry::wires(&places, &plan);
        html! {
            <>
                { structure(house, &plan, &wires, own.then_some(bridge)) }
                { for house.rooms.iter().zip(&plan.rooms).map(|(room, area)| label(room, area)) }
                { attic(house, &plan) }
                // Lists of their own, all of them keyed: a bead that has arrived must not start again. Live wires
                // run behind the labels, beads before them.
                <div class="layer">{ for beads.iter().map(|bead| live_wires(bead, &plan, &wires)) }</div>
                <div class="layer">{ for house.rooms.iter().flat_map(|room| devices(room, &places)) }</div>
                <div class="layer">{ for beads.iter().map(|bead| travel(bead, &plan, &wires)) }</div>
                { for invited.then(|| invitation(house, &places)).flatten() }
                <Broker area={plan.broker} />
                if *own { <Cabinet area={plan.cabinet} bridge={bridge.clone()} /> }
            </>
        }
    });
    html! { <div class="house" ref={stage}>{ for drawing }</div> }
}

fn structure(house: &HouseView, plan: &geometry::House, wires: &[Wire], bridge: Option<&Bridge>) -> Html {
    let (walls, cellar, shaft) = (plan.walls, plan.cellar, plan.shaft);
    let ground = walls.bottom();
    let roof = format!(
        "M{} {}L{} {}L{} {}Z",
        walls.x - 20.0,
        walls.y,
        plan.ridge.0,
        plan.ridge.1,
        walls.right() + 20.0,
        walls.y
    );
    let linked = matches!(bridge, Some(Bridge::Linked(_)));
    let street = format!(
        "M{} {}V{}H{}V{}",
        plan.broker.right() - 24.0,
        plan.broker.y,
        cellar.y + 14.0,
        plan.cabinet.x + plan.cabinet.width / 2.0,
        plan.cabinet.bottom()
    );
    html! {
        <svg class="structure" width={plan.stage.width.to_string()} height={plan.stage.height.to_string()} aria-hidden="true">
            <rect class="earth" x="0" y={ground.to_string()} width={plan.stage.width.to_string()}
                height={(plan.stage.height - ground).to_string()} />
            <path class="roof" d={roof} />
            <rect class="walls" x={walls.x.to_string()} y={walls.y.to_string()}
                width={walls.width.to_string()} height={walls.height.to_string()} />
            <rect class="cellar" x={cellar.x.to_string()} y={cellar.y.to_string()}
                width={cellar.width.to_string()} height={cellar.height.to_string()} />
            { for house.rooms.iter().zip(&plan.rooms).map(|(room, area)| html! {
                <rect class={classes!("room", warmth(room.warmth))} x={area.x.to_string()} y={area.y.to_string()}
                    width={area.width.to_string()} height={area.height.to_string()} />
            }) }
            <rect class="shaft" x={shaft.x.to_string()} y={shaft.y.to_string()} width={SHAFT.to_string()}
                height={(cellar.y - shaft.y + 30.0).to_string()} />
            { for wires.iter().map(|wire| html! { <path class="wire" d={wire.up()} /> }) }
            <path class="wire" d={air(plan)} />
            if bridge.is_some() { <path class={classes!("street", linked.then_some("linked"))} d={street} /> }
            <path class="ground" d={format!("M0 {ground}H{}", plan.stage.width)} />
        </svg>
    }
}

fn label(room: &RoomView, area: &geometry::Area) -> Html {
    let style = format!("left:{:.1}px;top:{:.1}px;width:{:.1}px", area.x, area.y, area.width);
    html! {
        <header class={classes!("room-label", warmth(room.warmth))} {style}>
            <h2>{ &room.name }</h2>
            <Temperature room={room.clone()} />
        </header>
    }
}

/// A room's temperature, as its sensor's topic says it; it leads to the sensor's card.
#[derive(Properties, PartialEq)]
pub(crate) struct TemperatureProps {
    pub(crate) room: RoomView,
}

#[component]
pub(crate) fn Temperature(props: &TemperatureProps) -> Html {
    let room = &props.room;
    let Some(reading) = &room.temperature else { return Html::default() };
    let sensor = room.devices.iter().find(|device| device.kind == DeviceKind::Sensor);
    let value = html! { <data value={reading.value.clone()}>{ device::text(reading) }</data> };
    html! {
        <p class={classes!("temperature", reading.stale.then_some("stale"))} data-room={room.id.clone()}
            title={reading.stale.then_some("Its sensor is offline: this is the last it said.")}>
            { match sensor {
                Some(sensor) => html! { <a href={Route::Home(Some(sensor.id.clone())).fragment()}>{ value }</a> },
                None => value,
            } }
            if reading.stale { <span class="note">{ "last known" }</span> }
        </p>
    }
}

fn devices<'a>(room: &'a RoomView, places: &'a [Place]) -> impl Iterator<Item = Html> + 'a {
    room.devices.iter().map(|device| {
        let place = places.iter().find(|place| place.device == device.id).cloned();
        html! {
            <DeviceTile key={device.id.clone()} device={device.clone()} room={room.name.clone()} {place}
                warmth={warmth(room.warmth)} />
        }
    })
}

/// Under the roof: the name of the house and the temperature outside.
fn attic(house: &HouseView, plan: &geometry::House) -> Html {
    let style = format!("left:{:.1}px;top:{:.1}px", plan.ridge.0, plan.walls.y);
    html! {
        <p class="attic" {style}>
            <b>{ &house.name }</b>
            { for house.outside.as_ref().map(|reading| html! { <span>{ format!("outside {}", device::text(reading)) }</span> }) }
        </p>
    }
}

/// The hand-drawn arrow at the living room's window.
fn invitation(house: &HouseView, places: &[Place]) -> Option<Html> {
    let window =
        house.rooms.iter().flat_map(|room| &room.devices).find(|device| device.kind == DeviceKind::Window)?;
    let area = places.iter().find(|place| place.device == window.id)?.area;
    let style = format!("left:{:.1}px;top:{:.1}px", area.x + area.width / 2.0, area.y);
    Some(html! {
        <div class="invitation" {style} aria-hidden="true">
            <span>{ "open me" }</span>
            <svg viewBox="0 0 40 26" width="26" height="17"><path d="M38 4C28 20 16 21 5 15M12 9 4 15l6 8" /></svg>
        </div>
    })
}

/// The legs of a message's way: up to the broker, and down to everyone who got it.
fn legs(bead: &Bead, plan: &geometry::House, wires: &[Wire]) -> Vec<(String, &'static str)> {
    let find = |id: &String| wires.iter().find(|wire| wire.device == *id);
    let up = bead.from.as_ref().and_then(find).map(|wire| (wire.up(), "up"));
    let down = bead.to.iter().filter_map(find).map(|wire| (wire.down(), "down"));
    let out = bead.phone.then(|| (air(plan), "down"));
    up.into_iter().chain(down).chain(out).collect()
}

fn travel(bead: &Bead, plan: &geometry::House, wires: &[Wire]) -> Html {
    html! {
        <div key={bead.number} class="layer" aria-hidden="true">
            { for legs(bead, plan, wires).into_iter().map(|(path, way)| html! {
                <span class={classes!("bead", way)} style={format!("offset-path:path('{path}')")}></span>
            }) }
        </div>
    }
}

fn live_wires(bead: &Bead, plan: &geometry::House, wires: &[Wire]) -> Html {
    html! {
        <svg key={bead.number} width={plan.stage.width.to_string()} height={plan.stage.height.to_string()} aria-hidden="true">
            { for legs(bead, plan, wires).into_iter().map(|(d, way)| html! { <path class={classes!("live", way)} {d} /> }) }
        </svg>
    }
}

/// The way from the broker to the phone beside the house.
fn air(plan: &geometry::House) -> String {
    format!("M{} {}H{}", plan.broker.right(), plan.broker.y + plan.broker.height / 2.0, plan.stage.width)
}

/// Where something stands.
#[derive(Properties, PartialEq)]
struct BrokerProps {
    area: geometry::Area,
}

#[component]
fn Broker(props: &BrokerProps) -> Html {
    let page = use_page();
    let status = &page.state.status;
    let lines = match status.clients {
        Some(1) => "1 client".into(),
        Some(clients) => format!("{clients} clients"),
        None => String::new(),
    };
    html! {
        <button class="broker" style={place(&props.area)} onclick={page.going(Route::Clients(None))}>
            <strong>{ "Broker" }</strong>
            <span>{ lines }</span>
        </button>
    }
}

#[derive(Properties, PartialEq)]
struct CabinetProps {
    area: geometry::Area,
    bridge: Bridge,
}

#[component]
fn Cabinet(props: &CabinetProps) -> Html {
    let page = use_page();
    let (class, says) = match &props.bridge {
        Bridge::Linked(addresses) => {
            ("linked", addresses.mqtt.first().cloned().unwrap_or_else(|| "linked".into()))
        }
        Bridge::Linking => ("linking", "linking".into()),
        Bridge::Lost { .. } => ("lost", "lost".into()),
        Bridge::Refused { .. } => ("lost", "refused".into()),
        Bridge::Elsewhere => ("none", "at another page".into()),
        Bridge::None => ("none", "none yet".into()),
    };
    html! {
        <button class={classes!("cabinet", class)} style={place(&props.area)} onclick={page.opening(Some(Sheet::Connect))}>
            <span class="says">{ "bridge: " }<b>{ says }</b></span>
        </button>
    }
}

fn place(area: &geometry::Area) -> String {
    format!("left:{:.1}px;top:{:.1}px;width:{:.1}px;height:{:.1}px", area.x, area.y, area.width, area.height)
}

/// The class for the colour of a room.
pub(crate) fn warmth(warmth: Warmth) -> &'static str {
    match warmth {
        Warmth::Unknown => "unknown",
        Warmth::Cold => "t1",
        Warmth::Cool => "t2",
        Warmth::Mild => "t3",
        Warmth::Warm => "t4",
        Warmth::Hot => "t5",
    }
}
