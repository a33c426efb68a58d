//! Messages on their way through the house: a fixed pool of nodes that Yew knows nothing of. The browser's compositor
//! moves them along the wires, so that a bead under way costs the thread that draws nothing.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

use crate::geometry::px;
use crate::hooks::Launch;
use crate::late::turns;
use crate::replay::{LEG, STAY};
use crate::sorted::ByName;
use crate::timer::after;
use crate::wire::Bead;

/// The most beads at a time.
const POOL: usize = 12;
/// How large one is in the style sheet, in pixels.
const BEAD: (f64, f64) = (16.0, 11.0);
/// How long a wire is thick where nothing is to move, in milliseconds.
const STILL: u32 = 1_200;

/// Where the wires of a drawing lie. Equal is what is the same drawing.
pub(crate) trait Ways {
    /// The corners of the way from a client to the broker, in the drawing's own pixels.
    fn of(&self, client: &str) -> Option<Vec<(f64, f64)>>;
}

#[derive(Properties)]
pub(crate) struct BeadsProps {
    pub(crate) launches: VecDeque<Launch>,
    pub(crate) ways: Rc<dyn Ways>,
    /// Whether motion is unwelcome: then wires only show that they are used.
    pub(crate) reduced: bool,
}

impl PartialEq for BeadsProps {
    fn eq(&self, other: &Self) -> bool {
        self.launches.back() == other.launches.back()
            && self.reduced == other.reduced
            && Rc::ptr_eq(&self.ways, &other.ways)
    }
}

#[component]
pub(crate) fn Beads(props: &BeadsProps) -> Html {
    let stage = use_node_ref();
    let player = use_mut_ref(|| None::<Rc<Player>>);
    let seen = use_mut_ref(|| 0u64);
    {
        let (stage, ways, launches) = (stage.clone(), Rc::clone(&props.ways), props.launches.clone());
        let reduced = props.reduced;
        use_effect_with(launches.back().map(|launch| launch.bead.number), move |_| {
            let mut player = player.borrow_mut();
            if player.is_none() {
                *player = stage.cast::<Element>().and_then(Player::new).map(Rc::new);
            }
            let Some(player) = player.as_ref() else { return };
            let before = seen.replace(launches.back().map_or(0, |launch| launch.bead.number));
            for launch in launches.into_iter().filter(|launch| launch.bead.number > before) {
                let wait = ((launch.at - js_sys::Date::now()).max(0.0) as u32).max(turns::BEAD);
                let (player, ways) = (Rc::clone(player), Rc::clone(&ways));
                after(wait, move || match reduced {
                    true => player.show(&launch.bead),
                    false => player.play(launch.bead, ways),
                });
            }
        });
    }
    html! { <div class="beads" ref={stage} aria-hidden="true"></div> }
}

/// Moves the beads of one drawing.
struct Player {
    /// The drawing around the beads.
    house: Element,
    pool: Vec<Element>,
    free: RefCell<Vec<usize>>,
    /// How many beads are on each wire.
    live: RefCell<ByName<u32>>,
}

impl Player {
    fn new(stage: Element) -> Option<Self> {
        let document = web_sys::window()?.document()?;
        let pool: Vec<Element> = (0..POOL)
            .filter_map(|_| {
                let bead = document.create_element("i").ok()?;
                stage.append_child(&bead).ok()?;
                Some(bead)
            })
            .collect();
        let free = RefCell::new((0..pool.len()).collect());
        Some(Self { house: stage.parent_element()?, pool, free, live: RefCell::default() })
    }

    /// Up to the broker, a moment there, and down to all receivers together.
    fn play(self: Rc<Self>, bead: Bead, ways: Rc<dyn Ways>) {
        let up = self.set_off(bead.from.iter().filter_map(|from| Some((from, ways.of(from)?))));
        let leg = if up.lit.is_empty() { 0.0 } else { LEG };
        after(leg as u32, move || {
            self.land(up);
            self.mark(".broker", "data-passing", true);
            after(STAY as u32, move || {
                self.mark(".broker", "data-passing", false);
                let down = self.set_off(bead.to.iter().filter_map(|to| {
                    let mut corners = ways.of(to)?;
                    corners.reverse();
                    Some((to, corners))
                }));
                after(LEG as u32, move || self.land(down));
            });
        });
    }

    /// The wires thicken, and nothing moves.
    fn show(self: Rc<Self>, bead: &Bead) {
        let lit: Vec<_> = bead.from.iter().chain(&bead.to).cloned().collect();
        lit.iter().for_each(|client| self.light(client));
        after(STILL, move || self.land(Travelling { lit, beads: Vec::new() }));
    }

    /// A bead along each wire, and where all are on their way, the wire alone. What was about to set off when movement was paused stays.
    fn set_off<'a>(&self, ways: impl Iterator<Item = (&'a String, Vec<(f64, f64)>)>) -> Travelling {
        let mut travelling = Travelling::default();
        if self.house.matches(".still") == Ok(true) {
            return travelling;
        }
        for (client, corners) in ways {
            self.light(client);
            travelling.lit.push(client.clone());
            let Some(index) = self.free.borrow_mut().pop() else { continue };
            let bead = &self.pool[index];
            if let Ok(frames) = js_sys::JSON::parse(&keyframes(&corners)) {
                let options =
                    js_sys::JSON::parse(&format!(r#"{{"duration":{},"easing":"ease-out"}}"#, LEG as u32));
                bead.unchecked_ref::<Moved>().animate(&frames, &options.unwrap_or_default());
            }
            // An element of this page takes a class; no style hangs on it.
            let _ = bead.set_attribute("class", "bead");
            travelling.beads.push(index);
        }
        travelling
    }

    /// What set off together has arrived.
    fn land(&self, travelling: Travelling) {
        for client in &travelling.lit {
            self.dim(client);
        }
        for index in travelling.beads {
            let _ = self.pool[index].remove_attribute("class");
            self.free.borrow_mut().push(index);
        }
    }

    fn light(&self, client: &str) {
        let mut live = self.live.borrow_mut();
        if live.is_empty() {
            self.mark(".trunk-line", "data-live", true);
        }
        let count = live.get_or_insert_with(client, || 0);
        *count += 1;
        if *count == 1 {
            self.mark(&wire(client), "data-live", true);
        }
    }

    fn dim(&self, client: &str) {
        let mut live = self.live.borrow_mut();
        let Some(count) = live.get_mut(client) else { return };
        *count -= 1;
        if *count == 0 {
            live.remove(client);
            self.mark(&wire(client), "data-live", false);
        }
        if live.is_empty() {
            self.mark(".trunk-line", "data-live", false);
        }
    }

    fn mark(&self, selector: &str, attribute: &str, on: bool) {
        let Ok(Some(element)) = self.house.query_selector(selector) else { return };
        // The names of the attributes are right.
        let _ = match on {
            true => element.set_attribute(attribute, ""),
            false => element.remove_attribute(attribute),
        };
    }
}

/// What set off together: which wires it lights, and which beads of the pool it takes.
#[derive(Default)]
struct Travelling {
    lit: Vec<String>,
    beads: Vec<usize>,
}

/// What selects the wire of a client.
fn wire(client: &str) -> String {
    format!("[data-wire=\"{}\"]", client.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A way at one speed, as the browser's animations want it. All corners are seen, and before and after there is nothing.
fn keyframes(corners: &[(f64, f64)]) -> String {
    let lengths =
        corners.windows(2).map(|pair| (pair[1].0 - pair[0].0).abs() + (pair[1].1 - pair[0].1).abs());
    let ends: Vec<f64> = std::iter::once(0.0)
        .chain(lengths.scan(0.0, |way, length| {
            *way += length;
            Some(*way)
        }))
        .collect();
    let whole = ends.last().copied().unwrap_or_default().max(1.0);
    let frames = corners.iter().zip(&ends).map(|((x, y), end)| {
        let (x, y, at) = (px(x - BEAD.0 / 2.0), px(y - BEAD.1 / 2.0), (end / whole * 10_000.0) as u32);
        format!(r#"{{"transform":"translate({x}px,{y}px)","offset":{at}e-4,"opacity":1}}"#)
    });
    format!("[{}]", frames.collect::<Vec<_>>().join(","))
}

#[wasm_bindgen]
extern "C" {
    /// An element, for what web-sys holds back as not yet stable.
    type Moved;

    #[wasm_bindgen(method)]
    fn animate(this: &Moved, keyframes: &JsValue, options: &JsValue) -> JsValue;
}
