use std::collections::VecDeque;
use std::rc::Rc;

use yew::prelude::*;

use crate::replay::Replay;
use crate::timer::after;
use crate::wire::{Bead, HouseView};

/// A bead and when it sets off, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Launch {
    pub(crate) bead: Bead,
    pub(crate) at: f64,
}

/// How messages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Motion {
    /// They travel.
    Full,
    /// Their wires show that they are used.
    Reduced,
    /// Not at all.
    Paused,
}

/// The most launches kept.
const LAUNCHES: usize = 12;

/// What the drawing shows now, and which beads are under way: a view of the house is seen when the last of its messages
/// sets off, so that a lamp lights when the command has landed.
#[hook]
pub(crate) fn use_replay(
    house: Option<Rc<HouseView>>,
    beads: &VecDeque<Bead>,
    motion: Motion,
) -> (Option<Rc<HouseView>>, VecDeque<Launch>) {
    let replay = use_mut_ref(Queue::default);
    let draw = use_force_update();
    let mut queue = replay.borrow_mut();
    let now = js_sys::Date::now();
    if let Some(house) = house
        && !queue.latest.as_ref().is_some_and(|latest| Rc::ptr_eq(latest, &house))
    {
        let due = queue.take(now, &house, beads, motion);
        if due > now {
            after((due - now).ceil() as u32, move || draw.force_update());
        }
    }
    (queue.shown(now), queue.launches.clone())
}

#[derive(Default)]
struct Queue {
    replay: Replay,
    latest: Option<Rc<HouseView>>,
    waiting: VecDeque<(f64, Rc<HouseView>)>,
    shown: Option<Rc<HouseView>>,
    launches: VecDeque<Launch>,
    seen: u64,
}

impl Queue {
    /// A new view, with the beads that came with it. Says when it is due.
    fn take(&mut self, now: f64, house: &Rc<HouseView>, beads: &VecDeque<Bead>, motion: Motion) -> f64 {
        self.latest = Some(Rc::clone(house));
        let new: Vec<Bead> = beads.iter().filter(|bead| bead.number > self.seen).cloned().collect();
        self.seen = new.last().map_or(self.seen, |bead| bead.number);
        let hidden = web_sys::window().and_then(|window| window.document()).is_some_and(|page| page.hidden());
        if motion == Motion::Paused || hidden {
            self.waiting.clear();
            self.shown = Some(Rc::clone(house));
            return now;
        }
        let starts = match motion {
            Motion::Full => self.replay.schedule(now, &new),
            _ => vec![now; new.len()],
        };
        let last = self.waiting.back().map_or(now, |(due, _)| *due);
        let due = starts.last().copied().unwrap_or(now).max(last);
        self.launches.extend(new.into_iter().zip(starts).map(|(bead, at)| Launch { bead, at }));
        let over = self.launches.len().saturating_sub(LAUNCHES);
        self.launches.drain(..over);
        self.waiting.push_back((due, Rc::clone(house)));
        due
    }

    /// The newest view that is due.
    fn shown(&mut self, now: f64) -> Option<Rc<HouseView>> {
        while self.waiting.front().is_some_and(|(due, _)| *due <= now) {
            self.shown = self.waiting.pop_front().map(|(_, house)| house);
        }
        // The first view there is waits for nothing.
        self.shown.clone().or_else(|| self.latest.clone())
    }
}
