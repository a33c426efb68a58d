use yew::prelude::*;

use crate::geometry::{self, px};
use crate::wire::{DeviceKind, DeviceView, Shown};

/// Strokes of a drawing: a class, and an SVG path.
type Strokes = &'static [(&'static str, &'static str)];

/// The drawing of a device in side view.
pub(crate) fn glyph(device: &DeviceView) -> Html {
    scaled_glyph(device, 1.0)
}

/// The same at another size.
pub(crate) fn scaled_glyph(device: &DeviceView, scale: f64) -> Html {
    let open = match device.shown {
        Shown::Cover { position, .. } => Some(position.unwrap_or(100)),
        _ => None,
    };
    html! { <span class={classes!("art", is_active(&device.shown).then_some("on"))}><Glyph kind={device.kind} {scale} {open} /></span> }
}

#[derive(Properties, PartialEq)]
struct GlyphProps {
    kind: DeviceKind,
    scale: f64,
    /// How far a blind is open, in hundredths.
    open: Option<u8>,
}

/// Everything a device can look like. What goes with one of its two states is hidden in the other by a class around
/// it, so that a device that changes is painted anew and nothing more.
#[component]
fn Glyph(props: &GlyphProps) -> Html {
    let (width, height) = geometry::footprint(props.kind);
    let ((on, more_on), (off, more_off)) = (art(props.kind, true), art(props.kind, false));
    html! {
        <svg class="glyph" viewBox={format!("0 0 {} {}", px(width), px(height))} width={px(width * props.scale).to_string()}
            height={px(height * props.scale).to_string()} aria-hidden="true">
            { either(on, off) }
            { either(more_on, more_off) }
            { for props.open.map(|open| html! { <path class="body" d={blind(open)} /> }) }
        </svg>
    }
}

fn either(on: Strokes, off: Strokes) -> Html {
    let draw = |strokes: Strokes| {
        strokes.iter().map(|(class, d)| html! { <path class={*class} d={*d} /> }).collect::<Html>()
    };
    match on == off {
        true => draw(on),
        false => html! { <><g class="if-on">{ draw(on) }</g><g class="if-off">{ draw(off) }</g></> },
    }
}

/// The slats of a blind that is open so far, in hundredths.
fn blind(open: u8) -> String {
    let end = 6 + 46 * (100 - u32::from(open.min(100))) / 100;
    let slats = (12..end).step_by(6).map(|y| format!("M5 {y}h54"));
    slats.fold(format!("M5 3h54V{end}H5zM56 {end}v6"), |all, slat| all + &slat)
}

/// What is always drawn, and what goes with the device's state.
fn art(kind: DeviceKind, active: bool) -> (Strokes, Strokes) {
    let either = |yes: Strokes, no: Strokes| if active { yes } else { no };
    match kind {
        DeviceKind::Sensor => (
            &[
                ("body", "M4 1h16a2 2 0 0 1 2 2v30a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V3a2 2 0 0 1 2-2z"),
                ("mercury", "M12 7v16"),
                ("fill-message", "M12 22a4 4 0 1 0 .1 0z"),
                ("", "M16 8h3M16 13h3M16 18h3"),
            ],
            &[],
        ),
        DeviceKind::Thermostat => (
            either(&[("body warm", "M20 2a18 18 0 1 0 .1 0z")], &[("body", "M20 2a18 18 0 1 0 .1 0z")]),
            &[
                ("scale", "M8 33a18 18 0 0 0 24 0"),
                ("thick", "M20 20V9"),
                ("", "M5 20h3M32 20h3M9 10l2 2M31 10l-2 2"),
            ],
        ),
        DeviceKind::Radiator => (
            either(
                &[("body warm", "M6 3h9v29H6zM18 3h9v29h-9zM30 3h9v29h-9zM42 3h9v29h-9zM54 3h9v29h-9z")],
                &[("body", "M6 3h9v29H6zM18 3h9v29h-9zM30 3h9v29h-9zM42 3h9v29h-9zM54 3h9v29h-9z")],
            ),
            &[("", "M3 8h64v-4M3 27h66M10 32v4M58 32v4")],
        ),
        DeviceKind::AirConditioner => (
            either(
                &[
                    ("body cold", "M3 2h66v18a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3z"),
                    ("", "M20 26v-3M36 26v-3M52 26v-3"),
                ],
                &[("body", "M3 2h66v18a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3z")],
            ),
            &[("", "M9 17h54M56 8h6")],
        ),
        DeviceKind::Light => (
            either(
                &[("body lit", "M18 26a6 6 0 0 0 12 0z"), ("body lit", "M17 10h14l8 16H9z")],
                &[("body", "M18 26a6 6 0 0 0 12 0z"), ("body", "M17 10h14l8 16H9z")],
            ),
            &[("", "M24 0v10M20 10V6h8v4")],
        ),
        DeviceKind::Window => (
            &[("body pane", "M5 3h54v52H5z"), ("body", "M1 55h62v6H1z")],
            either(
                &[
                    ("body", "M5 3l16 7v38L5 55z"),
                    ("body", "M59 3 43 10v38l16 7z"),
                    ("gust", "M25 22c5-4 9 4 14 0M25 32c5-4 9 4 14 0"),
                ],
                &[("", "M32 3v52M5 29h54M29 33v5M8 12l8-6")],
            ),
        ),
        DeviceKind::Door => (
            &[("body", "M2 92V2h42v90"), ("body pane", "M6 92V6h34v86z")],
            either(
                &[("body", "M6 6l15 8v76l-15 2z"), ("fill-ink", "M17 50a1.8 1.8 0 1 0 .1 0z")],
                &[
                    ("body", "M6 92V6h34v86z"),
                    ("", "M12 13h22v29H12zM12 54h22v30H12zM23 13v29"),
                    ("fill-ink", "M36 47a1.8 1.8 0 1 0 .1 0z"),
                ],
            ),
        ),
        DeviceKind::Motion => (
            &[("body", "M4 2h28v5a14 12 0 0 1-28 0z"), ("", "M11 8a7 6 0 0 0 14 0M14 2V0h8v2")],
            either(&[("wave", "M7 21a16 16 0 0 0 22 0M3 24a21 21 0 0 0 30 0")], &[]),
        ),
        DeviceKind::Plug => (
            either(
                &[("body lit", "M5 2h22a3 3 0 0 1 3 3v22a3 3 0 0 1-3 3H5a3 3 0 0 1-3-3V5a3 3 0 0 1 3-3z")],
                &[("body", "M5 2h22a3 3 0 0 1 3 3v22a3 3 0 0 1-3 3H5a3 3 0 0 1-3-3V5a3 3 0 0 1 3-3z")],
            ),
            &[
                ("", "M16 7a9 9 0 1 0 .1 0z"),
                ("fill-ink", "M12.5 14.4a1.6 1.6 0 1 0 .1 0zM19.5 14.4a1.6 1.6 0 1 0 .1 0z"),
            ],
        ),
        DeviceKind::SmokeAlarm => (
            either(&[("body alarm", "M4 0h36l-5 10H9z")], &[("body", "M4 0h36l-5 10H9z")]),
            either(
                &[("wave", "M10 17c4-3 8 3 12 0s8 3 12 0M14 23c3-3 6 3 8 0s5 3 8 0")],
                &[("", "M17 10v3h10v-3M14 5h4M26 5h4")],
            ),
        ),
        DeviceKind::Blind => {
            (&[("body pane", "M5 3h54v52H5z"), ("", "M32 3v52"), ("body", "M1 55h62v6H1z")], &[])
        }
        DeviceKind::LeakSensor => (
            either(&[("body alarm", "M4 18a14 12 0 0 1 28 0z")], &[("body", "M4 18a14 12 0 0 1 28 0z")]),
            either(&[("wave", "M0 22c5-4 9 3 14 0s9 3 14 0 6-1 8 0")], &[("", "M18 9v3M2 18h32")]),
        ),
        DeviceKind::Doorbell => (
            &[
                ("body", "M5 1h12a3 3 0 0 1 3 3v26a3 3 0 0 1-3 3H5a3 3 0 0 1-3-3V4a3 3 0 0 1 3-3z"),
                ("fill-message", "M11 19a4.5 4.5 0 1 0 .1 0z"),
                ("", "M7 6h8M7 10h8"),
            ],
            &[],
        ),
        DeviceKind::Chime => (
            &[
                ("body", "M4 26c4-4 3-8 3-13a10 10 0 0 1 20 0c0 5-1 9 3 13z"),
                ("", "M13 30a4 4 0 0 0 8 0M17 3V0"),
            ],
            &[],
        ),
        DeviceKind::Fan => (
            either(&[("body lit", "M20 2a18 18 0 1 0 .1 0z")], &[("body", "M20 2a18 18 0 1 0 .1 0z")]),
            &[
                (
                    "",
                    "M20 20c-9-2-9-11-2-13 6 3 5 9 2 13zM20 20c6-7 14-3 13 5-6 4-11-1-13-5zM20 20c3 9-5 14-11 10 0-7 6-10 11-10z",
                ),
                ("fill-ink", "M20 18a2 2 0 1 0 .1 0z"),
            ],
        ),
        DeviceKind::Hub => (&[("body", "M2 4h36v16H2z")], &[]),
    }
}

fn is_active(shown: &Shown) -> bool {
    match shown {
        Shown::Switch { on, .. } => *on == Some(true),
        Shown::Contact { active, .. } => *active == Some(true),
        Shown::Value(reading) => {
            !reading.stale
                && !reading.value.starts_with('-')
                && reading.value.contains(|c| matches!(c, '1'..='9'))
        }
        Shown::Climate { action, .. } => action.as_deref() == Some("heating"),
        Shown::Cover { .. } | Shown::Bell { .. } | Shown::Nothing => false,
    }
}

/// The mark of the project: two veined wings and a copper eye.
#[component]
pub(crate) fn Mark() -> Html {
    html! {
        <svg class="mark" viewBox="0 0 28 24" width="28" height="24" aria-hidden="true">
            <path d="M14 12C9 2 3 1 1 4s4 9 13 8zM14 12c5-10 11-11 13-8s-4 9-13 8z" />
            <path d="M14 12c-4 1-9 4-9 8 4 2 8-3 9-8zM14 12c4 1 9 4 9 8-4 2-8-3-9-8z" />
            <path d="M3 5c4 1 8 4 11 7M6 3c3 3 6 6 8 9M25 5c-4 1-8 4-11 7M22 3c-3 3-6 6-8 9" class="vein" />
            <circle cx="12.4" cy="8" r="1.7" class="eye" /><circle cx="15.6" cy="8" r="1.7" class="eye" />
        </svg>
    }
}
