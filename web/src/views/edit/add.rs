use lacewing_control::Edit as Change;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::change;
use crate::components::glyph;
use crate::hooks::{focus, marked, use_page};
use crate::model::editing;
use crate::wire::{DeviceKind, DeviceView, Position, Presence, Shown};

/// The library, behind a button of a room.
#[derive(Properties, PartialEq)]
pub(super) struct AddDeviceProps {
    pub(super) room: String,
    pub(super) name: String,
}

#[component]
pub(super) fn AddDevice(props: &AddDeviceProps) -> Html {
    let page = use_page();
    let is_open = use_state(|| false);
    let toggle = {
        let is_open = is_open.clone();
        Callback::from(move |_: MouseEvent| is_open.set(!*is_open))
    };
    let id = format!("add-{}", props.room);
    let add = |kind| {
        let (page, room, id, is_open) = (page.clone(), props.room.clone(), id.clone(), is_open.clone());
        Callback::from(move |_: MouseEvent| {
            change(&page, Change::AddDevice { room: room.clone(), kind, name: String::new() }, None);
            is_open.set(false);
            // Until the device is there; what was pressed is gone with the library.
            focus(&marked("id", &id));
        })
    };
    html! {
        <>
            <button id={id.clone()} onclick={toggle} aria-expanded={if *is_open { "true" } else { "false" }}
                aria-label={format!("Add a device to {}", props.name)}>{ "Add a device" }</button>
            if *is_open {
                <ul class="library">
                    { for editing::library().iter().map(|offer| html! {
                        <li><button class="offer" onclick={add(offer.kind)}>
                            { glyph(&sample(offer.kind)) }
                            <span><b>{ offer.name }</b><br />{ offer.does }</span>
                        </button></li>
                    }) }
                </ul>
            }
        </>
    }
}

/// A device of this kind, to be drawn.
fn sample(kind: DeviceKind) -> DeviceView {
    DeviceView {
        id: String::new(),
        name: String::new(),
        kind,
        position: Position { x: 50, y: 50 },
        simulated: true,
        handed_to: None,
        presence: Presence::Online,
        shown: Shown::Nothing,
        asked: None,
    }
}

/// A new room: its name, and the floor at whose right end it is built.
#[derive(Properties, PartialEq)]
pub(super) struct AddRoomProps {
    /// The number of the top floor.
    pub(super) floors: i8,
}

#[component]
pub(super) fn AddRoom(props: &AddRoomProps) -> Html {
    let page = use_page();
    let (name, floor) = (use_node_ref(), use_node_ref());
    let onsubmit = {
        let (name, floor) = (name.clone(), floor.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Some(name), Some(floor)) =
                (name.cast::<HtmlInputElement>(), floor.cast::<HtmlSelectElement>())
            else {
                return;
            };
            let edit =
                Change::AddRoom { name: name.value(), floor: floor.value().parse().unwrap_or_default() };
            change(&page, edit, None);
            name.set_value("");
        })
    };
    html! {
        <form class="compose" {onsubmit}>
            <h2>{ "Add a room" }</h2>
            <div class="edit-line">
                <label>{ "Its name" }<input id="new-room" ref={name} required=true maxlength="40" /></label>
                <label>{ "Where" }
                    <select ref={floor}>
                        { for (0..=props.floors.saturating_add(1)).map(|number| html! {
                            <option value={number.to_string()}>
                                { if number > props.floors { "a new floor on top".to_owned() } else { editing::floor_name(number).to_ascii_lowercase() } }
                            </option>
                        }) }
                    </select></label>
                <button type="submit">{ "Add the room" }</button>
            </div>
        </form>
    }
}
