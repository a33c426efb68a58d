//! When a worker runs its next turn: soon, as a task of its own, or at a deadline.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use web_sys::MessageChannel;
use web_sys::wasm_bindgen::{JsCast, JsValue, closure::Closure};

use crate::timer::{clear_timeout, set_timeout};

/// The longest sleep that is asked of the browser, in milliseconds: its timers hold 31 bits.
const LONGEST_SLEEP_MS: u64 = 0x3fff_ffff;

/// What the browser calls when the time has come.
type Called = Closure<dyn FnMut()>;

/// Runs one function, at most once for any number of requests made before it runs.
///
/// A soon-turn is a message that the worker posts to itself: messages that have already arrived are handled before it, so
/// their work is done together, and unlike `setTimeout(0)` it is never held back by four milliseconds.
pub(crate) struct Turn {
    run: Box<dyn Fn()>,
    channel: MessageChannel,
    posted: Cell<bool>,
    on_message: Called,
    /// The deadline that is waited for, and the timer's number.
    timer: Cell<Option<(u64, f64)>>,
    on_time: Called,
}

impl Turn {
    /// A turn that runs `run`; nothing runs until it is asked for.
    ///
    /// # Errors
    /// When the browser has no `MessageChannel`.
    pub(crate) fn new(run: impl Fn() + 'static) -> Result<Rc<Self>, JsValue> {
        let channel = MessageChannel::new()?;
        let turn = Rc::new_cyclic(|this: &Weak<Turn>| Self {
            run: Box::new(run),
            channel,
            posted: Cell::new(false),
            on_message: called(this, |turn| turn.posted.set(false)),
            timer: Cell::new(None),
            on_time: called(this, |turn| turn.timer.set(None)),
        });
        turn.channel.port1().set_onmessage(Some(turn.on_message.as_ref().unchecked_ref()));
        Ok(turn)
    }

    /// Runs the function as the next task but those already waiting.
    pub(crate) fn soon(&self) {
        if self.posted.replace(true) {
            return;
        }
        // A port that this worker holds both ends of cannot refuse a message.
        let _ = self.channel.port2().post_message(&JsValue::NULL);
    }

    /// Runs the function at `deadline`, in microseconds of the clock that says `now`; `None` cancels what was set before.
    pub(crate) fn at(&self, now: u64, deadline: Option<u64>) {
        let Some(deadline) = deadline else { return self.cancel() };
        if deadline <= now {
            self.soon();
            return;
        }
        if self.timer.get().is_some_and(|(set, _)| set == deadline) {
            return;
        }
        self.cancel();
        let wait = (deadline - now).div_ceil(1_000).min(LONGEST_SLEEP_MS) as u32;
        self.timer.set(Some((deadline, set_timeout(self.on_time.as_ref(), wait))));
    }

    fn cancel(&self) {
        if let Some((_, number)) = self.timer.take() {
            clear_timeout(number);
        }
    }
}

impl Drop for Turn {
    /// A message may still be on its way to a turn that is gone.
    fn drop(&mut self) {
        self.cancel();
        self.channel.port1().set_onmessage(None);
        self.channel.port1().close();
    }
}

/// What notes that the time has come and runs the turn, as long as there is one.
fn called(turn: &Weak<Turn>, note: fn(&Turn)) -> Called {
    let turn = turn.clone();
    Called::new(move || {
        if let Some(turn) = turn.upgrade() {
            note(&turn);
            (turn.run)();
        }
    })
}
