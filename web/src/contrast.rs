//! Whether everything on the page can be read: the colours of `tokens.css`, each on each ground it may stand on.

use std::collections::BTreeMap;

const TOKENS: &str = include_str!("../style/tokens.css");

/// What text is written in, and what it is written on.
const TEXTS: [&str; 9] = ["ink", "ink-2", "accent", "message", "retained", "will", "ok", "danger", "focus"];
const GROUNDS: [&str; 8] = ["ground", "surface", "sunk", "t1", "t2", "t3", "t4", "t5"];
/// What has to be seen and not read: outlines of controls, wires, the ring of what has the focus.
const LINES: [&str; 2] = ["edge", "focus"];

/// The custom properties that hold a colour, light and dark.
fn schemes() -> [(&'static str, BTreeMap<String, [f64; 3]>); 2] {
    let (light, dark) =
        TOKENS.split_once("@media (prefers-color-scheme: dark)").expect("there are tokens for the dark");
    [("light", colours(light)), ("dark", colours(dark))]
}

fn colours(css: &str) -> BTreeMap<String, [f64; 3]> {
    let declarations = css.split(['{', '}', ';']).filter_map(|part| part.trim().split_once(": #"));
    declarations
        .filter_map(|(name, hex)| {
            let channel = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok().map(f64::from);
            Some((name.strip_prefix("--")?.into(), [channel(0)?, channel(2)?, channel(4)?]))
        })
        .collect()
}

/// The contrast ratio of two colours, from 1 to 21, as WCAG 2 defines it.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let linear = colour.map(|channel| match channel / 255.0 {
            dim if dim <= 0.04045 => dim / 12.92,
            bright => ((bright + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The pairs of `foreground` and `ground` whose contrast is under `least`, in words.
fn too_faint(foreground: &[&str], grounds: &[&str], least: f64) -> Vec<String> {
    let mut faint = Vec::new();
    for (scheme, colours) in schemes() {
        let colour = |name: &str| *colours.get(name).unwrap_or_else(|| panic!("{scheme} has a token {name}"));
        for over in foreground {
            for under in grounds {
                let ratio = contrast(colour(over), colour(under));
                if ratio < least {
                    faint.push(format!("{scheme}: {over} on {under} has {ratio:.2}"));
                }
            }
        }
    }
    faint
}

#[test]
fn every_text_can_be_read_on_every_ground_and_in_every_room() {
    assert_eq!(too_faint(&TEXTS, &GROUNDS, 4.5), [] as [&str; 0]);
    assert_eq!(too_faint(&["on-accent"], &["accent"], 4.5), [] as [&str; 0]);
    assert_eq!(too_faint(&["ink", "ink-2"], &["sky", "passing"], 4.5), [] as [&str; 0]);
}

#[test]
fn every_outline_and_the_ring_of_the_focus_can_be_seen_on_every_ground_and_in_every_room() {
    assert_eq!(too_faint(&LINES, &GROUNDS, 3.0), [] as [&str; 0]);
    assert_eq!(too_faint(&LINES, &["sky"], 3.0), [] as [&str; 0]);
}

#[test]
fn light_and_dark_have_the_same_tokens() {
    let [(_, light), (_, dark)] = schemes();
    assert_eq!(light.keys().collect::<Vec<_>>(), dark.keys().collect::<Vec<_>>());
}

#[test]
fn black_on_white_has_the_highest_contrast_there_is() {
    assert!((contrast([0.0; 3], [255.0; 3]) - 21.0).abs() < 1e-9);
    assert!((contrast([119.0; 3], [255.0; 3]) - 4.48).abs() < 0.01);
}
