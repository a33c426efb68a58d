//! The house in section with its wiring, on a wide screen.

mod beads;
mod broker;
mod controls;
mod room;
mod scenery;
mod sky;
mod street;

use std::collections::VecDeque;
use std::rc::Rc;

use yew::prelude::*;

pub(crate) use beads::{Beads, Ways};
pub(crate) use controls::Controls;
pub(crate) use room::{Temperature, warmth};

use crate::geometry::{Area, Direction, Drawing, Street, alike};
use crate::hooks::{Launch, use_size};
use crate::wire::{Bridge, HouseView};
use broker::BrokerBox;
use room::Room;
use scenery::{Backdrop, Wiring};
use sky::Sky;
use street::Cabinet;

#[derive(Properties, PartialEq)]
pub(crate) struct HouseProps {
    pub(crate) house: Rc<HouseView>,
    pub(crate) bridge: Bridge,
    /// Whether the broker is this browser's, so that a bridge could be linked to it.
    pub(crate) own: bool,
    pub(crate) invited: bool,
    pub(crate) launches: VecDeque<Launch>,
    /// Whether motion is unwelcome.
    pub(crate) reduced: bool,
}

#[component]
pub(crate) fn House(props: &HouseProps) -> Html {
    let stage = use_node_ref();
    let (width, height) = use_size(stage.clone());
    let HouseProps { house, bridge, own, invited, launches, reduced } = props;
    let drawing = use_memo(Plan { house: house.clone(), width, height }, |plan| {
        Drawing::of(&plan.house.rooms, plan.width, plan.height)
    });
    let clients: Vec<String> = house.pavement.iter().map(|passer| passer.client_id.clone()).collect();
    let street = use_memo((Fixed(Rc::clone(&drawing)), clients), |(drawing, clients)| {
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
    let linked = matches!(bridge, Bridge::Linked(_));
    html! {
        <div class={classes!("house", sky::phase(house.clock.as_deref()).class())} ref={stage}>
            if width > 0.0 && height > 0.0 {
                <Sky clock={house.clock.clone()} drawing={Fixed(Rc::clone(&drawing))} />
                <Backdrop drawing={Fixed(Rc::clone(&drawing))} />
                <Wiring drawing={Fixed(Rc::clone(&drawing))} street={Rc::clone(&street)} busy={house.busy.clone()} {linked} own={*own} />
                <ul class="rooms" aria-label="Rooms">
                    { for house.rooms.iter().enumerate().map(|(index, room)| html! {
                        <Room key={room.id.clone()} room={room.clone()} {index} drawing={Fixed(Rc::clone(&drawing))} />
                    }) }
                </ul>
                { attic(house, &drawing) }
                { for invited.then(|| invitation(&drawing)).flatten() }
                <BrokerBox area={drawing.house.broker} />
                if *own { <Cabinet area={street.cabinet} bridge={bridge.clone()} /> }
                { legend(&drawing) }
                <Controls />
                <Beads launches={launches.clone()} ways={Rc::clone(&ways)} reduced={*reduced} />
            }
        </div>
    }
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
    fn of(&self, client: &str) -> Option<(String, String)> {
        let signs = self.street.signs.iter().map(|sign| &sign.wire);
        let wire = match client == self.phone {
            true => Some(&self.street.air),
            false => self.drawing.wires.iter().chain(signs).find(|wire| wire.device == client),
        }?;
        Some((wire.up(), wire.down()))
    }
}

/// Under the roof: the name of the house and the temperature outside.
fn attic(house: &HouseView, drawing: &Drawing) -> Html {
    let plan = &drawing.house;
    let style = format!("left:{:.1}px;top:{:.1}px", plan.ridge.0, plan.walls.y);
    html! {
        <p class="attic" {style}>
            <b>{ &house.name }</b>
            { for house.outside.as_ref().map(|reading| html! {
                <span>{ format!("outside {}", super::device::text(reading)) }</span>
            }) }
        </p>
    }
}

/// The hand-drawn arrow at the living room's window.
fn invitation(drawing: &Drawing) -> Option<Html> {
    let (area, direction) = drawing.invitation?;
    let way = match direction {
        Direction::Right => "right",
        Direction::Left => "left",
        Direction::Up => "up",
        Direction::Down => "down",
    };
    Some(html! {
        <div class={classes!("invitation", way)} style={place(&area)} aria-hidden="true">
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

pub(super) fn place(area: &Area) -> String {
    format!("left:{:.1}px;top:{:.1}px;width:{:.1}px;height:{:.1}px", area.x, area.y, area.width, area.height)
}
