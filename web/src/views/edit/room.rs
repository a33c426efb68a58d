use lacewing_control::Edit as Change;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::add::AddDevice;
use super::change;
use crate::components::glyph;
use crate::hooks::use_page;
use crate::model::editing;
use crate::wire::{DeviceView, RoomView};

/// A room and its devices, each with a name that can be changed in place.
#[derive(Properties, PartialEq)]
pub(super) struct EditRoomProps {
    pub(super) room: RoomView,
    /// Every room's id and name.
    pub(super) rooms: Vec<(String, String)>,
}

#[component]
pub(super) fn EditRoom(props: &EditRoomProps) -> Html {
    let page = use_page();
    let EditRoomProps { room, rooms } = props;
    let rename = {
        let (page, id) = (page.clone(), room.id.clone());
        Callback::from(move |name| change(&page, Change::RenameRoom { room: id.clone(), name }, None))
    };
    let remove = {
        let room = room.clone();
        Callback::from(move |_: MouseEvent| {
            let told = editing::room_removed(&room);
            change(&page, Change::RemoveRoom { room: room.id.clone() }, Some(told));
        })
    };
    html! {
        <div class="edit-room" role="group" aria-label={room.name.clone()}>
            <div class="edit-line">
                <NameField id={format!("name-{}", room.id)} name={room.name.clone()} label={format!("Name of the room {}", room.name)} {rename} />
                <button class="quiet" onclick={remove} aria-label={format!("Remove room {}", room.name)}>{ "Remove room" }</button>
            </div>
            <ul>
                { for room.devices.iter().map(|device| html! {
                    <EditDevice key={device.id.clone()} device={device.clone()} room={(room.id.clone(), room.name.clone())} rooms={rooms.clone()} />
                }) }
            </ul>
            <AddDevice room={room.id.clone()} name={room.name.clone()} />
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct EditDeviceProps {
    device: DeviceView,
    /// The id and the name of its room.
    room: (String, String),
    rooms: Vec<(String, String)>,
}

#[component]
fn EditDevice(props: &EditDeviceProps) -> Html {
    let page = use_page();
    let EditDeviceProps { device, room, rooms } = props;
    let rename = {
        let (page, id) = (page.clone(), device.id.clone());
        Callback::from(move |name| change(&page, Change::RenameDevice { device: id.clone(), name }, None))
    };
    let move_to = {
        let (page, id) = (page.clone(), device.id.clone());
        Callback::from(move |event: Event| {
            let room = event.target_unchecked_into::<HtmlSelectElement>().value();
            change(&page, Change::MoveDevice { device: id.clone(), room }, None);
        })
    };
    let remove = {
        let (id, told) = (device.id.clone(), format!("Removed {}.", device.name));
        Callback::from(move |_: MouseEvent| {
            change(&page, Change::RemoveDevice { device: id.clone() }, Some(told.clone()));
        })
    };
    // There may be a light in every room.
    let whole = format!("{}, {}", device.name, room.1);
    html! {
        <li class="edit-line">
            { glyph(device) }
            <div>
                <NameField id={format!("name-{}", device.id)} name={device.name.clone()} label={format!("Name of {whole}")} {rename} />
                if device.name != editing::kind_name(device.kind) {
                    <p class="hint">{ editing::kind_name(device.kind) }</p>
                }
                { for device.handed_to.as_ref().map(|client| html! { <p class="hint">{ "Handed over to " }<code>{ client }</code></p> }) }
            </div>
            <span class="edit-ends">
            <select onchange={move_to} aria-label={format!("Room of {whole}")}>
                { for rooms.iter().map(|(id, name)| html! {
                    <option value={id.clone()} selected={*id == room.0}>{ name }</option>
                }) }
            </select>
            <button class="quiet" onclick={remove} aria-label={format!("Remove {whole}")}>{ "Remove" }</button>
            </span>
        </li>
    }
}

/// A name that is changed where it stands: by Enter, or by leaving the field. Escape brings the old one back.
#[derive(Properties, PartialEq)]
pub(super) struct NameFieldProps {
    pub(super) id: AttrValue,
    pub(super) name: AttrValue,
    pub(super) label: AttrValue,
    pub(super) rename: Callback<String>,
}

#[component]
pub(super) fn NameField(props: &NameFieldProps) -> Html {
    let NameFieldProps { id, name, label, rename } = props;
    let onchange = {
        let (name, rename) = (name.clone(), rename.clone());
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            let wish = input.value().trim().to_owned();
            if wish.is_empty() {
                // A thing without a name cannot be spoken of.
                input.set_value(&name);
            } else if wish != *name {
                rename.emit(wish);
            }
        })
    };
    let onkeydown = {
        let name = name.clone();
        Callback::from(move |event: KeyboardEvent| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            if event.key() == "Escape" && input.value() != *name {
                // The sheet stays: only what was typed goes.
                event.prevent_default();
                event.stop_propagation();
                input.set_value(&name);
            }
        })
    };
    html! { <input {id} value={name} aria-label={label} maxlength="40" {onchange} {onkeydown} /> }
}
