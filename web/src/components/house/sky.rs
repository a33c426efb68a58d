use yew::prelude::*;

use super::Fixed;
use crate::geometry::{Phase, luminary, minute, px, way};

/// The part of the day at this time of the house's clock.
pub(crate) fn phase(clock: Option<&str>) -> Phase {
    clock.and_then(minute).map_or_else(Phase::default, Phase::at)
}

#[derive(Properties, PartialEq)]
pub(super) struct SkyProps {
    pub(super) clock: Option<String>,
    pub(super) drawing: Fixed,
}

/// Sun or moon by the house's own clock, with clouds or stars.
#[component]
pub(super) fn Sky(props: &SkyProps) -> Html {
    let plan = &props.drawing.0.house;
    let (width, height) = (plan.stage.width, plan.stage.height);
    let phase = phase(props.clock.as_deref());
    let at = props.clock.as_deref().and_then(minute).map(|minute| luminary(plan, minute));
    html! {
        <svg class="sky" width={px(width).to_string()} height={px(height).to_string()} aria-hidden="true">
            if phase == Phase::Night {
                <path class="star" d={stars(width, plan.ridge.1 + 90.0)} />
            } else {
                <path class="cloud" d={cloud(width * 0.07, height * 0.1, 1.0)} />
                <path class="cloud" d={cloud(width * 0.72, height * 0.045, 0.8)} />
            }
            { for at.map(|(x, y)| luminous(phase, x, y)) }
        </svg>
    }
}

/// Sun or moon on its way across a strip of sky, in hundredths of its width.
pub(crate) fn strip(clock: Option<&str>) -> Html {
    let Some(minute) = clock.and_then(minute) else { return Html::default() };
    html! {
        <svg class="sky" viewBox="-20 -20 40 40" width="34" height="34" style={format!("left:{}%", px(4.0 + way(minute) * 82.0))}
            aria-hidden="true">{ luminous(Phase::at(minute), 0.0, 0.0) }</svg>
    }
}

fn luminous(phase: Phase, x: f64, y: f64) -> Html {
    let transform = format!("translate({} {})", px(x), px(y));
    match phase {
        Phase::Night => {
            html! { <path class="moon" {transform} d="M6-15a16 16 0 1 0 9 21a13 13 0 0 1-9-21z" /> }
        }
        _ => html! { <circle class="sun" {transform} r="18" /> },
    }
}

fn cloud(x: f64, y: f64, scale: f64) -> String {
    let (x, y, s) = (px(x), px(y), |n: f64| px(n * scale));
    format!(
        "M{x} {y}a{0} {0} 0 0 1 {1}-{0}a{2} {2} 0 0 1 {3} 0a{0} {0} 0 0 1 {1} {0}z",
        s(12.0),
        s(16.0),
        s(18.0),
        s(34.0)
    )
}

/// Small crosses that look strewn, the same ones on every night.
fn stars(width: f64, height: f64) -> String {
    (0..26u32)
        .map(|n| {
            let (x, y) =
                (f64::from(n * 379 % 997) / 997.0 * width, f64::from(n * 613 % 499) / 499.0 * height + 8.0);
            let r = if n % 5 == 0 { 2.5 } else { 1.25 };
            let long = px(r * 2.0);
            format!("M{} {}h{long}M{} {}v{long}", px(x - r), px(y), px(x), px(y - r))
        })
        .collect()
}
