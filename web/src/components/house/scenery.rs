//! What does not move: earth, walls, roof, and the wires.

use std::rc::Rc;

use yew::prelude::*;

use super::Fixed;
use crate::geometry::{EAVES, Furniture, House, Street, Wire, px};

#[derive(Properties, PartialEq)]
pub(super) struct BackdropProps {
    pub(super) drawing: Fixed,
}

/// Earth, cellar, roof and walls, and what is kept under the ground and under the roof.
#[component]
pub(super) fn Backdrop(props: &BackdropProps) -> Html {
    let drawing = &props.drawing.0;
    let plan = &drawing.house;
    let (walls, cellar, shaft) = (plan.walls, plan.cellar, plan.shaft);
    let (width, ground) = (plan.stage.width, plan.ground());
    let stored = drawing.furniture.iter().rev().take(2).flatten();
    let rect = |class: &'static str, x: f64, y: f64, width: f64, height: f64| {
        let d = format!("M{} {}h{}v{}h{}z", px(x), px(y), px(width), px(height), px(-width));
        html! { <path {class} {d} /> }
    };
    html! {
        <svg class="backdrop" width={px(width).to_string()} height={px(plan.stage.height).to_string()} aria-hidden="true">
            { scrub(plan) }
            { for tree(plan) }
            { rect("earth", 0.0, ground, width, plan.stage.height - ground) }
            <path class="chimney" d={chimney(plan)} />
            <path class="roof" d={roof(plan, 0.0)} />
            <path class="attic-line" d={rafters(plan)} />
            { vane(plan) }
            { rect("walls", walls.x, walls.y, walls.width, walls.height) }
            { rect("cellar", cellar.x, cellar.y, cellar.width, cellar.height) }
            { rect("shaft", shaft.x, shaft.y, shaft.width, cellar.y + 26.0 - shaft.y) }
            <g class="fittings">{ for stored.map(fitting) }</g>
            <path class="ground" d={format!("M0 {}H{}", px(ground), px(width))} />
        </svg>
    }
}

/// A piece of furniture at its place.
pub(super) fn fitting(furniture: &Furniture) -> Html {
    let [filled, drawn] = furniture.piece.paths;
    html! {
        <g transform={format!("translate({} {})", px(furniture.at.0), px(furniture.at.1))}>
            <path class="filled" d={filled} /><path d={drawn} />
        </g>
    }
}

fn roof(plan: &House, inset: f64) -> String {
    let (left, right) = (plan.walls.x - EAVES + inset * 2.0, plan.walls.right() + EAVES - inset * 2.0);
    let eaves = px(plan.walls.y);
    let (x, y) = (px(plan.ridge.0), px(plan.ridge.1 + inset));
    format!("M{} {eaves}L{x} {y}L{} {eaves}Z", px(left), px(right))
}

/// The underside of the roof.
fn rafters(plan: &House) -> String {
    roof(plan, 11.0)
}

fn chimney(plan: &House) -> String {
    let x = plan.ridge.0 + plan.walls.width * 0.24;
    let top = plan.skyline(x) - 22.0;
    let foot = |x: f64| px(plan.skyline(x) + 8.0);
    let (left, top) = (px(x - 3.0), px(top));
    format!("M{} {}V{top}h28V{}zM{left} {top}v-6h34v6z", px(x), foot(x), foot(x + 28.0))
}

/// On the ridge a lacewing turns with the wind.
fn vane(plan: &House) -> Html {
    html! {
        <g class="vane" transform={format!("translate({} {})", px(plan.ridge.0), px(plan.ridge.1))}>
            <path d="M0 0v-8M-9-8H9M0-8c-4-6-12-8-15-5s4 6 15 5zM0-8c4-6 12-8 15-5s-4 6-15 5z" />
        </g>
    }
}

/// Bushes on either side of the house.
fn scrub(plan: &House) -> Html {
    let ground = px(plan.ground());
    html! {
        <path class="scrub" d={format!(
            "M0 {ground}v-34a13 13 0 0 1 20-4a12 12 0 0 1 8 16v22zM{} {ground}a16 16 0 0 1 4-26a18 18 0 0 1 30-10a15 15 0 0 1 26 6V{ground}z",
            px(plan.stage.width - 58.0)
        )} />
    }
}

/// A tree on the street, where there is room for one.
fn tree(plan: &House) -> Option<Html> {
    let x = plan.stage.width - 74.0;
    (x - plan.walls.right() > 190.0).then(|| {
        html! {
            <g class="tree" transform={format!("translate({} {})", px(x), px(plan.ground()))}>
                <path d="M-52-96a34 34 0 0 1 2-62a40 40 0 0 1 74-34a36 36 0 0 1 30 62a32 32 0 0 1-24 40z" />
                <path class="trunk" d="M-4 0v-150M-4-70l-24-26M-4-96l26-28" />
            </g>
        }
    })
}

#[derive(Properties, PartialEq)]
pub(super) struct WiringProps {
    pub(super) drawing: Fixed,
    pub(super) street: Rc<Street>,
    /// The clients whose wires carry too much for beads. How much is not said here: it changes all the time, and the wires do not.
    pub(super) busy: Vec<String>,
    pub(super) linked: bool,
    pub(super) own: bool,
}

/// The wires of all devices and the cable to the street. All wires are drawn as one, and over it hidden each one that can be lit: what is
/// only shown or hidden is not laid out again.
#[component]
pub(super) fn Wiring(props: &WiringProps) -> Html {
    let drawing = &props.drawing.0;
    let plan = &drawing.house;
    let street = &props.street;
    let wire = |wire: &Wire| {
        let busy = props.busy.contains(&wire.device);
        let class = classes!("wire", busy.then_some("busy"));
        html! { <path key={wire.device.clone()} {class} data-wire={wire.device.clone()} d={wire.up()} /> }
    };
    let outside = || std::iter::once(&street.air).chain(street.signs.iter().map(|sign| &sign.wire));
    html! {
        <svg class="wiring" width={px(plan.stage.width).to_string()} height={px(plan.stage.height).to_string()} aria-hidden="true">
            <path class="wires" d={drawing.wires.iter().chain(outside()).map(Wire::up).collect::<String>()} />
            if props.own { <path class={classes!("street", props.linked.then_some("linked"))} d={street.cable.up()} /> }
            // Groups of their own, or the keys would count for nothing: a wire that is lit must not become another's when a client leaves.
            <g>{ for drawing.wires.iter().map(wire) }</g>
            <g>{ for outside().map(wire) }</g>
        </svg>
    }
}
