//! When a worker runs its next turn: soon, as a task of its own, or at a deadline.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo::timers::callback::Timeout;
use web_sys::wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageChannel, MessageEvent};

/// The longest sleep that is asked of the browser, in milliseconds: its timers hold 31 bits.
const LONGEST_SLEEP_MS: u64 = 0x3fff_ffff;

/// The worker's answer to its own message.
type OnMessage = Closure<dyn FnMut(MessageEvent)>;

/// Runs one function, at most once for any number of requests made before it runs.
///
/// A soon-turn is a message that the worker posts to itself: messages that have already arrived are handled before it, so
/// their work is done together, and unlike `setTimeout(0)` it is never held back by four milliseconds.
pub(crate) struct Turn {
    run: Box<dyn Fn()>,
    channel: MessageChannel,
    on_message: RefCell<Option<OnMessage>>,
    posted: Cell<bool>,
    timer: RefCell<Option<(u64, Timeout)>>,
    this: Weak<Turn>,
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
            on_message: RefCell::new(None),
            posted: Cell::new(false),
            timer: RefCell::new(None),
            this: this.clone(),
        });
        let weak = Rc::downgrade(&turn);
        let closure = OnMessage::new(move |_| {
            if let Some(turn) = weak.upgrade() {
                turn.posted.set(false);
                (turn.run)();
            }
        });
        turn.channel.port1().set_onmessage(Some(closure.as_ref().unchecked_ref()));
        *turn.on_message.borrow_mut() = Some(closure);
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
        let Some(deadline) = deadline else {
            self.timer.borrow_mut().take();
            return;
        };
        if deadline <= now {
            self.soon();
            return;
        }
        if self.timer.borrow().as_ref().is_some_and(|(set, _)| *set == deadline) {
            return;
        }
        let wait = (deadline - now).div_ceil(1_000).min(LONGEST_SLEEP_MS) as u32;
        let weak = self.this.clone();
        let timeout = Timeout::new(wait, move || {
            if let Some(turn) = weak.upgrade() {
                if let Some((_, fired)) = turn.timer.borrow_mut().take() {
                    fired.forget();
                }
                (turn.run)();
            }
        });
        *self.timer.borrow_mut() = Some((deadline, timeout));
    }
}

impl Drop for Turn {
    /// A message may still be on its way to a turn that is gone.
    fn drop(&mut self) {
        self.channel.port1().set_onmessage(None);
        self.channel.port1().close();
    }
}
