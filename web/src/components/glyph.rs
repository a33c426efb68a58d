use yew::prelude::*;

use crate::geometry;
use crate::wire::{DeviceKind, DeviceView, Shown};

/// The drawing of a device in side view, on a grid of 48.
pub(crate) fn glyph(device: &DeviceView) -> Html {
    let active = is_active(&device.shown);
    let drawing = match device.kind {
        DeviceKind::Sensor => html! {
            <>
                <rect class="body" x="14" y="8" width="20" height="32" rx="2" />
                <path d="M24 14v13" class="mercury" />
                <circle cx="24" cy="31" r="4" class="fill-message" />
            </>
        },
        DeviceKind::Thermostat => html! {
            <>
                <circle class="body" cx="24" cy="24" r="17" />
                <path d="M24 24V12" class="thick" />
                <path d="M11 34.5A17 17 0 0 0 37 34.5" class="scale" />
            </>
        },
        DeviceKind::Radiator => html! {
            <>
                <path class={classes!("body", active.then_some("warm"))}
                    d="M8 14h6v26H8zM17 14h6v26h-6zM26 14h6v26h-6zM35 14h6v26h-6z" />
                <path d="M5 18h38M5 36h38" />
            </>
        },
        DeviceKind::AirConditioner => html! {
            <>
                <rect class={classes!("body", active.then_some("cold"))} x="6" y="12" width="36" height="16" rx="2" />
                <path d="M10 23h28" />
                if active { <path d="M14 32c0 3-3 3-3 6M24 32c0 3-3 3-3 6M34 32c0 3-3 3-3 6" /> }
            </>
        },
        DeviceKind::Light => html! {
            <>
                if active { <path class="glow" d="M13 24 2 48h44L35 24z" /> }
                <path d="M24 0v10" />
                <path class={classes!("body", active.then_some("lit"))} d="M18 10h12l6 14H12z" />
                <path class={classes!("body", active.then_some("lit"))} d="M19 24a5 5 0 0 0 10 0" />
            </>
        },
        DeviceKind::Window => html! {
            <>
                <rect class="body pane" x="8" y="4" width="32" height="40" />
                if active {
                    <path class="body sash" d="M8 4l12 5v38L8 44z" />
                    <path class="body sash" d="M40 4 28 9v38l12-3z" />
                } else {
                    <path d="M24 4v40M8 24h32" />
                }
            </>
        },
        DeviceKind::Door => html! {
            <>
                <rect class="body" x="12" y="2" width="24" height="44" />
                if active {
                    <path class="body sash" d="M12 2l15 5v39l-15 0z" />
                } else {
                    <circle cx="32" cy="25" r="1.6" class="fill-ink" />
                }
            </>
        },
        DeviceKind::Motion => html! {
            <>
                <path class="body" d="M12 18a12 12 0 0 0 24 0z" />
                <path d="M10 18h28" />
                if active { <path class="wave" d="M10 34a20 20 0 0 0 28 0M6 40a26 26 0 0 0 36 0" /> }
            </>
        },
        DeviceKind::Plug => html! {
            <>
                <rect class={classes!("body", active.then_some("lit"))} x="9" y="12" width="30" height="28" rx="4" />
                <circle cx="24" cy="26" r="9" />
                <circle cx="20.5" cy="26" r="1.6" class="fill-ink" />
                <circle cx="27.5" cy="26" r="1.6" class="fill-ink" />
            </>
        },
        DeviceKind::SmokeAlarm => html! {
            <>
                <path class={classes!("body", active.then_some("alarm"))} d="M8 0h32l-4 10H12z" />
                if active { <path class="wave" d="M18 20c4-3 8 3 12 0M16 30c5-4 11 4 16 0" /> }
            </>
        },
        DeviceKind::LeakSensor => html! {
            <>
                <path class={classes!("body", active.then_some("alarm"))} d="M10 40a14 8 0 0 1 28 0z" />
                if active { <path class="wave" d="M6 46c6-4 12 4 18 0s12 4 18 0" /> }
            </>
        },
        DeviceKind::Doorbell => html! {
            <>
                <rect class="body" x="15" y="8" width="18" height="32" rx="4" />
                <circle cx="24" cy="28" r="5" class="fill-message" />
            </>
        },
        DeviceKind::Chime => html! {
            <>
                <path class="body" d="M12 32c3-3 3-7 3-11a9 9 0 0 1 18 0c0 4 0 8 3 11z" />
                <path d="M21 36a3 3 0 0 0 6 0M24 8v4" />
            </>
        },
        DeviceKind::Fan => html! {
            <>
                <circle class={classes!("body", active.then_some("lit"))} cx="24" cy="24" r="16" />
                <path d="M24 24c-8-2-8-10-2-12 5 3 4 8 2 12zM24 24c6-6 13-2 12 4-5 3-9 0-12-4zM24 24c2 8-5 12-10 8 0-6 5-8 10-8z" />
            </>
        },
        DeviceKind::Blind => {
            let open = match device.shown {
                Shown::Cover { position: Some(open), .. } => f64::from(open.min(100)) / 100.0,
                _ => 1.0,
            };
            let end = 10.0 + 34.0 * (1.0 - open);
            let slats: Vec<_> = (1..9_u8).map(|n| 4.0 + 5.0 * f64::from(n)).filter(|y| *y < end).collect();
            html! {
                <>
                    <rect class="body pane" x="8" y="4" width="32" height="40" />
                    <rect class="body" x="8" y="4" width="32" height={format!("{:.0}", end - 4.0)} />
                    { for slats.into_iter().map(|y| html! { <path d={format!("M8 {y}h32")} /> }) }
                </>
            }
        }
        DeviceKind::Hub => html! { <rect class="body" x="8" y="14" width="32" height="20" rx="2" /> },
    };
    let (top, height) = geometry::crop(device.kind);
    html! {
        <svg class="glyph" viewBox={format!("0 {top} 48 {height}")} width="48" height={height.to_string()}
            aria-hidden="true">{ drawing }</svg>
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
        Shown::Climate { .. } | Shown::Cover { .. } | Shown::Bell { .. } | Shown::Nothing => false,
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
