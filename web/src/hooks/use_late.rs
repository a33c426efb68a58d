use std::cell::RefCell;
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

/// `value`, but a change of it comes `late` milliseconds after it was made: what all changes at once is then drawn part by part, so that no
/// frame has too much to do. What changes meanwhile comes with it.
#[hook]
pub(crate) fn use_late<T: Clone + PartialEq + 'static>(value: &T, late: Option<u32>) -> T {
    let kept = use_memo((), |()| RefCell::new(Kept { shown: value.clone(), next: None }));
    let draw = use_force_update();
    let Some(late) = late else {
        *kept.borrow_mut() = Kept { shown: value.clone(), next: None };
        return value.clone();
    };
    let is_waiting = kept.borrow().next.is_some();
    if is_waiting || kept.borrow().shown != *value {
        kept.borrow_mut().next = Some(value.clone());
    }
    if !is_waiting && kept.borrow().next.is_some() {
        let kept = Rc::clone(&kept);
        Timeout::new(late, move || {
            let next = kept.borrow_mut().next.take();
            if let Some(next) = next {
                kept.borrow_mut().shown = next;
                draw.force_update();
            }
        })
        .forget();
    }
    kept.borrow().shown.clone()
}

struct Kept<T> {
    shown: T,
    /// What waits to be shown.
    next: Option<T>,
}
