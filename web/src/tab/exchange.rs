//! This tab's line to the exchange between the tabs of the origin: `switchboard.js`, a SharedWorker.

use web_sys::wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, MessagePort, SharedWorker};

const SCRIPT: &str = "./switchboard.js";

/// Whom the exchange introduces; two ports come with it, MQTT and control.
pub(crate) enum Introduction {
    /// A tab that wants this tab's broker.
    Guest,
    /// The tab that has the broker.
    Host,
}

/// An open line.
pub(crate) struct Exchange {
    port: MessagePort,
    _worker: SharedWorker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_hide: gloo::events::EventListener,
}

impl Exchange {
    /// Opens the line; `on_introduction` hears of every introduction from now on.
    ///
    /// # Errors
    /// When the browser has no shared workers.
    pub(crate) fn open(
        on_introduction: impl Fn(Introduction, Vec<MessagePort>) + 'static,
    ) -> Result<Self, JsValue> {
        let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
        if !js_sys::Reflect::has(&window, &"SharedWorker".into())? {
            return Err(JsValue::from_str("no shared workers"));
        }
        let worker = SharedWorker::new(SCRIPT)?;
        let port = worker.port();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let introduction = match event.data().as_string().as_deref() {
                Some("guest") => Introduction::Guest,
                Some("host") => Introduction::Host,
                _ => return,
            };
            on_introduction(
                introduction,
                event.ports().iter().filter_map(|port| port.dyn_into().ok()).collect(),
            );
        });
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let leaving = port.clone();
        let on_hide =
            gloo::events::EventListener::new(&window, "pagehide", move |_| say(&leaving, "leaving"));
        Ok(Self { port, _worker: worker, _on_message: on_message, _on_hide: on_hide })
    }

    /// Says that this tab runs the broker.
    pub(crate) fn serve(&self) {
        say(&self.port, "serving");
    }

    /// Says that this tab wants to join the broker of another.
    pub(crate) fn want(&self) {
        say(&self.port, "wanting");
    }
}

fn say(port: &MessagePort, word: &str) {
    // A word without ports can always be posted.
    let _ = port.post_message(&word.into());
}
