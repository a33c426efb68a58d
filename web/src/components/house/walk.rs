//! The keyboard in the house: one tab stop, arrows to the nearest device, Enter for its card.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node};
use yew::prelude::*;

use crate::geometry::{Area, Direction, nearest};
use crate::hooks::go;
use crate::state::Route;

/// What can have the focus in the house.
const DEVICES: &str = "[data-device] .draw";

/// A key in the house around `event`'s target.
pub(crate) fn key(event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let (Some(house), Some(here)) = (event.current_target(), event.target()) else { return };
    let (Ok(house), Ok(here)) = (house.dyn_into::<Element>(), here.dyn_into::<Element>()) else { return };
    if !here.matches(DEVICES).unwrap_or_default() {
        return;
    }
    let devices = devices(&house);
    let to = match event.key().as_str() {
        "ArrowLeft" => ahead(&here, &devices, Direction::Left),
        "ArrowRight" => ahead(&here, &devices, Direction::Right),
        "ArrowUp" => ahead(&here, &devices, Direction::Up),
        "ArrowDown" => ahead(&here, &devices, Direction::Down),
        "Home" => devices.first(),
        "End" => devices.last(),
        "Enter" => {
            event.prevent_default();
            if let Some(id) = device_of(&here) {
                go(&Route::Home(Some(id)));
            }
            return;
        }
        "+" | "-" => return press_step(&here, event.key() == "+"),
        _ => return,
    };
    event.prevent_default();
    if let Some(to) = to {
        // What cannot take the focus leaves it where it is.
        let _ = to.focus();
    }
}

/// The focus came to something in the house: it is the tab stop from now on, and its wire shows.
pub(crate) fn focused(event: &FocusEvent) {
    let Some((house, target)) = parts(event.current_target(), event.target()) else { return };
    show(&house, device_of(&target));
    if target.matches(DEVICES).unwrap_or_default() {
        stop_at(&house, &target);
    }
}

/// The pointer is over something in the house: its wire shows.
pub(crate) fn pointed(event: &PointerEvent) {
    if let Some((house, target)) = parts(event.current_target(), event.target()) {
        show(&house, device_of(&target));
    }
}

/// Pointer or focus left the house.
pub(crate) fn left(house: Option<web_sys::EventTarget>) {
    if let Some(house) = house.and_then(|house| house.dyn_into::<Element>().ok()) {
        show(&house, None);
    }
}

/// Sees to it that there is a tab stop.
pub(crate) fn settle(house: &Element) {
    if house.query_selector("[data-device] .draw[tabindex='0']").ok().flatten().is_none()
        && let Some(first) = devices(house).first()
    {
        first.set_tab_index(0);
    }
}

fn parts(
    house: Option<web_sys::EventTarget>,
    target: Option<web_sys::EventTarget>,
) -> Option<(Element, Element)> {
    Some((house?.dyn_into().ok()?, target?.dyn_into().ok()?))
}

fn stop_at(house: &Element, device: &Element) {
    for other in devices(house) {
        let same = other.is_same_node(Some(device.unchecked_ref::<Node>()));
        other.set_tab_index(if same { 0 } else { -1 });
    }
}

fn devices(house: &Element) -> Vec<HtmlElement> {
    let Ok(list) = house.query_selector_all(DEVICES) else { return Vec::new() };
    (0..list.length()).filter_map(|index| list.item(index)?.dyn_into().ok()).collect()
}

fn ahead<'a>(here: &Element, devices: &'a [HtmlElement], direction: Direction) -> Option<&'a HtmlElement> {
    let areas: Vec<Area> = devices.iter().map(|device| area(device)).collect();
    devices.get(nearest(&area(here), &areas, direction)?)
}

fn area(element: &Element) -> Area {
    let rect = element.get_bounding_client_rect();
    Area { x: rect.x(), y: rect.y(), width: rect.width(), height: rect.height() }
}

fn device_of(element: &Element) -> Option<String> {
    element.closest("[data-device]").ok().flatten()?.get_attribute("data-device")
}

/// A thermostat's set-point goes up or down.
fn press_step(here: &Element, up: bool) {
    let selector = if up { ".setpoint button:last-child" } else { ".setpoint button" };
    let button = here.parent_element().and_then(|tile| tile.query_selector(selector).ok().flatten());
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        button.click();
    }
}

/// Shows the wire of this device and of no other.
fn show(house: &Element, device: Option<String>) {
    if let Ok(Some(shown)) = house.query_selector("[data-wire][data-shown]") {
        if shown.get_attribute("data-wire") == device {
            return;
        }
        // The name of the attribute is right.
        let _ = shown.remove_attribute("data-shown");
    }
    let Some(device) = device else { return };
    let selector = format!("[data-wire=\"{}\"]", device.replace('\\', "\\\\").replace('"', "\\\""));
    if let Ok(Some(wire)) = house.query_selector(&selector) {
        let _ = wire.set_attribute("data-shown", "");
    }
}
