use yew::prelude::*;

use super::super::{DeviceTile, device};
use super::scenery::fitting;
use super::{Fixed, place};
use crate::geometry::Area;
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
}

/// One room: its colour and the light of its lamps, furniture, label, and devices.
#[component]
pub(super) fn Room(props: &RoomProps) -> Html {
    let RoomProps { room, index, drawing, busy } = props;
    let drawing = &drawing.0;
    let Some(area) = drawing.house.rooms.get(*index).copied() else { return Html::default() };
    let lamps: Vec<Area> = room
        .devices
        .iter()
        .filter(|device| is_lit(device))
        .filter_map(|lamp| Some(drawing.place(&lamp.id)?.area))
        .collect();
    let furniture = drawing.furniture.get(*index).into_iter().flatten();
    let viewbox = format!("{:.1} {:.1} {:.1} {:.1}", area.x, area.y, area.width, area.height);
    html! {
        <li class={classes!("room", warmth(room.warmth), (!lamps.is_empty()).then_some("lit"))}>
            <div class="fill" style={place(&area)}>
                if !lamps.is_empty() {
                    <svg viewBox={viewbox.clone()} aria-hidden="true">
                        { for lamps.iter().map(|lamp| html! { <path d={beam(lamp, &area)} /> }) }
                    </svg>
                }
            </div>
            <svg class="fittings" style={place(&area)} viewBox={viewbox} aria-hidden="true">{ for furniture.map(fitting) }</svg>
            <header class="room-label" style={place(&Area { height: 0.0, ..area })}>
                <h2>{ &room.name }</h2>
                <Temperature room={room.clone()} />
            </header>
            <ul class="devices" aria-label={format!("Devices in the {}", room.name)}>
                { for room.devices.iter().filter_map(|device| {
                    let place = drawing.place(&device.id)?.clone();
                    let rate = busy.iter().find(|(id, _)| *id == device.id).map(|(_, rate)| *rate);
                    Some(html! {
                        <DeviceTile key={device.id.clone()} device={device.clone()} room={room.name.clone()} {place} {rate} />
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
    format!("M{:.1} {top:.1}H{:.1}L{:.1} {bottom:.1}H{:.1}Z", x - 15.0, x + 15.0, x + half, x - half)
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
