use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

/// What a component shows while more changes at once than a frame has time for.
pub(crate) struct Turn {
    kept: Rc<RefCell<Kept>>,
    draw: UseForceUpdateHandle,
}

/// One for all that is shown late: the code of it is the same whatever its type.
#[derive(Default)]
struct Kept {
    shown: Option<Box<dyn Any>>,
    /// What waits to be shown.
    next: Option<Box<dyn Any>>,
}

/// This component's turn.
#[hook]
pub(crate) fn use_turn() -> Turn {
    Turn { kept: use_mut_ref(Kept::default), draw: use_force_update() }
}

impl Turn {
    /// `value`, but a change of it comes `late` milliseconds after it was made: what all changes at once is then drawn part by part, so that no
    /// frame has too much to do. What changes meanwhile comes with it. Ask once in a component, with one type.
    pub(crate) fn late<T: Clone + PartialEq + 'static>(&self, value: &T, late: Option<u32>) -> T {
        let mut kept = self.kept.borrow_mut();
        let shown = kept.shown.as_ref().and_then(|shown| shown.downcast_ref::<T>());
        let (Some(late), Some(shown)) = (late, shown) else {
            *kept = Kept { shown: Some(Box::new(value.clone())), next: None };
            return value.clone();
        };
        let (is_same, shown) = (shown == value, shown.clone());
        let is_waiting = kept.next.is_some();
        if is_waiting || !is_same {
            kept.next = Some(Box::new(value.clone()));
        }
        if !is_waiting && !is_same {
            self.wait(late);
        }
        shown
    }

    fn wait(&self, late: u32) {
        let (kept, draw) = (Rc::clone(&self.kept), self.draw.clone());
        Timeout::new(late, move || {
            let next = kept.borrow_mut().next.take();
            if next.is_some() {
                kept.borrow_mut().shown = next;
                draw.force_update();
            }
        })
        .forget();
    }
}
