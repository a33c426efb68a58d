//! The house in section with its wiring, on a wide screen.

mod beads;
mod broker;
mod controls;
mod room;
mod scenery;
pub(super) mod sky;
mod street;
pub(super) mod walk;

use std::collections::VecDeque;
use std::rc::Rc;

use yew::prelude::*;

pub(crate) use beads::{Beads, Ways};
pub(crate) use broker::{BrokerBox, clients};
pub(crate) use controls::Controls;
pub(crate) use room::{is_lit, temperature, warmth};

use crate::geometry::{Area, Direction, Drawing, Street, alike, px};
use crate::hooks::{Launch, use_size};
use crate::late::turns;
use crate::wire::{Bridge, DeviceKind, HouseView, RoomView};

use room::Room;
use scenery::{Backdrop, Wiring};
use sky::Sky;
use street::{Cabinet, Pavement};

#[derive(Properties, PartialEq)]
pub(crate) struct HouseProps {
    pub(crate) house: Rc<HouseView>,
    /// The time in the house, "08:31", where there is a clock.
    pub(crate) clock: Option<String>,
    pub(crate) bridge: Bridge,
    /// How many clients there are, and how much they say.
    pub(crate) clients: AttrValue,
    /// Whether the house's clock may be set from here.
    pub(crate) operator: bool,
    /// Whether the broker is this browser's, so that a bridge could be linked to it.
    pub(crate) own: bool,
    pub(crate) invited: bool,
    /// Whether nothing is to move.
    pub(crate) still: bool,
    pub(crate) launches: VecDeque<Launch>,
    /// Whether motion is unwelcome.
    pub(crate) reduced: bool,
}

#[component]
pub(crate) fn House(props: &HouseProps) -> Html {
    let stage = use_node_ref();
    let (width, height) = use_size(stage.clone());
    let HouseProps { house, clock, bridge, clients, operator, own, invited, still, launches, reduced } =
        props;
    let drawing = use_memo(Plan { house: house.clone(), width, height }, |plan| {
        Drawing::of(&plan.house.rooms, plan.width, plan.height)
    });
    let outside: Vec<String> = house.pavement.iter().map(|passer| passer.client_id.clone()).collect();
    let street = use_memo((Fixed(Rc::clone(&drawing)), outside), |(drawing, clients)| {
        Street::lay_out(&drawing.0.house, clients)
    });
    let ways: Rc<dyn Ways> = use_memo(
        (Fixed(Rc::clone(&drawing)), Rc::clone(&street), house.phone.client_id.clone()),
        |(drawing, street, phone)| Drawn {
            drawing: Rc::clone(&drawing.0),
            street: Rc::clone(street),
            phone: phone.clone(),
        },
    );
    {
        let stage = stage.clone();
        // Whatever was drawn anew: there is one tab stop.
        use_effect(move || {
            if let Some(house) = stage.cast::<web_sys::Element>() {
                walk::settle(&house);
            }
        });
    }
    let linked = matches!(bridge, Bridge::Linked(_));
    let floors = house.rooms.iter().map(|room| room.floor).max().map_or(1, |top| {
        let lowest = house.rooms.iter().map(|room| room.floor).min().unwrap_or(top);
        i32::from(top) - i32::from(lowest) + 1
    });
    html! {
        <div class={classes!("house", sky::phase(clock.as_deref()).class(), still.then_some("still"),
                (*invited && drawing.invitation.is_none()).then_some("beckoning"))} ref={stage}
            style={format!("--floors: {}", floors.max(2))}
            onkeydown={|event: KeyboardEvent| walk::key(&event)} onfocusin={|event: FocusEvent| walk::focused(&event)}
            onpointerover={|event: PointerEvent| walk::pointed(&event)}
            onpointerleave={|event: PointerEvent| walk::left(event.current_target())}>
            if width > 0.0 && height > 0.0 {
                <Sky clock={clock.clone()} drawing={Fixed(Rc::clone(&drawing))} />
                <Backdrop drawing={Fixed(Rc::clone(&drawing))} />
                <Wiring drawing={Fixed(Rc::clone(&drawing))} street={Rc::clone(&street)} busy={busy_clients(house)} {linked} own={*own} />
                <ul class="rooms" aria-label="Rooms">
                    { for house.rooms.iter().enumerate().map(|(index, room)| html! {
                        <Room key={room.id.clone()} room={room.clone()} {index} drawing={Fixed(Rc::clone(&drawing))}
                            busy={busy_in(house, room)} late={turn(house, index)} />
                    }) }
                </ul>
                { attic(house, &drawing) }
                // One child each, there or not: with another number of them Yew would make the whole house anew, and who has the focus in it lose it.
                { invited.then(|| invitation(house, &drawing)).flatten().unwrap_or_default() }
                { cat(house, &drawing).unwrap_or_default() }
                <BrokerBox area={drawing.house.broker} clients={clients.clone()} passed={house.passed.clone()} />
                if *own { <Cabinet area={street.cabinet} bridge={bridge.clone()} /> }
                <Pavement street={Rc::clone(&street)} passers={house.pavement.clone()} more={house.more_passers}
                    busy={busy_outside(house)} own={*own} />
                { legend(&drawing) }
                <Controls house={house.clone()} clock={clock.clone()} still={*still} operator={*operator} />
                <Beads launches={launches.clone()} ways={Rc::clone(&ways)} reduced={*reduced} />
            }
        </div>
    }
}

/// How long what changes in this room waits to be drawn, in milliseconds: while there are too many messages for beads, rooms take turns,
/// after the broker and the sentence about it.
pub(super) fn turn(house: &HouseView, room: usize) -> Option<u32> {
    (!house.busy.is_empty()).then_some(turns::ROOMS + turns::ROOM * room as u32)
}

/// How much later than its room's turn is that of a device, by its place in the room, in milliseconds.
pub(super) fn part(place: usize) -> u32 {
    turns::ROOM / turns::PARTS * (place as u32 % turns::PARTS)
}

/// The devices of a room that have too many messages for beads.
pub(super) fn busy_in(house: &HouseView, room: &RoomView) -> Vec<(String, u32)> {
    let inside = |id: &String| room.devices.iter().any(|device| device.id == *id);
    house.busy.iter().filter(|(id, _)| inside(id)).cloned().collect()
}

/// The clients on the pavement that have too many messages for beads.
fn busy_outside(house: &HouseView) -> Vec<(String, u32)> {
    let outside = |id: &String| house.pavement.iter().any(|passer| passer.client_id == *id);
    house.busy.iter().filter(|(id, _)| outside(id)).cloned().collect()
}

/// All clients that have too many messages for beads.
fn busy_clients(house: &HouseView) -> Vec<String> {
    house.busy.iter().map(|(id, _)| id.clone()).collect()
}

/// What the drawing is made from: two that are drawn alike are equal.
struct Plan {
    house: Rc<HouseView>,
    width: f64,
    height: f64,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.width == other.width
            && self.height == other.height
            && (Rc::ptr_eq(&self.house, &other.house) || alike(&self.house.rooms, &other.house.rooms))
    }
}

/// A drawing that is made only when it has to be another: the same one, or none.
#[derive(Clone)]
pub(super) struct Fixed(pub(super) Rc<Drawing>);

impl PartialEq for Fixed {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The wires of the drawing.
struct Drawn {
    drawing: Rc<Drawing>,
    street: Rc<Street>,
    /// The client id of the phone.
    phone: String,
}

impl Ways for Drawn {
    fn of(&self, client: &str) -> Option<Vec<(f64, f64)>> {
        let signs = self.street.signs.iter().map(|sign| &sign.wire);
        let wire = match client == self.phone {
            true => Some(&self.street.air),
            false => self.drawing.wires.iter().chain(signs).find(|wire| wire.device == client),
        }?;
        Some(wire.corners.clone())
    }
}

/// Under the roof: the name of the house and the temperature outside.
fn attic(house: &HouseView, drawing: &Drawing) -> Html {
    let plan = &drawing.house;
    let style = format!("left:{}px;top:{}px", px(plan.ridge.0), px(plan.walls.y));
    html! {
        <p class="attic" {style}>
            <b>{ &house.name }</b>
            { for house.outside.as_ref().map(|reading| html! {
                <span>{ format!("outside {}", super::device::text(reading)) }</span>
            }) }
        </p>
    }
}

/// The cat where it is. It walks on from room to room as the house tells of it.
fn cat(house: &HouseView, drawing: &Drawing) -> Option<Html> {
    let room = house.rooms.iter().position(|room| Some(&room.id) == house.cat.as_ref())?;
    let (x, y) = drawing.cats.get(room)?;
    // Another size of the stage is another cat, which does not walk there.
    let key = format!("{}x{}", px(drawing.house.stage.width), px(drawing.house.stage.height));
    let style = format!("transform:translate({}px,{}px)", px(x - 23.0), px(y - 32.0));
    Some(html! { <div {key} class="cat" {style}>{ cat_drawing() }</div> })
}

/// The one who lives here.
pub(super) fn cat_drawing() -> Html {
    html! {
        <svg class="cat-drawing" viewBox="0 0 46 32" width="46" height="32" aria-hidden="true">
            <path d="M8 31V19c0-5 4-8 10-8h11c0-5 1-9 2-11l4 5h4l4-5c2 4 2 8 1 11-1 4-4 6-7 6v14h-4v-9H17l-4 9z" />
            <path class="line" d="M9 19C3 18 1 11 4 5" />
        </svg>
    }
}

/// The hand-drawn arrow at the living room's window.
fn invitation(house: &HouseView, drawing: &Drawing) -> Option<Html> {
    let (area, direction) = drawing.invitation?;
    let inside = |room: &&RoomView| room.devices.iter().any(|device| device.kind == DeviceKind::Window);
    let lit = house.rooms.iter().find(inside).is_some_and(|room| room.devices.iter().any(is_lit));
    let way = match direction {
        Direction::Right => "right",
        Direction::Left => "left",
        Direction::Up => "up",
        Direction::Down => "down",
    };
    Some(html! {
        <div class={classes!("invitation", way, lit.then_some("plate"))} style={place(&area)} aria-hidden="true">
            <span>{ "open me" }</span>
            <svg viewBox="0 0 26 18" width="24" height="17"><path d="M1 14C8 3 16 3 24 9M18 3l6 6-8 4" /></svg>
        </div>
    })
}

/// What the signs of the drawing mean.
fn legend(drawing: &Drawing) -> Html {
    html! {
        <ul class="legend" style={place(&drawing.legend())} aria-label="What the signs mean">
            <li><i class="dot"></i>{ "a real device" }</li>
            <li><i class="dot hollow"></i>{ "a simulated one" }</li>
            <li><i class="letter"></i>{ "a message" }</li>
        </ul>
    }
}

pub(crate) fn place(area: &Area) -> String {
    let [x, y, width, height] = [area.x, area.y, area.width, area.height].map(px);
    format!("left:{x}px;top:{y}px;width:{width}px;height:{height}px")
}
