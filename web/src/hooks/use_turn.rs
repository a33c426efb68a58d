use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

use crate::late::Late;
use crate::timer::after;

/// What a component shows while more changes at once than a frame has time for.
pub(crate) struct Turn {
    late: Rc<RefCell<Late>>,
    draw: UseForceUpdateHandle,
}

/// This component's turn.
#[hook]
pub(crate) fn use_turn() -> Turn {
    Turn { late: use_mut_ref(Late::default), draw: use_force_update() }
}

impl Turn {
    /// `value`, but a change of it comes `late` milliseconds after it was made: what all changes at once is then drawn part by part, so that no
    /// frame has too much to do. What changes meanwhile comes with it. Ask once in a component, with one type.
    pub(crate) fn late<T: Clone + PartialEq + 'static>(&self, value: &T, late: Option<u32>) -> T {
        let (shown, has_to_come) = self.late.borrow_mut().show(value, late.is_some());
        if let Some(late) = late.filter(|_| has_to_come) {
            self.wait(late);
        }
        shown
    }

    fn wait(&self, late: u32) {
        let (kept, draw) = (Rc::clone(&self.late), self.draw.clone());
        after(late, move || {
            if kept.borrow_mut().come() {
                draw.force_update();
            }
        });
    }
}
