use yew::prelude::*;

use super::super::{DeviceTile, device};
use super::scenery::fitting;
use super::{Fixed, part, place};
use crate::geometry::{Area, px};
use crate::hooks::use_turn;
use crate::state::Route;
use crate::wire::{DeviceKind, DeviceView, Presence, RoomView, Shown, Warmth};

#[derive(Properties, PartialEq)]
pub(super) struct RoomProps {
    pub(super) room: RoomView,
    /// Its place in the plan's list.
    pub(super) index: usize,
    pub(super) drawing: Fixed,
    /// Its devices with too many messages for beads, and how many a second.
    pub(super) busy: Vec<(String, u32)>,
    /// How long a change waits for its turn, in milliseconds.
    #[prop_or_default]
    pub(super) late: Option<u32>,
}

/// One room, in its turn while so much happens that all cannot be drawn at once. Who asks for something sees at once what becomes of it.
#[component]
pub(super) fn Room(props: &RoomProps) -> Html {
    let late = props.late.filter(|_| !props.room.is_asked());
    let (room, busy) = use_turn().late(&(props.room.clone(), props.busy.clone()), late);
    html! { <Inside {room} {busy} index={props.index} drawing={props.drawing.clone()} late={props.late} /> }
}

/// Its colour and the light of its lamps, furniture, label, and devices.
#[component]
fn Inside(props: &RoomProps) -> Html {
    let RoomProps { room, index, drawing, busy, late } = props;
    let drawing = &drawing.0;
    let Some(area) = drawing.house.rooms.get(*index).copied() else { return Html::default() };
    let lit = room.devices.iter().any(|device| is_lit(device) && drawing.place(&device.id).is_some());
    let lamps = room.devices.iter().filter(|device| device.kind == DeviceKind::Light);
    // The light of all lamps is there and hidden, so that one that is switched has nothing laid out again.
    let beams = lamps.filter_map(|lamp| {
        let d = beam(&drawing.place(&lamp.id)?.area, &area);
        Some(html! { <path key={lamp.id.clone()} class={is_lit(lamp).then_some("on")} {d} /> })
    });
    html! {
        <li class={classes!("room", lit.then_some("lit"))}>
            <div class={classes!("fill", warmth(room.warmth))} style={place(&area)}>
                <svg viewBox={viewbox(&area)} aria-hidden="true">{ for beams }</svg>
            </div>
            <Fittings drawing={props.drawing.clone()} index={*index} warmth={room.warmth} />
            <header class="room-label" style={place(&Area { height: 0.0, ..area })}>
                <h2>{ &room.name }</h2>
                { temperature(room) }
            </header>
            <ul class="devices" aria-label={format!("Devices in the {}", room.name)}>
                { for room.devices.iter().enumerate().filter_map(|(index, device)| {
                    let place = drawing.place(&device.id)?.clone();
                    let rate = busy.iter().find(|(id, _)| *id == device.id).map(|(_, rate)| *rate);
                    let late = late.map(|_| part(index)).filter(|late| *late > 0);
                    Some(html! {
                        <DeviceTile key={device.id.clone()} device={device.clone()} room={room.name.clone()} {place} {rate} {late} />
                    })
                }) }
            </ul>
            if let Some((_, left, corner)) = drawing.beyond.iter().find(|(room, _, _)| room == index) {
                <details class="beyond" style={place(corner)}>
                    <summary aria-label={format!("{} more devices in the {}", left.len(), room.name)}>{ format!("+{}", left.len()) }</summary>
                    <ul>
                        { for room.devices.iter().filter(|device| left.contains(&device.id)).map(|device| html! {
                            <DeviceTile key={device.id.clone()} device={device.clone()} room={room.name.clone()} />
                        }) }
                    </ul>
                </details>
            }
        </li>
    }
}

#[derive(Properties, PartialEq)]
struct FittingsProps {
    drawing: Fixed,
    index: usize,
    warmth: Warmth,
}

/// The furniture of a room, which stays as it is and takes on the room's colour.
#[component]
fn Fittings(props: &FittingsProps) -> Html {
    let drawing = &props.drawing.0;
    let Some(area) = drawing.house.rooms.get(props.index) else { return Html::default() };
    let furniture = drawing.furniture.get(props.index).into_iter().flatten();
    html! {
        <svg class={classes!("fittings", warmth(props.warmth))} style={place(area)} viewBox={viewbox(area)} aria-hidden="true">{ for furniture.map(fitting) }</svg>
    }
}

fn viewbox(area: &Area) -> String {
    format!("{} {} {} {}", px(area.x), px(area.y), px(area.width), px(area.height))
}

/// Whether it is a lamp that is on.
pub(crate) fn is_lit(device: &DeviceView) -> bool {
    device.kind == DeviceKind::Light
        && device.presence != Presence::Offline
        && matches!(device.shown, Shown::Switch { on: Some(true), .. })
}

/// The light that falls from a lamp to the floor.
fn beam(lamp: &Area, room: &Area) -> String {
    let (x, _) = lamp.center();
    let (top, bottom) = (lamp.y + 26.0, room.bottom());
    let half = (bottom - top) * 0.62;
    let [near, far] = [15.0, half].map(|half| (px(x - half), px(x + half)));
    format!("M{} {}H{}L{} {}H{}Z", near.0, px(top), near.1, far.1, px(bottom), far.0)
}

/// A room's temperature, as its sensor's topic says it; it leads to the sensor's card.
pub(crate) fn temperature(room: &RoomView) -> Html {
    let Some(reading) = &room.temperature else { return Html::default() };
    let sensor = room.devices.iter().find(|device| device.kind == DeviceKind::Sensor);
    let value = html! { <data value={reading.value.clone()}>{ device::text(reading) }</data> };
    html! {
        <p class={classes!("temperature", reading.stale.then_some("stale"))} data-room={room.id.clone()}
            title={reading.stale.then_some("Its sensor is offline: this is the last it said.")}>
            { match sensor {
                Some(sensor) => html! { <a tabindex="-1" href={Route::Home(Some(sensor.id.clone())).fragment()}>{ value }</a> },
                None => value,
            } }
            if reading.stale { <span class="note">{ "last known" }</span> }
        </p>
    }
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
